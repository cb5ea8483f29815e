"""Reads a CSV table as offices write it: UTF-8 or GB18030, with its line numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from grid.importing import FileError, Report

# A zip container: what a spreadsheet saved as .xlsx and renamed begins with.
_SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Row:
    """One line: `values` by column name, stripped; a column that is absent reads as ""."""

    line: int
    values: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.values.get(column, "")


def read_text(path: str, report: Report) -> str:
    """The text of a file in UTF-8 (with or without BOM) or GB18030, which is noted.

    FileError if there is no such file, or it is neither.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        reason = {"path": path, "reason": error.strerror or ""}
        raise FileError(_("读不了文件 %(path)s：%(reason)s。") % reason) from error
    return text_of(content, report)


def text_of(content: bytes, report: Report) -> str:
    """As `read_text`, of content that is at hand."""
    if content.startswith(_SPREADSHEETS):
        raise FileError(_("这是电子表格文件：请在表格软件里另存为“CSV UTF-8”，再导入。"))
    if content.startswith(_UTF16) or b"\0" in content:
        raise FileError(_unknown_encoding())
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        text = content.decode("gb18030")
    except UnicodeDecodeError as error:
        raise FileError(_unknown_encoding()) from error
    report.note(0, _("文件不是 UTF-8 编码，已按 GB18030 读取；请核对名称有没有乱码。"))
    return text


def _unknown_encoding() -> str:
    return _("文件编码既不是 UTF-8 也不是 GB18030：请另存为 UTF-8，再导入。")


def read_rows(path: str, report: Report, *, required: Sequence[str]) -> list[Row]:
    """The rows of a CSV file whose first line names the columns; empty lines are left out.

    A line with more values than columns, or with a control character, is an
    error in `report`. FileError for a file without the required columns or
    without any row.
    """
    return rows_of(read_text(path, report), report, required=required)


def rows_of(text: str, report: Report, *, required: Sequence[str]) -> list[Row]:
    """As `read_rows`, of a text that is at hand."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        _check_header(header, required)
        rows = _rows(reader, header, report)
    except csv.Error as error:
        reason = {"line": reader.line_num, "reason": str(error)}
        raise FileError(_("第 %(line)d 行的引号或逗号不成对：%(reason)s。") % reason) from error
    if not rows and not report.errors:
        raise FileError(_("文件里只有表头，没有数据。"))
    return rows


def _check_header(header: list[str], required: Sequence[str]) -> None:
    missing = [name for name in required if name not in header]
    if missing:
        names = {
            "missing": ", ".join(missing),
            "found": ", ".join(name[:40] for name in header) or _("（空）"),
        }
        raise FileError(_("第 1 行要写列名，缺少：%(missing)s。现有的列：%(found)s。") % names)
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise FileError(_("列名重复：%(names)s。") % {"names": ", ".join(twice)})


def _rows(reader: Any, header: list[str], report: Report) -> list[Row]:
    rows = []
    line = reader.line_num + 1
    for cells in reader:
        # A quoted value may span lines: the row is named by its first.
        first, line = line, reader.line_num + 1
        values = [value.strip() for value in cells]
        if not any(values):
            continue
        if len(values) > len(header) and any(values[len(header) :]):
            count = {"found": len(values), "expected": len(header)}
            report.error(first, _("有 %(found)d 个值，但只有 %(expected)d 列。") % count)
        elif any(
            ord(character) < 32 and character not in "\n\r\t" for character in "".join(values)
        ):
            report.error(first, _("含有控制字符，请删去。"))
        else:
            rows.append(Row(first, dict(zip(header, values, strict=False))))
    return rows
