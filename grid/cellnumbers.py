"""Serial numbers for cells that come without codes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from django.utils.translation import gettext as _

from grid.geometry import Polygonal
from grid.importing import FileError
from grid.models import CELL_CODE_LENGTH, Cell

LAST_SERIAL = 999


def reading_order(shapes: Sequence[Polygonal]) -> list[int]:
    """Indexes of the shapes from west to east, in rows from north to south.

    That is how unit grids are numbered (CJ/T 213-2005). Irregular cells stand
    in no rows, so a row is as high as the median cell.
    """
    if not shapes:
        return []
    top = max(shape.bounds[3] for shape in shapes)
    height = median(shape.bounds[3] - shape.bounds[1] for shape in shapes)

    def place(index: int) -> tuple[int, float]:
        centre = shapes[index].centroid
        return math.floor((top - centre.y) / height), centre.x

    return sorted(range(len(shapes)), key=place)


def codes_for(community: str, names: Sequence[str], shapes: Sequence[Polygonal]) -> list[str]:
    """A code for each shape of one community.

    A cell in force with the same boundary, or the same name, keeps its code, so
    that a second import changes nothing; the others get the serials after the
    highest ever used. FileError when they run out.
    """
    cells = list(Cell.objects.whole().filter(community__code=community).defer("boundary"))
    in_force = [cell for cell in cells if cell.valid_until is None]
    by_shape = {bytes(cell.shape): cell.code for cell in in_force if cell.shape}
    by_name = {cell.name: cell.code for cell in in_force}
    free = max((int(cell.code[12:CELL_CODE_LENGTH]) for cell in cells), default=0) + 1
    codes = [""] * len(shapes)
    for index in reading_order(shapes):
        code = by_shape.get(shapes[index].wkb) or by_name.get(names[index])
        if code is None or code in codes:
            code, free = f"{community}{free:03d}", free + 1
        codes[index] = code
    if free > LAST_SERIAL + 1:
        facts = {"community": community, "count": len(shapes), "last": LAST_SERIAL}
        raise FileError(
            _(
                "社区 %(community)s 的网格超过 %(last)d 个（文件里有 %(count)d 个），"
                "序号不够用：请把它们分到几个社区。"
            )
            % facts
        )
    return codes
