"""Call-backs: what staff see of the link, and what the reporter sees behind it."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from issues.models import CallBack, Issue
from issues.presenter import words
from issues.rules import may
from issues.services.surveying import answering_rule
from partyorgs.rules import Scope

Fact = dict[str, Any]


def call_back_facts(issue: Issue, scope: Scope) -> Fact | None:
    """The call-back that waits, for those who may make it themselves; else nothing.

    `url` is the path of the secret link, "" once it has expired: whoever holds it
    answers as the reporter, so it is kept from whoever did the work.
    """
    rule = answering_rule(issue, at=scope.at) if issue.survey_asked else None
    if rule is None or may(scope, rule, issue) is None:
        return None
    waiting = issue.call_backs.filter(answered_at=None).first()
    if waiting is None:
        return None
    alive = scope.at < waiting.expires_at
    return {
        "url": reverse("call_back", args=[waiting.token]) if alive else "",
        "because": waiting.get_because_display(),
        "expires": timezone.localtime(waiting.expires_at),
    }


def call_back_lines(asked: CallBack) -> list[Fact]:
    """What the reporter needs to know the matter again, for parts/facts.html.

    Nothing that anybody typed: a link can be passed on, and what was typed may
    hold a name. So the place is the register's or the cell's, never in words.
    """
    issue = asked.issue
    matter = issue.category.name if issue.category else _("未分类的问题")
    return [
        {"label": _("编号"), "value": issue.number},
        {"label": _("什么事"), "value": matter},
        {"label": _("地点"), "value": _place(issue)},
        {"label": _("上报时间"), "value": _day(issue.created_at)},
        {"label": _("办理结果"), "value": _result(issue)},
        {"label": _("请在这天前答复"), "value": _day(asked.expires_at)},
    ]


def _place(issue: Issue) -> str:
    if issue.place:
        return str(issue.place)
    names = [str(issue.community)] if issue.community else []
    if issue.cell:
        names.append(issue.cell.label)
    return " · ".join(names)


def _result(issue: Issue) -> str:
    return words.outcome_name(issue.outcome) or words.state_name(issue.state)


def _day(at: datetime) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d")
