"""`manage.py demo`: only into an empty database, whole or not at all, by seed the same."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction

from accounts.models import User
from config.demo.building import build
from config.demo.drawing import Size
from grid.models import Area
from issues.models import Event, Issue
from matters.models import Category
from tests.demo.conftest import clear

# Whole districts are built: CI does it, `make test` need not.
pytestmark = pytest.mark.slow

TINY = Size(streets=2, communities=4, cells=16, special=1)
UNTIL = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


def run(*options):
    out = StringIO()
    call_command("demo", *options, stdout=out, no_color=True)
    return out.getvalue()


@pytest.fixture
def empty(db):
    clear()


def made(seed):
    """What a run stores, without what is random by nature or numbered by the table."""
    with transaction.atomic():
        build(size=TINY, issues=120, seed=seed, until=UNTIL, say=str)
        issues = list(
            Issue.objects.order_by("pk").values_list(
                "number", "description", "lat", "lng", "created_at", "state", "category__code",
                "cell__code", "owner__code", "unit__code", "reporter__username", "due_at",
            )
        )  # fmt: skip
        names = dict(User.objects.values_list("pk", "username"))
        events = [
            (at, verb, facts | {"called": [names[key] for key in facts.get("called", ())]}, actor)
            for at, verb, facts, actor in Event.objects.order_by("pk").values_list(
                "at", "verb", "facts", "actor__username"
            )
        ]
        users = list(User.objects.order_by("pk").values_list("username", "name"))
        transaction.set_rollback(True)
    return issues, events, users


def test_the_same_seed_makes_the_same_data_and_another_seed_other_data(empty):
    first = made(seed=1)
    assert made(seed=1) == first
    assert made(seed=2)[0] != first[0]


def test_it_builds_nothing_over_real_areas_and_says_what_to_do(empty):
    Area.objects.create(code="110101", name="某区", level="district")
    with pytest.raises(CommandError, match="空库"):
        run()
    assert Area.objects.count() == 1


def test_it_is_silent_if_empty_was_asked_and_it_is_not(empty):
    Area.objects.create(code="110101", name="某区", level="district")
    assert run("--if-empty") == ""


def test_it_refuses_in_production(empty, settings):
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="生产模式"):
        run()
    assert not Area.objects.exists()


def test_it_refuses_a_negative_number(empty):
    with pytest.raises(CommandError, match="不能小于零"):
        run("--issues", "-1")


def test_it_builds_once_and_then_has_nothing_to_do(empty):
    build(size=TINY, issues=10, seed=1, until=UNTIL, say=str)
    assert "不用再建" in run()
    assert Issue.objects.count() == 10


def test_nothing_stays_when_a_late_step_fails(empty):
    before = Category.objects.count()

    def say(line):
        if "10 / 10" in line:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        build(size=TINY, issues=10, seed=1, until=UNTIL, say=say)
    assert not Area.objects.exists()
    assert not User.objects.exists()
    assert not Issue.objects.exists()
    assert Category.objects.count() == before
