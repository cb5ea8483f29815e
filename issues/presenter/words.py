"""Words for codes: states, verbs, reasons, times left. In the reader's language."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import get_language, gettext_noop, ngettext
from django.utils.translation import gettext as _

from issues import clocks
from issues.clocks import WorkingTime
from issues.workflow import (
    OUTCOME_NAMES,
    RULES,
    STATE_NAMES,
    Asked,
    Outcome,
    State,
    Verb,
    Way,
)

WORKING_DAY = 480  # minutes
INSTANT = timedelta(microseconds=1)

# Verbs by which an issue comes to a unit or to a desk; their reasons say why it is there.
SENT = (
    Verb.DISPATCH, Verb.REDISPATCH, Verb.ARRANGE, Verb.REFER_UP, Verb.CONFER, Verb.JUDGE,
    Verb.FALL_BACK,
)  # fmt: skip
SENDING = (Verb.ACCEPT, *SENT)

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
    "no_power": gettext_noop("没有这项权限（未赋权）"),
    "unit_right": gettext_noop("退单有理，派遣有误"),
    "unit_wrong": gettext_noop("应由退单单位办理"),
    "nobody_clear": gettext_noop("清单没有写明，由终审指定"),
    "needs_several": gettext_noop("要几个部门一起办"),
    "needs_money": gettext_noop("需要上级经费或项目"),
    "came_back": gettext_noop("问题又出现了"),
    "not_done": gettext_noop("其实没有办好"),
    "parts_on_order": gettext_noop("等材料或配件"),
    "weather": gettext_noop("天气原因不能施工"),
    "needs_consent": gettext_noop("等居民或产权人同意"),
    "waits_for_plan": gettext_noop("已列入计划，等计划实施"),
    "waits_for_law": gettext_noop("等诉讼、仲裁或法定程序"),
    "waits_for_season": gettext_noop("等合适的季节施工"),
    "beyond_control": gettext_noop("不可抗力"),
    "wrong_limit": gettext_noop("时限定得不对"),
    "late_by_others": gettext_noop("被别的单位耽误"),
    "cannot_be_done": gettext_noop("现有条件办不了"),
    "refused_by_owner": gettext_noop("产权人或当事人不同意"),
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
    "not_direct": gettext_noop("区级事项，没有标为直派，由区值守台派遣。"),
    "rests_on": gettext_noop(
        "依据权责清单（%(level_name)s，%(area)s）“%(leaf)s”：由“%(unit)s”承办。"
    ),
    "right_place": gettext_noop("正确的位置是网格“%(name)s”（%(cell)s）。"),
    "proposed": gettext_noop("建议由“%(unit)s”办理。"),
    "to_power": gettext_noop("“%(doer)s”没有这项权限，转有权限的一级“%(unit)s”办理。"),
    "referred_up": gettext_noop("报“%(unit)s”办理。"),
    "arranged": gettext_noop("社区安排“%(unit)s”办理。"),
    "conferred": gettext_noop("街道会商决定由“%(unit)s”办理。"),
    "judged": gettext_noop("终审决定由“%(unit)s”办理，不能再退。"),
    "deserted": gettext_noop("终审确定的“%(unit)s”已经没有人办理，终审不再适用。"),
    "against_unit": gettext_noop("终审认定退单不成立，计入退单的“%(unit)s”。"),
    "against_dispatcher": gettext_noop("终审认定“%(unit)s”退单成立，计入派遣方。"),
    "moved": gettext_noop("位置改到网格“%(name)s”（%(cell)s），由“%(owner)s”负责。"),
    "moved_unowned": gettext_noop(
        "位置改到网格“%(name)s”（%(cell)s），这个网格没有登记负责的党组织。"
    ),
    "territory": gettext_noop("值守台 4 个工作小时内没有裁定退单，由属地“%(unit)s”兜底办理。"),
    # What happened to a whistle (the room above) over this issue.
    "whistle_proposed": gettext_noop("提出吹哨 %(whistle)s，请 %(units)s 到场，等批准。"),
    "whistle_blown": gettext_noop("应急先吹哨 %(whistle)s，请 %(units)s 到场，两小时内补批。"),
    "whistle_approved": gettext_noop("吹哨 %(whistle)s 已批准，请 %(units)s 到场。"),
    "whistle_confirmed": gettext_noop("吹哨 %(whistle)s 已补批。"),
    "whistle_refused": gettext_noop("吹哨 %(whistle)s 没有批准。"),
    "whistle_withdrawn": gettext_noop("吹哨 %(whistle)s 已撤回。"),
    "whistle_will_come": gettext_noop("“%(unit)s”应哨：马上到场。"),
    "whistle_already_there": gettext_noop("“%(unit)s”应哨：已在现场。"),
    "whistle_not_ours": gettext_noop("“%(unit)s”应哨：不属于本单位职责，请区级裁定。"),
    "whistle_must_come": gettext_noop("区级裁定：“%(unit)s”应当到场。"),
    "whistle_excused": gettext_noop("区级裁定：“%(unit)s”不必到场。"),
    "whistle_arrived": gettext_noop("“%(unit)s”已报到。"),
    "whistle_waived": gettext_noop("批准人同意“%(unit)s”免应哨。"),
    "whistle_rated_unit": gettext_noop("吹哨方评价了“%(unit)s”。"),
    "whistle_rated_whistle": gettext_noop("“%(unit)s”评价了这次吹哨。"),
    "whistle_closed": gettext_noop("吹哨 %(whistle)s 已收哨。"),
    "whistle_item": gettext_noop("吹哨结果写入权责清单，以后由“%(unit)s”承办。"),
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
    "verify": gettext_noop("核实"),
    "accept": gettext_noop("受理"),
    "dispatch": gettext_noop("派遣"),
    "handle": gettext_noop("处置"),
    "check": gettext_noop("核查"),
    "climbed": gettext_noop("上提核查"),
    "callback": gettext_noop("回访"),
    "answer": gettext_noop("督办答复"),
    "duty": gettext_noop("值班响应"),
    "decide": gettext_noop("退单裁定"),
    "approve": gettext_noop("审批"),
    "countersign": gettext_noop("补签"),
    "whistle_answer": gettext_noop("应哨"),
    "whistle_arrive": gettext_noop("报到"),
    "whistle_approve": gettext_noop("吹哨批准"),
}
WAY_NAMES = {
    Way.ON_SITE: gettext_noop("现场核查"),
    Way.PHOTO: gettext_noop("看照片核查"),
    Way.PHONE: gettext_noop("电话核查"),
}
ASKED_NAMES = {
    Asked.EXTENSION: gettext_noop("延期"),
    Asked.SUSPENSION: gettext_noop("挂账"),
    Asked.APPEAL: gettext_noop("超时申诉"),
}
# Whose turn it is to decide on a request: keys of services.deputies.
DEPUTY_NAMES = {
    "field_leader": gettext_noop("街道分管领导"),
    "head": gettext_noop("街道主任"),
    "leader_on_duty": gettext_noop("带班领导"),
    "district_desk": gettext_noop("区值守台"),
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


def way_name(way: str) -> str:
    """How a result was checked, in words."""
    return _(WAY_NAMES[Way(way)]) if way else ""


def asked_name(kind: str) -> str:
    """What a unit asked for: an extension, a suspension, an appeal."""
    return _(ASKED_NAMES[Asked(kind)]) if kind else ""


def deputy_name(key: str) -> str:
    """Whose turn it is to decide on a request, by office, never by name."""
    return _(DEPUTY_NAMES[key]) if key in DEPUTY_NAMES else ""


def last_day(until: datetime) -> str:
    """The day that a half-open range ends with: midnight belongs to the day before."""
    return timezone.localtime(until - INSTANT).strftime("%Y-%m-%d")


def sleeping_words(until: datetime) -> str:
    """Until when a suspended issue sleeps, in the place of the time that is left."""
    return _("挂账到 %(day)s") % {"day": last_day(until)}


def clock_name(kind: str) -> str:
    """The limit's short name, as it stands in a sentence."""
    return _(CLOCK_NAMES[kind]) if kind in CLOCK_NAMES else ""


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
