"""Reads: the calendars of this process, loaded again when they have changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import blake2b
from typing import cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q, QuerySet

from worktime import seed
from worktime.arithmetic import CalendarDay, Kind, WorkCalendar
from worktime.models import DEFAULT, Calendar, Change, Day

# A notice for the next year usually comes in November; from then on it is missed.
WARN_DAYS = 60
BUILT_IN = "built-in"

_loaded: dict[str, tuple[str, WorkCalendar]] = {}


@dataclass(frozen=True)
class Reach:
    """How far the days are officially known: without a gap from today until `known_until`.

    None and no days left where today itself is a guess. `warn` when fewer than
    60 days are left.
    """

    known_until: date | None
    days_left: int
    warn: bool


@dataclass(frozen=True)
class Difference:
    """A date that would become other than it is."""

    date: date
    before: CalendarDay
    after: CalendarDay


def work_calendar(code: str = DEFAULT) -> WorkCalendar:
    """The calendar called `code`: one small query while it and its base do not change.

    A loop takes it once and passes it on. The default calendar answers from the
    built-in table where the database has none; any other code that does not
    exist raises Calendar.DoesNotExist.
    """
    return stamped_calendar(code)[1]


def stamped_calendar(code: str = DEFAULT) -> tuple[str, WorkCalendar]:
    """As `work_calendar`, with the stamp of what it holds."""
    stamp = stamp_of(code)
    return stamp, _kept(code, stamp)


def work_calendars() -> dict[str, WorkCalendar]:
    """All calendars by code, in one small query while none changes."""
    return {code: _kept(code, stamp) for code, stamp in calendar_stamps().items()}


def stamp_of(code: str = DEFAULT) -> str:
    """A short text that is other whenever the calendar or its base has changed.

    Calendar.DoesNotExist as in `work_calendar`.
    """
    row = Calendar.objects.filter(code=code).values_list("stamp", "base__stamp").first()
    if row is None and code != DEFAULT:
        raise Calendar.DoesNotExist(f"no calendar has the code {code!r}")
    return _effective(*row) if row else BUILT_IN


def calendar_stamps() -> dict[str, str]:
    """`stamp_of` every calendar by its code, in one query; the default is always among them."""
    rows = Calendar.objects.order_by("pk").values_list("code", "stamp", "base__stamp")
    stamps = {code: _effective(own, base) for code, own, base in rows}
    return stamps if DEFAULT in stamps else {DEFAULT: BUILT_IN} | stamps


def changes_since(*, code: str, at: datetime) -> list[Change]:
    """What changed in a calendar at `at` or later, newest first; its base's days included."""
    return list(_changes(code).filter(at__gte=at))


def latest_changes(code: str, count: int) -> list[Change]:
    """The last changes of a calendar and of its base's days, newest first."""
    return list(_changes(code)[:count])


def reach(code: str, today: date) -> Reach:
    """How far the calendar called `code` is known from `today` on, and whether to warn."""
    return reach_of(work_calendar(code), today)


def reach_of(calendar: WorkCalendar, today: date) -> Reach:
    """As `reach`, of a calendar that is at hand."""
    day = today
    while not calendar.day(day).provisional:
        day += timedelta(days=1)
    left = (day - today).days - 1
    if left < 0:
        return Reach(known_until=None, days_left=0, warn=True)
    return Reach(known_until=day - timedelta(days=1), days_left=left, warn=left < WARN_DAYS)


def days_between(calendar: Calendar, first: date, last: date) -> dict[date, Day]:
    """The stored days from `first` to `last`, both included: its own, else its base's."""
    sources = [pk for pk in (calendar.base_id, calendar.pk) if pk]
    rows = Day.objects.filter(calendar_id__in=sources, date__range=(first, last))
    own_last = sorted(rows, key=lambda row: row.calendar_id == calendar.pk)
    return {row.date: row for row in own_last}


def differences(calendar: Calendar, days: dict[date, CalendarDay]) -> list[Difference]:
    """Which of `days` are not what the calendar says now, by date."""
    known = work_calendar(calendar.code)
    rows = (Difference(day, known.day(day), fact) for day, fact in sorted(days.items()))
    return [row for row in rows if row.before != row.after]


def source_counts(days: Iterable[Day]) -> dict[str, int]:
    """How many of `days` come from each source, in the order of their dates."""
    counts: dict[str, int] = {}
    for day in days:
        counts[day.source] = counts.get(day.source, 0) + 1
    return counts


def _changes(code: str) -> QuerySet[Change]:
    of_base = Q(calendar__derived__code=code) & ~Q(kind=Change.Kind.SPANS)
    rows = Change.objects.filter(Q(calendar__code=code) | of_base)
    return rows.select_related("calendar").distinct()


def _effective(own: UUID, base: UUID | None) -> str:
    return blake2b(own.bytes + base.bytes, digest_size=16).hexdigest() if base else own.hex


def _kept(code: str, stamp: str) -> WorkCalendar:
    kept = _loaded.get(code)
    if kept is None or kept[0] != stamp:
        kept = _loaded[code] = (stamp, seed.built_in() if stamp == BUILT_IN else _load(code))
    return kept[1]


def _load(code: str) -> WorkCalendar:
    calendar = Calendar.objects.select_related("base").get(code=code)
    days: dict[date, CalendarDay] = {}
    for source in filter(None, (calendar.base, calendar)):
        for day, kind, name, provisional in source.days.values_list(
            "date", "kind", "name", "provisional"
        ):
            days[day] = CalendarDay(cast("Kind", kind), name, provisional)
    return WorkCalendar(
        days=days,
        spans=list(calendar.spans.values_list("starts", "ends")),
        zone=ZoneInfo(settings.TIME_ZONE),
    )
