"""The rule book: every verb of a report's life on two screens. Plain Python.

A row says from which states a verb leads to which, who may do it (a key of
`rules.WHO`), what it needs, what must be so of the issue (`Gate`), what it does
to the clocks, and whom it tells (keys of `services.people`). The same table
answers the check before a change, the buttons on a page with the reason where
one is grey, the API's refusal and the diagram in the docs.
"""

from dataclasses import dataclass

from issues.book import SYSTEM, Row
from issues.terms import (
    OUTCOME_NAMES,
    STATE_NAMES,
    Asked,
    ClockAct,
    Gate,
    Need,
    Outcome,
    State,
    Verb,
    Way,
)

__all__ = [
    "OUTCOME_NAMES",
    "STATE_NAMES",
    "SYSTEM",
    "Asked",
    "ClockAct",
    "Gate",
    "Need",
    "Outcome",
    "Rule",
    "State",
    "Verb",
    "Way",
]


@dataclass(frozen=True)
class Rule(Row[Verb, State]):
    """One verb of a report's rule book."""


def _from(*states: State) -> frozenset[State]:
    return frozenset(states)


S = State
DONE = _from(S.CLOSED, S.CLOSED_UNCHECKED, S.FORCED_CLOSED)
OPEN = frozenset(State) - DONE - {S.REJECTED, S.CANCELLED, S.MERGED}
AWAKE = OPEN - {S.SUSPENDED}
AT_WORK = _from(S.DISPATCHED, S.HANDLING)
# Where the signature of a night's act may still be owed.
OWED = OPEN | DONE | {S.CANCELLED}
AT_DESK = _from(S.PENDING_VERIFY, S.REPORTED, S.PENDING_DISPATCH)

C, G, N, V = ClockAct, Gate, Need, Verb
# Work that comes to another unit: an order and a call were the last one's.
MOVED = (C.ANSWERED, C.HEARD, C.DECIDED)
DEAL = (C.STOP, C.ANSWERED, C.HEARD)
# fmt: off
ROWS = (
    Rule(V.REPORT, "上报", "Report", _from(), S.REPORTED, "reporter", clocks=(C.START_ACCEPT,),
         otherwise=S.PENDING_VERIFY, tells=("desk", "verifier")),
    Rule(V.VERIFY, "核实", "Verify", _from(S.PENDING_VERIFY), S.REPORTED, "verifier",
         needs=(N.PASSED,), otherwise=S.REJECTED, clocks=(C.STOP, C.START_ACCEPT),
         tells=("desk", "reporter")),
    Rule(V.ACCEPT, "受理立案", "Accept", _from(S.REPORTED), S.PENDING_DISPATCH, "desk",
         clocks=(*DEAL, C.START_DISPATCH), tells=("unit",)),
    Rule(V.REJECT, "不予受理", "Reject", _from(S.PENDING_VERIFY, S.REPORTED), S.REJECTED, "desk",
         needs=(N.REASON,), clocks=(C.END,), tells=("reporter",)),
    Rule(V.DISPATCH, "派遣", "Dispatch", _from(S.PENDING_DISPATCH), S.DISPATCHED, "desk",
         needs=(N.UNIT,), clocks=(*DEAL, C.START_HANDLE), tells=("unit", "owner")),
    Rule(V.REDISPATCH, "改派", "Redispatch", AT_WORK | {S.RETURNED}, S.DISPATCHED, "desk",
         needs=(N.UNIT, N.REASON), clocks=MOVED, when=(G.UNDISPUTED,), tells=("unit", "owner")),
    Rule(V.ARRANGE, "社区安排", "Arrange", AT_WORK, S.DISPATCHED, "community", needs=(N.UNIT,),
         clocks=MOVED, when=(G.UNDISPUTED,), tells=("unit", "owner")),
    Rule(V.REFER_UP, "报上级办理", "Refer up", AT_WORK | {S.PENDING_DISPATCH, S.RETURNED},
         S.DISPATCHED, "upward", needs=(N.REASON,), clocks=MOVED,
         when=(G.BELOW_DISTRICT, G.UNDISPUTED), tells=("unit", "owner")),
    Rule(V.SPLIT, "拆分", "Split", _from(S.REPORTED, S.PENDING_DISPATCH, S.DISPATCHED, S.RETURNED),
         None, "desk", needs=(N.PARTS,), tells=("reporter",)),
    Rule(V.SIGN, "签收", "Sign for", _from(S.DISPATCHED), S.HANDLING, "unit", clocks=(C.HEARD,)),
    Rule(V.RETURN, "退单", "Return", AT_WORK, S.RETURNED, "unit_desk",
         needs=(N.REASON, N.PROPOSED), clocks=(C.HEARD, C.START_DECIDE),
         when=(G.AT_UNIT, G.RETURNABLE), tells=("desk", "owner")),
    Rule(V.CONFER, "会商决定", "Decide in conference", _from(S.RETURNED), S.DISPATCHED, "leader",
         needs=(N.UNIT, N.NOTE), clocks=MOVED, when=(G.DISPUTED,), tells=("unit", "owner")),
    Rule(V.JUDGE, "终审", "Judge finally", _from(S.RETURNED), S.DISPATCHED, "judge",
         needs=(N.UNIT, N.REASON), clocks=MOVED, tells=("unit", "owner", "desk")),
    Rule(V.SETTLE, "即办即结", "Settle on the spot", AT_WORK | {S.REPORTED}, S.CLOSED_UNCHECKED,
         "settler", needs=(N.NOTE,), clocks=(C.END,),
         when=(G.TRIVIAL, G.NOT_HOTLINE, G.PARTS_DONE), tells=("reporter", "owner")),
    Rule(V.HANDLE, "处置完成", "Mark handled", _from(S.HANDLING), S.HANDLED, "unit",
         needs=(N.OUTCOME, N.NOTE), clocks=(*DEAL, C.START_CHECK), when=(G.PARTS_DONE,),
         tells=("reporter", "cell", "owner")),
    Rule(V.RECLASSIFY, "更正结果", "Reclassify", _from(S.HANDLED), None, "checker",
         needs=(N.OUTCOME,), when=(G.UNCLASSIFIED,), apart=True, tells=("unit",)),
    Rule(V.CHECK, "核查", "Check", _from(S.HANDLED), S.HANDLED, "checker",
         needs=(N.PASSED, N.WAY), otherwise=S.HANDLING, when=(G.UNCHECKED,), apart=True,
         tells=("unit", "owner")),
    Rule(V.CLOSE, "结案", "Close", _from(S.HANDLED), S.CLOSED, "closer", clocks=(C.END,),
         when=(G.CHECKED, G.NOT_HOTLINE, G.CLASSIFIED, G.PARTS_DONE), apart=True,
         tells=("reporter", "unit")),
    Rule(V.FEED_BACK, "反馈热线", "Feed back", _from(S.HANDLED), S.PENDING_CALLBACK, "desk",
         needs=(N.NOTE,), clocks=(C.STOP, C.START_CALLBACK),
         when=(G.HOTLINE, G.CHECKED, G.CLASSIFIED, G.PARTS_DONE)),
    Rule(V.CALL_BACK, "回访结案", "Call back and close", _from(S.PENDING_CALLBACK), S.CLOSED,
         "desk", needs=(N.VALID,), otherwise=S.HANDLING, clocks=(C.END,), apart=True,
         tells=("reporter", "unit", "desk")),
    Rule(V.SURVEY, "回访", "Call back", DONE, None, "desk", needs=(N.VALID,), when=(G.SURVEYED,),
         apart=True, tells=("unit", "desk")),
    Rule(V.RENEW_LINK, "重发回访链接", "Renew the link", DONE | {S.PENDING_CALLBACK}, None, "desk",
         when=(G.LINK_OVER,), apart=True, public=False),
    Rule(V.SPOT_CHECK, "抽查", "Spot check", _from(S.CLOSED_UNCHECKED), S.CLOSED_UNCHECKED,
         "checker", needs=(N.PASSED, N.WAY), otherwise=S.HANDLING, when=(G.SAMPLED, G.UNCHECKED),
         apart=True, tells=("unit", "owner")),
    Rule(V.REOPEN, "重新办理", "Reopen", DONE, S.HANDLING, "reopener", needs=(N.REASON,),
         otherwise=S.REPORTED, clocks=(C.AGAIN,), when=(G.RECENT,),
         tells=("unit", "desk", "owner")),
    Rule(V.FORCE_CLOSE, "强制结案", "Force to close", OPEN, S.FORCED_CLOSED, "leader",
         needs=(N.REASON,), clocks=(C.END,), apart=True,
         tells=("reporter", "unit", "owner", "district_desk")),
    Rule(V.CANCEL, "作废", "Cancel", OPEN, S.CANCELLED, "desk", needs=(N.REASON,),
         clocks=(C.END,), apart=True, tells=("reporter", "unit")),
    Rule(V.MERGE, "并案", "Merge", OPEN, S.MERGED, "desk", needs=(N.INTO,), clocks=(C.END,),
         apart=True, tells=("reporter", "unit")),
    Rule(V.UNMERGE, "撤销并案", "Unmerge", _from(S.MERGED), S.PENDING_DISPATCH, "desk",
         needs=(N.REASON,), otherwise=S.REPORTED, clocks=(C.START_DISPATCH,), tells=("reporter",)),
    Rule(V.JOIN, "我也遇到", "Join", OPEN, None, "joiner"),
    # What a unit asks for and deputies decide.
    Rule(V.ASK_EXTENSION, "申请延期", "Ask for an extension", AT_WORK, None, "unit_desk",
         needs=(N.HOURS, N.REASON), clocks=(C.START_APPROVE,), tells=("approver",),
         when=(G.NOTHING_ASKED, G.UNCRITICAL, G.BEFORE_DUE, G.EXTENDABLE)),
    Rule(V.ASK_SUSPENSION, "申请挂账", "Ask for suspension", AT_WORK, None, "unit_desk",
         needs=(N.UNTIL, N.REASON), clocks=(C.START_APPROVE,), tells=("approver",),
         when=(G.NOTHING_ASKED, G.UNCRITICAL, G.SUSPENDABLE)),
    Rule(V.APPEAL, "申诉", "Appeal", DONE, None, "unit_desk", needs=(N.REASON,),
         clocks=(C.START_APPROVE,), when=(G.WAS_LATE, G.NOTHING_ASKED, G.UNAPPEALED),
         tells=("approver",)),
    Rule(V.WITHDRAW, "撤回申请", "Withdraw", AT_WORK | DONE, None, "unit_desk",
         clocks=(C.APPROVED,), when=(G.ASKED,)),
    Rule(V.EXTEND, "同意延期", "Grant the extension", AT_WORK, None, "approver",
         clocks=(C.APPROVED, C.EXTEND), when=(G.EXTENSION_ASKED,), apart=True,
         tells=("unit", "owner")),
    Rule(V.SUSPEND, "同意挂账", "Grant suspension", AT_WORK, S.SUSPENDED, "approver",
         clocks=(C.APPROVED, C.ANSWERED, C.HEARD, C.PAUSE), when=(G.SUSPENSION_ASKED,),
         apart=True, tells=("unit", "owner", "reporter")),
    Rule(V.EXEMPT, "申诉成立", "Grant the appeal", DONE, None, "approver", clocks=(C.APPROVED,),
         when=(G.APPEAL_ASKED,), apart=True, tells=("unit", "owner")),
    Rule(V.REFUSE, "不同意申请", "Refuse the request", AT_WORK | DONE, None, "approver",
         needs=(N.REASON,), clocks=(C.APPROVED,), when=(G.ASKED,), apart=True, tells=("unit",)),
    Rule(V.RESUME, "恢复办理", "Resume", _from(S.SUSPENDED), S.HANDLING, "resumer",
         clocks=(C.RESUME,), tells=("unit", "owner")),
    # Joint work.
    Rule(V.ADD_PART, "请协办", "Ask a helper", AT_WORK, None, "convener",
         needs=(N.UNIT, N.NOTE), tells=("helpers",)),
    Rule(V.COMPLETE_PART, "完成协办", "Complete a part", OPEN, None, "helper",
         needs=(N.NOTE,), when=(G.PARTS_OPEN,), tells=("unit",)),
    Rule(V.DROP_PART, "取消协办", "Drop a part", OPEN, None, "convener", needs=(N.PART, N.REASON),
         when=(G.PARTS_OPEN,), tells=("helpers",)),
    Rule(V.TOUCH, "涉及邻格", "Touches another cell", AWAKE, None, "participant", needs=(N.CELL,),
         tells=("neighbour",)),
    # At night the leader on duty acts, and another person signs in the morning.
    Rule(V.ACT_FIRST, "值班先行处置", "Act first", AT_DESK | AT_WORK | {S.RETURNED}, S.HANDLED,
         "duty_leader", needs=(N.OUTCOME, N.NOTE), when=(G.CRITICAL,),
         clocks=(*DEAL, C.DECIDED, C.START_CHECK, C.START_COUNTERSIGN),
         tells=("reporter", "desk", "unit", "owner")),
    Rule(V.COUNTERSIGN, "补签", "Countersign", frozenset(State), None, "countersigner",
         clocks=(C.COUNTERSIGNED,), when=(G.ACTED_FIRST,), apart=True),
    Rule(V.NOTE, "备注", "Add a note", frozenset(State), None, "participant", needs=(N.NOTE,),
         public=False),
    Rule(V.RAISE_URGENCY, "提升紧急程度", "Raise urgency",
         AT_DESK | AT_WORK | {S.RETURNED}, None, "participant", needs=(N.CONDITION, N.REASON),
         clocks=(C.RESTART,), tells=("unit", "desk", "owner")),
    Rule(V.CHASE, "催办", "Chase", AWAKE, None, "chaser", tells=("unit",)),
    Rule(V.SUPERVISE, "督办", "Supervise", AT_WORK, None, "leader", needs=(N.REASON,),
         clocks=(C.ANSWERED, C.START_ANSWER), tells=("unit_head", "unit", "owner")),
    Rule(V.ANSWER, "回复督办", "Answer the order", OPEN, None, "unit_desk", needs=(N.NOTE,),
         clocks=(C.ANSWERED,), when=(G.SUPERVISED,), tells=("leader", "owner")),
    Rule(V.INSTRUCT, "批示", "Instruct", OPEN, None, "leader", needs=(N.NOTE,),
         tells=("unit", "desk", "owner")),
    Rule(V.ACKNOWLEDGE, "知悉", "Acknowledge", OPEN, None, "called", clocks=(C.HEARD,),
         when=(G.CALLED,)),
    # What the ladder, the calendar and a count do by themselves; a countersignature is owed on.
    Rule(V.REMIND, "到期提醒", "Remind", OWED, None, SYSTEM, public=False),
    Rule(V.ESCALATE, "上报领导", "Escalate", OWED, None, SYSTEM),
    Rule(V.CALL, "呼叫值班", "Call the duty", OPEN, None, SYSTEM, public=False),
    Rule(V.RAISE, "提级", "Raise one level", OPEN, None, SYSTEM, tells=("raised",)),
    Rule(V.FALL_BACK, "属地兜底", "Territory takes it", _from(S.RETURNED), S.DISPATCHED, SYSTEM,
         clocks=MOVED, tells=("unit", "leader", "owner")),
    Rule(V.NEXT_DEPUTY, "转下一位审批", "Next deputy", AT_WORK | DONE, None, SYSTEM,
         clocks=(C.APPROVED, C.START_APPROVE), tells=("approver",), public=False),
    Rule(V.WAKE, "挂账到期", "Wake", _from(S.SUSPENDED), S.HANDLING, SYSTEM, clocks=(C.RESUME,),
         tells=("unit", "owner", "reporter")),
    Rule(V.CLIMB, "核查上提", "Check climbs", _from(S.HANDLED), None, SYSTEM,
         clocks=(C.STOP, C.START_CLIMBED), tells=("district_desk",)),
    Rule(V.LAPSE, "未核查结案", "Close unchecked", _from(S.HANDLED), S.CLOSED_UNCHECKED, SYSTEM,
         clocks=(C.END,), tells=("reporter", "unit", "district_desk")),
    Rule(V.WHISTLE, "吹哨", "Whistle", frozenset(State), None, SYSTEM),
    Rule(V.RECKON, "重算到期时间", "Reckon the due time anew", OPEN | DONE, None, SYSTEM),
    Rule(V.SKIP, "停止升级", "End a step", OWED, None, SYSTEM),
)
# fmt: on
RULES: dict[Verb, Rule] = {rule.verb: rule for rule in ROWS}
# What the clocks do when the answer is no: the handling clock goes on with what was left.
REWORK_CLOCKS = (C.STOP, C.AGAIN)
NO_CLOCKS: dict[Verb, tuple[ClockAct, ...]] = {
    V.REPORT: (C.START_VERIFY,),
    V.VERIFY: (C.END,),
    V.CHECK: REWORK_CLOCKS,
    V.CALL_BACK: REWORK_CLOCKS,
    V.SPOT_CHECK: (C.AGAIN,),
    V.REOPEN: (C.START_ACCEPT,),
    V.UNMERGE: (C.START_ACCEPT,),
}

# What a unit may say of its work; settled is said by settling.
HANDLED_AS = tuple(one for one in Outcome if one is not Outcome.SETTLED)

# What a person can ask for; the rest comes with a report or by itself.
ASKABLE = tuple(v for v, rule in RULES.items() if v is not V.REPORT and not rule.by_itself)
# Verbs by which somebody did work on an issue: who did never checks it.
WORK = (V.HANDLE, V.SETTLE, V.ACT_FIRST, V.COMPLETE_PART)
# The third return or rework raises an issue one level by itself (DOMAIN.md §4.4).
RAISED_AT = 3
# The second return needs a conference of the street (DOMAIN.md §4.5).
CONFERRED_AT = 2
MOST_EXTENSIONS = 2
MOST_SUSPENSIONS = 1
LONGEST_SUSPENSION = 365  # days
REOPEN_WITHIN = 7  # days
