"""Two people at the same second, each on a connection of their own."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from matters.models import Category
from partyorgs.models import CellOwnership, Post, Responsibility
from partyorgs.services import give_post, hand_over_cell, set_responsibility
from tests.world import A1, COMMUNITY_1, NOW, UNLISTED

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
SECOND = timedelta(seconds=1)
ROUNDS = 8


def hand_over(world, branch, at):
    return lambda: hand_over_cell(
        cell=world.cells[A1], organization=world.orgs[branch], at=at, now=at
    )


def one_owner_at_any_instant(world):
    rows = list(CellOwnership.objects.filter(cell=world.cells[A1]).order_by("valid_from"))
    for row, following in zip(rows, rows[1:], strict=False):
        assert row.valid_until == following.valid_from
    assert rows[-1].valid_until is None
    return rows


def test_of_two_handovers_at_one_instant_one_wins_and_the_other_is_told(world, together):
    for number in range(ROUNDS):
        at = NOW + number * SECOND
        branches = ("branch-b", "branch-c")
        rows = one_owner_at_any_instant(world)
        if rows[-1].organization.code in branches:
            hand_over(world, "branch-a", at - SECOND / 2)()
        outcomes = together(*(hand_over(world, branch, at) for branch in branches))
        won = [row for row in outcomes if isinstance(row, CellOwnership)]
        told = [error for error in outcomes if isinstance(error, ValidationError)]
        assert (len(won), len(told)) == (1, 1), outcomes
        assert "移交时间要晚于这一刻" in told[0].messages[0]
        assert one_owner_at_any_instant(world)[-1].pk == won[0].pk


def test_handovers_at_two_instants_leave_one_owner_whoever_comes_first(world, together):
    for number in range(ROUNDS):
        at = NOW + 3 * number * SECOND
        outcomes = together(
            hand_over(world, "branch-b", at + SECOND), hand_over(world, "branch-c", at)
        )
        rows = one_owner_at_any_instant(world)
        assert isinstance(outcomes[0], CellOwnership), outcomes
        assert rows[-1].organization.code == "branch-b"
        hand_over(world, "branch-a", at + 2 * SECOND)()


def test_the_same_handover_pressed_twice_is_one(world, together):
    outcomes = together(*(hand_over(world, "branch-b", NOW) for _n in range(4)))
    assert len({row.pk for row in outcomes}) == 1, outcomes
    assert len(one_owner_at_any_instant(world)) == 2


def test_of_two_writers_past_the_service_the_database_refuses_one(world, together):
    CellOwnership.objects.filter(cell=world.cells[A1]).delete()

    def write(branch):
        return lambda: CellOwnership.objects.create(
            cell=world.cells[A1], organization=world.orgs[branch], valid_from=NOW
        )

    outcomes = together(write("branch-b"), write("branch-c"))
    assert [isinstance(outcome, CellOwnership) for outcome in outcomes].count(True) == 1
    assert len(one_owner_at_any_instant(world)) == 1


def test_two_first_items_at_once_leave_one(world, together):
    category = Category.objects.get(code=UNLISTED)

    def assign(doer):
        return lambda: set_responsibility(
            category=category,
            level="community",
            area=world.areas[COMMUNITY_1],
            doer=world.orgs[doer],
            at=NOW,
            now=NOW,
        )

    outcomes = together(assign("clean"), assign("roads"))
    assert [isinstance(outcome, ValidationError) for outcome in outcomes].count(True) == 1, outcomes
    assert Responsibility.objects.filter(category=category).count() == 1


def test_one_post_given_twice_at_once_is_one(world, together):
    def give(at):
        return lambda: give_post(
            user=world.user("nobody"), role="grid_worker", seat=world.cells[A1], at=at, now=NOW
        )

    together(give(NOW), give(NOW), give(NOW + SECOND))
    assert Post.objects.filter(user=world.user("nobody")).count() == 1


def test_a_handover_does_not_wait_for_reports_that_point_at_the_cell(world, together):
    """A foreign key to the cell takes a key-share lock, which the handover's lock lets by."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM grid_cell WHERE code = %s FOR KEY SHARE", [world.cells[A1].code]
            )
        outcomes = together(hand_over(world, "branch-b", NOW))
    assert isinstance(outcomes[0], CellOwnership), outcomes
