"""What every channel is given, gives back and is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.utils.translation import gettext as _

from notices.drafts import Fact
from notices.models import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A notice in words, rendered from committed data.

    `key` is the same at every repeat, so that a receiver can tell one.
    `link` is a whole address. `facts` hold nothing personal. `created_at` is the
    moment of what is told, not of the sending.
    """

    key: str
    kind: str
    title: str
    text: str
    link: str
    facts: Mapping[str, Fact]
    critical: bool
    created_at: datetime
    language: str


@dataclass(frozen=True, slots=True)
class Result:
    """How it went. `error` is for people and never holds what the other side said.

    `retry`: another try may go better. `disable`: the receiver asked to be left alone.
    """

    ok: bool
    error: str = ""
    retry: bool = True
    disable: bool = False


class Channel(Protocol):
    """One way to tell. `personal`: its address reaches a person, not a group or a program."""

    key: str
    personal: bool

    def check(self, address: str) -> None:
        """Raise ValidationError, saying what to do, when nothing can be sent there."""

    def send(self, message: Message, address: str, target: Target | None) -> Result:
        """Try once. May raise `door.Refused`, `door.Unreachable` and ValidationError."""


def answered(status: int, *, retry: bool) -> Result:
    """The failure of an answer that is no 2xx; only its number is told."""
    return Result(
        ok=False, error=_("对方回答 HTTP %(status)s，没有收下。") % {"status": status}, retry=retry
    )
