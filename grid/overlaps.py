"""Overlaps between cells: few square metres are drawing, more is a mistake."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import shapely

from grid.geometry import METRES_PER_DEGREE, Polygonal
from grid.models import Cell

# Digitised borders wobble; below this no report is located wrongly that matters.
TOLERATED_M2 = 100.0
# Rounding leaves overlaps of no area; they are not worth a word.
NOTICED_M2 = 0.01
_PAIRS_AT_ONCE = 20_000


@dataclass(frozen=True)
class Overlap:
    """Indexes into the two sequences that were compared, and the shared area in m²."""

    first: int
    second: int
    m2: float


def overlaps_within(shapes: Sequence[Polygonal]) -> Iterator[Overlap]:
    """Overlaps of at least NOTICED_M2 between different shapes, each pair once."""
    tree = shapely.STRtree(shapes)
    first, second = tree.query(np.array(shapes, dtype=object), predicate="intersects")
    once = first < second
    yield from _measure(shapes, shapes, first[once], second[once])


def overlaps_between(shapes: Sequence[Polygonal], others: Sequence[Polygonal]) -> Iterator[Overlap]:
    """Overlaps of at least NOTICED_M2 of one of `shapes` with one of `others`."""
    if not shapes or not others:
        return
    tree = shapely.STRtree(others)
    first, second = tree.query(np.array(shapes, dtype=object), predicate="intersects")
    yield from _measure(shapes, others, first, second)


def _measure(
    shapes: Sequence[Polygonal],
    others: Sequence[Polygonal],
    first: np.typing.NDArray[np.intp],
    second: np.typing.NDArray[np.intp],
) -> Iterator[Overlap]:
    left, right = np.array(shapes, dtype=object), np.array(others, dtype=object)
    for start in range(0, len(first), _PAIRS_AT_ONCE):
        part = slice(start, start + _PAIRS_AT_ONCE)
        a, b = first[part], second[part]
        shared = shapely.intersection(left[a], right[b])
        middle = np.radians(shapely.bounds(left[a])[:, 1])
        m2 = shapely.area(shared) * METRES_PER_DEGREE**2 * np.cos(middle)
        for index in np.nonzero(m2 >= NOTICED_M2)[0]:
            yield Overlap(int(a[index]), int(b[index]), float(m2[index]))


def neighbours_in_force(
    shapes: Sequence[Polygonal], *, without: set[str], at: datetime
) -> list[Cell]:
    """Cells in force at `at` or later, near the shapes, that have none of the codes `without`."""
    west, south, east, north = shapely.total_bounds(np.array(shapes, dtype=object))
    cells = (
        Cell.objects.whole()
        .exclude(valid_until__lte=at)
        .filter(min_lng__lte=east, max_lng__gte=west, min_lat__lte=north, max_lat__gte=south)
        .defer("boundary")
    )
    return [cell for cell in cells.iterator(chunk_size=500) if cell.code not in without]
