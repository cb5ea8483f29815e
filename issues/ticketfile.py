"""Hotline tickets as a CSV table, with the columns that hotlines use; never who called.

Columns, by their Chinese names or by these: number, category_code, category_name,
description, place, lng, lat, called_at, ended_at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from grid.csvfile import Row
from grid.importing import FileError, Report
from grid.models import Area, Place
from grid.queries import find_places
from issues.services.reporting import Report as Given
from issues.services.sources import MAX_EXTERNAL
from issues.services.words import MAX_DESCRIPTION, MAX_PLACE, cleaned
from matters.models import Category
from partyorgs.importing import CODES_AT_ONCE, choices_by_word, date_problem, instant_of, unknown
from residents.screening import find_phones, without_phone

SHOWN_PLACES = 3
# Hotlines write a matter as a path: 市容环境/环境卫生/暴露垃圾.
_PATH = re.compile("[/>\uff1e\u2192]")


class Column(models.TextChoices):
    """What a file can say of a ticket."""

    NUMBER = "number", gettext_lazy("工单编号")
    CODE = "category_code", gettext_lazy("事项代码")
    MATTER = "category_name", gettext_lazy("问题分类")
    TEXT = "description", gettext_lazy("主要内容")
    PLACE = "place", gettext_lazy("位置")
    LNG = "lng", gettext_lazy("经度")
    LAT = "lat", gettext_lazy("纬度")
    CALLED = "called_at", gettext_lazy("来电时间")
    ENDED = "ended_at", gettext_lazy("办结时间")


class Personal(models.TextChoices):
    """What stands in the name of a column that says who called: such a file is refused."""

    CALLER = "caller", gettext_lazy("来电人")
    PHONE = "phone", gettext_lazy("电话")
    MOBILE = "mobile", gettext_lazy("手机")
    NAME = "person", gettext_lazy("姓名")
    DOCUMENT = "identity", gettext_lazy("身份证")


REQUIRED = (Column.NUMBER, Column.TEXT)


@dataclass(frozen=True)
class Ticket:
    """One ticket of a file, by its line."""

    line: int
    given: Given


class TicketReader:
    """Rows into tickets; the faults of single lines go into the report.

    `source`: what they come from. `within`: the areas whose places come first.
    `datum`: what the coordinates are in. `known`: tickets that are here already,
    asked by their numbers.
    """

    def __init__(
        self, report: Report, *, source: str, within: Iterable[Area], datum: str, now: datetime
    ) -> None:
        self.report, self.source, self.now = report, source, now
        self.within, self.datum = list(within), datum
        leaves = Category.objects.filter(level=2, active=True)
        self.names = dict(leaves.values_list("name_zh", "code"))
        self.codes = set(self.names.values())
        self.seen: dict[str, int] = {}
        self.ended = 0

    def read(self, rows: Sequence[Row]) -> list[Ticket]:
        """The open tickets of a file, each once; FileError for columns that are not taken."""
        names = {name for row in rows for name in row.values}
        _refuse_personal(names)
        columns = _columns(names)
        found = [ticket for row in rows if (ticket := self._ticket(row, columns))]
        if self.ended:
            count = {"count": self.ended}
            self.report.note(0, _("%(count)d 张工单已办结，没有导入。") % count)
        return found

    def _ticket(self, row: Row, columns: dict[str, str]) -> Ticket | None:
        said = {column: row[name] for column, name in columns.items()}
        if said.get(Column.ENDED):
            self.ended += 1
            return None
        problems: list[str] = []
        number = self._number(row, said, problems)
        place = self._place_words(row, said, problems)
        point = None if place is None else self._point(said, place, problems)
        text = self._text(row, said, problems)
        category = self._category(row, said, problems)
        for problem in problems:
            self.report.error(row.line, problem)
        if problems or point is None or place is None:
            return None
        lat, lng, datum, place_id = point
        given = Given(
            text, lat, lng, datum, category, place=place, place_id=place_id,
            source=self.source, external_number=number,
        )  # fmt: skip
        return Ticket(row.line, given)

    def _number(self, row: Row, said: dict[str, str], problems: list[str]) -> str:
        number = _clean(said[Column.NUMBER], Column.NUMBER, MAX_EXTERNAL, problems)
        if not number:
            problems.append(_("%(column)s 不能空。") % {"column": Column.NUMBER.label})
        elif number in self.seen:
            line = {"line": self.seen[number]}
            problems.append(_("与第 %(line)d 行是同一张工单：请只留一行。") % line)
        self.seen.setdefault(number, row.line)
        return number

    def _text(self, row: Row, said: dict[str, str], problems: list[str]) -> str:
        """What it is about and when somebody called; without the phone numbers in it."""
        text = said[Column.TEXT]
        if not text:
            problems.append(_("%(column)s 不能空。") % {"column": Column.TEXT.label})
        kept = _without_phones(text)
        if kept != text:
            self.report.warn(row.line, _("内容里的电话号码没有导入。"))
            text = kept
        if words := said.get(Column.CALLED):
            at = instant_of(words)
            if at is None:
                problems.append(date_problem(words, str(Column.CALLED.label)))
            elif at > self.now:
                problems.append(_("来电时间不能晚于现在，请核对。"))
            else:
                called = {"at": timezone.localtime(at).strftime("%Y-%m-%d %H:%M")}
                line = _("来电时间：%(at)s") % called
                text = f"{text}\n{line}"
        return _clean(text, Column.TEXT, MAX_DESCRIPTION, problems)

    def _category(self, row: Row, said: dict[str, str], problems: list[str]) -> str:
        """The leaf by its code, or by its name; what the hotline calls otherwise the desk files."""
        if code := said.get(Column.CODE):
            if code not in self.codes:
                problems.append(unknown(str(Column.CODE.label), code))
            return code
        words = said.get(Column.MATTER, "")
        name = _PATH.split(words)[-1].strip()
        if name and name not in self.names:
            facts = {"name": name[:40]}
            self.report.warn(row.line, _("没有“%(name)s”这个小类，受理时由值守台选。") % facts)
        return self.names.get(name, "")

    def _place_words(self, row: Row, said: dict[str, str], problems: list[str]) -> str | None:
        """The place as written, without phone numbers; None, and nothing looked up, if refused."""
        words, before = said.get(Column.PLACE, ""), len(problems)
        kept = _without_phones(words)
        if kept != words:
            self.report.warn(row.line, _("位置里的电话号码没有导入。"))
        kept = _clean(kept, Column.PLACE, MAX_PLACE, problems)
        return kept if len(problems) == before else None

    def _point(
        self, said: dict[str, str], place: str, problems: list[str]
    ) -> tuple[float, float, str, int | None] | None:
        """Latitude, longitude, datum, and the place's id where it was found by its name."""
        lat, lng = said.get(Column.LAT, ""), said.get(Column.LNG, "")
        if lat or lng:
            try:
                return float(lat), float(lng), self.datum, None
            except ValueError:
                problems.append(_("经度、纬度要写成 121.002、30.002 这样的数字，两个都要写。"))
                return None
        found = self._place(place, problems)
        return (found.lat, found.lng, "wgs84", found.pk) if found else None

    def _place(self, words: str, problems: list[str]) -> Place | None:
        if not words:
            problems.append(_("请写位置，或经度和纬度。"))
            return None
        found = find_places(words, within=self.within)
        named = [place for place in found if words in (place.name, str(place))]
        if len(named or found) == 1:
            return (named or found)[0]
        facts = {
            "words": words[:40],
            "places": "、".join(str(place) for place in found[:SHOWN_PLACES]),
        }
        problems.append(
            _("“%(words)s”有几处：%(places)s…请写全，或填经度和纬度。") % facts
            if found
            else _("没有找到“%(words)s”，请写登记过的地名，或填经度和纬度。") % facts
        )
        return None


def _refuse_personal(names: Iterable[str]) -> None:
    words = set(choices_by_word(Personal))
    personal = sorted(name for name in names if any(word in name for word in words))
    if personal:
        facts = {"names": "、".join(name[:40] for name in personal)}
        raise FileError(_("文件里有“%(names)s”列：来电人的个人信息不导入，请删去再导入。") % facts)


def _columns(names: Iterable[str]) -> dict[str, str]:
    """The file's own name of each column that it has. FileError when one is missing."""
    words = choices_by_word(Column)
    found = {words[name]: name for name in sorted(names) if name in words}
    missing = [column.label for column in REQUIRED if column not in found]
    if missing:
        facts = {
            "missing": ", ".join(map(str, missing)),
            "found": ", ".join(name[:40] for name in sorted(names)) or _("（空）"),
        }
        raise FileError(_("第 1 行要写列名，缺少：%(missing)s。现有的列：%(found)s。") % facts)
    return found


def _without_phones(text: str) -> str:
    for phone in find_phones(text):
        text = without_phone(text, phone)
    return text


def _clean(text: str, column: Column, longest: int, problems: list[str]) -> str:
    try:
        return cleaned(text, field=column, longest=longest)
    except ValidationError as wrong:
        problems += [f"{column.label}：{' '.join(wrong.messages)}"]
        return ""


def numbers_at_once(tickets: Sequence[Ticket]) -> Iterable[list[str]]:
    """The numbers of the tickets, as many at once as a query takes."""
    for start in range(0, len(tickets), CODES_AT_ONCE):
        yield [one.given.external_number for one in tickets[start : start + CODES_AT_ONCE]]
