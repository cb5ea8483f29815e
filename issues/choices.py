"""What a list can be narrowed to, as far as the person's posts reach."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from grid.models import Area, Cell
from matters.models import Category
from partyorgs.models import Organization
from partyorgs.rules import Scope


@dataclass(frozen=True)
class Choices:
    """Choices by filter; an empty list means that there is nothing to choose between."""

    street: list[Area]
    community: list[Area]
    cell: list[Cell]
    unit: list[Organization]
    owner: list[Organization]
    category: list[Category]


def choices_for(
    scope: Scope, *, street: str = "", community: str = "", at: datetime | None = None
) -> Choices:
    """Streets, then communities of the chosen street, then cells of the chosen community.

    Branches appear once a street is known: a whole district has a thousand.
    Six queries at most.
    """
    at = at or timezone.now()
    streets = _streets(scope)
    chosen = [area.pk for area in streets if area.code == street]
    within = chosen or sorted(scope.reach("streets"))
    communities = list(Area.objects.filter(parent__in=within)) if within else []
    own = [area.pk for area in communities if area.code == community]
    near = own or sorted(scope.reach("communities"))
    return Choices(
        street=streets if scope.reach("districts") else [],
        community=communities,
        cell=_cells(scope, near, at),
        unit=_units(scope, within, near),
        owner=_branches(scope, within, near),
        category=list(Category.objects.filter(level=1, active=True)),
    )


def _streets(scope: Scope) -> list[Area]:
    districts = scope.reach("districts")
    return list(Area.objects.filter(parent__in=districts)) if districts else []


def _cells(scope: Scope, communities: list[int], at: datetime) -> list[Cell]:
    cells = Cell.objects.valid_at(at).whole().without_boundary()
    if communities:
        return list(cells.filter(community__in=communities))
    owners = scope.reach("owners")
    if not owners:
        return []
    return list(cells.filter(ownerships__organization__in=owners).distinct())


def _units(scope: Scope, streets: list[int], communities: list[int]) -> list[Organization]:
    reach = {*communities, *streets, *scope.reach("districts")}
    if not reach:
        return []
    serving = Organization.objects.filter(
        Q(area__in=reach) | Q(area__children__in=reach), active=True
    )
    return list(serving.exclude(kind__in=Organization.PARTY_KINDS).order_by("name").distinct())


def _branches(scope: Scope, streets: list[int], communities: list[int]) -> list[Organization]:
    branches = Organization.objects.filter(kind__in=Organization.PARTY_KINDS, active=True)
    if communities:
        return list(branches.filter(area__in=communities).order_by("name"))
    if streets:
        return list(branches.filter(area__parent__in=streets).order_by("name"))
    owners = scope.reach("owners")
    return list(branches.filter(pk__in=owners)) if len(owners) > 1 else []
