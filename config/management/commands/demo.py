"""manage.py demo: a fictional district with two years of issues."""

from argparse import ArgumentParser
from datetime import datetime

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from config.demo.building import build, is_demo
from config.demo.drawing import Size
from config.demo.people import ACCOUNTS, PASSWORD

DEFAULT_ISSUES = 2000
DEFAULT_SEED = 7


class Command(BaseCommand):
    help = _("建立虚构的青禾区：网格、组织、账号、权责清单和两年的问题。")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--issues", type=int, default=DEFAULT_ISSUES, help=_("问题数量"))
        parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help=_("随机种子"))
        parser.add_argument(
            "--until",
            type=datetime.fromisoformat,
            help=_("数据截止时间，如 2026-11-21T10:00；默认是现在"),
        )
        parser.add_argument("--if-empty", action="store_true", help=_("数据库已有区域时什么也不做"))

    def handle(
        self,
        *,
        issues: int,
        seed: int,
        until: datetime | None,
        if_empty: bool,
        **_options: object,
    ) -> None:
        """Refuse where real data could be; otherwise build and name the accounts."""
        if settings.PRODUCTION:
            raise CommandError(_("生产模式不能建立演示数据。请换一个环境（GEZHI_MODE）。"))
        if issues < 0:
            raise CommandError(_("问题数量不能小于零。"))
        until = until or timezone.now()
        if timezone.is_naive(until):
            until = timezone.make_aware(until)
        if not build(
            size=Size(), issues=issues, seed=seed, until=until.replace(microsecond=0),
            say=self._say,
        ):  # fmt: skip
            self._leave_alone(if_empty)
            return
        self.stdout.write(
            self.style.SUCCESS(
                _("演示数据已建立。账号：%(accounts)s；密码：%(password)s。")
                % {"accounts": "、".join(ACCOUNTS), "password": PASSWORD}
            )
        )

    def _leave_alone(self, if_empty: bool) -> None:
        if if_empty:
            return
        if not is_demo():
            raise CommandError(
                _("数据库里已有区域，演示数据只能建在空库里。请换一个 DATA_DIR 或 DATABASE_URL。")
            )
        self.stdout.write(_("演示数据已经在了，不用再建。"))

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
