"""Reading an issue under its row lock."""

from collections.abc import Collection

from django.db import connection
from django.db.models import QuerySet

from issues.models import Issue
from partyorgs.rules import Scope


def locked(scope: Scope, number: str) -> Issue:
    """The issue under its row lock, with what the verbs read.

    In two steps on PostgreSQL: a query that waits for the lock sees the row as
    it is afterwards, but the rows joined to it as they were before.
    """
    seen = Issue.objects.visible_to(scope)
    if connection.features.has_select_for_update:
        key = seen.select_for_update(of=("self",), no_key=True).values_list("pk").get(number=number)
        seen = Issue.objects.filter(pk=key[0])
    return _whole(seen).get(number=number)


def locked_by_key(key: int) -> Issue:
    """As `locked`, of an issue that was found without a scope: by a secret link."""
    if connection.features.has_select_for_update:
        Issue.objects.select_for_update(of=("self",), no_key=True).values_list("pk").get(pk=key)
    return _whole(Issue.objects.all()).get(pk=key)


def lock_together(scope: Scope, numbers: Collection[str]) -> None:
    """Take the row locks of several issues in one order, before anything of them is decided.

    So two opposite merges wait for each other's row and never block each other.
    What is merged into them, and what they are merged into, is held with them; what
    the scope may not see is left out.
    """
    seen = Issue.objects.visible_to(scope).filter(number__in=numbers)
    found = dict(seen.values_list("pk", "merged_into_id"))
    merged = Issue.objects.filter(merged_into__in=found).values_list("pk", flat=True)
    keys = {*found, *merged, *(key for key in found.values() if key)}
    held = Issue.objects.filter(pk__in=keys).order_by("pk")
    list(held.select_for_update(of=("self",), no_key=True).values_list("pk"))


def locked_if_free(key: int) -> Issue | None:
    """The issue with this key under its row lock; None while somebody else holds it.

    For what a verb must write to beside what it locked in order: as it never waits
    for that, it takes no part in a deadlock.
    """
    issues = Issue.objects.filter(pk=key)
    free = issues.select_for_update(of=("self",), no_key=True, skip_locked=True)
    if not free.values_list("pk"):
        return None
    return _whole(issues).get()


def _whole(seen: QuerySet[Issue]) -> QuerySet[Issue]:
    return (
        seen.select_related(
            "category", "condition", "unit", "doer", "owner", "cell",
            "community", "street", "district", "contact",
        )
        .defer("cell__boundary", "cell__shape")
    )  # fmt: skip
