"""Turns the rows of a place list into places, and says what is wrong with each."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from grid.csvfile import Row
from grid.datum import check_datum, to_wgs84
from grid.geometry import distance_m
from grid.importing import FileError, Report
from grid.models import CELL_CODE_LENGTH, Cell, Place
from grid.queries import cell_at, cells_with_codes, shape_of
from grid.services import COMMUNITY_CODE_LENGTH, PlaceDraft

COLUMNS = ("name", "aliases", "kind", "lat", "lng", "cell_code")
# The gate of a compound may lie across the road; further off is a slip.
FAR_M = 200.0
MAX_NAME = 100
_ALIAS_BREAK = re.compile(r"[;；|、\n]+")
_KINDS: dict[str, str] = {
    "compound": Place.Kind.COMPOUND,
    "building": Place.Kind.BUILDING,
    "landmark": Place.Kind.LANDMARK,
    "小区": Place.Kind.COMPOUND,
    "楼栋": Place.Kind.BUILDING,
    "地标": Place.Kind.LANDMARK,
}


@dataclass(frozen=True)
class Found:
    """A place and the row that tells of it."""

    row: Row
    draft: PlaceDraft


def read_places(rows: Iterable[Row], datum: str, report: Report) -> list[PlaceDraft]:
    """The places of the rows; every fault goes into `report`.

    A row without cell_code gets the cell of its point. A building belongs to
    the compound in its column `parent`, or to the one whose name begins its own.
    """
    try:
        check_datum(datum)
    except ValueError as error:
        raise FileError(str(error)) from error
    cells: dict[str, Cell | None] = {}
    found = []
    for row in rows:
        problem = _row_problem(row) or _cell_problem(row["cell_code"], cells)
        if problem:
            report.error(row.line, problem)
        else:
            found.append(Found(row, _draft(row, datum, cells, report)))
    linked = _linked(found, report)
    _check_twice(linked, report)
    return [place.draft for place in linked]


def _row_problem(row: Row) -> str:
    if not 0 < len(row["name"]) <= MAX_NAME:
        return _("名称要有 1 到 100 个字。")
    if row["kind"].lower() not in _KINDS:
        facts = {"kind": row["kind"][:20]}
        return _("类型“%(kind)s”不认识，请写 compound、building 或 landmark。") % facts
    point = _numbers(row)
    if point is None:
        facts = {"lat": row["lat"][:20], "lng": row["lng"][:20]}
        return _("纬度“%(lat)s”、经度“%(lng)s”要是两个数字。") % facts
    lat, lng = point
    if abs(lat) > 90 or abs(lng) > 180:
        return _("经纬度超出范围：请检查纬度（lat）和经度（lng）有没有写反。")
    return ""


def _numbers(row: Row) -> tuple[float, float] | None:
    try:
        lat, lng = float(row["lat"]), float(row["lng"])
    except ValueError:
        return None
    return (lat, lng) if math.isfinite(lat) and math.isfinite(lng) else None


def _cell_problem(code: str, cells: dict[str, Cell | None]) -> str:
    if not code:
        return ""
    if code not in cells:
        cells[code] = next(cells_with_codes([code]), None)
    cell, facts = cells[code], {"code": code[:20]}
    if cell is None or len(cell.code) != CELL_CODE_LENGTH:
        return _("网格 %(code)s 不存在：请先用 import_cells 导入，或把 cell_code 留空。") % facts
    if cell.valid_until is not None:
        return _("网格 %(code)s 已停用：请写接替它的网格。") % facts
    return ""


def _draft(row: Row, datum: str, cells: dict[str, Cell | None], report: Report) -> PlaceDraft:
    lat, lng = to_wgs84(float(row["lat"]), float(row["lng"]), datum)
    cell = cells.get(row["cell_code"])
    if cell is None:
        cell = cell_at(lat=lat, lng=lng).cell
        if cell is None:
            report.warn(row.line, _("地点不在任何网格里。"))
    elif (metres := distance_m(shape_of(cell), lat, lng)) > FAR_M:
        facts = {"code": cell.code, "metres": f"{metres:.0f}"}
        report.warn(row.line, _("地点离网格 %(code)s 有 %(metres)s 米，请核对。") % facts)
    aliases = dict.fromkeys(name.strip() for name in _ALIAS_BREAK.split(row["aliases"]))
    return PlaceDraft(
        name=row["name"],
        kind=_KINDS[row["kind"].lower()],
        lat=lat,
        lng=lng,
        aliases=tuple(name for name in aliases if name),
        cell_code=cell.code if cell else "",
    )


def _linked(found: list[Found], report: Report) -> list[Found]:
    """Buildings with their compounds, which stand in the file or in the database."""
    compounds: dict[str, set[str]] = {}
    known = Place.objects.filter(kind=Place.Kind.COMPOUND).values_list("cell__code", "name")
    new = [
        (place.draft.cell_code, place.draft.name)
        for place in found
        if place.draft.kind == Place.Kind.COMPOUND
    ]
    for code, name in (*known, *new):
        compounds.setdefault((code or "")[:COMMUNITY_CODE_LENGTH], set()).add(name)
    linked = []
    for place in found:
        names = compounds.get(place.draft.cell_code[:COMMUNITY_CODE_LENGTH], set())
        compound = _compound_of(place, names)
        if compound and compound not in names:
            facts = {"name": compound[:40]}
            report.error(place.row.line, _("这个社区没有小区“%(name)s”：请先导入它。") % facts)
        linked.append(replace(place, draft=replace(place.draft, compound=compound)))
    return linked


def _compound_of(place: Found, names: set[str]) -> str:
    if place.draft.kind != Place.Kind.BUILDING or place.row["parent"]:
        return place.row["parent"]
    name = place.draft.name
    # By its beginnings, longest first: a list has thousands of compounds, a name a dozen letters.
    beginnings = (name[:size] for size in range(len(name) - 1, 1, -1))
    return next((beginning for beginning in beginnings if beginning in names), "")


def _check_twice(found: list[Found], report: Report) -> None:
    lines: dict[tuple[str, str, str], int] = {}
    for place in found:
        draft = place.draft
        home = draft.cell_code[:COMMUNITY_CODE_LENGTH] if draft.compound else draft.cell_code
        first = lines.setdefault((home, draft.compound, draft.name), place.row.line)
        if first != place.row.line:
            report.error(place.row.line, _("与第 %(line)d 行是同一个地点。") % {"line": first})
