"""What is out of the ordinary about an issue: lines above its facts, tags in a list."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from issues.models import Clock, Issue
from issues.presenter import words
from partyorgs.models import Level
from worktime.wording import moment_text

Fact = dict[str, Any]


def row_tags(facts: Fact) -> list[str]:
    """Words for a row whose issue waits for more than its next step."""
    tags = []
    if facts["called"]:
        tags.append(_("呼叫"))
    if facts["answer_due_at"]:
        tags.append(_("督办"))
    if facts["raised_to"]:
        tags.append(_("提级"))
    return tags


def standing_lines(issue: Issue, clocks: Iterable[Fact]) -> list[Fact]:
    """A call that nobody heard, an order that waits, a raised level; `clocks`: clock_facts."""
    if not issue.is_open:
        return []
    running = {clock["kind"]: clock for clock in clocks if clock["stopped_at"] is None}
    lines = []
    if issue.called_at:
        lines.append(_called(issue.called_at))
    if issue.answer_due_at:
        lines.append(_ordered(issue.answer_due_at, running.get(Clock.Kind.ANSWER)))
    if issue.raised_to:
        lines.append(_raised(issue))
    return lines


def _called(at: datetime) -> Fact:
    text = _("%(at)s 已呼叫值班，还没有人点“知悉”。") % {"at": _minute(at)}
    return {"icon": "phone-call", "text": text, "light": ""}


def _ordered(due: datetime, clock: Fact | None) -> Fact:
    text = _("督办单要在 %(due)s 前答复。") % {"due": _minute(due)}
    clock = clock or {"words": "", "light": ""}
    return {"icon": "gavel", "text": text, "light": clock["light"], "words": clock["words"]}


def _minute(at: datetime) -> str:
    return moment_text(at.replace(second=0, microsecond=0))


def _raised(issue: Issue) -> Fact:
    area = issue.street if issue.raised_to == Level.STREET else issue.district
    facts = {
        "level": words.level_name(issue.raised_to),
        "desk": _("%(area)s值守台") % {"area": area.name} if area else _("值守台"),
    }
    text = _("反复退单或返工，已提为%(level)s，由%(desk)s牵头。") % facts
    return {"icon": "trending-up", "text": text, "light": ""}


def reached(issue: Issue) -> str:
    """The highest rung of the running limit, as a tag; reminders are none."""
    if not issue.is_open or not issue.escalated:
        return ""
    return _("催督办第 %(level)s 级") % {"level": issue.escalated}
