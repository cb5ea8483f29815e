"""Any two at the same second, and the sweep between them: the issue stays whole."""

from datetime import timedelta
from random import Random

import pytest
from django.core.exceptions import ValidationError

from accounts.models import User
from issues.escalation.sweep import Swept, sweep
from issues.models import Event, Issue, Relaxation
from issues.rules import offers
from issues.services.doing import REASONS
from issues.services.errors import Refused
from issues.services.relaxing import relax
from issues.workflow import Need, Verb
from partyorgs.models import Post, Responsibility
from tests import racing
from tests import world as w
from tests.issues.invariants import check
from tests.issues.test_own_work_levels import climbed as climbed_up
from tests.issues.test_requests import HEAP
from tests.racing import does

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
HOUR = timedelta(hours=1)
# Two working days later: rungs of the handling limit have come, nothing is closed for good.
LATER = w.NOW + timedelta(days=2)
LOST = (Refused, ValidationError, Issue.DoesNotExist)
# What only adds a line gets in nobody's way.
BESIDE = (Verb.NOTE, Verb.JOIN, Verb.CHASE, Verb.TOUCH, Verb.INSTRUCT)
PEOPLE = ("worker", "branch", "unit", "other-unit", "street", "leader", "district", "community")


@pytest.fixture
def world(transactional_db):
    return racing.committed_world()


def test_of_twenty_who_claim_one_issue_one_has_it(world, together):
    issue, post = world.report(), world.user("handler").posts.get()
    for number in range(20):
        user = User.objects.create_user(f"hand-{number}", name=f"hand-{number}")
        Post.objects.create(
            user=user, role=post.role, organization=post.organization, valid_from=w.START
        )
    outcomes = together(*(does(world, f"hand-{number}", "sign", issue) for number in range(20)))
    winners = [number for number, one in enumerate(outcomes) if isinstance(one, Issue)]
    assert len(winners) == 1, outcomes
    assert [one.status_code for one in outcomes if isinstance(one, Refused)] == [409] * 19
    check(issue)
    signed = Event.objects.get(issue=issue, verb="sign")
    assert signed.actor.username == f"hand-{winners[0]}"


def dispatched(world):
    return world.report(condition=HEAP)


def handling(world):
    return world.do("unit", "sign", dispatched(world), at=w.NOW + HOUR)


def helped(world):
    issue = handling(world)
    return world.do("unit", "add_part", issue, at=w.NOW + HOUR, unit="roads", note="请封路。")


def asked(world):
    issue = handling(world)
    return world.do("unit", "ask_extension", issue, at=w.NOW + HOUR, hours=8, reason="weather")


def suspended(world):
    issue, until = handling(world), (w.NOW + timedelta(days=1)).date()
    at = w.NOW + HOUR
    issue = world.do("unit", "ask_suspension", issue, at=at, until=until, reason="waits_for_plan")
    return world.do("leader", "suspend", issue, at=w.NOW + HOUR)


def returned(world):
    return world.do("unit", "return", dispatched(world), at=w.NOW + HOUR, reason="not_ours")


def handled(world):
    given = {"outcome": "fixed", "note": "清走了。"}
    return world.do("handler", "handle", handling(world), at=w.NOW + HOUR, **given)


def checked(world):
    return world.do("worker", "check", handled(world), at=w.NOW + HOUR, passed=True)


def closed(world):
    return world.do("branch", "close", checked(world), at=w.NOW + HOUR)


def merged(world):
    into = dispatched(world)
    return world.do("street", "merge", dispatched(world), at=w.NOW + HOUR, into=into.number)


def reported(world):
    return world.report("street", category="")


def said(verb, issue, other, draw):
    """What the verb needs, drawn where there is a choice."""
    return {
        Need.NOTE: "看过了。",
        Need.REASON: (REASONS.get(verb) or ("说不清。",))[-1 if verb is Verb.RETURN else 0],
        Need.UNIT: draw.choice(["roads", "home-1", "clean"]),
        Need.PROPOSED: draw.choice(["roads", "home-1"]),
        Need.OUTCOME: "fixed",
        Need.PASSED: draw.choice([True, False]),
        Need.WAY: "on_site",
        Need.HOURS: 1,
        Need.UNTIL: (LATER + timedelta(days=9)).date(),
        Need.INTO: other.number,
        Need.CELL: w.A2,
        Need.CONDITION: "",
        Need.VALID: True,
        "contacted": True,
        "solved": draw.choice([True, False]),
        "satisfaction": "so_so",
        Need.PARTS: [{"category": w.RUBBISH, "description": "一"},
                     {"category": w.CORRIDOR, "description": "二"}],
        Need.PART: next(iter(issue.assignments.exclude(part="").values_list("pk", flat=True)), 0),
        "item": Responsibility.objects.get(category__code=w.RUBBISH).pk,
        "category": w.RUBBISH,
    }  # fmt: skip


def of_moment(world, issue):
    """Who may do what to it now: (name, verb)."""
    return [
        (name, offer.rule.verb)
        for name in PEOPLE
        for offer in offers(world.scope(name, now=LATER), issue)
        if not offer.shut and offer.rule.verb not in BESIDE
    ]


MOMENTS = (reported, dispatched, handling, helped, asked, suspended, returned, handled, checked,
           closed, merged)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("made", MOMENTS, ids=lambda made: made.__name__)
def test_any_two_at_once_and_the_sweep_leave_it_whole(world, together, made):
    draw = Random(made.__name__)
    for _again in range(4):
        issue, other = made(world), dispatched(world)
        pairs = draw.sample(of_moment(world, issue), 2)
        calls = [
            does(world, name, verb, issue, at=LATER, **said(verb, issue, other, draw))
            for name, verb in pairs
        ]
        # Somebody works on the report beside it as well.
        beside = does(world, "leader", "merge", other, at=LATER, into=issue.number)
        *outcomes, swept = together(*calls, beside, lambda: sweep(now=LATER))
        assert isinstance(swept, Swept), (pairs, swept)
        assert not swept.parked, (pairs, swept)
        for outcome in outcomes:
            assert isinstance(outcome, (Issue, *LOST)), (pairs, outcomes)
        sweep(now=LATER)
        for one in Issue.objects.all():
            check(one)


def test_a_part_is_done_or_dropped_once_while_the_lead_says_handled(world, together):
    issue = helped(world)
    part = issue.assignments.get(part="请封路。").pk
    done = {"note": "封好了。", "at": LATER}
    *parted, too = together(
        *(does(world, "other-unit", "complete_part", issue, **done) for _click in range(2)),
        does(world, "street", "drop_part", issue, at=LATER, reason="不用了。", part=part),
        does(world, "handler", "handle", issue, at=LATER, outcome="fixed", note="清走了。"),
    )
    assert sum(isinstance(one, Issue) for one in parted) == 1, parted
    assert isinstance(too, (Issue, Refused)), too
    check(issue)


@racing.again(3)
def test_a_check_that_climbed_is_done_or_lapses(world, together, again):
    issue, at = climbed_up(world), w.NOW + timedelta(days=6)
    looked, swept = together(
        does(world, "district", "check", issue, at=at, passed=True, way="on_site"),
        lambda: sweep(now=at),
    )
    assert isinstance(swept, Swept), swept
    assert not swept.parked
    sweep(now=at)
    check(issue)
    stored = Issue.objects.get(pk=issue.pk)
    if isinstance(looked, Issue):
        assert (stored.state, stored.checked_at) == ("handled", at)
    else:
        assert isinstance(looked, Refused), looked
        assert (stored.state, stored.checked_at) == ("closed_unchecked", None)


def test_a_street_is_relaxed_once(world, together):
    scope, day = world.scope("district"), w.NOW.date()
    given = {"street": w.STREET_1, "since": day, "until": day, "reason": "三个人。", "now": w.NOW}
    outcomes = together(*(lambda: relax(scope=scope, **given) for _click in range(4)))
    assert sum(isinstance(one, ValidationError) for one in outcomes) == 3, outcomes
    assert Relaxation.objects.count() == 1
