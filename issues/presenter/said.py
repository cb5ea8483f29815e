"""What a person's verb was about, as sentences of the timeline: the facts that its event keeps."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from issues.models import CallBack, Event
from issues.presenter import words
from issues.workflow import Verb

Facts = dict[str, Any]
V = Verb
OF_HELPERS = (V.ADD_PART, V.COMPLETE_PART, V.DROP_PART)


def said_of(event: Event) -> list[str]:
    """Sentences about how much, until when, which other issue, how it was looked at."""
    if event.verb in OF_HELPERS and (helper := event.on_behalf_of or event.unit):
        return [_("协办单位：%(unit)s。") % {"unit": helper.name}]
    speak = SAYS.get(Verb(event.verb)) if event.verb in SAYS else None
    lines = speak(event.facts) if speak else []
    return [line for line in lines if line]


def moment(said: object) -> str:
    """An instant kept in a fact, in local time to the minute; "" without one."""
    at: datetime | None = parse_datetime(str(said)) if said else None
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M") if at else ""


def _day(said: object) -> str:
    """A day, or the last day before a half-open instant."""
    at: datetime | None = parse_datetime(str(said)) if said and "T" in str(said) else None
    if at is not None:
        return words.last_day(at)
    day: date | None = parse_date(str(said)) if said else None
    return day.isoformat() if day else ""


def _minutes(facts: Facts) -> str:
    return words.limit_words(int(facts.get("minutes") or 0), continuous=False)


def _turn_of(facts: Facts) -> str:
    if facts.get("nobody"):
        return _("现在没有别的人可以审批，每个工作日再找一次。")
    deputy = words.deputy_name(str(facts.get("deputy", "")))
    return _("由%(deputy)s审批。") % {"deputy": deputy} if deputy else ""


def _ask_extension(facts: Facts) -> list[str]:
    asked = _("申请延长 %(amount)s。") % {"amount": _minutes(facts)} if facts.get("minutes") else ""
    return [asked, _turn_of(facts)]


def _ask_suspension(facts: Facts) -> list[str]:
    day = _day(facts.get("until"))
    return [_("申请挂账到 %(day)s。") % {"day": day} if day else "", _turn_of(facts)]


def _appeal(facts: Facts) -> list[str]:
    return [_turn_of(facts)]


def _extend(facts: Facts) -> list[str]:
    times = {"before": moment(facts.get("from")), "after": moment(facts.get("to"))}
    return [_("到期时间由 %(before)s 延到 %(after)s。") % times] if times["after"] else []


def _suspend(facts: Facts) -> list[str]:
    day = _day(facts.get("until"))
    return [_("挂账到 %(day)s，到期自动恢复办理。") % {"day": day}] if day else []


def _exempt(_facts: Facts) -> list[str]:
    return [_("这次超时不计入统计，超时的记录保留。")]


def _about_request(facts: Facts) -> list[str]:
    kind = words.asked_name(str(facts.get("asked") or ""))
    return [_("申请的是：%(kind)s。") % {"kind": kind}] if kind else []


def resumed(facts: Facts) -> list[str]:
    """How long the limit still runs after a suspension."""
    due = moment(facts.get("to"))
    return [_("剩下的时限接着走，到 %(due)s。") % {"due": due}] if due else []


def _looked(facts: Facts) -> list[str]:
    way = words.way_name(str(facts.get("way") or ""))
    return [_("%(way)s。") % {"way": way}] if way else []


def _handled(facts: Facts) -> list[str]:
    day, basis = _day(facts.get("until") or facts.get("planned_for")), facts.get("basis")
    return [
        _("计划 %(day)s 办好。") % {"day": day} if day else "",
        _("依据：%(basis)s。") % {"basis": basis} if basis else "",
        _visit(facts),
    ]


def _visit(facts: Facts) -> str:
    """Why the work has to be looked at on the spot."""
    reasons = facts.get("must_visit") or []
    names = {"critical": _("是紧急事项"), "rework": _("返过工"), "photo": _("照片与别的问题相同")}
    said = [names[one] for one in reasons if one in names]
    return _("要到现场核查：%(reasons)s。") % {"reasons": _("、").join(said)} if said else ""


def _called_back(facts: Facts) -> list[str]:
    by = _("上报人通过链接答复。") if facts.get("by_link") else ""
    if facts.get("valid") is False:
        return [by, _("回访无效：没有找到本人，或没有问清楚。")]
    if "solved" not in facts:
        return [by]
    known = dict(CallBack.Satisfaction.choices)
    return [
        by,
        _("联系过。") if facts.get("contacted") else _("没有联系过。"),
        _("已解决。") if facts.get("solved") else _("没有解决。"),
        _("%(satisfaction)s。") % {"satisfaction": known.get(facts.get("satisfaction", ""), "")}
        if facts.get("satisfaction")
        else "",
    ]


def _other_issue(facts: Facts) -> list[str]:
    """Lines about another report: merged into it, out of it, split off."""
    said = {
        "into": _("并入 %(number)s，结果以那一件为准。"),
        "out_of": _("不再并入 %(number)s，单独办理。"),
        "merged": _("%(number)s 并入本件，两边的上报人都会收到结果。"),
        "unmerged": _("%(number)s 不再并入本件。"),
        "split_from": _("由 %(number)s 拆出。"),
    }
    return [line % {"number": facts[key]} for key, line in said.items() if facts.get(key)]


def _split(facts: Facts) -> list[str]:
    numbers = _("、").join(str(number) for number in facts.get("split", ()))
    return [_("拆出 %(numbers)s。") % {"numbers": numbers}] if numbers else []


def _touched(facts: Facts) -> list[str]:
    cell = facts.get("name") or facts.get("cell")
    return (
        [_("也涉及网格“%(cell)s”，那里的网格员和党支部也能看到。") % {"cell": cell}] if cell else []
    )


def _raised_to(facts: Facts) -> list[str]:
    level = words.level_name(str(facts.get("to_level") or ""))
    return [_("现在是%(level)s事项。") % {"level": level}] if level else []


def _act_first(facts: Facts) -> list[str]:
    by = moment(facts.get("countersign_by"))
    owed = _("要由另一个人在 %(by)s 前补签。") % {"by": by} if by else ""
    return [owed, *_handled(facts)]


SAYS: dict[Verb, Callable[[Facts], list[str]]] = {
    V.ASK_EXTENSION: _ask_extension,
    V.ASK_SUSPENSION: _ask_suspension,
    V.APPEAL: _appeal,
    V.EXTEND: _extend,
    V.SUSPEND: _suspend,
    V.EXEMPT: _exempt,
    V.REFUSE: _about_request,
    V.WITHDRAW: _about_request,
    V.RESUME: resumed,
    V.CHECK: _looked,
    V.SPOT_CHECK: _looked,
    V.HANDLE: _handled,
    V.RECLASSIFY: _handled,
    V.CALL_BACK: _called_back,
    V.SURVEY: _called_back,
    V.MERGE: _other_issue,
    V.UNMERGE: _other_issue,
    V.JOIN: _other_issue,
    V.NOTE: _other_issue,
    V.REPORT: _other_issue,
    V.SPLIT: _split,
    V.TOUCH: _touched,
    V.REFER_UP: _raised_to,
    V.ACT_FIRST: _act_first,
}
