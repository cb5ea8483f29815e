"""Group bots of WeCom, DingTalk and Feishu, through Apprise's plugins for them.

The address is the whole URL that the app shows for a bot, since offices run
these apps on hosts of their own, too. A message counts as sent only when the
number in the answer says so.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from apprise.exception import AppriseImproperlyConfigured
from apprise.plugins import dingtalk, feishu, wecombot
from apprise.plugins.base import NotifyBase
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from notices import secrecy
from notices.channels import hosts
from notices.channels.desk import Desk, deliver
from notices.channels.interface import Message, Result
from notices.models import Target

DESK = Desk(numbered=True)
for _module in (dingtalk, feishu, wecombot):
    vars(_module)["requests"] = DESK


class WeComBot(wecombot.NotifyWeComBot):
    """A bot at the URL it was given with."""

    def __init__(self, url: str, secret: str) -> None:  # noqa: ARG002
        super().__init__(key=_parameter(url, "key"))
        self.api_url = url


class DingTalkBot(dingtalk.NotifyDingTalk):
    """A bot at the URL it was given with, signed when it has a secret."""

    def __init__(self, url: str, secret: str) -> None:
        super().__init__(token=_parameter(url, "access_token"), secret=secret or None)
        self.notify_url = url

    def get_signature(self) -> tuple[str, str]:
        """The plugin's signature without its quoting: the request quotes it once more."""
        timestamp, signature = super().get_signature()
        return timestamp, self.unquote(signature)


class FeishuBot(feishu.NotifyFeishu):
    """A bot at the URL it was given with, signed when it has a secret.

    The plugin knows no signatures. Feishu's: HMAC-SHA256 of nothing, under
    "timestamp, new line, secret", in base64, with the timestamp in seconds.
    """

    def __init__(self, url: str, secret: str) -> None:
        super().__init__(token=urlsplit(url).path.rstrip("/").rpartition("/")[2])
        self.notify_url = url
        self.secret = secret

    def send(self, body: str, *args: Any, **kwargs: Any) -> bool:
        """Post the text, with a signature where there is a secret."""
        if not self.secret:
            return bool(super().send(body, *args, **kwargs))
        timestamp = str(int(time.time()))
        signing = hmac.new(f"{timestamp}\n{self.secret}".encode(), b"", hashlib.sha256)
        payload = {
            "timestamp": timestamp,
            "sign": base64.b64encode(signing.digest()).decode(),
            "msg_type": "text",
            "content": {"text": body},
        }
        headers = {"Content-Type": "application/json; charset=utf-8"}
        DESK.post(self.notify_url, data=json.dumps(payload), headers=headers)
        return True


class GroupBot:
    """A channel to one kind of bot."""

    personal = False

    def __init__(self, key: str, bot: Callable[[str, str], NotifyBase]) -> None:
        self.key = key
        self._bot = bot

    def check(self, address: str) -> None:
        """Raise ValidationError unless it is a bot's URL on an allowed host."""
        hosts.check_url(address)
        self._plugin(address, "")

    def send(self, message: Message, address: str, target: Target | None) -> Result:
        """Tell the group number, place and link."""
        secret = secrecy.unseal(target.secret) if target else ""
        return deliver(self._plugin(address, secret), message)

    def _plugin(self, address: str, secret: str) -> NotifyBase:
        try:
            return self._bot(address, secret)
        except AppriseImproperlyConfigured:
            raise ValidationError(
                _("这不像机器人的地址或密钥，请从群机器人的设置页完整复制。")
            ) from None


def _parameter(url: str, name: str) -> str | None:
    return parse_qs(urlsplit(url).query).get(name, [None])[0]


BOTS = (
    GroupBot("wecom", WeComBot),
    GroupBot("dingtalk", DingTalkBot),
    GroupBot("feishu", FeishuBot),
)
