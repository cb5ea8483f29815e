"""The drawn district with codes and names: streets, communities, cells and places."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

import shapely
from shapely.geometry import Point, Polygon

from config.demo import naming
from config.demo.drawing import CENTRE_LAT, CENTRE_LNG, Patch, Sheet, Size, draw
from grid.cellnumbers import reading_order

TOWN_SHARE = 0.3
# The statistics bureau's segments: towns from 100, villages from 200.
FIRST_TOWN, FIRST_VILLAGE = 100, 200
CELLS_WITH_MICRO_CELLS = 40


@dataclass
class PlacePlan:
    """A compound, building or landmark in its cell; `compound` names a building's compound."""

    name: str
    kind: str
    lat: float
    lng: float
    aliases: tuple[str, ...] = ()
    compound: str = ""


@dataclass
class CellPlan:
    """`place` is what a special cell is, e.g. 青禾人民医院; empty for a base cell."""

    code: str
    name: str
    shape: Polygon
    place: str = ""
    places: list[PlacePlan] = field(default_factory=list)
    micro: int = 0


@dataclass
class CommunityPlan:
    code: str
    name: str
    village: bool
    cells: list[CellPlan]


@dataclass
class StreetPlan:
    code: str
    name: str
    town: bool
    communities: list[CommunityPlan]

    @property
    def short(self) -> str:
        return self.name.removesuffix("街道").removesuffix("镇")


@dataclass
class Layout:
    """The whole district; `home` is the cell that the demo accounts belong to."""

    code: str
    name: str
    streets: list[StreetPlan]
    home: CellPlan

    def communities(self) -> Iterator[tuple[StreetPlan, CommunityPlan]]:
        for street in self.streets:
            for community in street.communities:
                yield street, community

    def cells(self) -> Iterator[tuple[StreetPlan, CommunityPlan, CellPlan]]:
        for street, community in self.communities():
            for cell in community.cells:
                yield street, community, cell


class _Names(NamedTuple):
    """Communities have names of their own; two far compounds may share one, as they do."""

    communities: Iterator[str]
    compounds: Iterator[str]


def lay_out(*, size: Size, rng: Random) -> Layout:
    """Draw a district and name everything in it."""
    sheet = draw(size=size, rng=rng)
    names = _Names(naming.pairs(rng), naming.pairs(rng))
    code, name = naming.DISTRICT
    order = sorted(range(len(sheet.streets)), key=lambda n: _from_centre(sheet, n))
    towns = int(len(order) * TOWN_SHARE)
    streets = []
    for rank, number in enumerate(order):
        town = rank >= len(order) - towns
        nth = rank - (len(order) - towns) if town else rank
        serial = FIRST_TOWN + nth if town else nth + 1
        first = naming.TOWNS[nth] if town else naming.STREETS[nth]
        street = StreetPlan(f"{code}{serial:03d}", first + ("镇" if town else "街道"), town, [])
        street.communities = _communities(street, sheet.streets[number], names, rng)
        streets.append(street)
    layout = Layout(code, name, streets, home=_home(streets[0]))
    _add_micro_cells(layout, rng)
    return layout


def _from_centre(sheet: Sheet, number: int) -> float:
    patches = sheet.streets[number]
    points = [patch.base[0].centroid for patch in patches]
    centre = Point(CENTRE_LNG, CENTRE_LAT)
    return sum(float(centre.distance(point)) for point in points) / len(points)


def _communities(
    street: StreetPlan, patches: list[Patch], names: _Names, rng: Random
) -> list[CommunityPlan]:
    made = []
    order = reading_order([patch.base[0] for patch in patches])
    serials = {False: 1, True: FIRST_VILLAGE}
    for index in order:
        village = street.town and rng.random() < 0.75
        serial, serials[village] = serials[village], serials[village] + 1
        name = next(names.communities) + ("村" if village else "社区")
        community = CommunityPlan(f"{street.code}{serial:03d}", name, village, [])
        community.cells = _cells(street, community, patches[index], names, rng)
        made.append(community)
    return sorted(made, key=lambda community: community.code)


def _cells(
    street: StreetPlan, community: CommunityPlan, patch: Patch, names: _Names, rng: Random
) -> list[CellPlan]:
    shapes = [*patch.base, *patch.special]
    cells = []
    for serial, index in enumerate(reading_order(shapes), start=1):
        special = index >= len(patch.base)
        kind = "专属" if special else "基础"
        cell = CellPlan(
            code=f"{community.code}{serial:03d}",
            name=f"第{naming.numeral(serial)}网格（{kind}）",
            shape=shapes[index],
        )
        if special:
            _add_landmark(cell, street, community, rng)
        else:
            _add_compounds(cell, community, names, rng)
        cells.append(cell)
    return cells


def _add_landmark(
    cell: CellPlan, street: StreetPlan, community: CommunityPlan, rng: Random
) -> None:
    pattern = rng.choice(naming.SPECIAL_PLACES)
    spot = community.name.removesuffix("社区").removesuffix("村")
    what = pattern.format(n=naming.numeral(rng.randint(1, 6)))
    cell.place = f"{spot}{what}"
    lng, lat = point_in(cell.shape, rng)
    aliases = (f"{street.short}{what}",) if rng.random() < 0.3 else ()
    cell.places.append(PlacePlan(cell.place, "landmark", lat, lng, aliases))


def _add_compounds(cell: CellPlan, community: CommunityPlan, names: _Names, rng: Random) -> None:
    for _compound in range(1 if community.village else rng.choice((1, 1, 2))):
        first = next(names.compounds)
        endings = naming.VILLAGE_ENDINGS if community.village else naming.COMPOUND_ENDINGS
        name = first + rng.choice(endings)
        if any(place.name == name for place in cell.places):
            continue
        lng, lat = point_in(cell.shape, rng)
        aliases = (f"{first}小区",) if name[-2:] in ("花园", "雅苑") and rng.random() < 0.5 else ()
        cell.places.append(PlacePlan(name, "compound", lat, lng, aliases))
        for number in range(1, rng.randint(3, 6)):
            east, north = _near(cell.shape, lng, lat, rng)
            building = f"{number}号" if community.village else f"{number}号楼"
            cell.places.append(PlacePlan(building, "building", north, east, compound=name))


def point_in(shape: Polygon, rng: Random) -> tuple[float, float]:
    """A random point (lng, lat) inside, to six decimals, a decimetre."""
    west, south, east, north = shape.bounds
    while True:
        lng, lat = round(rng.uniform(west, east), 6), round(rng.uniform(south, north), 6)
        if shapely.contains_xy(shape, lng, lat):
            return lng, lat


def _near(shape: Polygon, lng: float, lat: float, rng: Random) -> tuple[float, float]:
    """A point some 60 m away in the same cell."""
    for _attempt in range(20):
        east, north = round(rng.gauss(lng, 0.0006), 6), round(rng.gauss(lat, 0.0005), 6)
        if shapely.contains_xy(shape, east, north):
            return east, north
    return lng, lat


def _home(street: StreetPlan) -> CellPlan:
    """A base cell with compounds in a community of several cells."""
    community = max(street.communities, key=lambda community: len(community.cells))
    base = [cell for cell in community.cells if not cell.place]
    return max(base, key=lambda cell: len(cell.places))


def _add_micro_cells(layout: Layout, rng: Random) -> None:
    cells = [cell for _street, _community, cell in layout.cells() if not cell.place]
    for cell in rng.sample(cells, min(CELLS_WITH_MICRO_CELLS, len(cells) // 4)):
        cell.micro = 2
    layout.home.micro = 2
