"""A small demo district, built once for all tests of a module and rolled back after them."""

from datetime import UTC, datetime

import pytest
from django.db import transaction

from accounts.models import User
from config.demo.building import build
from config.demo.drawing import Size
from grid.models import Area, Cell, CellBucket, Place
from partyorgs.models import CellOwnership, Organization, Post, Responsibility

SMALL = Size(streets=4, communities=14, cells=70, special=5)
UNTIL = datetime(2026, 11, 20, 2, 30, tzinfo=UTC)
ISSUES = 400
LEAVES_FIRST = (
    Post, CellOwnership, Responsibility.helpers.through, Responsibility, Organization, Place,
    CellBucket, Cell, Area, User,
)  # fmt: skip


def clear() -> None:
    """Take away the world that other tests share; the caller's transaction brings it back."""
    for model in LEAVES_FIRST:
        everything = model.objects.all()
        everything._raw_delete(everything.db)


@pytest.fixture(scope="module")
def small_demo(django_db_setup, django_db_blocker):
    """What `build` said while it built, in place of the world that other tests share."""
    said: list[str] = []
    with django_db_blocker.unblock(), transaction.atomic():
        clear()
        build(size=SMALL, issues=ISSUES, seed=3, until=UNTIL, say=said.append)
        yield said
        transaction.set_rollback(True)


@pytest.fixture
def demo(small_demo, db):
    return small_demo
