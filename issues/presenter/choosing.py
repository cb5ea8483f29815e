"""Choices for forms: the category tree, units to send to, the narrowing of lists."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from grid.models import Cell
from issues.models import Assignment, Issue
from issues.presenter import words
from issues.presenter.around import (
    alike_near,
    cells_near,
    items_here,
    open_parts,
    units_nearby,
    units_to_help,
    units_to_propose,
)
from issues.presenter.steps import must_visit
from issues.queries import recent_leaves, units_for
from matters.models import Category, Condition
from matters.queries import leaves
from partyorgs.models import Organization, Responsibility
from partyorgs.rules import Scope

Fact = dict[str, Any]
Pairs = list[tuple[str, str]]
UnitChoices = list[tuple[str, Pairs]]
SHOWN_WORDS = 20

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


@dataclass(frozen=True)
class Offered:
    """What the forms of an issue let a person choose from, read only as far as they ask.

    `units`: for a select, grouped; `helpers`: those without an account too;
    `near_units`: of the community and the street, no desk; `proposed`: those of the
    cells around too. `items`: of the responsibility list at this place. `cells`
    nearby and `alike`: open issues of the same matter nearby, by code and number.
    `parts`: what helpers have not finished. `hours`: the most working hours that
    an extension may add. `visit`: only a check on the spot will do.
    """

    units: UnitChoices = field(default_factory=list)
    helpers: UnitChoices = field(default_factory=list)
    near_units: UnitChoices = field(default_factory=list)
    proposed: UnitChoices = field(default_factory=list)
    items: UnitChoices = field(default_factory=list)
    cells: Pairs = field(default_factory=list)
    alike: Pairs = field(default_factory=list)
    parts: Pairs = field(default_factory=list)
    leaves: UnitChoices = field(default_factory=list)
    hours: int = 0
    visit: bool = False


def offered(
    issue: Issue,
    *,
    fields: Collection[str],
    at: datetime,
    cell: str = "",
    scope: Scope | None = None,
) -> Offered:
    """The choices that these fields of a form need; two queries a field at most.

    `cell`: the code of a cell that was named already; its units can be proposed.
    `scope`: who chooses; without it no other issue is offered.
    """
    readers: dict[str, Callable[[], Any]] = {
        "units": lambda: unit_choices(units_for(issue, at=at)),
        "helpers": lambda: unit_choices(units_to_help(issue)),
        "near_units": lambda: unit_choices(units_nearby(issue, at=at)),
        "proposed": lambda: proposed_choices(issue, units_to_propose(issue, at=at, cell=cell)),
        "items": lambda: item_choices(issue, items_here(issue, at=at)),
        "cells": lambda: [(one.code, _cell_name(one)) for one in cells_near(issue, at=at)],
        "alike": lambda: alike_choices(issue, scope) if scope else [],
        "parts": lambda: [(str(part.pk), part_name(part)) for part in open_parts(issue)],
        "leaves": leaf_choices,
    }
    read = {name: reader() for name, reader in readers.items() if name in fields}
    minutes = issue.condition.minutes if issue.condition else 0
    return Offered(**read, hours=minutes // 60, visit=must_visit(issue))


def alike_choices(issue: Issue, scope: Scope) -> Pairs:
    """Issues to merge into, as far as the scope sees them, by number."""
    return [(other.number, _alike_name(other)) for other in alike_near(issue, scope=scope)]


def proposed_choices(issue: Issue, units: Iterable[Organization]) -> UnitChoices:
    """Who serves here first; then the others, which only a return to their place may name."""
    here = {area.pk for area in issue.areas}
    nearby: list[Organization] = []
    beyond: list[Organization] = []
    for unit in units:
        (nearby if unit.area_id is None or unit.area_id in here else beyond).append(unit)
    others = [
        (_("%(area)s（只用于属地不符）") % {"area": area}, pairs)
        for area, pairs in unit_choices(beyond)
    ]
    return [*unit_choices(nearby), *others]


def leaf_choices() -> UnitChoices:
    """Every active leaf for a select, grouped by its big class; what is critical apart.

    A value is the leaf's code, with "/" and a condition's code where it is another
    than the usual one.
    """
    groups: dict[str, Pairs] = {}
    for leaf in leaves():
        if leaf.parent is None:
            continue
        group = groups.setdefault(leaf.parent.name, [])
        group.append((leaf.code, leaf.name))
        conditions = [row.condition for row in leaf.allowed.all()]
        group += [
            (f"{leaf.code}/{one.code}", _("%(leaf)s · 紧急：%(condition)s")
             % {"leaf": leaf.name, "condition": one.name})
            for one in conditions[1:]
            if one.critical
        ]  # fmt: skip
    return list(groups.items())


def item_choices(issue: Issue, items: Iterable[Responsibility]) -> UnitChoices:
    """Items of the responsibility list for a select: this leaf's first, then by who does it."""
    own: Pairs = []
    others: dict[str, Pairs] = {}
    for item in items:
        mine = item.category_id == issue.category_id
        group = own if mine else others.setdefault(item.doer.name, [])
        group.append((str(item.pk), item_name(item)))
    first = [(_("这类事项"), own)] if own else []
    return [*first, *others.items()]


def item_name(item: Responsibility) -> str:
    """An item of the responsibility list as a line: matter, level, area and who does it."""
    facts = {
        "leaf": item.category.name,
        "level": words.level_name(item.level),
        "area": item.area.name,
        "unit": item.doer.name,
    }
    return _("%(leaf)s（%(level)s，%(area)s）：%(unit)s") % facts


def part_name(part: Assignment) -> str:
    """A helper's part as a line."""
    return _("%(unit)s：%(part)s") % {"unit": part.unit.name, "part": part.part}


def _cell_name(cell: Cell) -> str:
    return f"{cell.community.name} · {cell.label}"


def _alike_name(other: Issue) -> str:
    day = timezone.localtime(other.created_at).strftime("%m-%d")
    return f"{day} {other.place_text or other.description[:SHOWN_WORDS]}"
