"""When a calendar changes, the due times of what runs on it move, and say so."""

from datetime import date, datetime, time, timedelta

import pytest
from django.db import connection

from issues.chain import faults
from issues.escalation import reckoning
from issues.escalation.reckoning import reckon_all
from issues.escalation.sweep import sweep
from issues.models import Clock, Issue
from issues.services.ladders import seed_ladders
from matters.models import Condition, StageLimit
from partyorgs.models import Organization
from tests import world as w
from worktime.arithmetic import CalendarDay
from worktime.models import Calendar
from worktime.queries import stamp_of, work_calendar
from worktime.services import create_calendar, seed_calendar, set_days, set_spans

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
HEAP = "T-CLEAN-3"  # five working days
SOURCE = "关于调整放假安排的通知"
LATER = w.NOW + 3 * HOUR
# The days after Tuesday 10 March 2026, when the reports come in.
WEDNESDAY, SATURDAY = date(2026, 3, 11), date(2026, 3, 14)


def calendar(code="default"):
    return Calendar.objects.get(code=code)


def say(day, kind, *, code="default", source=SOURCE, at=LATER):
    set_days(calendar=calendar(code), days={day: CalendarDay(kind)}, source=source, now=at)


def main_clock(issue):
    return issue.clocks.get(stopped_at=None, kind__in=Clock.MAIN)


def moves(issue):
    return list(issue.events.filter(verb="reckon").order_by("seq"))


def whole(issue):
    stored = Issue.objects.get(pk=issue.pk)
    assert not list(faults(stored, stored.events.select_related("text")))
    return stored


@pytest.fixture
def own(world):
    """The unit `clean` has days of its own under everybody's, and hours of its own."""
    made = create_calendar(
        code="own", name="环卫", base=calendar(), spans=[(time(6), time(14))], now=w.START
    )
    world.orgs["clean"].calendar = made
    world.orgs["clean"].save()
    return made


def test_a_new_holiday_moves_the_due_time_and_the_timeline_says_why(world):
    issue = world.report(condition=HEAP)
    before = main_clock(issue)
    assert before.due_at == datetime(2026, 3, 17, 9, tzinfo=w.SHANGHAI)
    say(WEDNESDAY, "holiday")
    assert reckon_all(now=LATER) == 1
    clock = main_clock(issue)
    assert clock.due_at == datetime(2026, 3, 18, 9, tzinfo=w.SHANGHAI)
    assert clock.yellow_at == before.yellow_at + timedelta(days=3)  # a weekend lies between
    assert clock.next_at == clock.yellow_at
    stored = whole(issue)
    assert (stored.due_at, stored.yellow_at) == (clock.due_at, clock.yellow_at)
    (event,) = moves(issue)
    assert (event.at, event.actor, event.public) == (LATER, None, True)
    assert datetime.fromisoformat(event.facts["from"]) == before.due_at
    assert datetime.fromisoformat(event.facts["to"]) == clock.due_at
    assert event.facts["because"] == {
        "kind": "days", "calendar": calendar().name, "source": SOURCE,
        "first": "2026-03-11", "last": "2026-03-11", "days": 1,
    }  # fmt: skip


def test_once_reckoned_nothing_moves_any_more(world):
    issue = world.report(condition=HEAP)
    say(WEDNESDAY, "holiday")
    assert [reckon_all(now=LATER + n * MINUTE) for n in range(3)] == [1, 0, 0]
    assert len(moves(issue)) == 1
    assert main_clock(issue).calendar_stamp == stamp_of()


def test_a_change_elsewhere_in_the_year_is_reckoned_and_told_to_nobody(world):
    issue = world.report(condition=HEAP)
    say(date(2026, 8, 5), "holiday")
    assert reckon_all(now=LATER) == 0
    assert moves(issue) == []
    assert main_clock(issue).calendar_stamp == stamp_of()


def test_a_change_taken_back_moves_the_due_time_back(world):
    issue = world.report(condition=HEAP)
    due = issue.due_at
    say(WEDNESDAY, "holiday")
    reckon_all(now=LATER)
    say(WEDNESDAY, "workday", at=LATER + HOUR)
    assert reckon_all(now=LATER + HOUR) == 1
    assert main_clock(issue).due_at == due
    assert len(moves(issue)) == 2
    whole(issue)


def test_other_hours_move_it_too(world):
    issue = world.report()
    set_spans(calendar=calendar(), spans=[(time(9), time(11))], now=LATER)
    assert reckon_all(now=LATER) == 1
    assert main_clock(issue).due_at == datetime(2026, 3, 11, 11, tzinfo=w.SHANGHAI)
    assert moves(issue)[0].facts["because"]["kind"] == "spans"


def test_what_runs_day_and_night_or_has_ended_stays(world):
    desk = world.report(category="")
    closed = world.walk("sign", "handle", "check", "close", condition=HEAP)
    handled = world.walk("sign", "handle", condition=HEAP)
    rows = {row.pk: (row.due_at, row.next_at) for row in Clock.objects.all()}
    checks = set(handled.clocks.filter(stopped_at=None).values_list("pk", flat=True))
    say(date(2026, 3, 10), "holiday")
    reckon_all(now=LATER)
    moved = {row.pk for row in Clock.objects.all() if (row.due_at, row.next_at) != rows[row.pk]}
    assert moved == checks
    assert moves(desk) == moves(closed) == []
    assert Issue.objects.get(pk=closed.pk).due_at is None


def test_an_order_that_waits_for_its_answer_moves_with_it(world):
    issue = world.walk("sign", condition=HEAP)
    at = w.NOW + 2 * HOUR
    issue = world.do("leader", "supervise", issue, at=at, reason="important")
    order = issue.clocks.get(kind="answer")
    say(WEDNESDAY, "holiday")
    assert reckon_all(now=LATER) == 2
    stored = whole(issue)
    moved = issue.clocks.get(kind="answer")
    assert moved.due_at == order.due_at + timedelta(days=1)
    assert stored.answer_due_at == moved.due_at
    assert stored.due_at == main_clock(issue).due_at != moved.due_at
    assert [event.facts["clock"] for event in moves(issue)] == ["handle", "answer"]


def test_a_call_of_the_duty_in_working_time_is_no_order(world):
    """The limit of the call is data: an admin may let it run in working time."""
    StageLimit.objects.filter(stage="duty").update(clock="working")
    Condition.objects.filter(code="T-CLEAN-1").update(clock="continuous")
    night = w.NOW + 12 * HOUR
    issue = world.report(at=night)
    call = issue.clocks.get(kind="duty")
    say(WEDNESDAY, "holiday", at=night)
    reckon_all(now=night)
    assert issue.clocks.get(kind="duty").due_at == call.due_at + timedelta(days=1)
    assert whole(issue).answer_due_at is None


def test_steps_that_were_taken_stay_and_come_no_second_time(world):
    issue = world.report(condition=HEAP)
    clock = main_clock(issue)
    due = clock.due_at
    sweep(now=clock.yellow_at)
    sweep(now=due)
    taken = list(clock.rungs_taken.values_list("level", "at"))
    say(due.astimezone(w.SHANGHAI).date(), "holiday", at=due + HOUR)
    reckon_all(now=due + HOUR)
    clock.refresh_from_db()
    assert clock.due_at > due
    sweep(now=clock.due_at)
    assert list(clock.rungs_taken.values_list("level", "at")) == taken == [
        (0, taken[0][1]), (1, due),
    ]  # fmt: skip
    third = work_calendar().add_working_minutes(clock.due_at, 1200)
    assert clock.next_at == third
    sweep(now=third)
    assert list(clock.rungs_taken.values_list("level", flat=True)) == [0, 1, 2]


def test_a_due_time_that_moves_into_the_past_is_acted_on_at_once(world):
    issue = world.report(condition=HEAP)
    monday = datetime(2026, 3, 16, 9, 30, tzinfo=w.SHANGHAI)
    sweep(now=monday)
    say(SATURDAY, "makeup", at=monday)
    reckon_all(now=monday)
    clock = main_clock(issue)
    assert clock.due_at == datetime(2026, 3, 16, 9, tzinfo=w.SHANGHAI)
    sweep(now=monday)
    step = clock.rungs_taken.get(level=1)
    assert (step.due_at, step.at) == (clock.due_at, monday)


def test_a_rework_keeps_what_it_was_granted(world):
    issue = world.walk("sign", "handle", condition=HEAP)
    at = w.NOW + 4 * HOUR
    issue = world.do("worker", "check", issue, at=at, passed=False, note="还有一半。")
    clock = main_clock(issue)
    say(WEDNESDAY, "holiday", at=at + HOUR)
    reckon_all(now=at + HOUR)
    again = main_clock(issue)
    assert again.granted_minutes == clock.granted_minutes < clock.limit_minutes
    assert again.due_at == work_calendar().add_working_minutes(at, clock.granted_minutes)


# A unit's own calendar.


def test_a_unit_works_by_its_own_calendar(world, own):
    issue = world.report()
    clock = main_clock(issue)
    assert clock.calendar == "own"
    assert clock.due_at == datetime(2026, 3, 10, 13, tzinfo=w.SHANGHAI)
    other = main_clock(world.report(category=w.CORRIDOR))
    assert other.calendar == "default"


def test_a_change_of_everybodys_days_reaches_the_calendars_under_them(world, own):
    issue, other = world.report(condition=HEAP), world.report(category=w.CORRIDOR)
    say(WEDNESDAY, "holiday")
    assert reckon_all(now=LATER) == 2
    assert moves(issue)[0].facts["because"]["source"] == SOURCE
    assert len(moves(other)) == 1


def test_a_change_of_its_own_days_moves_nobody_elses(world, own):
    issue, other = world.report(condition=HEAP), world.report(category=w.CORRIDOR)
    say(WEDNESDAY, "holiday", code="own")
    assert reckon_all(now=LATER) == 1
    assert moves(issue)[0].facts["because"]["calendar"] == "环卫"
    assert moves(other) == []


def test_other_hours_of_everybody_are_not_those_of_a_unit_with_its_own(world, own):
    issue, other = world.report(), world.report(category=w.CORRIDOR)
    set_spans(calendar=calendar(), spans=[(time(9), time(11))], now=LATER)
    assert reckon_all(now=LATER) == 1
    assert moves(issue) == []
    assert len(moves(other)) == 1


def test_a_limit_keeps_the_calendar_that_it_started_with(world, own):
    issue = world.report(condition=HEAP)
    issue = world.do("street", "redispatch", issue, unit="roads", reason="sent_wrong")
    due = issue.due_at
    say(WEDNESDAY, "holiday", code="own")
    assert reckon_all(now=LATER) == 1
    assert main_clock(issue).calendar == "own"
    assert Organization.objects.get(code="roads").calendar is None
    assert Issue.objects.get(pk=issue.pk).due_at != due


# Cut off in the middle.


def cut_off_after(monkeypatch, batches):
    """The process dies after so many whole batches, before the last write of the next."""
    left = iter(range(2 * batches + 1))
    really = reckoning.set_columns

    def until_death(rows, columns):
        if next(left, None) is None:
            raise SystemExit("killed")
        really(rows, columns)

    monkeypatch.setattr(reckoning, "set_columns", until_death)


def test_a_round_that_was_cut_off_goes_on_where_it_stopped(world, monkeypatch):
    monkeypatch.setattr(reckoning, "BATCH", 2)
    issues = [world.report(condition=HEAP) for _number in range(5)]
    say(WEDNESDAY, "holiday")
    with monkeypatch.context() as patch:
        cut_off_after(patch, 1)
        with pytest.raises(SystemExit):
            reckon_all(now=LATER)
    assert [len(moves(issue)) for issue in issues] == [1, 1, 0, 0, 0]
    assert reckon_all(now=LATER + MINUTE) == 3
    assert [len(moves(issue)) for issue in issues] == [1, 1, 1, 1, 1]
    for issue in issues:
        assert whole(issue).due_at == main_clock(issue).due_at


def test_what_stopped_between_two_batches_is_left_alone(world, monkeypatch):
    monkeypatch.setattr(reckoning, "BATCH", 2)
    issues = [world.report(condition=HEAP) for _number in range(4)]
    say(WEDNESDAY, "holiday")
    with monkeypatch.context() as patch:
        cut_off_after(patch, 1)
        with pytest.raises(SystemExit):
            reckon_all(now=LATER)
    stopped = main_clock(issues[3])
    world.do("street", "cancel", issues[3], at=LATER, reason="void")
    assert reckon_all(now=LATER + MINUTE) == 1
    assert issues[3].clocks.get().due_at == stopped.due_at
    assert moves(issues[3]) == []


# Two at once, each on a connection of its own.


@pytest.fixture
def shared(transactional_db):
    if connection.vendor != "postgresql":
        pytest.fail("Races need PostgreSQL: set DATABASE_URL, or run with -m 'not postgres'.")
    # A test like this leaves the tables empty, those filled by migrations too.
    seed_calendar(now=w.START)
    seed_ladders(now=w.START)
    return w.build()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_rounds_at_once_do_the_work_once(shared, together, monkeypatch):
    monkeypatch.setattr(reckoning, "BATCH", 3)
    issues = [shared.report(condition=HEAP) for _number in range(20)]
    say(WEDNESDAY, "holiday")
    outcomes = together(*[lambda: reckon_all(now=LATER)] * 3)
    assert sum(outcomes) == 20, outcomes
    assert [len(moves(issue)) for issue in issues] == [1] * 20
    for issue in issues:
        assert whole(issue).due_at == main_clock(issue).due_at


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_people_work_on_while_it_reckons(shared, together, monkeypatch):
    """A verb and a round at once: both are done, one after the other."""
    monkeypatch.setattr(reckoning, "BATCH", 2)
    issues = [shared.report(condition=HEAP) for _number in range(8)]
    say(WEDNESDAY, "holiday")

    def act():
        for issue in reversed(issues):
            shared.do("unit", "sign", issue, at=LATER)

    outcomes = together(act, lambda: reckon_all(now=LATER), lambda: sweep(now=LATER))
    assert not [one for one in outcomes if isinstance(one, Exception)], outcomes
    for issue in issues:
        stored = whole(issue)
        assert stored.state == "handling"
        assert stored.due_at == main_clock(issue).due_at
        assert len(moves(issue)) == 1


def test_later_rungs_of_a_limit_that_runs_day_and_night_follow_the_calendar_too(world):
    issue = world.report(category="")  # the desk has fifteen minutes, whatever the hour
    sweep(now=main_clock(issue).due_at)
    clock = main_clock(issue)
    assert (clock.level, clock.continuous, clock.critical) == (1, True, False)
    before = clock.next_at
    say(WEDNESDAY, "holiday")
    assert reckon_all(now=LATER) == 0
    after = main_clock(issue)
    assert (after.due_at, after.next_at) == (clock.due_at, before + timedelta(days=1))
    assert moves(issue) == []


def test_a_limit_that_cannot_be_reckoned_is_parked_and_holds_nobody_up(world, monkeypatch):
    good, bad = world.report(condition=HEAP), world.report(condition=HEAP)
    reckoned = reckoning._again

    def fails(clock, days):
        if clock.issue_id == bad.pk:
            raise ZeroDivisionError
        reckoned(clock, days)

    monkeypatch.setattr(reckoning, "_again", fails)
    say(WEDNESDAY, "holiday")
    assert reckon_all(now=LATER) == 1
    assert len(moves(good)) == 1
    assert main_clock(bad).parked_error == "ZeroDivisionError"
    assert reckon_all(now=LATER) == 0
