"""Proposing, approving, refusing and withdrawing a whistle; an emergency is blown first."""

import pytest
from django.core.exceptions import ValidationError

from issues.models import Clock, Issue
from partyorgs.models import Leave, Post
from tests import world as w
from tests.whistles.conftest import HOUR, MINUTE, fresh, local
from tests.whistles.helping import clock_of, lines, running, shown, told, whole
from whistles.models import Whistle
from whistles.services.errors import ActRefused

NIGHT = local(3, 10, 23)


def sees(world, name, issue, *, at=w.NOW):
    return Issue.objects.visible_to(world.scope(name, now=at)).filter(pk=issue.pk).exists()


def test_a_proposal_calls_nobody_before_it_is_approved(world, whistles, issue):
    whistle = whistles.blow("street", issue)
    whole(whistle)
    assert whistle.state == "proposed"
    assert running(whistle) == {("whistle_approve", "desk-1")}
    assert told(whistle, "whistle_to_approve") == {"leader"}
    assert told(whistle, "whistle_called") == set()
    assert not sees(world, "other-unit", issue)
    assert not Whistle.objects.visible_to(world.scope("other-unit")).exists()
    blown = whistles.do("leader", "approve", whistle, at=w.NOW + MINUTE)
    whole(blown)
    assert blown.state == "blown"
    assert running(blown) == {("whistle_answer", "roads"), ("whistle_answer", "clean")}
    assert told(blown, "whistle_called") == {"other-unit", "unit"}
    assert told(blown, "whistle_approved") == {"street"}
    assert told(blown, "whistle_blown") == {"branch"}
    assert sees(world, "other-unit", issue, at=w.NOW + HOUR)
    assert lines(blown) == ["whistle_proposed", "whistle_approved"]


@pytest.mark.parametrize("name", ["street", "branch"])
def test_dispatcher_and_owning_branch_propose(whistles, issue, name):
    assert whistles.blow(name, issue).state == "proposed"


@pytest.mark.parametrize("name", ["worker", "unit", "handler", "leader", "district", "community"])
def test_others_do_not_propose(whistles, issue, name):
    with pytest.raises(ActRefused):
        whistles.blow(name, issue)


@pytest.mark.parametrize("name", ["outsider", "other-branch", "other-street", "admin", "nobody"])
def test_whoever_does_not_see_the_issue_blows_nothing(whistles, issue, name):
    with pytest.raises(Issue.DoesNotExist):
        whistles.blow(name, issue)


@pytest.mark.parametrize("name", ["street", "branch", "unit", "auditor"])
def test_only_the_leader_approves(world, whistles, issue, name):
    whistle = whistles.blow("street", issue)
    assert "approve" not in shown(world, name, whistle, at=w.NOW)
    with pytest.raises((ActRefused, Whistle.DoesNotExist)):
        whistles.do(name, "approve", whistle)


def test_the_district_may_approve_where_the_leader_is_silent(whistles, issue):
    whistle = whistles.blow("branch", issue)
    assert whistles.do("district", "approve", whistle).state == "blown"


def test_the_other_streets_leader_does_not_see_it(world, whistles, issue):
    Post.objects.create(
        user=world.user("nobody"), role="street_leader", area=world.areas[w.STREET_2],
        valid_from=w.START,
    )  # fmt: skip
    whistle = whistles.blow("street", issue)
    with pytest.raises(Whistle.DoesNotExist):
        whistles.do("nobody", "approve", whistle)


def test_whoever_proposed_does_not_approve(world, whistles, issue):
    """Several posts in one hand (一肩挑): the applicant is never the approver."""
    Post.objects.create(
        user=world.user("leader"), role="branch_secretary", organization=world.orgs["branch-a"],
        valid_from=w.START,
    )  # fmt: skip
    whistle = whistles.blow("leader", issue)
    with pytest.raises(ActRefused) as refused:
        whistles.do("leader", "approve", whistle)
    assert "同一个人" in refused.value.sentence()
    assert whistles.do("district", "approve", whistle).state == "blown"


def test_a_stand_in_counts_as_the_absent_proposer(world, whistles, issue):
    Leave.objects.create(
        user=world.user("street"), stand_in=world.user("leader"), entered_by=world.user("street"),
        valid_from=w.START, valid_until=w.NOW + 48 * HOUR,
    )  # fmt: skip
    whistle = whistles.blow("leader", issue)
    assert whistle.proposed_post.user == world.user("street")
    with pytest.raises(ActRefused):
        whistles.do("leader", "approve", whistle)


def test_a_refusal_needs_a_reason_and_is_told(whistles, issue):
    whistle = whistles.blow("street", issue)
    with pytest.raises(ValidationError):
        whistles.do("leader", "refuse", whistle)
    refused = whistles.do("leader", "refuse", whistle, reason="街道自己能办。")
    whole(refused)
    assert (refused.state, refused.ended_at) == ("refused", w.NOW)
    assert told(refused, "whistle_refused") == {"street"}
    assert running(refused) == set()
    # Another one may be proposed.
    assert whistles.blow("street", issue).state == "proposed"


def test_a_proposal_is_withdrawn(whistles, issue):
    whistle = whistles.blow("street", issue)
    assert whistles.do("street", "withdraw", whistle).state == "withdrawn"
    assert running(whistle) == set()
    with pytest.raises(ActRefused):
        whistles.do("leader", "approve", whistle)


def test_one_whistle_at_a_time_over_an_issue(whistles, issue):
    whistles.blow("street", issue)
    with pytest.raises(ActRefused) as refused:
        whistles.blow("branch", issue)
    assert "已经有一个哨" in refused.value.sentence()


def test_nothing_is_blown_over_an_ended_issue(world, whistles, issue):
    world.do("street", "cancel", issue, reason="void", at=w.NOW + MINUTE)
    with pytest.raises(ActRefused) as refused:
        whistles.blow("street", issue, at=w.NOW + HOUR)
    assert "办结" in refused.value.sentence()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": ""}, "kind"),
        ({"kind": "picnic"}, "kind"),
        ({"reason": "  "}, "reason"),
        ({"reason": "字" * 301}, "reason"),
        ({"reason": "找 11010519491231002X"}, "reason"),
        ({"place": ""}, "place"),
        ({"units": []}, "units"),
        ({"units": ["nowhere"], "lead": "nowhere"}, "units"),
        ({"units": ["branch-a"], "lead": "branch-a"}, "units"),
        ({"units": ["desk-2"], "lead": "desk-2"}, "units"),
        ({"units": ["desk-1"], "lead": "desk-1"}, "units"),
        ({"units": ["desk-district"], "lead": "desk-district"}, "units"),
        ({"units": ["lifts"], "lead": "lifts"}, "units"),
        ({"lead": ""}, "lead"),
        ({"lead": "home-1"}, "lead"),
        ({"meet_at": None}, "meet_at"),
        ({"meet_at": w.NOW - HOUR}, "meet_at"),
        ({"meet_at": w.NOW + 366 * 24 * HOUR}, "meet_at"),
    ],
)
def test_what_is_missing_or_wrong_is_named(whistles, issue, given, field):
    with pytest.raises(ValidationError) as refused:
        whistles.blow("street", issue, **given)
    assert field in refused.value.message_dict
    assert not Whistle.objects.exists()
    assert issue.event_count == fresh(issue).event_count


def test_a_single_unit_is_the_lead(whistles, issue):
    whistle = whistles.blow("street", issue, units=["roads"], lead="")
    assert [call.lead for call in whistle.calls.all()] == [True]


@pytest.mark.parametrize("name", ["street", "branch", "leader"])
def test_an_emergency_is_blown_at_once_and_approved_after(whistles, issue, name, deputy):
    whistle = whistles.blow(name, issue, verb="blow_now", kind="emergency", at=NIGHT)
    whole(whistle)
    assert whistle.state == "blown"
    assert whistle.approve_by == NIGHT + 2 * HOUR
    assert running(whistle) == {
        ("whistle_answer", "roads"), ("whistle_answer", "clean"), ("whistle_approve", "desk-1"),
    }  # fmt: skip
    approve = Clock.objects.get(kind="whistle_approve")
    assert approve.due_at == NIGHT + 2 * HOUR
    assert told(whistle, "whistle_to_confirm") == {"leader", "deputy"} - {name}
    confirmed = whistles.do("deputy", "approve", whistle, at=NIGHT + HOUR)
    whole(confirmed)
    assert confirmed.approved_at == NIGHT + HOUR
    assert ("whistle_approve", "desk-1") not in running(confirmed)
    assert lines(confirmed) == ["whistle_blown", "whistle_confirmed"]
    # Called once only.
    assert told(confirmed, "whistle_called") == {"other-unit", "unit"}


def test_the_leader_who_blew_does_not_confirm(whistles, issue):
    whistle = whistles.blow("leader", issue, verb="blow_now", kind="emergency")
    with pytest.raises(ActRefused):
        whistles.do("leader", "approve", whistle)
    assert whistles.do("district", "approve", whistle).approved_at


def test_where_the_only_leader_blew_the_district_is_asked_to_approve(whistles, issue):
    whistle = whistles.blow("leader", issue, verb="blow_now", kind="emergency")
    assert told(whistle, "whistle_to_confirm") == {"district"}


def test_so_where_the_proposer_stands_in_for_the_only_leader(world, whistles, issue):
    Leave.objects.create(
        user=world.user("leader"), stand_in=world.user("street"), entered_by=world.user("leader"),
        valid_from=w.START, valid_until=w.NOW + 48 * HOUR,
    )  # fmt: skip
    assert told(whistles.blow("street", issue), "whistle_to_approve") == {"district"}


@pytest.mark.parametrize("kind", ["enforcement", "key_work"])
def test_only_an_emergency_goes_before_its_approval(whistles, issue, kind):
    with pytest.raises(ValidationError) as refused:
        whistles.blow("street", issue, verb="blow_now", kind=kind)
    assert "kind" in refused.value.message_dict


def test_an_emergency_that_is_refused_afterwards_calls_everybody_off(world, whistles, issue):
    whistle = whistles.blow("street", issue, verb="blow_now", kind="emergency")
    refused = whistles.do("leader", "refuse", whistle, reason="不是紧急情况。")
    whole(refused)
    assert refused.state == "refused"
    assert running(refused) == set()
    assert told(refused, "whistle_off") == {"other-unit", "unit"}
    assert not sees(world, "other-unit", issue)


def test_limits_of_each_kind(world, whistles):
    """Emergency 30 minutes at night; enforcement 4 working hours; key work 2 working days."""
    late = local(3, 10, 23)
    emergency = whistles.blow(
        "street", world.report(at=late), verb="blow_now", kind="emergency", at=late
    )
    assert clock_of(emergency, "whistle_answer", "roads").due_at == late + 30 * MINUTE
    # 16:00 on a Tuesday: two hours today, two tomorrow morning.
    at = local(3, 10, 16)
    enforcement = whistles.blown(world.report(at=at), at=at)
    assert clock_of(enforcement, "whistle_answer", "roads").due_at == local(3, 11, 10)
    key_work = whistles.blown(world.report(at=at), at=at, kind="key_work")
    assert clock_of(key_work, "whistle_answer", "roads").due_at == local(3, 12, 16)


def test_the_actor_is_on_record(world, whistles, issue):
    whistle = whistles.blown(issue)
    events = whistle.issue.events.filter(verb="whistle").order_by("seq")
    assert [event.actor.username for event in events] == ["street", "leader"]
    assert all(event.post for event in events)
    assert events[0].text.text == whistle.reason


def test_a_proposal_is_internal_until_it_is_blown(whistles, issue):
    whistle = whistles.blow("street", issue)
    whistles.do("leader", "refuse", whistle, reason="先由社区协调。")
    whistle = whistles.blow("street", issue)
    whistles.do("leader", "approve", whistle)
    public = [event.public for event in issue.events.filter(verb="whistle").order_by("seq")]
    assert public == [False, False, False, True]
