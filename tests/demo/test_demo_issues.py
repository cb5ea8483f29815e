"""Bulk-made issues are what the services would have made."""

from collections import Counter

import pytest
from shapely.geometry import Point, shape

from accounts.models import User
from config.demo.scenes import NUMBERS, number
from config.demo.skew import arrivals
from issues import chain
from issues.models import (
    Clock,
    Event,
    EventText,
    Issue,
)
from issues.rules import allowed
from issues.workflow import Outcome, State, Verb
from partyorgs.models import Post
from partyorgs.rules import scope_of
from residents.screening import find_phones, refuse_id_numbers
from tests.demo.conftest import ISSUES, UNTIL
from whistles.models import Whistle

# Whole districts are built: CI does it, `make test` need not.
pytestmark = pytest.mark.slow

# What the many do, and what the few that the services made show besides.
OFTEN = {
    Verb.REPORT, Verb.ACCEPT, Verb.DISPATCH, Verb.REDISPATCH, Verb.SIGN, Verb.RETURN,
    Verb.HANDLE, Verb.CHECK, Verb.CLOSE, Verb.NOTE, Verb.CHASE, Verb.SUPERVISE,
    Verb.ANSWER, Verb.REMIND, Verb.ESCALATE, Verb.RAISE,
}  # fmt: skip
SHOWN = {
    Verb.SETTLE, Verb.ASK_EXTENSION, Verb.ASK_SUSPENSION, Verb.SUSPEND, Verb.FEED_BACK,
    Verb.MERGE, Verb.JOIN, Verb.SPLIT, Verb.FORCE_CLOSE, Verb.ADD_PART, Verb.TOUCH, Verb.APPEAL,
    Verb.WHISTLE,
}  # fmt: skip


def few():
    """The issues that the services made after the many."""
    return Issue.objects.filter(pk__gt=ISSUES)


def test_there_are_as_many_as_asked_for_and_some_in_every_state(demo):
    shown = few().count()
    assert Issue.objects.count() == ISSUES + shown
    assert 14 <= shown <= 20
    states = Counter(Issue.objects.values_list("state", flat=True))
    assert set(states) >= set(State) - {State.CANCELLED, State.REJECTED}
    assert states["closed"] > ISSUES / 2
    assert demo[-2].endswith(f"{ISSUES} / {ISSUES}")
    assert str(shown) in demo[-1]


def test_the_rare_ways_are_shown_near_the_demo_accounts(demo):
    home = Post.objects.get(user__username="worker").cell
    assert {issue.cell_id for issue in few()} == {home.pk}
    assert set(Event.objects.values_list("verb", flat=True)) >= OFTEN | SHOWN
    assert set(Issue.objects.exclude(asked="").values_list("asked", flat=True)) == {
        "extension", "appeal"
    }  # fmt: skip
    assert few().filter(open_parts=2, state=State.HANDLING).exists()
    assert few().filter(also_cell__isnull=False).exclude(also_owner=None).exists()
    assert few().filter(returns=2, state=State.RETURNED).exists()
    assert few().filter(outcome=Outcome.PLANNED, planned_for__gt=UNTIL).exists()
    assert few().filter(outcome=Outcome.OTHER, state=State.HANDLED).exists()
    assert few().filter(split_from__isnull=False).exists()
    assert few().filter(merged__isnull=False, joinings__isnull=False).exists()
    assert not Event.objects.filter(at__gt=UNTIL).exists()


def test_a_whistle_was_answered_by_one_unit_and_waits_for_the_other(demo):
    whistle = Whistle.objects.get()
    assert whistle.state == "blown"
    first, second = whistle.calls.all()
    assert first.answer == "already_there"
    assert second.unanswered
    limit = Clock.objects.get(kind=Clock.Kind.WHISTLE_ANSWER, stopped_at=None)
    assert limit.due_at > UNTIL


def test_chains_verify(demo):
    for issue in Issue.objects.prefetch_related("events"):
        last = ""
        for seq, event in enumerate(issue.events.all(), start=1):
            assert (event.seq, event.previous_hash) == (seq, last)
            last = event.hash
            assert chain.event_hash(event, number=issue.number) == last
        assert (issue.event_count, issue.last_hash) == (len(issue.events.all()), last)
    for text in EventText.objects.select_related("event"):
        assert chain.text_digest(text.text, salt=text.salt) == text.event.text_digest


def test_texts_name_no_person(demo):
    for text in [*Issue.objects.values_list("description", flat=True),
                 *EventText.objects.values_list("text", flat=True)]:  # fmt: skip
        refuse_id_numbers(text)
        assert not find_phones(text)
        assert "{" not in text


def test_points_lie_in_their_cells(demo):
    for issue in Issue.objects.filter(cell__isnull=False).select_related("cell__community"):
        assert shape(issue.cell.boundary).contains(Point(issue.lng, issue.lat))
        assert issue.community == issue.cell.community


def test_numbers_never_repeat_and_look_like_the_usual_ones():
    tails = {number(index, UNTIL, prefix="QH", seed=4)[-5:] for index in range(50_000)}
    assert len(tails) == 50_000
    assert NUMBERS == 30**5


def test_months_and_days_are_skewed():
    since = UNTIL.replace(year=2024)
    times = arrivals(count=60_000, seed=1, since=since, until=UNTIL)
    assert times == sorted(times)
    assert since.timestamp() <= times[0]
    assert times[-1] < UNTIL.timestamp()
    assert times == arrivals(count=60_000, seed=1, since=since, until=UNTIL)


@pytest.mark.parametrize(
    ("account", "verbs"),
    [
        ("worker", {Verb.CHECK, Verb.VERIFY, Verb.RECLASSIFY}),
        ("branch", {Verb.CHECK, Verb.CLOSE, Verb.DROP_PART, Verb.RESUME}),
        ("unit", {Verb.SIGN, Verb.HANDLE, Verb.WITHDRAW, Verb.RESUME}),
        ("community", {Verb.SIGN, Verb.HANDLE, Verb.COMPLETE_PART}),
        ("street", {Verb.ACCEPT, Verb.REDISPATCH, Verb.CALL_BACK, Verb.MERGE, Verb.SPLIT}),
        ("leader", {Verb.ACCEPT, Verb.REDISPATCH, Verb.EXTEND, Verb.CONFER, Verb.FORCE_CLOSE}),
        ("district", {Verb.DISPATCH}),
    ],
)
def test_every_demo_account_finds_something_to_do(demo, account, verbs):
    scope = scope_of(User.objects.get(username=account), now=UNTIL)
    waiting = Issue.objects.visible_to(scope).filter(is_open=True)
    assert {rule.verb for issue in waiting for rule in allowed(scope, issue)} >= verbs


def test_demo_accounts_have_unread_notices(demo):
    for account in ("worker", "branch", "unit", "community", "street"):
        notices = User.objects.get(username=account).notices
        assert notices.filter(read_at=None, state="sent").exists()
