"""Leaves and shifts at the same second, each on a connection of their own."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from partyorgs.models import Duty, Leave
from partyorgs.services import DutyDraft, set_duty, take_leave
from tests.world import NOW

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ROUNDS = 6


def away(world, absent, stand_in, since=NOW):
    return lambda: take_leave(
        user=world.user(absent), stand_in=world.user(stand_in), since=since, until=since + DAY,
        by=world.scope("admin"), now=NOW,
    )  # fmt: skip


def one_won(outcomes):
    told = [error for error in outcomes if isinstance(error, ValidationError)]
    assert len(told) == len(outcomes) - 1, outcomes
    assert Leave.objects.count() == 1
    Leave.objects.all().delete()
    return " ".join(told[0].messages)


def test_of_two_overlapping_leaves_at_once_one_is_told(world, together):
    for _round in range(ROUNDS):
        acts = away(world, "unit", "handler"), away(world, "unit", "worker", NOW + HOUR)
        assert "已经请假" in one_won(together(*acts))


def test_two_who_name_each_other_at_once_make_no_circle(world, together):
    for _round in range(ROUNDS):
        one_won(together(away(world, "unit", "handler"), away(world, "handler", "unit")))


def test_no_chain_comes_of_two_leaves_at_once(world, together):
    for _round in range(ROUNDS):
        one_won(together(away(world, "unit", "handler"), away(world, "handler", "worker")))


def test_past_the_service_the_database_lets_one_overlap_through(world, together):
    def write(stand_in):
        return lambda: Leave.objects.create(
            user=world.user("unit"), stand_in=world.user(stand_in), entered_by=world.user("unit"),
            valid_from=NOW, valid_until=NOW + DAY,
        )  # fmt: skip

    outcomes = together(write("handler"), write("worker"))
    assert [isinstance(outcome, Leave) for outcome in outcomes].count(True) == 1


def test_of_two_overlapping_shifts_of_one_person_one_is_told(world, together):
    def put(starts):
        draft = DutyDraft(world.orgs["desk-1"], world.user("street"), starts, starts + DAY)
        return lambda: set_duty(draft=draft, by=None, now=NOW)

    for _round in range(ROUNDS):
        outcomes = together(put(NOW), put(NOW + HOUR))
        assert [isinstance(outcome, ValidationError) for outcome in outcomes].count(True) == 1
        assert Duty.objects.count() == 1
        Duty.objects.all().delete()
