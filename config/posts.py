"""Tells the outbox, which knows no posts, those of a person."""

from datetime import datetime

from accounts.models import User
from partyorgs.models import Role
from partyorgs.rules import scope_of


def posts_of(user: User, *, now: datetime) -> dict[str, str]:
    """The keys of the person's posts that are valid now, with their names."""
    return {str(role): str(Role(role).label) for role in sorted(scope_of(user, now=now).roles)}
