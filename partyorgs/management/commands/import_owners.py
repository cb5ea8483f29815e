"""`import_owners FILE.csv`: cell_code,branch_code,branch_name,from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from grid.csvfile import Row, read_rows
from grid.importing import ImportCommand, Report
from grid.models import Cell
from grid.services import Saved
from partyorgs.importing import Organizations, cells_by_code, date_problem, instant_of, unknown
from partyorgs.models import Organization
from partyorgs.queries import unowned_cells
from partyorgs.services import Handover, hand_over_cells, handover_refusals

COLUMNS = ("cell_code", "branch_code", "branch_name", "from")


class Command(ImportCommand[Handover]):
    help = _("导入网格归属（CSV：cell_code,branch_code,branch_name,from）")

    def read(self, report: Report, options: dict[str, Any]) -> Sequence[Handover]:
        self.now = timezone.now()
        rows = read_rows(options["file"], report, required=COLUMNS)
        cells = cells_by_code({row["cell_code"] for row in rows})
        self.branches = Organizations({row["branch_code"] for row in rows})
        lines: list[int] = []
        handovers: list[Handover] = []
        for row in self.progress(rows, len(rows)):
            if found := self._handover(row, cells, report):
                lines.append(row.line)
                handovers.append(found)
        for index, text in handover_refusals(handovers=handovers, now=self.now).items():
            report.error(lines[index], text)
        if self.branches.fresh:
            count = {"count": len(self.branches.fresh)}
            report.note(0, _("新建 %(count)d 个党支部；上级和电话请到后台补上。") % count)
        return handovers

    def _handover(self, row: Row, cells: dict[str, Cell], report: Report) -> Handover | None:
        cell, at = cells.get(row["cell_code"]), instant_of(row["from"])
        code, name = row["branch_code"], row["branch_name"]
        problems = [
            "" if cell else unknown("cell_code", row["cell_code"]),
            "" if at else date_problem(row["from"], "from"),
            self.branches.take(code, name, Organization.Kind.BRANCH),
        ]
        for problem in filter(None, problems):
            report.error(row.line, problem)
        if warning := self.branches.renamed(code, name):
            report.warn(row.line, warning)
        branch = self.branches.get(code)
        if any(problems) or cell is None or at is None or branch is None:
            return None
        self.branches.serves(code, cell.community.code)
        return Handover(cell, branch, at)

    def save(self, drafts: Sequence[Handover], options: dict[str, Any]) -> Saved:  # noqa: ARG002
        branches = self.branches.save(self.now)
        handovers = [
            replace(draft, organization=branches[draft.organization.code]) for draft in drafts
        ]
        saved = hand_over_cells(handovers=handovers, now=self.now)
        if bare := unowned_cells(at=self.now).count():
            text = _("现在还有 %(count)d 个网格没有归属。") % {"count": bare}
            self.stderr.write(text, self.style.WARNING)
        return saved
