"""Reads of categories and limits that several callers share."""

from dataclasses import dataclass

from django.db.models import QuerySet

from matters.models import Category, CategoryCondition, ClockKind, Condition, StageLimit


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

    One query when both are known. Raises UnknownMatter.
    """
    allowed = CategoryCondition.objects.filter(
        category__code=category, category__active=True, category__level=2
    ).order_by("position")
    wanted = allowed.filter(condition__code=condition) if condition else allowed
    row = wanted.select_related("category", "condition").first()
    if row is None:
        raise UnknownMatter("condition" if allowed.exists() else "category")
    return Matter(row.category, row.condition)


Stage = StageLimit.Stage
DEFAULTS = {
    Stage.ACCEPT: (ClockKind.CONTINUOUS, 15),
    Stage.DISPATCH: (ClockKind.CONTINUOUS, 15),
    Stage.CHECK: (ClockKind.WORKING, 480),
    Stage.ANSWER: (ClockKind.WORKING, 480),
    Stage.ANSWER_NOW: (ClockKind.CONTINUOUS, 60),
    Stage.DUTY: (ClockKind.CONTINUOUS, 10),
}


def leaves() -> QuerySet[Category]:
    """Active leaves with their big class and conditions, in the order of the list."""
    return (
        Category.objects.filter(level=2, active=True)
        .select_related("parent")
        .prefetch_related("allowed__condition")
    )


def stage_limit(stage: str) -> StageLimit:
    """The limit of a stage: as kept, else the defaults.

    Accept and dispatch 15 minutes day and night, as in digital urban management;
    check and an order's answer one working day, of a critical matter an hour; a
    call of the duty ten minutes.
    """
    found = StageLimit.objects.filter(stage=stage).first()
    if found:
        return found
    clock, minutes = DEFAULTS[StageLimit.Stage(stage)]
    return StageLimit(stage=stage, clock=clock, minutes=minutes)
