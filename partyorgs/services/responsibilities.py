"""Writes on the responsibility list (权责清单)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from grid.models import Area
from grid.services import Saved
from matters.models import Category
from partyorgs.models import Level, Organization, Responsibility
from partyorgs.services.timeline import Plan, day, far_refusal, grouped, refusals_in_words


@dataclass(frozen=True)
class Item:
    """From `at` on, `doer` answers for a leaf on a level in an area.

    `helpers` None keeps those of the item before. `direct`: a district matter goes
    straight to the doer (直派); None keeps what the item before said, at first no.
    """

    category: Category
    level: str
    area: Area
    doer: Organization
    at: datetime
    supervisor: Organization | None = None
    basis: str = ""
    helpers: tuple[Organization, ...] | None = None
    direct: bool | None = None


def set_responsibility(
    *,
    category: Category,
    level: str,
    area: Area,
    doer: Organization,
    supervisor: Organization | None = None,
    basis: str = "",
    helpers: Sequence[Organization] | None = None,
    direct: bool | None = None,
    at: datetime,
    now: datetime,
) -> Responsibility:
    """Ends the running item at `at`, opens the new one and returns it.

    Same doer, supervisor, basis and `direct` at `at` already: that item stays and
    only its helpers are set. ValidationError for a class instead of a leaf, a unit
    out of use, and a change that does not come after the last one.
    """
    given = None if helpers is None else tuple(helpers)
    item = Item(category, level, area, doer, at, supervisor, basis, given, direct)
    with refusals_in_words():
        plan = _write([item], now)
    return plan.results[0]


def set_responsibilities(*, items: Sequence[Item], now: datetime) -> Saved:
    """Many items in one transaction, all or none, as for one."""
    with refusals_in_words():
        plan = _write(items, now)
    return plan.saved(len(items))


def item_refusals(*, items: Sequence[Item], now: datetime) -> dict[int, str]:
    """Why items would be refused, by their index; nothing is written or locked.

    Organizations may be unsaved: they are compared by code.
    """
    return _plan(items, now).refusals


def end_responsibility(*, item: Responsibility, at: datetime, now: datetime) -> Responsibility:
    """Ends an item at `at` (exclusive); from then on the larger area's item, or the desk, counts.

    ValidationError for an item that has ended, or an end before its beginning.
    """
    with refusals_in_words():
        locked = Responsibility.objects.select_for_update().get(pk=item.pk)
        if locked.valid_until is not None and locked.valid_until <= now:
            ended = {"at": day(locked.valid_until)}
            raise ValidationError(_("这一条已于 %(at)s 结束，不能再改；请新增一条。") % ended)
        locked.valid_until = at
        locked.validate_constraints()
        locked.save(update_fields=["valid_until"])
    item.valid_until = at
    return locked


def _write(items: Sequence[Item], now: datetime) -> Plan[Responsibility]:
    ids = {item.category.pk for item in items}
    locked = Category.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    list(locked.values_list("pk"))
    plan = _plan(items, now)
    plan.check()
    before = _helpers_before(items, plan)
    plan.write()
    for index, item in enumerate(items):
        row = plan.results[index]
        if item.helpers is not None:
            row.helpers.set(item.helpers)
        elif index in before:
            row.helpers.set(before[index])
    return plan


def _helpers_before(
    items: Sequence[Item], plan: Plan[Responsibility]
) -> dict[int, list[Organization]]:
    """What the new items take over: helpers of the items that they end."""
    ended = {_key(row): row for row in plan.moved}
    links = Responsibility.helpers.through.objects
    helped = set(
        links.filter(responsibility__in=ended.values()).values_list("responsibility_id", flat=True)
        if ended
        else ()
    )
    found = {}
    for index in range(len(items)):
        old = ended.get(_key(plan.results[index]))
        if old is not None and old.pk in helped and plan.results[index].pk is None:
            found[index] = list(old.helpers.all())
    return found


def _key(row: Responsibility) -> tuple[int, str, int]:
    return row.category_id, row.level, row.area_id


def _plan(items: Sequence[Item], now: datetime) -> Plan[Responsibility]:
    plan = Plan[Responsibility]()
    rows = Responsibility.objects.filter(
        category__in={item.category.pk for item in items},
        area__in={item.area.pk for item in items},
    )
    rows = rows.select_related("doer", "supervisor").order_by("valid_from")
    by_key = grouped(rows, "category_id", "level", "area_id")
    for index, item in sorted(enumerate(items), key=lambda pair: pair[1].at):
        earlier = by_key[item.category.pk, item.level, item.area.pk]
        _take(plan, index, item, earlier, now)
    return plan


def _take(
    plan: Plan[Responsibility],
    index: int,
    item: Item,
    earlier: list[Responsibility],
    now: datetime,
) -> None:
    current = next((row for row in earlier if row.valid_at(item.at)), None)
    if current and _same(current, item):
        plan.results[index] = current
    elif refusal := _refusal(item, earlier, now):
        plan.refusals[index] = refusal
    else:
        row = Responsibility(
            category=item.category,
            level=item.level,
            area=item.area,
            doer=item.doer,
            supervisor=item.supervisor,
            basis=item.basis,
            direct=_direct(item, earlier),
            valid_from=item.at,
        )
        plan.follow(index, row, earlier)


def _same(row: Responsibility, item: Item) -> bool:
    return (
        row.doer.code == item.doer.code
        and (row.supervisor.code if row.supervisor else None)
        == (item.supervisor.code if item.supervisor else None)
        and row.basis == item.basis
        and item.direct in (None, row.direct)
    )


def _direct(item: Item, earlier: Sequence[Responsibility]) -> bool:
    """What the item says, else what the one before said; only the district has to say it."""
    if item.direct is None:
        return bool(earlier) and earlier[-1].direct
    return item.direct


def _refusal(item: Item, earlier: list[Responsibility], now: datetime) -> str:
    if item.category.level != 2:
        return _("“%(name)s”是大类，权责清单要写到小类。") % {"name": item.category.name}
    if item.level not in Level.values:
        return _("层级“%(level)s”不认识，请写 community、street 或 district。") % {
            "level": item.level[:20]
        }
    if len(item.basis) > 200:
        return _("法律依据最多 200 个字，请写短一些。")
    for unit in (item.doer, item.supervisor):
        if unit is not None and not unit.active:
            return _("“%(name)s”已停用，请先启用它，或写别的单位。") % {"name": unit.name}
    if item.supervisor is not None and item.supervisor.code == item.doer.code:
        return _("责任单位不能督促自己：督促单位请写别的单位，或留空。")
    if earlier and item.at <= earlier[-1].valid_from:
        since = {"at": day(earlier[-1].valid_from), "name": earlier[-1].doer.name}
        return _("这个事项从 %(at)s 起由“%(name)s”负责：改动时间要晚于这一刻。") % since
    return far_refusal(item.at, now)
