"""`import_areas FILE.csv`: code,name,level,parent_code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from grid.csvfile import Row, read_rows
from grid.importing import ImportCommand, Report
from grid.models import AREA_CODE_LENGTHS, Area
from grid.services import AreaDraft, Saved, save_areas

COLUMNS = ("code", "name", "level", "parent_code")


class Command(ImportCommand[AreaDraft]):
    help = _("导入区县、街道、社区（CSV：code,name,level,parent_code）")

    def read(self, report: Report, options: dict[str, Any]) -> Sequence[AreaDraft]:
        rows = read_rows(options["file"], report, required=COLUMNS)
        levels = dict(Area.objects.values_list("code", "level"))
        lines: dict[str, int] = {}
        for row in rows:
            if row["code"] in lines:
                same = {"code": row["code"], "line": lines[row["code"]]}
                report.error(row.line, _("代码 %(code)s 与第 %(line)d 行重复。") % same)
            lines.setdefault(row["code"], row.line)
            levels[row["code"]] = row["level"]
        for row in self.progress(rows, len(rows)):
            if problem := _problem(row, levels):
                report.error(row.line, problem)
        return [AreaDraft(**{column: row[column] for column in COLUMNS}) for row in rows]

    def save(self, drafts: Sequence[AreaDraft], options: dict[str, Any]) -> Saved:  # noqa: ARG002
        return save_areas(drafts=drafts)


def _problem(row: Row, levels: dict[str, str]) -> str:
    code, level = row["code"], row["level"]
    length = AREA_CODE_LENGTHS.get(level)
    if length is None:
        return _("层级“%(level)s”不认识，请写 district、street 或 community。") % {
            "level": level[:20]
        }
    if len(code) != length or not (code.isascii() and code.isdigit()):
        shape = {"code": code[:20], "length": length}
        return _("代码“%(code)s”不对，这一层级要 %(length)d 位数字。") % shape
    if not 0 < len(row["name"]) <= 100:
        return _("名称要有 1 到 100 个字。")
    return _parent_problem(row, levels)


def _parent_problem(row: Row, levels: dict[str, str]) -> str:
    code, parent = row["code"], row["parent_code"]
    above = {"street": "district", "community": "street"}.get(row["level"])
    if above is None:
        return _("区县没有上级，parent_code 请留空。") if parent else ""
    expected = code[: AREA_CODE_LENGTHS[above]]
    facts = {"parent": parent[:20], "expected": expected}
    if parent != expected:
        return _("上级代码是“%(parent)s”，按本行代码应为 %(expected)s。") % facts
    if levels.get(parent) != above:
        return _("上级 %(parent)s 不在文件里，也没有导入过：请先导入它。") % facts
    return ""
