import csv
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain, combinations
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worktime import seed
from worktime.arithmetic import UNITS, CalendarDay, WorkCalendar

MINUTE = timedelta(minutes=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NEW_YORK = ZoneInfo("America/New_York")
APIA = ZoneInfo("Pacific/Apia")
OFFICE = ((time(8), time(12)), (time(14), time(18)))
ALL_DAY = ((time(0), time(0)),)
NIGHT = ((time(0), time(2, 30)), (time(22), time(0)))
SMALL_HOURS = ((time(1, 15), time(3, 45)), (time(9), time(10)))
SPANS = {"office": OFFICE, "all day": ALL_DAY, "night": NIGHT, "small hours": SMALL_HOURS}
OFFICIAL = seed.built_in()
SUMMER_TIMES = [
    date(1986, 5, 2), date(1986, 9, 12), date(1987, 4, 10), date(1987, 9, 11),
    date(1988, 4, 15), date(1988, 9, 9), date(1989, 4, 14), date(1989, 9, 15),
    date(1990, 4, 13), date(1991, 4, 12), date(1991, 9, 13),
]  # fmt: skip
WEEKDAY_SETS = list(chain.from_iterable(combinations(range(7), n) for n in range(1, 8)))
VECTORS = list(
    csv.DictReader((Path(__file__).parent / "data" / "due_times.csv").open(encoding="utf-8"))
)


def local(text, zone=SHANGHAI):
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def said(moment, zone=SHANGHAI):
    return moment.astimezone(zone).isoformat(" ", "minutes")[:16]


def walk(days, spans, zone, start, minutes):
    """Count working minutes one after another by the clock on the wall."""
    at = start.astimezone(UTC)
    while minutes:
        wall = at.astimezone(zone)
        works = days.get(wall.date())
        if works is None:
            works = wall.isoweekday() not in {6, 7}
        clock = wall.time()
        if works and any(a <= clock and (clock < b or b == time(0)) for a, b in spans):
            minutes -= 1
        at += MINUTE
    return at


def calendar_of(works, spans, zone):
    days = {day: CalendarDay("workday" if on else "weekend") for day, on in works.items()}
    return WorkCalendar(days=days, spans=spans, zone=zone)


def days_from(first, count):
    return [first + timedelta(days=number) for number in range(count)]


@pytest.mark.parametrize("row", VECTORS, ids=lambda row: row["note"])
def test_a_known_due_time_is_found(row):
    due = OFFICIAL.due(local(row["start_local"]), int(row["working_hours"]), "working_hours")

    assert said(due.at) == row["due_local"]
    assert due.minutes == 60 * int(row["working_hours"])
    assert not due.provisional


def test_a_limit_over_the_end_of_the_known_years_is_provisional_from_new_year():
    due = OFFICIAL.due(local("2026-12-25 09:00"), 15, "working_days")

    assert said(due.at) == "2027-01-15 09:00"
    assert due.provisional
    assert due.provisional_from == date(2027, 1, 1)


def test_a_limit_that_ends_with_the_last_known_day_is_not_provisional():
    due = OFFICIAL.due(local("2026-12-31 14:00"), 4, "working_hours")

    assert said(due.at) == "2026-12-31 18:00"
    assert not due.provisional


def test_a_day_that_ends_at_midnight_does_not_use_the_next_day():
    calendar = WorkCalendar(days=seed.days_of([2026]), spans=ALL_DAY)

    due = calendar.due(local("2026-12-31 20:00"), 4, "working_hours")

    assert said(due.at) == "2027-01-01 00:00"
    assert not due.provisional


@settings(max_examples=150, deadline=None)
@given(
    first=st.sampled_from(
        # Weeks in which clocks change, a date is missing, or nothing happens.
        [
            (date(2026, 3, 27), AMSTERDAM),
            (date(2026, 10, 23), AMSTERDAM),
            (date(2026, 3, 6), NEW_YORK),
            (date(2026, 10, 30), NEW_YORK),
            (date(2011, 12, 29), APIA),
            (date(2026, 2, 12), SHANGHAI),
            (date(1990, 9, 14), SHANGHAI),
            # China had summer time in these years.
            *((day, SHANGHAI) for day in SUMMER_TIMES),
        ]
    ),
    works=st.lists(st.booleans(), min_size=1, max_size=9),
    spans=st.sampled_from(list(SPANS.values())),
    offset=st.integers(-3 * 1440, 6 * 1440),
    minutes=st.integers(1, 3000),
)
def test_a_due_time_is_where_a_walk_over_the_minutes_ends(first, works, spans, offset, minutes):
    day, zone = first
    known = dict(zip(days_from(day, len(works)), works, strict=True))
    start = datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC) + offset * MINUTE

    due = calendar_of(known, spans, zone).add_working_minutes(start, minutes)

    assert due == walk(known, spans, zone, start, minutes)


@settings(max_examples=60, deadline=None)
@given(
    edges=st.lists(st.integers(0, 1440), min_size=2, max_size=8, unique=True),
    offset=st.integers(0, 30 * 1440),
    minutes=st.integers(1, 1500),
)
def test_any_spans_agree_with_the_walk(edges, offset, minutes):
    start = local("2026-01-30 00:00") + offset * MINUTE
    edges = sorted(edges)[: len(edges) // 2 * 2]
    clocks = [time(edge // 60 % 24, edge % 60) for edge in edges]
    spans = tuple(zip(clocks[::2], clocks[1::2], strict=True))
    if sum(b - a for a, b in zip(edges[::2], edges[1::2], strict=True)) < 60:
        minutes = 1 + minutes % 60
    works = {day: fact.works for day, fact in seed.days_of([2026]).items()}

    due = calendar_of(works, spans, SHANGHAI).add_working_minutes(start, minutes)

    assert due == walk(works, spans, SHANGHAI, start, minutes)


def test_summer_time_in_china_is_among_the_weeks_tried():
    for friday in SUMMER_TIMES:
        nights = [datetime.combine(day, time.min, tzinfo=SHANGHAI) for day in days_from(friday, 5)]
        assert len({night.utcoffset() for night in nights}) == 2, friday


@settings(max_examples=40, deadline=None)
@given(
    zone=st.sampled_from([AMSTERDAM, NEW_YORK, SHANGHAI]),
    year=st.integers(1986, 1991),
    offset=st.integers(0, 364 * 1440),
    minutes=st.integers(0, 20_000),
    spans=st.sampled_from(list(SPANS.values())),
)
def test_between_takes_back_what_add_gave_in_years_of_summer_time(
    zone, year, offset, minutes, spans
):
    calendar = WorkCalendar(days={}, spans=spans, zone=zone)
    start = datetime(year, 1, 1, tzinfo=zone).astimezone(UTC) + offset * MINUTE

    due = calendar.add_working_minutes(start, minutes)

    assert calendar.working_minutes_between(start, due) == minutes


@settings(max_examples=60, deadline=None)
@given(
    offset=st.integers(0, 300 * 1440),
    minutes=st.integers(0, 10_000),
    zone=st.sampled_from([AMSTERDAM, NEW_YORK, SHANGHAI]),
)
def test_a_calendar_open_day_and_night_is_the_plain_clock(offset, minutes, zone):
    days = {day: CalendarDay("workday") for day in days_from(date(2025, 12, 31), 400)}
    calendar = WorkCalendar(days=days, spans=ALL_DAY, zone=zone)
    start = datetime(2026, 1, 1, tzinfo=zone).astimezone(UTC) + offset * MINUTE

    assert calendar.add_working_minutes(start, minutes) == start + minutes * MINUTE


def test_the_last_minute_before_midnight_is_worked():
    days = {day: CalendarDay("workday") for day in days_from(date(2026, 3, 1), 30)}
    calendar = WorkCalendar(days=days, spans=ALL_DAY)

    due = calendar.add_working_minutes(local("2026-03-10 23:59"), 1)

    assert due == local("2026-03-11 00:00")
    assert calendar.working_minutes_between(local("2026-03-10 23:58"), due) == 2


def test_every_set_of_weekdays_agrees_with_the_walk():
    chance = Random(127)
    assert len(WEEKDAY_SETS) == 127
    for weekdays in WEEKDAY_SETS:
        known = {day: day.weekday() in weekdays for day in days_from(date(2026, 4, 1), 60)}
        start = local("2026-04-01 00:00") + chance.randrange(14 * 1440) * MINUTE
        minutes = chance.randrange(1, 1200)

        due = calendar_of(known, OFFICE, SHANGHAI).add_working_minutes(start, minutes)

        assert due == walk(known, OFFICE, SHANGHAI, start, minutes), weekdays


moments = st.timedeltas(timedelta(0), timedelta(days=2900)).map(
    lambda since: local("2020-01-01 00:00") + since
)


@given(start=moments, minutes=st.integers(0, 50_000))
def test_between_takes_back_what_add_gave_to_the_microsecond(start, minutes):
    due = OFFICIAL.add_working_minutes(start, minutes)

    assert OFFICIAL.working_time_between(start, due) == minutes * MINUTE
    assert OFFICIAL.working_minutes_between(start, due) == minutes
    assert OFFICIAL.working_minutes_between(due, start) == -minutes


@given(start=moments, minutes=st.integers(1, 50_000))
def test_a_due_time_is_the_earliest_possible(start, minutes):
    due = OFFICIAL.add_working_minutes(start, minutes)

    just_before = due - timedelta(microseconds=1)
    assert OFFICIAL.working_time_between(start, just_before) < minutes * MINUTE


@given(
    start=moments,
    later=st.timedeltas(timedelta(0), timedelta(days=20)),
    amount=st.integers(0, 60),
    more=st.integers(0, 20),
    unit=st.sampled_from(UNITS),
)
def test_a_later_start_or_a_longer_limit_is_never_due_earlier(start, later, amount, more, unit):
    due = OFFICIAL.due_at(start, amount, unit)

    assert OFFICIAL.due_at(start + later, amount, unit) >= due
    assert OFFICIAL.due_at(start, amount + more, unit) >= due
    assert due >= start


@given(start=moments, hours=st.integers(0, 200))
def test_skipped_and_worked_time_add_up_to_all_time(start, hours):
    due = OFFICIAL.due(start.replace(second=0, microsecond=0), hours, "working_hours")

    elapsed = due.at - start.replace(second=0, microsecond=0)
    assert sum(row.minutes for row in due.skipped) + due.minutes == elapsed / MINUTE
    assert sum(row.minutes for row in due.summary) + due.minutes == elapsed / MINUTE
    assert all(a.end <= b.start for a, b in zip(due.skipped, due.skipped[1:], strict=False))
    assert due.at == OFFICIAL.due_at(start.replace(second=0, microsecond=0), hours, "working_hours")


def test_seconds_are_kept():
    due = OFFICIAL.due_at(local("2026-03-10 09:00:30"), 1, "working_hours")

    assert due == local("2026-03-10 10:00:30")


def test_seconds_before_the_lunch_break_are_worked_off_after_it():
    due = OFFICIAL.due_at(local("2026-03-10 11:30:30"), 1, "working_hours")

    assert due == local("2026-03-10 14:30:30")


def test_half_a_minute_of_work_is_no_whole_minute():
    start = local("2026-03-10 11:59:30")

    assert OFFICIAL.working_minutes_between(start, local("2026-03-10 14:00")) == 0
    assert OFFICIAL.working_time_between(start, local("2026-03-10 14:00")) == MINUTE / 2


def test_a_working_day_is_eight_hours_even_where_people_work_round_the_clock():
    days = {day: CalendarDay("workday") for day in days_from(date(2026, 3, 1), 30)}
    calendar = WorkCalendar(days=days, spans=ALL_DAY)

    due = calendar.due(local("2026-03-10 09:00"), 4, "working_days")

    assert said(due.at) == "2026-03-11 17:00"
    assert due.skipped == ()


@pytest.mark.parametrize(
    ("amount", "unit", "due"),
    [
        (36, "hours", "2026-02-15 21:30"),
        (2, "days", "2026-02-16 09:30"),
        (0, "natural_days", "2026-02-15 00:00"),
        (3, "natural_days", "2026-02-18 00:00"),
        (0, "working_days", "2026-02-14 09:30"),
        (0, "hours", "2026-02-14 09:30"),
    ],
)
def test_units_have_their_own_clocks(amount, unit, due):
    found = OFFICIAL.due(local("2026-02-14 09:30"), amount, unit)

    assert said(found.at) == due
    assert found.skipped == ()
    assert not found.provisional


def test_continuous_days_have_24_hours_and_natural_days_end_at_midnight_when_clocks_change():
    calendar = WorkCalendar(days={}, spans=OFFICE, zone=AMSTERDAM)
    start = local("2026-03-28 12:00", AMSTERDAM)

    assert said(calendar.due_at(start, 1, "days"), AMSTERDAM) == "2026-03-29 13:00"
    assert said(calendar.due_at(start, 1, "natural_days"), AMSTERDAM) == "2026-03-30 00:00"


def test_the_same_instant_gives_the_same_due_time_in_whatever_zone_it_is_written():
    start = local("2026-03-10 09:00")

    for zone in (UTC, AMSTERDAM, NEW_YORK):
        due = OFFICIAL.due_at(start.astimezone(zone), 3, "working_days")
        assert due == OFFICIAL.due_at(start, 3, "working_days")
        assert due.tzinfo is UTC


@pytest.mark.parametrize("year", [1950, 2019, 2029, 2040, 2200])
def test_a_start_outside_the_known_days_is_counted_monday_to_friday(year):
    calendar = WorkCalendar(days=seed.days_of([2026]), spans=OFFICE)
    monday = date.fromisocalendar(year, 20, 1)

    due = calendar.due(datetime.combine(monday, time(9), tzinfo=SHANGHAI), 5, "working_days")

    assert due.at.astimezone(SHANGHAI).date() == monday + timedelta(days=7)
    assert due.provisional_from == monday


def test_threads_that_make_the_timeline_longer_at_once_all_get_the_same_answers():
    starts = [local(f"{year}-06-01 09:00") for year in (1990, 2010, 2031, 2045, 2060) * 4]
    alone = [WorkCalendar(days={}, spans=OFFICE).due(start, 40, "working_days") for start in starts]
    shared = WorkCalendar(days={}, spans=OFFICE)

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda start: shared.due(start, 40, "working_days"), starts))

    assert together == alone


def test_a_limit_far_beyond_the_known_days_is_reached_at_once():
    due = OFFICIAL.due_at(local("2026-12-25 09:00"), 10_000, "working_days")

    assert said(due) == said(
        OFFICIAL.due_at(
            OFFICIAL.due_at(local("2026-12-25 09:00"), 4_000, "working_days"), 6_000, "working_days"
        )
    )


@pytest.mark.parametrize("unit", UNITS)
def test_a_limit_beyond_all_calendars_is_an_overflow(unit):
    with pytest.raises(OverflowError):
        OFFICIAL.due_at(local("2026-12-25 09:00"), 10**14, unit)


@pytest.mark.parametrize("unit", UNITS)
def test_a_negative_limit_is_refused(unit):
    with pytest.raises(ValueError, match="negative"):
        OFFICIAL.due_at(local("2026-12-25 09:00"), -1, unit)


def test_an_unknown_unit_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="natural_days"):
        OFFICIAL.due_at(local("2026-12-25 09:00"), 1, "weeks")


def test_a_start_without_a_zone_is_refused():
    with pytest.raises(TypeError, match="naive"):
        OFFICIAL.due_at(datetime(2026, 3, 10, 9), 1, "working_days")  # noqa: DTZ001


@pytest.mark.parametrize("spans", [(), ((time(9), time(9)),)])
def test_a_calendar_needs_working_time(spans):
    with pytest.raises(ValueError, match="working time"):
        WorkCalendar(days={}, spans=spans)


def test_a_span_over_midnight_is_refused():
    with pytest.raises(ValueError, match="midnight"):
        WorkCalendar(days={}, spans=[(time(22), time(6))])


def test_empty_and_overlapping_spans_count_once():
    odd = [(time(13), time(18)), (time(8), time(12)), (time(14), time(15)), (time(9), time(9))]
    even = [(time(8), time(12)), (time(13), time(18))]
    start = local("2026-03-10 07:00")

    assert WorkCalendar(days={}, spans=odd).due(start, 30, "working_hours") == WorkCalendar(
        days={}, spans=even
    ).due(start, 30, "working_hours")


def reasons(due):
    return [(row.reason, row.name, said(row.start), said(row.end)) for row in due.skipped]


def test_skipped_periods_say_why():
    due = OFFICIAL.due(local("2026-03-13 11:00"), 9, "working_hours")

    assert reasons(due) == [
        ("lunch", "", "2026-03-13 12:00", "2026-03-13 14:00"),
        ("weekend", "", "2026-03-13 18:00", "2026-03-16 08:00"),
    ]


def test_early_morning_and_night_are_nights():
    due = OFFICIAL.due(local("2026-03-10 07:00"), 9, "working_hours")

    assert reasons(due) == [
        ("night", "", "2026-03-10 07:00", "2026-03-10 08:00"),
        ("lunch", "", "2026-03-10 12:00", "2026-03-10 14:00"),
        ("night", "", "2026-03-10 18:00", "2026-03-11 08:00"),
    ]


def test_a_weekend_beside_a_holiday_is_told_apart_and_the_nights_join_them():
    due = OFFICIAL.due(local("2024-12-31 17:00"), 17, "working_hours")
    days = {
        date(2026, 5, 1): CalendarDay("holiday", "劳动节"),
        date(2026, 5, 2): CalendarDay("weekend"),
        date(2026, 5, 3): CalendarDay("weekend"),
    }
    mixed = WorkCalendar(days=days, spans=OFFICE).due(local("2026-04-30 17:00"), 2, "working_hours")

    assert ("holiday", "元旦", "2024-12-31 18:00", "2025-01-02 08:00") in reasons(due)
    assert reasons(mixed) == [
        ("holiday", "劳动节", "2026-04-30 18:00", "2026-05-02 00:00"),
        ("weekend", "", "2026-05-02 00:00", "2026-05-04 08:00"),
    ]


def test_a_short_pause_is_no_lunch():
    spans = [(time(8), time(10)), (time(10, 15), time(18))]

    due = WorkCalendar(days={}, spans=spans).due(local("2026-03-10 09:00"), 2, "working_hours")

    assert reasons(due) == [("break", "", "2026-03-10 10:00", "2026-03-10 10:15")]


def test_a_summary_has_one_row_a_reason_and_one_a_holiday():
    due = OFFICIAL.due(local("2026-09-23 17:00"), 15, "working_days")

    assert [(row.reason, row.name, row.times, row.minutes // 60) for row in due.summary] == [
        ("night", "", 11, 154),
        ("lunch", "", 15, 30),
        ("holiday", "中秋节", 1, 86),
        ("holiday", "国庆节", 1, 182),
        ("weekend", "", 2, 100),
    ]


def test_minutes_can_be_explained_too():
    due = OFFICIAL.due_after_working_minutes(local("2026-03-10 11:30"), 90)

    assert said(due.at) == "2026-03-10 15:00"
    assert due.minutes == 90
    assert [row.reason for row in due.skipped] == ["lunch"]
