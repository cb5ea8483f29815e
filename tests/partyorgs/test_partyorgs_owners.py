"""Who owns a cell, over time; handovers; coverage."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from grid.models import Cell
from grid.services import end_cell
from partyorgs.models import CellOwnership, Organization
from partyorgs.queries import owner_of, unowned_cells
from partyorgs.services import Handover, hand_over_cell, hand_over_cells, save_organization
from tests.world import A1, A2, B1, C1, NOW, START

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def hand_over(world, code, branch, at=NOW, now=NOW):
    return hand_over_cell(cell=world.cells[code], organization=world.orgs[branch], at=at, now=now)


def owner(world, code, at=NOW):
    found = owner_of(cell=world.cells[code], at=at)
    return found.code if found else None


def test_before_the_first_owner_nobody_owns_a_cell(world):
    assert owner(world, A1, START - MINUTE) is None
    assert owner(world, A1, START) == "branch-a"


def test_a_handover_changes_the_owner_at_its_instant_and_not_before(world):
    made = hand_over(world, A1, "branch-b")
    assert owner(world, A1, NOW - MINUTE) == "branch-a"
    assert owner(world, A1, NOW) == "branch-b"
    assert made.valid_until is None
    assert CellOwnership.objects.filter(cell__code=A1).count() == 2


def test_a_planned_handover_waits_for_its_day(world):
    hand_over(world, A1, "branch-b", at=NOW + DAY)
    assert owner(world, A1, NOW) == "branch-a"
    assert owner(world, A1, NOW + DAY) == "branch-b"


def test_handing_over_to_the_owner_of_that_instant_writes_nothing(world):
    before = list(CellOwnership.objects.values_list())
    kept = hand_over(world, A1, "branch-a")
    assert kept.valid_from == START
    assert list(CellOwnership.objects.values_list()) == before


@pytest.mark.parametrize("at", [START, START - DAY])
def test_history_is_not_rewritten(world, at):
    with pytest.raises(ValidationError, match="2025-01-01 起已归“禾苗第一网格党支部”"):
        hand_over(world, A1, "branch-b", at=at)
    assert owner(world, A1) == "branch-a"


def test_a_second_handover_at_the_same_instant_is_refused(world):
    hand_over(world, A1, "branch-b")
    with pytest.raises(ValidationError, match="移交时间要晚于这一刻"):
        hand_over(world, A1, "branch-c")


def test_only_a_party_organization_in_use_owns_cells(world):
    with pytest.raises(ValidationError, match="不是党组织"):
        hand_over(world, A1, "clean")
    Organization.objects.filter(code="branch-b").update(active=False)
    world.orgs["branch-b"].refresh_from_db()
    with pytest.raises(ValidationError, match="已停用"):
        hand_over(world, A1, "branch-b")


def test_an_ended_cell_is_not_handed_over(world):
    cell = world.cells[A1]
    end_cell(cell=cell, at=NOW)
    with pytest.raises(ValidationError, match="接替它的网格"):
        hand_over(world, A1, "branch-b", at=NOW + MINUTE)


def test_a_date_more_than_a_year_ahead_is_taken_for_a_slip(world):
    with pytest.raises(ValidationError, match="核对年份"):
        hand_over(world, A1, "branch-b", at=NOW + 400 * DAY)


def test_a_micro_cell_asks_its_cell_unless_it_has_an_owner_of_its_own(world):
    base = world.cells[A1]
    micro = Cell.objects.create(
        code=A1 + "01", name="1号楼", community=base.community, parent=base, valid_from=START
    )
    assert owner_of(cell=micro, at=NOW).code == "branch-a"
    hand_over_cell(cell=micro, organization=world.orgs["branch-b"], at=NOW, now=NOW)
    assert owner_of(cell=micro, at=NOW).code == "branch-b"
    assert owner_of(cell=base, at=NOW).code == "branch-a"


def test_many_handovers_are_counted_and_go_by_their_dates(world):
    steps = [
        Handover(world.cells[A1], world.orgs["branch-c"], NOW),
        Handover(world.cells[A1], world.orgs["branch-b"], NOW - DAY),
        Handover(world.cells[A2], world.orgs["branch-a"], NOW),
    ]
    saved = hand_over_cells(handovers=steps, now=NOW)
    assert (saved.created, saved.updated, saved.unchanged) == (0, 2, 1)
    assert [owner(world, A1, at) for at in (NOW - 2 * DAY, NOW - DAY, NOW)] == [
        "branch-a",
        "branch-b",
        "branch-c",
    ]
    assert hand_over_cells(handovers=steps, now=NOW + DAY).unchanged == 3


def test_one_refusal_keeps_the_whole_batch_out(world):
    steps = [
        Handover(world.cells[A1], world.orgs["branch-b"], NOW),
        Handover(world.cells[B1], world.orgs["clean"], NOW),
    ]
    with pytest.raises(ValidationError):
        hand_over_cells(handovers=steps, now=NOW)
    assert owner(world, A1) == "branch-a"


def test_the_database_refuses_a_second_owner_at_one_instant(world):
    cell, other = world.cells[A1], world.orgs["branch-b"]
    for until in (None, NOW):
        with pytest.raises(IntegrityError, match="one_at_a_time"), transaction.atomic():
            CellOwnership.objects.create(
                cell=cell, organization=other, valid_from=START + DAY, valid_until=until
            )
    before = CellOwnership.objects.create(
        cell=cell, organization=other, valid_from=START - DAY, valid_until=START
    )
    with pytest.raises(IntegrityError, match="one_at_a_time"), transaction.atomic():
        CellOwnership.objects.filter(pk=before.pk).update(valid_until=START + MINUTE)


def test_the_database_refuses_a_range_that_ends_before_it_starts(world):
    with pytest.raises(IntegrityError, match="ownership_ends_after_start"), transaction.atomic():
        CellOwnership.objects.filter(cell__code=A1).update(valid_until=START)


def test_unowned_cells_are_active_whole_cells_without_an_owner_now(world):
    assert not unowned_cells(at=NOW).exists()
    CellOwnership.objects.filter(cell__code=C1).update(valid_until=NOW)
    base = world.cells[A1]
    Cell.objects.create(
        code=A1 + "01", name="1号楼", community=base.community, parent=base, valid_from=START
    )
    assert [cell.code for cell in unowned_cells(at=NOW)] == [C1]
    assert not unowned_cells(at=NOW - MINUTE).exists()
    end_cell(cell=world.cells[C1], at=NOW)
    assert not unowned_cells(at=NOW).exists()


def test_an_owner_of_cells_stays_a_party_organization_in_use(world):
    for change in ({"active": False}, {"kind": "department"}):
        branch = Organization.objects.get(code="branch-c")
        for name, value in change.items():
            setattr(branch, name, value)
        with pytest.raises(ValidationError, match="还有 1 个网格"):
            save_organization(organization=branch, now=NOW)
    hand_over(world, C1, "branch-b")
    branch = Organization.objects.get(code="branch-c")
    branch.active = False
    assert save_organization(organization=branch, now=NOW).pk
