"""What the import commands of this room share: dates, cells by code, organizations in a file."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, time

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone, translation
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from grid.models import AREA_CODE_LENGTHS, Area, Cell
from partyorgs.models import Organization
from partyorgs.services import OrganizationDraft, save_organizations

CODES_AT_ONCE = 1000
# What spreadsheets and programs write for yes and no.
_PLAIN = {"1": True, "true": True, "0": False, "false": False}
_SCIENTIFIC = re.compile(r"[0-9.]+E\+?[0-9]+", re.IGNORECASE)


def instant_of(words: str) -> datetime | None:
    """An ISO date or date and time, in local time unless it says otherwise; None if it is neither.

    Spreadsheets write 2026/1/31 for 2026-01-31, so that is read too.
    """
    match = re.match(r"([0-9]{4})[/-]([0-9]{1,2})[/-]([0-9]{1,2})(.*)", words, re.DOTALL)
    if match is None:
        return None
    year, month, day, rest = match.groups()
    iso = f"{year}-{month:0>2}-{day:0>2}"
    try:
        date = parse_date(iso) if not rest else None
        found = datetime.combine(date, time.min) if date else parse_datetime(iso + rest)  # noqa: DTZ001
    except ValueError:
        return None
    if found is None:
        return None
    return timezone.make_aware(found) if timezone.is_naive(found) else found


def date_problem(words: str, column: str) -> str:
    """What to write where a date was expected."""
    if not words:
        return _("%(column)s 不能空，请写 2026-01-31 这样的日期。") % {"column": column}
    facts = {"column": column, "words": words[:20]}
    return _("%(column)s 的“%(words)s”不是日期，请写成 2026-01-31 或 2026-01-31 09:00。") % facts


def choices_by_word(choices: type[models.TextChoices]) -> dict[str, str]:
    """A choice by its value and by its Chinese name, whatever language the command speaks."""
    with translation.override("zh-hans"):
        named = {str(choice.label): str(choice.value) for choice in choices}
    return named | {str(value): str(value) for value in choices.values}


class Answer(models.TextChoices):
    """Yes or no, as a file says it."""

    YES = "yes", gettext_lazy("是")
    NO = "no", gettext_lazy("否")


def answers_by_word() -> dict[str, bool]:
    """Yes and no by every word that a file may use, in small letters."""
    words = choices_by_word(Answer)
    return _PLAIN | {word: value == Answer.YES for word, value in words.items()}


def answer_problem(words: str, column: str) -> str:
    """What to write where yes or no was expected."""
    facts = {"column": column, "words": words[:20]}
    return _("%(column)s 的“%(words)s”看不懂，请写“是”或“否”，或留空。") % facts


def cells_by_code(codes: Collection[str]) -> dict[str, Cell]:
    """Cells and micro-cells, ended ones too, without their boundaries."""
    return {
        cell.code: cell
        for part in _parts(codes)
        for cell in Cell.objects.without_boundary()
        .filter(code__in=part)
        .select_related("community")
    }


def areas_by_code(codes: Collection[str]) -> dict[str, Area]:
    return {
        area.code: area for part in _parts(codes) for area in Area.objects.filter(code__in=part)
    }


def unknown(column: str, code: str) -> str:
    """Why a code finds nothing, and what to do."""
    facts = {"column": column, "code": code[:40]}
    if not code:
        return _("%(column)s 不能空。") % facts
    if _SCIENTIFIC.fullmatch(code):
        return _("%(column)s 被电子表格写成了 %(code)s：请把这一列设为文本，重新填写代码。") % facts
    return _("找不到 %(column)s“%(code)s”：请核对代码，或先导入它。") % facts


class Organizations:
    """Organizations that a file names: those that exist, and new ones that it makes."""

    def __init__(self, codes: Collection[str]) -> None:
        self.known = {
            row.code: row
            for part in _parts(codes)
            for row in Organization.objects.filter(code__in=part)
        }
        self.fresh: dict[str, Organization] = {}
        self._served: dict[str, set[str]] = defaultdict(set)
        self._said: set[str] = set()

    def get(self, code: str) -> Organization | None:
        return self.known.get(code) or self.fresh.get(code)

    def take(self, code: str, name: str, kind: str) -> str:
        """Remembers what a line says of an organization; why it cannot be, or ""."""
        row = self.get(code)
        if row is None:
            row = Organization(code=code, name=name, kind=kind)
            try:
                row.clean_fields(exclude=["parent", "area"])
            except ValidationError as error:
                return _field_problems(error)
            self.fresh[code] = row
        elif code in self.fresh and name and name != row.name:
            facts = {"code": code, "name": name, "other": row.name}
            return _("代码 %(code)s 有两个名称：“%(other)s”和“%(name)s”，请统一。") % facts
        return ""

    def renamed(self, code: str, name: str) -> str:
        """A warning, once a code, where the file gives a known organization another name."""
        row = self.known.get(code)
        if row is None or not name or name == row.name or code in self._said:
            return ""
        self._said.add(code)
        facts = {"code": code, "name": name, "other": row.name}
        return _("%(code)s 现名“%(other)s”，文件写“%(name)s”：名称没有改，要改请到后台。") % facts

    def serves(self, code: str, area_code: str) -> None:
        """A new organization serves the smallest area that holds all it is named for."""
        self._served[code].add(area_code)

    def save(self, now: datetime) -> dict[str, Organization]:
        """Makes the new ones; all of them, saved, by code."""
        areas = {code: _common_area(self._served[code]) for code in self.fresh}
        present = areas_by_code({area for area in areas.values() if area})
        drafts = [
            OrganizationDraft(
                code=row.code,
                name=row.name,
                kind=row.kind,
                area_code=areas[row.code] if areas[row.code] in present else "",
            )
            for row in self.fresh.values()
        ]
        save_organizations(drafts=drafts, now=now)
        made = {
            row.code: row
            for part in _parts(self.fresh)
            for row in Organization.objects.filter(code__in=part)
        }
        return self.known | made


def _common_area(codes: set[str]) -> str:
    """The code of the smallest area around all of them; "" if they share none."""
    for length in sorted(AREA_CODE_LENGTHS.values(), reverse=True):
        if len({code[:length] for code in codes}) == 1:
            common = next(iter(codes))[:length]
            if len(common) == length:
                return common
    return ""


def _field_problems(error: ValidationError) -> str:
    return "；".join(
        f"{Organization._meta.get_field(name).verbose_name}：{' '.join(texts)}"  # type: ignore[union-attr]
        for name, texts in error.message_dict.items()
    )


def _parts(codes: Iterable[str]) -> Iterator[list[str]]:
    every = sorted(codes)
    for start in range(0, len(every), CODES_AT_ONCE):
        yield every[start : start + CODES_AT_ONCE]
