"""The ways an issue ends."""

from issues.services.doing import Given, How, do
from issues.services.turn import Turn
from issues.workflow import Rule, Verb


def end(turn: Turn, rule: Rule, given: Given) -> None:
    """The end of the issue; steps of the ladder that were still to come end with it."""
    issue = turn.issue
    issue.assignments.filter(ended_at=None).update(ended_at=turn.now)
    waiting = issue.clocks.filter(stopped_at=None, next_at__isnull=False).exists()
    issue.closed_at = turn.now
    do(turn, rule, given, **({"steps_ended": True} if waiting else {}))


HOW: dict[Verb, How] = {Verb.CLOSE: end, Verb.REJECT: end, Verb.CANCEL: end}
