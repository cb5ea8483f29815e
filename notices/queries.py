"""Reads on the outbox."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Q, QuerySet

from notices.models import Channel, ChannelChoice, Notice, QuietHours, RoleChannel, Target

if TYPE_CHECKING:
    from accounts.models import User

UNREAD_CAP = 100
PAGE = 30
UNDELIVERED_CAP = 1000
# "One that could not be delivered is visible to a person within five minutes."
VISIBLE_AFTER = timedelta(minutes=5)
WAITING = (Notice.State.PENDING, Notice.State.SENDING)


def inbox(user: "User | AnonymousUser") -> QuerySet[Notice]:
    """What a user may see: the notices to the user, delivered in the product."""
    if isinstance(user, AnonymousUser):
        return Notice.objects.none()
    return Notice.objects.filter(
        recipient_id=user.pk, state=Notice.State.SENT, channel=Channel.IN_APP
    )


def unread_count(user: "User | AnonymousUser") -> int:
    """How many notices wait to be read, up to UNREAD_CAP, which stands for "99+"."""
    if isinstance(user, AnonymousUser):
        return 0
    unread = inbox(user).filter(read_at=None, bundled_into=None)
    return unread.order_by()[:UNREAD_CAP].count()


def latest(
    user: "User | AnonymousUser", *, before: int | None = None, limit: int = PAGE
) -> list[Notice]:
    """The newest notices first; `before` is the id where the last page ended.

    What a bundle speaks for is found by `parts_of`.
    """
    found = inbox(user).filter(bundled_into=None).order_by("-pk")
    if before is not None:
        found = found.filter(pk__lt=before)
    return list(found[:limit])


def parts_of(notices: list[Notice]) -> dict[int, list[Notice]]:
    """What each bundle among the notices speaks for; no query without a bundle."""
    found: dict[int, list[Notice]] = {
        notice.pk: [] for notice in notices if notice.kind == Notice.BUNDLE
    }
    if found:
        for part in Notice.objects.filter(bundled_into__in=found).order_by("pk"):
            found[part.bundled_into_id or 0].append(part)
    return found


def oldest_unsent(now: datetime) -> datetime | None:
    """Since when the notice waits that should have been tried longest ago; None when none does.

    A notice that failed and whose pause still runs is not waiting for the engine.
    """
    due = Notice.objects.filter(state__in=WAITING, bundled_into=None, next_attempt_at__lte=now)
    return due.order_by("next_attempt_at").values_list("next_attempt_at", flat=True).first()


def undelivered(now: datetime) -> QuerySet[Notice]:
    """What failed for good, and what is not delivered VISIBLE_AFTER its time came."""
    late = Q(state__in=WAITING, due_at__lte=now - VISIBLE_AFTER)
    return Notice.objects.filter(Q(state=Notice.State.FAILED) | late, bundled_into=None)


def undelivered_count(now: datetime) -> int:
    """How many are undelivered, up to UNDELIVERED_CAP."""
    return undelivered(now).order_by()[:UNDELIVERED_CAP].count()


def latest_undelivered(
    now: datetime, *, before: int | None = None, limit: int = PAGE
) -> list[Notice]:
    """The newest undelivered notices, with receiver and attempts."""
    found = undelivered(now).select_related("recipient", "target").prefetch_related("tries")
    if before is not None:
        found = found.filter(pk__lt=before)
    return list(found.order_by("-pk")[:limit])


def outside() -> QuerySet[Notice]:
    """Notices that leave the product, and those in it that are not visible yet."""
    return Notice.objects.exclude(channel=Channel.IN_APP, state=Notice.State.SENT)


def failing_targets(now: datetime) -> list[Target]:
    """Targets that were switched off with a reason, or have undelivered notices (`waiting`)."""
    counts = dict(
        undelivered(now)
        .filter(target__isnull=False)
        .order_by()
        .values_list("target")
        .annotate(Count("pk"))
    )
    off = Q(active=False) & ~Q(disabled_reason="")
    targets = list(Target.objects.filter(off | Q(pk__in=counts)))
    for target in targets:
        target.waiting = counts.get(target.pk, 0)  # type: ignore[attr-defined]
    return targets


def choices_of(user: "User") -> dict[str, ChannelChoice]:
    """What a person chose, by channel."""
    return {choice.channel: choice for choice in ChannelChoice.objects.filter(user=user)}


def quiet_hours_of(user: "User") -> QuietHours | None:
    """The person's own quiet hours; None for the usual ones."""
    return QuietHours.objects.filter(user=user).first()


def default_channels(roles: Collection[str]) -> dict[str, list[str]]:
    """Which of these posts have a channel by default, by channel."""
    found: dict[str, list[str]] = {}
    for role, channel in RoleChannel.objects.filter(role__in=roles).values_list("role", "channel"):
        found.setdefault(channel, []).append(role)
    return found


def latest_tests(user: "User", *, limit: int = 5) -> list[Notice]:
    """The latest tests that a person sent to oneself."""
    mine = Notice.objects.filter(recipient=user, kind="test").exclude(channel=Channel.IN_APP)
    return list(mine.order_by("-pk")[:limit])
