"""Which other reports belong to this one: merged into it or it into them, split off, joined."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q

from issues.models import Issue
from issues.presenter import words
from partyorgs.rules import Scope

Fact = dict[str, Any]
MOST_LINKS = 50
# Above it the number of joined reporters is not counted any more.
MOST_JOINED = 99


def no_links() -> Fact:
    """What a report that was made this moment has: nothing to read."""
    return {"merged_into": None, "merged": [], "split_from": None, "split": [], "joined": 0}


def link_facts(issue: Issue, scope: Scope) -> Fact:
    """The linked reports by number, and how many joined this one (99: that many or more).

    `visible` tells whether the reader may open it. Of what they may not see only
    the number is said, and of the report that theirs was merged into its state:
    its result is theirs too.
    """
    rows = _rows(issue)
    keys = [row["pk"] for row in rows]
    seen = Issue.objects.visible_to(scope).filter(pk__in=keys) if keys else Issue.objects.none()
    visible = set(seen.values_list("pk", flat=True))
    shared = {issue.merged_into_id}
    facts = {row["pk"]: _fact(row, visible, shared) for row in rows}
    return {
        "merged_into": facts.get(issue.merged_into_id),
        "merged": _of(rows, facts, "merged_into_id", issue.pk),
        "split_from": facts.get(issue.split_from_id),
        "split": _of(rows, facts, "split_from_id", issue.pk),
        "joined": issue.joinings.order_by()[:MOST_JOINED].count(),
    }


def _rows(issue: Issue) -> list[Fact]:
    """Its parents and its children, in the order in which they were reported."""
    above = [key for key in (issue.merged_into_id, issue.split_from_id) if key]
    linked = Issue.objects.filter(Q(pk__in=above) | Q(merged_into=issue) | Q(split_from=issue))
    columns = ("pk", "number", "state", "outcome", "merged_into_id", "split_from_id")
    return list(linked.order_by("pk").values(*columns)[:MOST_LINKS])


def _of(rows: Iterable[Fact], facts: dict[Any, Fact], column: str, key: int) -> list[Fact]:
    return [facts[row["pk"]] for row in rows if row[column] == key]


def _fact(row: Fact, visible: set[int], shared: set[int | None]) -> Fact:
    told = row["pk"] in visible or row["pk"] in shared
    return {
        "number": row["number"],
        "visible": row["pk"] in visible,
        "state": row["state"] if told else "",
        "state_name": words.state_name(row["state"]) if told else "",
        "outcome_name": words.outcome_name(row["outcome"]) if told else "",
    }
