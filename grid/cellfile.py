"""Turns the features of a GeoJSON file into cells, and says what is wrong with each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.translation import gettext as _

from grid.cellnumbers import codes_for
from grid.datum import check_datum
from grid.geojsonfile import Feature
from grid.geometry import (
    GeometryError,
    Polygonal,
    area_m2,
    buckets_of,
    moved_to_wgs84,
    read_polygon,
    repair,
)
from grid.importing import FileError, Report
from grid.models import CELL_CODE_LENGTH, MICRO_CELL_CODE_LENGTH, Area, Cell
from grid.overlaps import (
    TOLERATED_M2,
    Overlap,
    neighbours_in_force,
    overlaps_between,
    overlaps_within,
)
from grid.queries import cells_with_codes, shape_of
from grid.services import COMMUNITY_CODE_LENGTH, CellDraft

MAX_REPAIR_CHANGE = 0.001
# A redrawn cell shares at least this much with what its code meant before.
SAME_EXTENT = 0.5
_KINDS = {
    "": Cell.Kind.BASE,
    "base": Cell.Kind.BASE,
    "基础": Cell.Kind.BASE,
    "基础网格": Cell.Kind.BASE,
    "special": Cell.Kind.SPECIAL,
    "专属": Cell.Kind.SPECIAL,
    "专属网格": Cell.Kind.SPECIAL,
}


@dataclass(frozen=True)
class Choices:
    """Which properties hold what, and what to take for all features; "" means not given."""

    code_field: str = ""
    name_field: str = ""
    community_field: str = ""
    datum: str = "wgs84"
    community: str = ""
    number: bool = False
    valid_from: datetime | None = None


@dataclass(frozen=True)
class Found:
    """A cell as the file tells it; the code may be missing until it is numbered."""

    feature: Feature
    code: str
    community: str
    draft: CellDraft

    @property
    def line(self) -> int:
        return self.feature.line

    @property
    def label(self) -> str:
        words = {"number": self.feature.number, "name": self.draft.name or self.code}
        return _("第 %(number)d 个网格“%(name)s”") % words


def read_cells(
    features: Iterable[Feature], choices: Choices, report: Report, now: datetime
) -> list[CellDraft]:
    """The cells of a file, compared with each other and with those in the database.

    Every fault and every repair goes into `report`. FileError for a fault of
    the file or of the choices as a whole.
    """
    features = list(features)
    choices = _settled(features, choices)
    found = [cell for feature in features if (cell := _found(feature, choices, report)) is not None]
    if choices.number:
        found = _numbered(found)
    _check_codes(found, report)
    _check_known(found, report)
    _check_overlaps(found, report, now)
    return [replace(cell.draft, code=cell.code) for cell in found]


def _settled(features: list[Feature], choices: Choices) -> Choices:
    """The choices with the names of the fields filled in; FileError if a field is not there."""
    try:
        check_datum(choices.datum)
    except ValueError as error:
        raise FileError(str(error)) from error
    if choices.number and choices.code_field:
        raise FileError(_("--number 会自己编号，不能和 --code-field 一起用。"))
    present = list(dict.fromkeys(name for feature in features for name in feature.properties))
    for field in (choices.code_field, choices.name_field, choices.community_field):
        _require(field, present)
    code_field = choices.code_field or "code"
    if not choices.number:
        _require(code_field, present, _number_hint())
    community_field = choices.community_field or ("community" if "community" in present else "")
    if choices.number and not (choices.community or community_field):
        raise FileError(_("编号要知道社区：请加 --community 社区代码，或 --community-field。"))
    _require_community(choices.community)
    name_field = choices.name_field or "name"
    return replace(
        choices, code_field=code_field, name_field=name_field, community_field=community_field
    )


def _require_community(code: str) -> None:
    communities = Area.objects.filter(level=Area.Level.COMMUNITY, code=code)
    if code and not communities.exists():
        raise FileError(
            _("社区 %(community)s 还没有导入：请先用 import_areas 导入。")
            % {"community": code[:20]}
        )


def _number_hint() -> str:
    return _(
        "用 --code-field 指定代码所在的字段；"
        "没有代码时，用 --number --community 社区代码 从西到东、从北到南编号。"
    )


def _require(field: str, present: list[str], hint: str = "") -> None:
    if field and field not in present:
        names = {
            "field": field,
            "present": ", ".join(present[:30]) or _("（空）"),
            "hint": hint,
        }
        raise FileError(_("要素没有字段 %(field)s。现有字段：%(present)s。%(hint)s") % names)


def _found(feature: Feature, choices: Choices, report: Report) -> Found | None:
    code = "" if choices.number else feature.text(choices.code_field)
    name = feature.text(choices.name_field)
    kind = _KINDS.get(feature.text("kind").lower())
    community = (
        feature.text(choices.community_field) or choices.community or code[:COMMUNITY_CODE_LENGTH]
    )
    draft = CellDraft(code, name, None, kind or Cell.Kind.BASE, choices.valid_from)
    cell = Found(feature, code, community, draft)
    if not 0 < len(name) <= 100:
        report.error(cell.line, _("%(cell)s：名称要有 1 到 100 个字。") % {"cell": cell.label})
        return None
    if kind is None:
        report.error(cell.line, _("%(cell)s：kind 要写 base 或 special。") % {"cell": cell.label})
    try:
        geometry = _geometry(cell, choices.datum, report)
    except GeometryError as error:
        report.error(
            cell.line, _("%(cell)s：%(reason)s") % {"cell": cell.label, "reason": str(error)}
        )
        return None
    return replace(cell, draft=replace(draft, geometry=geometry))


def _geometry(cell: Found, datum: str, report: Report) -> Polygonal | None:
    if cell.feature.geometry is None and len(cell.code) == MICRO_CELL_CODE_LENGTH:
        return None
    drawn = moved_to_wgs84(read_polygon(cell.feature.geometry), datum)
    repaired = repair(drawn)
    facts = {"fault": repaired.fault, "change": f"{repaired.change:.4%}"}
    if repaired.change >= MAX_REPAIR_CHANGE:
        raise GeometryError(
            _("边界自相交（%(fault)s），修复会使面积变化 %(change)s，超过 0.1%%：请重画。") % facts
        )
    if repaired.fault:
        text = _("%(cell)s：边界自相交（%(fault)s），已修复，面积变化 %(change)s。")
        report.note(cell.line, text % {**facts, "cell": cell.label})
    buckets_of(repaired.geometry)
    return repaired.geometry


def _numbered(found: list[Found]) -> list[Found]:
    codes: dict[int, str] = {}
    for community in dict.fromkeys(cell.community for cell in found):
        own = [cell for cell in found if cell.community == community]
        shapes = [cell.draft.geometry for cell in own]
        names = [cell.draft.name for cell in own]
        given = codes_for(community, names, [shape for shape in shapes if shape is not None])
        codes |= {cell.feature.number: code for cell, code in zip(own, given, strict=True)}
    return [replace(cell, code=codes[cell.feature.number]) for cell in found]


def _check_codes(found: list[Found], report: Report) -> None:
    seen: dict[str, Found] = {}
    communities = set(
        Area.objects.filter(level=Area.Level.COMMUNITY).values_list("code", flat=True)
    )
    for cell in found:
        problem = _code_problem(cell, communities)
        if not problem and (other := seen.setdefault(cell.code, cell)) is not cell:
            problem = _("代码 %(code)s 与%(other)s重复。") % {
                "code": cell.code,
                "other": other.label,
            }
        _say(report.error, cell, problem)


def _say(where: Callable[[int, str], None], cell: Found, text: str) -> None:
    if text:
        where(cell.line, _("%(cell)s：%(reason)s") % {"cell": cell.label, "reason": text})


def _code_problem(cell: Found, communities: set[str]) -> str:
    code = cell.code
    facts = {"code": code[:20], "community": cell.community[:20]}
    shape = len(code) in (CELL_CODE_LENGTH, MICRO_CELL_CODE_LENGTH)
    if not (shape and code.isascii() and code.isdigit()):
        return _("代码“%(code)s”不对：网格 15 位数字（社区代码加三位序号），微网格 17 位。") % facts
    if code[:COMMUNITY_CODE_LENGTH] != cell.community:
        return _("代码 %(code)s 的前 12 位与社区 %(community)s 不符。") % facts
    if cell.community not in communities:
        return _("社区 %(community)s 还没有导入：请先用 import_areas 导入。") % facts
    return ""


def _check_known(found: list[Found], report: Report) -> None:
    """Codes that have ended, codes that would mean another extent, micro-cells without a cell."""
    micro = [cell for cell in found if len(cell.code) == MICRO_CELL_CODE_LENGTH]
    parents = {cell.code[:CELL_CODE_LENGTH] for cell in micro}
    in_file = {cell.code for cell in found}
    known = {cell.code: cell for cell in cells_with_codes(sorted(in_file | parents))}
    for cell in found:
        _say(report.error, cell, _known_problem(cell, known.get(cell.code)))
    for cell in micro:
        parent = cell.code[:CELL_CODE_LENGTH]
        if parent not in in_file and parent not in known:
            _say(report.error, cell, _("所属网格 %(code)s 不存在。") % {"code": parent})


def _known_problem(cell: Found, known: Cell | None) -> str:
    if known is None:
        return ""
    facts = {"code": cell.code}
    if known.valid_until is not None:
        return _("网格 %(code)s 已停用；代码不能再用，请换一个新代码。") % facts
    new = cell.draft.geometry
    if new is None or known.shape is None:
        return ""
    old = shape_of(known)
    if old.intersection(new).area < SAME_EXTENT * max(old.area, new.area):
        return (
            _("与网格 %(code)s 原来的范围重合不到一半：同一代码不能改指别处，请用新代码。") % facts
        )
    return ""


def _check_overlaps(found: list[Found], report: Report, now: datetime) -> None:
    whole = [
        cell
        for cell in found
        if cell.draft.geometry is not None and len(cell.code) == CELL_CODE_LENGTH
    ]
    shapes = [cell.draft.geometry for cell in whole if cell.draft.geometry is not None]
    if not shapes:
        return
    for overlap in overlaps_within(shapes):
        other = whole[overlap.second]
        _judge(report, whole[overlap.first], other.label, overlap)
    around = neighbours_in_force(shapes, without={cell.code for cell in found}, at=now)
    for overlap in overlaps_between(shapes, [shape_of(cell) for cell in around]):
        code = {"code": around[overlap.second].code}
        _judge(report, whole[overlap.first], _("已有的网格 %(code)s") % code, overlap)


def _judge(report: Report, cell: Found, other: str, overlap: Overlap) -> None:
    facts = {"other": other, "m2": f"{overlap.m2:.1f}"}
    if overlap.m2 < TOLERATED_M2:
        _say(report.warn, cell, _("与%(other)s重叠 %(m2)s 平方米，可以容忍。") % facts)
    else:
        text = _(
            "与%(other)s重叠 %(m2)s 平方米，超过 100 平方米：请改画，专属网格要从基础网格中挖除。"
        )
        _say(report.error, cell, text % facts)


def total_m2(drafts: Sequence[CellDraft]) -> float:
    """Square metres of all cells, micro-cells aside."""
    return sum(
        area_m2(draft.geometry)
        for draft in drafts
        if draft.geometry is not None and len(draft.code) == CELL_CODE_LENGTH
    )
