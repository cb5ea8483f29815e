"""Handling and checking: what was done, and whether it holds."""

from dataclasses import replace

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from issues.models import Deviation
from issues.services.checkers import level_of
from issues.services.doing import Given, How, do, on_behalf
from issues.services.ending import relaxed
from issues.services.lapsing import climb, has_climbed
from issues.services.outcomes import note_visit, refuse_from_afar, say_outcome, settle
from issues.services.people import People
from issues.services.reworking import raise_third, take_up_again, undo
from issues.services.turn import Turn
from issues.workflow import ClockAct, Outcome, Rule, State, Verb

Kind = Deviation.Kind
# A look settles these on the list of exceptions, whatever it finds.
UNSEEN = (Kind.OTHER_CHECKER, Kind.CLIMBED, Kind.UNCHECKED)
# What was checked above comes down again to be closed.
DOWN = (ClockAct.STOP, ClockAct.START_CHECK)


def _handle(turn: Turn, rule: Rule, given: Given) -> None:
    issue = turn.issue
    facts = say_outcome(turn, given) | note_visit(turn, given)
    issue.handled_at, issue.checked_at = turn.now, None
    turn.apply(
        rule,
        to=State.HANDLED,
        facts=facts,
        text=given.note,
        unit=issue.unit,
        on_behalf_of=on_behalf(turn, rule),
    )
    find_checker(turn)


def find_checker(turn: Turn) -> None:
    """Work out who can look at what this turn has done; the last event is the work.

    Nobody checks own work. Where a doer stands in the owning branch the reporter
    or the desk checks, which is put on record; where nobody at this level may,
    the check climbs (issue text "Nobody checks own work").
    """
    level = level_of(turn)
    if level.bound:
        turn.deviate(Kind.OTHER_CHECKER)
        _tell_desk(turn)
    if not level.check:
        climb(turn)


def _tell_desk(turn: Turn) -> None:
    """Beside the branch, which steps aside: from now on the desk may have to look."""
    people = People(turn.now)
    people.load([turn.issue], ["desk"])
    turn.told["owner"] = people.of(turn.issue, "desk")


def _reclassify(turn: Turn, rule: Rule, given: Given) -> None:
    """A definite outcome in place of "other", by whoever checks and before the closing."""
    if given.outcome == Outcome.OTHER:
        raise ValidationError({"outcome": _("请更正为一种明确的结果，不能还是“其他”。")})
    do(turn, rule, given, **say_outcome(turn, given))


def _check(turn: Turn, rule: Rule, given: Given) -> None:
    """Pass, or send the work back; the handling clock then gets the time that was left."""
    issue = turn.issue
    refuse_from_afar(issue, given)
    by_relaxed = relaxed(turn)
    if given.passed:
        _pass(turn, rule, given)
    else:
        undo(issue)
        do(turn, rule, given, passed=False, way=given.way)
    settle(issue, *UNSEEN, now=turn.now)
    if by_relaxed:
        turn.deviate(Kind.RELAXED)
    if given.passed:
        _find_closer(turn)
    else:
        raise_third(turn)


def _pass(turn: Turn, rule: Rule, given: Given) -> None:
    issue = turn.issue
    issue.checked_at = turn.now
    down = has_climbed(issue)
    if down:
        rule = replace(rule, clocks=DOWN)
    do(turn, rule, given, passed=True, way=given.way)


def _find_closer(turn: Turn) -> None:
    """What nobody at this level may close goes up at once and does not wait for the ladder."""
    if not level_of(turn).close:
        climb(turn)


def _spot_check(turn: Turn, rule: Rule, given: Given) -> None:
    """Somebody looks after all at what ended unchecked; what does not hold is done again."""
    issue = turn.issue
    refuse_from_afar(issue, given)
    by_relaxed = relaxed(turn)
    if given.passed:
        issue.checked_at = turn.now
        do(turn, rule, given, passed=True, way=given.way)
    if by_relaxed and given.passed:
        turn.deviate(Kind.RELAXED)
    if not given.passed:
        take_up_again(turn, rule, given, passed=False, way=given.way)
    settle(issue, *UNSEEN, now=turn.now)


HOW: dict[Verb, How] = {
    Verb.HANDLE: _handle,
    Verb.RECLASSIFY: _reclassify,
    Verb.CHECK: _check,
    Verb.SPOT_CHECK: _spot_check,
}
