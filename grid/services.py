"""Every write to areas, cells and places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

import shapely
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _

from grid.geometry import Polygonal, buckets_of, to_geojson
from grid.models import CELL_CODE_LENGTH, Area, Cell, CellBucket, Place
from grid.queries import cells_with_codes
from grid.words import search_text

BATCH = 500
COMMUNITY_CODE_LENGTH = 12

# Bucket rows come by the hundred thousand; this many at a time bounds the memory.
BUCKET_BATCH = 5000
CHANGEABLE = [
    "name",
    "kind",
    "valid_from",
    "boundary",
    "shape",
    "min_lng",
    "min_lat",
    "max_lng",
    "max_lat",
]

Row = TypeVar("Row", bound=models.Model)
Item = TypeVar("Item")
Key = TypeVar("Key", str, tuple[str, str])


@dataclass(frozen=True)
class Saved:
    """How many rows were made, changed, and found as they should be."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0


@dataclass(frozen=True)
class AreaDraft:
    """`parent_code` is "" for a district."""

    code: str
    name: str
    level: str
    parent_code: str = ""


@dataclass(frozen=True)
class CellDraft:
    """A cell of 15 digits, or a micro-cell of 17 whose `geometry` may be None.

    `geometry` is valid and in WGS-84 (see `grid.geometry`). `valid_from` None
    keeps the date of a cell that exists and means `now` for a new one.
    """

    code: str
    name: str
    geometry: Polygonal | None
    kind: str = Cell.Kind.BASE
    valid_from: datetime | None = None


@dataclass(frozen=True)
class PlaceDraft:
    """A place with its point in WGS-84; `compound` names the compound of a building.

    `cell_code` is "" for a place outside every cell.
    """

    name: str
    kind: str
    lat: float
    lng: float
    aliases: tuple[str, ...] = ()
    cell_code: str = ""
    compound: str = ""


def save_areas(*, drafts: Sequence[AreaDraft]) -> Saved:
    """Makes or renames areas, parents first; levels and parents of existing areas may change.

    ValidationError for a parent that neither exists nor stands in `drafts`.
    """
    with transaction.atomic():
        known = {area.code: area for area in Area.objects.all()}
        created, changed = 0, []
        for draft in sorted(drafts, key=lambda draft: len(draft.code)):
            parent = _get(known, draft.parent_code) if draft.parent_code else None
            if draft.code not in known:
                known[draft.code] = Area.objects.create(
                    code=draft.code, name=draft.name, level=draft.level, parent=parent
                )
                created += 1
            elif _assign(known[draft.code], name=draft.name, level=draft.level, parent=parent):
                changed.append(known[draft.code])
        Area.objects.bulk_update(changed, ["name", "level", "parent"], batch_size=BATCH)
    return Saved(created, len(changed), len(drafts) - created - len(changed))


def save_cells(*, drafts: Sequence[CellDraft], now: datetime) -> Saved:
    """Makes cells, or corrects name, kind and boundary of cells that have the code already.

    Writes the bounding box, the WKB shape and the bucket rows with the
    boundary; micro-cells have no bucket rows, for a point is located in a whole
    cell. ValidationError for an unknown community or parent and for the code of
    a cell that has ended, because codes are never used again. GeometryError for
    a boundary beyond the limits.
    """
    with transaction.atomic():
        writer = _CellWriter(drafts, now)
        for whole in (True, False):
            for draft in drafts:
                if (len(draft.code) == CELL_CODE_LENGTH) == whole:
                    writer.take(draft)
            writer.write()
    return Saved(writer.created, writer.updated, len(drafts) - writer.created - writer.updated)


class _CellWriter:
    """Sorts drafts into rows to insert and rows to change, and writes both in bulk."""

    def __init__(self, drafts: Sequence[CellDraft], now: datetime) -> None:
        codes = {draft.code for draft in drafts} | {
            draft.code[:CELL_CODE_LENGTH] for draft in drafts
        }
        self.known = {cell.code: cell for cell in cells_with_codes(sorted(codes))}
        self.communities = {
            area.code: area for area in Area.objects.filter(level=Area.Level.COMMUNITY)
        }
        self.now = now
        self.created = self.updated = 0
        self.fresh: list[Cell] = []
        self.changed: list[Cell] = []
        self.redrawn: list[tuple[Cell, Polygonal]] = []

    def take(self, draft: CellDraft) -> None:
        cell = self.known.get(draft.code)
        if cell is None:
            self.known[draft.code] = cell = self._new(draft)
            self.fresh.append(cell)
            drawn = _draw(cell, draft.geometry)
        else:
            _refuse_ended(cell)
            drawn = _draw(cell, draft.geometry)
            changed = _assign(cell, **_plain_fields(draft))
            if changed or drawn:
                self.changed.append(cell)
        if drawn and draft.geometry is not None and cell.parent is None:
            self.redrawn.append((cell, draft.geometry))

    def _new(self, draft: CellDraft) -> Cell:
        cell = Cell(code=draft.code, name=draft.name, kind=draft.kind)
        cell.community = _get(self.communities, draft.code[:COMMUNITY_CODE_LENGTH])
        cell.valid_from = draft.valid_from or self.now
        if len(draft.code) != CELL_CODE_LENGTH:
            cell.parent = _get(self.known, draft.code[:CELL_CODE_LENGTH])
        cell.clean_fields(exclude=["boundary", "parent", "community"])
        return cell

    def write(self) -> None:
        Cell.objects.bulk_create(self.fresh, batch_size=BATCH)
        for cell in self.changed:
            cell.save(update_fields=CHANGEABLE)
        old = [cell.pk for cell in self.changed]
        for part in _batches(old):
            CellBucket.objects.filter(
                cell__in=set(part) & {cell.pk for cell, _geometry in self.redrawn}
            ).delete()
        rows = (
            CellBucket(cell=cell, x=x, y=y)
            for cell, geometry in self.redrawn
            for x, y in buckets_of(geometry)
        )
        for batch in iter(lambda: list(islice(rows, BUCKET_BATCH)), []):
            CellBucket.objects.bulk_create(batch)
        self.created += len(self.fresh)
        self.updated += len(self.changed)
        self.fresh, self.changed, self.redrawn = [], [], []


def _refuse_ended(cell: Cell) -> None:
    if cell.valid_until is not None:
        raise ValidationError(
            _("网格 %(code)s 已停用；代码不能再用，请换一个新代码。") % {"code": cell.code}
        )


def _plain_fields(draft: CellDraft) -> dict[str, object]:
    fields: dict[str, object] = {"name": draft.name, "kind": draft.kind}
    if draft.valid_from is not None:
        fields["valid_from"] = draft.valid_from
    return fields


def _draw(cell: Cell, geometry: Polygonal | None) -> bool:
    """Puts the boundary on the cell, unsaved; False if it was there already."""
    shape = None if geometry is None else shapely.to_wkb(geometry)
    if shape == (None if cell.shape is None else bytes(cell.shape)):
        return False
    cell.shape = shape
    cell.boundary = None if geometry is None else to_geojson(geometry)
    box = (None, None, None, None) if geometry is None else geometry.bounds
    cell.min_lng, cell.min_lat, cell.max_lng, cell.max_lat = box
    return True


def end_cell(*, cell: Cell, at: datetime, replaced_by: Iterable[Cell] = ()) -> None:
    """Ends a cell at `at` (exclusive) and names the cells that take its place.

    ValidationError for a cell that has ended, or that would end before it began.
    """
    with transaction.atomic():
        locked = Cell.objects.select_for_update().get(pk=cell.pk)
        _refuse_ended(locked)
        locked.valid_until = at
        locked.validate_constraints()
        locked.save(update_fields=["valid_until"])
        locked.replaced_by.add(*replaced_by)
        cell.valid_until = at


def save_places(*, drafts: Sequence[PlaceDraft]) -> Saved:
    """Makes places, or corrects those of the same name in the same compound or cell.

    Compounds are saved before buildings, so that both may stand in `drafts`.
    ValidationError for an unknown cell or compound.
    """
    with transaction.atomic():
        writer = _PlaceWriter()
        for whole in (True, False):
            for draft in drafts:
                if (not draft.compound) == whole:
                    writer.take(draft)
            writer.write()
    return Saved(writer.created, writer.updated, len(drafts) - writer.created - writer.updated)


class _PlaceWriter:
    """Finds the row that a draft speaks of, or makes it; writes in bulk."""

    def __init__(self) -> None:
        self.cells = {cell.code: cell for cell in Cell.objects.without_boundary()}
        self.rows: dict[tuple[str, str], Place] = {}
        self.compounds: dict[tuple[str, str], Place] = {}
        self.created = self.updated = 0
        self.fresh: list[Place] = []
        self.changed: list[Place] = []
        for place in Place.objects.with_areas():
            self._remember(place)

    def _remember(self, place: Place) -> None:
        code = place.cell.code if place.cell else ""
        if place.parent:
            self.rows[f"in {place.parent.pk}", place.name] = place
            return
        self.rows[code, place.name] = place
        if place.kind == Place.Kind.COMPOUND:
            self.compounds[code, place.name] = place
            self.compounds.setdefault((code[:COMMUNITY_CODE_LENGTH], place.name), place)

    def take(self, draft: PlaceDraft) -> None:
        compound = self._compound(draft) if draft.compound else None
        home = f"in {compound.pk}" if compound else draft.cell_code
        place = self.rows.get((home, draft.name))
        fields = _place_fields(draft, compound)
        if place is None:
            cell = _get(self.cells, draft.cell_code) if draft.cell_code else None
            place = Place(name=draft.name, cell=cell, parent=compound, **fields)
            self._remember(place)
            self.fresh.append(place)
        elif _assign(place, **fields) and place.pk:
            self.changed.append(place)

    def _compound(self, draft: PlaceDraft) -> Place:
        """Of the same cell, else of the same community: a compound may lie in two cells."""
        same_cell = self.compounds.get((draft.cell_code, draft.compound))
        key = (draft.cell_code[:COMMUNITY_CODE_LENGTH], draft.compound)
        return same_cell or _get(self.compounds, key)

    def write(self) -> None:
        Place.objects.bulk_create(self.fresh, batch_size=BATCH)
        fields = ["kind", "lat", "lng", "aliases", "search"]
        Place.objects.bulk_update(self.changed, fields, batch_size=BATCH)
        self.created += len(self.fresh)
        self.updated += len(self.changed)
        _respell_buildings(self.changed)
        self.fresh, self.changed = [], []


def _place_fields(draft: PlaceDraft, compound: Place | None) -> dict[str, Any]:
    return {
        "kind": draft.kind,
        "lat": float(draft.lat),
        "lng": float(draft.lng),
        "aliases": "\n".join(draft.aliases),
        "search": _search(draft.name, draft.aliases, compound),
    }


def _search(name: str, aliases: Iterable[str], compound: Place | None) -> str:
    """A building is looked for with its compound in front, under each name of it."""
    if compound is None or name.startswith(compound.name):
        return search_text([name, *aliases])
    prefixes = [compound.name, *compound.alias_list()]
    return search_text([*(f"{prefix}{name}" for prefix in prefixes), *aliases])


def save_place(*, place: Place) -> None:
    """Saves a place that was edited by hand, and what searches find it and its buildings by."""
    with transaction.atomic():
        place.search = _search(place.name, place.alias_list(), place.parent)
        place.save()
        _respell_buildings([place])


def _respell_buildings(compounds: Sequence[Place]) -> None:
    buildings = []
    for part in _batches(compounds):
        for building in Place.objects.filter(parent__in=part).select_related("parent"):
            search = _search(building.name, building.alias_list(), building.parent)
            if _assign(building, search=search):
                buildings.append(building)
    Place.objects.bulk_update(buildings, ["search"], batch_size=BATCH)


def _assign(row: models.Model, **fields: object) -> bool:
    """Sets the fields, unsaved; whether any of them differed."""
    changed = {name: value for name, value in fields.items() if getattr(row, name) != value}
    for name, value in changed.items():
        setattr(row, name, value)
    return bool(changed)


def _get(rows: Mapping[Key, Row], key: Key) -> Row:
    row = rows.get(key)
    if row is None:
        said = key if isinstance(key, str) else " ".join(key)
        raise ValidationError(_("找不到“%(key)s”，请先导入它。") % {"key": said})
    return row


def _batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]
