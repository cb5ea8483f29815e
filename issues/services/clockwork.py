"""What the acts of the rule book mean for clocks: which kind starts, which kinds stop."""

from issues.models import Clock
from issues.workflow import AT_WORK, DONE, Asked, ClockAct, State

K = Clock.Kind
STARTS = {
    ClockAct.START_VERIFY: K.VERIFY,
    ClockAct.START_ACCEPT: K.ACCEPT,
    ClockAct.START_DISPATCH: K.DISPATCH,
    ClockAct.START_HANDLE: K.HANDLE,
    ClockAct.START_CHECK: K.CHECK,
    ClockAct.START_CLIMBED: K.CLIMBED,
    ClockAct.START_CALLBACK: K.CALLBACK,
    ClockAct.START_ANSWER: K.ANSWER,
    ClockAct.START_DECIDE: K.DECIDE,
    ClockAct.START_APPROVE: K.APPROVE,
    ClockAct.START_COUNTERSIGN: K.COUNTERSIGN,
}
# Acts that start the handling clock with what was left of it, each counted its own way.
LEFT = (ClockAct.AGAIN, ClockAct.EXTEND, ClockAct.RESUME)
# The main clock of each state, for a clock that starts anew where the issue stays.
RUNNING_IN = {
    State.PENDING_VERIFY: K.VERIFY,
    State.REPORTED: K.ACCEPT,
    State.PENDING_DISPATCH: K.DISPATCH,
    State.DISPATCHED: K.HANDLE,
    State.HANDLING: K.HANDLE,
    State.RETURNED: K.HANDLE,
    State.SUSPENDED: K.HANDLE,
    State.HANDLED: K.CHECK,
    State.PENDING_CALLBACK: K.CALLBACK,
}
MAIN = frozenset(Clock.MAIN)
SIDE = frozenset(Clock.Kind) - MAIN - {K.COUNTERSIGN}
STOPS: dict[ClockAct, frozenset[str]] = {
    ClockAct.STOP: MAIN,
    ClockAct.ANSWERED: frozenset({K.ANSWER}),
    ClockAct.HEARD: frozenset({K.DUTY}),
    ClockAct.DECIDED: frozenset({K.DECIDE}),
    ClockAct.APPROVED: frozenset({K.APPROVE}),
    ClockAct.COUNTERSIGNED: frozenset({K.COUNTERSIGN}),
    # A countersignature is still owed when the issue is long closed.
    ClockAct.END: MAIN | SIDE,
}
# Limits of somebody who looks at what is done: nobody's work at night.
LOOKED_AT = frozenset({K.VERIFY, K.CHECK, K.CLIMBED, K.CALLBACK})
# In which states what was asked for still makes sense.
ASKED_IN = {Asked.EXTENSION: AT_WORK, Asked.SUSPENSION: AT_WORK, Asked.APPEAL: DONE}
