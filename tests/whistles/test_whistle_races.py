"""Two at the same second, each on a database connection of its own."""

import pytest
from django.core.exceptions import ValidationError

from issues import rungs
from issues.escalation.sweep import Swept, sweep
from issues.models import Clock, Event, Issue, Ladder
from issues.services.ladders import set_ladder
from tests import racing
from tests import world as w
from tests.issues.invariants import check
from tests.whistles.conftest import Whistles
from tests.whistles.helping import call_of, clock_of, lines, running, whole
from whistles.models import Rating, Whistle
from whistles.services.errors import ActRefused

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(transactional_db):
    return racing.committed_world()


@pytest.fixture
def whistles(world):
    return Whistles(world)


def one_wins(outcomes):
    wins = [one for one in outcomes if isinstance(one, Whistle)]
    lost = [one for one in outcomes if isinstance(one, ActRefused)]
    assert (len(wins), len(lost)) == (1, len(outcomes) - 1), outcomes


@racing.again(3)
def test_a_whistle_is_approved_once(world, whistles, issue, together, again):
    whistle = whistles.blow("street", issue)
    outcomes = together(
        lambda: whistles.do("leader", "approve", whistle),
        lambda: whistles.do("district", "approve", whistle),
        lambda: whistles.do("district", "refuse", whistle, reason="街道能办。"),
    )
    one_wins(outcomes)
    whole(whistle)
    whistle.refresh_from_db()
    called = {("whistle_answer", "roads"), ("whistle_answer", "clean")}
    assert running(whistle) == (called if whistle.state == "blown" else set())


@racing.again(3)
def test_a_unit_answers_once(world, whistles, issue, together, again):
    whistle = whistles.blown(issue)
    outcomes = together(
        lambda: whistles.do("unit", "answer", whistle, answer="will_come"),
        lambda: whistles.do("unit", "answer", whistle, answer="already_there", roles="队长"),
    )
    one_wins(outcomes)
    whole(whistle)
    came = call_of(whistle, "clean").answer == "will_come"
    expected = {("whistle_answer", "roads")} | ({("whistle_arrive", "clean")} if came else set())
    assert running(whistle) == expected
    assert Event.objects.filter(issue=issue, verb="whistle").count() == 3


@racing.again(3)
def test_five_posts_of_one_key_are_one_whistle_and_one_answer(
    world, whistles, issue, together, again
):
    begun = together(*(lambda: whistles.blow("street", issue, key="b") for _ in range(5)))
    assert {one.number for one in begun} == {Whistle.objects.get().number}, begun
    whistle = whistles.do("leader", "approve", begun[0])
    said = {"answer": "will_come", "key": "a"}
    answered = together(*(lambda: whistles.do("unit", "answer", whistle, **said) for _ in range(5)))
    assert all(isinstance(one, Whistle) for one in answered), answered
    whole(whistle)
    assert lines(whistle) == ["whistle_proposed", "whistle_approved", "whistle_will_come"]


@racing.again(3)
def test_two_units_answer_at_once_and_both_count(world, whistles, issue, together, again):
    whistle = whistles.blown(issue)
    outcomes = together(
        lambda: whistles.do("unit", "answer", whistle, answer="will_come"),
        lambda: whistles.do("other-unit", "answer", whistle, answer="will_come"),
    )
    assert all(isinstance(one, Whistle) for one in outcomes), outcomes
    whole(whistle)
    assert running(whistle) == {("whistle_arrive", "roads"), ("whistle_arrive", "clean")}


def test_an_answer_and_a_waiver_of_the_same_unit(world, whistles, issue, together):
    whistle = whistles.blown(issue, units=["clean"], lead="clean")
    outcomes = together(
        lambda: whistles.do("unit", "answer", whistle, answer="will_come"),
        lambda: whistles.do("leader", "waive", whistle, unit="clean", reason="不用了。"),
    )
    one_wins(outcomes)
    call = call_of(whistle, "clean")
    assert bool(call.answer) != bool(call.waived_at)


def test_of_two_whistles_over_one_issue_one_is_made(world, whistles, issue, together):
    outcomes = together(
        lambda: whistles.blow("street", issue), lambda: whistles.blow("branch", issue)
    )
    one_wins(outcomes)
    assert Whistle.objects.count() == 1


def test_a_unit_is_rated_once(world, whistles, issue, together):
    whistle = whistles.blown(issue, units=["clean"], lead="clean")
    marks = {"unit": "clean", "speed": 5, "work": 5, "result": 5}
    one_wins(
        together(
            lambda: whistles.do("street", "rate", whistle, **marks),
            lambda: whistles.do("leader", "rate", whistle, **marks),
        )
    )
    assert Rating.objects.count() == 1


def test_the_issue_ends_while_a_unit_answers(world, whistles, issue, together):
    whistle = whistles.blown(issue, units=["roads"], lead="roads")
    together(
        lambda: whistles.do("other-unit", "answer", whistle, answer="will_come"),
        lambda: world.do("street", "cancel", issue, reason="void", at=w.NOW),
    )
    whole(whistle)
    assert not Clock.objects.filter(issue=issue, stopped_at=None).exists()


@racing.again(3)
def test_a_whistle_and_a_merge_of_its_issue_are_one_of_the_two(
    world, whistles, issue, together, again
):
    other = world.report()
    blown, gone = together(
        lambda: whistles.blow("street", issue, verb="blow_now", kind="emergency"),
        lambda: world.do("leader", "merge", issue, into=other.number),
    )
    assert isinstance(blown, Whistle) != isinstance(gone, Issue), (blown, gone)
    assert isinstance(blown, (Whistle, ActRefused)), blown
    assert isinstance(gone, (Issue, ValidationError)), gone
    for one in (issue, other):
        check(one)
    assert Issue.objects.get(pk=issue.pk).is_open == isinstance(blown, Whistle)


@racing.again(3)
def test_a_unit_answers_while_the_sweep_says_that_it_is_late(
    world, whistles, issue, together, again
):
    for use in rungs.DEFAULTS:
        if not Ladder.objects.filter(use=use).exists():
            set_ladder(use=use, rungs=rungs.rows(use), now=w.NOW)
    whistle = whistles.blown(issue)
    at = clock_of(whistle, "whistle_answer", "clean").due_at
    answered, swept = together(
        lambda: whistles.do("unit", "answer", whistle, at=at, answer="will_come"),
        lambda: sweep(now=at),
    )
    assert isinstance(answered, Whistle), answered
    assert isinstance(swept, Swept), swept
    assert not swept.parked
    sweep(now=at)
    whole(whistle)
    assert ("whistle_arrive", "clean") in running(whistle)
    assert ("whistle_answer", "roads") in running(whistle)
