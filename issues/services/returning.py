"""Returns: a unit sends work back, and somebody decides whose it is."""

from issues.services.doing import Given, How, do
from issues.services.raising import raise_level
from issues.services.turn import Turn
from issues.workflow import RAISED_AT, Rule, Verb


def _return(turn: Turn, rule: Rule, given: Given) -> None:
    turn.issue.returns += 1
    do(turn, rule, given)
    if turn.issue.returns == RAISED_AT:
        raise_level(turn, because="returns")


HOW: dict[Verb, How] = {Verb.RETURN: _return}
