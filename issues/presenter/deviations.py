"""Where somebody had to act alone, and what the district has relaxed: lines for two readers.

The monthly list is for the auditor and the district's desk. Nothing on it is
counted or put in order by person, branch or unit: it is a list to look into.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Self

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from grid.models import Area
from issues.models import Deviation, Event, Issue, Relaxation
from issues.presenter.timeline import post_name
from issues.rules import audited_areas, relaxing_districts
from partyorgs.models import Role
from partyorgs.rules import Scope

Fact = dict[str, Any]
MOST = 500
PUBLIC_PAGE = 50
PUBLIC_FOR = timedelta(days=365)
RELAXED_SHOWN = timedelta(days=365)
# Nothing is older; the first months of the calendar have none before them.
EARLIEST = date(2000, 1, 1)
Kind = Deviation.Kind
# Where a second person can still look; of the others there is nothing to wait for.
SETTLED_WORDS = (Kind.ACTED_FIRST, Kind.CLIMBED, Kind.OTHER_CHECKER, Kind.UNCHECKED)


@dataclass(frozen=True)
class Month:
    """A calendar month."""

    first: date

    @classmethod
    def of(cls, day: date) -> Self:
        return cls(day.replace(day=1))

    @classmethod
    def read(cls, name: str, *, today: date) -> Self:
        """The month of a name such as "2026-03"; this month for anything else, or far off."""
        try:
            first = date.fromisoformat(f"{name}-01")
        except ValueError:
            return cls.of(today)
        return cls(first) if EARLIEST <= first <= today else cls.of(today)

    @property
    def name(self) -> str:
        return self.first.strftime("%Y-%m")

    @property
    def before(self) -> Self:
        return self.of(self.first - timedelta(days=1))

    @property
    def after(self) -> Self:
        return self.of(self.first + timedelta(days=31))

    @property
    def span(self) -> tuple[datetime, datetime]:
        """Its instants, [from, until)."""
        zone = timezone.get_default_timezone()
        first, end = (datetime.combine(day, time(), zone) for day in (self.first, self.after.first))
        return first, end


def exceptions_of(scope: Scope, *, month: Month) -> list[Fact]:
    """The month's exceptions in the reader's area, the latest first, at most MOST + 1."""
    since, until = month.span
    found = _within(scope).filter(at__gte=since, at__lt=until).order_by("-at", "-pk")
    return _lines(found[: MOST + 1])


def unsigned_of(scope: Scope, *, now: datetime) -> list[Fact]:
    """Acts of the leader on duty that nobody has countersigned, of whatever month, late first."""
    waiting = _within(scope).filter(kind=Kind.ACTED_FIRST, settled_at=None)
    rows = waiting.filter(issue__countersign_by__isnull=False)
    lines = _lines(rows.order_by("issue__countersign_by", "pk")[:MOST])
    for line in lines:
        line["late"] = line["countersign_by"] <= now
    return lines


def _within(scope: Scope) -> QuerySet[Deviation]:
    """Of the district where the reader's desk is, or of the area that the reader audits."""
    mine = Q(district__in=sorted(relaxing_districts(scope)))
    for code in audited_areas(scope):
        if not code:
            mine = Q(pk__isnull=False)
            break
        mine |= Q(district__code__startswith=code) | Q(street__code__startswith=code)
    return Deviation.objects.filter(mine).select_related("issue__category", "street", "district")


def _lines(rows: Iterable[Deviation]) -> list[Fact]:
    rows = list(rows)
    events = _events(rows)
    return [_line(row, events.get((row.issue_id, row.seq))) for row in rows]


def _events(rows: list[Deviation]) -> dict[tuple[int, int], Event]:
    """The event of each exception, by issue and number."""
    near = Event.objects.filter(
        issue_id__in={row.issue_id for row in rows}, seq__in={row.seq for row in rows}
    )
    found = near.select_related("post__cell", "post__area", "post__organization").defer(
        "post__cell__boundary", "post__cell__shape"
    )
    return {(event.issue_id, event.seq): event for event in found}


def _line(row: Deviation, event: Event | None) -> Fact:
    street = row.street.name if row.street else (row.district.name if row.district else "")
    post = post_name(event.post) if event and event.post else _("系统按规则")
    return {
        "number": row.issue.number,
        "leaf": leaf_name(row.issue),
        # A leader's post names the street already.
        "by": post if post.startswith(f"{street} · ") else f"{street} · {post}",
        "kind": row.kind,
        "kind_name": row.get_kind_display(),
        "at": timezone.localtime(row.at),
        "settled": _settled(row),
        "open": row.settled_at is None and row.kind in SETTLED_WORDS,
        "countersign_by": row.issue.countersign_by,
    }


def _settled(row: Deviation) -> str:
    """Whether a second person has looked after all; "" where nobody can."""
    if row.kind not in SETTLED_WORDS:
        return ""
    done = row.settled_at is not None
    if row.kind == Kind.ACTED_FIRST:
        return _("已补签") if done else _("未补签")
    return _("已核查") if done else _("还没有人核查")


def leaf_name(issue: Issue) -> str:
    """The leaf in the reader's language; a dash before it is filed."""
    if issue.category is None:
        return "—"
    english = (get_language() or "").startswith("en")
    return (english and issue.category.name_en) or issue.category.name_zh


def forced_page(*, before: int | None, now: datetime) -> tuple[list[Fact], int | None]:
    """What a leader closed by force within a year, for everybody; the key of the next page.

    Number, day, street and leaf: no reason, no name, no place.
    """
    rows = Deviation.objects.filter(kind=Kind.FORCED, at__gte=now - PUBLIC_FOR)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(
        rows.select_related("issue__category", "street").order_by("-pk")[: PUBLIC_PAGE + 1]
    )
    shown = found[:PUBLIC_PAGE]
    lines = [
        {
            "number": row.issue.number,
            "on": timezone.localtime(row.at).date(),
            "street": row.street.name if row.street else "",
            "leaf": leaf_name(row.issue),
        }
        for row in shown
    ]
    return lines, shown[-1].pk if len(found) > len(shown) else None


def relaxations_of(scope: Scope, *, now: datetime) -> list[Fact]:
    """What is relaxed, will be, and was within a year, in the reader's area."""
    districts = relaxing_districts(scope)
    mine = Q(street__parent__in=sorted(districts)) | Q(street__in=sorted(_led(scope)))
    for code in audited_areas(scope):
        mine |= Q(street__code__startswith=code)
    rows = Relaxation.objects.filter(mine, valid_until__gt=now - RELAXED_SHOWN)
    return [
        {
            "id": row.pk,
            "street": row.street.name,
            "what": row.get_what_display(),
            "reason": row.reason,
            "since": timezone.localtime(row.valid_from),
            "until": timezone.localtime(row.valid_until) if row.valid_until else None,
            "current": row.valid_at(now),
            "coming": row.valid_from > now,
            "editable": row.street.parent_id in districts
            and (row.valid_until is None or row.valid_until > now),
        }
        for row in rows.select_related("street").order_by("-valid_until", "street__code")
    ]


def _led(scope: Scope) -> frozenset[int]:
    seats = [seat for seat in scope.seats if seat.role == Role.STREET_LEADER]
    return frozenset[int]().union(*(seat.streets for seat in seats))


def streets_to_relax(scope: Scope) -> list[tuple[str, str]]:
    """Codes and names of the streets whose rules the reader may relax."""
    streets = Area.objects.filter(
        level=Area.Level.STREET, parent__in=sorted(relaxing_districts(scope))
    )
    return list(streets.order_by("code").values_list("code", "name"))
