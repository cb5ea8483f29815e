"""When leaders hear of what is not critical: twice a day, together."""

from datetime import datetime, time, timedelta

from django.utils import timezone

TIMES = (time(9), time(15))


def next_digest(at: datetime) -> datetime:
    """The next of the two hours of the day, Shanghai time, strictly after `at`."""
    local = timezone.localtime(at)
    today = [local.replace(hour=t.hour, minute=t.minute, second=0, microsecond=0) for t in TIMES]
    later = [moment for moment in today if moment > local]
    return later[0] if later else today[0] + timedelta(days=1)
