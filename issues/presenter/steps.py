"""What comes next, and who owes it: sentences for pages."""

from collections.abc import Iterable

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from issues.models import Issue
from issues.presenter import words
from issues.workflow import State


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
        "owner": issue.owner.name if issue.owner else "",
        "cell": issue.cell.label if issue.cell else "",
    }
    return _sentence(issue) % names


def _sentence(issue: Issue) -> str:
    if issue.state == State.HANDLED:
        return _closing(issue) if issue.checked_at else _checking(issue)
    return {
        State.REPORTED: _("等%(desk)s决定是否受理"),
        State.PENDING_DISPATCH: _("等%(desk)s派遣给承办单位"),
        State.DISPATCHED: _("等%(unit)s签收"),
        State.HANDLING: _("由%(unit)s处置"),
        State.RETURNED: _("%(unit)s已退单，等%(desk)s改派"),
    }[State(issue.state)]


def _checking(issue: Issue) -> str:
    if issue.cell_id:
        return _("等上报人或%(cell)s的其他网格员核查")
    return _("等上报人或%(desk)s核查")


def _closing(issue: Issue) -> str:
    return _("核查已通过，等%(owner)s结案") if issue.owner_id else _("核查已通过，等%(desk)s结案")


def _desk_name(issue: Issue) -> str:
    """The desk that has it; a unit that returned it or does it is not that desk."""
    if issue.state in (State.REPORTED, State.PENDING_DISPATCH) and issue.unit:
        return issue.unit.name
    area = issue.street or issue.district
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
    facts = {"verb": words.verb_name(verb), "next": next_step(issue)}
    if facts["next"]:
        return _("“%(verb)s”已记录。接下来：%(next)s。") % facts
    return _("“%(verb)s”已记录。") % facts
