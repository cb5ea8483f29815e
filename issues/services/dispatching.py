"""Sending an issue to a unit that a person chose."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from issues.services.deciding import decide
from issues.services.doing import Given, How, coded
from issues.services.sending import send_by_hand, unit_for_hand
from issues.services.turn import Turn
from issues.workflow import Rule, State, Verb
from partyorgs.models import Organization


def _dispatch(turn: Turn, rule: Rule, given: Given) -> None:
    """To a unit that a person chose; what was returned is decided by it."""
    if turn.issue.state == State.RETURNED:
        decide(turn, rule, given)
        return
    unit = unit_for_hand(turn.issue, code=given.unit, turn=turn)
    if rule.verb is Verb.REDISPATCH:
        _refuse_same(turn, unit)
    code, text = coded(rule, given)
    send_by_hand(turn, rule=rule, unit=unit, text=text, reason=code)


def _refuse_same(turn: Turn, unit: Organization) -> None:
    """Sent where it is already it would only lose its order, its call and its signature."""
    if unit.pk == turn.issue.unit_id:
        raise ValidationError({"unit": _("已经在这个单位，请选别的单位。")})


def _arrange(turn: Turn, rule: Rule, given: Given) -> None:
    """The community's head passes its own matter to a unit of the community or the street.

    To a desk it is referred up, with a reason.
    """
    issue = turn.issue
    near = [area for area in (issue.community, issue.street) if area]
    unit = unit_for_hand(issue, code=given.unit, turn=turn, areas=near)
    if unit.area_id is None:
        raise ValidationError({"unit": _("请选本社区或本街道的单位；别的单位请报上级安排。")})
    if unit.kind == Organization.Kind.DESK and unit.area_id == issue.street_id:
        raise ValidationError({"unit": _("要请街道办理，请用“报上级办理”并写明理由。")})
    _refuse_same(turn, unit)
    code, text = coded(rule, given)
    because = {"code": "arranged"}
    send_by_hand(turn, rule=rule, unit=unit, text=text, reason=code, because=because)


HOW: dict[Verb, How] = {
    Verb.DISPATCH: _dispatch,
    Verb.REDISPATCH: _dispatch,
    Verb.ARRANGE: _arrange,
}
