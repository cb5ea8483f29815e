"""What the verbs share: what a caller gives, and the plain way of doing a verb."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from issues.book import target
from issues.services.turn import Turn
from issues.workflow import Rule, State, Verb
from partyorgs.models import Organization

# Reasons that people give often; another one is written out where the verb allows it.
REASONS: dict[Verb, tuple[str, ...]] = {
    Verb.RETURN: ("wrong_area", "not_ours", "overlapping_duty", "no_power"),
    Verb.REJECT: ("not_a_matter", "in_procedure", "still_in_hand", "beyond_duty"),
    Verb.REDISPATCH: ("sent_wrong", "unit_asked"),
    Verb.JUDGE: ("unit_right", "unit_wrong", "nobody_clear"),
    Verb.CANCEL: ("duplicate", "void"),
    Verb.SUPERVISE: ("overdue", "important", "instructed"),
    Verb.RAISE_URGENCY: ("worse", "danger", "filed_wrong"),
    Verb.REFER_UP: ("no_power", "needs_several", "needs_money"),
    Verb.REOPEN: ("came_back", "not_done"),
    Verb.ASK_EXTENSION: ("parts_on_order", "weather", "needs_consent"),
    Verb.ASK_SUSPENSION: ("waits_for_plan", "waits_for_law", "waits_for_season"),
    Verb.APPEAL: ("beyond_control", "wrong_limit", "late_by_others"),
    Verb.FORCE_CLOSE: ("cannot_be_done", "refused_by_owner"),
}
# Verbs whose reason is one of the list and nothing else.
LISTED_ONLY = frozenset({Verb.RETURN})


@dataclass(frozen=True)
class Given:
    """What comes with a verb; empty means "not given". `version`: what the caller saw.

    `hours`: working hours more. `until`: the last day of a suspension, or when a
    plan will be done. `item`: id of a responsibility item. `into`: the number of
    the issue that this one is merged into. `parts`: the problems that a report is
    split into, each a mapping with category, condition, description. `part`: id of
    a helper's assignment. Codes everywhere else.
    """

    note: str = ""
    reason: str = ""
    unit: str = ""
    proposed: str = ""
    item: int | None = None
    cell: str = ""
    outcome: str = ""
    basis: str = ""
    passed: bool | None = None
    way: str = ""
    category: str = ""
    condition: str = ""
    hours: int | None = None
    until: date | None = None
    into: str = ""
    parts: Sequence[Mapping[str, Any]] = ()
    part: int | None = None
    valid: bool | None = None
    contacted: bool | None = None
    solved: bool | None = None
    satisfaction: str = ""
    attachments: Sequence[UUID | str] = field(default_factory=tuple)
    version: int | None = None


How = Callable[[Turn, Rule, Given], None]


def coded(rule: Rule, given: Given) -> tuple[str, str]:
    """The reason's code, if it is one of the listed, and the free text that remains."""
    if given.reason in REASONS.get(rule.verb, ()):
        return given.reason, given.note
    return "", "\n".join(part for part in (given.reason, given.note) if part)


def on_behalf(turn: Turn, rule: Rule) -> Organization | None:
    """代录: whose work the unit records when the doer has no account of its own."""
    issue = turn.issue
    by_unit = rule.who in ("unit", "unit_desk")
    return issue.doer if by_unit and issue.doer_id and issue.doer_id != issue.unit_id else None


def do(turn: Turn, rule: Rule, given: Given, *, passed: bool | None = None, **facts: Any) -> None:
    """Apply the rule with the reason and text given, in the name of the unit that has it.

    `passed` False takes the rule's way back, with the clocks of that way.
    """
    code, text = coded(rule, given)
    if passed is not None:
        facts["passed"] = passed
    turn.apply(
        rule,
        to=target(rule, state=State(turn.issue.state), passed=passed),
        passed=passed,
        facts=facts | ({"reason": code} if code else {}),
        text=text,
        unit=turn.issue.unit,
        on_behalf_of=on_behalf(turn, rule),
    )
