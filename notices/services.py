"""Writes on the outbox."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from notices.models import Notice

if TYPE_CHECKING:
    from accounts.models import User

Fact = str | int | bool | None
KIND = re.compile(r"[a-z][a-z_]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A notice to be queued.

    `key` names the fact that is told, once for all its recipients: the room
    adds recipient and channel. `payload` is flat and without personal data.
    Raises ValueError when it could not be stored: SQLite would drop such a row
    in silence where PostgreSQL refuses it.
    """

    kind: str
    subject_key: str
    recipient_id: int
    key: str
    payload: Mapping[str, Fact] = field(default_factory=dict)
    channel: str = Notice.Channel.IN_APP

    def __post_init__(self) -> None:
        if not KIND.fullmatch(self.kind):
            raise ValueError(f"{self.kind!r} is no kind: use small letters and underscores.")
        if self.channel not in Notice.Channel.values:
            raise ValueError(f"{self.channel!r} is no channel of this outbox.")
        if not 0 < len(self.subject_key) <= 80 or not 0 < len(self.key) <= 160:
            raise ValueError("A notice needs a subject key up to 80 and a key up to 160 long.")
        if any(isinstance(value, dict | list | tuple) for value in self.payload.values()):
            raise ValueError("The payload of a notice is flat: texts, numbers, yes or no.")

    @property
    def stored_key(self) -> str:
        """Unique for fact, recipient and channel."""
        return f"{self.key}|{self.recipient_id}|{self.channel}"


# Always part of a caller's transaction, so a savepoint of its own would save nothing.
@transaction.atomic(savepoint=False)
def queue(*, notices: Iterable[Draft], now: datetime) -> None:
    """Store drafts in the caller's transaction; one that is stored already stays as it is.

    A notice in the product itself is delivered by being in the table, so it is
    stored as sent. Other channels would wait for their sender.
    """
    rows = {draft.stored_key: _row(draft, now) for draft in notices}
    if rows:
        Notice.objects.bulk_create(rows.values(), ignore_conflicts=True)


@transaction.atomic
def mark_read(*, user: "User", ids: Iterable[int] | None = None, now: datetime) -> int:
    """Mark the user's own unread notices, or those of `ids`, as read; how many were."""
    unread = Notice.objects.filter(
        recipient=user, state=Notice.State.SENT, channel=Notice.Channel.IN_APP, read_at=None
    )
    if ids is not None:
        unread = unread.filter(pk__in=list(ids))
    return unread.update(read_at=now)


def _row(draft: Draft, now: datetime) -> Notice:
    delivered = draft.channel == Notice.Channel.IN_APP
    return Notice(
        kind=draft.kind,
        subject_key=draft.subject_key,
        recipient_id=draft.recipient_id,
        channel=draft.channel,
        key=draft.stored_key,
        payload=dict(draft.payload),
        state=Notice.State.SENT if delivered else Notice.State.PENDING,
        attempts=1 if delivered else 0,
        next_attempt_at=None if delivered else now,
        created_at=now,
        sent_at=now if delivered else None,
    )
