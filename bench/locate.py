"""Look-ups a second: `cell_at` in this process beside an in-memory STRtree.

    python -m bench.locate [1500 35000 …]

Makes so many synthetic cells in the database that DATABASE_URL names, measures,
and takes them away again by rolling back.
"""

from __future__ import annotations

import math
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

import django
import numpy as np
import shapely

START = datetime(2026, 1, 1, tzinfo=UTC)
DISTRICT = "998877"
STEP = 0.004
WEST, SOUTH = 118.0, 29.0
LOOKUPS = 3000
EDGE_VERTICES = 12


def shapes(count: int) -> list[shapely.Polygon]:
    """Cells of a jittered lattice whose shared borders are wavy lines of EDGE_VERTICES points."""
    dice = random.Random(count)
    side = math.ceil(math.sqrt(count))
    corner = {
        (x, y): (x + dice.uniform(-0.2, 0.2), y + dice.uniform(-0.2, 0.2))
        for x in range(side + 1)
        for y in range(side + 1)
    }
    lines: dict[tuple[tuple[int, int], tuple[int, int]], list[tuple[float, float]]] = {}

    def edge(a: tuple[int, int], b: tuple[int, int]) -> list[tuple[float, float]]:
        """From a up to, but without, b; the same points in both directions."""
        low, high = min(a, b), max(a, b)
        if (low, high) not in lines:
            (ax, ay), (bx, by) = corner[low], corner[high]
            steps = [n / EDGE_VERTICES for n in range(EDGE_VERTICES + 1)]
            wave = [0.05 * math.sin(math.pi * t) * dice.uniform(-1, 1) for t in steps]
            lines[low, high] = [
                (ax + (bx - ax) * t + w, ay + (by - ay) * t - w)
                for t, w in zip(steps, wave, strict=True)
            ]
        line = lines[low, high]
        return line[:-1] if a == low else line[:0:-1]

    def cell(x: int, y: int) -> shapely.Polygon:
        corners = [(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)]
        ring = [
            p for a, b in zip(corners, corners[1:] + corners[:1], strict=True) for p in edge(a, b)
        ]
        return shapely.Polygon(np.array(ring) * STEP + (WEST, SOUTH))

    return [cell(index % side, index // side) for index in range(count)]


def save(polygons: list[shapely.Polygon]) -> None:
    from grid.services import AreaDraft, CellDraft, save_areas, save_cells  # noqa: PLC0415

    community = [f"{DISTRICT}001{number:03d}" for number in range(1 + len(polygons) // 999)]
    save_areas(
        drafts=[
            AreaDraft(DISTRICT, "测速区", "district"),
            AreaDraft(f"{DISTRICT}001", "测速街道", "street", DISTRICT),
            *(AreaDraft(code, "测速社区", "community", code[:9]) for code in community),
        ]
    )
    drafts = [
        CellDraft(f"{community[index // 999]}{index % 999 + 1:03d}", f"{index}", polygon)
        for index, polygon in enumerate(polygons)
    ]
    save_cells(drafts=drafts, now=START)


def rate(look_up: Callable[[float, float], object], points: list[tuple[float, float]]) -> str:
    """Runs every look-up once; the rate and the median and 95th percentile."""
    times = []
    for lat, lng in points:
        begun = time.perf_counter()
        look_up(lat, lng)
        times.append(time.perf_counter() - begun)
    cuts = statistics.quantiles(times, n=20)
    return (
        f"{len(times) / sum(times):>9,.0f} a second, "
        f"p50 {statistics.median(times) * 1e3:.3f} ms, p95 {cuts[18] * 1e3:.3f} ms"
    )


def measure(count: int) -> None:
    from django.db import connection  # noqa: PLC0415

    from grid.queries import cell_at  # noqa: PLC0415

    begun = time.perf_counter()
    polygons = shapes(count)
    made = time.perf_counter()
    save(polygons)
    saved = time.perf_counter()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE grid_cell; ANALYZE grid_cellbucket; ANALYZE grid_area")
    print(f"{count:,} cells: made in {made - begun:.1f} s, saved in {saved - made:.1f} s")
    dice = random.Random(5)
    width = math.ceil(math.sqrt(count)) * STEP
    inside = [
        (SOUTH + dice.uniform(0.05, 0.9) * width, WEST + dice.uniform(0.05, 0.95) * width)
        for _n in range(LOOKUPS)
    ]
    near = [(SOUTH - dice.uniform(0.001, 0.008), lng) for _lat, lng in inside[: LOOKUPS // 10]]
    far = [(SOUTH - 1.0, lng) for _lat, lng in inside[: LOOKUPS // 100]]

    def at(lat: float, lng: float) -> object:
        return cell_at(lat=lat, lng=lng)

    for name, points in (("inside", inside), ("just outside", near), ("far away", far)):
        print(f"  cell_at, {name:<13}{rate(at, points)}")
    tree = shapely.STRtree(polygons)

    def by_tree(lat: float, lng: float) -> object:
        return tree.query(shapely.Point(lng, lat), predicate="intersects")

    print(f"  STRtree, {'inside':<13}{rate(by_tree, inside)}")


def main(counts: list[int]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.db import transaction  # noqa: PLC0415

    for count in counts:
        with transaction.atomic():
            measure(count)
            transaction.set_rollback(True)


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [1500, 35000])
