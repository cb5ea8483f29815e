"""All ways to tell somebody, behind one function.

`send` is the whole interface of the sender: it tries once and says how it went.
What a channel may call over HTTP stands in `hosts.py`, how in `door.py`.
"""

import logging
import traceback

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from notices import secrecy
from notices.channels.bots import BOTS
from notices.channels.door import Refused, Unreachable
from notices.channels.interface import Channel, Message, Result
from notices.channels.mail import Email
from notices.channels.others import Other
from notices.channels.sms import Sms
from notices.channels.webhook import Webhook
from notices.models import Target

__all__ = ["CHANNELS", "Channel", "Message", "Result", "send"]

logger = logging.getLogger(__name__)
CHANNELS: dict[str, Channel] = {
    channel.key: channel for channel in (Email(), Sms(), *BOTS, Other(), Webhook())
}


def send(*, channel: str, message: Message, address: str, target: Target | None) -> Result:
    """Try once to send; every trouble of delivery is a Result, never an exception.

    An unexpected fault is told by its class alone, on the page and in the log:
    its text could hold an address or what the other side said.
    """
    try:
        return CHANNELS[channel].send(message, address, target)
    except Unreachable as fault:
        return Result(False, str(fault))
    except Refused as fault:
        return Result(False, str(fault), retry=False)
    except ValidationError as wrong:
        return Result(False, " ".join(wrong.messages), retry=False)
    except secrecy.Unreadable:
        return Result(False, _("密钥已更换，读不出地址或密钥，请重新填写。"), retry=False)
    except Exception as fault:
        name = type(fault).__name__
        where = traceback.extract_tb(fault.__traceback__)[-1]
        logger.error("Channel %s failed: %s in %s", channel, name, where.name)
        return Result(False, _("发送时出错（%(name)s）。") % {"name": name})
