"""Quiet hours and pauses: when is the next moment to speak? Plain arithmetic."""

import random
from datetime import datetime, time, timedelta

from django.utils import timezone

PERSON_PAUSES = (
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
)
# The schedule of the Standard Webhooks convention: about three days.
WEBHOOK_PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
JITTER = 0.2


def quiet_until(at: datetime, *, starts: time, ends: time) -> datetime | None:
    """When the quiet hours around `at` end; None outside of them.

    In the time of the installation; from `starts`, up to and without `ends`.
    The same start and end mean no quiet hours.
    """
    local = at.astimezone(timezone.get_default_timezone())
    clock = local.time()
    past_start, before_end = clock >= starts, clock < ends
    if not (past_start and before_end if starts <= ends else past_start or before_end):
        return None
    day = local.date() if clock < ends else local.date() + timedelta(days=1)
    return datetime.combine(day, ends, tzinfo=local.tzinfo)


def pause_after(attempts: int, *, webhook: bool) -> timedelta | None:
    """How long to wait after that many failed attempts; None when it was the last.

    Up to a fifth longer by chance, so that what failed together does not come
    back together.
    """
    pauses = WEBHOOK_PAUSES if webhook else PERSON_PAUSES
    if attempts > len(pauses):
        return None
    return pauses[attempts - 1] * (1 + JITTER * random.random())  # noqa: S311
