"""The weekly sheet: what was filed, handled and closed late, by unit, and what is late now."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from issues.briefs.chairs import Chair
from issues.briefs.daily import late_rows, with_holders
from issues.models import Clock, Event, Issue
from issues.queries import Row
from issues.workflow import State, Verb
from partyorgs.models import Organization

WEEK = timedelta(weeks=1)
NAMED = re.compile(r"(\d{4})-W(\d{2})", re.ASCII)
EARLIEST = date(2000, 1, 3)


@dataclass(frozen=True)
class Week:
    """Monday to Sunday on the deployment's wall clock; `monday` is its first day."""

    monday: date

    @property
    def name(self) -> str:
        """As ISO 8601 and the address write it: 2026-W47."""
        year, number, _day = self.monday.isocalendar()
        return f"{year}-W{number:02}"

    @property
    def sunday(self) -> date:
        return self.monday + timedelta(days=6)

    @property
    def range(self) -> tuple[datetime, datetime]:
        """Its half-open range of instants."""
        zone = timezone.get_default_timezone()
        start, end = (
            datetime.combine(day, time.min, tzinfo=zone)
            for day in (self.monday, self.monday + WEEK)
        )
        return start, end

    @property
    def before(self) -> "Week":
        return Week(self.monday - WEEK)

    @property
    def after(self) -> "Week":
        return Week(self.monday + WEEK)


def this_week(now: datetime) -> Week:
    """The week that `now` lies in."""
    today = timezone.localdate(now, timezone.get_default_timezone())
    return Week(today - timedelta(days=today.weekday()))


def week_named(name: str, *, now: datetime) -> Week | None:
    """The week of an address; None for what is no week, lies ahead or before all records."""
    said = NAMED.fullmatch(name)
    try:
        monday = date.fromisocalendar(int(said[1]), int(said[2]), 1) if said else None
    except ValueError:
        return None
    if monday is None or not EARLIEST <= monday <= this_week(now).monday:
        return None
    return Week(monday)


@dataclass(frozen=True)
class UnitWeek:
    """One unit's week. `late` is as it stands now; `unit` None: sent to nobody yet."""

    unit: Organization | None
    filed: int
    handled: int
    late: int
    closed_late: int
    returned: int


@dataclass(frozen=True)
class Sheet:
    """A chair's week. `late` are rows with `holder_name`; `more`: not all late ones are in it."""

    chair: Chair
    units: list[UnitWeek]
    late: list[Row]
    more: bool


def sheet_of(chair: Chair, *, week: Week, now: datetime, most: int) -> Sheet:
    """A chair's week with up to `most` of its late issues; ten queries at most."""
    rows = late_rows(chair, now=now, most=most + 1)
    return Sheet(
        chair=chair,
        units=_units(chair, week=week, now=now),
        late=with_holders(rows[:most]),
        more=len(rows) > most,
    )


def _units(chair: Chair, *, week: Week, now: datetime) -> list[UnitWeek]:
    start, end = week.range
    issues = Issue.objects.filter(chair.part)
    counts: dict[str, dict[int | None, int]] = {
        "filed": _by_unit(issues.filter(created_at__gte=start, created_at__lt=end)),
        "handled": _by_unit(issues.filter(handled_at__gte=start, handled_at__lt=end)),
        "late": _by_unit(issues.filter(is_open=True, due_at__lte=now)),
        "closed_late": _by_unit(_closed_late(issues, start, end)),
        "returned": _by_unit(_returns(issues, start, end)),
    }
    ids = {unit for by_unit in counts.values() for unit in by_unit}
    named = Organization.objects.in_bulk(ids - {None})
    lines = [
        UnitWeek(
            unit=named.get(key or 0),
            **{name: by_unit[key] for name, by_unit in counts.items()},
        )
        for key in ids
    ]
    return sorted(lines, key=lambda line: (line.unit is None, line.unit.name if line.unit else ""))


def _closed_late(issues: QuerySet[Issue], start: datetime, end: datetime) -> QuerySet[Issue]:
    """Closed in these days after a handling limit had run out."""
    overrun = Clock.objects.filter(
        issue=OuterRef("pk"), kind=Clock.Kind.HANDLE, stopped_at__gt=F("due_at")
    )
    closed = Q(state=State.CLOSED, closed_at__gte=start, closed_at__lt=end)
    return issues.filter(closed, Exists(overrun))


def _returns(issues: QuerySet[Issue], start: datetime, end: datetime) -> QuerySet[Event]:
    """Each time a unit sent something back counts, also twice the same."""
    sent_back = issues.filter(returns__gt=0)
    return Event.objects.filter(issue__in=sent_back, verb=Verb.RETURN, at__gte=start, at__lt=end)


def _by_unit(rows: QuerySet[Issue] | QuerySet[Event]) -> dict[int | None, int]:
    groups: Iterable[tuple[int | None, int]] = (
        rows.order_by().values_list("unit_id").annotate(Count("pk"))
    )
    return defaultdict(int, groups)
