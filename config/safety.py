"""What must be true before production serves anybody."""

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError


def refuse_unsafe_start(**_signal: object) -> None:
    """Raise ImproperlyConfigured when production holds demo accounts, whose password is public.

    Called by the doors that serve or work (web, worker, beat), not by commands:
    `migrate` must run before the table exists.
    """
    if not settings.PRODUCTION:
        return
    try:
        found = get_user_model().objects.filter(is_demo=True).exists()
    except DatabaseError as problem:
        raise ImproperlyConfigured(
            f"The database does not answer or is not migrated ({type(problem).__name__}): "
            "check DATABASE_URL, then run manage.py migrate."
        ) from problem
    if found:
        raise ImproperlyConfigured(
            "Demo accounts with a public password are in this database: use an empty one."
        )
