"""What comes by itself and changes the state: each a turn of its own, like a person's verb.

The plain rungs of a batch are written together (`steps`); these come after, one
by one, in the same transaction, each on the issue as it stands by then. A turn
may have stopped the clocks that come after it: those are left alone.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from issues.ladders import next_rung, put_on_ladder, rungs_of
from issues.models import Clock, Issue, Rung, Step
from issues.services.asking import pass_on, wake
from issues.services.lapsing import lapse, look_again
from issues.services.locking import locked_by_key
from issues.services.returning import fall_back
from issues.services.timing import Timing
from issues.services.turn import Turn
from issues.workflow import RULES, State, Verb


class Act(Protocol):
    """A service by which the rule book acts on an issue whose row is locked."""

    def __call__(self, *, issue: Issue, now: datetime) -> Issue: ...


ACTS: dict[str, tuple[Verb, Act]] = {
    Rung.Act.FALL_BACK: (Verb.FALL_BACK, fall_back),
    Rung.Act.NEXT_DEPUTY: (Verb.NEXT_DEPUTY, pass_on),
    Rung.Act.LAPSE: (Verb.LAPSE, lapse),
}


def is_turn(clock: Clock, rungs: Sequence[Rung]) -> bool:
    """Whether what comes next on this clock is a turn: it wakes, or its rung acts.

    A disabled rung does nothing but leave a line, as every other.
    """
    if clock.paused_at is not None:
        return True
    rung = next_rung(rungs, clock.level)
    return rung is not None and rung.act in ACTS and rung.disabled_at is None


def take_turns(clocks: Iterable[Clock], *, now: datetime) -> int:
    """Take the turn that has come on each of these clocks; how many there were.

    Their issues are locked by the caller's transaction. Whatever an earlier turn
    stopped is left alone; a clock that its turn left running waits for its next rung.
    """
    return sum(_turn(clock.pk, now) for clock in clocks)


def climb_late_checks(clocks: Iterable[Clock], *, now: datetime) -> None:
    """Look again, for each of these checks that are late, whether anybody there may do it."""
    for clock in clocks:
        if Clock.objects.filter(pk=clock.pk, stopped_at=None).exists():
            look_again(issue=locked_by_key(clock.issue_id), now=now)


def _turn(key: int, now: datetime) -> bool:
    running = Clock.objects.filter(stopped_at=None, parked_at=None, next_at__lte=now)
    clock = running.filter(pk=key).first()
    if clock is None:
        return False
    issue = locked_by_key(clock.issue_id)
    if clock.paused_at is not None:
        wake(issue=issue, now=now)
        return True
    rungs = rungs_of([clock.ladder_id]).get(clock.ladder_id or 0, [])
    rung, due = next_rung(rungs, clock.level), clock.next_at
    if rung is None or due is None:
        return False
    seq = issue.event_count + 1
    verb, act = ACTS[rung.act]
    if issue.state in RULES[verb].sources:
        act(issue=issue, now=now)
    left_out = issue.event_count < seq
    if left_out:
        _say(issue, clock, rung, now)
    Step.objects.create(
        clock=clock, level=rung.level, due_at=due, at=now, seq=seq, skipped=left_out
    )
    _go_on(clock.pk, rung, rungs)
    return True


def _say(issue: Issue, clock: Clock, rung: Rung, now: datetime) -> None:
    """A rung that had nothing to do is a line in the timeline too, never a silent skip."""
    turn = Turn(issue, scope=None, seat=None, now=now)
    facts = {
        "by_rule": True,
        "level": rung.level,
        "clock": clock.kind,
        "due": clock.due_at.isoformat(),
    }
    turn.apply(RULES[Verb.SKIP], to=State(issue.state), facts=facts, unit=issue.unit)
    turn.save()


def _go_on(key: int, rung: Rung, rungs: Sequence[Rung]) -> None:
    """The rung is behind the clock, which has stopped by it or waits for the next."""
    clock = Clock.objects.get(pk=key)
    clock.level = rung.level
    if clock.stopped_at is None:
        put_on_ladder(clock, rungs, Timing().calendar(clock.calendar))
    clock.save(update_fields=["level", "next_at", "ladder"])
