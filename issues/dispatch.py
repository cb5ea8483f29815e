"""Dispatch explains itself: point → cell → owner → responsible unit, each with its reason.

A reason is a code with facts, stored in the Event and put into words by the
presenter, so that it reads well in either language years later.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from grid.models import Area, Cell
from grid.queries import Located, cell_at
from issues.models import Issue
from matters.models import Category
from partyorgs.models import Level, Organization, Responsibility
from partyorgs.queries import Staff, desk_of, owner_of, responsible_for, staff_of

Reason = dict[str, Any]


@dataclass(frozen=True)
class Position:
    """Where a point lies and who owns the place, as it was at one instant.

    Outside every cell only `district` is known: the nearest cell's, whose desk
    takes it; a fresh look tells that cell and the metres to it.
    """

    cell: Cell | None
    community: Area | None
    street: Area | None
    district: Area | None
    owner: Organization | None
    reasons: tuple[Reason, ...]
    nearest: Cell | None = None
    metres: float | None = None

    @property
    def areas(self) -> list[Area]:
        return [area for area in (self.community, self.street, self.district) if area]


@dataclass(frozen=True)
class Route:
    """Who does the work; `unit` None means that a person at the desk must decide.

    `queue`: the level whose desk that is, "" for the nearest: a district matter
    that is not marked for direct dispatch (直派) waits at the district's.
    """

    unit: Organization | None = None
    doer: Organization | None = None
    helpers: tuple[Organization, ...] = ()
    level: str = ""
    item: Responsibility | None = None
    queue: str = ""
    staff: Staff = field(default_factory=lambda: Staff(()))
    reasons: tuple[Reason, ...] = ()

    @property
    def on_behalf(self) -> bool:
        """代录: the unit serves a doer that has no account of its own."""
        return self.doer is not None and self.unit is not None and self.doer != self.unit


def position(*, lat: float, lng: float, at: datetime) -> Position:
    """Cell and owner of a WGS-84 point on that day, with the reasons."""
    located = cell_at(lat=lat, lng=lng, at=at)
    cell = located.cell
    if cell is None:
        nearest = located.nearest
        district = nearest.district if nearest else None
        reason = _outside(located)
        return Position(None, None, None, district, None, (reason,), nearest, located.distance_m)
    owner = owner_of(cell=cell, at=at)
    reasons = _inside(cell, owner)
    return Position(cell, cell.community, cell.street, cell.district, owner, reasons)


def position_of(issue: Issue) -> Position:
    """Where the issue was reported: cells and owners that changed since do not move it."""
    reasons = _inside(issue.cell, issue.owner) if issue.cell else ({"code": "outside"},)
    return Position(issue.cell, issue.community, issue.street, issue.district, issue.owner, reasons)


def _inside(cell: Cell, owner: Organization | None) -> tuple[Reason, ...]:
    found: Reason = {"code": f"cell_{cell.kind}", "cell": cell.code, "name": cell.name}
    if owner is None:
        return found, {"code": "no_owner", "cell": cell.code}
    return found, {"code": "owner", "organization": owner.code, "name": owner.name}


def _outside(located: Located) -> Reason:
    reason: Reason = {"code": "outside"}
    if located.nearest is not None:
        reason |= {
            "cell": located.nearest.code,
            "name": located.nearest.name,
            "metres": round(located.distance_m or 0),
        }
    return reason


def route(*, category: Category, place: Position, at: datetime) -> Route:
    """The unit that the responsibility list names for a leaf at a place.

    The doer works through its own account; a doer without one is served by the
    supervising unit, which records on its behalf (代录). No item, or nobody with
    an account, leaves `unit` empty: the desk decides, and the reason says why.
    """
    if place.cell is None:
        return Route(reasons=place.reasons)
    item = responsible_for(category=category, areas=place.areas, at=at)
    if item is None:
        return Route(reasons=({"code": "no_item", "category": category.code},))
    staff = staff_of(organizations=(item.doer, item.supervisor, place.owner), at=at)
    reasons = [_item_reason(item)]
    if item.level == Level.DISTRICT and not item.direct:
        reasons.append({"code": "not_direct"})
        return Route(
            doer=item.doer, level=item.level, item=item, queue=item.level, reasons=tuple(reasons)
        )
    unit = item.doer if _works_here(item.doer, staff, place) else None
    supervisor = item.supervisor if item.supervisor and item.supervisor.active else None
    if unit is None and supervisor and _works_here(supervisor, staff, place):
        unit = supervisor
        reasons.append({"code": "on_behalf", "doer": item.doer.name, "unit": supervisor.name})
    if unit is None:
        reasons.append({"code": "no_account", "doer": item.doer.name})
    return Route(
        unit=unit,
        doer=item.doer,
        helpers=tuple(item.helpers.all()),
        level=item.level,
        item=item,
        staff=staff,
        reasons=tuple(reasons),
    )


def _works_here(unit: Organization, staff: Staff, place: Position) -> bool:
    """Whether somebody with an account works there; a desk works for its own area only."""
    desk_elsewhere = unit.kind == Organization.Kind.DESK and unit.area_id not in {
        area.pk for area in place.areas
    }
    return staff.serves(unit) and not desk_elsewhere


def _item_reason(item: Responsibility) -> Reason:
    return {
        "code": "item",
        "level": item.level,
        "area": item.area.name,
        "unit": item.doer.name,
        "basis": item.basis,
    }


def desk_for(place: Position, *, level: str = "") -> tuple[Organization | None, str]:
    """The desk that decides when no rule does: the street's, else the district's; its level.

    What is the district's (`level`) waits at the district's desk.
    """
    street_desk = None if level == Level.DISTRICT else desk_of(area=place.street)
    if street_desk:
        return street_desk, Level.STREET
    return desk_of(area=place.district), Level.DISTRICT


ABOVE: dict[str, tuple[Level, ...]] = {
    Level.COMMUNITY: (Level.STREET, Level.DISTRICT),
    Level.STREET: (Level.DISTRICT,),
}


def desk_above(
    issue: Issue, *, level: str, at: datetime, listed: bool = False
) -> Organization | None:
    """The desk of the next level above `level`; None where nobody stands above.

    A level without a desk of its own is passed over. `listed`: a level that the
    responsibility list names for the leaf goes first, for it has the power.
    """
    areas = {Level.STREET: issue.street, Level.DISTRICT: issue.district}
    higher = ABOVE.get(level or Level.STREET, ())
    if listed:
        named = {item.level for item in items_to_cite(issue, at=at)}
        higher = tuple(sorted(higher, key=lambda one: one not in named))
    desks = (desk_of(area=areas[one]) for one in higher)
    return next((desk for desk in desks if desk and desk.pk != issue.unit_id), None)


def items_to_cite(
    issue: Issue, *, at: datetime, proposed: Organization | None = None
) -> QuerySet[Responsibility]:
    """The items of the responsibility list that a return of this issue can rest on.

    Those of its leaf that hold at its place now, and those by which the proposed
    unit answers for another leaf there.
    """
    rests = Q(category=issue.category_id)
    if proposed is not None:
        rests |= Q(doer=proposed) | Q(supervisor=proposed)
    items = Responsibility.objects.valid_at(at).filter(rests, area__in=issue.areas)
    return items.select_related("category", "area", "doer")
