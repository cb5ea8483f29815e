"""A roster as a CSV table: read for the import command and for the page alike.

Columns: organization_code,date,start,end,username,position,leader.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime, time

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from accounts.models import User
from grid.csvfile import Row
from grid.importing import Report
from partyorgs.importing import (
    CODES_AT_ONCE,
    choices_by_word,
    date_problem,
    instant_of,
    unknown,
)
from partyorgs.models import Organization
from partyorgs.services import DutyDraft, Shift, duty_refusals, shift_on

COLUMNS = ("organization_code", "date", "start", "end", "username", "position", "leader")
_TIME = re.compile("([0-9]{1,2})[:\uff1a]([0-5][0-9])", re.ASCII)
# What people write between the beginning and the end of a shift.
BETWEEN = re.compile("[-\u2013\u2014~\u81f3\u5230]+")
May = Callable[[Organization], bool]


class Leading(models.TextChoices):
    """Whether somebody is the leader on duty, as a file says it."""

    YES = "1", _lazy("是")
    NO = "0", _lazy("否")


class DutyReader:
    """Rows into drafts; the faults of single lines go into the report.

    `may`: whose roster the reader of the file may write; None for all.
    """

    def __init__(self, report: Report, *, now: datetime, may: May | None = None) -> None:
        self.report, self.now, self.may = report, now, may
        self.over = 0

    def read(self, rows: Sequence[Row]) -> list[DutyDraft]:
        """The shifts of a file; those that are over are left out, which is noted."""
        self._load(rows)
        lines: list[int] = []
        drafts: list[DutyDraft] = []
        for row in rows:
            if (draft := self._draft(row)) and self._first(row, draft):
                lines.append(row.line)
                drafts.append(draft)
        for index, text in duty_refusals(drafts=drafts, now=self.now).items():
            self.report.error(lines[index], text)
        if self.over:
            count = {"count": self.over}
            self.report.note(0, _("%(count)d 班已经过去，没有登记。") % count)
        return drafts

    def _load(self, rows: Sequence[Row]) -> None:
        self.organizations: dict[str, Organization] = {}
        self.users: dict[str, User] = {}
        self.leading = choices_by_word(Leading)
        self.seen: dict[tuple[int, int, datetime], int] = {}
        for part in _parts({row["organization_code"] for row in rows}):
            found = Organization.objects.filter(code__in=part).select_related("area")
            self.organizations |= {organization.code: organization for organization in found}
        for part in _parts({User.normalize_username(row["username"]) for row in rows}):
            self.users |= {user.username: user for user in User.objects.filter(username__in=part)}

    def _draft(self, row: Row) -> DutyDraft | None:
        problems: list[str] = []
        organization = self._organization(row, problems)
        user = self.users.get(User.normalize_username(row["username"]))
        if user is None:
            problems.append(unknown("username", row["username"]))
        times = _times(row, problems)
        position = _position(row["position"], problems)
        leader = self.leading.get(row["leader"] or Leading.NO)
        if leader is None:
            text = _("leader“%(words)s”看不懂：带班领导写 1，其他人留空。")
            problems.append(text % {"words": row["leader"][:20]})
        for problem in problems:
            self.report.error(row.line, problem)
        if problems or organization is None or user is None or times is None:
            return None
        if times[1] <= self.now:
            self.over += 1
            return None
        return DutyDraft(organization, user, *times, position, leader == Leading.YES)

    def _organization(self, row: Row, problems: list[str]) -> Organization | None:
        code = row["organization_code"]
        organization = self.organizations.get(code)
        if organization is None:
            problems.append(unknown("organization_code", code))
        elif self.may is not None and not self.may(organization):
            name = {"name": organization.name}
            problems.append(_("您不能排“%(name)s”的班，请删去这一行。") % name)
        return organization

    def _first(self, row: Row, draft: DutyDraft) -> bool:
        key = (draft.organization.pk, draft.user.pk, draft.starts)
        if key in self.seen:
            line = {"line": self.seen[key]}
            self.report.error(row.line, _("与第 %(line)d 行是同一人的同一班：请只留一行。") % line)
            return False
        self.seen[key] = row.line
        return True


def _times(row: Row, problems: list[str]) -> tuple[datetime, datetime] | None:
    at = instant_of(row["date"])
    on: date | None = timezone.localtime(at).date() if at else None
    if on is None:
        problems.append(date_problem(row["date"], "date"))
    starts, ends = time_of(row["start"]), time_of(row["end"])
    for column, found in (("start", starts), ("end", ends)):
        if found is None:
            facts = {"column": column, "words": row[column][:20]}
            problems.append(_("%(column)s 的“%(words)s”不是时间，请写成 08:00。") % facts)
    if on is None or starts is None or ends is None:
        return None
    return shift_on(on, Shift(starts, ends))


def time_of(words: str) -> time | None:
    """A time of day such as 8:00 or 20:00, 24:00 for midnight; None if it is none."""
    match = _TIME.fullmatch(words.strip())
    if match is None:
        return None
    hours, minutes = map(int, match.groups())
    midnight = (hours, minutes) == (24, 0)
    return time(0 if midnight else hours, minutes) if midnight or hours < 24 else None


def _position(words: str, problems: list[str]) -> int:
    if not words:
        return 1
    if words.isascii() and words.isdigit() and len(words) < 4:
        return int(words)
    problems.append(_("position“%(words)s”不是数字，请写 1、2、3…") % {"words": words[:20]})
    return 1


def _parts(codes: Collection[str]) -> list[list[str]]:
    every = sorted(codes)
    return [every[at : at + CODES_AT_ONCE] for at in range(0, len(every), CODES_AT_ONCE)]
