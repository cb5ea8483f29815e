"""manage.py first_admin: the first person who may let in others."""

import os
from argparse import ArgumentParser
from getpass import getpass

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import services

PASSWORD_VARIABLE = "FIRST_ADMIN_PASSWORD"  # noqa: S105 - the name of a variable


class Command(BaseCommand):
    help = _("建立第一个管理员账号；已有管理员时拒绝执行。")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Without arguments the command asks."""
        parser.add_argument("--username", help=_("账号"))
        parser.add_argument("--name", help=_("姓名"))

    def handle(self, *, username: str | None, name: str | None, **_options: object) -> None:
        """Make the user; the password never stands on the command line, where others see it."""
        username = username or input(_("账号：")).strip()
        name = input(_("姓名：")).strip() if name is None else name
        password = os.environ.get(PASSWORD_VARIABLE) or self._ask_password()
        try:
            with transaction.atomic():
                admin = services.create_first_admin(
                    username=username, name=name, password=password, now=timezone.now()
                )
        except ValidationError as refusal:
            raise CommandError("\n".join(refusal.messages)) from None
        done = _("管理员 %(username)s 已建立，可以登录。") % {"username": admin.username}
        self.stdout.write(self.style.SUCCESS(done))

    def _ask_password(self) -> str:
        password = getpass(_("密码："))
        if password != getpass(_("再输入一次密码：")):
            raise CommandError(_("两次输入的密码不一样，请重新执行命令。"))
        return password
