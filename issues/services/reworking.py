"""Work that is done again: after a failed check, or taken up again after the end."""

from typing import Any

from issues.dispatch import desk_for, position_of
from issues.models import Clock, Issue
from issues.services.doing import Given, How, coded
from issues.services.raising import raise_level
from issues.services.turn import Turn
from issues.workflow import RAISED_AT, ClockAct, Rule, State, Verb


def undo(issue: Issue) -> None:
    """Count a rework and take back what was said of the work."""
    issue.reworks += 1
    issue.outcome, issue.planned_for = "", None
    issue.handled_at = issue.checked_at = None


def raise_third(turn: Turn) -> None:
    """The third rework raises the issue one level by itself (DOMAIN.md §4.4)."""
    if turn.issue.reworks == RAISED_AT:
        raise_level(turn, because="reworks")


def take_up_again(turn: Turn, rule: Rule, given: Given, **facts: Any) -> None:
    """An ended issue goes on: with the unit that had it, or at the desk where nobody did.

    It counts as a rework; the unit's limit goes on with what was left of it.
    What never was sent to a unit waits at the desk as a new report does.
    """
    issue = turn.issue
    undo(issue)
    issue.closed_at = None
    issue.sampled = issue.survey_asked = False
    code, text = coded(rule, given)
    if _was_sent(issue) and issue.unit is not None:
        turn.send_to(unit=issue.unit, doer=issue.doer)
        to, clock = State.HANDLING, ClockAct.AGAIN
    else:
        issue.doer = None
        issue.unit, issue.level = desk_for(position_of(issue))
        to, clock = State.REPORTED, ClockAct.START_ACCEPT
    turn.apply(
        rule,
        to=to,
        clock_acts=(clock,),
        facts=facts | ({"reason": code} if code else {}),
        text=text,
        unit=issue.unit,
    )
    raise_third(turn)


def _was_sent(issue: Issue) -> bool:
    """Whether a handling limit ever ran."""
    return issue.clocks.filter(kind=Clock.Kind.HANDLE).exists()


HOW: dict[Verb, How] = {Verb.REOPEN: take_up_again}
