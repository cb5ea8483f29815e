"""`manage.py sendtest`: one test message through a channel, and what came of it."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from notices import channels
from notices.models import Target
from notices.secrecy import Unreadable, unseal

USAGE = "manage.py sendtest --channel email --to name@example.cn | --target NAME"


class Command(BaseCommand):
    help = _("发送一条测试通知，并说明结果")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--channel", default="", help=" | ".join(channels.CHANNELS))
        parser.add_argument("--to", default="", help=_("地址：邮箱、手机号或网址"))
        parser.add_argument("--target", default="", help=_("通知对象的名称"))

    def handle(self, *_args: Any, channel: str, to: str, target: str, **_options: Any) -> None:
        if bool(to) == bool(target):
            raise CommandError(_("请写 --to 或 --target 其中之一：%(usage)s") % {"usage": USAGE})
        stored = _stored(target) if target else None
        channel = channel or (stored.channel if stored else "")
        if channel not in channels.CHANNELS or (stored and stored.channel != channel):
            known = stored.channel if stored else ", ".join(channels.CHANNELS)
            raise CommandError(_("请写 --channel：%(known)s") % {"known": known})
        result = channels.send(
            channel=channel,
            message=_message(),
            address=_address(stored) if stored else to,
            target=stored,
        )
        if not result.ok:
            later = _("稍后再试可能成功。") if result.retry else _("请先改正，再试。")
            raise CommandError(f"{result.error} {later}")
        self.stdout.write(_("已发出。请到收件处核对是否收到。"))


def _stored(name: str) -> Target:
    target = Target.objects.filter(name=name).first()
    if target is None:
        names = ", ".join(Target.objects.values_list("name", flat=True))
        raise CommandError(_("没有这个通知对象。现有：%(names)s") % {"names": names or _("无")})
    return target


def _address(target: Target) -> str:
    try:
        return unseal(target.address)
    except Unreadable:
        raise CommandError(_("密钥已更换，读不出地址或密钥，请重新填写。")) from None


def _message() -> channels.Message:
    now = timezone.now()
    return channels.Message(
        key=f"sendtest:{now:%Y%m%d%H%M%S%f}",
        kind="test",
        title=_("测试通知"),
        text=_("这是一条测试通知，不需要处理。"),
        link=f"{settings.SITE_URL}{reverse('notices')}",
        facts={"number": "TEST", "place": _("测试通知")},
        critical=False,
        created_at=now,
        language=translation.get_language() or settings.LANGUAGE_CODE,
    )
