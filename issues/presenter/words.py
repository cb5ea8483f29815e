"""Words for codes: states, verbs, reasons, times left. In the reader's language."""

from datetime import datetime
from typing import Any

from django.utils.translation import get_language, gettext_noop, ngettext
from django.utils.translation import gettext as _

from issues import clocks
from issues.clocks import WorkingTime
from issues.workflow import OUTCOME_NAMES, RULES, STATE_NAMES, Outcome, State, Verb

WORKING_DAY = 480  # minutes

REASON_NAMES = {
    "wrong_area": gettext_noop("属地不符"),
    "not_ours": gettext_noop("不属于本单位职责"),
    "unclear_owner": gettext_noop("权属不清"),
    "overlapping_duty": gettext_noop("职能交叉"),
    "not_a_matter": gettext_noop("不属于受理范围"),
    "in_procedure": gettext_noop("已进入法定程序"),
    "still_in_hand": gettext_noop("同一事项正在办理"),
    "beyond_duty": gettext_noop("不是政府职责"),
    "sent_wrong": gettext_noop("派遣有误"),
    "unit_asked": gettext_noop("承办单位申请改派"),
    "duplicate": gettext_noop("重复上报"),
    "void": gettext_noop("误报"),
    "overdue": gettext_noop("超时未办"),
    "important": gettext_noop("重要事项"),
    "instructed": gettext_noop("领导批示"),
    "worse": gettext_noop("情况变严重"),
    "danger": gettext_noop("有人身或安全危险"),
    "filed_wrong": gettext_noop("原来选的情形不对"),
}
SENTENCES = {
    "cell_special": gettext_noop("位置在专属网格“%(name)s”（%(cell)s）内。"),
    "cell_base": gettext_noop("位置在网格“%(name)s”（%(cell)s）内。"),
    "owner": gettext_noop("这个网格当天由“%(name)s”负责。"),
    "no_owner": gettext_noop("这个网格当天没有登记负责的党组织。"),
    "outside": gettext_noop("位置不在任何网格内，由区值守台处理。"),
    "outside_near": gettext_noop("位置不在任何网格内；最近的是“%(name)s”，相距 %(metres)s 米。"),
    "item": gettext_noop("权责清单（%(level_name)s，%(area)s）：由“%(unit)s”承办。"),
    "on_behalf": gettext_noop("“%(doer)s”没有账号，由督促单位“%(unit)s”代录。"),
    "no_account": gettext_noop("“%(doer)s”和督促单位都没有账号，由值守台决定。"),
    "no_item": gettext_noop("权责清单里没有这一类事项，由值守台决定。"),
    "by_hand": gettext_noop("值守台选定“%(unit)s”。"),
}
FINDINGS = {
    "open_without_clock": gettext_noop("在办却没有计时的问题"),
    "yellow_without_step": gettext_noop("将到期却没有提醒的"),
    "due_without_step": gettext_noop("已到期却没有催办的"),
    "step_overdue": gettext_noop("该执行却没有执行的步骤"),
    "parked": gettext_noop("出错搁置的步骤"),
    "step_without_event": gettext_noop("有步骤却没有办理记录的"),
    "step_without_notice": gettext_noop("有步骤却没有通知的"),
    "lease_too_old": gettext_noop("发送中途停住的通知"),
    "notice_unsent": gettext_noop("到时却没有发送的通知"),
}
CLOCK_NAMES = {
    "accept": gettext_noop("受理"),
    "dispatch": gettext_noop("派遣"),
    "handle": gettext_noop("处置"),
    "check": gettext_noop("核查"),
    "answer": gettext_noop("督办答复"),
    "duty": gettext_noop("值班响应"),
}
LIGHT_NAMES = {
    "green": gettext_noop("正常"),
    "yellow": gettext_noop("将到期"),
    "red": gettext_noop("已超时"),
}


def _in_language(names: tuple[str, str]) -> str:
    return names[1] if (get_language() or "").startswith("en") else names[0]


def state_name(state: str) -> str:
    return _in_language(STATE_NAMES[State(state)])


def verb_name(verb: str) -> str:
    rule = RULES[Verb(verb)]
    return _in_language((rule.zh, rule.en))


def outcome_name(outcome: str) -> str:
    return _in_language(OUTCOME_NAMES[Outcome(outcome)]) if outcome else ""


def reason_name(code: str) -> str:
    """The words of a listed reason for returning, rejecting, redispatching, cancelling."""
    return _(REASON_NAMES[code]) if code in REASON_NAMES else code


def sentence(reason: dict[str, Any]) -> str:
    """A dispatch reason as a sentence."""
    code = str(reason.get("code"))
    if code == "outside" and "cell" in reason:
        code = "outside_near"
    facts = reason | {"level_name": level_name(str(reason.get("level", "")))}
    return _(SENTENCES[code]) % facts if code in SENTENCES else code


def level_name(level: str) -> str:
    return {"community": _("社区级"), "street": _("街道级"), "district": _("区级")}.get(level, "")


def limit_words(minutes: int, *, continuous: bool) -> str:
    """A limit such as "2 个工作日" or "4 小时（昼夜连续）"."""
    if continuous:
        return _("%(amount)s（昼夜连续）") % {"amount": _amount(minutes, day=1440)}
    if minutes % WORKING_DAY == 0:
        days = minutes // WORKING_DAY
        return ngettext("%(days)d 个工作日", "%(days)d 个工作日", days) % {"days": days}
    return _("%(amount)s（工作时间）") % {"amount": _amount(minutes, day=WORKING_DAY)}


def amount_words(minutes: int) -> str:
    """A stretch of time by the clock on the wall, in its two largest units."""
    return _amount(minutes, day=1440)


def _amount(minutes: int, *, day: int) -> str:
    """The two largest units of an amount: days of `day` minutes, hours, minutes."""
    days, rest = divmod(minutes, day)
    hours, minutes = divmod(rest, 60)
    if days:
        return (
            _("%(days)d 天 %(hours)d 小时") % {"days": days, "hours": hours}
            if hours
            else (_("%(days)d 天") % {"days": days})
        )
    if hours:
        return (
            _("%(hours)d 小时 %(minutes)d 分") % {"hours": hours, "minutes": minutes}
            if (minutes)
            else _("%(hours)d 小时") % {"hours": hours}
        )
    return _("%(minutes)d 分钟") % {"minutes": minutes}


def due_words(
    *, now: datetime, due_at: datetime | None, continuous: bool, calendar: WorkingTime
) -> str:
    """What is left until due, or by how much it is late, on the clock that runs."""
    if due_at is None:
        return ""
    minutes = clocks.between(now, due_at, continuous=continuous, calendar=calendar)
    amount = _amount(abs(minutes), day=1440 if continuous else WORKING_DAY)
    late = now >= due_at
    if continuous:
        return (_("已超时 %(amount)s") if late else _("还剩 %(amount)s")) % {"amount": amount}
    words = _("已超时 %(amount)s（工作时间）") if late else _("还剩 %(amount)s（工作时间）")
    return words % {"amount": amount}


def finding_name(code: str) -> str:
    """What the auditor counts under this code."""
    return _(FINDINGS[code])


def light_name(light: str) -> str:
    return _(LIGHT_NAMES[light]) if light in LIGHT_NAMES else ""
