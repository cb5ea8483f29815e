"""The district itself: areas, cells, places, bodies, responsibility list and people."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from config.demo.drawing import Size
from config.demo.layout import Layout, lay_out
from config.demo.organizations import Bodies, set_up
from config.demo.people import Roster, appoint
from config.demo.responsibilities import assign
from grid.models import Area, Cell, Place
from grid.services import (
    AreaDraft,
    CellDraft,
    PlaceDraft,
    save_areas,
    save_cells,
    save_places,
)
from matters.models import Category
from partyorgs.models import CellOwnership, Organization, Responsibility

HANDOVERS = 12
HANDOVER_AGO = timedelta(days=240)


@dataclass
class District:
    """Everything stored but the issues, for those who write their stories."""

    layout: Layout
    areas: dict[str, Area]
    cells: dict[str, Cell]
    places: dict[int, list[Place]]
    bodies: Bodies
    ownerships: list[CellOwnership]
    items: list[Responsibility]
    roster: Roster


def found(*, size: Size, rng: Random, since: datetime, until: datetime) -> District:
    """Draw, name and store a district whose rows are valid from `since`.

    Categories must be stored already. `until` is the newest instant of the
    demo: some cells change owners some months before it.
    """
    layout = lay_out(size=size, rng=rng)
    save_areas(drafts=_area_drafts(layout))
    areas = {area.code: area for area in Area.objects.filter(code__startswith=layout.code)}
    save_cells(drafts=_cell_drafts(layout), now=since)
    cells = {
        cell.code: cell
        for cell in Cell.objects.without_boundary().filter(code__startswith=layout.code)
    }
    save_places(drafts=_place_drafts(layout))
    bodies = set_up(layout=layout, areas=areas)
    ownerships = _give_cells(layout, bodies, cells, since=since, until=until)
    leaves = list(Category.objects.filter(level=2, active=True))
    items = assign(layout=layout, bodies=bodies, areas=areas, leaves=leaves, since=since)
    roster = appoint(layout=layout, bodies=bodies, areas=areas, cells=cells, rng=rng, since=since)
    return District(layout, areas, cells, _places(), bodies, ownerships, items, roster)


def _area_drafts(layout: Layout) -> list[AreaDraft]:
    drafts = [AreaDraft(layout.code, layout.name, Area.Level.DISTRICT)]
    for street in layout.streets:
        drafts.append(AreaDraft(street.code, street.name, Area.Level.STREET, layout.code))
    for street, community in layout.communities():
        drafts.append(AreaDraft(community.code, community.name, Area.Level.COMMUNITY, street.code))
    return drafts


def _cell_drafts(layout: Layout) -> list[CellDraft]:
    drafts = []
    for _street, _community, cell in layout.cells():
        kind = Cell.Kind.SPECIAL if cell.place else Cell.Kind.BASE
        drafts.append(CellDraft(cell.code, cell.name, cell.shape, kind))
        for number in range(1, cell.micro + 1):
            name = f"{cell.name[: cell.name.index('网格')]}网格{number}号微网格"
            drafts.append(CellDraft(f"{cell.code}{number:02d}", name, None))
    return drafts


def _place_drafts(layout: Layout) -> list[PlaceDraft]:
    return [
        PlaceDraft(
            name=place.name, kind=place.kind, lat=place.lat, lng=place.lng,
            aliases=place.aliases, cell_code=cell.code, compound=place.compound,
        )
        for _street, _community, cell in layout.cells()
        for place in cell.places
    ]  # fmt: skip


def _places() -> dict[int, list[Place]]:
    """Places by cell; a building's label needs its compound."""
    by_cell: dict[int, list[Place]] = {}
    for place in Place.objects.select_related("parent").order_by("pk"):
        if place.cell_id is not None:
            by_cell.setdefault(place.cell_id, []).append(place)
    return by_cell


def _give_cells(
    layout: Layout,
    bodies: Bodies,
    cells: dict[str, Cell],
    *,
    since: datetime,
    until: datetime,
) -> list[CellOwnership]:
    """Every cell to its branch; a few belonged to the community's party body at first."""
    rows = []
    at = until - HANDOVER_AGO
    every = max(1, len(cells) // HANDOVERS)
    for number, (_street, community, cell) in enumerate(layout.cells()):
        late = number % every == every // 2 and cell is not layout.home
        if late:
            before = bodies.party[community.code]
            rows.append(_owned(cells[cell.code], before, since=since, until=at))
        rows.append(_owned(cells[cell.code], bodies.party[cell.code], since=at if late else since))
    CellOwnership.objects.bulk_create(rows, batch_size=1000)
    return rows


def _owned(
    cell: Cell, owner: Organization, *, since: datetime, until: datetime | None = None
) -> CellOwnership:
    return CellOwnership(cell=cell, organization=owner, valid_from=since, valid_until=until)
