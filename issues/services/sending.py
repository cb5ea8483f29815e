"""Sending an issue to a unit, by rule or by hand."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from issues.dispatch import Position, Reason, Route, desk_for
from issues.models import Issue
from issues.services.turn import Turn
from issues.workflow import RULES, ClockAct, Rule, State, Verb
from partyorgs.models import Organization
from partyorgs.queries import staff_of


def send_by_rule(turn: Turn, *, found: Route, where: Position) -> None:
    """Dispatch to the unit the responsibility list names; without one the desk gets it.

    An issue that no rule can send is a visible state with a clock of its own,
    never a silent skip.
    """
    issue = turn.issue
    if found.unit is None:
        issue.unit, issue.level = desk_for(where, level=found.queue)
        turn.note_reasons(list(found.reasons))
        return
    issue.level = found.level
    turn.staff = found.staff
    turn.send_to(unit=found.unit, doer=found.doer, helpers=found.helpers)
    turn.apply(
        RULES[Verb.DISPATCH],
        to=State.DISPATCHED,
        unit=found.unit,
        on_behalf_of=found.doer if found.on_behalf else None,
        facts={"reasons": list(found.reasons), "by_rule": True},
    )


def send_by_hand(
    turn: Turn, *, rule: Rule, unit: Organization, text: str, reason: str, order: bool = False
) -> None:
    """Dispatch or redispatch to a unit that a person chose; its area tells the level.

    `order`: what it gets is a supervision order too, with a time to answer by.
    """
    chosen: Reason = {"code": "by_hand", "unit": unit.name}
    facts: dict[str, Any] = {"reasons": [chosen]} | ({"reason": reason} if reason else {})
    acts = (*rule.clocks, ClockAct.START_ANSWER) if order else rule.clocks
    if order:
        facts["order"] = True
    turn.issue.level = unit.area.level if unit.area else turn.issue.level
    turn.send_to(unit=unit, doer=None)
    turn.apply(rule, to=State.DISPATCHED, unit=unit, facts=facts, text=text, clock_acts=acts)


def unit_for_hand(issue: Issue, *, code: str, turn: Turn) -> Organization:
    """The unit with this code, if it may be sent this issue.

    Raises ValidationError {"unit": …}: unknown, a party organization (the branch
    owns and supervises, the unit does the work), another area's, or without
    anybody who could sign for it.
    """
    unit = Organization.objects.select_related("area").filter(code=code, active=True).first()
    if unit is None or not _serves_place(unit, issue):
        raise ValidationError({"unit": _("这里没有这个单位，请从列表里选。")})
    if unit.kind in Organization.PARTY_KINDS:
        raise ValidationError({"unit": _("党组织负责统筹和监督，请派给承办单位。")})
    if not staff_of(organizations=[unit], at=turn.now).serves(unit):
        raise ValidationError({"unit": _("这个单位还没有人能签收，请派给督促它的单位。")})
    return unit


def _serves_place(unit: Organization, issue: Issue) -> bool:
    places = {issue.community_id, issue.street_id, issue.district_id}
    return unit.area_id is None or unit.area_id in places
