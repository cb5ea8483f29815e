"""Parking a clock whose step fails, and letting it go on once the cause is put right."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from issues.models import Clock, Issue


def park(*, clocks: Collection[int], problem: Exception, now: datetime) -> int:
    """Set these clocks aside until a person has looked at them; how many there were.

    The kind of error alone is kept: its words may quote what a person wrote.
    """
    running = Clock.objects.filter(pk__in=clocks, stopped_at=None)
    return running.update(parked_at=now, parked_error=type(problem).__name__)


@transaction.atomic
def unpark(*, clocks: Collection[int]) -> int:
    """Let the sweep try these clocks again, under their issues' locks; how many it will try.

    What is not parked, or has stopped meanwhile, is left alone. A step that
    fails again parks its clock again.
    """
    parked = Clock.objects.filter(pk__in=clocks, stopped_at=None, parked_at__isnull=False)
    issues = Issue.objects.filter(pk__in=parked.order_by().values("issue_id"))
    # In one order, so that two who try the same clocks wait and do not block each other.
    list(issues.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    return parked.update(parked_at=None, parked_error="")
