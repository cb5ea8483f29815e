"""Duplicates at the same second, each on a database connection of its own."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from issues.models import Issue
from issues.services.errors import ChangedMeanwhile, Refused
from partyorgs.models import Post
from tests import racing
from tests import world as w
from tests.issues.invariants import check

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
LOST = (Refused, ValidationError)


@pytest.fixture
def world(transactional_db):
    return racing.committed_world()


def does(world, name, verb, issue, **given):
    return racing.does(world, name, verb, issue, at=w.NOW + timedelta(hours=5), **given)


def won(outcomes):
    lost = [outcome for outcome in outcomes if isinstance(outcome, LOST)]
    wins = [outcome for outcome in outcomes if isinstance(outcome, Issue)]
    assert len(wins) + len(lost) == len(outcomes), outcomes
    return wins


def stored(issue):
    check(issue)
    return Issue.objects.get(pk=issue.pk)


@racing.again(5)
@pytest.mark.parametrize("versioned", [False, True])
def test_of_two_opposite_merges_exactly_one_wins(world, together, versioned, again):
    one, other = world.report(), world.report("colleague")
    version = {"version": 1} if versioned else {}
    outcomes = together(
        does(world, "street", "merge", one, into=other.number, **version),
        does(world, "leader", "merge", other, into=one.number, **version),
    )
    assert len(won(outcomes)) == 1, outcomes
    if versioned:
        assert [type(lost) for lost in outcomes if not isinstance(lost, Issue)] == [
            ChangedMeanwhile
        ]
    states = {stored(one).state, stored(other).state}
    assert states == {"merged", "dispatched"}


@racing.again(3)
def test_merges_in_a_ring_leave_one_open(world, together, again):
    ring = [world.report(), world.report("colleague"), world.report("branch")]
    calls = [
        does(world, name, "merge", issue, into=ring[at - 1].number)
        for at, (name, issue) in enumerate(zip(("street", "leader", "district"), ring, strict=True))
    ]
    won(together(*calls))
    after = [stored(issue) for issue in ring]
    last = [issue for issue in after if issue.is_open]
    # What somebody else held at that moment is refused, never half done.
    assert last
    for issue in after:
        assert issue.is_open or issue.merged_into_id in {one.pk for one in last}


def test_one_merged_twice_at_once_goes_one_way(world, together):
    goes, first, second = world.report(), world.report("colleague"), world.report("branch")
    outcomes = together(
        does(world, "street", "merge", goes, into=first.number),
        does(world, "leader", "merge", goes, into=second.number),
    )
    assert len(won(outcomes)) == 1, outcomes
    assert stored(goes).merged_into_id in (first.pk, second.pk)
    assert sum(issue.joinings.count() for issue in (first, second)) == 0
    assert stored(first).is_open
    assert stored(second).is_open


@racing.again(3)
def test_a_merge_into_what_ends_at_the_same_moment_is_whole_or_not_at_all(world, together, again):
    goes, ends = world.report(), world.report("colleague")
    outcomes = together(
        does(world, "street", "merge", goes, into=ends.number),
        does(world, "leader", "cancel", ends, reason="void"),
    )
    assert any(issue.pk == ends.pk for issue in won(outcomes)), outcomes
    assert stored(ends).state == "cancelled"
    merged = stored(goes).state == "merged"
    assert merged == (len(won(outcomes)) == 2)


def test_a_merge_and_a_close_of_the_same_report_are_one_of_the_two(world, together):
    goes, stays = world.walk("sign", "handle", "check"), world.report("colleague")
    outcomes = together(
        does(world, "street", "merge", goes, into=stays.number),
        does(world, "branch", "close", goes),
    )
    assert len(won(outcomes)) == 1, outcomes
    assert stored(goes).state in ("merged", "closed")
    assert stored(stays).is_open


@racing.again(3)
def test_unmerge_while_the_other_is_merged_on_loses_nothing(world, together, again):
    stays, middle, child = world.report(), world.report("colleague"), world.report("branch")
    does(world, "street", "merge", child, into=middle.number)()
    outcomes = together(
        does(world, "street", "merge", middle, into=stays.number),
        does(world, "leader", "unmerge", child, reason="不是同一处。"),
    )
    assert won(outcomes), outcomes
    after = stored(child)
    assert after.is_open or after.merged_into.is_open
    for issue in (stays, middle):
        stored(issue)


def test_twenty_who_join_at_once_are_twenty(world, together):
    issue = world.report()
    for number in range(20):
        user = type(world.user("worker")).objects.create_user(f"near-{number}")
        Post.objects.create(
            user=user, role="grid_worker", cell=world.cells[w.A1], valid_from=w.START
        )
    outcomes = together(*(does(world, f"near-{number}", "join", issue) for number in range(20)))
    assert len(won(outcomes)) == 20, outcomes
    assert issue.joinings.count() == 20
    assert stored(issue).version == 21


def test_who_joins_twice_at_once_has_joined_once(world, together):
    issue = world.report()
    outcomes = together(*(does(world, "colleague", "join", issue) for _ in range(4)))
    assert len(won(outcomes)) == 1, outcomes
    assert issue.joinings.count() == 1
    stored(issue)


def test_a_split_and_a_merge_at_once_keep_every_part(world, together):
    goes, stays = world.report(), world.report("colleague")
    parts = [
        {"category": w.RUBBISH, "description": "垃圾"},
        {"category": w.CORRIDOR, "description": "楼道堆物"},
    ]
    outcomes = together(
        does(world, "street", "merge", goes, into=stays.number),
        does(world, "leader", "split", goes, parts=parts),
    )
    assert won(outcomes), outcomes
    split = Issue.objects.filter(split_from=goes)
    assert split.count() in (0, 1)
    for issue in (goes, stays, *split):
        stored(issue)
