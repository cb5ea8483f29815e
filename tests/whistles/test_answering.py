"""What called units answer, what the district judges, what the approver waives (DOMAIN.md §3.4)."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from issues.escalation.sweep import sweep
from issues.models import Event, Issue, Step
from notices.models import Notice
from partyorgs.models import Responsibility
from tests import world as w
from tests.whistles.conftest import HOUR, MINUTE, local
from tests.whistles.helping import call_of, clock_of, lines, running, shown, told, whole
from whistles.models import Call, Whistle
from whistles.queries import disputed_calls, late_limits
from whistles.services.errors import ActRefused

ROLES = "执法中队长、法制员"


def listed(code="clean"):
    return Responsibility.objects.get(doer__code=code).pk


def at(hours, minutes=0):
    return w.NOW + hours * HOUR + minutes * MINUTE


def test_a_unit_that_will_come_has_a_limit_to_report_in(whistles, issue):
    whistle = whistles.blown(issue)
    answered = whistles.do("other-unit", "answer", whistle, at=at(1), answer="will_come")
    whole(answered)
    assert running(answered) == {("whistle_arrive", "roads"), ("whistle_answer", "clean")}
    # Four working hours from ten in the morning: the pause at noon does not count.
    assert clock_of(answered, "whistle_arrive", "roads").due_at == local(3, 10, 16)
    assert told(answered, "whistle_answered") == {"street"}
    there = whistles.do("other-unit", "arrive", whistle, at=at(2), roles=ROLES)
    whole(there)
    call = call_of(there, "roads")
    assert (call.arrived_at, call.arrived_roles) == (at(2), ROLES)
    assert running(there) == {("whistle_answer", "clean")}
    assert lines(there)[-2:] == ["whistle_will_come", "whistle_arrived"]


def test_nobody_is_late_before_the_meeting(whistles, issue):
    tomorrow = local(3, 11, 16)
    whistle = whistles.blown(issue, meet_at=tomorrow)
    answered = whistles.do("other-unit", "answer", whistle, at=at(1), answer="will_come")
    assert clock_of(answered, "whistle_arrive", "roads").due_at == tomorrow


def test_reporting_in_needs_the_roles(whistles, issue):
    whistle = whistles.blown(issue)
    whistles.do("other-unit", "answer", whistle, answer="will_come")
    with pytest.raises(ValidationError) as refused:
        whistles.do("other-unit", "arrive", whistle)
    assert "roles" in refused.value.message_dict
    with pytest.raises(ValidationError):
        whistles.do("unit", "answer", whistle, answer="already_there")
    there = whistles.do("unit", "answer", whistle, answer="already_there", roles=ROLES)
    assert call_of(there, "clean").arrived_roles == ROLES
    assert ("whistle_arrive", "clean") not in running(there)


@pytest.mark.parametrize("name", ["street", "branch", "leader", "district", "handler", "worker"])
def test_only_the_called_units_desk_answers(world, whistles, issue, name):
    whistle = whistles.blown(issue)
    assert not shown(world, name, whistle, at=w.NOW) & {"answer", "arrive"}
    with pytest.raises((ActRefused, Whistle.DoesNotExist)):
        whistles.do(name, "answer", whistle, answer="will_come")


def test_a_unit_answers_for_itself_only(whistles, issue):
    whistle = whistles.blown(issue)
    with pytest.raises(ValidationError) as refused:
        whistles.do("unit", "answer", whistle, answer="will_come", unit="roads")
    assert "unit" in refused.value.message_dict
    assert call_of(whistle, "roads").answer == ""


def test_it_answers_once(whistles, issue):
    whistle = whistles.blown(issue)
    whistles.do("unit", "answer", whistle, answer="will_come")
    with pytest.raises(ActRefused):
        whistles.do("unit", "answer", whistle, answer="will_come")


def test_a_not_ours_without_an_item_is_refused(whistles, issue):
    """DOMAIN.md §3.4 (c)."""
    whistle = whistles.blown(issue)
    for item in (None, 10**9):
        with pytest.raises(ValidationError) as refused:
            whistles.do("other-unit", "answer", whistle, answer="not_ours", item=item)
        assert "item" in refused.value.message_dict
    assert call_of(whistle, "roads").answer == ""
    assert ("whistle_answer", "roads") in running(whistle)


def test_an_item_that_has_ended_or_lies_elsewhere_is_refused(world, whistles, issue):
    whistle = whistles.blown(issue)
    item = Responsibility.objects.get(doer__code="clean")
    elsewhere = Responsibility.objects.create(
        category=item.category, level="street", area=world.areas[w.STREET_2],
        doer=world.orgs["desk-2"], valid_from=w.START,
    )  # fmt: skip
    Responsibility.objects.filter(pk=item.pk).update(valid_until=w.NOW - HOUR)
    for key in (item.pk, elsewhere.pk):
        with pytest.raises(ValidationError):
            whistles.do("other-unit", "answer", whistle, answer="not_ours", item=key)


def test_a_not_ours_goes_to_the_district_not_back_to_the_street(world, whistles, issue):
    whistle = whistles.blown(issue)
    said = whistles.do(
        "other-unit", "answer", whistle, at=at(1), answer="not_ours", item=listed(),
        reason="清单写明由环卫清运。",
    )  # fmt: skip
    whole(said)
    assert told(said, "whistle_to_judge") == {"district"}
    assert [call.unit.code for call in disputed_calls(world.scope("district"))] == ["roads"]
    for name in ("street", "leader", "branch", "other-unit"):
        assert "judge" not in shown(world, name, whistle, at=at(2))
        with pytest.raises(ActRefused):
            whistles.do(name, "judge", whistle, must_come=True, reason="应当到场。")
    assert "judge" in shown(world, "district", whistle, at=at(2))


def test_who_must_come_answers_anew_and_does_not_argue_again(whistles, issue):
    whistle = whistles.blown(issue)
    whistles.do("other-unit", "answer", whistle, at=at(1), answer="not_ours", item=listed())
    judged = whistles.do(
        "district", "judge", whistle, at=at(2), must_come=True, reason="路面归市政。"
    )
    whole(judged)
    assert clock_of(judged, "whistle_answer", "roads").due_at == local(3, 10, 17)
    assert "other-unit" in told(judged, "whistle_judged")
    with pytest.raises(ValidationError) as refused:
        whistles.do("other-unit", "answer", whistle, at=at(3), answer="not_ours", item=listed())
    assert "answer" in refused.value.message_dict
    comes = whistles.do("other-unit", "answer", whistle, at=at(3), answer="will_come")
    assert running(comes) == {("whistle_arrive", "roads"), ("whistle_answer", "clean")}


def test_who_is_excused_owes_nothing_and_looks_on_no_more(world, whistles, issue):
    whistle = whistles.blown(issue)
    whistles.do("other-unit", "answer", whistle, answer="not_ours", item=listed())
    with pytest.raises(ValidationError):
        whistles.do("district", "judge", whistle, must_come=False)
    judged = whistles.do("district", "judge", whistle, must_come=False, reason="不归它。")
    whole(judged)
    assert call_of(judged, "roads").judged == Call.Judged.EXCUSED
    assert running(judged) == {("whistle_answer", "clean")}
    seen = Issue.objects.visible_to(world.scope("other-unit"))
    assert not seen.filter(pk=issue.pk).exists()
    # It still reads what was decided about it.
    assert Whistle.objects.visible_to(world.scope("other-unit")).count() == 1


def test_an_unanswered_unit_is_on_the_board_and_told_once(world, whistles, issue):
    """DOMAIN.md §3.4 (a): on the district's board at the limit, no second notice."""
    whistle = whistles.blown(issue)
    due = clock_of(whistle, "whistle_answer", "roads").due_at
    district = world.scope("district")
    assert late_limits(district, now=due - timedelta(seconds=1)) == []
    late = late_limits(district, now=due)
    assert {one.clock.organization.code for one in late} == {"roads", "clean"}
    assert late_limits(world.scope("leader"), now=due)
    assert late_limits(world.scope("other-street"), now=due) == []
    for again in range(3):
        sweep(now=due + again * MINUTE)
    steps = Step.objects.filter(clock__kind="whistle_answer")
    assert steps.count() == 2
    rows = Notice.objects.filter(kind="escalated", subject_key=issue.subject_key, channel="in_app")
    told_of_roads = rows.filter(recipient__username="other-unit")
    assert told_of_roads.count() == 1
    assert rows.filter(recipient__username="district").count() == 2
    events = Event.objects.filter(issue=issue, verb="escalate")
    assert {event.unit.code for event in events} == {"roads", "clean"}
    whole(whistle)
    # Whoever answers late leaves the board at once.
    whistles.do("other-unit", "answer", whistle, at=due + HOUR, answer="will_come")
    left = late_limits(district, now=due + HOUR)
    assert {one.clock.organization.code for one in left} == {"clean"}


def test_an_unapproved_emergency_is_on_the_board_after_two_hours(world, whistles, issue):
    night = local(3, 10, 23)
    whistle = whistles.blow("street", issue, verb="blow_now", kind="emergency", at=night)
    whistles.do("unit", "answer", whistle, at=night, answer="already_there", roles=ROLES)
    whistles.do("other-unit", "answer", whistle, at=night, answer="already_there", roles=ROLES)
    sweep(now=night + 2 * HOUR)
    sweep(now=night + 2 * HOUR + MINUTE)
    late = late_limits(world.scope("district"), now=night + 2 * HOUR)
    assert [one.clock.kind for one in late] == ["whistle_approve"]
    rows = Notice.objects.filter(kind="escalated", channel="in_app")
    # The leader owes it, not the desk; at night it does not wait for the morning.
    assert set(rows.values_list("recipient__username", flat=True)) == {"leader", "district"}
    assert rows.count() == 2
    assert all(row.critical for row in rows)
    # Either may still approve.
    assert whistles.do("district", "approve", whistle, at=night + 3 * HOUR).approved_at
    assert late_limits(world.scope("district"), now=night + 3 * HOUR) == []


@pytest.mark.parametrize(
    ("kind", "hours", "critical"), [("key_work", 6, False), ("emergency", 2, True)]
)
def test_a_proposal_that_no_leader_looks_at_reaches_the_district(
    world, whistles, issue, kind, hours, critical
):
    """Four working hours from nine with the pause at noon, as a request; an emergency's are two."""
    whistle = whistles.blow("street", issue, kind=kind)
    due = at(hours)
    assert clock_of(whistle, "whistle_approve", "desk-1").due_at == due
    assert late_limits(world.scope("district"), now=due - MINUTE) == []
    for again in range(2):
        sweep(now=due + again * MINUTE)
    assert [one.clock.kind for one in late_limits(world.scope("district"), now=due)] == [
        "whistle_approve"
    ]
    rows = Notice.objects.filter(kind="escalated", payload__clock="whistle_approve")
    assert sorted(rows.values_list("recipient__username", "critical")) == [
        ("district", critical), ("leader", critical),
    ]  # fmt: skip
    whole(whistles.do("district", "approve", whistle, at=due + MINUTE))
    assert late_limits(world.scope("district"), now=due + MINUTE) == []


def test_a_silent_unit_in_an_emergency_is_told_of_at_night(world, whistles, issue):
    night = local(3, 10, 23)
    whistles.blow("street", issue, verb="blow_now", kind="emergency", at=night)
    sweep(now=night + 30 * MINUTE)
    rows = Notice.objects.filter(kind="escalated", payload__clock="whistle_answer")
    assert rows.exists()
    assert all(row.critical for row in rows)


def test_a_silent_unit_else_waits_for_the_morning(world, whistles, issue):
    whistle = whistles.blown(issue)
    sweep(now=clock_of(whistle, "whistle_answer", "roads").due_at)
    rows = Notice.objects.filter(kind="escalated", payload__clock="whistle_answer")
    assert rows.exists()
    assert not any(row.critical for row in rows)


def test_it_does_not_close_with_an_unanswered_unit(world, whistles, issue):
    """DOMAIN.md §3.4 (b): unless the approver waives it with a reason."""
    whistle = whistles.blown(issue)
    whistles.do("unit", "answer", whistle, answer="will_come")
    with pytest.raises(ActRefused) as refused:
        whistles.do("street", "close", whistle)
    assert "没有应哨" in refused.value.sentence()
    for name in ("street", "branch", "other-unit"):
        with pytest.raises(ActRefused):
            whistles.do(name, "waive", whistle, unit="roads", reason="不用来了。")
    for given in ({"unit": "roads"}, {"reason": "不用来了。"}, {"unit": "clean", "reason": "了。"}):
        with pytest.raises(ValidationError):
            whistles.do("leader", "waive", whistle, **given)
    waived = whistles.do("leader", "waive", whistle, unit="roads", reason="现场已经处置。")
    whole(waived)
    assert running(waived) == {("whistle_arrive", "clean")}
    assert "other-unit" in told(waived, "whistle_waived")
    # Whoever need not come has no more to look at, as after a judgement.
    assert not Issue.objects.visible_to(world.scope("other-unit")).filter(pk=issue.pk).exists()
    assert Whistle.objects.visible_to(world.scope("other-unit")).filter(pk=whistle.pk).exists()
    closed = whistles.do("street", "close", whistle, at=at(1))
    whole(closed)
    assert (closed.state, closed.ended_at) == ("closed", at(1))
    assert running(closed) == set()
    assert told(closed, "whistle_closed") == {"unit", "other-unit"}


def test_nor_with_an_unjudged_one_nor_before_its_approval(whistles, issue):
    whistle = whistles.blow(
        "street", issue, verb="blow_now", kind="emergency", units=["roads"], lead="roads"
    )
    whistles.do("other-unit", "answer", whistle, answer="not_ours", item=listed())
    with pytest.raises(ActRefused) as refused:
        whistles.do("street", "close", whistle)
    assert "补批" in refused.value.sentence()
    whistles.do("leader", "approve", whistle)
    with pytest.raises(ActRefused) as refused:
        whistles.do("street", "close", whistle)
    assert "裁定" in refused.value.sentence()
    whistles.do("leader", "waive", whistle, reason="由环卫处置，不再裁定。", unit="roads")
    assert whistles.do("street", "close", whistle).state == "closed"


@pytest.mark.parametrize("name", ["unit", "worker", "auditor", "handler"])
def test_others_do_not_close(whistles, issue, name):
    whistle = whistles.blown(issue, units=["clean"], lead="clean")
    whistles.do("unit", "answer", whistle, answer="already_there", roles=ROLES)
    with pytest.raises((ActRefused, Whistle.DoesNotExist)):
        whistles.do(name, "close", whistle)


def test_called_units_keep_looking_on_after_a_redispatch(world, whistles, issue):
    whistle = whistles.blown(issue, units=["roads"], lead="roads")
    world.do("street", "redispatch", issue, unit="desk-1", reason="sent_wrong", at=at(1))
    whole(whistle)
    seen = Issue.objects.visible_to(world.scope("other-unit", now=at(2)))
    assert seen.filter(pk=issue.pk).exists()


def test_an_ended_issue_ends_the_limits_and_the_whistle_is_still_closed_in_order(
    world, whistles, issue
):
    """Nobody waits for the units any more, but who was called still says what became of it."""
    whistle = whistles.blown(issue)
    world.do("leader", "force_close", issue, at=at(1), reason="cannot_be_done")
    whole(whistle)
    assert running(whistle) == set()
    with pytest.raises(ActRefused):
        whistles.do("street", "close", whistle, at=at(2))
    whistles.do("unit", "answer", whistle, at=at(2), answer="will_come")
    whole(whistle)
    assert running(whistle) == set()
    whistles.do("leader", "waive", whistle, at=at(2), unit="roads", reason="事项已经结束。")
    closed = whistles.do("street", "close", whistle, at=at(3))
    whole(closed)
    assert closed.state == "closed"


def test_an_issue_with_a_running_whistle_is_not_merged(world, whistles, issue):
    other = world.report("colleague")
    whistles.blown(issue)
    with pytest.raises(ValidationError):
        world.do("street", "merge", issue, into=other.number, at=at(1))
