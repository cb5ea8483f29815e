"""`import_posts FILE.csv`: who holds which post, from when.

Columns: username,name,role,organization_code,cell_code,area_code,from,until and, if
wanted, duty_field.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import create_users
from grid.csvfile import Row, read_rows
from grid.importing import ImportCommand, Report
from grid.services import Saved
from partyorgs.importing import (
    CODES_AT_ONCE,
    Organizations,
    areas_by_code,
    cells_by_code,
    choices_by_word,
    date_problem,
    instant_of,
    unknown,
)
from partyorgs.models import Role
from partyorgs.services import PostDraft, give_posts, post_refusals
from partyorgs.services.posts import Seat

COLUMNS = (
    "username", "name", "role", "organization_code", "cell_code", "area_code", "from", "until",
)  # fmt: skip
SEATS = ("organization_code", "cell_code", "area_code")


class Command(ImportCommand[PostDraft]):
    help = _(
        "导入岗位任职（CSV：username,name,role,organization_code,cell_code,"
        "area_code,from,until；可加 duty_field）"
    )

    def read(self, report: Report, options: dict[str, Any]) -> Sequence[PostDraft]:
        self.now = timezone.now()
        rows = read_rows(options["file"], report, required=COLUMNS)
        self._load(rows)
        lines: list[int] = []
        drafts: list[PostDraft] = []
        for row in self.progress(rows, len(rows)):
            if found := self._draft(row, report):
                lines.append(row.line)
                drafts.append(found)
        for index, text in post_refusals(drafts=drafts, now=self.now).items():
            report.error(lines[index], text)
        if self.fresh:
            report.note(0, _new_accounts(len(self.fresh)))
        return drafts

    def _load(self, rows: Sequence[Row]) -> None:
        names = sorted({User.normalize_username(row["username"]) for row in rows})
        self.users: dict[str, User] = {}
        for start in range(0, len(names), CODES_AT_ONCE):
            part = names[start : start + CODES_AT_ONCE]
            self.users |= {user.username: user for user in User.objects.filter(username__in=part)}
        self.fresh: dict[str, User] = {}
        self.said: set[str] = set()
        self.roles = choices_by_word(Role)
        self.seats: dict[str, dict[str, Any]] = {
            "organization_code": Organizations(
                {row["organization_code"] for row in rows} - {""}
            ).known,
            "cell_code": cells_by_code({row["cell_code"] for row in rows} - {""}),
            "area_code": areas_by_code({row["area_code"] for row in rows} - {""}),
        }

    def _draft(self, row: Row, report: Report) -> PostDraft | None:
        found: list[str] = []
        user = self._user(row, report, found)
        seat = self._seat(row, found)
        role = self.roles.get(row["role"])
        if role is None:
            facts = {"role": row["role"][:20], "roles": ", ".join(Role.values)}
            found.append(_("岗位“%(role)s”不认识，请写其中之一：%(roles)s。") % facts)
        at = _instant(row, "from", found)
        until = _instant(row, "until", found) if row["until"] else None
        for problem in found:
            report.error(row.line, problem)
        if found or user is None or seat is None or role is None or at is None:
            return None
        return PostDraft(user, role, seat, at, until, row["duty_field"])

    def _user(self, row: Row, report: Report, problems: list[str]) -> User | None:
        username, name = User.normalize_username(row["username"]), row["name"]
        user = self.users.get(username) or self.fresh.get(username)
        if user is None:
            user = _new_user(username, name, problems)
            if user is not None:
                self.fresh[username] = user
        elif username in self.fresh and name != user.name:
            facts = {"username": username, "name": name, "other": user.name}
            text = _("账号 %(username)s 有两个姓名：“%(other)s”和“%(name)s”，请统一。")
            problems.append(text % facts)
        elif username in self.users and username not in self.said:
            self.said.add(username)
            for text in _doubts(user, name):
                report.warn(row.line, text)
        return user

    def _seat(self, row: Row, problems: list[str]) -> Seat | None:
        given = [column for column in SEATS if row[column]]
        if len(given) != 1:
            problems.append(_("organization_code、cell_code、area_code 三列要且只能填一列。"))
            return None
        column = given[0]
        seat: Seat | None = self.seats[column].get(row[column])
        if seat is None:
            problems.append(unknown(column, row[column]))
        return seat

    def save(self, drafts: Sequence[PostDraft], options: dict[str, Any]) -> Saved:  # noqa: ARG002
        names = {username: user.name for username, user in self.fresh.items()}
        made = {user.username: user for user in create_users(names=names, now=self.now)}
        posts = [replace(draft, user=made.get(draft.user.username, draft.user)) for draft in drafts]
        return give_posts(drafts=posts, now=self.now)


def _new_user(username: str, name: str, problems: list[str]) -> User | None:
    user = User(username=username, name=name)
    try:
        user.clean_fields(exclude=["password"])
    except ValidationError as error:
        for field, texts in error.message_dict.items():
            column = {"column": field, "text": " ".join(texts)}
            problems.append(_("%(column)s 不能用：%(text)s") % column)
        return None
    return user


def _doubts(user: User, name: str) -> list[str]:
    facts = {"username": user.username, "name": name, "other": user.name}
    doubts = []
    if name and name != user.name:
        text = _(
            "账号 %(username)s 现名“%(other)s”，文件写“%(name)s”：姓名没有改，请核对是否同一人。"
        )
        doubts.append(text % facts)
    if not user.is_active:
        doubts.append(_("账号 %(username)s 已停用：岗位会登记，但不能登录。") % facts)
    return doubts


def _instant(row: Row, column: str, problems: list[str]) -> datetime | None:
    at = instant_of(row[column])
    if at is None:
        problems.append(date_problem(row[column], column))
    return at


def _new_accounts(count: int) -> str:
    return _(
        "新建 %(count)d 个账号，都没有密码，不能登录：请管理员在后台“用户”里逐个设置密码，"
        "或运行 manage.py changepassword 账号。"
    ) % {"count": count}
