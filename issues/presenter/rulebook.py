"""The rule book, the clocks and the responsibility list as people read them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from grid.models import Area
from issues.book import SYSTEM
from issues.gates import why_shut
from issues.presenter import words
from issues.presenter.ladders import PERSON_NAMES
from issues.terms import ClockAct, Gate, Need
from issues.who import DISPATCHING, LEADING, ONLOOKERS, UNIT_DESKS, UNIT_STAFF
from issues.workflow import NO_CLOCKS, OPEN, RULES, Rule, State, Verb
from matters.models import Category
from partyorgs.models import Responsibility, Role
from partyorgs.queries import LEADING_ROLES
from partyorgs.rules import CELL_ROLES

Fact = dict[str, Any]
ITEMS = 25  # of the responsibility list on a page
LONGEST = 60
V, C, G, N = Verb, ClockAct, Gate, Need

STAGES: tuple[tuple[str, str, tuple[Verb, ...]], ...] = (
    ("intake", gettext_noop("上报与受理"),
     (V.REPORT, V.JOIN, V.VERIFY, V.ACCEPT, V.REJECT, V.SPLIT, V.MERGE, V.UNMERGE, V.CANCEL)),
    ("dispatch", gettext_noop("派遣、退单与裁定"),
     (V.DISPATCH, V.REDISPATCH, V.ARRANGE, V.REFER_UP, V.RETURN, V.CONFER, V.JUDGE)),
    ("work", gettext_noop("签收与处置"),
     (V.SIGN, V.HANDLE, V.SETTLE, V.RECLASSIFY, V.ACT_FIRST, V.COUNTERSIGN)),
    ("parts", gettext_noop("协办"), (V.ADD_PART, V.COMPLETE_PART, V.DROP_PART, V.TOUCH)),
    ("asking", gettext_noop("申请与审批"),
     (V.ASK_EXTENSION, V.ASK_SUSPENSION, V.APPEAL, V.WITHDRAW, V.EXTEND, V.SUSPEND, V.EXEMPT,
      V.REFUSE, V.RESUME)),
    ("ending", gettext_noop("核查、结案与回访"),
     (V.CHECK, V.CLOSE, V.FEED_BACK, V.CALL_BACK, V.SURVEY, V.RENEW_LINK, V.SPOT_CHECK,
      V.REOPEN, V.FORCE_CLOSE)),
    ("watching", gettext_noop("催办、督办与备注"),
     (V.CHASE, V.SUPERVISE, V.ANSWER, V.INSTRUCT, V.ACKNOWLEDGE, V.RAISE_URGENCY, V.NOTE)),
    ("itself", gettext_noop("到时自动发生"),
     (V.REMIND, V.ESCALATE, V.CALL, V.RAISE, V.FALL_BACK, V.NEXT_DEPUTY, V.WAKE, V.CLIMB,
      V.LAPSE, V.WHISTLE, V.RECKON, V.SKIP)),
)  # fmt: skip

EVERY_POST = frozenset(Role) - ONLOOKERS
BRANCH = frozenset({Role.BRANCH_SECRETARY})
CHECKERS = CELL_ROLES | BRANCH | DISPATCHING
# Whom a key of `who` means, in words, and the posts that it can mean (for the filter).
WHO: dict[str, tuple[str, frozenset[Role]]] = {
    "reporter": (gettext_noop("有岗位的人（管理员、审计员除外）"), EVERY_POST),
    "participant": (gettext_noop("岗位管到这件事的人、协办单位和上报人"), EVERY_POST),
    "desk": (gettext_noop("街道派遣员或街道领导；区级事项由区级派遣员"), DISPATCHING),
    "unit": (gettext_noop("承办单位的人"), UNIT_STAFF),
    "unit_desk": (gettext_noop("承办单位的值守员或负责人"), UNIT_DESKS),
    "checker": (gettext_noop("上报人、本网格的网格员、归属党支部或值守台"), CHECKERS),
    "closer": (gettext_noop("归属党支部，没有的由值守台"), BRANCH | DISPATCHING),
    "chaser": (gettext_noop("归属党支部、街道派遣员或领导、区级派遣员"), BRANCH | DISPATCHING),
    "leader": (gettext_noop("街道领导或区级派遣员"), LEADING),
    "called": (gettext_noop("被呼叫的承办单位或值守台"), UNIT_STAFF | DISPATCHING),
    "verifier": (
        gettext_noop("本网格的网格员、社区负责人或值守台"),
        CELL_ROLES | DISPATCHING | {Role.COMMUNITY_HEAD},
    ),
    "community": (gettext_noop("承办这件事的社区负责人"), frozenset({Role.COMMUNITY_HEAD})),
    "upward": (
        gettext_noop("社区级由社区负责人，街道级由街道派遣员或领导"),
        frozenset({Role.COMMUNITY_HEAD, Role.STREET_DISPATCHER, Role.STREET_LEADER}),
    ),
    "judge": (gettext_noop("街道领导或区级派遣员；退单三次起只由区级"), LEADING),
    "settler": (
        gettext_noop("自己上报的网格员，或承办的社区负责人"),
        CELL_ROLES | {Role.COMMUNITY_HEAD},
    ),
    "reopener": (gettext_noop("上报人，或核查、结案、回访过的人"), EVERY_POST),
    "approver": (gettext_noop("轮到的审批人：分管领导、主任、带班领导、区级"), LEADING_ROLES),
    "resumer": (
        gettext_noop("承办单位值守员或负责人、值守台、归属党支部"),
        UNIT_DESKS | DISPATCHING | BRANCH,
    ),
    "convener": (
        gettext_noop("承办单位值守员或负责人、社区负责人、归属党支部、值守台"),
        UNIT_DESKS | DISPATCHING | BRANCH,
    ),
    "helper": (gettext_noop("有协办任务的单位的人"), UNIT_STAFF),
    "duty_leader": (gettext_noop("下班时间的带班领导"), LEADING),
    "countersigner": (
        gettext_noop("归属党支部、值守台或街道领导，不能是先行处置的人"),
        BRANCH | DISPATCHING,
    ),
    "joiner": (gettext_noop("上报人以外能上报的人"), EVERY_POST),
    SYSTEM: (gettext_noop("系统按规则自动"), frozenset()),
}
NEEDS: dict[Need, str] = {
    N.NOTE: gettext_noop("说明"),
    N.REASON: gettext_noop("理由"),
    N.UNIT: gettext_noop("承办或协办单位"),
    N.PROPOSED: gettext_noop("应该由谁办"),
    N.OUTCOME: gettext_noop("办理结果"),
    N.PASSED: gettext_noop("是否通过"),
    N.WAY: gettext_noop("核查方式"),
    N.CONDITION: gettext_noop("现场情形"),
    N.HOURS: gettext_noop("延长几个工作小时"),
    N.UNTIL: gettext_noop("到哪一天"),
    N.INTO: gettext_noop("并入哪个问题"),
    N.PARTS: gettext_noop("拆成哪几件"),
    N.PART: gettext_noop("哪一项协办"),
    N.CELL: gettext_noop("涉及哪个网格"),
    N.VALID: gettext_noop("回访是否有效"),
}
# Gates without a sentence for a grey button: the verb belongs to another moment.
WHEN: dict[Gate, str] = {
    G.CHECKED: gettext_noop("核查已通过。"),
    G.UNCHECKED: gettext_noop("还没有核查通过。"),
    G.SUPERVISED: gettext_noop("有督办在等答复。"),
    G.CALLED: gettext_noop("呼叫了值班，等人知悉。"),
    G.HOTLINE: gettext_noop("是热线工单。"),
    G.DISPUTED: gettext_noop("第二次退单。"),
    G.CRITICAL: gettext_noop("是紧急事项。"),
    G.PARTS_OPEN: gettext_noop("有协办没有完成。"),
    G.UNCLASSIFIED: gettext_noop("办理结果是“其他”。"),
    G.WAS_LATE: gettext_noop("处置超过了时限。"),
    G.ASKED: gettext_noop("有申请在等审批。"),
    G.EXTENSION_ASKED: gettext_noop("申请的是延期。"),
    G.SUSPENSION_ASKED: gettext_noop("申请的是挂账。"),
    G.APPEAL_ASKED: gettext_noop("申请的是申诉。"),
    G.SAMPLED: gettext_noop("抽样抽到。"),
    G.SURVEYED: gettext_noop("抽到回访。"),
    G.LINK_OVER: gettext_noop("回访链接已过期，还没有人答复。"),
    G.ACTED_FIRST: gettext_noop("值班领导先行处置过，还没有补签。"),
}
CLOCKS: dict[ClockAct, str] = {
    C.START_VERIFY: gettext_noop("开始核实计时"),
    C.START_ACCEPT: gettext_noop("开始受理计时"),
    C.START_DISPATCH: gettext_noop("开始派遣计时"),
    C.START_HANDLE: gettext_noop("开始处置计时"),
    C.START_CHECK: gettext_noop("开始核查计时"),
    C.START_CLIMBED: gettext_noop("开始上级核查计时"),
    C.START_CALLBACK: gettext_noop("开始回访计时"),
    C.START_ANSWER: gettext_noop("开始督办答复计时"),
    C.START_DECIDE: gettext_noop("开始退单裁定计时"),
    C.START_APPROVE: gettext_noop("开始审批计时"),
    C.START_COUNTERSIGN: gettext_noop("开始补签计时"),
    C.RESTART: gettext_noop("主时限重新开始"),
    C.AGAIN: gettext_noop("处置时限接着走，至少四分之一"),
    C.EXTEND: gettext_noop("处置时限延长"),
    C.PAUSE: gettext_noop("计时暂停"),
    C.RESUME: gettext_noop("计时从暂停处接着走"),
    C.STOP: gettext_noop("停止主时限"),
    C.ANSWERED: gettext_noop("督办答复计时结束"),
    C.HEARD: gettext_noop("值班呼叫结束"),
    C.DECIDED: gettext_noop("退单裁定计时结束"),
    C.APPROVED: gettext_noop("审批计时结束"),
    C.COUNTERSIGNED: gettext_noop("补签计时结束"),
    C.END: gettext_noop("全部计时结束"),
}
# Whom a verb tells, besides those whom a rung can tell.
TELLS = {
    "cell": gettext_noop("本网格的网格员"),
    "raised": gettext_noop("提级到的值守台"),
    "neighbour": gettext_noop("邻格的网格员和党支部"),
    "helpers": gettext_noop("协办单位"),
    "verifier": gettext_noop("核实人"),
}


def book_facts(*, state: str = "", role: str = "") -> list[Fact]:
    """The verbs by stage; narrowed to those that leave a state, or that a post can use."""
    stages = []
    for key, name, verbs in STAGES:
        rules = [rule_facts(RULES[verb]) for verb in verbs if _wanted(RULES[verb], state, role)]
        if rules:
            stages.append({"key": key, "name": _(name), "rules": rules})
    return stages


def _wanted(rule: Rule, state: str, role: str) -> bool:
    if state and state not in rule.sources:
        return False
    return not role or role in WHO[rule.who][1]


def rule_facts(rule: Rule) -> Fact:
    """One row of the book in words."""
    return {
        "verb": str(rule.verb),
        "name": words.verb_name(rule.verb),
        "zh": rule.zh,
        "en": rule.en,
        "sources": _states(rule.sources),
        "to": words.state_name(rule.to) if rule.to else _("状态不变"),
        "otherwise": words.state_name(rule.otherwise) if rule.otherwise else "",
        "who": _(WHO[rule.who][0]),
        "apart": rule.apart,
        "needs": [_(NEEDS[Need(need)]) for need in rule.needs],
        "when": [_(WHEN[Gate(gate)]) for gate in rule.when if not why_shut(gate)],
        "grey": [why_shut(gate) for gate in rule.when if why_shut(gate)],
        "clocks": _clocks(rule.clocks),
        "clocks_otherwise": _clocks(NO_CLOCKS.get(rule.verb, ())),
        "tells": tell_names(rule.tells),
        "public": rule.public,
    }


def _states(states: frozenset[State]) -> str:
    if not states:
        return _("新的")
    named = {frozenset(State): _("任何状态"), OPEN: _("任何在办的状态")}
    if states in named:
        return named[states]
    return _("、").join(words.state_name(state) for state in State if state in states)


def _clocks(acts: Iterable[str]) -> list[str]:
    return [_(CLOCKS[ClockAct(act)]) for act in acts]


def tell_names(keys: Iterable[str]) -> list[str]:
    """Whom a verb tells."""
    named = PERSON_NAMES | TELLS
    return [_(named[key]) for key in keys]


def state_filter() -> list[tuple[str, str]]:
    """States for the filter, as values and names."""
    return [("", _("任何状态")), *((str(state), words.state_name(state)) for state in State)]


def role_filter() -> list[tuple[str, str]]:
    """Posts for the filter, as values and names."""
    able = frozenset[Role]().union(*(roles for _words, roles in WHO.values()))
    named = [(str(role), str(role.label)) for role in Role if role in able]
    return [("", _("任何岗位")), *named]


def list_page(
    *, at: datetime, prefix: str, big: str = "", street: str = "", q: str = "", page: str = ""
) -> Page[Responsibility]:
    """A page of the responsibility list as it holds at `at`, by the code of the leaf.

    `prefix`: the area code that the reader oversees, "" for everything. `street`:
    what holds there, its district's and its communities' items too. `big`: code of
    a big class. A page number that does not exist gives the nearest one.
    """
    items = Responsibility.objects.valid_at(at).select_related(
        "category__parent", "area", "doer", "supervisor"
    )
    narrowing = Q(area__code__startswith=prefix)
    if big:
        narrowing &= Q(category__parent__code=big)
    if street:
        narrowing &= Q(area__code__startswith=street) | Q(area__code=street[:6])
    if text := q.strip()[:LONGEST]:
        narrowing &= _with_words(text)
    found = items.filter(narrowing).prefetch_related("helpers")
    found = found.order_by("category__code", "area__code", "pk")
    return Paginator(found, ITEMS).get_page(page)


def _with_words(text: str) -> Q:
    columns = ("category__name_zh", "category__name_en", "doer__name", "supervisor__name", "basis")
    found = Q(category__code__istartswith=text)
    for column in columns:
        found |= Q(**{f"{column}__icontains": text})
    return found


def item_facts(items: Iterable[Responsibility]) -> list[Fact]:
    """Rows of the responsibility list in words."""
    return [
        {
            "code": item.category.code,
            "leaf": item.category.name,
            "big": item.category.parent.name if item.category.parent else "",
            "level": words.level_name(item.level),
            "area": item.area.name,
            "doer": item.doer.name,
            "supervisor": item.supervisor.name if item.supervisor else "",
            "helpers": [helper.name for helper in item.helpers.all()],
            "basis": item.basis,
            "direct": item.direct,
            "district": item.level == Area.Level.DISTRICT,
        }
        for item in items
    ]


def list_filters(prefix: str) -> Fact:
    """Big classes and streets to narrow the responsibility list by."""
    streets = Area.objects.filter(level=Area.Level.STREET, code__startswith=prefix[:9])
    classes = Category.objects.filter(level=1, active=True)
    return {
        "classes": [(big.code, big.name) for big in classes],
        "streets": [(street.code, street.name) for street in streets.order_by("code")],
    }
