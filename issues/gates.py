"""What must be so of an issue before a verb: each gate asks one thing, and says it in words."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from issues.models import Issue
from issues.terms import Asked, Gate, Outcome, State
from issues.workflow import (
    CONFERRED_AT,
    MOST_EXTENSIONS,
    MOST_SUSPENSIONS,
    RAISED_AT,
    REOPEN_WITHIN,
)
from matters.models import Category
from partyorgs.models import Level, Organization
from partyorgs.queries import staff_of

G = Gate
GRAVE = (Category.Urgency.CRITICAL, Category.Urgency.HIGH)


def _trivial(issue: Issue, _at: datetime) -> bool:
    """Neither critical nor of a leaf that is usually urgent, and never worked on twice."""
    grave = issue.category is not None and issue.category.urgency in GRAVE
    return issue.category is not None and not issue.critical and not grave and not issue.reworks


def _recent(issue: Issue, at: datetime) -> bool:
    return issue.closed_at is not None and at < issue.closed_at + timedelta(days=REOPEN_WITHIN)


def _undisputed(issue: Issue, at: datetime) -> bool:
    """A desk alone decides until the second return; what was judged stays where it is.

    But not with a unit that is no more: a judgement cannot bind whoever is not there.
    """
    if issue.judged:
        return _deserted(issue, at)
    return issue.state != State.RETURNED or issue.returns < CONFERRED_AT


def _deserted(issue: Issue, at: datetime) -> bool:
    """Whether the unit has ended, or nobody works there with an account any more."""
    unit = issue.unit
    return unit is None or not (unit.active and staff_of(organizations=[unit], at=at).serves(unit))


def _link_over(issue: Issue, at: datetime) -> bool:
    """A call-back waits, and its link has run out: nobody can answer by it any more."""
    if not issue.survey_asked:
        return False
    return not issue.call_backs.filter(answered_at=None, expires_at__gt=at).exists()


def _at_unit(issue: Issue, _at: datetime) -> bool:
    """A street's or district's desk decides on returns, so it sends nothing back to itself."""
    unit = issue.unit
    if unit is None or unit.kind != Organization.Kind.DESK:
        return True
    return unit.area_id not in (issue.street_id, issue.district_id)


ASKS: dict[Gate, Callable[[Issue, datetime], bool]] = {
    G.CHECKED: lambda issue, _at: issue.checked_at is not None,
    G.UNCHECKED: lambda issue, _at: issue.checked_at is None,
    G.SUPERVISED: lambda issue, _at: issue.answer_due_at is not None,
    G.CALLED: lambda issue, _at: issue.called_at is not None,
    G.HOTLINE: lambda issue, _at: issue.source == Issue.Source.HOTLINE,
    G.NOT_HOTLINE: lambda issue, _at: issue.source != Issue.Source.HOTLINE,
    G.UNDISPUTED: _undisputed,
    G.DISPUTED: lambda issue, _at: issue.returns == CONFERRED_AT,
    G.AT_UNIT: _at_unit,
    G.RETURNABLE: lambda issue, _at: not issue.judged and issue.returns < RAISED_AT,
    G.BELOW_DISTRICT: lambda issue, _at: issue.level != Level.DISTRICT,
    G.CRITICAL: lambda issue, _at: issue.critical,
    G.UNCRITICAL: lambda issue, _at: not issue.critical,
    G.TRIVIAL: _trivial,
    G.PARTS_DONE: lambda issue, _at: not issue.open_parts,
    G.PARTS_OPEN: lambda issue, _at: bool(issue.open_parts),
    G.CLASSIFIED: lambda issue, _at: issue.outcome != Outcome.OTHER,
    G.UNCLASSIFIED: lambda issue, _at: issue.outcome == Outcome.OTHER,
    G.BEFORE_DUE: lambda issue, at: issue.due_at is not None and at < issue.due_at,
    G.EXTENDABLE: lambda issue, _at: issue.extensions < MOST_EXTENSIONS,
    G.SUSPENDABLE: lambda issue, _at: issue.suspensions < MOST_SUSPENSIONS,
    G.WAS_LATE: lambda issue, _at: issue.was_late,
    G.UNAPPEALED: lambda issue, _at: not issue.appealed,
    G.NOTHING_ASKED: lambda issue, _at: not issue.asked,
    G.ASKED: lambda issue, _at: bool(issue.asked),
    G.EXTENSION_ASKED: lambda issue, _at: issue.asked == Asked.EXTENSION,
    G.SUSPENSION_ASKED: lambda issue, _at: issue.asked == Asked.SUSPENSION,
    G.APPEAL_ASKED: lambda issue, _at: issue.asked == Asked.APPEAL,
    G.RECENT: _recent,
    G.SAMPLED: lambda issue, _at: issue.sampled,
    G.SURVEYED: lambda issue, _at: issue.survey_asked,
    G.LINK_OVER: _link_over,
    G.ACTED_FIRST: lambda issue, _at: issue.countersign_by is not None,
}

# Why a verb is grey. A gate without words says nothing: its verb is not shown at all, for
# it belongs to another moment (nobody waits for a "check first" on every page).
WHY: dict[str, str | Promise] = {
    G.NOT_HOTLINE: _("热线工单要先反馈、再回访，由回访结案。"),
    G.UNDISPUTED: _("已经终审，或已退单两次：第二次由街道会商决定，第三次由上级终审。"),
    G.AT_UNIT: _("值守台不退单：请改派、报上级办理，或自己办理。"),
    G.RETURNABLE: _("已经终审，或已退单三次，不能再退。办不了请申请延期、挂账或会商。"),
    G.BELOW_DISTRICT: _("已经在区级，没有更上一级。"),
    G.UNCRITICAL: _("紧急事项不能延期，也不能挂账。"),
    G.TRIVIAL: _("紧急、较急或返过工的事项不能即办即结，要派遣、处置、核查。"),
    G.PARTS_DONE: _("还有协办单位没有完成，等它完成或取消协办。"),
    G.CLASSIFIED: _("办理结果是“其他”，要先更正为一种明确的结果。"),
    G.BEFORE_DUE: _("已经到期，只能在到期前申请延期。"),
    G.EXTENDABLE: _("已经延期两次，不能再延。"),
    G.SUSPENDABLE: _("已经挂账过一次，不能再挂。"),
    G.UNAPPEALED: _("已经申诉过一次，不能再申诉。"),
    G.NOTHING_ASKED: _("已有一项申请在等审批，先等结果或撤回。"),
    G.RECENT: _("结案已满 7 天，不能重新办理，请重新上报。"),
    "own_work": _("您办理过这件事，不能再核查、结案或审批，请由别人来做。"),
    "own_return": _("您退过这件事，会商决定和终审要由别人来做。"),
    "own_branch": _("办理人也在归属党支部任职，改由上报人或值守台核查。"),
    "own_request": _("申请人和审批人不能是同一个人。"),
}


def open_gates(issue: Issue, *, at: datetime) -> frozenset[Gate]:
    """Every gate that is open for this issue at that instant."""
    return frozenset(gate for gate, asks in ASKS.items() if asks(issue, at))


def why_shut(gate: str) -> str:
    """Why a verb is grey, for a reader; "" where it is not shown at all."""
    return str(WHY.get(gate, ""))
