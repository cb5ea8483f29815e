"""What a plugin of Apprise finds under the name `requests`: our own door.

A plugin posts with `requests.post` of its module. a `Desk` stands there instead,
so that every call obeys `door.py` (allowed hosts, pinned address, no redirect,
no proxy, certificates checked), whatever the URL of a target or an option in it
asks for. Only the modules named in this package are imported; Apprise's own
manager, which would load all of them, is never asked (PYSEC-2021-327).
"""

import json
from collections.abc import Mapping
from typing import Any

import requests
from apprise.plugins.base import NotifyBase
from django.utils import translation
from django.utils.translation import gettext as _

from notices.channels import door
from notices.channels.interface import Message, Result, answered

# Where the bots of WeCom, DingTalk and Feishu tell how it went; 0 is well.
NUMBERS = ("errcode", "code", "StatusCode")


class Declined(Exception):
    """The service answered that it does not take the message."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.error)
        self.result = result


class Reply:
    """As much of a response as a plugin looks at after a success."""

    def __init__(self, answer: door.Answer) -> None:
        # Plugins ask for 200 exactly, or for 201.
        self.status_code = answer.status
        self.content = answer.body
        self.text = answer.body.decode(errors="replace")


class Desk:
    """`requests`, as far as plugins use it. Raises Declined for every answer but a success.

    `numbered`: the service answers 200 also when it refuses, with a number in the
    body. Without that number nobody knows who answered, so nothing was sent.
    """

    codes = requests.codes
    RequestException = requests.RequestException

    def __init__(self, *, numbered: bool = False) -> None:
        self.numbered = numbered

    def post(self, url: str, **asked: Any) -> Reply:
        """Post through the door; certificates and redirects are not up to a plugin."""
        return self._call("POST", url, **asked)

    def get(self, url: str, **asked: Any) -> Reply:
        """Get through the door."""
        return self._call("GET", url, **asked)

    def _call(
        self,
        method: str,
        url: str,
        *,
        data: str | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        **_not_theirs: Any,
    ) -> Reply:
        body = data.encode() if isinstance(data, str) else data
        answer = door.call(
            method, url, body=body, headers=headers, params=params, auth=auth, read=True
        )
        if not answer.ok:
            raise Declined(answered(answer.status, retry=True))
        if self.numbered and (number := _number(answer.body)) != 0:
            raise Declined(Result(False, _numbered(number)))
        return Reply(answer)


def deliver(plugin: NotifyBase, message: Message) -> Result:
    """Let a plugin tell a group what a group may know."""
    try:
        taken = plugin.notify(body=group_text(message), body_format="text")
    except Declined as declined:
        return declined.result
    return Result(True) if taken else Result(False, _("消息没有发出。"))


def group_text(message: Message) -> str:
    """Number, place and link. The first line is fixed: a bot may ask for a word to know us by."""
    facts = [message.facts.get(name) for name in ("number", "place")]
    with translation.override(message.language):
        lines = [_("格治通知"), *(str(fact) for fact in facts if fact), message.link]
    return "\n".join(line for line in lines if line)


def _number(body: bytes) -> int | None:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    numbers = [said[name] for name in NUMBERS if name in said] if isinstance(said, dict) else []
    return next((number for number in numbers if isinstance(number, int)), None)


def _numbered(number: int | None) -> str:
    if number is None:
        return _("对方没有按约定回答，请核对机器人的地址。")
    return _("对方没有收下，错误号 %(number)s。") % {"number": number}
