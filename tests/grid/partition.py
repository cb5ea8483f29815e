"""A jittered partition of a rectangle into cells that share their borders exactly."""

import random
from datetime import UTC, datetime

import shapely
from shapely.geometry import MultiPolygon, Polygon

from grid.models import Area, Cell
from grid.services import AreaDraft, CellDraft, save_areas, save_cells

# Long before the shared test district, so that none of its cells is in force.
START = datetime(2001, 1, 1, tzinfo=UTC)
WEST, SOUTH = 119.9, 30.2
STEP = 0.004


def make_community(code: str = "990777001001") -> Area:
    save_areas(
        drafts=[
            AreaDraft(code[:6], "青禾区", "district"),
            AreaDraft(code[:9], "河东街道", "street", code[:6]),
            AreaDraft(code, "望河社区", "community", code[:9]),
        ]
    )
    return Area.objects.get(code=code)


def jittered(seed: int, columns: int, rows: int) -> list[Polygon]:
    """Quadrilaterals over shared, randomly moved corners; borders get a shared extra vertex."""
    dice = random.Random(seed)
    corner = {
        (x, y): (
            WEST + (x + dice.uniform(-0.3, 0.3)) * STEP,
            SOUTH + (y + dice.uniform(-0.3, 0.3)) * STEP,
        )
        for x in range(columns + 1)
        for y in range(rows + 1)
    }
    middles: dict[frozenset[tuple[int, int]], tuple[float, float]] = {}

    def edge(a: tuple[int, int], b: tuple[int, int]) -> list[tuple[float, float]]:
        key = frozenset((a, b))
        if key not in middles:
            (ax, ay), (bx, by) = corner[a], corner[b]
            middles[key] = (
                (ax + bx) / 2 + dice.uniform(-0.1, 0.1) * STEP,
                (ay + by) / 2 + dice.uniform(-0.1, 0.1) * STEP,
            )
        return [corner[a], middles[key]]

    return [
        Polygon(
            edge((x, y), (x + 1, y))
            + edge((x + 1, y), (x + 1, y + 1))
            + edge((x + 1, y + 1), (x, y + 1))
            + edge((x, y + 1), (x, y))
        )
        for y in range(rows)
        for x in range(columns)
    ]


def drafts_of(seed: int, columns: int, rows: int, community: str) -> list[CellDraft]:
    """Base cells, a hole in the first, two cells merged into a MultiPolygon, specials cut out."""
    dice = random.Random(seed + 1)
    base = jittered(seed, columns, rows)
    shapes: list[Polygon | MultiPolygon] = list(base)
    shapes[0] = shapes[0].difference(base[0].centroid.buffer(STEP / 8))
    far = shapes.pop()
    shapes[1] = shapely.union_all([shapes[1], far])
    specials = []
    for _n in range(3):
        x = WEST + dice.uniform(1, columns - 1) * STEP
        y = SOUTH + dice.uniform(1, rows - 1) * STEP
        special = shapely.box(x, y, x + STEP / 2, y + STEP / 3)
        special = special.difference(shapely.union_all(specials)) if specials else special
        if not special.is_empty:
            specials.append(special)
    cut = [shapely.difference(shape, shapely.union_all(specials)) for shape in shapes]
    cut = [shape for shape in cut if not shape.is_empty]
    kinds = [Cell.Kind.BASE] * len(cut) + [Cell.Kind.SPECIAL] * len(specials)
    codes = [f"{community}{number:03d}" for number in range(1, len(kinds) + 1)]
    dice.shuffle(codes)
    return [
        CellDraft(code, f"第{code[-3:]}网格", shape, kind)
        for code, shape, kind in zip(codes, [*cut, *specials], kinds, strict=True)
    ]


def make_partition(seed: int = 1, columns: int = 6, rows: int = 5) -> list[CellDraft]:
    community = make_community()
    drafts = drafts_of(seed, columns, rows, community.code)
    save_cells(drafts=drafts, now=START)
    return drafts
