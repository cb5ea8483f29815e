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
    Stage.VERIFY: (ClockKind.WORKING, 120),
    Stage.CLIMBED: (ClockKind.WORKING, 1440),
    Stage.CALLBACK: (ClockKind.WORKING, 480),
    Stage.DECIDE: (ClockKind.WORKING, 120),
    Stage.APPROVE: (ClockKind.WORKING, 240),
    Stage.EMERGENCY: (ClockKind.CONTINUOUS, 30),
    Stage.ENFORCEMENT: (ClockKind.WORKING, 240),
    Stage.KEY_WORK: (ClockKind.WORKING, 960),
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
    call of the duty ten minutes. A return is decided within two working hours, a
    request within four (DOMAIN.md §4.5); a whistle's limits are those of §3.4.
    """
    found = StageLimit.objects.filter(stage=stage).first()
    if found:
        return found
    clock, minutes = DEFAULTS[StageLimit.Stage(stage)]
    return StageLimit(stage=stage, clock=clock, minutes=minutes)
