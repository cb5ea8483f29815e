"""Reads that several callers share."""

from django.db.models import QuerySet

from accounts.models import User


def demo_users() -> QuerySet[User]:
    """Users whose password stands in the README: production starts only without them."""
    return User.objects.filter(is_demo=True)
