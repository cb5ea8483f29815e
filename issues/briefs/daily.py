"""What is late, due today and stuck, and at whom: a chair's brief as figures and rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from typing import Any, Self

from django.db.models import Case, Count, F, Q, QuerySet, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from issues.briefs.chairs import COLUMNS as CHAIR_COLUMNS
from issues.briefs.chairs import Chair
from issues.models import Issue
from issues.queries import COLUMNS, COUNTED, RUNNING, Row
from issues.todo import STUCK_RETURNS
from issues.workflow import State
from partyorgs.models import Organization
from worktime.arithmetic import WorkCalendar

OPENS = time(8)
WORST = 10
LONGEST_BREAK = 30  # days that a calendar looks back for a working day


@dataclass(frozen=True)
class Day:
    """The reader's day: `ends` is the midnight after `now`, `since` when the brief before came.

    That was at 08:00 of the last working day: what happened on days off is told
    on the first morning after.
    """

    now: datetime
    ends: datetime
    since: datetime


def day_at(now: datetime, *, calendar: WorkCalendar) -> Day:
    """The day of `now` on the deployment's wall clock."""
    today = timezone.localdate(now, timezone.get_default_timezone())
    before = (today - timedelta(days=back) for back in range(1, LONGEST_BREAK))
    last = next((day for day in before if calendar.day(day).works), today - timedelta(days=1))
    return Day(now, _wall(today + timedelta(days=1), time.min), _wall(last, OPENS))


def _wall(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, tzinfo=timezone.get_default_timezone())


@dataclass(frozen=True)
class Figures:
    """Counts of open issues. `stuck`: late, sent back, or sent back again and again."""

    open: int = 0
    late: int = 0
    today: int = 0
    to_sign: int = 0
    returned: int = 0
    stuck: int = 0
    critical: int = 0

    def __add__(self, other: Self) -> Self:
        names = [item.name for item in fields(self)]
        return type(self)(*(getattr(self, name) + getattr(other, name) for name in names))

    @classmethod
    def of(cls, group: Mapping[str, Any]) -> Self:
        return cls(*(group[item.name] for item in fields(cls)))


def conditions(day: Day) -> dict[str, Q]:
    """Which open issues each figure counts. What is due at midnight is due the day after."""
    late = Q(due_at__lte=day.now)
    returned = Q(state=State.RETURNED)
    return {
        "open": Q(),
        "late": late,
        "today": Q(due_at__gt=day.now, due_at__lt=day.ends),
        "to_sign": Q(state=State.DISPATCHED),
        "returned": returned,
        "stuck": late | returned | Q(returns__gte=STUCK_RETURNS),
        "critical": Q(critical=True),
    }


def _measures(day: Day) -> dict[str, Count]:
    return {name: Count("pk", filter=wanted) for name, wanted in conditions(day).items()}


# Who has the next step: the branch sees to check and closing, the desk decides
# what came back, and all else is with the unit. Nobody's is the area's desk.
HOLDER = Case(
    When(state=State.HANDLED, then=F("owner_id")),
    When(state=State.RETURNED, then=None),
    default=F("unit_id"),
)
DESK_AREA = Case(When(holder=None, then=Coalesce("street_id", "district_id")))


@dataclass(frozen=True)
class Waiting:
    """What waits at one organization; None where no desk is known."""

    holder: Organization | None
    figures: Figures


@dataclass(frozen=True)
class Brief:
    """A chair's brief at one moment. `worst` are rows with `holder_name`, the most late first.

    `new` and `closed` count since `day.since`, to the cap of all counters.
    """

    chair: Chair
    day: Day
    figures: Figures
    waiting: list[Waiting]
    worst: list[Row]
    new: int
    closed: int


def brief_of(chair: Chair, *, day: Day) -> Brief:
    """The brief of one chair in six queries."""
    issues = Issue.objects.filter(chair.part)
    groups = list(
        issues.filter(is_open=True)
        .annotate(holder=HOLDER, desk_area=DESK_AREA)
        .values("holder", "desk_area")
        .annotate(**_measures(day))
        .order_by()
    )
    rows = late_rows(chair, now=day.now, most=WORST)
    holders = _Holders([*groups, *rows])
    return Brief(
        chair=chair,
        day=day,
        figures=sum((Figures.of(group) for group in groups), Figures()),
        waiting=_waiting(groups, holders),
        worst=[row | {"holder_name": holders.name(row)} for row in rows],
        new=_up_to_cap(issues.filter(created_at__gte=day.since)),
        closed=_up_to_cap(issues.filter(state=State.CLOSED, closed_at__gte=day.since)),
    )


def late_rows(chair: Chair, *, now: datetime, most: int) -> list[Row]:
    """The chair's late issues, the longest late first, as rows of a list with their holder."""
    late = Issue.objects.filter(chair.part, is_open=True, due_at__lte=now)
    shown = late.annotate(running=RUNNING, holder=HOLDER, desk_area=DESK_AREA)
    return list(shown.order_by("due_at", "pk").values(*COLUMNS, "holder", "desk_area")[:most])


def with_holders(rows: list[Row]) -> list[Row]:
    """The rows with the name of the organization that has the next step."""
    holders = _Holders(rows)
    return [row | {"holder_name": holders.name(row)} for row in rows]


def _up_to_cap(issues: QuerySet[Issue]) -> int:
    return issues.order_by()[: COUNTED + 1].count()


class _Holders:
    """The organizations named by `holder` and `desk_area` of groups and rows, in two queries."""

    def __init__(self, entries: Iterable[Mapping[str, Any]]) -> None:
        entries = list(entries)
        ids = {entry["holder"] for entry in entries}
        areas = {entry["desk_area"] for entry in entries} - {None}
        desks = Organization.objects.filter(
            kind=Organization.Kind.DESK, area__in=areas, active=True
        ).order_by("-code")
        self._desks = {desk.area_id: desk for desk in desks} if areas else {}
        self._named = Organization.objects.in_bulk(ids - {None})

    def of(self, entry: Mapping[str, Any]) -> Organization | None:
        if entry["holder"] is None:
            return self._desks.get(entry["desk_area"])
        return self._named.get(entry["holder"])

    def name(self, entry: Mapping[str, Any]) -> str:
        holder = self.of(entry)
        return holder.name if holder else ""


def _waiting(groups: Iterable[Mapping[str, Any]], holders: _Holders) -> list[Waiting]:
    """One line an organization, where most is stuck first; what merely runs is left out."""
    found: dict[Organization | None, Figures] = {}
    for group in groups:
        holder = holders.of(group)
        found[holder] = found.get(holder, Figures()) + Figures.of(group)
    lines = [
        Waiting(holder, figures)
        for holder, figures in found.items()
        if figures.stuck or figures.today or figures.to_sign
    ]
    return sorted(
        lines,
        key=lambda line: (
            -line.figures.stuck,
            -line.figures.today,
            -line.figures.to_sign,
            line.holder.code if line.holder else "",
        ),
    )


def glance_of(chair: Chair, *, day: Day) -> Figures:
    """Late, due today and sent back, each counted to the cap: what the home page shows."""
    issues = Issue.objects.filter(chair.part, is_open=True)
    wanted = conditions(day)
    return Figures(
        **{name: _up_to_cap(issues.filter(wanted[name])) for name in ("late", "today", "returned")}
    )


def figures_of_all(*, day: Day) -> dict[tuple[str, int], Figures]:
    """Figures by the issue's column and id, for all chairs at once: one pass over what is open."""
    columns = list(CHAIR_COLUMNS.values())
    open_issues = Issue.objects.filter(is_open=True)
    groups = open_issues.values(*columns).annotate(**_measures(day)).order_by()
    found: dict[tuple[str, int], Figures] = {}
    for group in groups.iterator():
        figures = Figures.of(group)
        for column in columns:
            if (key := group[column]) is not None:
                found[column, key] = found.get((column, key), Figures()) + figures
    return found


def figures_for(chair: Chair, found: Mapping[tuple[str, int], Figures]) -> Figures:
    """The chair's sum of `figures_of_all`; an issue stands in one of its ids."""
    parts = (found.get((chair.column, key), Figures()) for key in chair.ids)
    return sum(parts, Figures())
