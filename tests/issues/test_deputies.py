"""Who approves: an ordered list of deputies, never the applicant, never silence for an answer."""

from datetime import timedelta

import pytest

from accounts.models import User
from issues.escalation.audit import audit
from issues.escalation.sweep import sweep
from issues.models import Issue, Request, Step
from issues.presenter.timeline import timeline
from issues.rules import allowed
from issues.services.errors import Refused
from issues.services.ladders import disable_rung
from matters.models import Category
from notices.models import Notice
from partyorgs.models import Leave, Post
from partyorgs.services import DutyDraft, set_duty
from tests import world as w
from tests.issues.test_requests import HEAP, HOUR, MINUTE, local, running, told, whole

# A Friday afternoon: two working hours are left of the week.
FRIDAY = local(3, 13, 16)
NEW_YEAR = local(12, 31, 0)


@pytest.fixture
def chain(world):
    """A street with a leader of the matter's field, a head, and a leader on duty."""
    field = Category.objects.get(code=w.RUBBISH).parent.name_zh
    for name, duty_field in (("of-field", f"{field}、绿化"), ("of-traffic", "道路交通")):
        new_leader(world, name, duty_field=duty_field)
    leads_on_duty(world, "of-traffic")
    return world


def new_leader(world, name, *, duty_field=""):
    user = world.users[name] = User.objects.create_user(name, name=name)
    Post.objects.create(
        user=user, role="street_leader", area=world.areas[w.STREET_1], duty_field=duty_field,
        valid_from=w.START,
    )  # fmt: skip
    return user


def leads_on_duty(world, name):
    """The leader on duty of the street for two weeks, a shift a week."""
    for since in (local(3, 9, 0), local(3, 16, 0)):
        draft = DutyDraft(
            world.orgs["desk-1"], world.user(name), since, since + timedelta(days=7),
            position=1, leader=True,
        )  # fmt: skip
        set_duty(draft=draft, by=None, now=since)


def away(world, name, *, stand_in, until=NEW_YEAR):
    Leave.objects.create(
        user=world.user(name), stand_in=world.user(stand_in), entered_by=world.user("admin"),
        valid_from=w.START, valid_until=until,
    )  # fmt: skip


def ask(world, issue, *, by="unit", at=w.NOW):
    world.do(by, "ask_extension", issue, at=at, hours=1, reason="weather")
    return Request.objects.get(issue=issue, state="waiting")


def names(request):
    users = User.objects.filter(pk__in=request.asked_users)
    return sorted(users.values_list("username", flat=True))


def may_grant(world, name, issue, *, at):
    scope = world.scope(name, now=at)
    if not Issue.objects.visible_to(scope).filter(pk=issue.pk).exists():
        return False
    return "extend" in {str(rule.verb) for rule in allowed(scope, Issue.objects.get(pk=issue.pk))}


def silence(issue):
    """What the silence of each deputy leads to, sweep by sweep: when, who has been asked."""
    while True:
        at = running(issue, "approve").due_at
        sweep(now=at)
        yield at, Request.objects.get(issue=issue, state="waiting")


class TestTheOrder:
    def test_silence_goes_from_one_to_the_next_over_a_weekend(self, chain):
        issue = chain.report(condition=HEAP, at=FRIDAY)
        first = ask(chain, issue, at=FRIDAY)
        assert (first.deputy, names(first)) == ("field_leader", ["of-field"])
        assert told(issue, "ask_extension") == ["of-field"]
        sweep(now=local(3, 15, 12))  # a Sunday: nobody's hours
        assert Request.objects.get().deputy == "field_leader"
        asked = silence(issue)
        expected = [
            (local(3, 16, 10), "head", ["leader"]),
            (local(3, 16, 16), "leader_on_duty", ["of-traffic"]),
            (local(3, 17, 10), "district_desk", ["district"]),
        ]
        everybody = ["of-field"]
        for at, deputy, new in expected:
            came, request = next(asked)
            everybody = sorted([*everybody, *new])
            assert (came, request.deputy, names(request)) == (at, deputy, everybody)
            event = whole(issue).events.filter(verb="next_deputy").last()
            assert event.facts == {"by_rule": True, "deputy": deputy, "asked": "extension"}
            assert event.actor is None
            assert not event.public
        assert told(issue, "next_deputy") == ["district", "leader", "of-traffic"]
        # Whoever was asked before can still decide.
        for name in everybody:
            assert may_grant(chain, name, issue, at=local(3, 17, 11))
        chain.do("of-field", "extend", issue, at=local(3, 17, 11))
        assert whole(issue).extensions == 1

    def test_the_last_keeps_it_and_is_reminded_once_a_working_day(self, chain):
        issue = chain.report(condition=HEAP)
        ask(chain, issue)
        asked = silence(issue)
        for _times in range(3):
            at, request = next(asked)
        assert (request.deputy, at) == ("district_desk", local(3, 11, 15))
        # Half a day after the district was asked, then a working day apart.
        again = [next(asked)[0] for _times in range(3)]
        assert again == [local(3, 12, 9), local(3, 13, 9), local(3, 16, 9)]
        assert names(next(asked)[1]) == ["district", "leader", "of-field", "of-traffic"]
        reminded = issue.events.filter(verb="next_deputy", facts__again=True)
        assert reminded.count() == 4
        assert whole(issue).asked == "extension"
        chain.do("district", "refuse", issue, at=local(3, 18, 9), reason="期限已过。")
        whole(issue)

    def test_nobody_is_asked_twice_in_a_row(self, world):
        """One leader, who leads and is on duty: from the head straight to the district."""
        leads_on_duty(world, "leader")
        issue = world.report(condition=HEAP)
        assert ask(world, issue).deputy == "head"
        _at, request = next(silence(issue))
        assert (request.deputy, names(request)) == ("district_desk", ["district", "leader"])

    def test_a_leader_who_comes_later_is_asked_when_it_is_the_posts_turn(self, world):
        issue = world.report(condition=HEAP)
        Post.objects.filter(user=world.user("leader")).update(valid_until=w.NOW)
        assert ask(world, issue).deputy == "district_desk"
        Post.objects.filter(user=world.user("district")).update(valid_until=w.NOW + MINUTE)
        new_leader(world, "new")
        _at, request = next(silence(issue))
        assert "new" in names(request)

    def test_with_nobody_anywhere_it_waits_and_somebody_who_comes_is_asked(self, world):
        for name in ("leader", "district"):
            Post.objects.filter(user=world.user(name)).update(valid_until=w.NOW)
        issue = world.report(condition=HEAP)
        request = ask(world, issue)
        assert (request.deputy, request.asked_users) == ("district_desk", [])
        said = timeline(Issue.objects.get(pk=issue.pk), scope=world.scope("unit"))[-1]
        assert said["reasons"][-1] == "现在没有别的人可以审批，每个工作日再找一次。"
        asked = silence(issue)
        assert next(asked)[1].asked_users == []
        said = timeline(Issue.objects.get(pk=issue.pk), scope=world.scope("unit"))
        again = next(entry for entry in said if entry["verb"] == "next_deputy")
        assert again["reasons"] == ["还是没有别的人可以审批，每个工作日再找一次。"]
        new_leader(world, "new")
        at, request = next(asked)
        assert names(request) == ["new"]
        world.do("new", "extend", issue, at=at)
        assert whole(issue).extensions == 1

    def test_outside_every_street_the_district_decides(self, world):
        issue = world.report(condition=HEAP)
        Issue.objects.filter(pk=issue.pk).update(street=None, community=None, cell=None)
        request = ask(world, issue)
        assert (request.deputy, names(request)) == ("district_desk", ["district"])


class TestNeverTheApplicant:
    def test_one_leader_street_whose_leader_asks_goes_to_the_district(self, world):
        Post.objects.create(
            user=world.user("leader"), role="unit_desk", organization=world.orgs["clean"],
            valid_from=w.START,
        )  # fmt: skip
        leads_on_duty(world, "leader")
        issue = world.report(condition=HEAP)
        request = ask(world, issue, by="leader")
        assert (request.deputy, names(request)) == ("district_desk", ["district"])
        assert not may_grant(world, "leader", issue, at=w.NOW)
        _at, request = next(silence(issue))
        assert names(request) == ["district"]

    def test_whoever_stands_in_for_a_leader_does_not_decide_on_the_own_request(self, chain):
        away(chain, "of-field", stand_in="unit")
        issue = chain.report(condition=HEAP)
        request = ask(chain, issue)
        assert (request.deputy, names(request)) == ("head", ["leader"])
        assert not may_grant(chain, "unit", issue, at=w.NOW)

    def test_whoever_stands_in_for_the_applicant_does_not_decide(self, chain):
        away(chain, "unit", stand_in="of-field")
        issue = chain.report(condition=HEAP)
        request = ask(chain, issue)
        assert names(request) == ["leader"]
        assert not may_grant(chain, "of-field", issue, at=w.NOW)

    def test_asked_in_an_absent_persons_post_that_person_does_not_decide_later(self, chain):
        """The leader of the field also has the unit's desk; somebody stands in and asks."""
        Post.objects.create(
            user=chain.user("of-field"), role="unit_desk", organization=chain.orgs["clean"],
            valid_from=w.START,
        )  # fmt: skip
        away(chain, "of-field", stand_in="colleague", until=w.NOW + HOUR)
        issue = chain.report(condition=HEAP)
        request = ask(chain, issue, by="colleague")
        assert names(request) == ["leader"]
        asked = silence(issue)
        for _times in range(3):
            _at, request = next(asked)
            assert "of-field" not in names(request)

    def test_nor_when_that_person_stands_in_for_whoever_was_asked(self, chain):
        """A stand-in asked for the secretary, who later sits for the leader."""
        Post.objects.create(
            user=chain.user("branch"), role="unit_desk", organization=chain.orgs["clean"],
            valid_from=w.START,
        )  # fmt: skip
        away(chain, "branch", stand_in="colleague", until=w.NOW + HOUR)
        issue = chain.report(condition=HEAP)
        assert names(ask(chain, issue, by="colleague")) == ["of-field"]
        away(chain, "of-field", stand_in="branch")
        later = w.NOW + 2 * HOUR
        assert not may_grant(chain, "branch", issue, at=later)
        with pytest.raises(Refused) as refused:
            chain.do("branch", "extend", issue, at=later)
        assert "同一个人" in str(refused.value.sentence())

    def test_whoever_was_asked_and_leads_here_no_more_decides_no_more(self, chain):
        issue = chain.report(condition=HEAP)
        assert names(ask(chain, issue)) == ["of-field"]
        assert may_grant(chain, "of-field", issue, at=w.NOW)
        Post.objects.filter(user=chain.user("of-field")).update(valid_until=w.NOW + MINUTE)
        Post.objects.create(
            user=chain.user("of-field"), role="grid_worker", cell=chain.cells[w.A1],
            valid_from=w.NOW,
        )  # fmt: skip
        assert not may_grant(chain, "of-field", issue, at=w.NOW + HOUR)

    def test_a_stand_in_of_a_deputy_is_told_and_decides(self, chain):
        away(chain, "of-field", stand_in="branch")
        issue = chain.report(condition=HEAP)
        ask(chain, issue)
        assert told(issue, "ask_extension") == ["branch", "of-field"]
        stored = chain.do("branch", "extend", issue)
        event = stored.events.get(verb="extend")
        assert (event.actor, event.post.user) == (chain.user("branch"), chain.user("of-field"))
        assert stored.requests.get().decided_by == chain.user("branch")

    def test_the_stand_in_of_the_leader_on_duty_is_asked(self, chain):
        away(chain, "of-traffic", stand_in="street")
        issue = chain.report(condition=HEAP)
        ask(chain, issue)
        asked = silence(issue)
        next(asked)
        at, request = next(asked)
        assert request.deputy == "leader_on_duty"
        assert "street" in names(request)
        assert may_grant(chain, "street", issue, at=at)


class TestTheSweep:
    def test_a_deputys_silence_is_recorded_once(self, chain):
        issue = chain.report(condition=HEAP)
        ask(chain, issue)
        clock = running(issue, "approve")
        assert sweep(now=clock.due_at - MINUTE).steps == 0
        assert sweep(now=clock.due_at).steps == 1
        assert sweep(now=clock.due_at).steps == 0
        clock.refresh_from_db()
        assert (clock.stopped_at, clock.next_at, clock.level) == (clock.due_at, None, 1)
        step = Step.objects.get(clock=clock)
        event = issue.events.get(verb="next_deputy")
        assert (step.level, step.seq, step.due_at, step.at) == (
            1, event.seq, clock.due_at, clock.due_at,
        )  # fmt: skip
        notices = Notice.objects.filter(kind="to_approve", payload__verb="next_deputy")
        assert notices.filter(channel="in_app").count() == 1

    def test_rungs_of_the_limit_in_the_same_batch_keep_the_timeline_whole(self, chain):
        """Everything at once after an outage: reminders and the deputy, one chain of events."""
        issue = chain.report()  # four working hours
        ask(chain, issue)
        swept = sweep(now=local(3, 20, 9))
        assert swept.parked == 0
        stored = whole(issue)
        assert running(issue).level == 4
        seqs = list(stored.events.order_by("seq").values_list("seq", flat=True))
        assert seqs == list(range(1, stored.event_count + 1))
        # After an outage the next deputy gets the hours of their own, not what was lost.
        assert Request.objects.get().deputy == "head"
        assert running(issue, "approve").due_at == local(3, 20, 15)

    def test_a_disabled_rung_leaves_a_line_and_the_request_where_it_is(self, chain):
        issue = chain.report(condition=HEAP)
        ask(chain, issue)
        disable_rung(use="approve", level=1, now=w.NOW)
        sweep(now=running(issue, "approve").due_at)
        assert Request.objects.get().deputy == "field_leader"
        assert issue.events.last().verb == "skip"

    def test_a_step_that_fails_is_parked_alone_and_taken_again(self, chain):
        bad, good = chain.report(condition=HEAP), chain.report(condition=HEAP)
        for issue in (bad, good):
            ask(chain, issue)
        clock = running(bad, "approve")
        Step.objects.create(clock=clock, level=1, due_at=w.NOW, at=w.NOW, seq=99)
        swept = sweep(now=clock.due_at)
        assert (swept.parked, swept.steps) == (1, 1)
        clock.refresh_from_db()
        assert clock.parked_at
        # Nothing of the failed turn stayed.
        assert Request.objects.get(issue=bad).deputy == "field_leader"
        assert not bad.events.filter(verb="next_deputy").exists()
        assert whole(good).events.filter(verb="next_deputy").count() == 1

    def test_the_audit_is_content_and_sees_a_deputy_whom_nobody_asked(self, chain):
        issue = chain.report(condition=HEAP)
        ask(chain, issue)
        at = running(issue, "approve").due_at
        late = at + timedelta(minutes=6)
        codes = {found.code for found in audit(now=late).findings if found.count}
        assert "step_overdue" in codes
        sweep(now=at)
        found = {one.code: one.examples for one in audit(now=late).findings if one.count}
        assert found == {}


def test_the_district_may_not_take_the_request_from_the_street(world):
    issue = world.report(condition=HEAP)
    ask(world, issue)
    with pytest.raises(Refused):
        world.do("district", "extend", issue)
