"""What comes next, and who owes it: sentences for pages."""

from collections.abc import Iterable

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from grid.models import Area
from issues.models import Issue
from issues.presenter import words
from issues.who import waiting_request
from issues.workflow import CONFERRED_AT, RAISED_AT, Outcome, State, Verb

ASKING = (Verb.ASK_EXTENSION, Verb.ASK_SUSPENSION, Verb.APPEAL)


def together(sentences: Iterable[str]) -> str:
    """Sentences one after another; Chinese puts no space between them."""
    between = " " if (get_language() or "").startswith("en") else ""
    return between.join(sentences)


def state_words(state: str, *, checked: bool) -> str:
    """The state's name; a checked issue waits for its branch to close it."""
    if state == State.HANDLED and checked:
        return _("待结案")
    return words.state_name(state)


def next_step(issue: Issue) -> str:
    """Who must act next and how; empty when nobody must."""
    if not issue.is_open:
        return ""
    names = {
        "unit": issue.unit.name if issue.unit else "",
        "desk": _desk_name(issue),
        "district": _desk_of(issue.district),
        "street": issue.street.name if issue.street else _("区里"),
        "owner": issue.owner.name if issue.owner else "",
        "cell": issue.cell.label if issue.cell else "",
        "day": words.last_day(issue.suspended_until) if issue.suspended_until else "",
    }
    return _sentence(issue) % names


def _sentence(issue: Issue) -> str:
    if issue.state == State.HANDLED:
        return _closing(issue) if issue.checked_at else _checking(issue)
    if issue.state == State.RETURNED:
        return _deciding(issue)
    if issue.state == State.PENDING_VERIFY:
        return _("等%(cell)s的网格员或社区核实") if issue.cell_id else _("等%(desk)s核实")
    return {
        State.REPORTED: _("等%(desk)s决定是否受理"),
        State.PENDING_DISPATCH: _("等%(desk)s派遣给承办单位"),
        State.DISPATCHED: _("等%(unit)s签收"),
        State.HANDLING: _("由%(unit)s处置"),
        State.SUSPENDED: _("等到 %(day)s 过后自动恢复，由%(unit)s接着办"),
        State.PENDING_CALLBACK: _("等%(desk)s回访，回访后结案"),
    }[State(issue.state)]


def _deciding(issue: Issue) -> str:
    """Who decides on a return: the desk, from the second the street's conference, then above."""
    if issue.returns >= RAISED_AT:
        return _("%(unit)s已退单，等%(district)s终审")
    if issue.returns >= CONFERRED_AT:
        return _("%(unit)s已退单，等%(street)s会商决定")
    return _("%(unit)s已退单，等%(desk)s改派")


def must_visit(issue: Issue) -> bool:
    """Whether only a check on the spot will do (DOMAIN.md §4.5)."""
    return bool(issue.must_visit or issue.critical or issue.reworks)


def _checking(issue: Issue) -> str:
    """Whoever may look; critical matters and reworks on the spot only."""
    on_site = must_visit(issue)
    if issue.cell_id:
        return (
            _("等上报人或%(cell)s的其他网格员到现场核查")
            if on_site
            else _("等上报人或%(cell)s的其他网格员核查")
        )
    return _("等上报人或%(desk)s到现场核查") if on_site else _("等上报人或%(desk)s核查")


def _closing(issue: Issue) -> str:
    """What is missing before the end: a definite outcome, the hotline's answer, the closing."""
    if issue.outcome == Outcome.OTHER:
        return _("核查已通过，等核查人把结果“其他”更正为明确的结果")
    if issue.source == Issue.Source.HOTLINE:
        return _("核查已通过，等%(desk)s反馈热线")
    return _("核查已通过，等%(owner)s结案") if issue.owner_id else _("核查已通过，等%(desk)s结案")


def _desk_name(issue: Issue) -> str:
    """The desk that has it; a unit that returned it or does it is not that desk."""
    if issue.state in (State.REPORTED, State.PENDING_DISPATCH) and issue.unit:
        return issue.unit.name
    return _desk_of(issue.street or issue.district)


def _desk_of(area: Area | None) -> str:
    return _("%(area)s值守台") % {"area": area.name} if area else _("值守台")


def reported_words(issue: Issue) -> str:
    """What became of a report, for the person who sent it."""
    parts = [_("已上报，编号 %(number)s。") % {"number": issue.number}]
    if issue.cell:
        parts.append(_("位置在%(cell)s。") % {"cell": issue.cell.label})
    else:
        parts.append(_("位置不在已划的网格内。"))
    if issue.owner:
        parts.append(_("由%(owner)s负责。") % {"owner": issue.owner.name})
    parts.append(_sent_words(issue))
    return together(parts)


def _sent_words(issue: Issue) -> str:
    due = timezone.localtime(issue.due_at).strftime("%m-%d %H:%M") if issue.due_at else ""
    unit = issue.unit.name if issue.unit else _("值守台")
    if issue.state == State.DISPATCHED:
        return _("已派给%(unit)s，要在 %(due)s 前办好。") % {"unit": unit, "due": due}
    return _("已交给%(unit)s，%(due)s 前会有答复。") % {"unit": unit, "due": due}


def done_words(verb: str, issue: Issue) -> str:
    """What a verb just did, for the person who pressed it."""
    decides = _whose_answer(issue) if verb in ASKING else ""
    facts = {"verb": words.verb_name(verb), "next": decides or next_step(issue)}
    if facts["next"]:
        return _("“%(verb)s”已记录。接下来：%(next)s。") % facts
    return _("“%(verb)s”已记录。") % facts


def _whose_answer(issue: Issue) -> str:
    """Whose turn it is to decide what was just asked; "" where nobody is there to."""
    asked = waiting_request(issue)
    if asked is None or not asked.asked_users:
        return ""
    return _("等%(deputy)s审批") % {"deputy": words.deputy_name(asked.deputy)}
