"""Due times: which instant lies so much working time after another?

Plain Python without Django. Nothing is rounded: a start of 09:00:30 plus one
working hour is 10:00:30. Starts are aware datetimes of any zone; results are
UTC, because Python subtracts two datetimes of one zone by their wall clocks.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import groupby, pairwise
from threading import Lock
from typing import Literal, NamedTuple, get_args
from zoneinfo import ZoneInfo

from worktime.timeline import DAY, MINUTE, SECOND, Pair, Timeline, instant, lay_out, moment

Kind = Literal["workday", "weekend", "holiday", "makeup"]
Reason = Literal["lunch", "break", "night", "weekend", "holiday"]
Unit = Literal["working_days", "working_hours", "hours", "days", "natural_days"]
UNITS: tuple[str, ...] = get_args(Unit)

# A working day is 8 working hours, whatever the spans of a day add up to.
WORKING_MINUTES = {"working_hours": 60, "working_days": 8 * 60}
CONTINUOUS_MINUTES = {"hours": 60, "days": 24 * 60}

EARLIEST_YEAR, LATEST_YEAR = 1900, 2299
MONDAY_TO_FRIDAY = 5
LUNCH_HOURS = range(11, 14)
SHANGHAI = ZoneInfo("Asia/Shanghai")
INSTANT = timedelta(microseconds=1)


class CalendarDay(NamedTuple):
    """What a date is: its kind, the holiday's name, and whether that is a guess."""

    kind: Kind
    name: str = ""
    provisional: bool = False

    @property
    def works(self) -> bool:
        return self.kind in {"workday", "makeup"}


GUESSED_WORKDAY = CalendarDay("workday", provisional=True)
GUESSED_WEEKEND = CalendarDay("weekend", provisional=True)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A period [start, end) in UTC that did not count, and why.

    `name` is the holiday's name. In a summary one row stands for `times`
    periods between start and end, which last `minutes` together.
    """

    start: datetime
    end: datetime
    reason: Reason
    name: str = ""
    minutes: int = 0
    times: int = 1


@dataclass(frozen=True, slots=True)
class Due:
    """A due time (UTC) with its explanation.

    `minutes` is the length of the limit on its own clock, in whole minutes;
    `provisional_from` the first day used whose kind is a guess, if any.
    """

    at: datetime
    minutes: int
    skipped: tuple[Skipped, ...]
    provisional_from: date | None

    @property
    def provisional(self) -> bool:
        """Whether any day between start and due time is not yet officially known."""
        return self.provisional_from is not None

    @property
    def summary(self) -> tuple[Skipped, ...]:
        """`skipped` for a person: holidays one by one, all else one row a reason."""
        rows: dict[object, Skipped] = {}
        for row in self.skipped:
            key = row.start if row.reason == "holiday" else row.reason
            if known := rows.get(key):
                row = replace(
                    known, end=row.end, minutes=known.minutes + row.minutes, times=known.times + 1
                )
            rows[key] = row
        return tuple(rows.values())


class WorkCalendar:
    """Days and the spans worked in each of them; read-only, shared by threads.

    `days` says what dates are; every other date is taken for a provisional
    workday from Monday to Friday and a provisional weekend else. `spans` are
    (starts, ends) of the wall clock in `zone`; an end of 00:00 means 24:00,
    overlapping spans count once, empty ones do not count. Raises ValueError for
    a span that ends before it starts or when no working time is left.

    Dates from 1900 to 2299 can be reached; beyond them OverflowError.
    """

    def __init__(
        self,
        *,
        days: Mapping[date, CalendarDay],
        spans: Iterable[tuple[time, time]],
        zone: tzinfo = SHANGHAI,
    ) -> None:
        self.zone = zone
        self._days = {day.toordinal(): fact for day, fact in days.items()}
        self._spans = _joined(spans)
        self._day_length = sum(end - start for start, end in self._spans)
        years = [day.year for day in days] or [EARLIEST_YEAR + 100]
        self._growing = Lock()
        self._timeline = self._laid_out((min(years), max(years) + 1))

    def day(self, date: date) -> CalendarDay:
        """What `date` is, known or guessed."""
        return self._day(date.toordinal())

    def due_at(self, start: datetime, amount: int, unit: str) -> datetime:
        """When `amount` units from `start` are over; the fast road, without reasons.

        working_days and working_hours count working time, hours and days (of 24
        hours) run on, natural_days end at 24:00 of the n-th day after. ValueError
        for a negative amount or an unknown unit.
        """
        minutes = WORKING_MINUTES.get(unit)
        if minutes is not None:
            return self.add_working_minutes(start, amount * minutes)
        if amount < 0:
            raise ValueError(f"amount is {amount}: a limit cannot be negative")
        if unit == "natural_days":
            return self._midnight(start.astimezone(self.zone).date() + timedelta(days=amount + 1))
        if unit not in CONTINUOUS_MINUTES:
            raise ValueError(f"unit is {unit!r}: use one of {', '.join(UNITS)}")
        return start.astimezone(UTC) + timedelta(minutes=amount * CONTINUOUS_MINUTES[unit])

    def due(self, start: datetime, amount: int, unit: str) -> Due:
        """As `due_at`, with the periods skipped on the way and whether it may change."""
        at = self.due_at(start, amount, unit)
        if minutes := WORKING_MINUTES.get(unit):
            return self._explained(start, at, amount * minutes)
        elapsed = (instant(at) - instant(start)) // MINUTE
        return Due(at, elapsed, skipped=(), provisional_from=None)

    def due_after_working_minutes(self, start: datetime, minutes: int) -> Due:
        """As `add_working_minutes`, explained."""
        return self._explained(start, self.add_working_minutes(start, minutes), minutes)

    def add_working_minutes(self, start: datetime, minutes: int) -> datetime:
        """The earliest instant (UTC) with `minutes` of working time since `start`.

        So a limit ends at 18:00, not at 08:00 of the next working day, and no
        minutes at all end at the start. ValueError for negative minutes.
        """
        if minutes <= 0:
            if minutes < 0:
                raise ValueError(f"minutes is {minutes}: a limit cannot be negative")
            return start.astimezone(UTC)
        at = instant(start)
        timeline = self._reaching(at)
        target = _worked(timeline, at) + minutes * MINUTE
        if target > timeline.reached[-1]:
            self._prolong(timeline, target - timeline.reached[-1])
            return self.add_working_minutes(start, minutes)
        period = bisect_left(timeline.reached, target)
        return moment(timeline.starts[period] + target - timeline.before[period])

    def provisional_from(self, start: datetime, at: datetime) -> date | None:
        """The first day from `start` to `at` whose kind is a guess, if any."""
        last = max(start, at - INSTANT)
        return next((day for day in self._dates(start, last) if self.day(day).provisional), None)

    def working_time_between(self, a: datetime, b: datetime) -> timedelta:
        """Working time from `a` to `b`, exact; negative when `b` is before `a`."""
        first, last = instant(a), instant(b)
        self._reaching(first)
        timeline = self._reaching(last)
        return timedelta(microseconds=_worked(timeline, last) - _worked(timeline, first))

    def working_minutes_between(self, a: datetime, b: datetime) -> int:
        """Whole working minutes from `a` to `b`, a begun minute left out."""
        worked = self.working_time_between(a, b)
        return worked // timedelta(minutes=1) if a <= b else -(-worked // timedelta(minutes=1))

    def _day(self, ordinal: int) -> CalendarDay:
        if known := self._days.get(ordinal):
            return known
        # Ordinal 1 is a Monday.
        return GUESSED_WORKDAY if (ordinal - 1) % 7 < MONDAY_TO_FRIDAY else GUESSED_WEEKEND

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time.min, tzinfo=self.zone).astimezone(UTC)

    def _laid_out(self, years: Pair) -> Timeline:
        if years[0] < EARLIEST_YEAR or years[1] > LATEST_YEAR:
            raise OverflowError(
                f"working time is known from {EARLIEST_YEAR} to {LATEST_YEAR}, "
                f"not from {years[0]} to {years[1]}"
            )
        return lay_out(years, lambda day: self._day(day).works, self._spans, self.zone)

    def _covering(self, first_year: int, last_year: int) -> Timeline:
        # Replaced whole, never changed, and only by a longer one: other threads read it.
        with self._growing:
            old = self._timeline
            years = min(first_year, old.first_year), max(last_year, old.last_year)
            if years != (old.first_year, old.last_year):
                self._timeline = self._laid_out(years)
            return self._timeline

    def _reaching(self, at: int) -> Timeline:
        """The timeline, made longer if `at` lies outside."""
        timeline = self._timeline
        if timeline.first <= at < timeline.last:
            return timeline
        year = moment(at).astimezone(self.zone).year
        return self._covering(year, year + 1)

    def _prolong(self, timeline: Timeline, missing: int) -> None:
        years = missing // (52 * MONDAY_TO_FRIDAY * self._day_length) + 1
        self._covering(timeline.first_year, timeline.last_year + years)

    def _explained(self, start: datetime, at: datetime, minutes: int) -> Due:
        skipped = tuple(row for gap in self._gaps(start, at) for row in self._reasons(*gap))
        return Due(at, minutes, skipped, self.provisional_from(start, at))

    def _gaps(self, start: datetime, at: datetime) -> Iterator[Pair]:
        begin, end = instant(start), instant(at)
        timeline = self._reaching(begin)
        period = bisect_right(timeline.starts, begin) - 1
        idle = max(begin, timeline.ends[period])
        for next_period in range(period + 1, bisect_left(timeline.starts, end)):
            if timeline.starts[next_period] > idle:
                yield idle, timeline.starts[next_period]
            idle = timeline.ends[next_period]

    def _reasons(self, start: int, end: int) -> Iterator[Skipped]:
        """The gap as days off of one kind and name; the nights around them join them."""
        begin, until = moment(start), moment(end)
        free = [day for day in self._dates(begin, until - INSTANT) if not self.day(day).works]
        if not free:
            yield _skipped(begin, until, self._pause(begin, until))
            return
        runs = [(fact, next(run)) for fact, run in groupby(free, key=self._why_free)]
        edges = [begin, *(self._midnight(day) for _, day in runs[1:]), until]
        for ((reason, name), _), (first, last) in zip(runs, pairwise(edges), strict=True):
            yield _skipped(first, last, reason, name)

    def _why_free(self, day: date) -> tuple[Reason, str]:
        fact = self.day(day)
        return ("holiday", fact.name) if fact.kind == "holiday" else ("weekend", "")

    def _pause(self, start: datetime, end: datetime) -> Reason:
        begin, until = start.astimezone(self.zone), end.astimezone(self.zone)
        opens = time(*divmod(self._spans[0][0] // MINUTE, 60))
        if begin.date() != until.date() or begin.time() < opens:
            return "night"
        return "lunch" if begin.hour in LUNCH_HOURS else "break"

    def _dates(self, start: datetime, end: datetime) -> Iterator[date]:
        day, last = start.astimezone(self.zone).date(), end.astimezone(self.zone).date()
        while day <= last:
            yield day
            day += timedelta(days=1)


def _worked(timeline: Timeline, at: int) -> int:
    period = bisect_right(timeline.starts, at) - 1
    end = timeline.ends[period]
    return timeline.reached[period] - (end - at if at < end else 0)


def _skipped(start: datetime, end: datetime, reason: Reason, name: str = "") -> Skipped:
    return Skipped(start, end, reason, name, minutes=(end - start) // timedelta(minutes=1))


def _joined(spans: Iterable[tuple[time, time]]) -> list[Pair]:
    """Spans as microseconds since midnight: sorted, not empty, overlaps joined."""
    joined: list[Pair] = []
    for start, end in sorted((_since_midnight(a), _since_midnight(b) or DAY) for a, b in spans):
        if end < start:
            raise ValueError("a span ends before it starts: split it at midnight")
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        elif start < end:
            joined.append((start, end))
    if not joined:
        raise ValueError("no span has any length: a calendar needs working time")
    return joined


def _since_midnight(clock: time) -> int:
    seconds = (clock.hour * 60 + clock.minute) * 60 + clock.second
    return seconds * SECOND + clock.microsecond
