"""A share that nobody chooses is called back, or looked at again; what that finds."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from issues.models import CallBack, Clock, Issue, SampleRule
from issues.services.errors import Refused
from issues.services.lapsing import lapse
from issues.services.sampling import DEFAULTS, percent_of, sample
from issues.services.turn import Turn
from issues.todo import narrowing_of
from partyorgs.models import Post
from tests import world as w
from tests.issues import invariants

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Of = SampleRule.Of


def every(of, percent=100):
    SampleRule.objects.update_or_create(of=of, defaults={"percent": percent})


def settled(world, name="community"):
    """A trivial matter that the community itself settled."""
    issue = world.report(category=w.CORRIDOR)
    return world.do(name, "settle", issue, at=w.NOW + HOUR, note="当场清走了。")


def looked_at(world, issue, name="worker", *, at=w.NOW + DAY, **given):
    return world.do(name, "spot_check", issue, at=at, **({"passed": True} | given))


# -- the share


@pytest.mark.parametrize("of", Of)
def test_without_a_rule_the_default_holds(db, of):
    assert percent_of(of) == DEFAULTS[of]
    assert DEFAULTS == {"closed": 10, "settled": 20, "unchecked": 50, "forced": 100}


@pytest.mark.parametrize("percent", [0, 20, 100])
def test_the_share_is_about_the_percentage_and_always_the_same(world, percent):
    every(Of.SETTLED, percent)
    issue = world.report()
    drawn = []
    for number in range(500):
        issue.number = f"QH-260310-{number:05d}"
        turn = Turn(issue, scope=None, seat=None, now=w.NOW)
        drawn.append(sample(turn, Of.SETTLED))
        assert sample(turn, Of.SETTLED) is drawn[-1]
    assert abs(sum(drawn) / 5 - percent) < 6
    assert percent not in (0, 100) or len(set(drawn)) == 1


def test_nobody_knows_beforehand_which_are_drawn(world, settings):
    """By a key that only the installation has: whoever does the work cannot work it out."""
    every(Of.SETTLED, 50)
    turn = Turn(world.report(), scope=None, seat=None, now=w.NOW)

    def drawn():
        numbers = [f"QH-260310-{number:05d}" for number in range(64)]
        return [number for number in numbers if one(number)]

    def one(number):
        turn.issue.number = number
        return sample(turn, Of.SETTLED)

    before = drawn()
    settings.SECRET_KEY = "another" * 10
    assert drawn() != before


def test_what_must_be_visited_is_always_looked_at_again(world):
    every(Of.UNCHECKED, 0)
    issue = world.report()
    turn = Turn(issue, scope=None, seat=None, now=w.NOW)
    assert not sample(turn, Of.UNCHECKED)
    issue.must_visit = True
    assert sample(turn, Of.UNCHECKED)
    assert issue.sampled
    assert not CallBack.objects.exists()


def test_more_than_all_cannot_be_asked_for(db):
    with pytest.raises(IntegrityError), transaction.atomic():
        every(Of.CLOSED, 101)


@pytest.mark.parametrize(("percent", "asked"), [(100, True), (0, False)])
def test_closed_ones_are_called_back(world, percent, asked):
    every(Of.CLOSED, percent)
    issue = world.walk("sign", "handle", "check", "close")
    assert (issue.survey_asked, issue.sampled) == (asked, False)
    assert CallBack.objects.filter(issue=issue).count() == int(asked)
    if asked:
        call = CallBack.objects.get()
        assert call.because == "sample"
        assert call.expires_at - call.asked_at == timedelta(days=14)
        assert len(call.token) >= 40


def test_every_forced_closing_is_called_back(world):
    issue = world.walk("sign")
    issue = world.do("leader", "force_close", issue, at=w.NOW + 2 * HOUR, reason="没有人肯办。")
    assert issue.survey_asked
    assert CallBack.objects.get().issue == issue


@pytest.mark.parametrize(("percent", "drawn"), [(100, True), (0, False)])
def test_settled_ones_are_looked_at_again(world, percent, drawn):
    every(Of.SETTLED, percent)
    issue = settled(world)
    assert (issue.sampled, issue.survey_asked) == (drawn, False)


# -- the spot check


@pytest.fixture
def drawn(world):
    every(Of.SETTLED)
    every(Of.UNCHECKED)
    return world


def test_one_that_holds_stays_as_it_is(drawn):
    issue = looked_at(drawn, settled(drawn), way="phone")
    assert (issue.state, issue.outcome) == ("closed_unchecked", "settled")
    assert issue.checked_at == w.NOW + DAY
    assert {"passed": True, "way": "phone"}.items() <= issue.events.latest("seq").facts.items()
    invariants.check(issue)
    with pytest.raises(Refused):
        looked_at(drawn, issue)


def test_only_the_sample_is_looked_at(world):
    every(Of.SETTLED, 0)
    with pytest.raises(Refused):
        looked_at(world, settled(world))


def test_nobody_looks_at_what_they_settled(drawn):
    issue = settled(drawn)
    Post.objects.create(
        user=drawn.user("community"), role="grid_worker", cell=drawn.cells[w.A1], valid_from=w.START
    )
    with pytest.raises(Refused) as refused:
        looked_at(drawn, issue, "community")
    assert "办理过" in refused.value.sentence()


@pytest.mark.parametrize("name", ["unit", "auditor", "outsider"])
def test_only_who_checks_looks(drawn, name):
    with pytest.raises((Refused, Issue.DoesNotExist)):
        looked_at(drawn, settled(drawn), name)


def test_one_that_does_not_hold_goes_back_to_its_unit(drawn):
    issue = looked_at(drawn, settled(drawn), passed=False, note="还堆着。")
    assert (issue.state, issue.reworks, issue.outcome) == ("handling", 1, "")
    assert issue.unit.code == "home-1"
    assert (issue.closed_at, issue.sampled) == (None, False)
    assert Clock.objects.get(issue=issue, stopped_at=None).kind == "handle"
    invariants.check(issue)


def test_why_it_does_not_hold_is_said(drawn):
    with pytest.raises(ValidationError) as refused:
        looked_at(drawn, settled(drawn), passed=False)
    assert [*refused.value.message_dict] == ["note"]


def test_one_that_no_unit_ever_had_goes_to_the_desk(drawn):
    issue = drawn.report("steward" if "steward" in drawn.users else "worker", category="")
    Issue.objects.filter(pk=issue.pk).update(category=drawn.report(category=w.CORRIDOR).category)
    issue = drawn.do("worker", "settle", issue, at=w.NOW + HOUR, note="当场清走了。")
    assert issue.sampled
    issue = looked_at(drawn, issue, "colleague", passed=False, note="还堆着。")
    assert (issue.state, issue.unit.code, issue.reworks) == ("reported", "desk-1", 1)
    assert Clock.objects.get(issue=issue, stopped_at=None).kind == "accept"
    invariants.check(issue)


def test_a_lapsed_one_is_settled_on_the_list_by_the_look(drawn):
    Post.objects.create(
        user=drawn.user("worker"), role="unit_handler", organization=drawn.orgs["clean"],
        valid_from=w.START,
    )  # fmt: skip
    away = Post.objects.filter(user__username__in=["colleague", "branch", "street", "leader"])
    away.update(valid_until=w.NOW - HOUR)
    issue = drawn.report()
    drawn.do("unit", "sign", issue, at=w.NOW + HOUR)
    issue = drawn.do("worker", "handle", issue, at=w.NOW + HOUR, outcome="fixed", note="好了")
    issue = lapse(issue=Issue.objects.get(pk=issue.pk), now=w.NOW + 4 * DAY)
    assert issue.sampled
    at = w.NOW + 5 * DAY
    with pytest.raises(Refused):
        looked_at(drawn, issue, "worker", at=at)
    issue = looked_at(drawn, issue, "district", at=at)
    assert issue.state == "closed_unchecked"
    assert issue.deviations.get(kind="unchecked").settled_at == at


def test_what_was_drawn_and_what_is_to_be_signed_stands_on_lists(world):
    """Somebody finds what is to be looked at again, and what the night left to be signed."""
    issue = world.walk("sign")
    Issue.objects.filter(pk=issue.pk).update(countersign_by=w.NOW)
    drawn = world.report(category=w.RUBBISH)
    Issue.objects.filter(pk=drawn.pk).update(
        state="closed_unchecked", is_open=False, due_at=None, outcome="settled", sampled=True
    )
    for key, wanted in (("countersign", issue), ("spot_check", drawn)):
        for name, finds in (("branch", True), ("street", True), ("other-branch", False)):
            narrowing = narrowing_of(key, scope=world.scope(name), now=w.NOW)
            found = Issue.objects.filter(narrowing).values_list("pk", flat=True)
            assert list(found) == [wanted.pk] * finds, (key, name)
