"""What the ladder, a calendar or a count did, as sentences of the timeline."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from issues.models import Event
from issues.presenter import said, words
from issues.presenter.steps import together
from issues.workflow import Verb
from partyorgs.models import Level
from worktime.wording import source_text

Facts = dict[str, Any]


def sentences(event: Event) -> list[str]:
    """Why something happened by itself, whether late, and what ended with it."""
    facts = event.facts
    lines = []
    if facts.get("by_rule") and event.verb in SAYS:
        lines.append(SAYS[Verb(event.verb)](facts))
    if facts.get("late"):
        minutes = max(1, int(facts["late"]) // 60)
        late = words.amount_words(minutes)
        lines.append(_("系统恢复后补记，比应有的时间晚 %(late)s。") % {"late": late})
    if facts.get("order") == "returns":
        lines.append(_("已退单三次，附督办单，承办单位要按期答复。"))
    elif facts.get("order"):
        lines.append(_("派遣时已经超时，附督办单，新的承办单位要按期答复。"))
    if facts.get("steps_ended"):
        lines.append(_("还没有到的催办、督办步骤随之结束。"))
    if facts.get("lapsed"):
        kind = words.asked_name(str(facts["lapsed"]))
        lines.append(_("还在等审批的%(kind)s申请随之失效。") % {"kind": kind})
    return lines


def _clock(facts: Facts) -> str:
    return words.clock_name(str(facts.get("clock") or ""))


def _remind(facts: Facts) -> str:
    return _("%(clock)s时限将到，已提醒。") % {"clock": _clock(facts)}


def _chase(facts: Facts) -> str:
    return _("%(clock)s时限已到，自动催办。") % {"clock": _clock(facts)}


def _supervise(facts: Facts) -> str:
    return _("%(clock)s超时，自动发出督办单（第 %(level)s 级）。") % _named(facts)


def _escalate(facts: Facts) -> str:
    if "level" not in facts:
        return _("%(clock)s时限已到，已告知区值守台。") % {"clock": _clock(facts)}
    return _("%(clock)s超时，自动上报（第 %(level)s 级）。") % _named(facts)


def _skip(facts: Facts) -> str:
    return _("%(clock)s第 %(level)s 级的规则已停用或不再适用，这一步不再执行。") % _named(facts)


def _named(facts: Facts) -> Facts:
    return {"clock": _clock(facts), "level": facts.get("level", "")}


def _call(facts: Facts) -> str:
    if facts.get("called") == []:
        if facts.get("level") == 0:
            return _("非工作时间的紧急事项，值班表上没有人：已告知值守台和街道领导，请打电话。")
        return _("值班表上没有别的人可以呼叫，请打电话。")
    known = {
        0: _("非工作时间的紧急事项，已通知值班人员，请在 10 分钟内点“知悉”。"),
        1: _("第一位值班人员没有回应，已通知下一位。"),
    }
    return known.get(int(facts.get("level", 2)), _("值班人员没有回应，已通知带班领导。"))


def _raise(facts: Facts) -> str:
    level = str(Level(facts["to_level"]).label) if facts.get("to_level") else ""
    if facts.get("because") == "returns":
        return _("第三次退单，自动提级到%(level)s。") % {"level": level}
    if facts.get("because") == "no_desk":
        return _("没有人裁定退单，属地也没有值守台，自动提级到%(level)s。") % {"level": level}
    return _("第三次返工，自动提级到%(level)s。") % {"level": level}


def _next_deputy(facts: Facts) -> str:
    if facts.get("nobody"):
        return _("还是没有别的人可以审批，每个工作日再找一次。")
    deputy = words.deputy_name(str(facts.get("deputy") or ""))
    if facts.get("again"):
        return _("审批人 4 个工作小时没有回应，已再次请%(deputy)s审批。") % {"deputy": deputy}
    return _("审批人 4 个工作小时没有回应，转请%(deputy)s审批。") % {"deputy": deputy}


def _fall_back(_facts: Facts) -> str:
    return _("退单没有人裁定，按属地兜底。")


def _wake(facts: Facts) -> str:
    return together([_("挂账到期，自动恢复办理。"), *said.resumed(facts)])


def _climb(_facts: Facts) -> str:
    return _("本级没有可以核查的人，上提一级，由区值守台核查。")


def _lapse(_facts: Facts) -> str:
    return _("3 个工作日没有人核查，按未核查结案，列入例外清单，可能抽查。")


def _reckon(facts: Facts) -> str:
    times = {"before": said.moment(facts.get("from")), "after": said.moment(facts.get("to"))}
    moved = _("到期时间由 %(before)s 改为 %(after)s。") % times
    because = facts.get("because") or {}
    if not because:
        return moved
    if because.get("kind") == "spans":
        why = _("因为“%(calendar)s”的工作时段改了。") % because
    elif because.get("source"):
        source = source_text(str(because["source"]))
        why = _("因为工作日历更新：%(source)s。") % {"source": source}
    else:
        why = _("因为工作日历更新：%(first)s 至 %(last)s。") % because
    return f"{moved}{why}"


SAYS: dict[Verb, Callable[[Facts], str]] = {
    Verb.REMIND: _remind,
    Verb.CHASE: _chase,
    Verb.SUPERVISE: _supervise,
    Verb.ESCALATE: _escalate,
    Verb.SKIP: _skip,
    Verb.CALL: _call,
    Verb.RAISE: _raise,
    Verb.RECKON: _reckon,
    Verb.NEXT_DEPUTY: _next_deputy,
    Verb.FALL_BACK: _fall_back,
    Verb.WAKE: _wake,
    Verb.CLIMB: _climb,
    Verb.LAPSE: _lapse,
}
