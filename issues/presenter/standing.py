"""What is out of the ordinary about an issue: lines above its facts, tags in a list."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from issues.models import Clock, Issue
from issues.presenter import words
from issues.workflow import RAISED_AT
from partyorgs.models import Level
from worktime.wording import moment_text

Fact = dict[str, Any]


def row_tags(facts: Fact) -> list[str]:
    """Words for a row whose issue waits for more than its next step."""
    said = {
        "called": _("呼叫"),
        "answer_due_at": _("督办"),
        "raised_to": _("提级"),
        "asked": _("待审批"),
        "countersign_by": _("待补签"),
        "open_parts": _("协办中"),
    }
    return [word for name, word in said.items() if facts[name]]


def standing_lines(issue: Issue, clocks: Iterable[Fact], facts: Fact) -> list[Fact]:
    """What stands above the facts: calls, orders, requests, a raised level, a countersignature.

    `clocks`: clock_facts; `facts`: issue_facts.
    """
    running = {clock["kind"]: clock for clock in clocks if clock["stopped_at"] is None}
    found = (
        _called(issue.called_at),
        _ordered(issue.answer_due_at, running.get(Clock.Kind.ANSWER)),
        _asked(facts["request"], running.get(Clock.Kind.APPROVE)),
        _returned(issue, running.get(Clock.Kind.DECIDE)),
        _owed(issue.countersign_by, running.get(Clock.Kind.COUNTERSIGN)),
        _climbed(running.get(Clock.Kind.CLIMBED)),
        _raised(issue),
        _helped(facts["parts"]) if issue.is_open else None,
        _merged(facts["links"]["merged_into"]),
    )
    return [line for line in found if line]


def _line(icon: str, text: str, clock: Fact | None = None) -> Fact:
    clock = clock or {"words": "", "light": ""}
    return {"icon": icon, "text": text, "light": clock["light"], "words": clock["words"]}


def _called(at: datetime | None) -> Fact | None:
    if at is None:
        return None
    return _line("phone-call", _("%(at)s 已呼叫值班，还没有人点“知悉”。") % {"at": _minute(at)})


def _ordered(due: datetime | None, clock: Fact | None) -> Fact | None:
    if due is None:
        return None
    return _line("gavel", _("督办单要在 %(due)s 前答复。") % {"due": _minute(due)}, clock)


def _asked(asked: Fact | None, clock: Fact | None) -> Fact | None:
    """What was asked for, and whose turn it is."""
    if asked is None:
        return None
    said = asked | {"due": _minute(clock["due_at"]) if clock else ""}
    if clock and asked["deputy_name"]:
        text = _("%(words)s，等%(deputy_name)s在 %(due)s 前审批。") % said
    else:
        text = _("%(words)s，等审批。") % said
    return _line("hourglass", text, clock)


def _returned(issue: Issue, clock: Fact | None) -> Fact | None:
    """Until when a return is to be decided; who decides stands as the next step."""
    if clock is None:
        return None
    said = {"times": issue.returns, "due": _minute(clock["due_at"])}
    text = _("第 %(times)s 次退单，要在 %(due)s 前定下由谁办。") % said
    return _line("undo-2", text, clock)


def _owed(by: datetime | None, clock: Fact | None) -> Fact | None:
    if by is None:
        return None
    text = _("值班先行处置，要由另一个人在 %(due)s 前补签。") % {"due": _minute(by)}
    return _line("pen-line", text, clock)


def _climbed(clock: Fact | None) -> Fact | None:
    if clock is None:
        return None
    return _line("trending-up", _("本级没有可以核查或结案的人，已上提一级。"), clock)


def _helped(parts: Iterable[Fact]) -> Fact | None:
    """Helpers who are not done yet keep the issue open."""
    names = [part["unit"]["name"] for part in parts if part["done_at"] is None]
    if not names:
        return None
    text = _("协办还没有完成：%(units)s。完成前不能办结。")
    return _line("users", text % {"units": _("、").join(names)})


def _merged(into: Fact | None) -> Fact | None:
    """A merged report says where its result will be, and how far that is."""
    if into is None:
        return None
    text = _("已并入 %(number)s（%(state_name)s），结果以那一件为准。")
    return _line("git-merge", text % into)


def _minute(at: datetime) -> str:
    return moment_text(at.replace(second=0, microsecond=0))


def _raised(issue: Issue) -> Fact | None:
    if not issue.raised_to or not issue.is_open:
        return None
    area = issue.street if issue.raised_to == Level.STREET else issue.district
    facts = {
        "level": words.level_name(issue.raised_to),
        "desk": _("%(area)s值守台") % {"area": area.name} if area else _("值守台"),
    }
    again = issue.returns >= RAISED_AT or issue.reworks >= RAISED_AT
    text = _("反复退单或返工，已提为%(level)s，由%(desk)s牵头。") if again else ""
    return _line("trending-up", (text or _("已提为%(level)s，由%(desk)s牵头。")) % facts)


def reached(issue: Issue) -> str:
    """The highest rung of the running limit, as a tag; reminders are none."""
    if not issue.is_open or not issue.escalated:
        return ""
    return _("催督办第 %(level)s 级") % {"level": issue.escalated}
