"""`import_places FILE.csv`: name,aliases,kind,lat,lng,cell_code and, if wanted, parent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from grid.csvfile import read_rows
from grid.importing import ImportCommand, Report
from grid.placefile import COLUMNS, read_places
from grid.services import PlaceDraft, Saved, save_places


class Command(ImportCommand[PlaceDraft]):
    help = _("导入小区、楼栋、地标（CSV：name,aliases,kind,lat,lng,cell_code；可加 parent）")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--datum", default="wgs84", help=_("坐标系：wgs84、gcj02 或 bd09"))

    def read(self, report: Report, options: dict[str, Any]) -> Sequence[PlaceDraft]:
        rows = read_rows(options["file"], report, required=COLUMNS)
        return read_places(self.progress(rows, len(rows)), options["datum"], report)

    def save(self, drafts: Sequence[PlaceDraft], options: dict[str, Any]) -> Saved:  # noqa: ARG002
        return save_places(drafts=drafts)
