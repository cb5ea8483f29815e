"""Keeping the tables free of what has served its purpose."""

from datetime import datetime, timedelta

from issues.models import Issue

KEYS_KEPT = timedelta(days=30)


def forget_keys(*, now: datetime) -> int:
    """Forget idempotency keys after 30 days; how many there were."""
    old = Issue.objects.filter(idempotency_key__isnull=False, created_at__lt=now - KEYS_KEPT)
    return old.update(idempotency_key=None, idempotency_digest="")
