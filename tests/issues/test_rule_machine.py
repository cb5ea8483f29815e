"""The rule book holds whatever anybody does; and the machine that says so can fail."""

from dataclasses import replace

import pytest

from issues.services import asking, checking, returning
from issues.services.turn import Turn
from issues.workflow import RULES, Verb
from tests import world as w
from tests.issues.machine import SOMETHING, crowd, replay, run


@pytest.fixture
def town(world):
    return crowd(world)


def test_nothing_anybody_does_breaks_the_rule_book(town):
    run(town, examples=6, length=30)


@pytest.mark.slow
def test_nothing_anybody_does_in_thousands_of_turns_breaks_the_rule_book(town):
    did = run(town, examples=60, length=70)
    # The machine itself gets far: more than half of what people can do succeeded at least once.
    asked = {verb for verb, row in RULES.items() if not row.by_itself and verb is not Verb.REPORT}
    assert len(asked & did.keys()) > len(asked) // 2, sorted(asked - did.keys())


def changed(verb, **other):
    """The rule book with another row for this verb."""
    return lambda patch: patch.setitem(RULES, verb, replace(RULES[verb], **other))


def uncounted(issue):
    issue.outcome, issue.handled_at, issue.checked_at = "", None, None


def asked_and_granted_by_one(patch):
    changed(Verb.EXTEND, apart=False)(patch)
    patch.setattr(asking, "_barred", lambda issue, kind, applicants: frozenset())


def does(who, verb, **said):
    given = {"which": 0, "who": who, "verb": Verb(verb), "said": SOMETHING | said}
    return ("somebody_tries_anything", given)


def wait(minutes):
    return ("time_passes", {"minutes": minutes})


ANOTHER = ("another_report", {"leaf": w.RUBBISH})
DONE = [does("handler", "sign"), does("handler", "handle")]
SENT_BACK = does("unit", "return")
# Faults that could be made, each with a short sequence that shows it: on the rule book as it
# is the sequence holds, and with the fault planted the invariants say so. What the machine
# itself finds is kept here too, shrunk, with the fault that it was.
FAULTS = {
    "work is checked by its doer": (
        changed(Verb.CHECK, apart=False),
        [does("many-hats", "sign"), does("many-hats", "handle"), does("many-hats", "check")],
    ),
    "checked in the post of the absent doer": (
        changed(Verb.CHECK, apart=False),
        [*DONE, does("handler", "check")],
    ),
    "closed by its doer": (
        changed(Verb.CLOSE, apart=False),
        [does("many-hats", "sign"), does("many-hats", "handle"), does("worker", "check"),
         does("many-hats", "close")],
    ),
    "a rework is not counted": (
        lambda patch: patch.setattr(checking, "undo", uncounted),
        [*DONE, does("worker", "check", passed=False)],
    ),
    "a return waits on in what is cancelled": (
        lambda patch: patch.setattr(returning, "leave", lambda turn: None),
        [SENT_BACK, does("street", "cancel")],
    ),
    "a fourth return": (
        changed(Verb.RETURN, when=()),
        [SENT_BACK, does("street", "redispatch", unit="roads"),
         does("other-unit", "return", proposed="clean"), does("leader", "confer", unit="clean"),
         SENT_BACK, does("district", "judge", unit="roads"),
         does("other-unit", "return", proposed="clean")],
    ),
    "a request waits on in what is done": (
        lambda patch: patch.setattr(Turn, "_drop_request", lambda turn: None),
        [does("handler", "sign"), does("unit", "ask_extension", hours=1),
         does("handler", "handle")],
    ),
    "granted to oneself": (
        asked_and_granted_by_one,
        [does("many-hats", "ask_extension", hours=1), does("many-hats", "extend")],
    ),
    "a suspension lets the clock run": (
        changed(Verb.SUSPEND, clocks=RULES[Verb.SUSPEND].clocks[:1]),
        [does("unit", "ask_suspension", days_on=20), does("leader", "suspend")],
    ),
    "a second suspension": (
        changed(Verb.ASK_SUSPENSION, when=("nothing_asked", "uncritical")),
        [does("unit", "ask_suspension", days_on=1), does("leader", "suspend"), wait(6000),
         does("unit", "ask_suspension", days_on=20), does("leader", "suspend")],
    ),
    "a merged report keeps its clock": (
        changed(Verb.MERGE, clocks=()),
        [ANOTHER, does("street", "merge")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_noticed(town, fault, monkeypatch):
    plant, turns = FAULTS[fault]
    begin = {"leaf": w.RUBBISH, "who": "worker", "source": "", "night": False}
    replay(town, begin, *turns)
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        replay(town, begin, *turns)
