"""Reads on the outbox."""

from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from notices.models import Notice

if TYPE_CHECKING:
    from accounts.models import User

UNREAD_CAP = 100
PAGE = 30


def inbox(user: "User | AnonymousUser") -> QuerySet[Notice]:
    """What a user may see: the notices to the user, delivered in the product."""
    if isinstance(user, AnonymousUser):
        return Notice.objects.none()
    return Notice.objects.filter(
        recipient_id=user.pk, state=Notice.State.SENT, channel=Notice.Channel.IN_APP
    )


def unread_count(user: "User | AnonymousUser") -> int:
    """How many notices wait to be read, up to UNREAD_CAP, which stands for "99+"."""
    if isinstance(user, AnonymousUser):
        return 0
    return inbox(user).filter(read_at=None).order_by()[:UNREAD_CAP].count()


def latest(
    user: "User | AnonymousUser", *, before: int | None = None, limit: int = PAGE
) -> list[Notice]:
    """The newest notices first; `before` is the id where the last page ended."""
    found = inbox(user).order_by("-pk")
    if before is not None:
        found = found.filter(pk__lt=before)
    return list(found[:limit])
