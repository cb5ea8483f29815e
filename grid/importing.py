"""What every import command shares: a dry run, a report by line, all or nothing."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from grid.geometry import GeometryError
from grid.services import Saved

SHOWN = 100
PROGRESS_SECONDS = 2.0
# From here on writing takes long enough to be announced.
MANY = 1000

Item = TypeVar("Item")
Draft = TypeVar("Draft")


class FileError(ValueError):
    """A file that cannot be read at all, with a message that says what to do."""


@dataclass
class Report:
    """What was found in a file. Any error keeps everything from being written.

    Lines count from 1; 0 stands for the file as a whole.
    """

    errors: list[tuple[int, str]] = field(default_factory=list)
    warnings: list[tuple[int, str]] = field(default_factory=list)
    notes: list[tuple[int, str]] = field(default_factory=list)

    def error(self, line: int, text: str) -> None:
        self.errors.append((line, text))

    def warn(self, line: int, text: str) -> None:
        self.warnings.append((line, text))

    def note(self, line: int, text: str) -> None:
        self.notes.append((line, text))


class ImportCommand(BaseCommand, Generic[Draft]):
    """Reads a file into drafts, and saves them in one transaction if no line is wrong."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help=_("要导入的文件"))
        parser.add_argument(
            "--dry-run", action="store_true", help=_("只检查并报告，不写入任何数据")
        )

    @abstractmethod
    def read(self, report: Report, options: dict[str, Any]) -> Sequence[Draft]:
        """The drafts of the file; faults of single lines go into `report`, FileError ends it."""

    @abstractmethod
    def save(self, drafts: Sequence[Draft], options: dict[str, Any]) -> Saved:
        """Writes the drafts; called inside the transaction, never after an error."""

    def handle(self, *_args: object, **options: Any) -> None:
        report = Report()
        try:
            drafts = self.read(report, options)
        except FileError as error:
            raise CommandError(f"{error}\n{_nothing_written()}") from error
        self._print_findings(report)
        if report.errors:
            count = {"count": len(report.errors)}
            raise CommandError(
                _("共 %(count)d 处错误，请改正后重新导入。") % count + _nothing_written()
            )
        if len(drafts) >= MANY:
            self.stderr.write(_("检查完毕，正在写入 %(count)d 行…") % {"count": len(drafts)})
        saved = self._save(drafts, options)
        figures = {
            "created": saved.created,
            "updated": saved.updated,
            "unchanged": saved.unchanged,
        }
        self.stdout.write(_("新增 %(created)d，修改 %(updated)d，未变 %(unchanged)d。") % figures)
        if options["dry_run"]:
            self.stdout.write(_("这是试运行：没有写入任何数据。"))

    def _save(self, drafts: Sequence[Draft], options: dict[str, Any]) -> Saved:
        try:
            with transaction.atomic():
                saved = self.save(drafts, options)
                if options["dry_run"]:
                    transaction.set_rollback(True)
        except (ValidationError, IntegrityError, GeometryError) as error:
            text = "；".join(error.messages) if isinstance(error, ValidationError) else str(error)
            raise CommandError(f"{text}\n{_nothing_written()}") from error
        return saved

    def _print_findings(self, report: Report) -> None:
        for title, findings, style in (
            (_("说明"), report.notes, self.style.SUCCESS),
            (_("警告"), report.warnings, self.style.WARNING),
            (_("错误"), report.errors, self.style.ERROR),
        ):
            for line, text in sorted(findings)[:SHOWN]:
                place = _("第 %(line)d 行：") % {"line": line} if line else ""
                self.stderr.write(f"{title} {place}{text}", style)
            if len(findings) > SHOWN:
                more = {"title": title, "count": len(findings) - SHOWN}
                self.stderr.write(_("%(title)s 还有 %(count)d 条，未显示。") % more, style)

    def progress(self, items: Sequence[Item] | Iterable[Item], total: int) -> Iterator[Item]:
        """Yields the items, and every two seconds says on stderr how far it is."""
        said = time.monotonic()
        for number, item in enumerate(items):
            if time.monotonic() - said >= PROGRESS_SECONDS:
                said = time.monotonic()
                count = {"number": number, "total": total}
                self.stderr.write(_("已处理 %(number)d / %(total)d") % count)
            yield item


def _nothing_written() -> str:
    return _("没有写入任何数据。")
