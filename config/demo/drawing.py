"""A city on paper: an outline cut again and again, its pieces sharing every border exactly.

Cutting happens on a plane where every base cell has about the same area. The
finished line work is noded there, so that neighbours share every vertex, and is
then bent onto the earth, dense in the centre and wide outside.
"""

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

import numpy as np
import numpy.typing as npt
import shapely
from shapely import affinity
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

Floats = npt.NDArray[np.float64]

# The north shore of Hangzhou Bay: sea in the south-east.
CENTRE_LNG, CENTRE_LAT = 121.052, 30.668
RADIUS_LAT_DEG = 0.073
RADIUS_LNG_DEG = RADIUS_LAT_DEG / math.cos(math.radians(CENTRE_LAT))
DECIMALS = 6
NODING_GRID = 1e-6
LONGEST_EDGE = 0.02
ATTEMPTS = 60


class Uncut(RuntimeError):
    """No cut of a piece worked."""


@dataclass(frozen=True)
class Size:
    """How many of each; `cells` counts the special ones in."""

    streets: int = 20
    communities: int = 300
    cells: int = 1500
    special: int = 80


@dataclass
class Sheet:
    """The finished drawing: for each street its communities, for each its cells in WGS-84."""

    streets: list[list["Patch"]] = field(default_factory=list)


@dataclass
class Patch:
    """A community: base cells, and the special cells with the base cell each was cut from."""

    base: list[Polygon]
    special: list[Polygon]


def draw(*, size: Size, rng: Random) -> Sheet:
    """Draw a district. The same size and generator state give the same drawing.

    A cut that finds no good line spoils the sheet; the next sheet is another one.
    """
    for _sheet_of_paper in range(ATTEMPTS):
        with suppress(Uncut):
            return _drawn(size, rng)
    raise Uncut("no drawing came out whole: choose another seed")


def _drawn(size: Size, rng: Random) -> Sheet:
    shares = _shares(size, rng)
    outline = _outline(rng)
    pieces: list[Polygon] = []
    where: list[tuple[int, int, bool]] = []
    streets = _divide(outline, [sum(street) for street in shares], rng, wiggle=0.06)
    for number, (street, counts) in enumerate(zip(streets, shares, strict=True)):
        for place, (area, count) in enumerate(
            zip(_divide(street, counts, rng, wiggle=0.035), counts, strict=True)
        ):
            for piece in _divide(area, [1] * count, rng, wiggle=0.02):
                pieces.append(piece)
                where.append((number, place, False))
    for index in rng.sample(range(len(pieces)), size.special):
        special, rest = _cut_out(pieces[index], rng)
        pieces[index] = rest
        pieces.append(special)
        where.append((*where[index][:2], True))
    return _sheet(shares, _on_earth(pieces, rng), where)


def _shares(size: Size, rng: Random) -> list[list[int]]:
    """Base cells by street and community, uneven but adding up."""
    communities = _parts(size.communities, size.streets, rng, spread=0.35)
    counts = _parts(size.cells - size.special, size.communities, rng, spread=0.4)
    shares, start = [], 0
    for many in communities:
        shares.append(counts[start : start + many])
        start += many
    return shares


def _parts(total: int, parts: int, rng: Random, *, spread: float) -> list[int]:
    """Whole numbers of at least 1 that add up to `total`."""
    weights = [rng.uniform(1 - spread, 1 + spread) for _ in range(parts)]
    edges = [round(total * sum(weights[:n]) / sum(weights)) for n in range(parts + 1)]
    sizes = [max(1, after - before) for before, after in zip(edges, edges[1:], strict=False)]
    while sum(sizes) != total:
        largest = sizes.index(max(sizes))
        sizes[largest] -= 1 if sum(sizes) > total else -1
    return sizes


def _outline(rng: Random) -> Polygon:
    """Land borders by angle, and a bay that bites off the south-east."""
    phases = [(n, rng.uniform(0, math.tau), rng.uniform(0.02, 0.07)) for n in (2, 3, 5, 7, 11, 17)]
    points = []
    for step in range(120):
        angle = math.tau * step / 120
        radius = 1 + sum(size * math.sin(n * angle + phase) for n, phase, size in phases)
        points.append((radius * math.cos(angle), radius * math.sin(angle) * 0.92))
    coast = [
        (
            x + 0.02 * math.sin(9 * x + phases[2][1]),
            -0.78 + 0.42 * x + 0.1 * x * x + 0.03 * math.sin(14 * x + phases[1][1]),
        )
        for x in np.linspace(-1.3, 1.5, 60).tolist()
    ]
    land = Polygon([*coast, (1.6, 2), (-1.6, 2)])
    parts = shapely.get_parts(shapely.intersection(Polygon(points), land))
    return _polygon(max(parts.tolist(), key=lambda part: float(part.area)))


def _polygon(shape: BaseGeometry) -> Polygon:
    if not isinstance(shape, Polygon):
        raise Uncut(f"expected one piece, not a {shape.geom_type}")
    return shape


def _divide(piece: Polygon, weights: Sequence[int], rng: Random, *, wiggle: float) -> list[Polygon]:
    """Cut until there is a piece for each weight, in their order, areas in proportion."""
    if len(weights) == 1:
        return [piece]
    total, half = sum(weights), len(weights) // 2
    if len(weights) > 5:
        half += rng.choice((-1, 0, 0, 1))
    first, second = _cut(piece, sum(weights[:half]) / total, rng, wiggle=wiggle)
    return [
        *_divide(first, weights[:half], rng, wiggle=wiggle),
        *_divide(second, weights[half:], rng, wiggle=wiggle),
    ]


def _cut(piece: Polygon, share: float, rng: Random, *, wiggle: float) -> tuple[Polygon, Polygon]:
    """Two pieces, the first with about `share` of the area, cut across the longer side."""
    for attempt in range(ATTEMPTS):
        calm = 1 - attempt / ATTEMPTS
        angle = _long_side(piece) + rng.gauss(0, 7 if attempt < 20 else 35)
        turned = affinity.rotate(piece, -angle, origin=(0, 0))
        line = _line_across(turned, share, rng, wiggle * calm)
        halves = _split(piece, affinity.rotate(line, angle, origin=(0, 0)))
        if len(halves) == 2 and all(_is_plump(half) for half in halves):
            first = affinity.rotate(halves[0], -angle, origin=(0, 0)).centroid.x
            second = affinity.rotate(halves[1], -angle, origin=(0, 0)).centroid.x
            return (halves[0], halves[1]) if first < second else (halves[1], halves[0])
    raise Uncut("no cut of this piece worked")


def _is_plump(piece: Polygon) -> bool:
    """Neither a sliver nor a star: the area is a fair part of the circle with its girth."""
    return bool(4 * math.pi * piece.area > 0.33 * piece.length**2)


def _long_side(piece: Polygon) -> float:
    """The direction of the longer side in degrees."""
    box = shapely.get_coordinates(shapely.oriented_envelope(piece))
    sides = box[1:3] - box[0:2]
    dx, dy = sides[int(np.argmax(np.hypot(sides[:, 0], sides[:, 1])))]
    return math.degrees(math.atan2(dy, dx))


def _line_across(turned: Polygon, share: float, rng: Random, wiggle: float) -> LineString:
    """A line from south to north that has `share` of the area on its west."""
    west, south, east, north = turned.bounds
    low, high = west, east
    for _step in range(12):
        middle = (low + high) / 2
        part = shapely.clip_by_rect(turned, west - 1, south - 1, middle, north + 1)
        low, high = (middle, high) if part.area < share * turned.area else (low, middle)
    height = north - south
    bends = max(2, min(9, round(height / 0.08)))
    points = [(low, south - height)]
    for n in range(bends + 1):
        sway = rng.gauss(0, wiggle) * height / math.sqrt(bends)
        points.append((low + sway, south + height * n / bends))
    return LineString([*points, (low, north + height)])


def _split(piece: Polygon, line: LineString) -> list[Polygon]:
    lines = shapely.union_all([piece.exterior, *piece.interiors, line])
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines).tolist()))
    return [_polygon(face) for face in faces if piece.contains(face.representative_point())]


def _cut_out(piece: Polygon, rng: Random) -> tuple[Polygon, Polygon]:
    """A special place and what is left: an island in the cell, or one end of it."""
    island = affinity.scale(_box_in(piece, rng), 0.52, 0.52)
    if rng.random() < 0.4 and piece.buffer(-0.004).contains(island):
        return island, Polygon(piece.exterior, [island.exterior])
    share = rng.uniform(0.25, 0.42)
    if rng.random() < 0.5:
        return _cut(piece, share, rng, wiggle=0.01)
    rest, special = _cut(piece, 1 - share, rng, wiggle=0.01)
    return special, rest


def _box_in(piece: Polygon, rng: Random) -> Polygon:
    """The piece's oriented envelope with bent corners: the walls of a school or a park."""
    corners = shapely.get_coordinates(shapely.oriented_envelope(piece))[:4]
    reach = math.sqrt(piece.area)
    bent = [(x + rng.gauss(0, 0.06) * reach, y + rng.gauss(0, 0.06) * reach) for x, y in corners]
    return _polygon(shapely.convex_hull(Polygon(bent)))


def _on_earth(pieces: Sequence[Polygon], rng: Random) -> list[Polygon]:
    """Every piece in degrees, with the vertices of its neighbours on shared borders."""
    lines = shapely.union_all([piece.boundary for piece in pieces], grid_size=NODING_GRID)
    edges = shapely.get_parts(shapely.segmentize(lines, LONGEST_EDGE))
    faces = shapely.get_parts(shapely.polygonize(edges.tolist()))
    tree = shapely.STRtree(pieces)
    points = shapely.point_on_surface(faces)
    owner = dict(zip(*tree.query(points, predicate="within").tolist(), strict=True))
    shaped: list[list[Polygon]] = [[] for _piece in pieces]
    bend = _Bend(rng)
    for number, face in enumerate(faces):
        if number in owner:
            shaped[owner[number]].append(_polygon(shapely.transform(face, bend)))
    whole = [_polygon(shapely.union_all(parts)) for parts in shaped]
    if not shapely.coverage_is_valid(whole) or not shapely.is_valid(whole).all():
        raise Uncut("the drawing has gaps")
    return whole


class _Bend:
    """From the plane of equal cells to degrees: dense in the centre, a little crooked."""

    def __init__(self, rng: Random) -> None:
        self.phase = [rng.uniform(0, math.tau) for _ in range(4)]

    def __call__(self, points: Floats) -> Floats:
        x, y = points[:, 0], points[:, 1]
        a, b, c, d = self.phase
        east = x + 0.035 * np.sin(3.1 * y + a) + 0.012 * np.sin(7.3 * y + 2 * x + b)
        north = y + 0.035 * np.sin(2.7 * x + c) + 0.012 * np.sin(6.1 * x - 2 * y + d)
        radius = np.hypot(east, north)
        stretch = 0.62 + 0.38 * np.minimum(radius, 1.6) ** 2
        lng = CENTRE_LNG + RADIUS_LNG_DEG * east * stretch
        lat = CENTRE_LAT + RADIUS_LAT_DEG * north * stretch
        return np.asarray(np.column_stack([lng, lat]).round(DECIMALS), dtype=np.float64)


def _sheet(
    shares: list[list[int]], shapes: list[Polygon], where: list[tuple[int, int, bool]]
) -> Sheet:
    streets = [[Patch([], []) for _count in street] for street in shares]
    for shape, (street, community, is_special) in zip(shapes, where, strict=True):
        patch = streets[street][community]
        (patch.special if is_special else patch.base).append(shape)
    return Sheet(streets)
