"""Which clocks a sweep works on: due ones whose issue nobody else holds."""

from collections.abc import Collection
from datetime import datetime

from django.db import connection
from django.db.models import Q, QuerySet

from issues.models import Clock, Issue


def due_clocks(*, now: datetime) -> QuerySet[Clock]:
    """Running clocks whose next rung has come and that are not parked."""
    return Clock.objects.filter(next_at__lte=now, stopped_at=None, parked_at=None)


def claim(*, now: datetime, most: int, only: Collection[int] = ()) -> list[Clock]:
    """Up to about `most` due clocks, oldest first, each with its issue under lock.

    The issue's row is the guard of its clocks: every verb takes the same lock, so
    nobody stops a clock or appends an event meanwhile. Rows that somebody holds
    are left to the next round. SQLite has one writer, so the transaction is the
    lock. `only`: ids of clocks to look at, any if empty.
    """
    due = due_clocks(now=now)
    if only:
        due = due.filter(pk__in=only)
    if connection.features.has_select_for_update_skip_locked:
        held = _locked(now=now, most=most, only=only)
    else:
        held = list(due.order_by("next_at", "pk").values_list("issue_id", flat=True)[:most])
    issues = _issues(held)
    clocks = list(due.filter(issue_id__in=issues).order_by("next_at", "pk"))
    for clock in clocks:
        clock.issue = issues[clock.issue_id]
    return clocks


def _locked(*, now: datetime, most: int, only: Collection[int]) -> list[int]:
    """Ids of issues with a due clock, locked; the limit counts those that were free."""
    due = Q(clocks__next_at__lte=now, clocks__stopped_at=None, clocks__parked_at=None)
    if only:
        due &= Q(clocks__pk__in=only)
    free = Issue.objects.filter(due).order_by("clocks__next_at")
    rows = free.select_for_update(of=("self",), skip_locked=True, no_key=True)
    return list(rows.values_list("pk", flat=True)[:most])


def _issues(keys: list[int]) -> dict[int, Issue]:
    """The issues, read by a statement of its own: as they are under the lock."""
    found = Issue.objects.filter(pk__in=keys).defer("description")
    return {issue.pk: issue for issue in found}
