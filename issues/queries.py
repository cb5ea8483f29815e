"""Lists of issues: filtered, sorted, by cursor, never counted as a whole."""

import base64
import binascii
import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.db.models import OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Concat

from grid.models import Area, Cell
from issues.models import Clock, Issue, Return, Sent, scope_parts
from issues.todo import ENDED, narrowing_of
from issues.workflow import State
from partyorgs.models import Organization
from partyorgs.queries import units_serving
from partyorgs.rules import Scope

PAGE = 25
MOST_ROWS = 100
COUNTED = 999
LONGEST_CURSOR = 400

# Everything a row shows, so that a list is one query and builds no model objects.
COLUMNS = (
    "pk", "number", "state", "is_open", "critical", "description", "place_text", "lat", "lng",
    "yellow_at", "due_at", "created_at", "returns", "reworks", "version", "checked_at",
    "escalated", "raised_to", "answer_due_at", "called_at", "asked", "suspended_until",
    "countersign_by", "open_parts",
    "category__code", "category__name_zh", "category__name_en",
    "condition__code", "condition__clock",
    "cell__code", "cell__name", "community__code", "community__name",
    "street__code", "street__name", "owner__code", "owner__name", "unit__code", "unit__name",
    "running",
)  # fmt: skip
# How the main clock runs that runs now, and by whose calendar: "working:default". A
# stage's own may differ from the condition's.
RUNNING = Subquery(
    Clock.objects.filter(issue=OuterRef("pk"), stopped_at=None, kind__in=Clock.MAIN)
    .annotate(by=Concat("limit_clock", Value(":"), "calendar"))
    .values("by")[:1]
)

NAMED: dict[str, type[Area] | type[Cell] | type[Organization]] = {
    "street": Area,
    "community": Area,
    "cell": Cell,
    "unit": Organization,
    "owner": Organization,
}

Row = dict[str, Any]


class BadCursor(ValueError):
    """The cursor is not one that a page gave out."""


@dataclass(frozen=True)
class Filters:
    """What a list is narrowed to; empty means "any". Codes, not ids.

    Lists show open issues unless `state` is "all" or names states (comma apart).
    `sort`: "due" (the late first; open issues only) or "new". `todo`: a key of
    `issues.todo.TODOS`, or "todo" for every step that the caller's posts take.
    """

    state: str = ""
    street: str = ""
    community: str = ""
    cell: str = ""
    unit: str = ""
    owner: str = ""
    category: str = ""
    overdue: bool = False
    mine: bool = False
    q: str = ""
    sort: str = ""
    todo: str = ""

    @property
    def states(self) -> list[State]:
        known = set(State)
        return [State(name) for name in self.state.split(",") if name in known]

    @property
    def by_due(self) -> bool:
        """By due time where every row has one, unless asked for the newest."""
        return self.sort != "new" and self.state == ""

    def narrowed(self) -> dict[str, Any]:
        """What was asked for, for the chips above a list and the next page's address."""
        return {
            item.name: getattr(self, item.name) for item in fields(self) if getattr(self, item.name)
        }


@dataclass(frozen=True)
class Page:
    """Rows with the cursors of the pages around them; None where there is none."""

    rows: list[Row]
    next: str | None
    previous: str | None


def issue_page(
    *, scope: Scope, filters: Filters, now: datetime, cursor: str = "", limit: int = PAGE
) -> Page:
    """One page of what the scope may see: each part of the scope is one limited index range.

    Raises BadCursor.
    """
    limit = max(1, min(limit, MOST_ROWS))
    place = _read(cursor, filters) if cursor else None
    backwards = place is not None and place.backwards
    order = _order(filters, backwards=backwards)
    narrowing = _narrowing(filters, scope=scope, now=now)
    if place is not None:
        narrowing &= place.beyond(filters)
    rows = _ranges(_parts(scope, filters), narrowing, order, limit + 1)
    more = len(rows) > limit
    rows = rows[:limit]
    if backwards:
        rows.reverse()
    return Page(
        rows=rows,
        next=_cursor(rows[-1], filters) if rows and (more or backwards) else None,
        previous=_cursor(rows[0], filters, backwards=True)
        if rows and place is not None and (more or not backwards)
        else None,
    )


def count_up_to(*, scope: Scope, filters: Filters, now: datetime, most: int = COUNTED) -> int:
    """How many issues match, counted to `most` + 1 and no further."""
    order = _order(filters, backwards=False)
    narrowing = _narrowing(filters, scope=scope, now=now)
    return len(_keys(_parts(scope, filters), narrowing, order, most + 1))


def _order(filters: Filters, *, backwards: bool) -> tuple[str, str]:
    ascending = filters.by_due is not backwards
    column = "due_at" if filters.by_due else "created_at"
    sign = "" if ascending else "-"
    return f"{sign}{column}", f"{sign}pk"


def _narrowing(filters: Filters, *, scope: Scope, now: datetime) -> Q:
    narrowing = _of_states(filters)
    for name, model in NAMED.items():
        if code := getattr(filters, name):
            # By id, which an index range can use; a join on the code could not.
            narrowing &= Q(**{f"{name}_id": model.objects.filter(code=code).values("pk")[:1]})
    if filters.category:
        narrowing &= Q(category__code__startswith=filters.category)
    if filters.overdue:
        narrowing &= Q(due_at__lte=now, is_open=True)
    if filters.todo:
        narrowing &= narrowing_of(filters.todo, scope=scope, now=now)
        narrowing &= Q(is_open=filters.todo not in ENDED)
    return narrowing & _with_words(filters.q.strip())


def _of_states(filters: Filters) -> Q:
    if filters.states:
        return Q(state__in=[str(state) for state in filters.states])
    return Q() if filters.state == "all" else Q(is_open=True)


def _with_words(words: str) -> Q:
    if not words:
        return Q()
    return Q(number__iexact=words) | Q(description__contains=words) | Q(place_text__contains=words)


def _parts(scope: Scope, filters: Filters) -> list[Q]:
    """The parts of the scope that a list reads.

    The queue of a community, street or district is that area; what its people
    reported elsewhere stands under "mine".
    """
    if filters.mine:
        return [Q(reporter_id=scope.user.pk)] if scope.seats else []
    areas = ("communities", "streets", "districts")
    return scope_parts(scope, own=not any(scope.reach(area) for area in areas))


def _ranges(parts: list[Q], narrowing: Q, order: tuple[str, str], most: int) -> list[Row]:
    """The first rows over all parts of the scope.

    One part is read at once. Several are a union of limited ranges of keys, and
    the rows are fetched by key; an OR over several columns would lose the index.
    """
    if len(parts) == 1:
        return list(_shown(_limited(parts[0], narrowing, order, most)))
    keys = _keys(parts, narrowing, order, most)
    found = {row["pk"]: row for row in _shown(Issue.objects.filter(pk__in=keys))}
    return [found[key] for key in keys if key in found]


def soonest(narrowing: Q, *, most: int) -> list[Row]:
    """The first due of the open issues of this condition; the caller narrowed it to a scope."""
    return list(_shown(_limited(narrowing, Q(is_open=True), ("due_at", "pk"), most)))


def _shown(issues: QuerySet[Issue]) -> Iterable[Row]:
    rows: Iterable[Row] = issues.annotate(running=RUNNING).values(*COLUMNS)
    return rows


def _keys(parts: list[Q], narrowing: Q, order: tuple[str, str], most: int) -> list[int]:
    columns = ("pk", order[0].lstrip("-"))
    if not parts:
        return []
    if len(parts) == 1 or not connection.features.supports_slicing_ordering_in_compound:
        seen = parts[0]
        for part in parts[1:]:
            seen |= part
        keys = _limited(seen, narrowing, order, most)
        return list(keys.values_list("pk", flat=True))
    ranges = [_limited(part, narrowing, order, most).values_list(*columns) for part in parts]
    union = ranges[0].union(*ranges[1:]).order_by(*order)[:most]
    return [key for key, _value in union]


def _limited(part: Q, narrowing: Q, order: tuple[str, str], most: int) -> QuerySet[Issue]:
    return Issue.objects.filter(part, narrowing).order_by(*order)[:most]


@dataclass(frozen=True)
class _Place:
    """A place between two rows, and in which direction to read on."""

    at: datetime
    pk: int
    backwards: bool

    def beyond(self, filters: Filters) -> Q:
        forwards = filters.by_due is not self.backwards
        side = "gt" if forwards else "lt"
        column = "due_at" if filters.by_due else "created_at"
        # The first term alone is what an index range can use.
        return Q(**{f"{column}__{side}e": self.at}) & (
            Q(**{f"{column}__{side}": self.at}) | Q(**{column: self.at, f"pk__{side}": self.pk})
        )


def _cursor(row: Row, filters: Filters, *, backwards: bool = False) -> str:
    column = "due_at" if filters.by_due else "created_at"
    said = [column, row[column].isoformat(), row["pk"], backwards]
    return base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")


def _read(cursor: str, filters: Filters) -> _Place:
    if len(cursor) > LONGEST_CURSOR:
        raise BadCursor(cursor)
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        column, at, pk, backwards = json.loads(base64.urlsafe_b64decode(padded))
        place = _Place(datetime.fromisoformat(at).astimezone(UTC), int(pk), bool(backwards))
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error) as problem:
        raise BadCursor(cursor) from problem
    if column != ("due_at" if filters.by_due else "created_at"):
        raise BadCursor(cursor)
    return place


def issue_for_reading(*, scope: Scope, number: str) -> Issue:
    """The issue with everything its page shows, in one query.

    Raises Issue.DoesNotExist for what the scope may not see.
    """
    return (
        Issue.objects.visible_to(scope)
        .select_related(
            "category__parent", "condition", "cell", "community", "street", "district",
            "owner", "unit", "doer", "place", "contact",
        )
        .defer("cell__boundary", "cell__shape")
        .get(number=number)
    )  # fmt: skip


def reported_as(scope: Scope, key: str) -> str:
    """The number of the issue that the caller reported with this key; "" where none is seen."""
    sent = Sent.objects.filter(user=scope.user, key=key).first()
    seen = Issue.objects.visible_to(scope).filter(number=sent.number if sent else "")
    return seen.values_list("number", flat=True).first() or ""


def units_for(issue: Issue, *, at: datetime) -> QuerySet[Organization]:
    """The units that a person may send this issue to: they serve the place and can sign."""
    return units_serving(areas=areas_in_question(issue), at=at)


def open_return(issue: Issue) -> Return | None:
    """The return that waits for a decision; None where none does."""
    if issue.state != State.RETURNED:
        return None
    waiting = issue.sent_back.filter(decided_at=None)
    return (
        waiting.select_related("unit", "right_cell__community__parent__parent")
        .defer("right_cell__boundary", "right_cell__shape")
        .first()
    )


def areas_in_question(issue: Issue) -> list[Area]:
    """Where a unit can be chosen from: the issue's areas, and those of the right place.

    A unit that sent the issue back named the right place; until that is decided
    both are in question.
    """
    back = open_return(issue)
    return [*issue.areas, *(areas_of(back.right_cell) if back and back.right_cell else ())]


def areas_of(cell: Cell) -> list[Area]:
    """Community, street and district of a cell."""
    return [cell.community, cell.street, cell.district]


def recent_leaves(*, scope: Scope, most: int = 4, among: int = 30) -> list[str]:
    """Codes of the leaves this person reported lately, the latest first."""
    own = Issue.objects.filter(reporter_id=scope.user.pk, category__active=True)
    codes = own.order_by("-created_at", "-pk").values_list("category__code", flat=True)[:among]
    return list(dict.fromkeys(code for code in codes if code))[:most]
