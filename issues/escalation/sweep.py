"""The sweep: every rung that has come is taken exactly once, however many sweep."""

import logging
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import OperationalError, connection, transaction

from issues.escalation.claims import claim, due_clocks
from issues.escalation.pulse import beat
from issues.escalation.steps import Known, Steps
from issues.escalation.turns import climb_late_checks, take_turns
from issues.escalation.writing import PAUSE, set_columns
from issues.models import Clock
from issues.services.parking import park
from notices.failpoints import reach
from notices.services import queue
from notices.storing import insert

log = logging.getLogger(__name__)

BATCH = {"postgresql": 500, "sqlite": 25}
ROUNDS = 5  # that find due clocks which somebody else holds
WAIT = 0.2  # seconds between such rounds

CLOCK_COLUMNS = ("level", "next_at", "ladder")
ISSUE_COLUMNS = ("escalated", "answer_due_at", "called_at", "event_count", "last_hash")


@dataclass
class Swept:
    """What a sweep did: clocks, steps taken, rows parked."""

    clocks: int = 0
    steps: int = 0
    parked: int = 0


def sweep(*, now: datetime, batch: int | None = None) -> Swept:
    """Take every rung due at `now`; any number of sweeps may run at once.

    Batch by batch: claim, steps, events and notices in one transaction, held by
    the unique key of a step. A batch that fails is done again row by row, and
    the bad row is parked with its error. Clocks of an issue that somebody else
    holds are tried again a few times, then left to the next sweep.
    """
    swept, known, begun = Swept(), Known(), time.monotonic()
    size, rounds = batch or BATCH[connection.vendor], 0

    def note() -> None:
        at = now + timedelta(seconds=time.monotonic() - begun)
        beat("sweep", now=at, facts={"steps": swept.steps, "parked": swept.parked})

    while rounds < ROUNDS:
        try:
            taken = _batch(swept, known, size, now)
        except OperationalError:
            # A deadlock or a lost connection: once more, then the next sweep.
            rounds += ROUNDS - 1
            if rounds > ROUNDS:
                raise
            continue
        if taken:
            note()
            time.sleep(PAUSE[connection.vendor])
        elif due_clocks(now=now).exists():
            rounds += 1
            time.sleep(WAIT)
        else:
            break
    note()
    return swept


def _batch(swept: Swept, known: Known, size: int, now: datetime) -> int:
    """One batch; how many clocks it dealt with."""
    keys: list[int] = []
    try:
        with transaction.atomic():
            clocks = claim(now=now, most=size)
            keys = [clock.pk for clock in clocks]
            reach("sweep.after_claim")
            steps = _take(clocks, known, now)
            reach("sweep.before_commit")
    except OperationalError:
        raise
    except Exception:
        log.exception("a batch of %d clocks failed and is done row by row", len(keys))
        return _one_by_one(swept, keys, now)
    swept.clocks += len(keys)
    swept.steps += steps
    return len(keys)


def _one_by_one(swept: Swept, keys: Collection[int], now: datetime) -> int:
    """A failed batch again, row by row, so that one bad row holds nobody up."""
    known = Known()
    for key in keys:
        try:
            with transaction.atomic():
                steps = _take(claim(now=now, most=1, only=[key]), known, now)
        except OperationalError:
            raise
        except Exception as problem:
            log.exception("clock %d is parked", key)
            swept.parked += park(clocks=[key], problem=problem, now=now)
            known = Known()
        else:
            swept.clocks += 1
            swept.steps += steps
    return len(keys)


def _take(clocks: list[Clock], known: Known, now: datetime) -> int:
    """Work the steps out and write them; how many there were."""
    if not clocks:
        return 0
    steps = Steps(clocks, known=known, now=now)
    steps.take_all()
    insert(steps.events)
    insert(steps.steps)
    reach("sweep.after_step")
    queue(notices=steps.drafts, now=now)
    insert(steps.started)
    set_columns(list(steps.issues.values()), ISSUE_COLUMNS)
    set_columns(clocks, CLOCK_COLUMNS)
    turned = take_turns(steps.turning, now=now)
    climb_late_checks(steps.late_checks.values(), now=now)
    reach("sweep.after_turn")
    return len(steps.steps) + turned
