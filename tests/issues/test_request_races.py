"""Deputies and sweeps at the same second, each on a database connection of their own."""

from functools import partial

import pytest

from accounts.models import User
from issues.escalation.sweep import Swept, sweep
from issues.models import Event, Issue, Step
from issues.services.doing import Given
from issues.services.errors import ChangedMeanwhile, Refused
from issues.services.verbs import perform
from issues.workflow import Verb
from notices.models import Notice
from partyorgs.models import Post
from tests import racing
from tests import world as w
from tests.issues.test_races import of_kind
from tests.issues.test_requests import HEAP, running, whole
from tests.issues.test_suspension import UNTIL, WAKES, suspend
from tests.racing import does

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(transactional_db):
    return racing.committed_world()


@pytest.fixture
def two(world):
    """A street with two leaders, who are asked together."""
    user = world.users["second"] = User.objects.create_user("second", name="second")
    Post.objects.create(
        user=user, role="street_leader", area=world.areas[w.STREET_1], valid_from=w.START
    )
    return world


def asked(world):
    issue = world.report(condition=HEAP)
    return world.do("unit", "ask_extension", issue, hours=8, reason="weather")


@pytest.mark.parametrize("version", [None, 2], ids=["unversioned", "versioned"])
def test_of_two_deputies_who_grant_at_once_one_wins(two, together, version):
    issue = asked(two)
    outcomes = together(
        does(two, "leader", "extend", issue, version=version),
        does(two, "second", "extend", issue, version=version),
    )
    assert len(of_kind(outcomes, Issue)) == len(of_kind(outcomes, Refused)) == 1, outcomes
    assert len(of_kind(outcomes, ChangedMeanwhile)) == (1 if version else 0)
    stored = whole(issue)
    assert (stored.extensions, stored.events.filter(verb="extend").count()) == (1, 1)
    assert running(issue).granted_minutes == 2400 + 480


def test_granted_and_refused_at_once_it_is_one_of_them(two, together):
    issue = asked(two)
    outcomes = together(
        does(two, "leader", "extend", issue),
        does(two, "second", "refuse", issue, reason="天气已经转好。"),
    )
    assert len(of_kind(outcomes, Issue)) == len(of_kind(outcomes, Refused)) == 1, outcomes
    request = whole(issue).requests.get()
    granted = isinstance(outcomes[0], Issue)
    assert request.state == ("granted" if granted else "refused")
    assert Issue.objects.get(pk=issue.pk).extensions == granted


def test_withdrawn_and_granted_at_once_it_is_one_of_them(two, together):
    issue = asked(two)
    outcomes = together(does(two, "unit", "withdraw", issue), does(two, "leader", "extend", issue))
    assert len(of_kind(outcomes, Issue)) == len(of_kind(outcomes, Refused)) == 1, outcomes
    assert whole(issue).requests.get().state in ("withdrawn", "granted")


def test_asked_twice_at_once_one_request_waits(two, together):
    issue = two.report(condition=HEAP)
    outcomes = together(
        does(two, "unit", "ask_extension", issue, hours=1, reason="weather"),
        does(two, "unit", "ask_suspension", issue, until=UNTIL, reason="waits_for_plan"),
    )
    assert len(of_kind(outcomes, Issue)) == len(of_kind(outcomes, Refused)) == 1, outcomes
    assert whole(issue).requests.count() == 1


def sweeps(at):
    return lambda: sweep(now=at)


def test_two_sweeps_wake_an_issue_once(world, together):
    issues = [suspend(world, world.report(condition=HEAP)) for _ in range(3)]
    outcomes = together(*(sweeps(WAKES) for _ in range(4)))
    assert len(of_kind(outcomes, Swept)) == 4, outcomes
    assert sum(swept.steps for swept in outcomes) == 3
    assert not any(swept.parked for swept in outcomes)
    for issue in issues:
        stored = whole(issue)
        assert (stored.state, stored.events.filter(verb="wake").count()) == ("handling", 1)


def test_two_sweeps_ask_the_next_deputy_once(world, together):
    issues = [asked(world) for _ in range(3)]
    at = running(issues[0], "approve").due_at
    outcomes = together(*(sweeps(at) for _ in range(4)))
    assert sum(swept.steps for swept in outcomes) == 3, outcomes
    for issue in issues:
        assert whole(issue).events.filter(verb="next_deputy").count() == 1
        assert Step.objects.filter(clock__issue=issue).count() == 1
        told = Notice.objects.filter(subject_key=issue.subject_key, payload__verb="next_deputy")
        assert told.filter(channel="in_app").count() == 1


def test_a_deputy_who_decides_while_the_sweep_passes_it_on_has_decided(world, together):
    issue = asked(world)
    at = running(issue, "approve").due_at
    granted, swept = together(does(world, "leader", "extend", issue), sweeps(at))
    assert isinstance(granted, Issue), granted
    assert swept.parked == 0
    stored = whole(issue)
    assert (stored.extensions, stored.asked) == (1, "")
    assert Event.objects.filter(issue=issue, verb="next_deputy").count() <= 1


def test_resumed_by_hand_while_the_sweep_wakes_it_it_is_one_of_them(world, together):
    issue = suspend(world, world.report(condition=HEAP))
    by_hand = partial(
        perform, scope=world.scope("unit", now=WAKES), number=issue.number, verb=Verb.RESUME,
        given=Given(), now=WAKES,
    )  # fmt: skip
    outcomes = together(by_hand, sweeps(WAKES))
    assert of_kind(outcomes, Swept), outcomes
    stored = whole(issue)
    assert stored.events.filter(verb__in=("wake", "resume")).count() == 1
    assert (stored.state, running(issue).granted_minutes) == ("handling", 2400)
