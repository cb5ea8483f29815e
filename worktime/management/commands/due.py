"""`manage.py due START AMOUNT UNIT`: when a limit ends, and why then."""

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from worktime import queries, wording
from worktime.arithmetic import UNITS, WorkCalendar
from worktime.models import DEFAULT, Calendar

USAGE = 'manage.py due "2026-12-25 09:00" 15 working_days'
LONGEST_AMOUNT = 9  # digits


class Command(BaseCommand):
    help = _("按工作日历计算到期时间，并说明跳过了哪些时段")

    def add_arguments(self, parser: CommandParser) -> None:
        # All optional for argparse, so that the error can say what to do.
        parser.add_argument("start", nargs="?", default="", help='"2026-12-25 09:00"')
        parser.add_argument("amount", nargs="?", default="", help="15")
        parser.add_argument("unit", nargs="?", default="", help=" | ".join(UNITS))
        parser.add_argument("--calendar", default=DEFAULT, help=_("工作日历的代码"))

    def handle(self, *_args: Any, **options: Any) -> None:
        start, amount = _start(options["start"]), _amount(options["amount"])
        unit, calendar = _unit(options["unit"]), _calendar(options["calendar"])
        try:
            due = calendar.due(start, amount, unit)
        except OverflowError as error:
            raise CommandError(_("到期时间超出日历范围，请减小数量或改用较近的日期。")) from error
        self.stdout.write(_("起点：%s") % wording.moment_text(start))
        self.stdout.write(_("时限：%s") % wording.limit_text(amount, unit))
        self.stdout.write(_("到期：%s") % wording.due_text(due))
        self.stdout.write(_("暂定：%s") % wording.provisional_text(due))
        self.stdout.write(_("跳过的时段：") if due.skipped else _("跳过的时段：无"))
        for row in due.summary:
            self.stdout.write(f"  {wording.skipped_text(row)}")


def _start(text: str) -> datetime:
    try:
        start = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(
            _("看不懂起点“%(text)s”。请写成 年-月-日 时:分，例如：%(usage)s")
            % {"text": text, "usage": USAGE}
        ) from error
    return start if timezone.is_aware(start) else timezone.make_aware(start)


def _amount(text: str) -> int:
    if not text.isdecimal() or len(text) > LONGEST_AMOUNT:
        raise CommandError(
            _("数量“%(text)s”不对。请写 0 至 999999999 的整数，例如：%(usage)s")
            % {"text": text, "usage": USAGE}
        )
    return int(text)


def _unit(text: str) -> str:
    if text not in UNITS:
        raise CommandError(
            _("没有单位“%(text)s”。请用其中之一：%(units)s。例如：%(usage)s")
            % {"text": text, "units": "、".join(UNITS), "usage": USAGE}
        )
    return text


def _calendar(code: str) -> WorkCalendar:
    try:
        return queries.work_calendar(code)
    except Calendar.DoesNotExist as error:
        codes = "、".join(Calendar.objects.values_list("code", flat=True)) or DEFAULT
        raise CommandError(
            _("没有代码为“%(code)s”的工作日历。请用其中之一：%(codes)s")
            % {"code": code, "codes": codes}
        ) from error
