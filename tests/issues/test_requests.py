"""What a unit asks for and a deputy decides: extension, suspension, appeal (DOMAIN.md §4.3)."""

from datetime import date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db.models import Q

from issues.chain import faults
from issues.escalation.sweep import sweep
from issues.models import Clock, Issue, Request
from issues.presenter.timeline import timeline
from issues.rules import allowed, offer_of
from issues.services.errors import Refused
from issues.workflow import RULES, Verb
from matters.models import Category
from notices.models import Notice
from partyorgs.models import Post, Responsibility
from tests import world as w
from worktime.queries import work_calendar

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
HEAP = "T-CLEAN-3"  # five working days: due on Tuesday 17 March at nine
COVER = "C0102"
WHY = "waits_for_plan"


def local(month, day, hour, minute=0):
    return datetime(2026, month, day, hour, minute, tzinfo=w.SHANGHAI)


def shown(scope, issue):
    return {str(rule.verb) for rule in allowed(scope, issue)}


def grey(world, name, verb, issue, *, at=w.NOW):
    """The gate that keeps the verb shut for this person, None where they do not even see it."""
    offer = offer_of(world.scope(name, now=at), RULES[Verb(verb)], Issue.objects.get(pk=issue.pk))
    return offer.shut if offer else None


def running(issue, *kinds):
    kinds = kinds or Clock.MAIN
    return issue.clocks.get(stopped_at=None, kind__in=kinds)


def whole(issue):
    stored = Issue.objects.get(pk=issue.pk)
    assert not list(faults(stored, stored.events.select_related("text")))
    mains = issue.clocks.filter(stopped_at=None, kind__in=Clock.MAIN).count()
    assert mains == stored.is_open
    waiting = stored.requests.filter(state="waiting").first()
    assert stored.asked == (waiting.kind if waiting else "")
    approving = issue.clocks.filter(stopped_at=None, kind="approve").count()
    assert approving == bool(waiting)
    return stored


def told(issue, what):
    """Who has been told of it, by the kind of the notice or by the verb that told it."""
    notices = Notice.objects.filter(
        Q(kind=what) | Q(payload__verb=what),
        subject_key=issue.subject_key, channel="in_app", recipient__isnull=False,
    )  # fmt: skip
    return sorted(set(notices.values_list("recipient__username", flat=True)))


def extend(world, issue, *, hours=8, at=w.NOW, by="leader"):
    world.do("unit", "ask_extension", issue, at=at, hours=hours, reason="weather")
    return world.do(by, "extend", issue, at=at)


def late_and_closed(world):
    """A report that was handled a day late and is closed."""
    issue = world.report()
    late = local(3, 11, 14)
    world.do("unit", "sign", issue, at=w.NOW + HOUR)
    world.do("handler", "handle", issue, at=late, outcome="fixed", note="已清运。")
    world.do("worker", "check", issue, at=late + HOUR, passed=True)
    return world.do("branch", "close", issue, at=late + 2 * HOUR)


CLOSED = local(3, 11, 16)


class TestAskingForMoreTime:
    def test_who_asks_what_is_kept_and_who_is_told(self, world):
        issue = world.report(condition=HEAP)
        world.do("unit", "ask_extension", issue, hours=8, reason="parts_on_order", note="等配件。")
        stored = whole(issue)
        asked = stored.requests.get()
        assert (asked.kind, asked.state, asked.minutes) == ("extension", "waiting", 480)
        assert (asked.applicant, asked.unit) == (world.user("unit"), world.orgs["clean"])
        # Nobody's field is the matter's: the head of the street comes first.
        assert (asked.deputy, asked.asked_users) == ("head", [world.user("leader").pk])
        event = stored.events.get(seq=asked.seq)
        assert event.facts == {"minutes": 480, "deputy": "head", "reason": "parts_on_order"}
        assert told(issue, "ask_extension") == ["leader"]
        # The limit runs on, and so does the deputies'.
        assert stored.due_at == issue.due_at
        assert running(issue, "approve").due_at == w.NOW + 6 * HOUR  # lunch lies between

    def test_granted_it_is_due_so_much_later_and_the_timeline_says_from_when_to_when(self, world):
        issue = world.report(condition=HEAP)
        before = running(issue)
        at = w.NOW + 27 * HOUR  # Wednesday noon
        stored = extend(world, issue, hours=12, at=at)
        clock = running(issue)
        assert clock.due_at == local(3, 18, 15) == stored.due_at
        assert clock.due_at == work_calendar().add_working_minutes(before.due_at, 12 * 60)
        assert (clock.limit_minutes, clock.level) == (2400, -1)
        event = stored.events.get(verb="extend")
        assert event.facts["minutes"] == 12 * 60
        assert datetime.fromisoformat(event.facts["from"]) == before.due_at
        assert datetime.fromisoformat(event.facts["to"]) == clock.due_at
        assert (stored.extensions, stored.was_late, stored.version) == (1, False, 3)
        asked = stored.requests.get()
        assert (asked.state, asked.decided_at) == ("granted", at)
        assert asked.decided_by == world.user("leader")
        assert told(issue, "extend") == ["branch", "handler", "unit"]
        whole(issue)

    @pytest.mark.parametrize(
        ("hours", "said"), [(0, "至少 1 小时"), (-3, "至少 1 小时"), (41, "最多延长原来的时限")]
    )
    def test_at_most_the_original_limit(self, world, hours, said):
        issue = world.report(condition=HEAP)
        with pytest.raises(ValidationError) as refused:
            world.do("unit", "ask_extension", issue, hours=hours, reason="weather")
        assert said in refused.value.message_dict["hours"][0]
        world.do("unit", "ask_extension", issue, hours=40, reason="weather")

    def test_after_an_extension_the_original_limit_is_still_the_measure(self, world):
        issue = world.report(condition=HEAP)
        extend(world, issue, hours=40)
        with pytest.raises(ValidationError):
            world.do("unit", "ask_extension", issue, hours=41, reason="weather")
        extend(world, issue, hours=40)
        assert running(issue).granted_minutes == 3 * 2400

    def test_hours_and_a_reason_are_needed(self, world):
        issue = world.report(condition=HEAP)
        with pytest.raises(ValidationError) as refused:
            world.do("unit", "ask_extension", issue)
        assert set(refused.value.message_dict) == {"hours", "reason"}

    def test_only_before_due(self, world):
        issue = world.report()
        due = running(issue).due_at
        assert grey(world, "unit", "ask_extension", issue, at=due) == "before_due"
        with pytest.raises(Refused, match="到期前"):
            world.do("unit", "ask_extension", issue, at=due, hours=1, reason="weather")
        world.do("unit", "ask_extension", issue, at=due - MINUTE, hours=1, reason="weather")

    def test_at_most_twice_and_what_was_refused_or_withdrawn_does_not_count(self, world):
        issue = world.report(condition=HEAP)
        extend(world, issue)
        world.do("unit", "ask_extension", issue, hours=8, reason="weather")
        world.do("leader", "refuse", issue, reason="天气已经转好。")
        world.do("unit", "ask_extension", issue, hours=8, reason="weather")
        world.do("unit", "withdraw", issue)
        assert Issue.objects.get(pk=issue.pk).extensions == 1
        stored = extend(world, issue)
        assert stored.extensions == 2
        with pytest.raises(Refused, match="已经延期两次"):
            world.do("unit", "ask_extension", issue, hours=1, reason="weather")
        states = list(whole(issue).requests.values_list("state", flat=True))
        assert states == ["granted", "refused", "withdrawn", "granted"]

    def test_never_for_what_is_critical(self, world):
        Responsibility.objects.create(
            category=Category.objects.get(code=COVER), level="district", direct=True,
            area=world.areas[w.DISTRICT], doer=world.orgs["clean"], valid_from=w.START,
        )  # fmt: skip
        issue = world.report(category=COVER)
        assert issue.critical
        with pytest.raises(Refused, match="紧急事项"):
            world.do("unit", "ask_extension", issue, hours=1, reason="weather")
        with pytest.raises(Refused, match="紧急事项"):
            world.do("unit", "ask_suspension", issue, until=date(2026, 4, 1), reason=WHY)

    def test_what_becomes_critical_while_it_waits_is_not_extended_any_more(self, world):
        issue = world.report(category="C0102", condition="T-COVER-3")
        world.do("street", "dispatch", issue, unit="clean")
        world.do("unit", "ask_extension", issue, hours=1, reason="weather")
        world.do("worker", "raise_urgency", issue, condition="T-COVER-1", reason="worse")
        assert whole(issue).requests.get().state == "lapsed"
        with pytest.raises(Refused):
            world.do("leader", "extend", issue)

    @pytest.mark.parametrize("name", ["worker", "branch", "street", "leader", "other-unit"])
    def test_nobody_but_the_unit_asks(self, world, name):
        issue = world.report(condition=HEAP)
        with pytest.raises((Refused, Issue.DoesNotExist)):
            world.do(name, "ask_extension", issue, hours=1, reason="weather")

    def test_a_handler_alone_does_not_ask(self, world):
        issue = world.report(condition=HEAP)
        with pytest.raises(Refused):
            world.do("handler", "ask_extension", issue, hours=1, reason="weather")

    def test_one_request_waits_at_a_time(self, world):
        issue = world.report(condition=HEAP)
        world.do("unit", "ask_extension", issue, hours=1, reason="weather")
        more = {"ask_extension": {"hours": 1}, "ask_suspension": {"until": date(2026, 4, 1)}}
        for verb, given in more.items():
            with pytest.raises(Refused, match="已有一项申请"):
                world.do("unit", verb, issue, reason="weather", **given)

    def test_granted_after_due_it_was_late_only_if_the_new_due_time_is_over_too(self, world):
        soon, long = world.report(), world.report()  # four working hours: due at 15:00
        for issue, hours in ((soon, 1), (long, 4)):
            world.do("unit", "ask_extension", issue, hours=hours, reason="weather")
        at = local(3, 10, 16, 30)
        soon = world.do("leader", "extend", soon, at=at)
        long = world.do("leader", "extend", long, at=at)
        assert (soon.was_late, long.was_late) == (True, False)
        assert running(long).due_at == local(3, 11, 9)
        assert running(soon).due_at == at + MINUTE

    @pytest.mark.parametrize(
        ("name", "verb", "given"),
        [
            ("unit", "return", {"reason": "no_power"}),
            ("street", "redispatch", {"unit": "roads", "reason": "sent_wrong"}),
            ("street", "cancel", {"reason": "void"}),
            ("leader", "force_close", {"reason": "cannot_be_done"}),
        ],
    )
    def test_a_request_lapses_when_the_work_goes_another_way(self, world, name, verb, given):
        issue = world.report(condition=HEAP)
        world.do("unit", "ask_extension", issue, hours=1, reason="weather")
        world.do(name, verb, issue, **given)
        asked = whole(issue).requests.get()
        assert (asked.state, asked.decided_at, asked.decided_by) == ("lapsed", w.NOW, None)
        entry = timeline(Issue.objects.get(pk=issue.pk), scope=world.scope("street"))[-1]
        assert entry["verb"] == verb
        assert "还在等审批的延期申请随之失效。" in entry["reasons"]
        with pytest.raises(Refused):
            world.do("leader", "extend", issue)

    def test_handling_it_lapses_the_request(self, world):
        issue = world.report(condition=HEAP)
        world.do("unit", "sign", issue)
        world.do("unit", "ask_extension", issue, hours=1, reason="weather")
        world.do("handler", "handle", issue, outcome="fixed", note="已清运。")
        assert whole(issue).requests.get().state == "lapsed"


class TestDeciding:
    @pytest.mark.parametrize(
        "name", ["unit", "handler", "worker", "branch", "street", "district", "other-street"]
    )
    def test_nobody_decides_but_whoever_was_asked(self, world, name):
        issue = world.report(condition=HEAP)
        world.do("unit", "ask_extension", issue, hours=1, reason="weather")
        for verb in ("extend", "refuse"):
            with pytest.raises((Refused, Issue.DoesNotExist)):
                world.do(name, verb, issue, reason="不同意。")

    def test_a_decision_fits_what_was_asked(self, world):
        issue = world.report(condition=HEAP)
        world.do("unit", "ask_extension", issue, hours=1, reason="weather")
        verbs = shown(world.scope("leader"), Issue.objects.get(pk=issue.pk))
        assert {"extend", "refuse"} <= verbs
        assert not {"suspend", "exempt"} & verbs
        with pytest.raises(Refused):
            world.do("leader", "suspend", issue)

    def test_a_refusal_says_why_and_ends_the_deputies_limit(self, world):
        issue = world.report(condition=HEAP)
        due = running(issue).due_at
        world.do("unit", "ask_extension", issue, hours=1, reason="weather")
        with pytest.raises(ValidationError):
            world.do("leader", "refuse", issue)
        stored = world.do("leader", "refuse", issue, reason="天气已经转好。")
        event = stored.events.get(verb="refuse")
        assert (event.text.text, event.facts) == ("天气已经转好。", {"asked": "extension"})
        assert (stored.due_at, stored.extensions) == (due, 0)
        assert told(issue, "refuse") == ["handler", "unit"]
        whole(issue)
        sweep(now=w.NOW + 9 * HOUR)
        assert not issue.events.filter(verb="next_deputy").exists()

    def test_only_the_unit_withdraws_and_only_while_it_waits(self, world):
        issue = world.report(condition=HEAP)
        world.do("unit", "ask_extension", issue, hours=1, reason="weather")
        with pytest.raises(Refused):
            world.do("leader", "withdraw", issue)
        world.do("unit", "withdraw", issue)
        assert whole(issue).requests.get().state == "withdrawn"
        for name, verb in (("unit", "withdraw"), ("leader", "extend"), ("leader", "refuse")):
            with pytest.raises(Refused):
                world.do(name, verb, issue, reason="无")


class TestAppeal:
    def test_it_exempts_the_statistics_and_never_the_recorded_fact(self, world):
        issue = late_and_closed(world)
        assert issue.was_late
        stored = world.do("unit", "appeal", issue, at=CLOSED, reason="beyond_control")
        assert (stored.appealed, stored.asked, stored.exempt) == (True, "appeal", False)
        assert told(issue, "appeal") == ["leader"]
        stored = world.do("leader", "exempt", issue, at=CLOSED + HOUR)
        assert (stored.exempt, stored.was_late, stored.state) == (True, True, "closed")
        assert whole(issue).requests.get().state == "granted"

    def test_a_refused_appeal_does_not_come_back(self, world):
        issue = late_and_closed(world)
        world.do("unit", "appeal", issue, at=CLOSED, reason="beyond_control")
        stored = world.do("leader", "refuse", issue, at=CLOSED, reason="不属于不可抗力。")
        assert (stored.exempt, stored.appealed, stored.asked) == (False, True, "")
        with pytest.raises(Refused, match="已经申诉过一次"):
            world.do("unit", "appeal", issue, at=CLOSED, reason="wrong_limit")
        whole(issue)

    def test_only_what_was_late_and_only_after_closing(self, world):
        issue = world.walk("sign", "handle", "check", "close")
        assert grey(world, "unit", "appeal", issue) is None
        late = world.report()
        with pytest.raises(Refused):
            world.do("unit", "appeal", late, at=local(3, 12, 9), reason="beyond_control")

    @pytest.mark.parametrize("name", ["handler", "branch", "worker", "street", "leader"])
    def test_only_the_unit_appeals(self, world, name):
        issue = late_and_closed(world)
        with pytest.raises(Refused):
            world.do(name, "appeal", issue, at=CLOSED, reason="beyond_control")

    def test_whoever_did_the_late_work_neither_is_asked_nor_decides(self, world):
        """The street's leader lent a hand in the unit: the district decides on the appeal."""
        Post.objects.create(
            user=world.user("leader"), role="unit_handler", organization=world.orgs["clean"],
            valid_from=w.START,
        )  # fmt: skip
        issue, at = world.report(), local(3, 12, 9)
        world.do("unit", "sign", issue, at=at)
        world.do("leader", "handle", issue, at=at, outcome="fixed", note="已清运干净。")
        world.do("worker", "check", issue, at=at + HOUR, passed=True)
        world.do("branch", "close", issue, at=at + HOUR)
        world.do("unit", "appeal", issue, at=at + HOUR, reason="beyond_control")
        request = whole(issue).requests.get()
        assert (request.deputy, request.asked_users) == (
            "district_desk", [world.user("district").pk],
        )  # fmt: skip
        # Also where somebody asked them before the work was on record.
        Request.objects.update(asked_users=[world.user("leader").pk, *request.asked_users])
        assert grey(world, "leader", "exempt", issue, at=at + HOUR) == "own_work"
        world.do("district", "exempt", issue, at=at + HOUR)
        assert whole(issue).exempt

    def test_the_closed_one_climbs_the_deputies_too(self, world):
        issue = late_and_closed(world)
        world.do("unit", "appeal", issue, at=CLOSED, reason="beyond_control")
        asked = running(issue, "approve")
        sweep(now=asked.due_at)
        assert whole(issue).requests.get().deputy == "district_desk"
        world.do("district", "exempt", issue, at=asked.due_at + MINUTE)
        assert whole(issue).exempt

    def test_what_the_closing_still_has_to_say_is_not_taken_back(self, world):
        issue = late_and_closed(world)
        held = Notice.objects.filter(subject_key=issue.subject_key, kind="closed")
        held.update(state="pending", next_attempt_at=CLOSED + 12 * HOUR)
        world.do("unit", "appeal", issue, at=CLOSED, reason="beyond_control")
        assert held.exists()
        assert not held.exclude(state="pending").exists()

    def test_reopened_it_has_nothing_to_appeal_against_any_more(self, world):
        issue = late_and_closed(world)
        world.do("unit", "appeal", issue, at=CLOSED, reason="beyond_control")
        world.do("worker", "reopen", issue, at=CLOSED + HOUR, reason="came_back")
        assert whole(issue).requests.get().state == "lapsed"


def test_the_applicant_is_never_the_approver(world):
    """A street leader who also answers for the unit asks; the district decides."""
    Post.objects.create(
        user=world.user("leader"), role="unit_desk", organization=world.orgs["clean"],
        valid_from=w.START,
    )  # fmt: skip
    issue = world.report(condition=HEAP)
    world.do("leader", "ask_extension", issue, hours=1, reason="weather")
    asked = Request.objects.get()
    assert (asked.deputy, asked.asked_users) == ("district_desk", [world.user("district").pk])
    with pytest.raises(Refused):
        world.do("leader", "extend", issue)
    assert world.do("district", "extend", issue).extensions == 1
