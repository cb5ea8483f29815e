"""Take what is due, so that no other sender takes it too."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q, QuerySet

from notices.bundling import (
    Group,
    combine,
    fresh,
    gather,
    group_of,
    hold_quiet,
    throttle,
)
from notices.models import Channel, Notice

LEASE = timedelta(minutes=2)
# How long what was claimed waits when its channel turns out to be down or slow.
RELEASED_FOR = timedelta(seconds=30)


def lane_of(row: Notice) -> str:
    """What fails together: a target, or a channel to persons."""
    return str(row.target_id) if row.target_id else row.channel


@dataclass(frozen=True, slots=True)
class Claimed:
    """What may be sent now, under a lease; `moved` counts all rows that were dealt with.

    Nothing moved: nothing is due that no other sender holds.
    """

    rows: list[Notice]
    moved: int


@transaction.atomic
def claim(*, now: datetime, limit: int, resting: Collection[str] = ()) -> Claimed:
    """Lease due notices for the outside, bundled; at most `limit` are looked at.

    What is critical comes first, then what waits longest; also those whose lease
    ran out, with the same key. Lanes that rest are left out. A row that another
    sender holds, or whose person another one speaks to, is left to it. Ordinary
    ones that come in quiet hours or too often are put off.
    """
    due = _awake(_due(now).exclude(channel=Channel.IN_APP), resting)
    # Two ranges of an index; one sort by both would read the whole backlog each time.
    first = list(due.filter(critical=True)[:limit])
    found = _own_persons(first + list(due.filter(critical=False)[: limit - len(first)]))
    rows = hold_quiet(found, now=now)
    lease = now + LEASE
    leaving = [row for row in rows if not fresh(row)]
    leaving += _bundled([row for row in rows if fresh(row)], now=now, lease=lease)
    # A lease that runs out is due again by its next attempt: one range finds both.
    Notice.objects.filter(pk__in=[row.pk for row in leaving]).update(
        state=Notice.State.SENDING, lease_until=lease, next_attempt_at=lease
    )
    for row in leaving:
        row.state, row.lease_until = Notice.State.SENDING, lease
    return Claimed(leaving, len(found))


def lock(ids: Iterable[int]) -> "QuerySet[Notice]":
    """These notices and their parts, all locked in the one order that `supersede` keeps.

    Whoever locked a notice and went on to its parts could wait for one who does
    the same the other way round.
    """
    named = list(ids)
    rows = Notice.objects.filter(Q(pk__in=named) | Q(bundled_into__in=named))
    return rows.select_for_update(of=("self",)).order_by("pk")


@transaction.atomic
def release(*, rows: Iterable[Notice], until: datetime) -> None:
    """Give back what was claimed and not tried; it is due again at `until`."""
    for row in rows:
        Notice.objects.filter(
            pk=row.pk, state=Notice.State.SENDING, lease_until=row.lease_until
        ).update(state=Notice.State.PENDING, lease_until=None, next_attempt_at=until)


@transaction.atomic
def deliver_in_app(*, now: datetime, limit: int) -> int:
    """Show what waited inside the product; a bundle as one line with its parts. How many rows."""
    due = _own_persons(list(_due(now).filter(channel=Channel.IN_APP)[:limit]))
    stale = [row.pk for row in due if row.expires_at is not None and row.expires_at <= now]
    Notice.objects.filter(pk__in=stale).update(state=Notice.State.EXPIRED, next_attempt_at=None)
    shown = {"state": Notice.State.SENT, "sent_at": now, "attempts": 1}
    alive = [row for row in due if row.pk not in stale]
    groups: dict[Group, list[Notice]] = {}
    visible = [row.pk for row in alive if row.critical or not row.bundle]
    for row in alive:
        if row.pk not in visible:
            groups.setdefault(group_of(row), []).append(row)
    for parts in gather(groups, now=now).values():
        if len(parts) > 1:
            combine(parts, now=now, **shown)
        visible += [part.pk for part in parts]
    Notice.objects.filter(pk__in=visible).update(**shown, next_attempt_at=None)
    return len(visible) + len(stale)


def _bundled(rows: list[Notice], *, now: datetime, lease: datetime) -> list[Notice]:
    """One notice for each person, channel and bundle that may speak now."""
    groups: dict[Group, list[Notice]] = {}
    for row in rows:
        groups.setdefault(group_of(row), []).append(row)
    if not groups:
        return []
    leaving = []
    for parts in gather(throttle(groups, now=now), now=now).values():
        if len(parts) > 1:
            leased = {"state": Notice.State.SENDING, "lease_until": lease, "next_attempt_at": lease}
            parts = [combine(parts, now=now, **leased)]
        leaving += parts
    return leaving


def _due(now: datetime) -> "QuerySet[Notice]":
    waiting = Notice.objects.filter(
        state__in=[Notice.State.PENDING, Notice.State.SENDING],
        next_attempt_at__lte=now,
        bundled_into=None,
    )
    locked = waiting.select_for_update(skip_locked=True, of=("self",))
    return locked.order_by("next_attempt_at", "pk")


def _awake(due: "QuerySet[Notice]", resting: Collection[str]) -> "QuerySet[Notice]":
    if not resting:
        return due
    channels = set(Channel.values) & set(resting)
    targets = [int(lane) for lane in set(resting) - channels]
    return due.exclude(channel__in=channels).filter(Q(target=None) | ~Q(target__in=targets))


def _own_persons(rows: list[Notice]) -> list[Notice]:
    """Those whose person no other sender speaks to now; the persons' rows are locked."""
    users = {row.recipient_id for row in rows if row.recipient_id is not None}
    locked = (
        get_user_model()
        .objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
        .filter(pk__in=users)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    mine = set(locked) if users else set()
    return [row for row in rows if row.recipient_id is None or row.recipient_id in mine]
