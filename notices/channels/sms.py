"""Text messages through a gateway of the deployer's.

We POST JSON {"to", "text", "key", "timestamp"} to SMS_URL. The header
`Gezhi-Signature` is "v1=" and the hexadecimal HMAC-SHA256, under SMS_KEY, of
"timestamp.key.body". The gateway sends one text a `key`, however often it is asked.
"""

import hashlib
import hmac
import json
import re
import time

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from notices.channels import door
from notices.channels.interface import Message, Result, answered
from notices.models import Target

# What fits into three texts of 70 characters.
LONGEST = 210
PHONE = re.compile(r"(\+86)?1[3-9]\d{9}|\+(?!86)[1-9]\d{6,14}", re.ASCII)
PASSING = {408, 425, 429}


class Sms:
    key = "sms"
    personal = True

    def check(self, address: str) -> None:
        """Raise ValidationError unless it is a mainland mobile number, or one with its country."""
        if not PHONE.fullmatch(_digits(address)):
            raise ValidationError(_("请填写 11 位手机号；其他国家和地区的号码请以 + 和区号开头。"))

    def send(self, message: Message, address: str, target: Target | None) -> Result:  # noqa: ARG002
        """Ask the gateway once; asked again, the same key tells it that this is a repeat."""
        self.check(address)
        if not settings.SMS_URL or not settings.SMS_KEY:
            return Result(False, _("还没有配置短信网关，请设置 SMS_URL 和 SMS_KEY。"), retry=False)
        now = int(time.time())
        body = json.dumps(
            {"to": _digits(address), "text": text_of(message), "key": message.key,
             "timestamp": now},
            ensure_ascii=False,
        ).encode()  # fmt: skip
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Gezhi-Timestamp": str(now),
            "Gezhi-Signature": f"v1={signature(now, message.key, body)}",
        }
        status = door.call("POST", settings.SMS_URL, body=body, headers=headers).status
        if 200 <= status < 300:
            return Result(True)
        return answered(status, retry=not 400 <= status < 500 or status in PASSING)


def signature(timestamp: int, key: str, body: bytes) -> str:
    """HMAC-SHA256 in hexadecimal under SMS_KEY."""
    signed = f"{timestamp}.{key}.".encode() + body
    return hmac.new(settings.SMS_KEY.encode(), signed, hashlib.sha256).hexdigest()


def text_of(message: Message) -> str:
    """Signed name, text, link; the text in the middle is cut so that the link stays whole."""
    sign = f"【{settings.SMS_SIGN_NAME}】" if settings.SMS_SIGN_NAME else ""
    link = f" {message.link}" if message.link else ""
    text = " ".join(message.text.replace(link.strip() or "\0", " ").split())
    room = LONGEST - len(sign) - len(link)
    if len(text) > room:
        text = text[: max(room - 1, 0)] + "…"
    return f"{sign}{text}{link}"


def _digits(address: str) -> str:
    return re.sub(r"[\s-]", "", address)
