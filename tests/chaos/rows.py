"""Many issues with running limits, fast: copies of a real report, each with its own chain."""

from copy import copy
from datetime import UTC, timedelta
from typing import NamedTuple

from django.db import transaction

from issues import chain
from issues.models import Assignment, Clock, Event, Issue, Return
from issues.services.timing import Timing
from matters.models import Condition
from partyorgs.models import Organization
from tests import world as w
from tests.chaos import oracle

BATCH = 500
MINUTE = timedelta(minutes=1)
QUIET = timedelta(hours=1)
LONG_SILENCE = 300  # working minutes: more than twice the limit of a decision


class Start(NamedTuple):
    """When a limit begins, and whether it is of the kind that runs day and night."""

    at: object
    critical: bool


def past(now, *, kinds=60):
    """Starts whose rungs lie behind `now` in every number, and none within the next hour."""
    minutes = [at for at in oracle.working_minutes() if at < now - QUIET]
    # Seconds off the whole minute: no rung falls on the edge of a working day.
    ordinary = [Start(minutes[-1 - 61 * n] + timedelta(seconds=17), False) for n in range(kinds)]
    critical = [Start(now - timedelta(minutes=41 * n + 1, seconds=17), True) for n in range(kinds)]
    return [start for start in ordinary + critical if _quiet(start, now)]


def _quiet(start, now):
    """No rung of the start comes between a little before `now` and an hour later."""
    clock = _clock(start, Timing())
    rungs = oracle.rungs_of(clock)
    return not any(now - 5 * MINUTE < at < now + QUIET for _level, at in rungs)


def coming(first, seconds):
    """Critical starts whose limits turn yellow one after the other, a second apart."""
    clock = _clock(Start(first, True), Timing())
    before = clock.yellow_at - first
    return [Start(first + timedelta(seconds=n) - before, True) for n in range(seconds)]


def load(count, starts):
    """Add issues, dispatched to the cleaning unit, whose limits began at these starts in turn."""
    timing, number = Timing(), Issue.objects.count()
    clocks = {start: _clock(start, timing) for start in starts}
    sample, events = _sample()
    for first in range(0, count, BATCH):
        part = [starts[n % len(starts)] for n in range(first, min(first + BATCH, count))]
        _insert(sample, events, [(start, clocks[start]) for start in part], number + first)


def load_returned(count, now, *, kinds=40):
    """Add issues that were sent back and left undecided until the territory should have them.

    Their limit has only begun; that of the decision has run out twice, `kinds` times apart.
    """
    timing, number = Timing(), Issue.objects.count()
    minutes = [at for at in oracle.working_minutes() if at < now - QUIET]
    handling = _clock(Start(now - MINUTE, False), timing, least=960)
    waiting = [_decision(minutes[-1 - LONG_SILENCE - n], timing) for n in range(kinds)]
    sample, events = _sample()
    for n in range(count):
        decision = _fresh(waiting[n % kinds])
        start = Start(decision.started_at, False)
        with transaction.atomic():
            _insert(sample, events, [(start, handling)], number + n)
            issue = Issue.objects.latest("pk")
            issue.state, issue.returns = "returned", 1
            issue.save(update_fields=["state", "returns"])
            decision.issue = issue
            decision.save(force_insert=True)
            Return.objects.create(
                issue=issue, seq=issue.event_count, at=start.at, unit=issue.unit, reason="not_ours"
            )


def _decision(at, timing):
    unit = Organization.objects.get(code="clean")
    at = at.astimezone(UTC) + timedelta(seconds=17)
    return timing.start(Issue(critical=False), Clock.Kind.DECIDE, at=at, unit=unit)


def _sample():
    """A real report with its events; nothing of it stays in the database."""
    with transaction.atomic():
        issue = w.build().report()
        events = list(issue.events.order_by("seq"))
        transaction.set_rollback(True)
    return issue, events


def _clock(start, timing, *, least=60):
    condition = _condition(start.critical, least=least)
    issue = Issue(critical=start.critical, condition=condition)
    unit = Organization.objects.get(code="clean")
    return timing.start(issue, Clock.Kind.HANDLE, at=start.at.astimezone(UTC), unit=unit)


def _condition(critical, *, least=60):
    clock = "continuous" if critical else "working"
    found = Condition.objects.filter(clock=clock, minutes__range=(least, 960))
    return found.order_by("code")[0]


def _insert(sample, sample_events, starts, number):
    issues, events, clocks = [], [], []
    for n, (start, clock) in enumerate(starts, number):
        issue = _fresh(sample)
        issue.number, issue.created_at = f"CH-261124-{n:06}", clock.started_at
        issue.critical, issue.condition = start.critical, clock.issue.condition
        issue.yellow_at, issue.due_at = clock.yellow_at, clock.due_at
        issue.event_count, issue.last_hash = 0, ""
        issues.append(issue)
        for event in map(_fresh, sample_events):
            event.at, event.text_digest = clock.started_at, ""
            chain.append(issue, event)
            events.append((issue, event))
        clocks.append((issue, _fresh(clock)))
    assignments = [(one, Assignment(unit=one.unit, started_at=one.created_at)) for one in issues]
    with transaction.atomic():
        Issue.objects.bulk_create(issues)
        for model, rows in ((Event, events), (Clock, clocks), (Assignment, assignments)):
            for issue, row in rows:
                row.issue = issue
            model.objects.bulk_create(row for _issue, row in rows)


def _fresh(row):
    """A copy that is not in the database."""
    made = copy(row)
    made._state = copy(row._state)
    made.pk, made._state.adding = None, True
    made._state.fields_cache = dict(row._state.fields_cache)
    return made
