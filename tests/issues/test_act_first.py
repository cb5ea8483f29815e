"""At night the leader on duty acts first; in the morning another person signs."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from issues.escalation.sweep import sweep
from issues.models import Clock, Issue, Return
from issues.services.acting import next_noon
from issues.services.errors import Refused
from issues.workflow import RULES, Verb
from notices.models import Notice
from partyorgs.models import Duty, Leave, Post, Responsibility
from tests import world as w
from tests.issues import invariants
from worktime.queries import work_calendar

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
COVER = "C0102"  # critical in its first condition
NIGHT = w.NOW.replace(hour=22, minute=40)
NOON = (w.NOW + DAY).replace(hour=12)
DID = {"outcome": "fixed", "note": "已放警示牌，派人守住。"}


@pytest.fixture
def watch(world):
    """The leader leads at the street's desk this month; covers are the roads' unit's."""
    Duty.objects.create(
        organization=world.orgs["desk-1"], user=world.user("leader"), leader=True,
        starts=w.NOW - DAY, ends=w.NOW + 30 * DAY,
    )  # fmt: skip
    Responsibility.objects.create(
        category=Issue._meta.get_field("category").related_model.objects.get(code=COVER),
        level="district", area=world.areas[w.DISTRICT], doer=world.orgs["roads"], direct=True,
        valid_from=w.START,
    )  # fmt: skip
    return world


def acted(world, issue=None, *, name="leader", at=NIGHT, **given):
    issue = issue or world.report(category=COVER, at=NIGHT - HOUR)
    return world.do(name, "act_first", issue, at=at, **(DID | given))


def test_what_the_unit_had_is_handled(watch):
    issue = watch.report(category=COVER, at=NIGHT - HOUR)
    assert (issue.state, issue.unit.code) == ("dispatched", "roads")
    issue = acted(watch, issue)
    assert (issue.state, issue.outcome, issue.unit.code) == ("handled", "fixed", "roads")
    assert issue.handled_at == NIGHT
    assert issue.countersign_by == NOON
    assert issue.must_visit
    running = {clock.kind: clock for clock in Clock.objects.filter(issue=issue, stopped_at=None)}
    assert running.keys() == {"check", "countersign"}
    assert abs(running["countersign"].due_at - NOON) < timedelta(minutes=1)
    assert [*issue.deviations.values_list("kind", "settled_at")] == [("acted_first", None)]
    invariants.check(issue)


def test_nobody_is_called_out_for_what_is_done(watch):
    issue = watch.report("community", category=COVER, at=NIGHT - HOUR)
    called = Notice.objects.filter(kind="called").count()
    issue = acted(watch, issue)
    assert issue.called_at is None
    assert Notice.objects.filter(kind="called").count() == called


@pytest.mark.parametrize("state", ["reported", "pending_dispatch", "returned"])
def test_what_no_unit_has_is_the_desks(watch, state):
    if state == "reported":
        issue = watch.report("community", category=COVER, at=NIGHT - HOUR)
    elif state == "pending_dispatch":
        Responsibility.objects.filter(category__code=COVER).delete()
        issue = watch.report(category=COVER, at=NIGHT - HOUR)
    else:
        issue = watch.report(category=COVER, at=NIGHT - HOUR)
        issue = watch.do("other-unit", "return", issue, at=NIGHT, reason="not_ours",
                         proposed="clean")  # fmt: skip
    assert issue.state == state
    issue = acted(watch, issue, at=NIGHT + timedelta(minutes=1))
    assert (issue.state, issue.unit.code) == ("handled", "desk-1")
    assert not Return.objects.filter(issue=issue, decided_at=None).exists()
    invariants.check(issue)
    # Not done well: the desk has it, with the matter's own limit.
    at = w.NOW + DAY
    issue = watch.do("worker", "check", issue, at=at, passed=False, note="又挪开了。")
    assert (issue.state, issue.unit.code) == ("handling", "desk-1")
    invariants.check(issue)


def test_only_in_the_hours_when_nobody_works(watch):
    issue = watch.report(category=COVER)
    with pytest.raises(Refused):
        acted(watch, issue, at=w.NOW + HOUR)


def test_only_the_leader_on_duty(watch):
    issue = watch.report(category=COVER, at=NIGHT - HOUR)
    for name in ("street", "other-unit", "district", "branch", "worker"):
        with pytest.raises(Refused):
            acted(watch, issue, name=name)
    Duty.objects.update(ends=NIGHT)
    with pytest.raises(Refused):
        acted(watch, issue)


def test_only_what_is_critical(watch):
    issue = watch.report(at=NIGHT - HOUR)
    with pytest.raises(Refused):
        acted(watch, issue)


@pytest.mark.parametrize("missing", ["outcome", "note"])
def test_it_says_what_was_done(watch, missing):
    with pytest.raises(ValidationError) as refused:
        acted(watch, **{missing: ""})
    assert [*refused.value.message_dict] == [missing]


def test_another_person_signs_in_the_morning(watch):
    issue = acted(watch)
    at = NOON - HOUR
    issue = watch.do("branch", "countersign", issue, at=at)
    assert issue.countersign_by is None
    assert issue.deviations.get().settled_at == at
    assert not Clock.objects.filter(issue=issue, kind="countersign", stopped_at=None).exists()
    with pytest.raises(Refused):
        watch.do("street", "countersign", issue, at=at)
    invariants.check(issue)


@pytest.mark.parametrize("name", ["worker", "other-unit", "community", "auditor", "admin"])
def test_not_everybody_signs(watch, name):
    issue = acted(watch)
    with pytest.raises((Refused, Issue.DoesNotExist)):
        watch.do(name, "countersign", issue, at=NOON - HOUR)


def test_the_leader_does_not_sign_nor_check_nor_close_in_any_post(watch):
    for role, seat in (
        ("branch_secretary", {"organization": watch.orgs["branch-a"]}),
        ("street_dispatcher", {"organization": watch.orgs["desk-1"]}),
        ("grid_worker", {"cell": watch.cells[w.A1]}),
    ):
        Post.objects.create(user=watch.user("leader"), role=role, valid_from=w.START, **seat)
    issue = acted(watch)
    for verb in ("countersign", "check"):
        with pytest.raises(Refused):
            watch.do("leader", verb, issue, at=NOON - HOUR, passed=True)
    # The leader stands in the owning branch, so the branch does not check either.
    assert {row.kind for row in issue.deviations.all()} == {"acted_first", "other_checker"}
    with pytest.raises(Refused):
        watch.do("branch", "check", issue, at=NOON - HOUR, passed=True)
    issue = watch.do("worker", "check", issue, at=NOON - HOUR, passed=True)
    with pytest.raises(Refused):
        watch.do("leader", "close", issue, at=NOON)


def test_the_absent_leader_does_not_sign_what_the_stand_in_did(watch):
    Leave.objects.create(
        user=watch.user("leader"), stand_in=watch.user("nobody"), valid_from=w.NOW,
        valid_until=NIGHT + HOUR, entered_by=watch.user("admin"),
    )  # fmt: skip
    issue = acted(watch, name="nobody")
    with pytest.raises(Refused):
        watch.do("leader", "countersign", issue, at=NOON - HOUR)
    watch.do("street", "countersign", issue, at=NOON - HOUR)


def test_it_is_owed_also_after_the_end(watch):
    issue = acted(watch)
    issue = watch.do("worker", "check", issue, at=NOON - 3 * HOUR, passed=True)
    issue = watch.do("branch", "close", issue, at=NOON - 2 * HOUR)
    assert issue.countersign_by == NOON
    assert Clock.objects.get(issue=issue, stopped_at=None).kind == "countersign"
    invariants.check(issue)
    issue = watch.do("branch", "countersign", issue, at=NOON - HOUR)
    assert issue.countersign_by is None
    invariants.check(issue)


def test_also_after_it_was_made_void(watch):
    issue = watch.do("street", "cancel", acted(watch), at=NIGHT + HOUR, reason="void")
    sweep(now=NOON + HOUR)
    event = issue.events.latest("seq")
    assert (event.verb, event.from_state) == ("escalate", "cancelled")
    assert event.from_state in RULES[Verb(event.verb)].sources
    invariants.check(issue)


def test_a_second_act_is_signed_with_the_first(watch):
    issue = acted(watch)
    at = NIGHT + HOUR
    issue = watch.do("colleague", "check", issue, at=at, passed=False, note="没有守住。")
    issue = acted(watch, issue, at=at + HOUR)
    assert issue.countersign_by == NOON
    assert Clock.objects.filter(issue=issue, kind="countersign").count() == 1
    watch.do("branch", "countersign", issue, at=NOON)
    assert not issue.deviations.filter(settled_at=None).exists()
    invariants.check(issue)


@pytest.mark.parametrize(
    ("at", "noon"),
    [
        ("2026-03-10 22:40", "2026-03-11 12:00"),  # Tuesday night
        ("2026-03-11 02:00", "2026-03-11 12:00"),  # before the work of that day
        ("2026-03-11 12:30", "2026-03-12 12:00"),  # at lunch
        ("2026-03-13 23:00", "2026-03-16 12:00"),  # Friday night
        ("2026-03-14 10:00", "2026-03-16 12:00"),  # Saturday
        ("2026-02-14 03:00", "2026-02-14 12:00"),  # a Saturday that is worked
        ("2026-02-16 03:00", "2026-02-24 12:00"),  # the spring festival
    ],
)
def test_noon_of_the_next_working_day(db, at, noon):
    at, noon = (datetime.fromisoformat(text).replace(tzinfo=w.SHANGHAI) for text in (at, noon))
    assert next_noon(at.astimezone(UTC), work_calendar()) == noon
