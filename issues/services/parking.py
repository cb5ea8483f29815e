"""Letting parked clocks go on, once a person has put right what made their step fail."""

from collections.abc import Collection

from django.db import transaction

from issues.models import Clock, Issue


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
