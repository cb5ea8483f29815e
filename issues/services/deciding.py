"""Deciding on a return: redispatch, a conference of the street, the final judgement."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from grid.models import Cell
from issues.dispatch import Reason
from issues.models import Return
from issues.queries import open_return
from issues.services.doing import Given, How, coded
from issues.services.sending import send_by_hand, serves, unit_for_hand
from issues.services.turn import Turn
from issues.workflow import Rule, Verb
from partyorgs.models import Organization
from partyorgs.queries import owner_of

WAYS = {
    Verb.REDISPATCH: (Return.How.DESK, "by_hand"),
    Verb.CONFER: (Return.How.CONFERENCE, "conferred"),
    Verb.JUDGE: (Return.How.JUDGEMENT, "judged"),
}


def decide(
    turn: Turn, rule: Rule, given: Given, *, beside: Sequence[Reason] = (), **facts: Any
) -> Organization:
    """Send what was returned to the unit that is to do it; the limit runs on (DOMAIN.md §4.5).

    Where the place was wrong and the decision follows that, the issue moves to
    the right cell and its owner. `beside`: more sentences of the timeline.
    Returns the unit; ValidationError by field.
    """
    how, why = WAYS[rule.verb]
    back = open_return(turn.issue)
    unit = unit_for_hand(turn.issue, code=given.unit, turn=turn)
    if back and back.right_cell and _follows(turn, back, unit):
        beside = [*beside, _move(turn, back.right_cell)]
    code, text = coded(rule, given)
    because: Reason = {"code": why}
    send_by_hand(
        turn, rule=rule, unit=unit, text=text, reason=code, because=because, beside=beside, **facts
    )
    close_return(turn, how=how, sent_to=unit)
    return unit


def close_return(turn: Turn, *, how: str = "", sent_to: Organization | None = None) -> None:
    """The return that waited is decided by the last event; nothing where none waits."""
    turn.issue.sent_back.filter(decided_at=None).update(
        decided_at=turn.now, decided_seq=turn.events[-1].seq, how=how, sent_to=sent_to
    )


def _follows(turn: Turn, back: Return, unit: Organization) -> bool:
    """Whether the decision accepts the right place: the proposed unit, or one of there alone."""
    if unit.pk == back.unit_id:
        return False
    return unit.pk == back.proposed_id or not serves(unit, turn.issue.areas)


def _move(turn: Turn, cell: Cell) -> Reason:
    """Put the issue into the right cell, owned by whoever owns that now; what to say of it."""
    issue, owner = turn.issue, owner_of(cell=cell, at=turn.now)
    said: Reason = {
        "code": "moved" if owner else "moved_unowned",
        "cell": cell.code,
        "name": cell.name,
        "from_cell": issue.cell.code if issue.cell else "",
        "owner": owner.name if owner else "",
    }
    issue.cell, issue.owner = cell, owner
    issue.community, issue.street, issue.district = cell.community, cell.street, cell.district
    if issue.also_cell_id == cell.pk:
        issue.also_cell = issue.also_owner = None
    return said


def _judge(turn: Turn, rule: Rule, given: Given) -> None:
    """The argument is over: every return of the issue counts against whoever was wrong.

    The unit that must do it after all returned it wrongly; to any other unit it
    was sent wrongly. Where nobody could know, it counts against nobody.
    """
    issue, back = turn.issue, open_return(turn.issue)
    issue.judged = True
    if back is None or given.reason == "nobody_clear":
        decide(turn, rule, given)
        return
    wrong = given.unit == back.unit.code
    _agree(given, wrong=wrong)
    against = Return.Against.UNIT if wrong else Return.Against.DISPATCHER
    said: Reason = {"code": f"against_{against}", "unit": back.unit.name}
    unit = decide(turn, rule, given, beside=[said], against=str(against))
    argued = issue.sent_back.exclude(how=Return.How.REFERRED)
    argued.filter(unit=unit).update(against=Return.Against.UNIT)
    argued.exclude(unit=unit).update(against=Return.Against.DISPATCHER)


def _agree(given: Given, *, wrong: bool) -> None:
    """The reason and the unit must say the same of whoever sent it back."""
    if given.reason == "unit_wrong" and not wrong:
        raise ValidationError(
            {"unit": _("认定退单不成立，就要由退单的单位办理；请改选单位或理由。")}
        )
    if given.reason == "unit_right" and wrong:
        raise ValidationError({"unit": _("认定退单成立，就要由别的单位办理；请改选单位或理由。")})


def _confer(turn: Turn, rule: Rule, given: Given) -> None:
    """The street's conference decides; who took part, by role, stands in the note."""
    decide(turn, rule, given)


HOW: dict[Verb, How] = {Verb.CONFER: _confer, Verb.JUDGE: _judge}
