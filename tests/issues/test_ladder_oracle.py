"""When a step comes: held against an oracle that counts minutes, and where clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import chinese_calendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from issues import clocks
from issues.rungs import DEFAULTS
from tests.issues.naive import OFFICE, Days, ladder
from worktime.arithmetic import CalendarDay, WorkCalendar
from worktime.seed import built_in

AMSTERDAM, NEW_YORK = ZoneInfo("Europe/Amsterdam"), ZoneInfo("America/New_York")
MINUTE = timedelta(minutes=1)
YEAR = date(2026, 1, 1)
# Beyond 2026 nothing is known: Monday to Friday.
DAYS = Days(
    YEAR,
    1100,
    works=lambda day: chinese_calendar.is_workday(day) if day.year == 2026 else day.weekday() < 5,
)
OFFICIAL = built_in()
USES = sorted(DEFAULTS)
# From a minute to 15 working days, and the limits that are in the tables.
LIMITS = st.one_of(
    st.integers(1, 7200),
    st.sampled_from([10, 15, 30, 60, 61, 120, 240, 480, 960, 2400, 4800, 7200]),
)


def rungs_of(use):
    return {
        level: clocks.Rung(base == "yellow", share, minutes)
        for level, _act, base, share, minutes, *_people in DEFAULTS[use]
    }


def taken(use, limit, *, granted, continuous, critical, at, calendar):
    """The product's own: yellow, due and every rung."""
    due = clocks.start(clocks.Limit(granted, continuous), at=at, calendar=calendar)
    whole = clocks.Limit(limit, continuous)
    rungs = {
        level: clocks.rung_at(rung, due, limit=whole, critical=critical, calendar=calendar)
        for level, rung in rungs_of(use).items()
    }
    return due.yellow_at, due.due_at, rungs


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(
    use=st.sampled_from(USES),
    limit=LIMITS,
    share=st.integers(25, 100),
    continuous=st.booleans(),
    critical=st.booleans(),
    start=st.integers(0, 365 * 1440 - 1),
)
def test_every_rung_of_2026_is_where_the_oracle_counts_it(
    use, limit, share, continuous, critical, start
):
    granted = max(1, limit * share // 100)
    known = {"limit": limit, "granted": granted, "continuous": continuous, "critical": critical}
    expected = ladder(DAYS, start, use=use, **known)
    at = DAYS.moment(start)
    yellow, due, rungs = taken(use, at=at, calendar=OFFICIAL, **known)
    assert DAYS.number(yellow) == expected.yellow
    assert DAYS.number(due) == expected.due
    assert {level: DAYS.number(at) for level, at in rungs.items()} == expected.rungs


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(
    use=st.sampled_from(USES),
    limit=LIMITS,
    share=st.integers(25, 100),
    continuous=st.booleans(),
    critical=st.booleans(),
    # Seconds and less too: a report does not come at a whole minute.
    since=st.timedeltas(timedelta(), timedelta(days=730)),
)
def test_the_rungs_of_a_limit_come_in_their_order(use, limit, share, continuous, critical, since):
    at = datetime(2026, 1, 1, tzinfo=UTC) + since
    granted = max(1, limit * share // 100)
    known = {"limit": limit, "granted": granted, "continuous": continuous, "critical": critical}
    yellow, due, rungs = taken(use, at=at, calendar=OFFICIAL, **known)
    order = [at, yellow, due, *(rungs[level] for level in sorted(rungs) if level > 1)]
    assert order == sorted(order)
    assert rungs.get(0, yellow) == yellow
    assert rungs[1] == due


@pytest.mark.parametrize(
    ("limit", "continuous", "used"),
    [(480, False, 360), (240, False, 180), (120, False, 60), (60, False, 0), (2400, False, 1800)]
    + [(120, True, 90), (60, True, 45), (30, True, 15), (15, True, 0), (240, True, 180)],
)
def test_yellow_comes_at_three_quarters_and_in_any_case_an_hour_before(limit, continuous, used):
    start = DAYS.number(datetime(2026, 3, 10, tzinfo=UTC))  # 08:00 in Shanghai
    found = ladder(DAYS, start, limit=limit, continuous=continuous, critical=continuous)
    assert found.yellow == (start + used if continuous else DAYS.after(start, used))
    yellow, _due, _rungs = taken(
        "limit", limit, granted=limit, continuous=continuous, critical=continuous,
        at=DAYS.moment(start), calendar=OFFICIAL,
    )  # fmt: skip
    assert DAYS.number(yellow) == found.yellow


def test_the_default_ladder_is_that_of_the_rules():
    """L2 at half the limit and a working day, L3 at the whole and 3, L4 at twice and 5."""
    assert [row[:5] for row in DEFAULTS["limit"]] == [
        (0, "remind", "yellow", 0, 0),
        (1, "chase", "due", 0, 0),
        (2, "supervise", "due", 50, 480),
        (3, "escalate", "due", 100, 1440),
        (4, "escalate", "due", 200, 2400),
    ]
    assert [row[7] for row in DEFAULTS["limit"]] == [False, False, False, True, True]


def works(zone, moment, days):
    """Whether the minute that begins now is worked, by the clock on the wall."""
    wall = moment.astimezone(zone)
    inside = any(a <= wall.time() < b for a, b in OFFICE + NIGHT)
    return inside and days[wall.date()]


# A night shift over the hour that is missing or comes twice.
NIGHT = ((time(1), time(4)),)
CHANGES = {
    "Amsterdam, forward": (AMSTERDAM, date(2026, 3, 29)),
    "Amsterdam, back": (AMSTERDAM, date(2026, 10, 25)),
    "New York, forward": (NEW_YORK, date(2026, 3, 8)),
    "New York, back": (NEW_YORK, date(2026, 11, 1)),
}


def elapsed(a, b):
    """Minutes that really went by; two times of one zone are subtracted by the wall."""
    return (b.astimezone(UTC) - a.astimezone(UTC)) / MINUTE


@pytest.mark.parametrize("change", CHANGES)
@settings(max_examples=12, deadline=None, derandomize=True, database=None)
@given(
    before=st.integers(0, 2 * 1440),
    limit=st.integers(1, 300),
    own=st.booleans(),
    critical=st.booleans(),
)
def test_no_step_is_early_and_none_is_lost_where_clocks_change(
    change, before, limit, own, critical
):
    """`own`: the start is given in the zone itself, whose hour then comes twice."""
    zone, day = CHANGES[change]
    days = {day + timedelta(days=n): n % 4 != 3 for n in range(-5, 25)}
    facts = {key: CalendarDay("workday" if on else "weekend") for key, on in days.items()}
    calendar = WorkCalendar(days=facts, spans=(*OFFICE, *NIGHT), zone=zone)
    noon = datetime.combine(day, OFFICE[0][1], tzinfo=zone).astimezone(UTC)
    start = noon - timedelta(minutes=before)
    at = start.astimezone(zone) if own else start

    def walk(since, minutes):
        while minutes:
            minutes -= works(zone, since, days)
            since += MINUTE
        return since

    for continuous in (True, False):
        _yellow, due, rungs = taken(
            "limit", limit, granted=limit, continuous=continuous, critical=critical,
            at=at, calendar=calendar,
        )  # fmt: skip
        share = -(-limit // 2)
        if continuous:
            assert elapsed(start, due) == limit
            by_share = due + timedelta(minutes=share)
        else:
            assert due == walk(start, limit)
            by_share = walk(due, share)
        assert rungs[2] == (by_share if critical else max(by_share, walk(due, 480)))
        order = [start, rungs[0], rungs[1], rungs[2], rungs[3], rungs[4]]
        assert all(elapsed(a, b) >= 0 for a, b in zip(order, order[1:], strict=False))


@pytest.mark.parametrize("zone", [AMSTERDAM, NEW_YORK], ids=str)
def test_minutes_left_are_those_that_really_remain(zone):
    """A rework in the night of the change gets neither an hour more nor less."""
    day = next(day for name, (own, day) in CHANGES.items() if own is zone and "back" in name)
    calendar = WorkCalendar(days={}, spans=OFFICE, zone=zone)
    a = datetime(day.year, day.month, day.day, 0, 30, tzinfo=zone)
    b = datetime(day.year, day.month, day.day, 6, 30, tzinfo=zone)
    assert clocks.between(a, b, continuous=True, calendar=calendar) == 420
    assert clocks.between(b, a, continuous=True, calendar=calendar) == -420
