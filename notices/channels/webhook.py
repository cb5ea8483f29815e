"""Outgoing webhooks by the Standard Webhooks convention.

`webhook-id` is the notice's key: the same at every repeat. Any 2xx is a receipt,
410 means "never again", everything else, a redirect too, is tried again.
"""

import base64
import json
import secrets
from datetime import UTC, datetime

from django.conf import settings
from django.utils.translation import gettext as _
from standardwebhooks import Webhook as Signer

from notices import secrecy
from notices.channels import door, hosts
from notices.channels.interface import Message, Result, answered
from notices.models import Target

GONE = 410


class Webhook:
    key = "webhook"
    personal = False

    def check(self, address: str) -> None:
        """Raise ValidationError unless it is a URL on an allowed host."""
        hosts.check_url(address)

    def send(self, message: Message, address: str, target: Target | None) -> Result:
        """Post the event, signed with the target's secret."""
        secret = secrecy.unseal(target.secret) if target else ""
        if not secret:
            return Result(False, _("这个对象没有签名密钥，请重新生成。"), retry=False)
        now = datetime.now(UTC)
        body = json.dumps(event(message), ensure_ascii=False)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "webhook-id": message.key,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Signer(secret).sign(message.key, now, body),
        }
        timeout = (door.CONNECT, float(settings.WEBHOOK_TIMEOUT))
        answer = door.call("POST", address, body=body.encode(), headers=headers, timeout=timeout)
        if answer.ok:
            return Result(True)
        if answer.status == GONE:
            return Result(False, _("对方回答 410：不再接收。"), retry=False, disable=True)
        return answered(answer.status, retry=True)


def event(message: Message) -> dict[str, object]:
    """What is posted: the facts of the notice and where to look. Nothing personal is among them."""
    return {
        "type": f"issue.{message.kind}",
        "timestamp": message.created_at.astimezone(UTC).isoformat(),
        "data": {**message.facts, "link": message.link},
    }


def new_secret() -> str:
    """A fresh signing secret, as Standard Webhooks writes them."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
