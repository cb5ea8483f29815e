"""Bulk-made issues are what the services would have made: the same steps through both."""

from datetime import date

import pytest

from config.demo import quarrel, skew, story, world
from config.demo.building import build
from issues.escalation.sweep import sweep
from issues.models import (
    Assignment,
    Clock,
    Event,
    EventText,
    Issue,
    Return,
    SampleRule,
    Step,
)
from issues.services.doing import Given
from issues.services.reporting import Report, report
from issues.services.verbs import perform
from issues.workflow import Verb
from partyorgs.models import Duty
from partyorgs.queries import works_now
from partyorgs.rules import scope_of
from tests.demo.conftest import ISSUES, SMALL, UNTIL, clear
from tests.demo.test_demo_issues import OFTEN

# What a demo's step owes is not queued for everybody: see `config.demo.notices`.
NOT_COMPARED = {
    "id", "issue_id", "number", "last_hash", "previous_hash", "hash", "text_digest", "clock_id",
    "owed",
}  # fmt: skip


def plain(row):
    """The columns of a row, as far as they are not random or its own place in a table."""
    return {
        field.attname: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if field.attname not in NOT_COMPARED
    }


def given_of(event, text):
    """What somebody must have given for this event to come of it."""
    facts = event.facts
    said = {one["code"]: one for one in facts.get("reasons", ())}
    return Given(
        note=text, reason=facts.get("reason", ""), unit=event.unit.code if event.unit else "",
        proposed=said.get("proposed", {}).get("unit_code", ""),
        item=said.get("rests_on", {}).get("item"), outcome=facts.get("outcome", ""),
        basis=facts.get("basis", ""), passed=facts.get("passed"), way=facts.get("way", ""),
        until=date.fromisoformat(facts["until"]) if "until" in facts else None,
    )  # fmt: skip


def replayed(issue):
    """The same steps through the services and the sweep, by the same people and instants."""
    events = list(issue.events.select_related("actor", "unit"))
    taken = set(Step.objects.filter(clock__issue=issue).values_list("seq", flat=True))
    first = events[0]
    made = report(
        scope=scope_of(first.actor, now=first.at),
        given=Report(
            description=issue.description, lat=issue.lat, lng=issue.lng,
            category=issue.category.code, condition=issue.condition.code,
            place=issue.place_text, place_id=issue.place_id,
        ),
        now=first.at,
    ).issue  # fmt: skip
    for event in events[1:]:
        text = EventText.objects.filter(event=event).first()
        if event.seq in taken:
            sweep(now=event.at)
        if event.facts.get("by_rule") or event.at == first.at:
            continue
        given = given_of(event, text.text if text else "")
        scope = scope_of(event.actor, now=event.at)
        perform(scope=scope, number=made.number, verb=Verb(event.verb), given=given, now=event.at)
    sweep(now=UNTIL)
    return Issue.objects.get(pk=made.pk)


def some_of_each_kind():
    """Issues whose events differ in kind: every road through the rule book that occurs."""
    roads = {}
    many = Issue.objects.filter(pk__lte=ISSUES, appealed=False)
    for issue in many.order_by("-pk").select_related("category", "condition"):
        steps = issue.events.values_list("verb", "on_behalf_of")
        verbs = tuple((verb, firm is None) for verb, firm in steps)
        if not called_nobody(issue):
            roads.setdefault((issue.source, verbs, issue.cell_id is None), issue)
    return list(roads.values())


def called_nobody(issue):
    """Critical at an hour without work, before there were rosters: the services call even so."""
    first = Duty.objects.earliest("starts").starts
    return issue.critical and any(
        at < first and not works_now(organization=None, at=at)
        for at in issue.events.values_list("at", flat=True)
    )


@pytest.fixture
def quarrelsome(db, monkeypatch):
    """A district where more goes back and forth than usual, so that every road is there."""
    monkeypatch.setattr(quarrel, "UNWANTED", 0.6)
    monkeypatch.setattr(story, "HOPELESS", 0.5)
    monkeypatch.setattr(skew, "habit", lambda rng: skew.Habit(0.7, 0.06, 0.06))
    monkeypatch.setattr(world, "habit", skew.habit)
    clear()
    build(size=SMALL, issues=ISSUES, seed=3, until=UNTIL, say=str)


@pytest.mark.slow
def test_the_services_make_the_same_rows(quarrelsome):
    issues = some_of_each_kind()
    steps = set(Event.objects.filter(issue__in=issues).values_list("verb", flat=True))
    assert steps >= OFTEN | {Verb.CONFER, Verb.JUDGE}
    # Who is called back goes by the number, which is another one.
    SampleRule.objects.create(of=SampleRule.Of.CLOSED, percent=0)
    for bulk in issues:
        made = replayed(bulk)
        assert plain(made) == plain(bulk), list(bulk.events.values_list("verb", "at"))
        for model in (Event, Assignment, Clock, Step, Return):
            of = "clock__issue" if model is Step else "issue"
            rows = zip(
                model.objects.filter(**{of: made}).order_by("pk"),
                model.objects.filter(**{of: bulk}).order_by("pk"),
                strict=True,
            )
            for by_service, by_bulk in rows:
                assert plain(by_service) == plain(by_bulk), bulk.events.values_list("verb")
                if model is Event:
                    assert bool(by_service.text_digest) == bool(by_bulk.text_digest)
