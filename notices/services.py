"""Writes on the outbox that other rooms and pages ask for; sending is in `sending`."""

from collections.abc import Iterable, Mapping
from datetime import datetime, time
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Q, QuerySet

from notices.claiming import lock
from notices.drafts import Draft, Fact
from notices.expanding import rows_of
from notices.models import Channel, ChannelChoice, Notice, QuietHours
from notices.secrecy import seal
from notices.storing import insert
from notices.waking import wake

if TYPE_CHECKING:
    from accounts.models import User

__all__ = [
    "Choice", "Draft", "Fact", "choose", "give_up", "mark_read", "queue", "queue_test", "retry",
    "supersede",
]  # fmt: skip
WAITING = (Notice.State.PENDING, Notice.State.SENDING)
# Per channel: on, off or None for what the posts say; the address, None to keep the stored one.
Choice = tuple[bool | None, str | None]


# Always part of a caller's transaction, so a savepoint of its own would save nothing.
@transaction.atomic(savepoint=False)
def queue(*, notices: Iterable[Draft], now: datetime) -> None:
    """Store drafts in the caller's transaction; one that is stored already stays as it is.

    A notice in the product itself is delivered by being in the table, so it is
    stored as sent unless it waits for a bundle. Others wait for `sending`; after
    the commit a worker is woken for those that may go at once.
    """
    rows = rows_of(list(notices), now=now)
    if not rows:
        return
    insert(rows, ignore_conflicts=True)
    if any(row.next_attempt_at is not None and row.next_attempt_at <= now for row in rows):
        transaction.on_commit(wake)


@transaction.atomic(savepoint=False)
def supersede(
    *,
    subject_keys: Iterable[str],
    kinds: Iterable[str] | None = None,
    aspects: Iterable[str] | None = None,
    now: datetime,
) -> int:
    """Take back what waits about these subjects, of these kinds and aspects or all; how many.

    What is being sent at this moment is marked: it is not tried again. Events to
    webhooks stay: a stream of facts is not settled by a later fact.
    """
    waiting = Notice.objects.filter(subject_key__in=list(subject_keys), state__in=WAITING)
    waiting = waiting.exclude(channel=Channel.WEBHOOK)
    if kinds is not None:
        waiting = waiting.filter(kind__in=list(kinds))
    if aspects is not None:
        waiting = waiting.filter(aspect__in=list(aspects))
    # Locked in one order: two that settle the same matters must not wait for each other.
    locked = waiting.select_for_update().order_by("pk").values_list("pk", "state")
    found = list(locked)
    pending = [pk for pk, state in found if state == Notice.State.PENDING]
    sending = [pk for pk, state in found if state == Notice.State.SENDING]
    if pending:
        Notice.objects.filter(pk__in=pending).update(
            state=Notice.State.SUPERSEDED, next_attempt_at=None, settled_at=now
        )
    if sending:
        Notice.objects.filter(pk__in=sending).update(settled_at=now)
    return len(found)


@transaction.atomic
def mark_read(*, user: "User", ids: Iterable[int] | None = None, now: datetime) -> int:
    """Mark the user's own unread notices, or those of `ids` with their parts, as read; how many."""
    unread = Notice.objects.filter(
        recipient=user, state=Notice.State.SENT, channel=Channel.IN_APP, read_at=None
    )
    if ids is not None:
        named = list(ids)
        unread = unread.filter(Q(pk__in=named) | Q(bundled_into__in=named))
    return unread.update(read_at=now)


@transaction.atomic
def choose(*, user: "User", channels: Mapping[str, Choice], starts: time, ends: time) -> None:
    """Store how a person wants to be told. An empty address forgets it.

    Addresses are stored sealed. Quiet hours hold for what is queued from now on
    and for what waits at the moment of sending.
    """
    for channel, (enabled, address) in channels.items():
        values: dict[str, bool | str | None] = {"enabled": enabled}
        if address is not None:
            values["address"] = seal(address)
        ChannelChoice.objects.update_or_create(user=user, channel=channel, defaults=values)
    QuietHours.objects.update_or_create(user=user, defaults={"starts": starts, "ends": ends})


@transaction.atomic
def queue_test(*, user: "User", channel: str, now: datetime) -> None:
    """Queue a test notice to the person through one channel, at once whatever the hour.

    At most one a minute and channel: a text message costs money.
    """
    draft = Draft(
        kind="test",
        subject_key="notices:",
        key=f"test:{now:%Y%m%d%H%M}",
        recipient_id=user.pk,
        channel=channel,
        critical=True,
    )
    queue(notices=[draft], now=now)


@transaction.atomic
def retry(*, notices: "QuerySet[Notice]", now: datetime) -> int:
    """Send failed notices again, with their keys, and waiting ones at once; how many.

    Attempts count on; the pauses start anew.
    """
    wholes, parts = _undelivered(notices)
    count = Notice.objects.filter(pk__in=wholes).update(
        state=Notice.State.PENDING, next_attempt_at=now, due_at=now, earlier_attempts=F("attempts")
    )
    Notice.objects.filter(pk__in=parts).update(state=Notice.State.PENDING)
    if count:
        transaction.on_commit(wake)
    return count


@transaction.atomic
def give_up(*, notices: "QuerySet[Notice]") -> int:
    """End undelivered notices that nobody needs any more; how many. Parts end with their bundle."""
    wholes, parts = _undelivered(notices)
    rows = Notice.objects.filter(pk__in=wholes + parts)
    rows.update(state=Notice.State.EXPIRED, next_attempt_at=None)
    return len(wholes)


def _undelivered(notices: "QuerySet[Notice]") -> tuple[list[int], list[int]]:
    """Those that failed or wait, and their parts that do, locked; a part has its bundle with it."""
    named = notices.filter(bundled_into=None).order_by().values_list("pk", flat=True)
    open_ones = lock(named).filter(state__in=[Notice.State.FAILED, Notice.State.PENDING])
    found = dict(open_ones.values_list("pk", "bundled_into"))
    wholes = [pk for pk, whole in found.items() if whole is None]
    return wholes, [pk for pk, whole in found.items() if whole in found]
