"""Rights of posts for the rooms below, which know no posts: Django's own permissions."""

from django.contrib.auth.backends import BaseBackend
from django.utils import timezone

from accounts.models import User
from partyorgs.rules import may_configure, scope_of

# What whoever keeps the house may do in the rooms below this one.
HOUSE = frozenset({"worktime.change_calendar", "notices.change_notice", "notices.change_target"})


class PostPermissions(BaseBackend):
    """`user.has_perm(...)` answers by the posts that are valid now."""

    def has_perm(self, user_obj: object, perm: str, obj: object = None) -> bool:  # noqa: ARG002
        """Whether a post of this person's gives the right; the object plays no part."""
        if perm not in HOUSE or not isinstance(user_obj, User):
            return False
        return may_configure(scope_of(user_obj, now=timezone.now()))
