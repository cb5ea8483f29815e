"""Keeping the tables free of what has served its purpose."""

from datetime import datetime, timedelta

from issues.models import Sent

KEYS_KEPT = timedelta(days=30)


def forget_keys(*, now: datetime) -> int:
    """Forget idempotency keys after 30 days; how many there were."""
    gone, _by_model = Sent.objects.filter(at__lt=now - KEYS_KEPT).delete()
    return gone
