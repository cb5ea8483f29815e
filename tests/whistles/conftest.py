"""Whistles in the small world: a pothole that nobody's list names, and who can be called."""

from datetime import datetime, timedelta

import pytest

from accounts.models import User
from issues.models import Issue
from partyorgs.models import Post
from tests import world as w
from whistles.models import Whistle
from whistles.services.acting import act
from whistles.services.blowing import begin
from whistles.services.doing import Given
from whistles.workflow import Act

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def local(month, day, hour, minute=0):
    return datetime(2026, month, day, hour, minute, tzinfo=w.SHANGHAI)


class Whistles:
    """Begins and acts as the users of the world do."""

    def __init__(self, world):
        self.world = world

    def blow(self, name, issue, *, verb="propose", at=w.NOW, key=None, **given):
        usual = {
            "kind": "enforcement", "reason": "占道经营反复，街道没有处罚权。",
            "place": "青禾路口", "meet_at": at + HOUR, "units": ["roads", "clean"],
            "lead": "roads",
        }  # fmt: skip
        scope, said = self.world.scope(name, now=at), Given(**usual | given)
        return begin(
            scope=scope, issue=issue.number, act=Act(verb), given=said, key=key, now=at
        ).whistle

    def do(self, name, verb, whistle, *, at=w.NOW, key=None, **given):
        scope, said = self.world.scope(name, now=at), Given(**given)
        return act(scope=scope, number=whistle.number, verb=Act(verb), given=said, key=key, now=at)

    def blown(self, issue, *, at=w.NOW, **given):
        whistle = self.blow("street", issue, at=at, **given)
        return self.do("leader", "approve", whistle, at=at)


@pytest.fixture
def whistles(world):
    return Whistles(world)


@pytest.fixture
def issue(world):
    return world.report()


@pytest.fixture
def deputy(world):
    """A second leader of the street."""
    user = User.objects.create_user(username="deputy", password="gezhi-test", name="deputy")
    Post.objects.create(
        user=user, role="street_leader", area=world.areas[w.STREET_1], valid_from=w.START
    )
    return user


def fresh(thing):
    model = Whistle if isinstance(thing, Whistle) else Issue
    return model.objects.get(pk=thing.pk)
