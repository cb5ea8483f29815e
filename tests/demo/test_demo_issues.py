"""Bulk-made issues are what the services would have made."""

from collections import Counter

import pytest
from shapely.geometry import Point, shape

from accounts.models import User
from config.demo.scenes import NUMBERS, number
from config.demo.skew import arrivals
from issues import chain
from issues.escalation.sweep import sweep
from issues.models import Assignment, Clock, Event, EventText, Issue, Step
from issues.rules import allowed
from issues.services.doing import Given
from issues.services.reporting import Report, report
from issues.services.verbs import perform
from issues.workflow import State, Verb
from partyorgs.models import Duty
from partyorgs.queries import works_now
from partyorgs.rules import scope_of
from residents.screening import find_phones, refuse_id_numbers
from tests.demo.conftest import ISSUES, UNTIL

# What a demo's step owes is not queued for everybody: see `config.demo.notices`.
NOT_COMPARED = {
    "id", "issue_id", "number", "last_hash", "previous_hash", "hash", "text_digest", "clock_id",
    "owed",
}  # fmt: skip
SELDOM = {Verb.CANCEL, Verb.REJECT, Verb.ACKNOWLEDGE}
# What people or admins do with these screens, never the demo.
NEVER = {Verb.RAISE_URGENCY, Verb.INSTRUCT, Verb.RECKON, Verb.SKIP}


def test_there_are_as_many_as_asked_for_in_every_state(demo):
    assert Issue.objects.count() == ISSUES
    states = Counter(Issue.objects.values_list("state", flat=True))
    assert set(states) >= set(State) - {State.CANCELLED, State.REJECTED}
    assert states["closed"] > ISSUES / 2
    assert demo[-1].endswith(f"{ISSUES} / {ISSUES}")


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
        ("worker", {Verb.CHECK}),
        ("branch", {Verb.CHECK, Verb.CLOSE}),
        ("unit", {Verb.SIGN, Verb.HANDLE}),
        ("community", {Verb.SIGN, Verb.HANDLE}),
        ("street", {Verb.ACCEPT, Verb.REDISPATCH}),
        ("leader", {Verb.ACCEPT, Verb.REDISPATCH}),
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


def plain(row):
    """The columns of a row, as far as they are not random or its own place in a table."""
    return {
        field.attname: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if field.attname not in NOT_COMPARED
    }


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
        facts = event.facts
        given = Given(
            note=text.text if text else "", reason=facts.get("reason", ""),
            unit=event.unit.code if event.unit else "", outcome=facts.get("outcome", ""),
            passed=facts.get("passed"),
        )  # fmt: skip
        scope = scope_of(event.actor, now=event.at)
        perform(scope=scope, number=made.number, verb=Verb(event.verb), given=given, now=event.at)
    sweep(now=UNTIL)
    return Issue.objects.get(pk=made.pk)


def some_of_each_kind():
    """Issues whose events differ in kind: every road through the rule book that occurs."""
    roads = {}
    for issue in Issue.objects.order_by("-pk").select_related("category", "condition"):
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
        for at in issue.events.exclude(actor=None).values_list("at", flat=True)
    )


@pytest.mark.slow
def test_the_services_make_the_same_rows(demo):
    issues = some_of_each_kind()
    steps = set(Event.objects.filter(issue__in=issues).values_list("verb", flat=True))
    assert steps >= set(Verb) - SELDOM - NEVER
    for bulk in issues:
        made = replayed(bulk)
        assert plain(made) == plain(bulk)
        for model in (Event, Assignment, Clock, Step):
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
