"""即办即结: a trivial matter fixed on the spot, ended unchecked and counted apart."""

from collections.abc import Sequence
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from issues.gates import open_gates, why_shut
from issues.models import SampleRule
from issues.services.doing import Given, How, do
from issues.services.ending import end
from issues.services.outcomes import note_visit
from issues.services.sampling import sample
from issues.services.turn import Turn
from issues.services.words import MAX_NOTE, cleaned
from issues.workflow import RULES, Gate, Outcome, Rule, Verb
from partyorgs.rules import CELL_ROLES


def settle_in_report(turn: Turn, note: str, *, photos: Sequence[UUID | str]) -> None:
    """Report and resolve in one form: apply it after the report, in place of filing and dispatch.

    `note`: what was done; `photos` show it. No clock survives. ValidationError by the report's
    fields: "settled" where a cell worker's own trivial matter it is not,
    "category" without a leaf.
    """
    issue, seat = turn.issue, turn.seat
    said = cleaned(note, field="settled", longest=MAX_NOTE)
    if not said:
        raise ValidationError({"settled": _("请写一句话说明怎么解决的。")})
    if seat is None or seat.role not in CELL_ROLES:
        raise ValidationError({"settled": _("只有网格里的人员能即办即结，请直接上报。")})
    if issue.category is None:
        raise ValidationError({"category": _("请先选择事项类别。")})
    if Gate.TRIVIAL not in open_gates(issue, at=turn.now):
        raise ValidationError({"settled": why_shut(Gate.TRIVIAL)})
    _settle(turn, RULES[Verb.SETTLE], Given(note=said, attachments=photos))


def _settle(turn: Turn, rule: Rule, given: Given) -> None:
    """The end without a check: some of them are drawn by lot and looked at afterwards.

    What is shown by a photo of another issue always is.
    """
    issue = turn.issue
    facts = note_visit(turn, given)
    issue.outcome, issue.closed_at = Outcome.SETTLED, turn.now
    # A report that is settled at once was never sent to anybody.
    act = end if issue.pk else do
    act(turn, rule, given, outcome=str(Outcome.SETTLED), **facts)
    sample(turn, SampleRule.Of.SETTLED)


HOW: dict[Verb, How] = {Verb.SETTLE: _settle}
