"""`import_tickets FILE.csv --as street.desk`: open tickets of a hotline, or of a former system.

Columns: 工单编号,问题分类,主要内容,位置 and more; see docs/imports.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandParser
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from grid.csvfile import read_rows
from grid.datum import DATUMS
from grid.importing import FileError, ImportCommand, Report
from grid.models import Area
from grid.services import Saved
from issues.models import Issue
from issues.services.reporting import report
from issues.services.sources import tickets
from issues.ticketfile import Ticket, TicketReader, numbers_at_once
from issues.who import DISPATCHING
from partyorgs.rules import Scope, scope_of


class Command(ImportCommand[Ticket]):
    help = _("导入热线工单（CSV，列名见 docs/imports.md；不要来电人和电话）")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--as", dest="username", required=True, help=_("登记人的账号，要有值守台岗位")
        )
        parser.add_argument(
            "--source",
            choices=[Issue.Source.HOTLINE.value, Issue.Source.IMPORT.value],
            default=Issue.Source.HOTLINE.value,
            help=_("来源：hotline 热线工单（要反馈和回访），import 从别的系统转来"),
        )
        parser.add_argument("--datum", choices=DATUMS, default="wgs84", help=_("坐标系"))

    def read(self, report: Report, options: dict[str, Any]) -> Sequence[Ticket]:
        self.now = timezone.now()
        self.scope = self._desk(options["username"])
        reach = self.scope.reach
        streets = list(Area.objects.filter(pk__in=reach("streets")))
        self.districts = list(
            Area.objects.filter(Q(pk__in=reach("districts")) | Q(children__in=streets)).distinct()
        )
        rows = read_rows(options["file"], report, required=())
        reader = TicketReader(
            report,
            source=options["source"],
            within=[*streets, *self.districts],
            datum=options["datum"],
            now=self.now,
        )
        return reader.read(list(self.progress(rows, len(rows))))

    def _desk(self, username: str) -> Scope:
        user = User.objects.filter(username=User.normalize_username(username)).first()
        scope = scope_of(user, now=self.now) if user else None
        if scope is None or not scope.roles & DISPATCHING:
            name = {"name": username[:150]}
            raise FileError(_("“%(name)s”现在没有值守台岗位，请换一个账号。") % name)
        return scope

    def save(self, drafts: Sequence[Ticket], options: dict[str, Any]) -> Saved:  # noqa: ARG002
        here: set[str] = set()
        for numbers in numbers_at_once(drafts):
            here.update(tickets(numbers=numbers, districts=self.districts))
        fresh = [one for one in drafts if one.given.external_number not in here]
        for ticket in self.progress(fresh, len(fresh)):
            self._report(ticket)
        return Saved(created=len(fresh), unchanged=len(drafts) - len(fresh))

    def _report(self, ticket: Ticket) -> None:
        try:
            report(scope=self.scope, given=ticket.given, imported=True, now=self.now)
        except ValidationError as refused:
            facts = {"line": ticket.line, "text": " ".join(refused.messages)}
            raise ValidationError(_("第 %(line)d 行：%(text)s") % facts) from refused
