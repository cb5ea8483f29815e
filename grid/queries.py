"""Where is this point? Which cells are on this map?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import numpy as np
import shapely
from django.db.models import Case, IntegerField, Q, Value, When
from django.db.models.functions import Length
from django.utils import timezone

from grid.geometry import to_geojson
from grid.locate import Located, cell_at, shape_of
from grid.models import Area, Cell, Place, PlaceQuerySet
from grid.words import beginnings, is_part, spellings

__all__ = [
    "Located",
    "cell_at",
    "cells_geojson",
    "cells_with_codes",
    "find_places",
    "shape_of",
]

MAP_CELLS = 10_000
CODES_AT_ONCE = 500
_MAP_DECIMALS = 6
# Two metres: invisible at the zoom of a street, and half the bytes.
_MAP_TOLERANCE_DEG = 2e-5


def cells_with_codes(codes: Sequence[str]) -> Iterator[Cell]:
    """Cells and micro-cells that have these codes, without their GeoJSON."""
    cells = Cell.objects.select_related("parent")
    slim = cells.defer("boundary", "parent__boundary", "parent__shape")
    for start in range(0, len(codes), CODES_AT_ONCE):
        yield from slim.filter(code__in=codes[start : start + CODES_AT_ONCE])


def cells_geojson(
    *,
    district: str = "",
    street: str = "",
    community: str = "",
    bbox: tuple[float, float, float, float] | None = None,
    at: datetime | None = None,
) -> dict[str, Any]:
    """A GeoJSON FeatureCollection of the cells in force, drawn for a map, two metres exact.

    `district`, `street` and `community` are area codes; `bbox` is west, south, east, north
    in degrees. At most MAP_CELLS cells; `truncated` says that there were more.
    """
    cells = Cell.objects.whole().valid_at(timezone.now() if at is None else at)
    if district:
        cells = cells.filter(community__parent__parent__code=district)
    if street:
        cells = cells.filter(community__parent__code=street)
    if community:
        cells = cells.filter(community__code=community)
    if bbox:
        west, south, east, north = bbox
        cells = cells.filter(
            min_lng__lte=east, max_lng__gte=west, min_lat__lte=north, max_lat__gte=south
        )
    rows = list(cells.select_related("community").defer("boundary")[: MAP_CELLS + 1])
    shown = rows[:MAP_CELLS]
    return {
        "type": "FeatureCollection",
        "truncated": len(rows) > MAP_CELLS,
        "features": _features(shown),
    }


def _features(cells: list[Cell]) -> list[dict[str, Any]]:
    shapes = np.array([shape_of(cell) for cell in cells], dtype=object)
    # As one coverage, so that neighbours keep their shared border.
    simple: Iterable[Any] = shapely.coverage_simplify(shapes, _MAP_TOLERANCE_DEG) if cells else []
    return [
        {
            "type": "Feature",
            "id": cell.code,
            "geometry": to_geojson(geometry, _MAP_DECIMALS),
            "properties": {
                "code": cell.code,
                "name": cell.name,
                "kind": cell.kind,
                "community": cell.community.code,
                "community_name": cell.community.name,
            },
        }
        for cell, geometry in zip(cells, simple, strict=True)
    ]


def find_places(words: str, *, within: Iterable[Area] | None = None, limit: int = 8) -> list[Place]:
    """Places that people may mean by `words`, the likeliest first.

    Looks for the words in names and aliases; without a hit it leaves away room
    and unit, then the building ("青禾花园3号楼2单元" finds building 3, or else the
    compound), and at last looks for a name with which the words begin. Places in
    the areas `within` come before others.
    """
    places = Place.objects.with_areas()
    far = _far_from(within)
    for spelling in spellings(words):
        if found := _places_with(places, spelling, far, limit):
            return found
    whole = Q()
    for beginning in beginnings(words):
        whole |= Q(search__contains=f"\n{beginning}\n")
    return (
        list(places.filter(whole).order_by(far, Length("name").desc(), "pk")[:limit])
        if whole
        else []
    )


def _places_with(places: PlaceQuerySet, spelling: str, far: Case, limit: int) -> list[Place]:
    likeness = Case(
        When(search__contains=f"\n{spelling}\n", then=Value(0)),
        When(search__contains=f"\n{spelling}", then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    # Whoever names no building means the compound.
    whole = Case(When(parent__isnull=True, then=Value(0)), default=Value(1))
    hits = places.filter(search__contains=spelling).order_by(
        far, likeness, whole, Length("name"), "name", "pk"
    )
    # "3号楼" is found in "13号楼", "23号楼" … too: nine times as many at most.
    likely = (place for place in hits[: limit * 10] if is_part(spelling, place.search))
    return list(islice(likely, limit))


def _far_from(within: Iterable[Area] | None) -> Case:
    keys = [area.pk for area in within or ()]
    inside = (
        Q(cell__community__in=keys)
        | Q(cell__community__parent__in=keys)
        | Q(cell__community__parent__parent__in=keys)
    )
    return Case(When(inside, then=Value(0)), default=Value(1), output_field=IntegerField())
