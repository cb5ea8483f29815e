"""The weekly sheet as a workbook. What a cell says is text, never a formula."""

import re
from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from issues.briefs.weekly import Sheet, Week
from issues.presenter.brief import late_facts, unit_name, week_words

TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LONGEST_TITLE = 31
NOT_IN_TITLES = re.compile(r"[\[\]:*?/\\']")
DATES = "yyyy-mm-dd hh:mm"
# What a spreadsheet would take for a formula when somebody edits the cell.
TRIGGERS = ("=", "+", "-", "@")
Value = str | int | datetime


def workbook(sheets: Sequence[Sheet], *, week: Week, now: datetime) -> bytes:
    """Two sheets a chair: by unit, and the late ones. Times are those of the wall clock."""
    book = Workbook(write_only=True)
    for sheet in sheets:
        _write(
            book,
            title=f"{sheet.chair.name} {_('按单位')}",
            columns=_unit_columns(),
            rows=[
                [unit_name(line), line.filed, line.handled, line.late, line.closed_late,
                 line.returned]
                for line in sheet.units
            ],
            notes=[_("本表：%(week)s；“现在超时”是 %(at)s 的情况。") % _when(week, now)],
        )  # fmt: skip
        _write(
            book,
            title=f"{sheet.chair.name} {_('超时清单')}",
            columns=_late_columns(),
            rows=[_late(facts) for facts in late_facts(sheet, now=now)],
            notes=_bounds(sheet) + [_("%(at)s 的情况。") % _when(week, now)],
        )
    held = BytesIO()
    book.save(held)
    return held.getvalue()


def _when(week: Week, now: datetime) -> dict[str, str]:
    return {"week": week_words(week), "at": timezone.localtime(now).strftime("%Y-%m-%d %H:%M")}


def _bounds(sheet: Sheet) -> list[str]:
    words = _("超时的不止这些：本表最多列 %(count)s 件，按超时先后。")
    return [words % {"count": len(sheet.late)}] if sheet.more else []


def _unit_columns() -> list[tuple[str, int]]:
    """Headings with their widths in characters."""
    return [
        (_("承办单位"), 32), (_("上报件数"), 12), (_("处置件数"), 12), (_("现在超时"), 12),
        (_("超时后结案"), 12), (_("退单次数"), 12),
    ]  # fmt: skip


def _late_columns() -> list[tuple[str, int]]:
    return [
        (_("编号"), 20), (_("类别"), 24), (_("网格"), 30), (_("地点"), 36), (_("承办单位"), 28),
        (_("现在在"), 28), (_("状态"), 12), (_("到期时间"), 18), (_("超时多久"), 30),
    ]  # fmt: skip


def _late(facts: dict[str, Any]) -> list[Value]:
    unit = facts["unit"]["name"] if facts["unit"] else ""
    return [
        facts["number"], facts["title"], facts["where"], facts["place"], unit, facts["holder"],
        facts["state_name"], facts["due_at"], facts["due_words"],
    ]  # fmt: skip


def _write(
    book: Workbook,
    *,
    title: str,
    columns: list[tuple[str, int]],
    rows: list[list[Value]],
    notes: list[str],
) -> None:
    sheet = book.create_sheet(NOT_IN_TITLES.sub(" ", title)[:LONGEST_TITLE].strip())
    # A sheet that is written in one go wants these before its first row.
    sheet.freeze_panes = "A2"
    for number, (_heading, width) in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    head = [_cell(sheet, heading) for heading, _width in columns]
    for cell in head:
        cell.font = Font(bold=True)
    sheet.append(head)
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    sheet.append([])
    for note in notes:
        sheet.append([_cell(sheet, note)])


def _cell(sheet: Any, value: Value) -> Any:
    """A cell of the value's own type: texts stay texts (failure M10), dates are dates."""
    if isinstance(value, datetime):
        cell = WriteOnlyCell(sheet, value=timezone.localtime(value).replace(tzinfo=None))
        cell.number_format = DATES
        return cell
    if isinstance(value, int):
        return WriteOnlyCell(sheet, value=value)
    cell = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("", value))
    cell.data_type = "s"
    cell.quotePrefix = value.startswith(TRIGGERS)
    return cell
