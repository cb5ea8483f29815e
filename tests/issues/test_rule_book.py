"""Whatever people do in whatever order, an issue never gets into a state that cannot be."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from issues import workflow
from issues.chain import faults
from issues.models import Assignment, Clock, Issue
from issues.services.doing import REASONS
from issues.services.errors import Refused
from issues.services.telling import KINDS
from issues.who import WHO
from issues.workflow import OPEN, RULES, ClockAct, Need, State, Verb
from tests import world as w

NAMES = [name for name, *_seat in w.PEOPLE] + ["nobody"]
UNITS = ["clean", "roads", "home-1", "branch-a", "lifts", "desk-1", "desk-2", ""]
AT_WORK = {State.DISPATCHED, State.HANDLING, State.HANDLED}

steps = st.lists(
    st.tuples(
        # Those who can do most, more often: else little would happen.
        st.sampled_from(NAMES + ["street", "unit", "handler", "worker", "branch"] * 4),
        st.sampled_from([*Verb] + [Verb.SIGN, Verb.HANDLE, Verb.CHECK, Verb.CLOSE] * 2),
        st.sampled_from(UNITS),
        st.booleans(),
        st.integers(1, 3000),
    ),
    min_size=8,
    max_size=18,
)


def given_for(unit, passed):
    return {
        "note": "写一句", "reason": "void", "unit": unit, "outcome": "fixed", "passed": passed,
        "category": w.RUBBISH,
    }  # fmt: skip


def facts(issue):
    return (
        issue.state, issue.version, issue.event_count, issue.last_hash, issue.unit_id,
        issue.due_at, issue.assignments.count(), issue.clocks.count(),
    )  # fmt: skip


def fits_together(issue):
    running = list(Clock.objects.filter(issue=issue, stopped_at=None, kind__in=Clock.MAIN))
    orders = Clock.objects.filter(issue=issue, stopped_at=None, kind=Clock.Kind.ANSWER)
    assert [order.due_at for order in orders] == [at for at in [issue.answer_due_at] if at]
    assert len(running) == issue.is_open == (issue.state in OPEN)
    assert issue.due_at == (running[0].due_at if running else None)
    leads = Assignment.objects.filter(issue=issue, role="lead", ended_at=None)
    assert len(leads) <= 1
    if issue.state in AT_WORK:
        assert leads.get().unit_id == issue.unit_id
    if not issue.is_open:
        assert not leads
        assert issue.closed_at
    events = list(issue.events.select_related("text"))
    assert issue.event_count == len(events)
    assert not list(faults(issue, events))
    by_verb = {verb: {e.actor_id for e in events if e.verb == verb} for verb in Verb}
    for verb in (Verb.CHECK, Verb.CLOSE):
        for event in events:
            if event.verb == verb:
                before = {e.actor_id for e in events if e.verb == "handle" and e.seq < event.seq}
                assert event.actor_id not in before
    assert not by_verb[Verb.CLOSE] or by_verb[Verb.CHECK]
    for earlier, later in zip(events, events[1:], strict=False):
        assert earlier.to_state == later.from_state
        assert earlier.at <= later.at


def try_step(world, issue, step, at):
    """The step through the service, held against the table; the issue afterwards."""
    name, verb, unit, passed, _minutes = step
    before = facts(issue)
    state, gates, rule = State(issue.state), issue.gates, RULES[verb]
    scope = world.scope(name, now=at)
    expected = (
        state in rule.sources
        and workflow.passes_gate(rule, gates=gates)
        and WHO[rule.who](scope, issue) is not None
    )
    refusal = None
    try:
        with transaction.atomic():
            world.do(name, verb, issue, at=at, **given_for(unit, passed))
    except (Refused, ValidationError, Issue.DoesNotExist) as raised:
        refusal = raised
    issue = Issue.objects.get(pk=issue.pk)
    if refusal is not None:
        assert facts(issue) == before
        assert isinstance(refusal, ValidationError) or not expected
        return issue
    assert expected
    assert issue.version == before[1] + 1
    if verb is not Verb.ACCEPT:  # which a rule may follow with a dispatch
        assert issue.state == workflow.target(rule, state=state, passed=passed)
    return issue


@pytest.mark.parametrize("category", [w.RUBBISH, w.LIFT, ""])
@settings(
    max_examples=7,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(road=steps)
def test_no_road_leads_where_the_rule_book_does_not(world, category, road):
    with transaction.atomic():
        at, issue = w.NOW, world.report(category=category)
        for step in road:
            at += timedelta(minutes=step[-1])
            issue = try_step(world, issue, step, at)
            fits_together(issue)
        transaction.set_rollback(True)


def test_every_rule_leads_to_a_state_that_people_can_leave_or_that_ends():
    for state in OPEN:
        assert list(workflow.verbs_from(state, gates=frozenset({workflow.UNCHECKED})))
    for rule in RULES.values():
        assert rule.to is None or rule.to in State
        assert rule.who in WHO
        assert rule.zh
        assert rule.en


def test_whatever_ends_stops_its_clock_and_whatever_is_open_has_one():
    for rule in RULES.values():
        ends = rule.to is not None and rule.to not in OPEN
        assert (rule.clocks == (ClockAct.END,)) == ends, rule.verb


def test_a_closed_report_is_only_annotated():
    for state in set(State) - OPEN:
        rules = workflow.verbs_from(state, gates=frozenset({workflow.CHECKED}))
        assert [rule.verb for rule in rules] == [Verb.NOTE]


def test_the_codes_of_later_verbs_are_free():
    later = {"verify", "settle", "extend", "suspend", "reopen", "force_close", "merge", "split"}
    assert not later & {str(verb) for verb in Verb}


def test_whom_a_verb_tells_has_a_kind_of_notice():
    assert {str(rule.verb) for rule in RULES.values() if rule.tells} <= set(KINDS)


def test_no_verb_takes_a_reason_and_leaves_none_behind(world):
    for verb in (rule.verb for rule in RULES.values() if Need.REASON in rule.needs):
        assert verb in REASONS
    issue = world.walk("return")
    assert issue.events.last().facts["reason"] == "not_ours"
    free = world.do("street", "cancel", issue, reason="居民撤回了")
    assert free.events.last().text.text == "居民撤回了"


def test_somebody_without_a_cell_is_not_told_of_what_lies_outside_every_cell(world):
    world.user("nobody").posts.create(
        role="cell_lead", organization=world.orgs["home-1"], valid_from=w.START
    )
    issue = world.report(point=w.OUTSIDE)
    sent = world.do("district", "dispatch", issue, unit="roads")
    world.do("other-unit", "sign", sent)
    world.do("other-unit", "handle", sent, outcome="fixed", note="好了")
    assert not world.user("nobody").notices.exists()
