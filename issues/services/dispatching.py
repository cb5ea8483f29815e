"""Sending an issue to a unit that a person chose."""

from issues.services.doing import Given, How, coded
from issues.services.sending import send_by_hand, unit_for_hand
from issues.services.turn import Turn
from issues.workflow import Rule, Verb


def _dispatch(turn: Turn, rule: Rule, given: Given) -> None:
    """To a unit that a person chose; late already, it owes an answer to an order at once.

    The limit runs on, and what its ladder did to the unit before it does not do again.
    """
    unit = unit_for_hand(turn.issue, code=given.unit, turn=turn)
    code, text = coded(rule, given)
    due = turn.issue.due_at
    late = rule.verb is Verb.REDISPATCH and due is not None and due <= turn.now
    send_by_hand(turn, rule=rule, unit=unit, text=text, reason=code, order=late)


HOW: dict[Verb, How] = {Verb.DISPATCH: _dispatch, Verb.REDISPATCH: _dispatch}
