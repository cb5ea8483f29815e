"""Reading a folder of category and limit files; all problems are found before any write.

`categories.csv`: code,level,name_zh,name_en,kind,default_unit_zh,urgency,sla_template,conditions
`sla_templates.csv`: template,template_en,template_zh,condition_no,condition_en,condition_zh,
clock,hours,is_default
`stage_limits.csv` (optional): stage,clock,minutes
"""

import csv
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path

from django.utils.translation import gettext as _

from matters.models import Category, ClockKind, StageLimit

CATEGORY_COLUMNS = [
    "code", "level", "name_zh", "name_en", "kind", "default_unit_zh", "urgency",
    "sla_template", "conditions",
]  # fmt: skip
LIMIT_COLUMNS = [
    "template", "template_en", "template_zh", "condition_no", "condition_en", "condition_zh",
    "clock", "hours", "is_default",
]  # fmt: skip
STAGE_COLUMNS = ["stage", "clock", "minutes"]
# Leaves whose first doer is the community itself go to the community first.
COMMUNITY_UNITS = {"社区居委会", "社区党组织"}


class BadMatters(Exception):
    """The folder cannot be imported; `errors` says what to do, file and line first."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors


@dataclass(frozen=True)
class Row:
    """One line of a file, with its place for error messages."""

    where: str
    cells: dict[str, str]


@dataclass
class Matters:
    """What the files say, checked: rows by file."""

    categories: list[Row] = field(default_factory=list)
    limits: list[Row] = field(default_factory=list)
    stages: list[Row] = field(default_factory=list)

    def conditions_of(self, row: Row) -> list[str]:
        """Numbers of the conditions allowed for a leaf, default first."""
        template = row.cells["sla_template"]
        if row.cells["conditions"]:
            return [number.strip() for number in row.cells["conditions"].split(";")]
        rows = [limit.cells for limit in self.limits if limit.cells["template"] == template]
        rows.sort(key=lambda cells: (cells["is_default"] != "1", int(cells["condition_no"])))
        return [cells["condition_no"] for cells in rows]


def read_folder(folder: Path) -> Matters:
    """The files of `folder`, checked as a whole.

    Raises BadMatters with every problem found; nothing is written here.
    """
    errors: list[str] = []
    matters = Matters(
        categories=_read(folder / "categories.csv", CATEGORY_COLUMNS, errors),
        limits=_read(folder / "sla_templates.csv", LIMIT_COLUMNS, errors),
    )
    if (folder / "stage_limits.csv").exists():
        matters.stages = _read(folder / "stage_limits.csv", STAGE_COLUMNS, errors)
    if not errors:
        _check_limits(matters, errors)
        _check_categories(matters, errors)
        _check_stages(matters, errors)
    if errors:
        raise BadMatters(errors)
    return matters


def _read(path: Path, columns: list[str], errors: list[str]) -> list[Row]:
    if not path.exists():
        errors.append(_("缺少文件 %(path)s：请把它放进同一文件夹。") % {"path": path.name})
        return []
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        errors.append(_("%(path)s 不是 UTF-8 编码：请另存为 UTF-8。") % {"path": path.name})
        return []
    reader = csv.DictReader(text.splitlines())
    if missing := [name for name in columns if name not in (reader.fieldnames or [])]:
        errors.append(
            _("%(path)s 缺少列：%(columns)s。") % {"path": path.name, "columns": ", ".join(missing)}
        )
        return []
    return [
        Row(f"{path.name}:{reader.line_num}", {key: (line[key] or "").strip() for key in columns})
        for line in reader
    ]


def _check_limits(matters: Matters, errors: list[str]) -> None:
    seen: set[tuple[str, str]] = set()
    for row in matters.limits:
        cells = row.cells
        key = (cells["template"], cells["condition_no"])
        if key in seen:
            errors.append(_("%(where)s：条件重复。") % {"where": row.where})
        seen.add(key)
        if not cells["condition_no"].isdigit():
            errors.append(_("%(where)s：condition_no 要是数字。") % {"where": row.where})
        if cells["clock"] not in ClockKind.values:
            errors.append(
                _("%(where)s：clock 只能是 continuous 或 working。") % {"where": row.where}
            )
        if minutes_of(cells["hours"]) is None:
            errors.append(_("%(where)s：hours 要是大于零的数。") % {"where": row.where})
    for template in _without_one_default(matters):
        errors.append(_("模板 %(template)s 要有且只有一个默认条件。") % {"template": template})


def _without_one_default(matters: Matters) -> list[str]:
    defaults: dict[str, int] = defaultdict(int)
    for row in matters.limits:
        defaults[row.cells["template"]] += row.cells["is_default"] == "1"
    return [template for template, count in defaults.items() if count != 1]


def _check_categories(matters: Matters, errors: list[str]) -> None:
    numbers: dict[str, set[str]] = defaultdict(set)
    for row in matters.limits:
        numbers[row.cells["template"]].add(row.cells["condition_no"])
    codes: set[str] = set()
    for row in matters.categories:
        cells = row.cells
        if cells["code"] in codes or not cells["code"]:
            errors.append(_("%(where)s：代码重复或为空。") % {"where": row.where})
        codes.add(cells["code"])
        if cells["kind"] not in Category.Kind.values:
            errors.append(
                _("%(where)s：kind 只能是 component、event 或 service。") % {"where": row.where}
            )
        if cells["level"] == "2":
            _check_leaf(matters, row, codes, numbers, errors)


def _check_leaf(
    matters: Matters,
    row: Row,
    codes: set[str],
    numbers: dict[str, set[str]],
    errors: list[str],
) -> None:
    cells = row.cells
    if cells["code"][:3] not in codes:
        errors.append(
            _("%(where)s：找不到大类 %(code)s，请把它放在前面。")
            % {"where": row.where, "code": cells["code"][:3]}
        )
    if cells["sla_template"] not in numbers:
        errors.append(
            _("%(where)s：找不到时限模板 %(template)s。")
            % {"where": row.where, "template": cells["sla_template"]}
        )
        return
    if unknown := set(matters.conditions_of(row)) - numbers[cells["sla_template"]]:
        errors.append(
            _("%(where)s：模板里没有条件 %(numbers)s。")
            % {"where": row.where, "numbers": ", ".join(sorted(unknown))}
        )


def _check_stages(matters: Matters, errors: list[str]) -> None:
    for row in matters.stages:
        cells = row.cells
        good = (
            cells["stage"] in StageLimit.Stage.values
            and cells["clock"] in ClockKind.values
            and cells["minutes"].isdigit()
        )
        if not good:
            errors.append(_("%(where)s：环节、计时方式或分钟数不对。") % {"where": row.where})


def minutes_of(hours: str) -> int | None:
    """Minutes of an amount of hours such as "0.5"; None when it is no positive number."""
    try:
        minutes = Decimal(hours) * 60
    except InvalidOperation:
        return None
    return int(minutes) if minutes.is_finite() and minutes >= 1 else None
