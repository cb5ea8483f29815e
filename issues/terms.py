"""The words of the rule book: states, verbs, and what a verb can ask for. Plain Python."""

from enum import StrEnum


class State(StrEnum):
    PENDING_VERIFY = "pending_verify"
    REPORTED = "reported"
    PENDING_DISPATCH = "pending_dispatch"
    DISPATCHED = "dispatched"
    HANDLING = "handling"
    RETURNED = "returned"
    SUSPENDED = "suspended"
    HANDLED = "handled"
    PENDING_CALLBACK = "pending_callback"
    CLOSED = "closed"
    CLOSED_UNCHECKED = "closed_unchecked"
    FORCED_CLOSED = "forced_closed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    MERGED = "merged"


class Verb(StrEnum):
    REPORT = "report"
    VERIFY = "verify"
    ACCEPT = "accept"
    REJECT = "reject"
    DISPATCH = "dispatch"
    REDISPATCH = "redispatch"
    ARRANGE = "arrange"
    REFER_UP = "refer_up"
    SPLIT = "split"
    SIGN = "sign"
    RETURN = "return"
    CONFER = "confer"
    JUDGE = "judge"
    SETTLE = "settle"
    HANDLE = "handle"
    RECLASSIFY = "reclassify"
    CHECK = "check"
    CLOSE = "close"
    FEED_BACK = "feed_back"
    CALL_BACK = "call_back"
    SURVEY = "survey"
    RENEW_LINK = "renew_link"
    SPOT_CHECK = "spot_check"
    REOPEN = "reopen"
    FORCE_CLOSE = "force_close"
    CANCEL = "cancel"
    MERGE = "merge"
    UNMERGE = "unmerge"
    JOIN = "join"
    ASK_EXTENSION = "ask_extension"
    ASK_SUSPENSION = "ask_suspension"
    APPEAL = "appeal"
    WITHDRAW = "withdraw"
    EXTEND = "extend"
    SUSPEND = "suspend"
    EXEMPT = "exempt"
    REFUSE = "refuse"
    RESUME = "resume"
    ADD_PART = "add_part"
    COMPLETE_PART = "complete_part"
    DROP_PART = "drop_part"
    TOUCH = "touch"
    ACT_FIRST = "act_first"
    COUNTERSIGN = "countersign"
    NOTE = "note"
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
    FALL_BACK = "fall_back"
    NEXT_DEPUTY = "next_deputy"
    WAKE = "wake"
    CLIMB = "climb"
    LAPSE = "lapse"
    WHISTLE = "whistle"
    RECKON = "reckon"
    SKIP = "skip"


class Need(StrEnum):
    """What a verb must be given; the names are the API's field names."""

    NOTE = "note"
    REASON = "reason"
    UNIT = "unit"
    PROPOSED = "proposed"
    OUTCOME = "outcome"
    PASSED = "passed"
    WAY = "way"
    CONDITION = "condition"
    HOURS = "hours"
    UNTIL = "until"
    INTO = "into"
    PARTS = "parts"
    PART = "part"
    CELL = "cell"
    VALID = "valid"


class Gate(StrEnum):
    """What must be so of the issue, besides its state; `issues.gates` tells whether it is."""

    CHECKED = "checked"
    UNCHECKED = "unchecked"
    SUPERVISED = "supervised"
    CALLED = "called"
    HOTLINE = "hotline"
    NOT_HOTLINE = "not_hotline"
    UNDISPUTED = "undisputed"
    DISPUTED = "disputed"
    AT_UNIT = "at_unit"
    RETURNABLE = "returnable"
    BELOW_DISTRICT = "below_district"
    CRITICAL = "critical"
    UNCRITICAL = "uncritical"
    TRIVIAL = "trivial"
    PARTS_DONE = "parts_done"
    PARTS_OPEN = "parts_open"
    CLASSIFIED = "classified"
    UNCLASSIFIED = "unclassified"
    BEFORE_DUE = "before_due"
    EXTENDABLE = "extendable"
    SUSPENDABLE = "suspendable"
    WAS_LATE = "was_late"
    UNAPPEALED = "unappealed"
    NOTHING_ASKED = "nothing_asked"
    ASKED = "asked"
    EXTENSION_ASKED = "extension_asked"
    SUSPENSION_ASKED = "suspension_asked"
    APPEAL_ASKED = "appeal_asked"
    RECENT = "recent"
    SAMPLED = "sampled"
    SURVEYED = "surveyed"
    LINK_OVER = "link_over"
    ACTED_FIRST = "acted_first"


class ClockAct(StrEnum):
    """What a verb does to the clocks; what is not named goes on running.

    `stop` ends the main clock, `end` every clock. `pause` and `resume` hold the
    main clock still, `extend` adds to it, `again` starts handling anew with what
    was left. The past participles end one side clock each: an order's answer, a
    call of the duty, a decision on a return or on a request, a countersignature.
    """

    START_VERIFY = "start verify"
    START_ACCEPT = "start accept"
    START_DISPATCH = "start dispatch"
    START_HANDLE = "start handle"
    START_CHECK = "start check"
    START_CLIMBED = "start climbed"
    START_CALLBACK = "start callback"
    START_ANSWER = "start answer"
    START_DECIDE = "start decide"
    START_APPROVE = "start approve"
    START_COUNTERSIGN = "start countersign"
    RESTART = "restart"
    AGAIN = "again"
    EXTEND = "extend"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    ANSWERED = "answered"
    HEARD = "heard"
    DECIDED = "decided"
    APPROVED = "approved"
    COUNTERSIGNED = "countersigned"
    END = "end"


class Outcome(StrEnum):
    FIXED = "fixed"
    EXPLAINED = "explained"
    MEDIATED = "mediated"
    PLANNED = "planned"
    NO_BASIS = "no_basis"
    OTHER = "other"
    SETTLED = "settled"


class Way(StrEnum):
    """How a result was checked."""

    ON_SITE = "on_site"
    PHOTO = "photo"
    PHONE = "phone"


class Asked(StrEnum):
    """What a unit can ask for, and a deputy decides."""

    EXTENSION = "extension"
    SUSPENSION = "suspension"
    APPEAL = "appeal"


S = State
STATE_NAMES: dict[State, tuple[str, str]] = {
    S.PENDING_VERIFY: ("待核实", "To verify"),
    S.REPORTED: ("待受理", "To accept"),
    S.PENDING_DISPATCH: ("待派遣", "To dispatch"),
    S.DISPATCHED: ("待签收", "To sign for"),
    S.HANDLING: ("处置中", "In hand"),
    S.RETURNED: ("已退单", "Returned"),
    S.SUSPENDED: ("已挂账", "Suspended"),
    S.HANDLED: ("待核查", "To check"),
    S.PENDING_CALLBACK: ("待回访", "To call back"),
    S.CLOSED: ("已结案", "Closed"),
    S.CLOSED_UNCHECKED: ("未核查结案", "Closed unchecked"),
    S.FORCED_CLOSED: ("强制结案", "Forced to close"),
    S.REJECTED: ("不予受理", "Rejected"),
    S.CANCELLED: ("已作废", "Cancelled"),
    S.MERGED: ("已并案", "Merged"),
}
OUTCOME_NAMES: dict[Outcome, tuple[str, str]] = {
    Outcome.FIXED: ("已解决", "Fixed"),
    Outcome.EXPLAINED: ("已解释说明", "Explained"),
    Outcome.MEDIATED: ("已调解", "Mediated"),
    Outcome.PLANNED: ("已列入计划", "Planned"),
    Outcome.NO_BASIS: ("无依据办理", "No basis"),
    Outcome.OTHER: ("其他", "Other"),
    Outcome.SETTLED: ("即办即结", "Settled on the spot"),
}
