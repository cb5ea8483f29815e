"""Reading an issue under its row lock."""

from django.db import connection

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
    return (
        seen.select_related(
            "category", "condition", "unit", "doer", "owner", "cell",
            "community", "street", "district", "contact",
        )
        .defer("cell__boundary", "cell__shape")
        .get(number=number)
    )  # fmt: skip
