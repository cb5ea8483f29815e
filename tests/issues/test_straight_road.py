"""One report from the worker's phone to closed, through the services."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from issues.models import Issue
from issues.services.errors import ChangedMeanwhile, KeyReused, MayNotReport, Refused
from matters.models import Category
from notices.models import Notice
from tests import world as w


def verbs_of(issue):
    return list(issue.events.values_list("verb", flat=True))


def test_a_workers_report_is_located_owned_and_dispatched_at_once(world):
    issue = world.report()
    assert issue.state == "dispatched"
    assert issue.cell.code == w.A1
    assert issue.owner.code == "branch-a"
    assert issue.unit.code == "clean"
    assert verbs_of(issue) == ["report", "accept", "dispatch"]


def test_the_handling_clock_starts_at_dispatch_not_at_signing(world):
    issue = world.report()
    due = issue.due_at
    assert due == w.NOW + timedelta(hours=6)  # four working hours, over the lunch break
    signed = world.do("unit", "sign", issue, at=w.NOW + timedelta(hours=1))
    assert signed.due_at == due


def test_the_straight_road_ends_closed_with_every_step_in_the_timeline(world):
    issue = world.walk("sign", "handle", "check", "close")
    assert issue.state == "closed"
    assert verbs_of(issue) == ["report", "accept", "dispatch", "sign", "handle", "check", "close"]
    assert issue.clocks.filter(stopped_at=None).count() == 0
    assert issue.assignments.filter(ended_at=None).count() == 0


def test_each_dispatch_step_gives_its_reason(world):
    issue = world.report()
    report, _accept, dispatch = issue.events.all()
    assert [reason["code"] for reason in report.facts["reasons"]] == ["cell_base", "owner"]
    assert [reason["code"] for reason in dispatch.facts["reasons"]] == ["item"]


def test_a_special_cell_goes_before_the_base_cell_around_it(world):
    assert world.report(point=w.IN_SCHOOL).cell.code == w.SCHOOL


def test_what_a_community_leads_goes_to_the_community_first(world):
    issue = world.report(category=w.CORRIDOR)
    assert (issue.unit.code, issue.level) == ("home-1", "community")


def test_a_doer_without_account_is_served_by_its_supervisor_on_its_behalf(world):
    issue = world.report(category=w.LIFT)
    assert (issue.unit.code, issue.doer.code) == ("home-1", "lifts")
    signed = world.do("community", "sign", issue)
    assert signed.events.get(verb="sign").on_behalf_of.code == "lifts"


def test_a_report_that_no_rule_can_send_waits_at_the_streets_desk_with_a_clock(world):
    issue = world.report(category=w.UNLISTED)
    assert (issue.state, issue.unit.code) == ("pending_dispatch", "desk-1")
    assert issue.clocks.get(stopped_at=None).kind == "dispatch"
    last = issue.events.last()
    assert [reason["code"] for reason in last.facts["reasons"]] == ["no_item"]


def test_a_point_outside_every_cell_waits_at_the_districts_desk(world):
    issue = world.report(point=w.OUTSIDE)
    assert (issue.state, issue.unit.code, issue.cell) == ("pending_dispatch", "desk-district", None)


def test_a_report_without_category_waits_to_be_accepted(world):
    issue = world.report(category="")
    assert (issue.state, issue.clocks.get().kind) == ("reported", "accept")
    accepted = world.do("street", "accept", issue, category=w.RUBBISH)
    assert (accepted.state, accepted.unit.code) == ("dispatched", "clean")


def test_a_report_by_somebody_else_than_a_worker_waits_at_the_desk(world):
    assert world.report("branch").state == "reported"


def test_the_desk_sends_by_hand_what_no_rule_sends(world):
    issue = world.report(category=w.UNLISTED)
    sent = world.do("street", "dispatch", issue, unit="roads")
    assert (sent.state, sent.unit.code) == ("dispatched", "roads")
    assert sent.clocks.get(stopped_at=None).kind == "handle"


@pytest.mark.parametrize("unit", ["branch-a", "lifts", "desk-2", "no-such-unit"])
def test_nothing_is_sent_to_a_branch_another_street_or_an_empty_unit(world, unit):
    issue = world.report(category=w.UNLISTED)
    with pytest.raises(ValidationError) as refused:
        world.do("street", "dispatch", issue, unit=unit)
    assert "unit" in refused.value.message_dict


def test_a_return_keeps_the_clock_running_and_redispatch_finds_the_next_unit(world):
    issue = world.report()
    due = issue.due_at
    returned = world.do("unit", "return", issue, reason="not_ours")
    assert (returned.state, returned.returns, returned.due_at) == ("returned", 1, due)
    again = world.do("street", "redispatch", returned, unit="roads", reason="sent_wrong")
    assert (again.state, again.unit.code, again.due_at) == ("dispatched", "roads", due)
    assert again.assignments.filter(ended_at=None).get().unit.code == "roads"


def test_a_failed_check_starts_the_handling_clock_with_the_time_left(world):
    issue = world.walk("sign", "handle")
    again = world.do(
        "worker", "check", issue, at=w.NOW + timedelta(hours=3), passed=False, note="还有两袋。"
    )
    assert (again.state, again.reworks, again.outcome) == ("handling", 1, "")
    clock = again.clocks.get(stopped_at=None)
    assert (clock.kind, clock.limit_minutes, clock.granted_minutes) == ("handle", 240, 120)


def test_a_rework_gets_a_quarter_of_the_limit_at_least(world):
    issue = world.report()
    late = w.NOW + timedelta(days=10)
    world.do("unit", "sign", issue, at=late)
    world.do("handler", "handle", issue, at=late, outcome="fixed", note="好了")
    world.do("worker", "check", issue, at=late, passed=False, note="没有")
    assert issue.clocks.get(stopped_at=None).granted_minutes == 60


def test_a_critical_condition_runs_day_and_night(world):
    night = w.NOW.replace(day=14, hour=22, minute=40)
    world.orgs["clean"].does.create(
        category=Category.objects.get(code="C0102"),
        level="district",
        direct=True,
        area=world.areas[w.DISTRICT],
        valid_from=w.START,
    )
    issue = world.report(category="C0102", at=night)
    assert issue.critical
    assert issue.due_at == night + timedelta(hours=2)
    assert issue.yellow_at == night + timedelta(minutes=90)


def test_nobody_checks_or_closes_what_they_handled(world):
    issue = world.report(category=w.CORRIDOR)
    world.do("community", "sign", issue)
    world.do("community", "handle", issue, outcome="fixed", note="好了")
    with pytest.raises(Refused):
        world.do("community", "check", issue, passed=True)


def test_closing_waits_for_the_check(world):
    issue = world.walk("sign", "handle")
    with pytest.raises(Refused) as refused:
        world.do("branch", "close", issue)
    assert "check" in {rule.verb for rule in refused.value.allowed}


def test_the_branch_cannot_do_the_units_work(world):
    issue = world.walk("sign")
    with pytest.raises(Refused):
        world.do("branch", "handle", issue, outcome="fixed", note="好了")


def test_an_old_version_is_told_that_it_changed_meanwhile(world):
    issue = world.report()
    world.do("unit", "sign", issue)
    with pytest.raises(ChangedMeanwhile):
        world.do("street", "cancel", issue, reason="void", version=issue.version)


def test_what_a_verb_needs_is_asked_for_by_field(world):
    issue = world.walk("sign")
    with pytest.raises(ValidationError) as refused:
        world.do("handler", "handle", issue)
    assert set(refused.value.message_dict) == {"note", "outcome"}


def test_the_same_key_gives_the_same_issue_once(world):
    first = world.report(key="k1")
    assert world.report(key="k1").pk == first.pk
    assert Issue.objects.count() == 1


def test_the_same_key_with_other_content_is_refused(world):
    world.report(key="k1")
    with pytest.raises(KeyReused):
        world.report(key="k1", description="另一件事")


def test_an_id_number_is_refused_with_a_kind_word(world):
    with pytest.raises(ValidationError) as refused:
        world.report(description="当事人 11010519491231002X 乱扔")
    assert "description" in refused.value.message_dict


@pytest.mark.parametrize("name", ["admin", "auditor", "nobody"])
def test_onlookers_do_not_report(world, name):
    with pytest.raises(MayNotReport):
        world.report(name)


def test_the_unit_and_the_branch_are_told_and_the_actor_is_not(world):
    issue = world.report()
    told = Notice.objects.filter(subject_key=issue.subject_key)
    assert set(told.values_list("recipient__username", flat=True)) == {"unit", "handler", "branch"}


@pytest.mark.parametrize(
    ("name", "sees"),
    [
        ("worker", True), ("colleague", True), ("outsider", False), ("branch", True),
        ("other-branch", False), ("community", True), ("unit", True), ("handler", True),
        ("other-unit", False), ("street", True), ("other-street", False), ("leader", True),
        ("district", True), ("admin", False), ("auditor", True), ("nobody", False),
    ],
)  # fmt: skip
def test_who_sees_an_issue(world, name, sees):
    issue = world.report()
    seen = Issue.objects.visible_to(world.scope(name))
    assert seen.filter(pk=issue.pk).exists() is sees


def test_a_post_that_ends_takes_the_sight_with_it(world):
    issue = world.report()
    world.user("worker").posts.update(valid_until=w.NOW + timedelta(hours=1))
    later = world.scope("worker", now=w.NOW + timedelta(hours=1))
    assert not Issue.objects.visible_to(later).filter(pk=issue.pk).exists()
