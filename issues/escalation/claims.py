"""Which clocks a sweep works on: due ones whose issue nobody else holds."""

from collections.abc import Collection
from datetime import datetime

from django.db import connection
from django.db.models import QuerySet

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
    held = list(due.order_by("next_at", "pk").values_list("issue_id", flat=True)[:most])
    if connection.features.has_select_for_update_skip_locked:
        held = _locked(held)
    issues = _issues(held)
    clocks = list(due.filter(issue_id__in=issues).order_by("next_at", "pk"))
    for clock in clocks:
        clock.issue = issues[clock.issue_id]
    return clocks


def _locked(keys: list[int]) -> list[int]:
    free = Issue.objects.filter(pk__in=keys).order_by("pk")
    rows = free.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True)
    return list(rows)


def _issues(keys: list[int]) -> dict[int, Issue]:
    """The issues as they are under the lock: read by a statement of its own."""
    found = Issue.objects.filter(pk__in=keys).defer("description", "idempotency_digest")
    return {issue.pk: issue for issue in found}
