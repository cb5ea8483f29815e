"""Nobody checks own work, in whoever's name it was done."""

from datetime import timedelta

import pytest

from issues.models import Clock
from issues.services.errors import Refused
from partyorgs.models import Leave, Post
from tests import world as w

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def leave(world, absent, stand_in, *, since=w.START, until=w.NOW + 12 * HOUR):
    return Leave.objects.create(
        user=world.user(absent), stand_in=world.user(stand_in), valid_from=since,
        valid_until=until, entered_by=world.user("admin"),
    )  # fmt: skip


def cell_post(world, name):
    Post.objects.create(
        user=world.user(name), role="grid_worker", cell=world.cells[w.A1], valid_from=w.START
    )


def test_a_stand_in_does_not_check_what_the_absent_person_handled(world):
    issue = world.walk("sign", "handle")
    at = w.NOW + 3 * HOUR
    away = leave(world, "handler", "worker", since=at)
    with pytest.raises(Refused):
        world.do("worker", "check", issue, at=at, passed=True)
    away.valid_until = at + HOUR
    away.save()
    world.do("worker", "check", issue, at=at + HOUR, passed=True)


def test_the_absent_person_does_not_check_what_the_stand_in_handled(world):
    issue = world.walk("sign")
    away = leave(world, "handler", "nobody", until=w.NOW + 4 * HOUR)
    at = w.NOW + 3 * HOUR
    world.do("nobody", "handle", issue, at=at, outcome="fixed", note="已清运。")
    for name in ("handler", "nobody"):
        cell_post(world, name)
        with pytest.raises(Refused):
            world.do(name, "check", issue, at=away.valid_until + MINUTE, passed=True)
    world.do("colleague", "check", issue, at=away.valid_until + MINUTE, passed=True)


def test_nobody_makes_own_work_void_before_it_is_checked(world):
    Post.objects.create(
        user=world.user("handler"), role="street_dispatcher", area=world.areas[w.STREET_1],
        valid_from=w.START,
    )  # fmt: skip
    issue, at = world.walk("sign", "handle"), w.NOW + 3 * HOUR
    with pytest.raises(Refused, match="您办理过这件事"):
        world.do("handler", "cancel", issue, at=at, reason="void")
    world.do("street", "cancel", issue, at=at, reason="void")


def test_nor_does_anybody_close_it_so(world):
    issue = world.walk("sign", "handle", "check")
    leave(world, "handler", "branch", since=w.NOW + 4 * HOUR)
    with pytest.raises(Refused):
        world.do("branch", "close", issue, at=w.NOW + 5 * HOUR)
    assert Clock.objects.get(issue=issue, stopped_at=None).kind == "check"
