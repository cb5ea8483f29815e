"""When a calendar changes, the limits that run on it are reckoned anew, and say so."""

import logging
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet

from issues import chain, clocks
from issues.escalation.writing import PAUSE, set_columns
from issues.ladders import put_on_ladder, rungs_of
from issues.models import Clock, Event, Issue
from issues.services.parking import park
from issues.workflow import Verb
from worktime.arithmetic import WorkCalendar
from worktime.queries import calendar_stamps, changes_since, stamped_calendar

log = logging.getLogger(__name__)

BATCH = 200
CLOCK_COLUMNS = ("yellow_at", "due_at", "provisional", "next_at", "calendar_stamp")
ISSUE_COLUMNS = ("yellow_at", "due_at", "answer_due_at", "event_count", "last_hash")


def reckon_all(*, now: datetime) -> int:
    """Reckon every running limit whose calendar is not the one it was reckoned with.

    What is held still is left alone: it goes on with what was left, by the
    calendar of that day.
    The clock carries its calendar's stamp, so a round that was cut off goes on
    where it stopped, and two at once do the work once. Each due time that moves
    is an event: from when to when, and because of what. How many moved.
    """
    moved = 0
    for code, stamp in calendar_stamps().items():
        moved += sum(_batches(code, stamp, now))
    return moved


def _batches(code: str, stamp: str, now: datetime) -> Iterator[int]:
    """How many moved, batch by batch, until every limit carries the stamp."""
    running = _running(code).filter(parked_at=None)
    # Two ranges of one index: what differs lies below or above.
    for part in (
        running.filter(calendar_stamp__lt=stamp),
        running.filter(calendar_stamp__gt=stamp),
    ):
        while keys := list(part.order_by("issue_id").values_list("issue_id", flat=True)[:BATCH]):
            reckoned, moved = _batch(keys, code, now)
            yield moved
            if not reckoned:
                # The calendar has changed once more: the next round has its stamp.
                return
            time.sleep(PAUSE[connection.vendor])


def _running(code: str) -> QuerySet[Clock]:
    """The limits that run by this calendar now; of one that is held still no time goes by."""
    return Clock.objects.filter(stopped_at=None, paused_at=None, calendar=code)


def _batch(keys: list[int], code: str, now: datetime) -> tuple[int, int]:
    """A batch in a transaction; one that fails again issue by issue, the bad one parked."""
    try:
        with transaction.atomic():
            return _reckon(keys, code, now)
    except OperationalError:
        raise
    except Exception as problem:
        log.exception("reckoning %d limits failed", len(keys))
        if len(keys) > 1:
            parts = [_batch([key], code, now) for key in keys]
            return sum(part[0] for part in parts), sum(part[1] for part in parts)
        bad = _running(code).filter(issue_id__in=keys)
        return park(clocks=bad.values_list("pk", flat=True), problem=problem, now=now), 0


def _reckon(keys: list[int], code: str, now: datetime) -> tuple[int, int]:
    """One batch: how many were reckoned, how many of them moved.

    Issues are locked in order; what a verb stopped meanwhile is left alone.
    """
    issues = Issue.objects.filter(pk__in=keys).order_by("pk").defer("description")
    if connection.features.has_select_for_update:
        issues = issues.select_for_update(no_key=True)
    held = {issue.pk: issue for issue in issues}
    stamp, calendar = stamped_calendar(code)
    running = _running(code).filter(issue_id__in=held)
    stale = list(running.exclude(calendar_stamp=stamp).order_by("issue_id", "pk"))
    rungs = rungs_of(clock.ladder_id for clock in stale)
    because = _because(code, stale)
    events = []
    for clock in stale:
        before, issue = clock.due_at, held[clock.issue_id]
        _again(clock, calendar)
        clock.calendar_stamp = stamp
        put_on_ladder(clock, rungs.get(clock.ladder_id or 0, []), calendar)
        if clock.kind in Clock.MAIN:
            issue.yellow_at, issue.due_at = clock.yellow_at, clock.due_at
        elif clock.kind == Clock.Kind.ANSWER:
            issue.answer_due_at = clock.due_at
        if clock.due_at != before:
            events.append(_event(issue, clock, before, because, now))
    Event.objects.bulk_create(events)
    set_columns(list(held.values()), ISSUE_COLUMNS)
    set_columns(stale, CLOCK_COLUMNS)
    return len(stale), len(events)


def _again(clock: Clock, calendar: WorkCalendar) -> None:
    """Its due times; of a limit that runs day and night only later rungs can move."""
    if clock.continuous:
        return
    limit = clocks.Limit(clock.granted_minutes, continuous=False)
    due = clocks.start(limit, at=clock.started_at, calendar=calendar)
    clock.yellow_at, clock.due_at = due.yellow_at, due.due_at
    clock.provisional = due.provisional


def _because(code: str, stale: list[Clock]) -> dict[str, Any]:
    """The latest change of the calendar since the oldest of these limits started."""
    if not stale:
        return {}
    changes = changes_since(code=code, at=min(clock.started_at for clock in stale))
    if not changes:
        return {}
    last = changes[0]
    return {
        "kind": last.kind,
        "calendar": last.calendar.name,
        "source": last.source,
        "first": last.first.isoformat() if last.first else "",
        "last": last.last.isoformat() if last.last else "",
        "days": last.days,
    }


def _event(
    issue: Issue, clock: Clock, before: datetime, because: dict[str, Any], now: datetime
) -> Event:
    facts = {
        "by_rule": True,
        "clock": clock.kind,
        "from": before.isoformat(),
        "to": clock.due_at.isoformat(),
        "because": because,
    }
    event = Event(
        issue=issue,
        at=now,
        verb=Verb.RECKON,
        from_state=issue.state,
        to_state=issue.state,
        unit_id=issue.unit_id,
        facts=facts,
    )
    chain.append(issue, event)
    return event
