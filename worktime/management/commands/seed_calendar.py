"""`manage.py seed_calendar`: write what is known of the days of some years."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from worktime import seed
from worktime.arithmetic import EARLIEST_YEAR, LATEST_YEAR
from worktime.models import DEFAULT
from worktime.services import seed_calendar


class Command(BaseCommand):
    help = _("写入已公布的放假安排；未公布的年份暂按周一至周五，人工改过的日期不动")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--first", type=int, default=seed.YEARS[0], help=_("第一年"))
        parser.add_argument("--last", type=int, default=seed.YEARS[-1], help=_("最后一年"))
        parser.add_argument("--calendar", default=DEFAULT, help=_("工作日历的代码"))

    def handle(self, *_args: Any, **options: Any) -> None:
        first, last = options["first"], options["last"]
        if not EARLIEST_YEAR <= first <= last < LATEST_YEAR:
            raise CommandError(
                _("年份不对：请让 --first 不晚于 --last，并在 %(from)s 至 %(until)s 之间。")
                % {"from": EARLIEST_YEAR, "until": LATEST_YEAR - 1}
            )
        try:
            count = seed_calendar(
                years=range(first, last + 1), code=options["calendar"], now=timezone.now()
            )
        except ValidationError as error:
            raise CommandError("".join(error.messages)) from error
        self.stdout.write(_("已写入 %(count)s 天。") % {"count": count})
