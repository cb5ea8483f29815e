"""`manage.py import_calendar FILE`: take a table of days, or the State Council's notice."""

from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from worktime import dayfile, services, wording
from worktime.arithmetic import EARLIEST_YEAR, LATEST_YEAR
from worktime.importing import Preview, Proposal, from_notice, from_table, preview
from worktime.models import DEFAULT, Calendar


class Command(BaseCommand):
    help = _("导入放假安排：CSV（date,kind,name），加 --notice 则读国务院办公厅的通知全文")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help=_("文件，UTF-8 或 GB18030"))
        parser.add_argument("--code", default=DEFAULT, help=_("工作日历的代码"))
        parser.add_argument("--notice", action="store_true", help=_("文件是通知全文"))
        parser.add_argument(
            "--year",
            type=int,
            help=_("通知没有标题时的年份；CSV 写了它，表里没有的日期按周一至周五"),
        )
        parser.add_argument("--source", default="", help=_("CSV 的依据，默认用文件名"))
        parser.add_argument("--dry-run", action="store_true", help=_("只看改动，不写入"))

    def handle(self, *_args: Any, **options: Any) -> None:
        calendar, proposal = _calendar(options["code"]), _proposal(options)
        if proposal.problems:
            raise CommandError("\n".join(proposal.problems))
        self._show(preview(calendar, proposal))
        for sentence in proposal.unread:
            self.stdout.write(_("未作改动：%s") % sentence)
        if options["dry_run"]:
            self.stdout.write(_("只是预览，没有写入。"))
            return
        count = services.set_days(
            calendar=calendar, days=proposal.days, source=proposal.source, now=timezone.now()
        )
        self.stdout.write(_("已改 %(count)s 天。") % {"count": count})

    def _show(self, shown: Preview) -> None:
        self.stdout.write(shown.proposal.source)
        for row in shown.visible:
            before, after = wording.fact_text(row.before), wording.fact_text(row.after)
            self.stdout.write(f"  {row.date:%Y-%m-%d}  {before} → {after}")
        if shown.confirmed_only:
            count = _("从暂定改为已公布：%d 天") % shown.confirmed_only
            self.stdout.write(f"  {count}")


def _calendar(code: str) -> Calendar:
    try:
        return Calendar.objects.get(code=code)
    except Calendar.DoesNotExist as error:
        codes = "、".join(Calendar.objects.values_list("code", flat=True)) or DEFAULT
        raise CommandError(
            _("没有代码为“%(code)s”的工作日历。请用其中之一：%(codes)s")
            % {"code": code, "codes": codes}
        ) from error


def _proposal(options: dict[str, Any]) -> Proposal:
    path, year = Path(options["file"]), options["year"]
    if year is not None and not EARLIEST_YEAR <= year < LATEST_YEAR:
        raise CommandError(
            _("年份请写 %(from)s 至 %(until)s。")
            % {"from": EARLIEST_YEAR, "until": LATEST_YEAR - 1}
        )
    try:
        text = dayfile.read_text(path.read_bytes())
    except OSError as error:
        reason = {"path": path, "reason": error.strerror or ""}
        raise CommandError(_("读不了文件 %(path)s：%(reason)s。") % reason) from error
    except ValidationError as error:
        raise CommandError(error.messages[0]) from error
    if options["notice"]:
        return from_notice(text, year=year)
    return from_table(text, source=(options["source"] or path.name)[:100], year=year)
