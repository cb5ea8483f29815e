"""The ways an issue ends."""

from typing import Any

from issues.models import Deviation, SampleRule
from issues.rules import branch_is_bound, looks_beside
from issues.services.doing import Given, How, do
from issues.services.outcomes import settle
from issues.services.sampling import sample
from issues.services.turn import Turn
from issues.workflow import Rule, Verb


def end(turn: Turn, rule: Rule, given: Given, **facts: Any) -> None:
    """The end of the issue; steps of the ladder that were still to come end with it.

    So do parts that are still open, and a call-back that waits. Whoever a higher room
    let look on looks on until that is over too: a called unit still says what became
    of it.
    """
    issue = turn.issue
    issue.assignments.filter(ended_at=None, subject="").update(ended_at=turn.now)
    waiting = issue.clocks.filter(stopped_at=None, next_at__isnull=False).exists()
    issue.closed_at = turn.now
    issue.open_parts = 0
    issue.survey_asked = False
    do(turn, rule, given, **facts, **({"steps_ended": True} if waiting else {}))


def relaxed(turn: Turn) -> bool:
    """Whether a branch did this in which the handler stands: only where the district allows it."""
    if turn.scope is None or turn.seat is None or looks_beside(turn.scope, turn.issue, turn.seat):
        return False
    return branch_is_bound(turn.issue, at=turn.now)


def _close(turn: Turn, rule: Rule, given: Given) -> None:
    end(turn, rule, given)
    if relaxed(turn):
        turn.deviate(Deviation.Kind.RELAXED)
    settle(turn.issue, Deviation.Kind.CLIMBED, now=turn.now)
    sample(turn, SampleRule.Of.CLOSED)


def _force(turn: Turn, rule: Rule, given: Given) -> None:
    """Ended without a check; stands publicly by its number, and its reporter is asked."""
    end(turn, rule, given)
    turn.deviate(Deviation.Kind.FORCED)
    sample(turn, SampleRule.Of.FORCED)


HOW: dict[Verb, How] = {
    Verb.CLOSE: _close,
    Verb.REJECT: end,
    Verb.CANCEL: end,
    Verb.FORCE_CLOSE: _force,
}
