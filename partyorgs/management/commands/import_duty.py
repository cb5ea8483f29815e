"""`import_duty FILE.csv`: who is on duty, shift by shift.

Columns: organization_code,date,start,end,username,position,leader.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from grid.csvfile import read_rows
from grid.importing import ImportCommand, Report
from grid.services import Saved
from partyorgs.dutyfile import COLUMNS, DutyReader
from partyorgs.services import DutyDraft, set_duties


class Command(ImportCommand[DutyDraft]):
    help = _("导入值班表（CSV：organization_code,date,start,end,username,position,leader）")

    def read(self, report: Report, options: dict[str, Any]) -> Sequence[DutyDraft]:
        self.now = timezone.now()
        rows = read_rows(options["file"], report, required=COLUMNS)
        return DutyReader(report, now=self.now).read(rows)

    def save(self, drafts: Sequence[DutyDraft], options: dict[str, Any]) -> Saved:  # noqa: ARG002
        return set_duties(drafts=drafts, by=None, now=self.now)
