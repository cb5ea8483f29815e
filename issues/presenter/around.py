"""What lies around an issue: the list's items, cells and reports nearby, helpers' open parts."""

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.db.models.functions import Length

from grid.models import Cell
from issues.models import Assignment, Issue
from issues.queries import areas_of
from partyorgs.models import Organization, Responsibility
from partyorgs.queries import units_serving
from partyorgs.rules import Scope

# Degrees: about a kilometre, what a person on the spot calls nearby.
NEARBY = 0.01
MOST_CELLS = 60
# What is offered to merge into: of the same matter, within about 200 metres, a month old at most.
ALIKE = 0.002
ALIKE_DAYS = 30
MOST_ALIKE = 8


def units_nearby(issue: Issue, *, at: datetime) -> QuerySet[Organization]:
    """Units of the community and the street, no desk: what a community's head arranges with."""
    areas = [area for area in (issue.community, issue.street) if area]
    units = units_serving(areas=areas, at=at).exclude(kind=Organization.Kind.DESK)
    return units.filter(area__isnull=False).exclude(pk=issue.unit_id or 0)


def units_to_help(issue: Issue) -> QuerySet[Organization]:
    """Whoever can help here, the nearest first: also who has no account and is recorded for."""
    units = Organization.objects.filter(Q(area=None) | Q(area__in=issue.areas), active=True)
    units = units.exclude(kind__in=Organization.PARTY_KINDS).exclude(pk=issue.unit_id or 0)
    return units.select_related("area").order_by(Length("area__code").desc(nulls_last=True), "name")


def units_to_propose(issue: Issue, *, at: datetime, cell: str = "") -> QuerySet[Organization]:
    """Units that a return may propose: here, around, and where `cell` (a code) lies."""
    cells = Cell.objects.whole().valid_at(at).without_boundary().with_areas()
    found = list(_around(cells, issue)[:MOST_CELLS])
    found += cells.filter(code=cell) if cell else []
    areas = {area.pk: area for one in found for area in areas_of(one)}
    areas |= {area.pk: area for area in issue.areas}
    return units_serving(areas=list(areas.values()), at=at).exclude(pk=issue.unit_id or 0)


def items_here(issue: Issue, *, at: datetime) -> QuerySet[Responsibility]:
    """The items of the responsibility list that hold at the issue's place, by who does them."""
    items = Responsibility.objects.valid_at(at).filter(area__in=issue.areas)
    return items.select_related("category", "area", "doer").order_by(
        "doer__name", "category__code", "pk"
    )


def cells_near(issue: Issue, *, at: datetime) -> QuerySet[Cell]:
    """Other cells in force within about a kilometre, by code."""
    cells = Cell.objects.whole().valid_at(at).without_boundary().select_related("community")
    return _around(cells, issue).exclude(pk=issue.cell_id or 0)[:MOST_CELLS]


def _around(cells: QuerySet[Cell], issue: Issue) -> QuerySet[Cell]:
    return cells.filter(
        min_lng__lte=issue.lng + NEARBY,
        max_lng__gte=issue.lng - NEARBY,
        min_lat__lte=issue.lat + NEARBY,
        max_lat__gte=issue.lat - NEARBY,
    )


def alike_near(issue: Issue, *, scope: Scope) -> QuerySet[Issue]:
    """Other open issues of the same leaf close by that the scope may see, the latest first."""
    others = Issue.objects.visible_to(scope).filter(
        category=issue.category_id,
        is_open=True,
        district=issue.district_id,
        created_at__gt=issue.created_at - timedelta(days=ALIKE_DAYS),
        lat__range=(issue.lat - ALIKE, issue.lat + ALIKE),
        lng__range=(issue.lng - ALIKE, issue.lng + ALIKE),
    )
    return others.exclude(pk=issue.pk).order_by("-created_at", "-pk")[:MOST_ALIKE]


def open_parts(issue: Issue) -> QuerySet[Assignment]:
    """The helpers' parts that are not done yet."""
    parts = issue.assignments.filter(role=Assignment.Role.HELPER, ended_at=None, done_at=None)
    return parts.exclude(part="").select_related("unit").order_by("pk")
