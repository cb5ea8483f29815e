"""Small streets: who checks where one person has several posts, and what climbs."""

from datetime import timedelta

import pytest

from issues.escalation.sweep import sweep
from issues.models import Clock, Event, Issue, Relaxation, SampleRule
from issues.queries import Filters, issue_page
from issues.rules import may
from issues.services.checkers import level_of
from issues.services.errors import Refused
from issues.services.lapsing import lapse
from issues.services.turn import Turn
from issues.workflow import RULES, Verb
from notices.models import Notice
from partyorgs.models import Leave, Post
from tests import world as w
from tests.issues import invariants

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SEATS = {"cell": "cells", "organization": "orgs", "area": "areas"}


def post(world, name, role, *, until=None, **seat):
    [(kind, code)] = seat.items()
    return Post.objects.create(
        user=world.user(name), role=role, valid_from=w.START, valid_until=until,
        **{kind: getattr(world, SEATS[kind])[code]},
    )  # fmt: skip


def leave(world, absent, stand_in):
    return Leave.objects.create(
        user=world.user(absent), stand_in=world.user(stand_in), valid_from=w.NOW,
        valid_until=w.NOW + 90 * DAY, entered_by=world.user("admin"),
    )  # fmt: skip


def gone(world, *names):
    """Their posts ended before anything happened."""
    Post.objects.filter(user__username__in=names).update(valid_until=w.NOW - DAY)


def handled(world, name="handler", *, by="worker", at=w.NOW + 2 * HOUR, outcome="fixed"):
    issue = world.report(by)
    if issue.state == "reported":
        issue = world.do("street", "accept", issue, at=w.NOW)
    issue = world.do("unit", "sign", issue, at=w.NOW + HOUR)
    return world.do(name, "handle", issue, at=at, outcome=outcome, note="已清运。")


def kinds(issue):
    return [*issue.deviations.order_by("pk").values_list("kind", flat=True)]


def listed(world, name, todo):
    """Whether this person's list of what to do names anything."""
    scope = world.scope(name, now=w.NOW + 2 * HOUR)
    filters = Filters(todo=todo, state="all" if todo == "spot_check" else "")
    return bool(issue_page(scope=scope, filters=filters, now=w.NOW + 2 * HOUR).rows)


def relaxed(world):
    Relaxation.objects.create(
        street=world.areas[w.STREET_1], what="branch_checks", reason="只有三个人。",
        valid_from=w.START, valid_until=w.NOW + 90 * DAY, entered_by=world.user("district"),
    )  # fmt: skip


# -- one person, several posts (一肩挑)


def test_where_the_handler_stands_in_no_branch_nothing_is_out_of_the_ordinary(world):
    issue = handled(world)
    assert kinds(issue) == []
    assert Clock.objects.get(issue=issue, stopped_at=None).kind == "check"


def test_a_branch_in_which_the_handler_stands_steps_aside(world):
    post(world, "handler", "branch_secretary", organization="branch-a")
    issue = handled(world)
    assert kinds(issue) == ["other_checker"]
    assert issue.deviations.get().seq == Event.objects.get(issue=issue, verb="handle").seq
    with pytest.raises(Refused) as refused:
        world.do("branch", "check", issue, at=w.NOW + 3 * HOUR, passed=True)
    assert "党支部" in refused.value.sentence()
    # The handler neither, in whatever post; the reporter does.
    with pytest.raises(Refused):
        world.do("handler", "check", issue, at=w.NOW + 3 * HOUR, passed=True)
    issue = world.do("worker", "check", issue, at=w.NOW + 3 * HOUR, passed=True)
    assert issue.deviations.get().settled_at == w.NOW + 3 * HOUR
    with pytest.raises(Refused):
        world.do("branch", "close", issue, at=w.NOW + 4 * HOUR)
    world.do("street", "close", issue, at=w.NOW + 4 * HOUR)


def test_the_cells_other_workers_step_aside_with_the_branch(world):
    """The reporter checks, else the desk: nobody whom the branch leads."""
    post(world, "handler", "branch_secretary", organization="branch-a")
    # A secretary with a cell's post beside is of the branch all the same.
    post(world, "branch", "grid_worker", cell=w.A1)
    issue = handled(world)
    for name in ("colleague", "branch"):
        with pytest.raises(Refused) as refused:
            world.do(name, "check", issue, at=w.NOW + 3 * HOUR, passed=True)
        assert "上报人或值守台" in refused.value.sentence()
        assert not listed(world, name, "check")
    told = Notice.objects.filter(subject_key=issue.subject_key, kind="handled")
    assert world.user("street") in {notice.recipient for notice in told}
    world.do("street", "check", issue, at=w.NOW + 3 * HOUR, passed=True)
    assert not listed(world, "branch", "close")


def test_whoever_stands_in_for_a_secretary_binds_the_branch(world):
    """As a stand-in the handler stands in the branch, whatever post the work was done in."""
    leave(world, "branch", "handler")
    post(world, "nobody", "branch_secretary", organization="branch-a")
    issue = handled(world)
    assert kinds(issue) == ["other_checker"]
    for name in ("branch", "nobody"):
        with pytest.raises(Refused):
            world.do(name, "check", issue, at=w.NOW + 3 * HOUR, passed=True)
    world.do("worker", "check", issue, at=w.NOW + 3 * HOUR, passed=True)


def test_the_desk_checks_where_the_reporter_cannot(world):
    post(world, "handler", "branch_secretary", organization="branch-a")
    gone(world, "colleague")
    issue = handled(world, by="community")
    assert kinds(issue) == ["other_checker"]
    gone(world, "worker")
    world.do("street", "check", issue, at=w.NOW + 3 * HOUR, passed=True)


def test_a_former_secretary_binds_no_branch(world):
    post(world, "handler", "branch_secretary", organization="branch-a", until=w.NOW + HOUR)
    issue = handled(world, at=w.NOW + HOUR)
    assert kinds(issue) == []
    world.do("branch", "check", issue, at=w.NOW + 2 * HOUR, passed=True)


def test_a_secretary_in_whose_name_a_stand_in_handled_binds_the_branch(world):
    post(world, "handler", "branch_secretary", organization="branch-a")
    leave(world, "handler", "nobody")
    issue = handled(world, "nobody")
    assert kinds(issue) == ["other_checker"]
    with pytest.raises(Refused):
        world.do("branch", "check", issue, at=w.NOW + 3 * HOUR, passed=True)


def test_where_the_district_has_relaxed_it_the_rest_of_the_branch_checks_on_record(world):
    post(world, "handler", "branch_secretary", organization="branch-a")
    relaxed(world)
    issue = handled(world)
    assert kinds(issue) == []
    issue = world.do("branch", "check", issue, at=w.NOW + 3 * HOUR, passed=True)
    issue = world.do("branch", "close", issue, at=w.NOW + 4 * HOUR)
    assert kinds(issue) == ["relaxed", "relaxed"]


def test_so_do_the_cells_other_workers(world):
    post(world, "handler", "branch_secretary", organization="branch-a")
    relaxed(world)
    issue = world.do("colleague", "check", handled(world), at=w.NOW + 3 * HOUR, passed=True)
    assert kinds(issue) == ["relaxed"]


def test_relaxing_lets_nobody_check_their_own(world):
    post(world, "handler", "branch_secretary", organization="branch-a")
    relaxed(world)
    issue = handled(world)
    with pytest.raises(Refused):
        world.do("handler", "check", issue, at=w.NOW + 3 * HOUR, passed=True)


def test_relaxing_one_street_relaxes_no_other(world):
    post(world, "handler", "branch_secretary", organization="branch-c")
    relaxed(world)
    issue = world.report("outsider", point=w.IN_C1)
    world.do("unit", "sign", issue, at=w.NOW + HOUR)
    issue = world.do("handler", "handle", issue, at=w.NOW + HOUR, outcome="fixed", note="好了")
    assert kinds(issue) == ["other_checker"]
    with pytest.raises(Refused):
        world.do("other-branch", "check", issue, at=w.NOW + 3 * HOUR, passed=True)


# -- nobody at this level


def climbed(world, **more):
    """Nobody of the street may check: one is left, and that one handled."""
    post(world, "leader", "unit_handler", organization="clean")
    gone(world, "worker", "colleague", "branch", "street")
    Post.objects.filter(user=world.user("worker")).delete()
    post(world, "outsider", "grid_worker", cell=w.A2)
    issue = world.report("outsider", point=w.IN_A1)
    gone(world, "outsider")
    world.do("unit", "sign", issue, at=w.NOW + HOUR)
    issue = world.do("leader", "handle", issue, at=w.NOW + 2 * HOUR,
                     **({"outcome": "fixed", "note": "好了"} | more))  # fmt: skip
    return Issue.objects.get(pk=issue.pk)


def test_what_nobody_here_may_check_climbs_at_once(world):
    issue = climbed(world)
    assert [*issue.events.values_list("verb", flat=True)][-2:] == ["handle", "climb"]
    assert kinds(issue) == ["climbed"]
    assert (issue.state, issue.version) == ("handled", 3)
    clock = Clock.objects.get(issue=issue, stopped_at=None)
    # Three working days: from Tuesday 11:00 to Friday.
    assert (clock.kind, clock.limit_minutes) == ("climbed", 3 * 480)
    assert timedelta(days=2) < clock.due_at - clock.started_at < timedelta(days=4)
    assert not Clock.objects.filter(issue=issue, kind="check").exists()
    told = Notice.objects.filter(subject_key=issue.subject_key, kind__startswith="climb")
    assert world.user("district") in {notice.recipient for notice in told}
    invariants.check(issue)


def test_what_climbed_stands_on_the_districts_list(world):
    climbed(world)
    assert listed(world, "district", "check")
    assert not listed(world, "leader", "check")


def test_what_a_bound_branch_leaves_stands_on_the_desks_list(world):
    post(world, "handler", "branch_secretary", organization="branch-a")
    issue = handled(world)
    assert [name for name in ("worker", "street", "other-street", "district")
            if listed(world, name, "check")] == ["worker", "street"]  # fmt: skip
    world.do("worker", "check", issue, at=w.NOW + 2 * HOUR, passed=True)
    assert [name for name in ("worker", "street", "other-street", "district")
            if listed(world, name, "close")] == ["street"]  # fmt: skip


def test_where_the_branch_is_free_the_desk_has_nothing_to_check(world):
    handled(world)
    assert not listed(world, "street", "check")


def test_one_level_up_it_is_checked_and_closed(world):
    issue = climbed(world)
    with pytest.raises(Refused):
        world.do("leader", "check", issue, at=w.NOW + 3 * HOUR, passed=True)
    issue = world.do("district", "check", issue, at=w.NOW + 3 * HOUR, passed=True)
    invariants.check(issue)
    issue = world.do("district", "close", issue, at=w.NOW + 4 * HOUR)
    assert issue.state == "closed"
    assert not issue.deviations.filter(settled_at=None).exists()


def test_a_check_that_fails_up_there_is_a_rework_like_any_other(world):
    issue = climbed(world)
    issue = world.do("district", "check", issue, at=w.NOW + DAY, passed=False, note="没有。")
    assert (issue.state, issue.reworks) == ("handling", 1)
    # Somebody has looked, whatever they found.
    assert issue.deviations.get().settled_at == w.NOW + DAY
    assert Clock.objects.get(issue=issue, stopped_at=None).kind == "handle"
    # And handled again it climbs again.
    issue = world.do("leader", "handle", issue, at=w.NOW + 2 * DAY, outcome="fixed", note="好了")
    assert kinds(issue) == ["climbed", "climbed"]


def swept(issue, *, after=4 * DAY):
    return lapse(issue=Issue.objects.get(pk=issue.pk), now=w.NOW + after)


def test_after_three_days_an_uncritical_one_ends_unchecked_on_record(world):
    issue = swept(climbed(world))
    assert (issue.state, issue.outcome) == ("closed_unchecked", "fixed")
    assert issue.closed_at == w.NOW + 4 * DAY
    assert issue.checked_at is None
    assert kinds(issue) == ["climbed", "unchecked"]
    assert not issue.deviations.exclude(settled_at=None).exists()
    event = issue.events.latest("seq")
    assert (event.verb, event.actor, event.facts["by_rule"]) == ("lapse", None, True)
    invariants.check(issue)


def test_what_lapsed_is_the_districts_to_look_at_again(world):
    SampleRule.objects.create(of="unchecked", percent=100)
    issue = swept(climbed(world))
    assert [name for name in ("branch", "leader", "other-street", "district")
            if listed(world, name, "spot_check")] == ["district"]  # fmt: skip
    world.do("district", "spot_check", issue, at=w.NOW + 5 * DAY, passed=True)
    assert not issue.deviations.filter(settled_at=None).exists()


def told_again(issue):
    """The working days, of this March, on which the district's desk was told by the ladder."""
    told = issue.events.filter(verb="escalate").order_by("seq").values_list("at", flat=True)
    return [at.astimezone(w.SHANGHAI).day for at in told]


def test_what_may_not_lapse_goes_on_up_its_ladder(world):
    issue = climbed(world)
    Issue.objects.filter(pk=issue.pk).update(critical=True)
    Clock.objects.filter(issue=issue, stopped_at=None).update(critical=True)
    for day in range(2, 20):
        sweep(now=w.NOW + day * DAY + 3 * HOUR)
    assert Issue.objects.get(pk=issue.pk).state == "handled"
    # Three working days, six and nine after Tuesday the 10th.
    assert told_again(issue) == [13, 18, 23]
    invariants.check(issue)


def test_a_check_climbs_where_by_now_nobody_may_do_it(world):
    """Posts end while a check waits; a late one does not wait for nobody."""
    issue = handled(world)
    sweep(now=w.NOW + DAY + 3 * HOUR)
    assert kinds(issue) == []
    left = Post.objects.filter(
        user__username__in=["worker", "colleague", "branch", "street", "leader"]
    )
    left.update(valid_until=w.NOW + DAY + 4 * HOUR)
    sweep(now=w.NOW + 2 * DAY + 3 * HOUR)
    assert kinds(issue) == ["climbed"]
    assert Clock.objects.get(issue=issue, stopped_at=None).kind == "climbed"
    invariants.check(issue)
    for day in range(3, 10):
        sweep(now=w.NOW + day * DAY)
    assert Issue.objects.get(pk=issue.pk).state == "closed_unchecked"
    invariants.check(issue)


def test_so_does_a_closing(world):
    issue = world.do("worker", "check", handled(world), at=w.NOW + 3 * HOUR, passed=True)
    gone(world, "branch", "street", "leader")
    sweep(now=w.NOW + 2 * DAY)
    assert kinds(issue) == ["climbed"]
    assert world.do("district", "close", issue, at=w.NOW + 3 * DAY).state == "closed"


def test_other_stays_other_when_it_lapses(world):
    assert swept(climbed(world, outcome="other")).outcome == "other"


@pytest.mark.parametrize(
    "column",
    [
        {"critical": True},
        {"open_parts": 1},
        {"checked_at": w.NOW + DAY},
        {"source": "hotline"},
    ],
)
def test_what_may_not_lapse_goes_to_the_district_again(world, column):
    issue = climbed(world)
    Issue.objects.filter(pk=issue.pk).update(**column)
    issue = swept(issue)
    assert (issue.state, issue.closed_at) == ("handled", None)
    assert issue.events.latest("seq").verb == "escalate"
    assert Clock.objects.get(issue=issue, stopped_at=None).kind == "climbed"
    told = Notice.objects.filter(subject_key=issue.subject_key, kind="escalated")
    assert world.user("district") in {notice.recipient for notice in told}


def test_whoever_stands_in_for_the_only_doer_does_not_keep_it_down(world):
    leave(world, "leader", "street")
    post(world, "leader", "unit_handler", organization="clean")
    gone(world, "colleague", "branch")
    issue = world.report("worker")
    gone(world, "worker")
    world.do("unit", "sign", issue, at=w.NOW + HOUR)
    # The leader is back for an hour and handles; the dispatcher stands in for the leader.
    issue = world.do("leader", "handle", issue, at=w.NOW + HOUR, outcome="fixed", note="好了")
    assert kinds(issue) == ["climbed"]
    with pytest.raises(Refused):
        world.do("street", "check", issue, at=w.NOW + 2 * HOUR, passed=True)


def test_a_reporter_who_handled_does_not_check_as_reporter(world):
    post(world, "worker", "unit_handler", organization="clean")
    gone(world, "colleague", "branch", "street", "leader")
    issue = handled(world, "worker")
    assert kinds(issue) == ["climbed"]
    with pytest.raises(Refused):
        world.do("worker", "check", issue, at=w.NOW + 3 * HOUR, passed=True)


def test_what_only_the_district_may_close_goes_there_after_the_check(world):
    post(world, "leader", "unit_handler", organization="clean")
    gone(world, "branch", "street")
    issue = handled(world, "leader")
    assert kinds(issue) == []
    issue = world.do("worker", "check", issue, at=w.NOW + 3 * HOUR, passed=True)
    assert kinds(issue) == ["climbed"]
    invariants.check(issue)
    # It was checked: it does not end "unchecked".
    assert swept(issue).state == "handled"
    assert world.do("district", "close", issue, at=w.NOW + 5 * DAY).state == "closed"


# -- the answer for everybody at once and the answer for each of them agree

PEOPLE = [name for name, *_rest in w.PEOPLE if name != "district"]


@pytest.mark.parametrize("doer", ["handler", "worker", "colleague", "branch", "street", "leader"])
@pytest.mark.parametrize("missing", [(), ("worker",), ("branch", "street"),
                                     ("worker", "colleague", "street", "leader"),
                                     ("worker", "colleague", "branch")])  # fmt: skip
@pytest.mark.slow
@pytest.mark.parametrize("loose", [False, True])
def test_somebody_may_where_the_level_says_so(world, doer, missing, loose):
    if doer != "handler":
        post(world, doer, "unit_handler", organization="clean")
    if doer == "worker":
        post(world, "worker", "branch_secretary", organization="branch-a")
    if loose:
        relaxed(world)
    issue = world.report()
    gone(world, *[name for name in missing if name != doer])
    world.do("unit", "sign", issue, at=w.NOW + HOUR)
    issue = world.do(doer, "handle", issue, at=w.NOW + HOUR, outcome="fixed", note="好了")
    at = w.NOW + HOUR
    level = level_of(Turn(issue, scope=None, seat=None, now=at))
    able = [name for name in PEOPLE if may(world.scope(name, now=at), RULES[Verb.CHECK], issue)]
    assert level.check == bool(able), able
    assert level.check == (Clock.objects.get(issue=issue, stopped_at=None).kind == "check")
    Issue.objects.filter(pk=issue.pk).update(checked_at=at)
    issue.refresh_from_db()
    able = [name for name in PEOPLE if may(world.scope(name, now=at), RULES[Verb.CLOSE], issue)]
    assert level.close == bool(able), able
