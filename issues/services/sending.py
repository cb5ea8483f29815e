"""Sending an issue to a unit, by rule or by hand."""

from collections.abc import Collection, Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from grid.models import Area
from issues.dispatch import Position, Reason, Route, desk_for
from issues.models import Issue
from issues.queries import areas_in_question
from issues.services.turn import Turn
from issues.workflow import RAISED_AT, RULES, ClockAct, Rule, State, Verb
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
        turn.note(reasons=list(found.reasons))
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
    turn: Turn,
    *,
    rule: Rule,
    unit: Organization,
    text: str = "",
    reason: str = "",
    because: Reason | None = None,
    beside: Iterable[Reason] = (),
    acts: Iterable[str] | None = None,
    **facts: Any,
) -> None:
    """Send the issue to a unit that somebody chose; its area tells the level.

    `because`: why it is this unit, in place of "the desk chose it"; `beside`:
    more sentences of the timeline. What is late already, or was sent back three
    times, comes with a supervision order that is to be answered, for the rungs of
    the limit that were taken before are not taken again.
    """
    issue = turn.issue
    chosen: Reason = {"code": "by_hand"} if because is None else because
    facts["reasons"] = [chosen | {"unit": unit.name}, *beside, *_past_judgement(turn, rule)]
    if reason:
        facts["reason"] = reason
    clock_acts = [ClockAct(act) for act in (rule.clocks if acts is None else acts)]
    if order := _order(turn):
        facts["order"] = order
        clock_acts.append(ClockAct.START_ANSWER)
    issue.level = unit.area.level if unit.area else issue.level
    turn.send_to(unit=unit, doer=None)
    turn.apply(rule, to=State.DISPATCHED, unit=unit, facts=facts, text=text, clock_acts=clock_acts)


def _past_judgement(turn: Turn, rule: Rule) -> list[Reason]:
    """A judgement named one unit; once nobody is there (gate "undisputed") it binds nobody.

    Whoever comes after was not part of the argument. What to say of it; nothing
    where nothing was judged.
    """
    issue = turn.issue
    if not issue.judged or issue.unit is None or rule.verb is Verb.JUDGE:
        return []
    issue.judged = False
    return [{"code": "deserted", "unit": issue.unit.name}]


def _order(turn: Turn) -> bool | str:
    """Whether a supervision order goes with it: True when late, "returns" after the third."""
    issue = turn.issue
    if issue.state == State.RETURNED and issue.returns >= RAISED_AT:
        return "returns"
    at_desk = issue.state == State.PENDING_DISPATCH
    return not at_desk and issue.due_at is not None and issue.due_at <= turn.now


def unit_for_hand(
    issue: Issue,
    *,
    code: str,
    turn: Turn,
    field: str = "unit",
    areas: Collection[Area] | None = None,
) -> Organization:
    """The unit with this code, if it may be sent this issue.

    `areas`: where it has to serve; the issue's own, and the right place that a
    return names. Raises ValidationError {field: …}: unknown, a party organization
    (the branch owns and supervises, the unit does the work), another area's, or
    without anybody who could sign for it.
    """
    if areas is None:
        areas = areas_in_question(issue)
    unit = Organization.objects.select_related("area").filter(code=code, active=True).first()
    if unit is None or not serves(unit, areas):
        raise ValidationError({field: _("这里没有这个单位，请从列表里选。")})
    if unit.kind in Organization.PARTY_KINDS:
        raise ValidationError({field: _("党组织负责统筹和监督，请派给承办单位。")})
    if not staff_of(organizations=[unit], at=turn.now).serves(unit):
        raise ValidationError({field: _("这个单位还没有人能签收，请派给督促它的单位。")})
    return unit


def serves(unit: Organization, areas: Collection[Area]) -> bool:
    """Whether the unit serves one of these areas; one without an area serves everywhere."""
    return unit.area_id is None or unit.area_id in {area.pk for area in areas}
