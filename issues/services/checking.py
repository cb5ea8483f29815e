"""Handling and checking: what was done, and whether it holds."""

from issues.services.doing import Given, How, do, on_behalf
from issues.services.raising import raise_level
from issues.services.turn import Turn
from issues.workflow import RAISED_AT, Rule, State, Verb


def _handle(turn: Turn, rule: Rule, given: Given) -> None:
    issue = turn.issue
    issue.outcome = given.outcome
    issue.handled_at, issue.checked_at = turn.now, None
    turn.apply(
        rule,
        to=State.HANDLED,
        facts={"outcome": given.outcome},
        text=given.note,
        unit=issue.unit,
        on_behalf_of=on_behalf(turn, rule),
    )


def _check(turn: Turn, rule: Rule, given: Given) -> None:
    """Pass, or send the work back; the handling clock then gets the time that was left."""
    issue = turn.issue
    passed = bool(given.passed)
    if passed:
        issue.checked_at = turn.now
    else:
        issue.reworks += 1
        issue.outcome, issue.handled_at = "", None
    do(turn, rule, given, passed=passed)
    if not passed and issue.reworks == RAISED_AT:
        raise_level(turn, because="reworks")


HOW: dict[Verb, How] = {Verb.HANDLE: _handle, Verb.CHECK: _check}
