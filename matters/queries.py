"""Reads of categories and limits that several callers share."""

from dataclasses import dataclass

from django.db.models import QuerySet

from matters.models import Category, CategoryCondition, Condition, StageLimit


@dataclass(frozen=True)
class Matter:
    """A leaf with the filing condition chosen for it."""

    category: Category
    condition: Condition


class UnknownMatter(ValueError):
    """No such leaf, or the condition is not one of the leaf's; `field` names which."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def matter(*, category: str, condition: str = "") -> Matter:
    """The active leaf with this code and its condition, the default one unless named.

    One query. Raises UnknownMatter.
    """
    allowed = list(
        CategoryCondition.objects.filter(
            category__code=category, category__active=True, category__level=2
        )
        .select_related("category__parent", "condition")
        .order_by("position")
    )
    if not allowed:
        raise UnknownMatter("category")
    for row in allowed:
        if condition in ("", row.condition.code):
            return Matter(row.category, row.condition)
    raise UnknownMatter("condition")


def leaves() -> QuerySet[Category]:
    """Active leaves with their big class and conditions, in the order of the list."""
    return (
        Category.objects.filter(level=2, active=True)
        .select_related("parent")
        .prefetch_related("allowed__condition")
    )


def stage_limit(stage: str) -> StageLimit:
    """The limit of a stage: as kept, else the defaults of digital urban management.

    Accept and dispatch 15 minutes day and night; check one working day.
    """
    found = StageLimit.objects.filter(stage=stage).first()
    if found:
        return found
    if stage == StageLimit.Stage.CHECK:
        return StageLimit(stage=stage, clock="working", minutes=480)
    return StageLimit(stage=stage, clock="continuous", minutes=15)
