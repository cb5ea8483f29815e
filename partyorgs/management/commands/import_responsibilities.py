"""`import_responsibilities FILE.csv`: the responsibility list (权责清单).

Columns: category_code,area_code,level,unit_code,unit_name,supervisor_code,basis and,
if wanted, unit_kind, direct and from.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from grid.csvfile import Row, read_rows
from grid.importing import ImportCommand, Report
from grid.models import Area
from grid.services import Saved
from matters.models import Category
from partyorgs.importing import (
    Organizations,
    answer_problem,
    answers_by_word,
    areas_by_code,
    choices_by_word,
    date_problem,
    instant_of,
    unknown,
)
from partyorgs.models import Level, Organization
from partyorgs.queries import gaps_by_street
from partyorgs.services import Item, item_refusals, set_responsibilities

COLUMNS = (
    "category_code", "area_code", "level", "unit_code", "unit_name", "supervisor_code", "basis",
)  # fmt: skip


class Command(ImportCommand[Item]):
    help = _(
        "导入权责清单（CSV：category_code,area_code,level,unit_code,unit_name,"
        "supervisor_code,basis；可加 unit_kind,direct,from）"
    )

    def read(self, report: Report, options: dict[str, Any]) -> Sequence[Item]:
        self.now = timezone.now()
        rows = read_rows(options["file"], report, required=COLUMNS)
        self._load(rows)
        for row in rows:
            self._take_unit(row, report)
        self._check_twice(rows, report)
        lines: list[int] = []
        items: list[Item] = []
        for row in self.progress(rows, len(rows)):
            if found := self._item(row, report):
                lines.append(row.line)
                items.append(found)
        for index, text in item_refusals(items=items, now=self.now).items():
            report.error(lines[index], text)
        if self.units.fresh:
            count = {"count": len(self.units.fresh)}
            report.note(0, _("新建 %(count)d 个单位；类型、上级和电话请到后台核对。") % count)
        return items

    def _load(self, rows: Iterable[Row]) -> None:
        self.categories = {row.code: row for row in Category.objects.all()}
        self.areas = areas_by_code({row["area_code"] for row in rows})
        self.levels = choices_by_word(Level)
        self.answers = answers_by_word()
        self.kinds = choices_by_word(Organization.Kind)
        codes = {row["unit_code"] for row in rows} | {row["supervisor_code"] for row in rows}
        self.units = Organizations(codes - {""})

    def _take_unit(self, row: Row, report: Report) -> None:
        code, words = row["unit_code"], row["unit_kind"]
        kind = self.kinds.get(words, "") if words else Organization.Kind.DEPARTMENT.value
        if not kind:
            facts = {"kind": words[:20], "kinds": ", ".join(Organization.Kind.values)}
            report.error(
                row.line, _("unit_kind“%(kind)s”不认识，请写其中之一：%(kinds)s。") % facts
            )
            return
        if problem := self.units.take(code, row["unit_name"], kind):
            report.error(row.line, problem)
        unit = self.units.get(code)
        if unit and words and unit.kind != kind:
            facts = {"code": code, "kind": unit.get_kind_display()}
            report.error(row.line, _("%(code)s 的类型是“%(kind)s”，与这一行不同：请统一。") % facts)
        if warning := self.units.renamed(code, row["unit_name"]):
            report.warn(row.line, warning)

    def _check_twice(self, rows: Iterable[Row], report: Report) -> None:
        first: dict[tuple[str, ...], int] = {}
        for row in rows:
            level = self.levels.get(row["level"], row["level"])
            key = (row["category_code"], row["area_code"], level, row["from"])
            if key in first:
                same = {"line": first[key]}
                text = _("与第 %(line)d 行是同一事项、同一区域、同一层级：请只留一行。")
                report.error(row.line, text % same)
            first.setdefault(key, row.line)

    def _item(self, row: Row, report: Report) -> Item | None:
        category = self.categories.get(row["category_code"])
        area = self.areas.get(row["area_code"])
        unit, supervisor = self.units.get(row["unit_code"]), self.units.get(row["supervisor_code"])
        at = instant_of(row["from"]) if row["from"] else self.now
        said = row["direct"].lower()
        problems = [
            "" if category else unknown("category_code", row["category_code"]),
            "" if area else unknown("area_code", row["area_code"]),
            "" if row["level"] in self.levels else self._unknown_level(row),
            "" if at else date_problem(row["from"], "from"),
            "" if supervisor or not row["supervisor_code"] else _unknown_supervisor(row),
            "" if said in self.answers or not said else answer_problem(said, "direct"),
        ]
        for problem in filter(None, problems):
            report.error(row.line, problem)
        if any(problems) or category is None or area is None or unit is None or at is None:
            return None
        if not category.active:
            report.warn(row.line, _("小类“%(name)s”已停用。") % {"name": category.name})
        self.units.serves(unit.code, area.code)
        level, direct = self.levels[row["level"]], self.answers.get(said)
        return Item(category, level, area, unit, at, supervisor, row["basis"], direct=direct)

    def _unknown_level(self, row: Row) -> str:
        level = {"level": row["level"][:20]}
        return _("层级“%(level)s”不认识，请写 community、street 或 district。") % level

    def save(self, drafts: Sequence[Item], options: dict[str, Any]) -> Saved:  # noqa: ARG002
        units = self.units.save(self.now)
        items = [
            replace(
                draft,
                doer=units[draft.doer.code],
                supervisor=units[draft.supervisor.code] if draft.supervisor else None,
            )
            for draft in drafts
        ]
        saved = set_responsibilities(items=items, now=self.now)
        self._say_gaps()
        return saved

    def _say_gaps(self) -> None:
        streets = Area.objects.filter(level=Area.Level.STREET)
        found = gaps_by_street(streets=list(streets), at=self.now)
        gaps = [(street, len(leaves)) for street, leaves in found.items()]
        for street, count in gaps[:20]:
            facts = {"street": street.name, "count": count}
            text = _("%(street)s还有 %(count)d 个小类没有责任单位。") % facts
            self.stderr.write(text, self.style.WARNING)
        if len(gaps) > 20:
            text = _("共 %(count)d 个街道的清单不全。") % {"count": len(gaps)}
            self.stderr.write(text, self.style.WARNING)


def _unknown_supervisor(row: Row) -> str:
    code = {"code": row["supervisor_code"][:40]}
    return _("督促单位“%(code)s”不在文件的 unit_code 里，也没有登记过：请先登记它。") % code
