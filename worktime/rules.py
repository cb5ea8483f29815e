"""Who may change calendars; everybody who is signed in may read them."""

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

CHANGE = "worktime.change_calendar"


def may_change(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Whether a post or the superuser's right allows it (partyorgs answers for the posts)."""
    return bool(user.is_active and getattr(user, "has_perm", lambda _right: False)(CHANGE))
