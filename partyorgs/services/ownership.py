"""Handing cells over from one party organization to another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from grid.models import Cell
from grid.services import Saved
from partyorgs.models import CellOwnership, Organization
from partyorgs.services.timeline import (
    BATCH,
    Plan,
    day,
    far_refusal,
    grouped,
    refusals_in_words,
)


@dataclass(frozen=True)
class Handover:
    """From `at` on, `organization` owns `cell`."""

    cell: Cell
    organization: Organization
    at: datetime


def hand_over_cell(
    *, cell: Cell, organization: Organization, at: datetime, now: datetime
) -> CellOwnership:
    """Ends the running ownership at `at`, opens the new one and returns it.

    The same owner at `at` already: nothing is written, and that row is
    returned. ValidationError for an owner that is no party organization in use,
    for a cell that has ended, and for a handover that does not come after the
    last one: history is not rewritten. Issues keep the owner of their moment.
    """
    handovers = [Handover(cell, organization, at)]
    with refusals_in_words():
        plan = _locked_plan(handovers, now)
        plan.write()
    return plan.results[0]


def hand_over_cells(*, handovers: Sequence[Handover], now: datetime) -> Saved:
    """Many handovers in one transaction, by their dates; all or none, as for one."""
    with refusals_in_words():
        plan = _locked_plan(handovers, now)
        plan.write()
    return plan.saved(len(handovers))


def handover_refusals(*, handovers: Sequence[Handover], now: datetime) -> dict[int, str]:
    """Why handovers would be refused, by their index; nothing is written or locked.

    Organizations may be unsaved: they are compared by code.
    """
    return _plan(handovers, now).refusals


def _locked_plan(handovers: Sequence[Handover], now: datetime) -> Plan[CellOwnership]:
    for ids in _cell_ids(handovers):
        # By key, so that two batches never wait for each other; no_key, so that
        # a report in the cell need not wait for either.
        locked = Cell.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
        list(locked.values_list("pk"))
    plan = _plan(handovers, now)
    plan.check()
    return plan


def _cell_ids(handovers: Sequence[Handover]) -> Iterator[list[int]]:
    ids = sorted({handover.cell.pk for handover in handovers})
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]


def _plan(handovers: Sequence[Handover], now: datetime) -> Plan[CellOwnership]:
    plan = Plan[CellOwnership]()
    rows = [
        row
        for ids in _cell_ids(handovers)
        for row in CellOwnership.objects.filter(cell_id__in=ids)
        .select_related("organization")
        .order_by("valid_from")
    ]
    by_cell = grouped(rows, "cell_id")
    for index, handover in sorted(enumerate(handovers), key=lambda pair: pair[1].at):
        _take(plan, index, handover, by_cell[(handover.cell.pk,)], now)
    return plan


def _take(
    plan: Plan[CellOwnership],
    index: int,
    handover: Handover,
    earlier: list[CellOwnership],
    now: datetime,
) -> None:
    current = next((row for row in earlier if row.valid_at(handover.at)), None)
    if current and current.organization.code == handover.organization.code:
        plan.results[index] = current
    elif refusal := _refusal(handover, earlier, now):
        plan.refusals[index] = refusal
    else:
        row = CellOwnership(
            cell=handover.cell, organization=handover.organization, valid_from=handover.at
        )
        plan.follow(index, row, earlier)


def _refusal(handover: Handover, earlier: list[CellOwnership], now: datetime) -> str:
    cell, owner = handover.cell, handover.organization
    facts = {"cell": cell.code, "owner": owner.name}
    if owner.kind not in Organization.PARTY_KINDS:
        return _("“%(owner)s”不是党组织，不能拥有网格；请选党委、党总支、党支部或党小组。") % facts
    if not owner.active:
        return _("“%(owner)s”已停用，请先启用它，或选别的党组织。") % facts
    if cell.valid_until is not None and handover.at >= cell.valid_until:
        facts["at"] = day(cell.valid_until)
        return _("网格 %(cell)s 已于 %(at)s 停用，请移交接替它的网格。") % facts
    if earlier and handover.at <= earlier[-1].valid_from:
        facts |= {"owner": earlier[-1].organization.name, "at": day(earlier[-1].valid_from)}
        return _("网格 %(cell)s 从 %(at)s 起已归“%(owner)s”：移交时间要晚于这一刻。") % facts
    return far_refusal(handover.at, now)
