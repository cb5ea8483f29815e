"""Cell boundaries: read from GeoJSON, checked, repaired, measured, put into buckets.

Longitude and latitude are degrees of WGS-84 in that order, as in GeoJSON
(RFC 7946). Areas and distances are metres on a local equirectangular plane,
good to a per mille at the size of a city.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import shapely
from django.utils.translation import gettext as _
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from grid.datum import to_wgs84_array

Polygonal = Polygon | MultiPolygon
Floats = npt.NDArray[np.float64]

METRES_PER_DEGREE = 111_194.93
# A computed point on an edge misses both neighbours once in 150 times; within
# 1e-7 degrees (a centimetre) none is missed.
TOLERANCE_DEG = 1e-7
BUCKET_DEG = 0.005
MAX_VERTICES = 20_000
MAX_RINGS = 1_000
# Points on one line enclose some square millimetres, because degrees are rounded.
MIN_AREA_M2 = 1.0
# A village of 5,000 km² touches about 20,000 buckets.
MAX_BUCKETS = 100_000
_KEPT_DECIMALS = 9


class GeometryError(ValueError):
    """A boundary that cannot be used, with a message that says what to do."""


@dataclass(frozen=True)
class Repaired:
    """A valid boundary, what was wrong with it ("" if nothing), and the relative change of area."""

    geometry: Polygonal
    fault: str
    change: float


def read_polygon(data: object) -> Polygonal:
    """The Polygon or MultiPolygon of a GeoJSON geometry, holes kept, heights dropped.

    It may still cross itself: see `repair`. GeometryError for anything else,
    for coordinates that are no finite degrees, and beyond MAX_VERTICES or MAX_RINGS.
    """
    kind = data.get("type") if isinstance(data, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        raise GeometryError(
            _("边界要是 Polygon 或 MultiPolygon，这里是 %(kind)s。") % {"kind": str(kind)[:30]}
        )
    coordinates = cast(dict[str, Any], data).get("coordinates")
    members = [coordinates] if kind == "Polygon" else coordinates
    if not isinstance(members, list) or not members:
        raise GeometryError(_("边界没有坐标。"))
    _refuse_too_many(members)
    polygons = [_polygon(member) for member in members]
    return polygons[0] if kind == "Polygon" else MultiPolygon(polygons)


def _refuse_too_many(members: list[Any]) -> None:
    rings = [ring for member in members if isinstance(member, list) for ring in member]
    vertices = sum(len(ring) for ring in rings if isinstance(ring, list))
    if len(rings) > MAX_RINGS or vertices > MAX_VERTICES:
        raise GeometryError(
            _(
                "边界太复杂：%(vertices)d 个点、%(rings)d 个环，"
                "最多 %(max_vertices)d 个点、%(max_rings)d 个环。请先简化。"
            )
            % {
                "vertices": vertices,
                "rings": len(rings),
                "max_vertices": MAX_VERTICES,
                "max_rings": MAX_RINGS,
            }
        )


def _polygon(rings: object) -> Polygon:
    if not isinstance(rings, list) or not rings:
        raise GeometryError(_("边界没有坐标。"))
    shell, *holes = [_ring(ring) for ring in rings]
    return Polygon(shell, holes)


def _ring(points: object) -> Floats:
    try:
        array = np.asarray(points)
    except ValueError:
        array = np.empty(0)
    if array.ndim != 2 or array.shape[1] < 2 or array.dtype.kind not in "fi":
        raise GeometryError(_("坐标要写成 [经度, 纬度] 两个数字。"))
    array = array[:, :2].astype(np.float64)
    if not np.isfinite(array).all():
        raise GeometryError(_("坐标里有无穷大或非数字（NaN），请改正。"))
    if (np.abs(array) > (180.0, 90.0)).any():
        raise GeometryError(
            _("坐标超出经纬度范围：请先从投影坐标转成经纬度，并检查经度是否写在前面。")
        )
    if len(array) < 3 or (len(array) == 3 and (array[0] == array[-1]).all()):
        raise GeometryError(_("每个环至少要有三个不同的点。"))
    return array


def moved_to_wgs84(geometry: Polygonal, datum: str) -> Polygonal:
    """`geometry` from `datum` (see `grid.datum`), to a tenth of a millimetre."""
    if datum == "wgs84":
        return geometry

    def move(points: Floats) -> Floats:
        return np.round(to_wgs84_array(points, datum), _KEPT_DECIMALS)

    return shapely.transform(geometry, move)


def repair(geometry: Polygonal) -> Repaired:
    """A valid form of `geometry`: polygons only, lines and points that fall off are dropped.

    The change of area is relative to what was drawn; callers decide how much
    they bear. GeometryError when less than MIN_AREA_M2 is left.
    """
    if area_m2(geometry) < MIN_AREA_M2 and geometry.is_valid:
        raise GeometryError(_nothing_inside())
    if geometry.is_valid:
        return Repaired(geometry, "", 0.0)
    fault = shapely.is_valid_reason(geometry)
    parts = [part for part in _polygons_in(shapely.make_valid(geometry)) if part.area > 0]
    whole = shapely.union_all(parts)
    if area_m2(whole) < MIN_AREA_M2:
        raise GeometryError(_nothing_inside())
    before = abs(geometry.area)
    change = abs(whole.area - before) / before if before else math.inf
    return Repaired(cast(Polygonal, whole), fault, change)


def _nothing_inside() -> str:
    return _("边界围不出一平方米：请检查各点是不是在一条线上。")


def _polygons_in(geometry: BaseGeometry) -> Iterator[Polygon]:
    for part in shapely.get_parts(geometry):
        if isinstance(part, Polygon):
            yield part
        elif not shapely.is_empty(part) and shapely.get_num_geometries(part) > 1:
            yield from _polygons_in(part)


def to_geojson(geometry: Polygonal, decimals: int | None = None) -> dict[str, Any]:
    """A GeoJSON geometry; `decimals` rounds the degrees (6 are a decimetre)."""
    if isinstance(geometry, Polygon):
        return {"type": "Polygon", "coordinates": _rings(geometry, decimals)}
    members = [_rings(member, decimals) for member in geometry.geoms]
    return {"type": "MultiPolygon", "coordinates": members}


def _rings(polygon: Polygon, decimals: int | None) -> list[Any]:
    arrays = [shapely.get_coordinates(ring) for ring in (polygon.exterior, *polygon.interiors)]
    if decimals is not None:
        arrays = [np.round(array, decimals) for array in arrays]
    return [array.tolist() for array in arrays]


def to_plane(geometry: BaseGeometry, lat: float, lng: float) -> BaseGeometry:
    """`geometry` in metres east and north of the point."""
    scale = np.array([math.cos(math.radians(lat)), 1.0]) * METRES_PER_DEGREE

    def project(points: Floats) -> Floats:
        projected: Floats = (points - (lng, lat)) * scale
        return projected

    return shapely.transform(geometry, project)


def area_m2(geometry: BaseGeometry) -> float:
    """Square metres."""
    if geometry.is_empty:
        return 0.0
    middle = (geometry.bounds[1] + geometry.bounds[3]) / 2
    return float(geometry.area * METRES_PER_DEGREE**2 * math.cos(math.radians(middle)))


def distance_m(geometry: BaseGeometry, lat: float, lng: float) -> float:
    """Metres from the point to the nearest part of `geometry`, 0 inside."""
    return float(to_plane(geometry, lat, lng).distance(shapely.Point(0, 0)))


def bucket_of(lat: float, lng: float) -> tuple[int, int]:
    """The column and row of the bucket that holds the point."""
    return math.floor(lng / BUCKET_DEG), math.floor(lat / BUCKET_DEG)


def buckets_of(geometry: Polygonal) -> list[tuple[int, int]]:
    """Every bucket within TOLERANCE_DEG of `geometry`, so that no border point is missed.

    GeometryError beyond MAX_BUCKETS in the bounding box (some 25,000 km²).
    """
    west, south, east, north = geometry.bounds
    margin = 2 * TOLERANCE_DEG
    first_x, first_y = bucket_of(south - margin, west - margin)
    last_x, last_y = bucket_of(north + margin, east + margin)
    if (last_x - first_x + 1) * (last_y - first_y + 1) > MAX_BUCKETS:
        raise GeometryError(
            _("范围太大：一个网格不能跨越上万平方公里，请检查坐标，或者把它分成几个网格。")
        )
    xs, ys = np.meshgrid(np.arange(first_x, last_x + 1), np.arange(first_y, last_y + 1))
    columns, rows = xs.ravel(), ys.ravel()
    squares = shapely.box(
        columns * BUCKET_DEG - margin,
        rows * BUCKET_DEG - margin,
        (columns + 1) * BUCKET_DEG + margin,
        (rows + 1) * BUCKET_DEG + margin,
    )
    shapely.prepare(geometry)
    touched = shapely.intersects(geometry, squares)
    return list(zip(columns[touched].tolist(), rows[touched].tolist(), strict=True))
