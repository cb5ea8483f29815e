"""`import_cells FILE.geojson`: a FeatureCollection of Polygon or MultiPolygon."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from grid.cellfile import Choices, read_cells, total_m2
from grid.geojsonfile import read_features
from grid.importing import FileError, ImportCommand, Report
from grid.services import CellDraft, Saved, save_cells


class Command(ImportCommand[CellDraft]):
    help = _("导入网格（GeoJSON FeatureCollection）")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--code-field", default="", help=_("代码所在的字段，默认 code"))
        parser.add_argument("--name-field", default="", help=_("名称所在的字段，默认 name"))
        parser.add_argument(
            "--community-field", default="", help=_("社区代码所在的字段，默认取网格代码前 12 位")
        )
        parser.add_argument("--datum", default="wgs84", help=_("坐标系：wgs84、gcj02 或 bd09"))
        parser.add_argument("--community", default="", help=_("所有网格都属于这个社区（代码）"))
        parser.add_argument(
            "--number", action="store_true", help=_("文件没有代码：在社区内从西到东、从北到南编号")
        )
        parser.add_argument(
            "--from",
            dest="valid_from",
            default="",
            help=_("启用日期 YYYY-MM-DD，默认现在；以前的上报要定位时请写早一些"),
        )

    def read(self, report: Report, options: dict[str, Any]) -> Sequence[CellDraft]:
        choices = Choices(
            **{
                name: options[name]
                for name in (
                    "code_field",
                    "name_field",
                    "community_field",
                    "datum",
                    "community",
                    "number",
                )
            },
            valid_from=_instant(options["valid_from"]),
        )
        features = read_features(options["file"], report)
        drafts = read_cells(self.progress(features, len(features)), choices, report, timezone.now())
        facts = {"count": len(drafts), "area": f"{total_m2(drafts) / 1e6:.2f}"}
        report.note(0, _("读到 %(count)d 个网格，共 %(area)s 平方公里。") % facts)
        return drafts

    def save(self, drafts: Sequence[CellDraft], options: dict[str, Any]) -> Saved:  # noqa: ARG002
        return save_cells(drafts=drafts, now=timezone.now())


def _instant(words: str) -> datetime | None:
    """Midnight of the date, in the time zone of the site."""
    if not words:
        return None
    try:
        date = parse_date(words)
    except ValueError:
        date = None
    if date is None:
        raise FileError(_("--from 要写成 2026-01-31 这样的日期。"))
    return timezone.make_aware(datetime.combine(date, time.min))
