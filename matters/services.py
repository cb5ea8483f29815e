"""Every write to categories, conditions and limits."""

from dataclasses import dataclass

from django.db import transaction

from matters.importing import COMMUNITY_UNITS, Matters, Row, minutes_of
from matters.models import Category, CategoryCondition, Condition, LimitTemplate, StageLimit


@dataclass(frozen=True)
class Saved:
    """How many categories and conditions a run made, changed and switched off."""

    made: int
    changed: int
    switched_off: int


class _Ledger:
    """Counts what a run made and changed, so that a second run can say "nothing"."""

    def __init__(self) -> None:
        self.made = 0
        self.changed = 0

    def save(self, found: Category | Condition | LimitTemplate | StageLimit | None,
             made: Category | Condition | LimitTemplate | StageLimit) -> None:  # fmt: skip
        fields = [f.attname for f in made._meta.concrete_fields if not f.primary_key]
        if found is None:
            made.save()
            self.made += 1
            return
        made.pk = found.pk
        if any(getattr(found, name) != getattr(made, name) for name in fields):
            made.save(force_update=True)
            self.changed += 1


@transaction.atomic
def save_matters(*, matters: Matters) -> Saved:
    """Make the tables say what the files say.

    Leaves that the files no longer name are switched off, never deleted: issues
    point at them. Photo reasons and the switch `active` set by an admin stay.
    """
    ledger = _Ledger()
    templates = _save_templates(matters, ledger)
    conditions = _save_conditions(matters, templates, ledger)
    categories = _save_categories(matters, templates, ledger)
    _save_allowed(matters, categories, conditions, ledger)
    for row in matters.stages:
        found = StageLimit.objects.filter(stage=row.cells["stage"]).first()
        limit = StageLimit(
            stage=row.cells["stage"],
            clock=row.cells["clock"],
            minutes=int(row.cells["minutes"]),
        )
        ledger.save(found, limit)
    gone = Category.objects.filter(active=True).exclude(code__in=categories)
    return Saved(ledger.made, ledger.changed, gone.update(active=False))


def _save_templates(matters: Matters, ledger: _Ledger) -> dict[str, LimitTemplate]:
    found = {template.code: template for template in LimitTemplate.objects.all()}
    saved: dict[str, LimitTemplate] = {}
    for row in matters.limits:
        code = row.cells["template"]
        if code in saved:
            continue
        saved[code] = LimitTemplate(
            code=code, name_zh=row.cells["template_zh"], name_en=row.cells["template_en"]
        )
        ledger.save(found.get(code), saved[code])
    return saved


def _save_conditions(
    matters: Matters, templates: dict[str, LimitTemplate], ledger: _Ledger
) -> dict[str, Condition]:
    found = {condition.code: condition for condition in Condition.objects.all()}
    saved: dict[str, Condition] = {}
    for row in matters.limits:
        cells = row.cells
        code = f"{cells['template']}-{cells['condition_no']}"
        saved[code] = Condition(
            template=templates[cells["template"]],
            number=int(cells["condition_no"]),
            code=code,
            name_zh=cells["condition_zh"],
            name_en=cells["condition_en"],
            clock=cells["clock"],
            minutes=minutes_of(cells["hours"]) or 0,
            is_default=cells["is_default"] == "1",
        )
        ledger.save(found.get(code), saved[code])
    return saved


def _save_categories(
    matters: Matters, templates: dict[str, LimitTemplate], ledger: _Ledger
) -> dict[str, Category]:
    found = {category.code: category for category in Category.objects.all()}
    saved: dict[str, Category] = {}
    for position, row in enumerate(matters.categories):
        category = _category(row, position, templates, saved)
        if old := found.get(category.code):
            category.photo_reason_zh = old.photo_reason_zh
            category.photo_reason_en = old.photo_reason_en
            category.active = old.active
        ledger.save(old, category)
        saved[category.code] = category
    return saved


def _category(
    row: Row, position: int, templates: dict[str, LimitTemplate], saved: dict[str, Category]
) -> Category:
    cells = row.cells
    leaf = cells["level"] == "2"
    return Category(
        code=cells["code"],
        level=int(cells["level"]),
        parent=saved[cells["code"][:3]] if leaf else None,
        name_zh=cells["name_zh"],
        name_en=cells["name_en"],
        kind=cells["kind"],
        urgency=cells["urgency"],
        default_unit_zh=cells["default_unit_zh"],
        template=templates[cells["sla_template"]] if leaf else None,
        led_by_community=cells["default_unit_zh"] in COMMUNITY_UNITS,
        position=position,
    )


def _save_allowed(
    matters: Matters,
    categories: dict[str, Category],
    conditions: dict[str, Condition],
    ledger: _Ledger,
) -> None:
    wanted = [
        (
            categories[row.cells["code"]].pk,
            conditions[f"{row.cells['sla_template']}-{number}"].pk,
            n,
        )
        for row in matters.categories
        if row.cells["level"] == "2"
        for n, number in enumerate(matters.conditions_of(row))
    ]
    present = CategoryCondition.objects.filter(category__in=categories.values())
    if sorted(wanted) == sorted(present.values_list("category_id", "condition_id", "position")):
        return
    ledger.changed += present.exists()
    present.delete()
    CategoryCondition.objects.bulk_create(
        CategoryCondition(category_id=category, condition_id=condition, position=n)
        for category, condition, n in wanted
    )
