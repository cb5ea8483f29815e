"""Which cell is this point in? Buckets name the candidates, shapely decides."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any, cast

import shapely
from django.db import connection
from django.db.models import ExpressionWrapper, F, FloatField, Value
from django.db.models.functions import Cast, Greatest
from django.utils import timezone
from django.utils.translation import gettext as _

from grid.geometry import (
    BUCKET_DEG,
    METRES_PER_DEGREE,
    TOLERANCE_DEG,
    GeometryError,
    Polygonal,
    bucket_of,
    distance_m,
)
from grid.models import Area, Cell

NEAR_BUCKETS = 2
NEAREST_BATCH = 64

# Written out, because every report asks it: the same query through the ORM
# spends three times as long on building SQL and rows that lose.
_CANDIDATES = """
    SELECT cell.id, cell.code, cell.name, cell.kind, cell.community_id, cell.parent_id,
           cell.shape,
           community.id, community.code, community.name, community.level, community.parent_id,
           street.id, street.code, street.name, street.level, street.parent_id,
           district.id, district.code, district.name, district.level, district.parent_id
      FROM grid_cell cell
      JOIN grid_area community ON community.id = cell.community_id
      JOIN grid_area street ON street.id = community.parent_id
      JOIN grid_area district ON district.id = street.parent_id
     WHERE cell.id IN (SELECT cell_id FROM grid_cellbucket WHERE x = %s AND y = %s)
       AND cell.min_lng <= %s AND cell.max_lng >= %s
       AND cell.min_lat <= %s AND cell.max_lat >= %s
       AND cell.valid_from <= %s AND (cell.valid_until IS NULL OR cell.valid_until > %s)
"""
# As an array the buckets are no fifth table to be joined: PostgreSQL spent 1.0
# of 1.5 ms on finding the order of the joins.
_CANDIDATES_POSTGRESQL = _CANDIDATES.replace("IN (SELECT", "= ANY (ARRAY(SELECT").replace(
    "y = %s)", "y = %s))"
)
_CELL_FIELDS = ("id", "code", "name", "kind", "community_id", "parent_id", "shape")
_AREA_FIELDS = ("id", "code", "name", "level", "parent_id")
_CODE, _KIND, _SHAPE = 1, 3, 6


@dataclass(frozen=True)
class Located:
    """The cell of a point; outside every cell the nearest one and the metres to it.

    `cell` and `nearest` carry community, street and district without further
    queries. All three are None where no cell is in force.
    """

    cell: Cell | None
    nearest: Cell | None = None
    distance_m: float | None = None


@dataclass(frozen=True)
class _Near:
    """A cell by its key, and the metres to it."""

    metres: float
    code: str
    key: int


def cell_at(*, lat: float, lng: float, at: datetime | None = None) -> Located:
    """The cell in force at `at` (now if None) at a point in degrees of WGS-84.

    A cell that intersects the point comes before one within 1e-7 degrees of it,
    a special cell before a base cell, a lower code before a higher one.
    Micro-cells are not looked at. One query where a cell is found; its boundary
    and dates are left in the database until they are asked for. ValueError for
    a point that is not on Earth.
    """
    # Callers that compute with numpy pass its floats, which psycopg2 cannot write.
    lat, lng = float(lat), float(lng)
    if not (abs(lat) <= 90 and abs(lng) <= 180):
        raise ValueError(_("纬度要在 -90 到 90 之间，经度要在 -180 到 180 之间。"))
    moment = timezone.now() if at is None else at
    point = shapely.Point(lng, lat)
    found = [
        (apart > 0, row[_KIND] != Cell.Kind.SPECIAL, row[_CODE], row)
        for row in _candidates(lat, lng, moment)
        if (apart := _degrees_apart(bytes(row[_SHAPE]), point)) <= TOLERANCE_DEG
    ]
    if found:
        return Located(_cell(min(found, key=lambda entry: entry[:3])[3]))
    return _nearest(lat, lng, moment)


def _candidates(lat: float, lng: float, moment: datetime) -> list[tuple[Any, ...]]:
    instant = connection.ops.adapt_datetimefield_value(moment)
    box = (lng + TOLERANCE_DEG, lng - TOLERANCE_DEG, lat + TOLERANCE_DEG, lat - TOLERANCE_DEG)
    candidates = _CANDIDATES_POSTGRESQL if connection.vendor == "postgresql" else _CANDIDATES
    with connection.cursor() as cursor:
        cursor.execute(candidates, (*bucket_of(lat, lng), *box, instant, instant))
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _degrees_apart(shape: bytes, point: shapely.Point) -> float:
    geometry = shapely.from_wkb(shape)
    return 0.0 if geometry.intersects(point) else float(geometry.distance(point))


def _cell(row: Sequence[Any]) -> Cell:
    using, width, size = connection.alias, len(_CELL_FIELDS), len(_AREA_FIELDS)
    cell = Cell.from_db(using, _CELL_FIELDS, row[:width])
    community, street, district = (
        Area.from_db(using, _AREA_FIELDS, row[start : start + size])
        for start in range(width, width + 3 * size, size)
    )
    cell.community, community.parent, street.parent = community, street, district
    return cell


def shape_of(cell: Cell) -> Polygonal:
    """The boundary as a shapely geometry; GeometryError for a micro-cell without one."""
    if cell.shape is None:
        raise GeometryError(_("网格 %(code)s 没有边界。") % {"code": cell.code})
    return cast(Polygonal, shapely.from_wkb(bytes(cell.shape)))


def _nearest(lat: float, lng: float, moment: datetime) -> Located:
    x, y = bucket_of(lat, lng)
    around = Cell.objects.filter(
        buckets__x__range=(x - NEAR_BUCKETS, x + NEAR_BUCKETS),
        buckets__y__range=(y - NEAR_BUCKETS, y + NEAR_BUCKETS),
    )
    in_force = Cell.objects.valid_at(moment).filter(pk__in=around.values("pk")).order_by()
    best = _closest(in_force.values_list("pk", "code", "shape"), lat, lng)
    # Whatever the buckets around do not hold is at least this far away.
    searched = NEAR_BUCKETS * BUCKET_DEG * METRES_PER_DEGREE * math.cos(math.radians(lat))
    if best is None or best.metres > searched:
        best = _closest_of_all(lat, lng, moment)
    if best is None:
        return Located(None)
    cell = Cell.objects.without_boundary().with_areas().get(pk=best.key)
    return Located(None, cell, best.metres)


def _closest(rows: Iterable[Sequence[Any]], lat: float, lng: float) -> _Near | None:
    """The closest of rows of key, code and WKB."""
    return min(
        (
            _Near(distance_m(shapely.from_wkb(bytes(row[2])), lat, lng), row[1], row[0])
            for row in rows
        ),
        key=_rank,
        default=None,
    )


def _rank(near: _Near) -> tuple[float, str]:
    return near.metres, near.code


def _closest_of_all(lat: float, lng: float, moment: datetime) -> _Near | None:
    """Takes cells by the distance of their boxes, until no box is near enough any more."""
    shrink = _degrees(math.cos(math.radians(lat)))
    zero = _degrees(0.0)
    east = Greatest(F("min_lng") - lng, _degrees(lng) - F("max_lng"), zero) * shrink
    north = Greatest(F("min_lat") - lat, _degrees(lat) - F("max_lat"), zero)
    square = ExpressionWrapper(east * east + north * north, output_field=FloatField())
    cells = Cell.objects.whole().valid_at(moment).order_by(square, "pk")
    rows = cells.values_list("pk", "code", "shape", square)
    best: _Near | None = None
    for start in count(0, NEAREST_BATCH):
        batch = list(rows[start : start + NEAREST_BATCH])
        if not batch:
            return best
        if best and METRES_PER_DEGREE * math.sqrt(batch[0][3]) > best.metres:
            return best
        closest = _closest(batch, lat, lng)
        best = min((near for near in (best, closest) if near), key=_rank)
    return best


def _degrees(value: float) -> Cast:
    return Cast(Value(value), FloatField())
