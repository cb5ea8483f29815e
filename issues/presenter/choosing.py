"""Choices for forms: the category tree, units to send to, the narrowing of lists."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from django.utils.translation import gettext as _

from issues.presenter import words
from issues.queries import recent_leaves
from matters.models import Category, Condition
from matters.queries import leaves
from partyorgs.models import Organization
from partyorgs.rules import Scope

Fact = dict[str, Any]
UnitChoices = list[tuple[str, list[tuple[str, str]]]]

# Lucide icons of the big classes; a class without one gets the general sign.
CLASS_ICONS = {
    "C01": "droplets", "C02": "traffic-cone", "C03": "trash-2", "C04": "trees",
    "C05": "building", "C06": "shapes", "C21": "puzzle",
    "E01": "brush-cleaning", "E02": "megaphone", "E03": "construction", "E04": "siren",
    "E05": "store",
    "S01": "building-2", "S02": "plug-zap", "S03": "volume-2", "S04": "shield-alert",
    "S05": "house-heart", "S06": "hand-heart", "S07": "messages-square", "S08": "wheat",
}  # fmt: skip


def category_field(
    *,
    scope: Scope,
    selected: str = "",
    condition: str = "",
    errors: Iterable[str] = (),
) -> Fact:
    """The context of parts/category_field.html: every active leaf under its class."""
    conditions: dict[str, Fact] = {}
    classes = []
    for parent, members in groupby(leaves(), key=lambda leaf: leaf.parent):
        if parent is None:
            continue
        classes.append(
            {
                "code": parent.code,
                "name": parent.name,
                "icon": CLASS_ICONS.get(parent.code, "shapes"),
                "leaves": [_leaf(leaf, conditions) for leaf in members],
            }
        )
    return {
        "classes": classes,
        "conditions": conditions,
        "selected": selected,
        "condition": condition,
        "recent": recent_leaves(scope=scope),
        "errors": list(errors),
    }


def _leaf(leaf: Category, conditions: dict[str, Fact]) -> Fact:
    allowed = [row.condition for row in leaf.allowed.all()]
    for condition in allowed:
        if condition.code not in conditions:
            conditions[condition.code] = _condition(condition)
    return {
        "code": leaf.code,
        "name": leaf.name,
        "words": f"{leaf.name_zh} {leaf.name_en} {leaf.default_unit_zh}",
        "conditions": [condition.code for condition in allowed],
        "photo_reason": leaf.photo_reason,
    }


def _condition(condition: Condition) -> Fact:
    return {
        "text": condition.name,
        "limit": words.limit_words(condition.minutes, continuous=condition.critical),
        "critical": condition.critical,
    }


def unit_choices(units: Iterable[Organization]) -> UnitChoices:
    """Units for a select, grouped by the area they serve, the nearest first."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for unit in units:
        group = unit.area.name if unit.area else _("不限区域")
        groups.setdefault(group, []).append((unit.code, unit.name))
    return list(groups.items())
