"""Two admins at the same second, each on a database connection of their own."""

import pytest
from django.core.exceptions import ValidationError

from issues import rungs
from issues.models import Clock, Ladder
from issues.services.ladders import set_ladder
from issues.services.parking import unpark
from tests import racing
from tests import world as w

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(transactional_db):
    return racing.committed_world()


def changes(share, *, seen=None):
    rows = rungs.rows("duty")
    rows[1]["share"] = share
    return lambda: set_ladder(use="duty", rungs=rows, now=w.NOW, seen=seen)


def current():
    return Ladder.objects.get(use="duty", replaced_at=None)


def test_changes_at_once_become_versions_one_after_another(world, together):
    before = current().version
    made = together(*(changes(200 + number) for number in range(4)))
    assert sorted(ladder.version for ladder in made) == [before + step for step in (1, 2, 3, 4)]
    assert Ladder.objects.filter(use="duty", replaced_at=None).count() == 1


def test_of_two_who_saw_the_same_version_one_is_told(world, together):
    seen = current().version
    outcomes = together(changes(210, seen=seen), changes(220, seen=seen))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Ladder", "ValidationError"]
    assert any(isinstance(outcome, ValidationError) for outcome in outcomes)
    assert current().version == seen + 1


def test_another_try_by_two_counts_each_clock_once(world, together):
    clocks = [world.report().clocks.get().pk for _ in range(3)]
    Clock.objects.update(parked_at=w.NOW, parked_error="KeyError")
    counts = together(lambda: unpark(clocks=clocks), lambda: unpark(clocks=clocks[::-1]))
    assert sorted(counts) == [0, 3]
    assert not Clock.objects.filter(parked_at__isnull=False).exists()
