"""The rule book: every verb of a report's life on one screen. Plain Python.

A row says from which states a verb leads to which, who may do it (a key of
`rules.WHO`), what it needs, what it does to the clocks, and whom it tells (keys
of `services.telling`). The same table answers the check before a change, the
buttons on a page, the API's refusal and the diagram in the docs.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    REPORTED = "reported"
    PENDING_DISPATCH = "pending_dispatch"
    DISPATCHED = "dispatched"
    HANDLING = "handling"
    RETURNED = "returned"
    HANDLED = "handled"
    CLOSED = "closed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class Verb(StrEnum):
    REPORT = "report"
    ACCEPT = "accept"
    REJECT = "reject"
    DISPATCH = "dispatch"
    REDISPATCH = "redispatch"
    SIGN = "sign"
    NOTE = "note"
    RETURN = "return"
    HANDLE = "handle"
    CHECK = "check"
    CLOSE = "close"
    CANCEL = "cancel"
    RAISE_URGENCY = "raise_urgency"
    CHASE = "chase"
    SUPERVISE = "supervise"
    ANSWER = "answer"
    INSTRUCT = "instruct"
    ACKNOWLEDGE = "acknowledge"
    REMIND = "remind"
    ESCALATE = "escalate"
    CALL = "call"
    RAISE = "raise"
    RECKON = "reckon"
    SKIP = "skip"


class Need(StrEnum):
    """What a verb must be given; the names are the API's field names."""

    NOTE = "note"
    REASON = "reason"
    UNIT = "unit"
    OUTCOME = "outcome"
    PASSED = "passed"
    CONDITION = "condition"


class ClockAct(StrEnum):
    """What a verb does to the clocks; what is not named goes on running.

    `stop` ends the main clock, `end` every clock, `answered` and `heard` the
    supervision order's and the duty call's.
    """

    START_ACCEPT = "start accept"
    START_DISPATCH = "start dispatch"
    START_HANDLE = "start handle"
    START_CHECK = "start check"
    START_ANSWER = "start answer"
    RESTART = "restart"
    STOP = "stop"
    ANSWERED = "answered"
    HEARD = "heard"
    END = "end"


class Outcome(StrEnum):
    FIXED = "fixed"
    EXPLAINED = "explained"
    MEDIATED = "mediated"
    PLANNED = "planned"
    NO_BASIS = "no_basis"


S = State
OPEN = frozenset(State) - {S.CLOSED, S.REJECTED, S.CANCELLED}
WITH_UNIT = frozenset({S.DISPATCHED, S.HANDLING, S.RETURNED, S.HANDLED})
CHECKED = "checked"
UNCHECKED = "unchecked"
SUPERVISED = "supervised"
CALLED = "called"
SYSTEM = "system"


@dataclass(frozen=True)
class Rule:
    """One verb. `to` None: the state stays. `otherwise`: where a failed check leads."""

    verb: Verb
    zh: str
    en: str
    sources: frozenset[State]
    to: State | None
    who: str
    needs: tuple[Need, ...] = ()
    clocks: tuple[ClockAct, ...] = ()
    tells: tuple[str, ...] = ()
    otherwise: State | None = None
    when: str = ""
    public: bool = True


def _from(*states: State) -> frozenset[State]:
    return frozenset(states)


C, N, V = ClockAct, Need, Verb
# fmt: off
RULES: dict[Verb, Rule] = {
    rule.verb: rule
    for rule in (
        Rule(V.REPORT, "上报", "Report", _from(), S.REPORTED, "reporter", clocks=(C.START_ACCEPT,),
             tells=("desk",)),
        Rule(V.ACCEPT, "受理立案", "Accept", _from(S.REPORTED), S.PENDING_DISPATCH, "desk",
             clocks=(C.STOP, C.ANSWERED, C.HEARD, C.START_DISPATCH)),
        Rule(V.REJECT, "不予受理", "Reject", _from(S.REPORTED), S.REJECTED, "desk",
             needs=(N.REASON,), clocks=(C.END,), tells=("reporter",)),
        Rule(V.DISPATCH, "派遣", "Dispatch", _from(S.PENDING_DISPATCH), S.DISPATCHED, "desk",
             needs=(N.UNIT,), clocks=(C.STOP, C.ANSWERED, C.HEARD, C.START_HANDLE),
             tells=("unit", "owner")),
        Rule(V.REDISPATCH, "改派", "Redispatch", _from(S.DISPATCHED, S.HANDLING, S.RETURNED),
             S.DISPATCHED, "desk", needs=(N.UNIT, N.REASON), clocks=(C.ANSWERED, C.HEARD),
             tells=("unit", "owner")),
        Rule(V.SIGN, "签收", "Sign for", _from(S.DISPATCHED), S.HANDLING, "unit",
             clocks=(C.HEARD,)),
        Rule(V.RETURN, "退单", "Return", _from(S.DISPATCHED, S.HANDLING), S.RETURNED, "unit_desk",
             needs=(N.REASON,), clocks=(C.HEARD,), tells=("desk", "owner")),
        Rule(V.HANDLE, "处置完成", "Mark handled", _from(S.HANDLING), S.HANDLED, "unit",
             needs=(N.OUTCOME, N.NOTE), clocks=(C.STOP, C.ANSWERED, C.HEARD, C.START_CHECK),
             tells=("reporter", "cell", "owner")),
        Rule(V.CHECK, "核查", "Check", _from(S.HANDLED), S.HANDLED, "checker", needs=(N.PASSED,),
             otherwise=S.HANDLING, when=UNCHECKED, tells=("unit", "owner")),
        Rule(V.CLOSE, "结案", "Close", _from(S.HANDLED), S.CLOSED, "closer", clocks=(C.END,),
             when=CHECKED, tells=("reporter", "unit")),
        Rule(V.CANCEL, "作废", "Cancel", OPEN, S.CANCELLED, "desk", needs=(N.REASON,),
             clocks=(C.END,), tells=("reporter", "unit")),
        Rule(V.NOTE, "备注", "Add a note", frozenset(State), None, "participant", needs=(N.NOTE,),
             public=False),
        Rule(V.RAISE_URGENCY, "提升紧急程度", "Raise urgency", OPEN - {S.HANDLED}, None,
             "participant", needs=(N.CONDITION, N.REASON), clocks=(C.RESTART,),
             tells=("unit", "desk", "owner")),
        Rule(V.CHASE, "催办", "Chase", OPEN, None, "chaser", tells=("unit",)),
        Rule(V.SUPERVISE, "督办", "Supervise", _from(S.DISPATCHED, S.HANDLING), None, "leader",
             needs=(N.REASON,), clocks=(C.ANSWERED, C.START_ANSWER),
             tells=("unit_head", "unit", "owner")),
        Rule(V.ANSWER, "回复督办", "Answer the order", OPEN, None, "unit_desk", needs=(N.NOTE,),
             clocks=(C.ANSWERED,), when=SUPERVISED, tells=("leader", "owner")),
        Rule(V.INSTRUCT, "批示", "Instruct", OPEN, None, "leader", needs=(N.NOTE,),
             tells=("unit", "desk", "owner")),
        Rule(V.ACKNOWLEDGE, "知悉", "Acknowledge", OPEN, None, "called", clocks=(C.HEARD,),
             when=CALLED),
        # What the ladder and the calendar do by themselves.
        Rule(V.REMIND, "到期提醒", "Remind", OPEN, None, SYSTEM, public=False),
        Rule(V.ESCALATE, "上报领导", "Escalate", OPEN, None, SYSTEM),
        Rule(V.CALL, "呼叫值班", "Call the duty", OPEN, None, SYSTEM, public=False),
        Rule(V.RAISE, "提级", "Raise one level", OPEN, None, SYSTEM, tells=("raised",)),
        Rule(V.RECKON, "重算到期时间", "Reckon the due time anew", OPEN, None, SYSTEM),
        Rule(V.SKIP, "停止升级", "End a step", OPEN, None, SYSTEM),
    )
}
# fmt: on
# A failed check sends the work back: the checking clock ends, the handling clock
# starts again with the time that was left.
REWORK_CLOCKS = (C.STOP, C.START_HANDLE)

STATE_NAMES: dict[State, tuple[str, str]] = {
    S.REPORTED: ("待受理", "To accept"),
    S.PENDING_DISPATCH: ("待派遣", "To dispatch"),
    S.DISPATCHED: ("待签收", "To sign for"),
    S.HANDLING: ("处置中", "In hand"),
    S.RETURNED: ("已退单", "Returned"),
    S.HANDLED: ("待核查", "To check"),
    S.CLOSED: ("已结案", "Closed"),
    S.REJECTED: ("不予受理", "Rejected"),
    S.CANCELLED: ("已作废", "Cancelled"),
}
OUTCOME_NAMES: dict[Outcome, tuple[str, str]] = {
    Outcome.FIXED: ("已解决", "Fixed"),
    Outcome.EXPLAINED: ("已解释说明", "Explained"),
    Outcome.MEDIATED: ("已调解", "Mediated"),
    Outcome.PLANNED: ("已列入计划", "Planned"),
    Outcome.NO_BASIS: ("无依据办理", "No basis"),
}


# What a person can ask for; the rest comes with a report or by itself.
ASKED = tuple(v for v, rule in RULES.items() if v is not V.REPORT and rule.who != SYSTEM)
# The third return or rework raises an issue one level by itself (DOMAIN.md §4.4).
RAISED_AT = 3


def verbs_from(state: State, *, gates: frozenset[str]) -> Iterable[Rule]:
    """The rules whose verb may leave this state, in the order of the rule book."""
    for rule in RULES.values():
        if state in rule.sources and passes_gate(rule, gates=gates):
            yield rule


def passes_gate(rule: Rule, *, gates: frozenset[str]) -> bool:
    """Whether what the rule's `when` asks for is so: `gates` is what is so of the issue."""
    return not rule.when or rule.when in gates


def target(rule: Rule, *, state: State, passed: bool | None = None) -> State:
    """The state that the verb leads to; `passed` False takes the way back."""
    if rule.otherwise is not None and passed is False:
        return rule.otherwise
    return rule.to or state
