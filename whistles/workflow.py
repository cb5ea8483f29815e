"""The rule book of a whistle (吹哨): every act on one screen. Plain Python.

Made of the same rows as a report's book and read by the same functions
(`issues.book`). A whistle belongs to one issue; its acts stand in the issue's
timeline, its limits are clocks of the issue (DOMAIN.md §3.4).
"""

from dataclasses import dataclass
from enum import StrEnum

from issues.book import Row


class Standing(StrEnum):
    PROPOSED = "proposed"
    BLOWN = "blown"
    CLOSED = "closed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Act(StrEnum):
    PROPOSE = "propose"
    BLOW_NOW = "blow_now"
    APPROVE = "approve"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    ANSWER = "answer"
    JUDGE = "judge"
    ARRIVE = "arrive"
    WAIVE = "waive"
    RATE = "rate"
    CLOSE = "close"
    BECOME_ITEM = "become_item"


class Need(StrEnum):
    """What an act must be given; the names are the API's field names."""

    KIND = "kind"
    REASON = "reason"
    PLACE = "place"
    UNITS = "units"
    ANSWER = "answer"
    ROLES = "roles"
    UNIT = "unit"
    MUST_COME = "must_come"


class Gate(StrEnum):
    """What must be so of the whistle, besides its standing."""

    UNAPPROVED = "unapproved"
    NEEDED = "needed"
    APPROVED = "approved"
    TO_ANSWER = "to_answer"
    TO_ARRIVE = "to_arrive"
    TO_JUDGE = "to_judge"
    WAIVABLE = "waivable"
    SETTLED = "settled"
    TO_RATE = "to_rate"
    NO_ITEM = "no_item"


@dataclass(frozen=True)
class WhistleRule(Row[Act, Standing]):
    """One act of a whistle's rule book. `apart`: never by whoever proposed it, by person.

    What is decided or rated of a unit is never its own people's (`sides`).
    """


def _from(*standings: Standing) -> frozenset[Standing]:
    return frozenset(standings)


S, A, N, G = Standing, Act, Need, Gate
# fmt: off
ROWS = (
    WhistleRule(A.PROPOSE, "提出吹哨", "Propose", _from(), S.PROPOSED, "blower",
                needs=(N.KIND, N.REASON, N.PLACE, N.UNITS), tells=("approver",)),
    WhistleRule(A.BLOW_NOW, "应急先吹哨", "Blow at once", _from(), S.BLOWN, "blower_or_leader",
                needs=(N.KIND, N.REASON, N.PLACE, N.UNITS), tells=("called", "approver", "owner")),
    WhistleRule(A.APPROVE, "批准吹哨", "Approve", _from(S.PROPOSED, S.BLOWN), S.BLOWN, "approver",
                when=(G.UNAPPROVED, G.NEEDED), apart=True, tells=("called", "proposer", "owner")),
    WhistleRule(A.REFUSE, "不批准", "Refuse", _from(S.PROPOSED, S.BLOWN), S.REFUSED, "approver",
                needs=(N.REASON,), when=(G.UNAPPROVED,), apart=True, tells=("proposer", "heard")),
    WhistleRule(A.WITHDRAW, "撤回", "Withdraw", _from(S.PROPOSED), S.WITHDRAWN, "proposer"),
    WhistleRule(A.ANSWER, "应哨", "Answer", _from(S.BLOWN), None, "called",
                needs=(N.ANSWER,), when=(G.TO_ANSWER,), tells=("proposer", "judge")),
    WhistleRule(A.JUDGE, "区级裁定", "Judge", _from(S.BLOWN), None, "judge",
                needs=(N.MUST_COME, N.REASON), when=(G.TO_JUDGE,), apart=True,
                tells=("called", "proposer")),
    WhistleRule(A.ARRIVE, "报到", "Report in", _from(S.BLOWN), None, "called",
                needs=(N.ROLES,), when=(G.TO_ARRIVE,), tells=("proposer",)),
    WhistleRule(A.WAIVE, "免应哨", "Waive", _from(S.BLOWN), None, "approver",
                needs=(N.UNIT, N.REASON), when=(G.WAIVABLE,), apart=True,
                tells=("called", "proposer")),
    WhistleRule(A.RATE, "评哨", "Rate", _from(S.BLOWN, S.CLOSED), None, "either",
                when=(G.TO_RATE,)),
    WhistleRule(A.CLOSE, "收哨", "Close", _from(S.BLOWN), S.CLOSED, "blower_or_leader",
                when=(G.APPROVED, G.SETTLED), tells=("heard", "proposer")),
    WhistleRule(A.BECOME_ITEM, "写入权责清单", "Write into the list", _from(S.CLOSED), None,
                "admin", needs=(N.UNIT,), when=(G.NO_ITEM,)),
)
# fmt: on
RULES: dict[Act, WhistleRule] = {rule.verb: rule for rule in ROWS}
# Those that begin a whistle; the others need one.
BEGINNING = (A.PROPOSE, A.BLOW_NOW)
ASKABLE = tuple(act for act in RULES if act not in BEGINNING)
RUNNING = _from(S.PROPOSED, S.BLOWN)
APPROVE_WITHIN = 120  # minutes, day and night, after an emergency was blown (DOMAIN.md §3.4)
RATE_WITHIN = 7  # days after the whistle was closed
STANDING_NAMES: dict[Standing, tuple[str, str]] = {
    S.PROPOSED: ("待批准", "To approve"),
    S.BLOWN: ("已吹哨", "Blown"),
    S.CLOSED: ("已收哨", "Closed"),
    S.REFUSED: ("未批准", "Refused"),
    S.WITHDRAWN: ("已撤回", "Withdrawn"),
}
