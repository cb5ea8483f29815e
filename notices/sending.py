"""Send what is due: claim, write the attempt, send, mark. It may be killed anywhere.

A notice leaves at least once and its key stays the same, so a receiver can tell a
repeat. Only this thread touches the outbox; `threads` wait for the outside.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection

from notices import channels, outcomes
from notices.channels.interface import Result
from notices.claiming import RELEASED_FOR, claim, deliver_in_app, lane_of, release
from notices.failpoints import reach
from notices.models import Notice
from notices.outcomes import Job

BATCH = 40
# A channel to persons rests after so many failures in a row: its server is down.
# A target rests after its first.
PATIENCE = 3
# An answer that takes longer lets its lane rest too, whatever it says: others wait.
SLOW = 5.0  # seconds
# After this long a call takes nothing new: whoever called has other work to do.
SECONDS = 20.0


@dataclass(slots=True)
class Sent:
    """What a call of `send_due` did: notices, bundles counted once."""

    shown: int = 0  # in the product
    sent: int = 0
    failed: int = 0  # attempts
    settled: int = 0  # not sent any more: superseded, expired, switched off


@dataclass(slots=True)
class Round:
    """One call: its time, its count and the lanes that turned out to be down."""

    now: datetime
    seconds: float
    started: float = field(default_factory=time.monotonic)
    tally: Sent = field(default_factory=Sent)
    failures: Counter[str] = field(default_factory=Counter)
    resting: set[str] = field(default_factory=set)

    def clock(self) -> datetime:
        """The time now: the door's, and what has passed since."""
        return self.now + timedelta(seconds=time.monotonic() - self.started)

    @property
    def over(self) -> bool:
        """The time of this call is used up."""
        return time.monotonic() - self.started >= self.seconds

    def note(self, job: Job, result: Result, took: float) -> None:
        """Count an attempt of so many seconds; let a lane that is down or slow rest."""
        lane = lane_of(job.notice)
        if took > SLOW:
            self.resting.add(lane)
        if result.ok:
            self.tally.sent += 1
            self.failures[lane] = 0
            return
        self.tally.failed += 1
        self.failures[lane] += result.retry and not result.disable
        if self.failures[lane] >= (1 if job.notice.target_id else PATIENCE):
            self.resting.add(lane)


def send_due(
    *, now: datetime, limit: int = 1000, threads: int = 1, seconds: float = SECONDS
) -> Sent:
    """Send what is due at `now`, about `limit` notices at most; what was done.

    After `seconds` nothing new is begun; what has begun ends by its own time-out.
    Any number of processes may do it at once. Nothing is raised for a receiver
    that is down or a notice that cannot be told: it becomes a failed attempt.
    """
    this = Round(now, seconds)
    this.tally.shown = _show(now, limit)
    taken = 0
    with ThreadPoolExecutor(threads) as pool:
        while taken < limit:
            claimed = claim(now=this.clock(), limit=min(BATCH, limit - taken), resting=this.resting)
            taken += claimed.moved
            reach("notices.after_claim")
            _send_in_handfuls(this, claimed.rows, threads, pool)
            if this.over or not claimed.moved:
                break
    return this.tally


def _send_in_handfuls(
    this: Round, rows: Sequence[Notice], size: int, pool: ThreadPoolExecutor
) -> None:
    """Send until the time is over; what is left then goes back and is due at once."""
    handfuls = _chunks(rows, size)
    for some in handfuls:
        _send_some(this, some, pool if size > 1 else None)
        if this.over:
            break
    release(rows=[row for some in handfuls for row in some], until=this.clock())


def _show(now: datetime, limit: int) -> int:
    shown = 0
    while shown < limit and (moved := deliver_in_app(now=now, limit=500)):
        shown += moved
    return shown


def _chunks(rows: Sequence[Notice], size: int) -> Iterator[list[Notice]]:
    return (list(rows[start : start + size]) for start in range(0, len(rows), size))


def _send_some(this: Round, rows: Iterable[Notice], pool: Executor | None) -> None:
    """Send a few at the same time; those of a lane that rests go back untried."""
    awake = []
    for row in rows:
        if lane_of(row) in this.resting:
            release(rows=[row], until=this.clock() + RELEASED_FOR)
        else:
            awake.append(row)
    jobs = outcomes.begin(awake, now=this.clock())
    this.tally.settled += len(awake) - len(jobs)
    begun = time.monotonic()
    for results in _results(jobs, pool):
        for job, result in results:
            reach("notices.after_send")
            this.note(job, result, time.monotonic() - begun)
        outcomes.finish(results, now=this.clock())


def _results(jobs: Sequence[Job], pool: Executor | None) -> Iterator[list[tuple[Job, Result]]]:
    """What came back, in the order and the handfuls in which it came."""
    if pool is None:
        yield from ([(job, _send(job))] for job in jobs)
        return
    waiting = {pool.submit(_send_apart, job): job for job in jobs}
    while waiting:
        done, _others = wait(waiting, return_when=FIRST_COMPLETED)
        yield [(waiting.pop(one), one.result()) for one in done]


def _send_apart(job: Job) -> Result:
    """In a thread of the pool: a channel may read the database, so its connection ends here."""
    try:
        return _send(job)
    finally:
        connection.close()


def _send(job: Job) -> Result:
    """One bad notice must not stop the others, so nothing gets past here."""
    if job.message is None:
        return Result(ok=False, error=job.error)
    try:
        return channels.send(
            channel=job.notice.channel,
            message=job.message,
            address=job.address,
            target=job.notice.target,
        )
    except Exception as error:  # noqa: BLE001 - recorded as the attempt's outcome
        return Result(ok=False, error=type(error).__name__)
