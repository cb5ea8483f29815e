"""Reads a table of days (date,kind,name) as offices keep it: UTF-8 or GB18030, commas or tabs."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import date

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from worktime.arithmetic import EARLIEST_YEAR, LATEST_YEAR, CalendarDay, Kind
from worktime.models import Day

MAX_BYTES = 1_000_000
COLUMNS = {
    "date": "date", "日期": "date",
    "kind": "kind", "类型": "kind",
    "name": "name", "名称": "name", "节日名称": "name", "holiday": "name",
}  # fmt: skip
KINDS: dict[str, Kind] = {
    "workday": "workday", "工作日": "workday", "上班": "workday",
    "weekend": "weekend", "周末": "weekend", "休息日": "weekend",
    "holiday": "holiday", "节假日": "holiday", "放假": "holiday",
    "makeup": "makeup", "makeup_workday": "makeup", "调休上班日": "makeup", "调休上班": "makeup",
}  # fmt: skip
SHOWN_PROBLEMS = 20
# What a spreadsheet saved under another name begins with.
_SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")


def read_text(content: bytes) -> str:
    """The text of a file; ValidationError if it is too long, no text, or a spreadsheet."""
    if len(content) > MAX_BYTES:
        raise ValidationError(_("文件太大，请只留下日期、类型、名称三列。"))
    if content.startswith(_SPREADSHEETS):
        raise ValidationError(_("这是电子表格文件：请在表格软件里另存为“CSV UTF-8”，再导入。"))
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise ValidationError(_("文件编码既不是 UTF-8 也不是 GB18030：请另存为 UTF-8，再导入。"))


def read_days(text: str) -> tuple[dict[date, CalendarDay], list[str]]:
    """The days of a table and what is wrong with it, by line; use them only if nothing is."""
    days: dict[date, CalendarDay] = {}
    problems: list[str] = []
    lines: dict[date, int] = {}
    try:
        for line, values in _rows(text):
            try:
                day, fact = _day(values)
            except ValidationError as error:
                problems.append(_line(line, error.messages[0]))
                continue
            if day in lines:
                problems.append(_line(line, _("与第 %d 行是同一天，请只留一行。") % lines[day]))
            lines[day] = line
            days[day] = fact
    except ValidationError as error:
        problems += error.messages
    if not days and not problems:
        problems.append(_("表里只有表头，没有日期。"))
    if len(problems) > SHOWN_PROBLEMS:
        more = _("还有 %d 处，请改好上面的再试。") % (len(problems) - SHOWN_PROBLEMS)
        problems = [*problems[:SHOWN_PROBLEMS], more]
    return days, problems


def _line(line: int, problem: str) -> str:
    return _("第 %(line)d 行：%(problem)s") % {"line": line, "problem": problem}


def _rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    text = text.lstrip("\ufeff").lstrip()
    head = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t" if "\t" in head else ",")
    names = [COLUMNS.get(cell.strip().lower(), "") for cell in next(reader, [])]
    if "date" not in names or "kind" not in names:
        raise ValidationError(_("第 1 行要写列名：date,kind,name（日期、类型、名称）。"))
    try:
        for cells in reader:
            values = [cell.strip() for cell in cells]
            if any(values):
                yield reader.line_num, dict(zip(names, values, strict=False))
    except csv.Error as error:
        raise ValidationError(_line(reader.line_num, _("引号或逗号不成对，请改好。"))) from error


def _day(values: dict[str, str]) -> tuple[date, CalendarDay]:
    kind = KINDS.get(values.get("kind", "").lower())
    if kind is None:
        raise ValidationError(
            _("类型“%s”不对，请写 workday、weekend、holiday 或 makeup。")
            % values.get("kind", "")[:20]
        )
    name = values.get("name", "")
    longest = Day._meta.get_field("name").max_length or 0
    if len(name) > longest:
        raise ValidationError(_("名称太长，请写在 %d 个字以内。") % longest)
    return _date(values.get("date", "")), CalendarDay(kind, name)


def _date(text: str) -> date:
    found = _DATE.fullmatch(text)
    try:
        day = date(*map(int, found.groups())) if found else None
    except ValueError:
        day = None
    if day is None or not EARLIEST_YEAR <= day.year < LATEST_YEAR:
        raise ValidationError(_("看不懂日期“%s”，请写成 2027-01-01。") % text[:20])
    return day
