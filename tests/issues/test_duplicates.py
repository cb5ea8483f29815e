"""Duplicates: found before they are sent, joined, merged, and taken apart again."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from issues.models import Issue, Joining, Request
from issues.presenter.links import link_facts, no_links
from issues.services.errors import ChangedMeanwhile, Refused
from notices.models import Notice
from tests import world as w
from tests.issues.invariants import check
from tests.issues.test_hotline import fed_back

LATER = w.NOW + timedelta(hours=1)
EVENING = w.NOW + timedelta(hours=8)
MANHOLE, MISSING = "C0102", "T-COVER-1"


def stored(issue):
    """The issue as stored, after asking whether everything about it fits together."""
    check(issue)
    return Issue.objects.get(pk=issue.pk)


def two(world, **second):
    return world.report(), world.report("colleague", **second)


def merge(world, one, other, by="street", **given):
    return world.do(by, "merge", one, at=LATER, into=other.number, **given)


def told(issue, kind):
    rows = Notice.objects.filter(subject_key=issue.subject_key, kind=kind, recipient__isnull=False)
    return set(rows.values_list("recipient__username", flat=True))


class TestJoin:
    def test_whoever_met_the_same_problem_joins_and_says_so_in_the_timeline(self, world):
        issue = world.report()
        world.do("colleague", "join", issue, note="我这边也堆着。")
        assert list(issue.joinings.values_list("user__username", "at")) == [("colleague", w.NOW)]
        event = stored(issue).events.last()
        assert (event.verb, event.actor.username) == ("join", "colleague")
        assert (event.text.text, event.to_state) == ("我这边也堆着。", "dispatched")

    def test_joining_moves_neither_state_nor_clock(self, world):
        issue = world.report()
        world.do("colleague", "join", issue)
        after = stored(issue)
        assert (after.state, after.due_at, after.unit_id) == (
            issue.state, issue.due_at, issue.unit_id
        )  # fmt: skip

    def test_nobody_joins_the_own_report(self, world):
        with pytest.raises(Refused):
            world.do("worker", "join", world.report())

    def test_nobody_joins_twice(self, world):
        issue = world.report()
        world.do("colleague", "join", issue)
        with pytest.raises(ValidationError) as bad:
            world.do("colleague", "join", issue)
        assert set(bad.value.message_dict) == {"note"}
        assert Joining.objects.count() == 1

    def test_whose_report_was_merged_into_it_is_in_already(self, world):
        mine, theirs = two(world)
        merge(world, theirs, mine)
        with pytest.raises(ValidationError):
            world.do("colleague", "join", mine, at=LATER)

    def test_nobody_joins_what_they_may_not_see(self, world):
        with pytest.raises(Issue.DoesNotExist):
            world.do("outsider", "join", world.report())

    def test_who_looks_on_does_not_join(self, world):
        with pytest.raises(Refused):
            world.do("auditor", "join", world.report())

    def test_nobody_joins_what_is_over(self, world):
        issue = world.walk("sign", "handle", "check", "close")
        with pytest.raises(Refused):
            world.do("colleague", "join", issue, at=LATER)

    def test_an_id_number_is_refused_there_too(self, world):
        issue = world.report()
        with pytest.raises(ValidationError):
            world.do("colleague", "join", issue, note="11010519491231002X 家门口")
        assert not Joining.objects.exists()

    def test_joined_reporters_are_told_of_the_result(self, world):
        issue = world.report()
        world.do("colleague", "join", issue)
        for verb in ("sign", "handle", "check", "close"):
            name, given = w.WALK[verb]
            world.do(name, verb, issue, at=LATER, **given)
        assert "colleague" in told(issue, "handled") & told(issue, "closed")


class TestMerge:
    def test_the_one_ends_without_clocks_and_the_other_goes_on(self, world):
        stays, goes = two(world)
        world.do("unit", "sign", goes)
        merge(world, goes, stays)
        ended, other = stored(goes), stored(stays)
        assert (ended.state, ended.is_open, ended.merged_into_id) == ("merged", False, stays.pk)
        assert not ended.clocks.filter(stopped_at=None).exists()
        assert not ended.assignments.filter(ended_at=None).exists()
        assert ended.due_at is None
        assert (other.state, other.due_at) == (stays.state, stays.due_at)

    def test_both_timelines_name_the_other(self, world):
        stays, goes = two(world)
        merge(world, goes, stays, note="同一堆垃圾。")
        gone, kept = stored(goes).events.last(), stored(stays).events.last()
        assert (gone.verb, gone.facts["into"]) == ("merge", stays.number)
        assert gone.text.text == "同一堆垃圾。"
        assert (kept.verb, kept.facts["merged"]) == ("join", goes.number)
        assert kept.actor.username == "street"

    def test_its_reporter_and_who_joined_it_are_told_where_it_went(self, world):
        stays, goes = two(world)
        world.do("branch", "join", goes)
        merge(world, goes, stays)
        assert {"colleague", "branch", "unit"} <= told(goes, "merged")
        notice = Notice.objects.filter(subject_key=goes.subject_key, kind="merged").first()
        assert notice.payload["into"] == stays.number

    def test_they_are_told_of_the_others_result(self, world):
        stays, goes = world.report(place="东门，李家窗下"), world.report("colleague")
        world.do("community", "join", goes)
        merge(world, goes, stays)
        for verb in ("sign", "handle", "check", "close"):
            name, given = w.WALK[verb]
            world.do(name, verb, stays, at=LATER, **given)
        assert {"worker", "community"} <= told(stays, "closed")
        # By their own report, which they can always open.
        notice = Notice.objects.get(subject_key=goes.subject_key, kind="closed")
        assert notice.recipient.username == "colleague"
        assert notice.payload["number"] == stays.number
        # What another reporter typed is not for somebody who may not see that report.
        assert notice.payload["place"] == stays.cell.name

    def test_what_was_merged_into_it_goes_along(self, world):
        first, second = two(world)
        third = world.report("branch")
        merge(world, third, second)
        merge(world, second, first)
        assert stored(third).merged_into_id == stored(second).merged_into_id == first.pk
        assert third.events.last().facts["into"] == first.number
        # Its reporter hears of both, where it went first and where it goes now.
        assert "branch" in told(third, "merged") & told(second, "merged")

    def test_a_request_lapses_with_it(self, world):
        stays, goes = two(world)
        world.do("unit", "ask_extension", goes, hours=2, reason="weather")
        merge(world, goes, stays)
        assert stored(goes).asked == ""
        assert goes.requests.get().state == Request.State.LAPSED

    def test_a_suspended_one_can_be_merged(self, world):
        stays, goes = two(world)
        until = (w.NOW + timedelta(days=20)).date()
        world.do("unit", "ask_suspension", goes, until=until, reason="waits_for_plan")
        world.do("leader", "suspend", goes)
        merge(world, goes, stays)
        assert stored(goes).suspended_until is None

    def test_the_number_may_be_typed_carelessly(self, world):
        stays, goes = two(world)
        world.do("street", "merge", goes, into=f" {stays.number.lower()} ")
        assert stored(goes).merged_into_id == stays.pk

    @pytest.mark.parametrize("name", ["worker", "colleague", "branch", "unit", "other-street"])
    def test_only_the_desk_merges(self, world, name):
        stays, goes = two(world)
        with pytest.raises((Refused, Issue.DoesNotExist)):
            merge(world, goes, stays, by=name)
        assert stored(goes).is_open

    def test_the_desk_needs_the_right_to_both(self, world):
        ours = world.report()
        theirs = world.report("outsider", point=w.IN_C1)
        # A street dispatcher who reported over there sees it, but does not decide on it.
        Issue.objects.filter(pk=theirs.pk).update(reporter=world.user("street"))
        for one, other in ((ours, theirs), (theirs, ours)):
            with pytest.raises((ValidationError, Refused)):
                merge(world, one, other)
        assert merge(world, theirs, ours, by="district").state == "merged"


def refused(world, one, other, **given):
    with pytest.raises(ValidationError) as bad:
        merge(world, one, other, **given)
    assert set(bad.value.message_dict) == {"into"}
    assert stored(one).is_open
    return bad.value.message_dict["into"][0]


class TestWhatCannotBeMerged:
    def test_into_itself(self, world):
        issue = world.report()
        assert "自己" in refused(world, issue, issue)

    def test_into_nothing(self, world):
        issue = world.report()
        with pytest.raises(ValidationError):
            world.do("street", "merge", issue, into="")

    def test_into_what_the_desk_may_not_see_as_into_what_does_not_exist(self, world):
        issue, theirs = world.report(), world.report("outsider", point=w.IN_C1)
        missing = Issue(number="QH-260310-AAAAA")
        assert refused(world, issue, theirs) == refused(world, issue, missing)

    def test_into_what_is_over(self, world):
        issue, over = two(world)
        world.do("street", "cancel", over, reason="void")
        assert "作废" in refused(world, issue, over)

    def test_into_what_is_merged_itself(self, world):
        first, second = two(world)
        third = world.report("branch")
        merge(world, second, first)
        refused(world, third, second)
        # Nor back into the one that is merged into it: no circle.
        refused(world, first, second)

    def test_what_is_merged_is_not_merged_again(self, world):
        first, second = two(world)
        third = world.report("branch")
        merge(world, second, first)
        with pytest.raises(Refused):
            merge(world, second, third)

    def test_what_is_critical_into_what_is_not(self, world):
        usual, cover = two(world, category=MANHOLE)
        assert cover.critical
        assert not usual.critical
        assert "提升" in refused(world, cover, usual)
        assert merge(world, usual, cover).state == "merged"

    def test_a_hotline_ticket_into_another_source(self, world):
        ours, ticket = two(world)
        Issue.objects.filter(pk=ticket.pk).update(source=Issue.Source.HOTLINE)
        refused(world, ticket, ours)
        assert merge(world, ours, ticket).state == "merged"

    @pytest.mark.parametrize("kind", ["countersign", "whistle_answer"])
    def test_what_still_waits_for_a_second_signature_or_for_called_units(self, world, kind):
        stays, goes = two(world)
        Issue.objects.filter(pk=goes.pk).update(countersign_by=LATER)
        goes.clocks.create(
            kind=kind, limit_minutes=60, granted_minutes=60, started_at=w.NOW, yellow_at=w.NOW,
            due_at=LATER, limit_clock="continuous",
        )  # fmt: skip
        refused(world, goes, stays)


class TestUnmerge:
    def test_it_waits_at_the_desk_again_with_a_clock(self, world):
        stays, goes = two(world)
        world.do("unit", "sign", goes)
        merge(world, goes, stays)
        world.do("street", "unmerge", goes, at=LATER, reason="不是同一处。")
        again = stored(goes)
        assert (again.state, again.merged_into_id, again.closed_at) == (
            "pending_dispatch", None, None
        )  # fmt: skip
        assert (again.unit.code, again.level) == ("desk-1", "street")
        clock = again.clocks.get(stopped_at=None)
        assert (clock.kind, clock.started_at) == ("dispatch", LATER)
        assert "colleague" in told(goes, "unmerged")
        sent = world.do("street", "dispatch", goes, at=LATER, unit="clean")
        assert sent.state == "dispatched"

    def test_without_a_leaf_it_waits_to_be_accepted(self, world):
        stays, goes = two(world, category="")
        merge(world, goes, stays)
        world.do("street", "unmerge", goes, at=LATER, reason="另一件事。")
        again = stored(goes)
        assert again.state == "reported"
        assert again.clocks.get(stopped_at=None).kind == "accept"

    def test_what_was_handled_before_is_not_handled_any_more(self, world):
        stays = world.report("colleague")
        goes = world.walk("sign", "handle")
        later = w.NOW + timedelta(hours=3)
        world.do("street", "merge", goes, at=later, into=stays.number)
        world.do("street", "unmerge", goes, at=later, reason="不是同一处。")
        again = stored(goes)
        assert (again.outcome, again.handled_at, again.checked_at) == ("", None, None)

    def test_what_waited_for_a_call_back_asks_nobody_any_more(self, world):
        goes, stays = fed_back(world), fed_back(world, number="HL-2")
        world.do("street", "merge", goes, at=EVENING, into=stays.number)
        assert not stored(goes).survey_asked
        world.do("street", "unmerge", goes, at=EVENING, reason="不是同一处。")
        assert not stored(goes).survey_asked

    def test_a_plan_is_none_any_more(self, world):
        stays, goes = world.report("colleague"), world.walk("sign")
        day = (w.NOW + timedelta(days=20)).date()
        world.do("handler", "handle", goes, at=LATER, outcome="planned", note="好", until=day)
        merge(world, goes, stays)
        world.do("street", "unmerge", goes, at=LATER, reason="不是同一处。")
        assert stored(goes).planned_for is None

    def test_the_other_says_so_and_shares_its_result_no_more(self, world):
        stays, goes = two(world)
        merge(world, goes, stays)
        world.do("street", "unmerge", goes, at=LATER, reason="不是同一处。")
        assert stored(stays).events.last().facts["unmerged"] == goes.number
        world.do("street", "cancel", stays, at=LATER, reason="void")
        assert "colleague" not in told(stays, "cancelled") | told(goes, "cancelled")

    @pytest.mark.parametrize("name", ["worker", "colleague", "branch", "unit"])
    def test_only_the_desk_takes_it_apart(self, world, name):
        stays, goes = two(world)
        merge(world, goes, stays)
        with pytest.raises((Refused, Issue.DoesNotExist)):
            world.do(name, "unmerge", goes, at=LATER, reason="不是同一处。")

    def test_what_was_never_merged_cannot_be_taken_apart(self, world):
        with pytest.raises(Refused):
            world.do("street", "unmerge", world.report(), reason="不是同一处。")

    def test_it_needs_a_reason(self, world):
        stays, goes = two(world)
        merge(world, goes, stays)
        with pytest.raises(ValidationError):
            world.do("street", "unmerge", goes, at=LATER)


def test_who_saw_the_other_before_the_merge_is_told_that_it_changed(world):
    stays, goes = two(world)
    merge(world, goes, stays)
    with pytest.raises(ChangedMeanwhile):
        world.do("street", "merge", stays, into=goes.number, version=stays.version)


class TestLinks:
    def linked(self, world, name, issue):
        return link_facts(Issue.objects.get(pk=issue.pk), world.scope(name, now=LATER))

    def test_both_sides_name_each_other(self, world):
        stays, goes = two(world)
        world.do("branch", "join", stays)
        merge(world, goes, stays)
        above = self.linked(world, "street", goes)["merged_into"]
        assert (above["number"], above["visible"]) == (stays.number, True)
        assert above["state_name"] == "待签收"
        below = self.linked(world, "street", stays)
        assert [one["number"] for one in below["merged"]] == [goes.number]
        assert below["joined"] == 1

    def test_of_what_one_may_not_see_there_is_the_number_and_the_own_reports_result(self, world):
        ours = world.report()
        theirs = world.report("outsider", point=w.IN_C1)
        merge(world, theirs, ours, by="district")
        above = self.linked(world, "outsider", theirs)["merged_into"]
        assert (above["number"], above["visible"]) == (ours.number, False)
        assert above["state"] == "dispatched"
        [below] = self.linked(world, "worker", ours)["merged"]
        assert (below["number"], below["visible"], below["state"]) == (theirs.number, False, "")

    def test_parts_of_a_split_name_each_other(self, world):
        issue = world.report()
        parts = [
            {"category": w.RUBBISH, "description": "垃圾"},
            {"category": w.CORRIDOR, "description": "楼道堆物"},
        ]
        world.do("street", "split", issue, at=LATER, parts=parts)
        [part] = self.linked(world, "street", issue)["split"]
        new = Issue.objects.get(number=part["number"])
        assert self.linked(world, "street", new)["split_from"]["number"] == issue.number

    def test_a_report_alone_takes_two_queries(self, world, django_assert_num_queries):
        issue, scope = world.report(), world.scope("worker")
        with django_assert_num_queries(2):
            facts = link_facts(issue, scope)
        assert facts == no_links()
