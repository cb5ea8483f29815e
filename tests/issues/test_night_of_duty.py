"""Nights and holidays: what is critical climbs the roster until somebody says they heard."""

from collections import Counter
from datetime import datetime, time, timedelta

import pytest

from issues.escalation.sweep import sweep
from issues.models import Issue, Step
from issues.presenter.byitself import sentences
from issues.services.errors import Refused
from matters.models import Category
from notices.models import Notice
from partyorgs.models import Leave, Responsibility
from partyorgs.services import DutyDraft, set_duty
from tests import world as w
from worktime.models import Calendar
from worktime.services import create_calendar

COVER = "C0102"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def local(month, day, hour, minute=0):
    return datetime(2026, month, day, hour, minute, tzinfo=w.SHANGHAI)


# A Saturday in the National Day holiday.
NIGHT = local(10, 3, 22, 40)


@pytest.fixture
def night(world):
    """Covers are done by `clean`, where nobody is on the roster yet."""
    Responsibility.objects.create(
        category=Category.objects.get(code=COVER),
        level="district",
        direct=True,
        area=world.areas[w.DISTRICT],
        doer=world.orgs["clean"],
        valid_from=w.START,
    )
    return world


def on_duty(world, organization, *names, leader=None, since=NIGHT - 4 * HOUR, hours=12):
    people = [(name, place, False) for place, name in enumerate(names, start=1)]
    for name, place, leads in people + ([(leader, 1, True)] if leader else []):
        draft = DutyDraft(
            world.orgs[organization], world.user(name), since, since + hours * HOUR,
            position=place, leader=leads,
        )  # fmt: skip
        set_duty(draft=draft, by=None, now=since)


@pytest.fixture
def manned(night):
    """The unit has two on duty, the street a leader."""
    on_duty(night, "clean", "handler", "unit")
    on_duty(night, "desk-1", "street", leader="leader")
    return night


def called(issue):
    """Who was called, in the order of the calls."""
    told = Notice.objects.filter(subject_key=issue.subject_key, kind="called", channel="in_app")
    assert not told.exclude(state="sent", critical=True)
    return list(told.order_by("pk").values_list("recipient__username", flat=True))


def waits(issue):
    issue.refresh_from_db()
    running = issue.clocks.filter(kind="duty", stopped_at=None).exists()
    assert running == (issue.called_at is not None)
    return running


def sweep_each_minute(first, minutes):
    for number in range(minutes):
        sweep(now=first + number * MINUTE)


def test_a_missing_cover_on_a_saturday_night_waits_for_no_working_calendar(manned):
    issue = manned.report(at=NIGHT, category=COVER)
    clock = issue.clocks.get(kind="handle")
    assert clock.yellow_at == local(10, 4, 0, 10)
    assert clock.due_at == local(10, 4, 0, 40)
    assert not clock.provisional
    steps = {0: (0, 10), 1: (0, 40), 2: (1, 40), 3: (2, 40), 4: (4, 40)}
    for level, at in steps.items():
        sweep(now=local(10, 4, *at) - MINUTE)
        assert not clock.rungs_taken.filter(level=level).exists()
        sweep(now=local(10, 4, *at))
        step = clock.rungs_taken.get(level=level)
        assert step.at == step.due_at == local(10, 4, *at)
    escalated = Notice.objects.filter(subject_key=issue.subject_key, kind="escalated")
    assert {(row.state, row.bundle) for row in escalated} == {("sent", "")}


def test_nobody_answers_and_the_call_climbs_once_to_each(manned):
    issue = manned.report(at=NIGHT, category=COVER)
    assert called(issue) == ["handler"]
    sweep_each_minute(NIGHT, 10)
    assert called(issue) == ["handler"]
    sweep(now=NIGHT + 10 * MINUTE)
    assert called(issue) == ["handler", "unit"]
    sweep_each_minute(NIGHT + 11 * MINUTE, 9)
    assert called(issue) == ["handler", "unit"]
    sweep(now=NIGHT + 20 * MINUTE)
    assert called(issue) == ["handler", "unit", "leader"]
    sweep_each_minute(NIGHT + 21 * MINUTE, 60)
    assert called(issue) == ["handler", "unit", "leader"]
    assert waits(issue)
    assert [event.facts["level"] for event in issue.events.filter(verb="call")] == [0, 1, 2]


@pytest.mark.parametrize("minutes", [3, 10, 15, 20])
def test_who_says_that_they_heard_ends_the_climb(manned, minutes):
    issue = manned.report(at=NIGHT, category=COVER)
    at = NIGHT + minutes * MINUTE
    sweep_each_minute(NIGHT, minutes + 1)
    before = called(issue)
    manned.do("unit", "acknowledge", issue, at=at)
    assert not waits(issue)
    sweep_each_minute(at, 40)
    assert called(issue) == before
    with pytest.raises(Refused):
        manned.do("handler", "acknowledge", issue, at=at)


@pytest.mark.parametrize(
    ("name", "verb", "more"),
    [
        ("handler", "sign", {}),
        ("street", "cancel", {"reason": "void"}),
    ],
)
def test_whoever_acts_has_heard(manned, name, verb, more):
    issue = manned.report(at=NIGHT, category=COVER)
    manned.do(name, verb, issue, at=NIGHT + 2 * MINUTE, **more)
    assert not waits(issue)
    sweep_each_minute(NIGHT, 30)
    assert called(issue) == ["handler"]


def test_what_a_unit_sends_back_at_night_calls_the_desk(manned):
    issue = manned.report(at=NIGHT, category=COVER)
    manned.do("unit", "return", issue, at=NIGHT + 2 * MINUTE, reason="not_ours")
    assert waits(issue)
    assert called(issue) == ["handler", "street"]


def test_chasing_is_not_hearing(manned):
    issue = manned.report(at=NIGHT, category=COVER)
    manned.do("street", "chase", issue, at=NIGHT + MINUTE)
    assert waits(issue)


@pytest.mark.parametrize("name", ["worker", "colleague", "branch", "other-unit", "admin", "nobody"])
def test_only_those_whom_a_call_can_reach_say_that_they_heard(manned, name):
    issue = manned.report(at=NIGHT, category=COVER)
    with pytest.raises((Refused, Issue.DoesNotExist)):
        manned.do(name, "acknowledge", issue, at=NIGHT + MINUTE)
    assert waits(issue)


@pytest.mark.parametrize("name", ["handler", "unit", "street", "leader", "district"])
def test_the_unit_and_its_desks_and_leaders_say_that_they_heard(manned, name):
    issue = manned.report(at=NIGHT, category=COVER)
    manned.do(name, "acknowledge", issue, at=NIGHT + MINUTE)
    assert not waits(issue)


def test_the_stand_in_is_called_and_not_who_is_on_leave(manned):
    Leave.objects.create(
        user=manned.user("handler"), stand_in=manned.user("nobody"), valid_from=NIGHT - HOUR,
        valid_until=NIGHT + 5 * HOUR, entered_by=manned.user("admin"),
    )  # fmt: skip
    issue = manned.report(at=NIGHT, category=COVER)
    sweep_each_minute(NIGHT, 25)
    assert called(issue) == ["nobody", "unit", "leader"]
    manned.do("nobody", "sign", issue, at=NIGHT + 25 * MINUTE)
    assert not waits(issue)


def test_alone_on_duty_and_then_the_leader_who_is_called_once(night):
    on_duty(night, "clean", "handler")
    on_duty(night, "desk-1", leader="leader")
    issue = night.report(at=NIGHT, category=COVER)
    sweep_each_minute(NIGHT, 40)
    assert called(issue) == ["handler", "leader"]
    last = issue.events.filter(verb="call").last()
    assert last.facts["called"] == []
    assert "没有别的人" in sentences(last)[0]


def test_a_leader_alone_on_the_roster_is_called_at_once(night):
    on_duty(night, "desk-1", leader="leader")
    issue = night.report(at=NIGHT, category=COVER)
    sweep_each_minute(NIGHT, 40)
    assert called(issue) == ["leader"]


def test_a_new_shift_is_called_from_its_first(night):
    on_duty(night, "clean", "handler", since=NIGHT - 8 * HOUR, hours=8)
    on_duty(night, "clean", "unit", since=NIGHT, hours=8)
    on_duty(night, "desk-1", leader="leader")
    early = NIGHT - 5 * MINUTE
    issue = night.report(at=early, category=COVER)
    assert called(issue) == ["handler"]
    sweep_each_minute(early, 30)
    assert called(issue) == ["handler", "unit", "leader"]


def test_a_missed_climb_is_caught_up_in_order(manned):
    issue = manned.report(at=NIGHT, category=COVER)
    sweep(now=NIGHT + 45 * MINUTE)
    assert called(issue) == ["handler", "unit", "leader"]
    steps = Step.objects.filter(clock__issue=issue, clock__kind="duty")
    assert [(step.level, step.due_at - NIGHT) for step in steps] == [
        (1, 10 * MINUTE),
        (2, 20 * MINUTE),
    ]


def test_a_unit_without_a_roster_has_its_streets(night):
    on_duty(night, "desk-1", "street", leader="leader")
    on_duty(night, "desk-district", "district")
    issue = night.report(at=NIGHT, category=COVER)
    assert called(issue) == ["street"]
    elsewhere = night.report("outsider", at=NIGHT, category=COVER, point=w.IN_C1)
    assert called(elsewhere) == ["district"]


def test_with_nobody_on_any_roster_the_call_is_seen_and_waits(night):
    issue = night.report(at=NIGHT, category=COVER)
    assert called(issue) == ["street", "leader"]
    assert waits(issue)
    event = issue.events.get(verb="call")
    assert event.facts["called"] == []
    assert "值班表上没有人" in sentences(event)[0]
    # Somebody is put on the roster in the night.
    on_duty(night, "clean", "handler", since=NIGHT + 5 * MINUTE)
    sweep_each_minute(NIGHT, 40)
    assert called(issue) == ["street", "leader", "handler"]
    night.do("street", "acknowledge", issue, at=NIGHT + HOUR)
    assert not waits(issue)


@pytest.mark.parametrize(
    "at",
    [local(9, 29, 10), local(9, 29, 17, 58), local(10, 10, 9), local(9, 20, 15)],
    ids=["Tuesday", "before the evening", "make-up Saturday", "make-up Sunday"],
)
def test_in_working_hours_nobody_is_called(night, at):
    on_duty(night, "clean", "handler", since=at - HOUR)
    issue = night.report(at=at, category=COVER)
    assert called(issue) == []
    assert not waits(issue)


@pytest.mark.parametrize(
    "at", [local(9, 29, 12, 30), local(9, 29, 18), local(9, 26, 10), local(10, 1, 10)],
    ids=["noon", "evening", "Saturday", "holiday"],
)  # fmt: skip
def test_off_hours_somebody_is(night, at):
    on_duty(night, "clean", "handler", since=at - HOUR)
    assert called(night.report(at=at, category=COVER)) == ["handler"]


def test_the_hours_are_those_of_the_unit(manned):
    base = Calendar.objects.get(code="default")
    # Works through the holiday's nights.
    shifts = create_calendar(
        code="shifts", name="三班", base=base, spans=[(time(0), time(0))], now=w.START
    )
    shifts.days.create(date=NIGHT.date(), kind="workday")
    clean = manned.orgs["clean"]
    clean.calendar = shifts
    clean.save()
    issue = manned.report(at=NIGHT, category=COVER)
    assert called(issue) == []
    assert issue.clocks.get().due_at == NIGHT + 2 * HOUR


def test_what_is_not_critical_calls_nobody(manned):
    issue = manned.report(at=NIGHT)
    sweep_each_minute(NIGHT, 15)
    assert called(issue) == []


def test_who_made_it_urgent_at_night_calls_the_duty(manned):
    issue = manned.report(at=NIGHT - HOUR)
    assert called(issue) == []
    manned.do(
        "worker", "raise_urgency", issue, at=NIGHT, category=COVER, reason="danger"
    )  # fmt: skip
    assert called(issue) == ["handler"]
    sweep_each_minute(NIGHT, 11)
    assert called(issue) == ["handler", "unit"]


def test_another_unit_has_its_own_duty_called(manned):
    on_duty(manned, "roads", "other-unit")
    issue = manned.report(at=NIGHT, category=COVER)
    at = NIGHT + 5 * MINUTE
    manned.do("street", "redispatch", issue, at=at, unit="roads", reason="sent_wrong")
    assert called(issue) == ["handler", "other-unit"]
    first, second = issue.clocks.filter(kind="duty")
    assert (first.stopped_at, second.stopped_at) == (at, None)
    sweep_each_minute(at, 40)
    assert called(issue) == ["handler", "other-unit", "leader"]


def test_the_desk_hears_first_and_then_the_unit_it_sends_to(manned):
    issue = manned.report("branch", at=NIGHT, category=COVER)
    assert issue.state == "reported"
    assert called(issue) == ["street"]
    manned.do("street", "accept", issue, at=NIGHT + 3 * MINUTE, category=COVER)
    assert called(issue) == ["street", "handler"]
    assert waits(issue)


def test_a_matter_that_no_rule_can_send_calls_the_desk_and_no_second_time(manned):
    issue = manned.report("branch", at=NIGHT, category="C0101")
    issue = manned.do("street", "accept", issue, at=NIGHT + 3 * MINUTE, category="C0101")
    assert issue.state == "pending_dispatch"
    assert called(issue) == ["street"]
    assert not waits(issue)
    direct = manned.report(at=NIGHT, category="C0101")
    assert called(direct) == ["street"]
    manned.do("street", "dispatch", direct, at=NIGHT + MINUTE, unit="clean")
    assert called(direct) == ["street", "handler"]


def test_a_check_at_night_calls_nobody_and_a_rework_does(manned):
    issue = manned.report(at=NIGHT, category=COVER)
    manned.do("handler", "sign", issue, at=NIGHT + MINUTE)
    at = NIGHT + 50 * MINUTE
    manned.do("handler", "handle", issue, at=at, outcome="fixed", note="井盖已复位。")
    sweep_each_minute(at, 15)
    assert called(issue) == ["handler"]
    again = at + 15 * MINUTE
    manned.do("worker", "check", issue, at=again, passed=False, note="还在晃。")
    assert called(issue) == ["handler", "handler"]
    assert waits(issue)


def test_the_reminder_at_night_reaches_whoever_is_on_duty_too(night):
    on_duty(night, "clean", "unit")
    issue = night.report(at=NIGHT, category=COVER)
    sweep(now=local(10, 4, 0, 10))
    told = Notice.objects.filter(subject_key=issue.subject_key, kind="reminder", channel="in_app")
    assert set(told.values_list("recipient__username", flat=True)) == {"handler", "unit"}


def test_nobody_is_told_the_same_step_twice(manned):
    issue = manned.report(at=NIGHT, category=COVER)
    sweep_each_minute(NIGHT, 6 * 60 + 1)
    rows = Notice.objects.filter(subject_key=issue.subject_key, channel="in_app")
    said = ("kind", "recipient__username", "payload__clock", "payload__level")
    count = Counter(rows.exclude(kind="called").values_list(*said))
    assert set(count.values()) == {1}
    assert {level for _kind, _name, clock, level in count if clock == "handle"} == {0, 1, 2, 3, 4}
