"""Every verb on an issue that exists already, through one door: `perform`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext as _

from issues.dispatch import desk_for, position_of, route
from issues.models import Issue
from issues.rules import allowed, may
from issues.services.errors import ChangedMeanwhile, Refused
from issues.services.filing import filed_under, more_urgent
from issues.services.photos import attach, own_unused
from issues.services.raising import raise_level
from issues.services.sending import send_by_hand, send_by_rule, unit_for_hand
from issues.services.turn import Turn
from issues.services.words import MAX_NOTE, cleaned
from issues.workflow import (
    RAISED_AT,
    REWORK_CLOCKS,
    RULES,
    Need,
    Outcome,
    Rule,
    State,
    Verb,
    passes_gate,
    target,
)
from partyorgs.models import Organization
from partyorgs.rules import Scope

# Reasons that people give often; another one is written out.
REASONS = {
    Verb.RETURN: ("wrong_area", "not_ours", "unclear_owner", "overlapping_duty"),
    Verb.REJECT: ("not_a_matter", "in_procedure", "still_in_hand", "beyond_duty"),
    Verb.REDISPATCH: ("sent_wrong", "unit_asked"),
    Verb.CANCEL: ("duplicate", "void"),
    Verb.SUPERVISE: ("overdue", "important", "instructed"),
    Verb.RAISE_URGENCY: ("worse", "danger", "filed_wrong"),
}


@dataclass(frozen=True)
class Given:
    """What comes with a verb; empty means "not given". `version`: what the caller saw."""

    note: str = ""
    reason: str = ""
    unit: str = ""
    outcome: str = ""
    passed: bool | None = None
    category: str = ""
    condition: str = ""
    attachments: Sequence[UUID | str] = ()
    version: int | None = None


@transaction.atomic
def perform(*, scope: Scope, number: str, verb: Verb, given: Given, now: datetime) -> Issue:
    """Do the verb on the issue, if the rule book allows it now.

    Locks the row, looks in the table, moves the state, appends one Event, starts
    and stops clocks, queues the notices, takes the photos. Raises
    Issue.DoesNotExist for what the scope may not see, Refused or
    ChangedMeanwhile (409), ValidationError by field.
    """
    issue = _locked(scope, number)
    rule = RULES[verb]
    if given.version is not None and given.version != issue.version:
        raise ChangedMeanwhile(allowed(scope, issue))
    in_time = State(issue.state) in rule.sources
    seat = may(scope, rule, issue) if in_time else None
    if seat is None or not passes_gate(rule, gates=issue.gates):
        raise Refused(allowed(scope, issue))
    given = _checked(rule, given)
    turn = Turn(issue, scope=scope, seat=seat, now=now)
    photos = own_unused(uploader=scope.user, ids=given.attachments)
    HOW.get(verb, _plain)(turn, rule, given)
    turn.save()
    attach(issue=issue, photos=photos, verb=verb)
    return issue


def _locked(scope: Scope, number: str) -> Issue:
    """The issue under its row lock, with what the verbs read.

    In two steps on PostgreSQL: a query that waits for the lock sees the row as
    it is afterwards, but the rows joined to it as they were before.
    """
    seen = Issue.objects.visible_to(scope)
    if connection.features.has_select_for_update:
        key = seen.select_for_update(of=("self",), no_key=True).values_list("pk").get(number=number)
        seen = Issue.objects.filter(pk=key[0])
    return (
        seen.select_related(
            "category", "condition", "unit", "doer", "owner", "cell",
            "community", "street", "district", "contact",
        )
        .defer("cell__boundary", "cell__shape")
        .get(number=number)
    )  # fmt: skip


def _checked(rule: Rule, given: Given) -> Given:
    """The texts cleaned and everything there that the rule needs."""
    given = replace(
        given,
        note=cleaned(given.note, field="note", longest=MAX_NOTE),
        reason=cleaned(given.reason, field="reason", longest=MAX_NOTE),
    )
    sentences = {
        Need.NOTE: _("请写几句说明。"),
        Need.REASON: _("请写明理由。"),
        Need.UNIT: _("请选择承办单位。"),
        Need.OUTCOME: _("请选择办理结果。"),
        Need.PASSED: _("请说明是否通过。"),
        Need.CONDITION: _("请选择更紧急的情形。"),
    }
    missing = {
        str(need): sentences[need] for need in rule.needs if getattr(given, need) in ("", None)
    }
    if given.category:
        # A leaf alone names its first condition.
        missing.pop("condition", None)
    if given.outcome and given.outcome not in list(Outcome):
        missing["outcome"] = _("没有这种办理结果，请重新选择。")
    if rule.verb is Verb.CHECK and given.passed is False and not given.note:
        missing["note"] = _("不通过要写明哪里还没做好。")
    if missing:
        raise ValidationError(missing)
    return given


def _text(rule: Rule, given: Given) -> tuple[str, str]:
    """The reason's code, if it is one of the listed, and the free text that remains."""
    if given.reason in REASONS.get(rule.verb, ()):
        return given.reason, given.note
    return "", "\n".join(part for part in (given.reason, given.note) if part)


def _plain(turn: Turn, rule: Rule, given: Given, **facts: Any) -> None:
    code, text = _text(rule, given)
    turn.apply(
        rule,
        to=target(rule, state=State(turn.issue.state)),
        facts=facts | ({"reason": code} if code else {}),
        text=text,
        unit=turn.issue.unit,
        on_behalf_of=_on_behalf(turn, rule),
    )


def _on_behalf(turn: Turn, rule: Rule) -> Organization | None:
    """代录: whose work the unit records when the doer has no account of its own."""
    issue = turn.issue
    by_unit = rule.who in ("unit", "unit_desk")
    return issue.doer if by_unit and issue.doer_id and issue.doer_id != issue.unit_id else None


def _accept(turn: Turn, rule: Rule, given: Given) -> None:
    """File the report under a category, then let the responsibility list send it."""
    issue = turn.issue
    if given.category:
        what = filed_under(given.category, given.condition)
        issue.category, issue.condition = what.category, what.condition
        issue.critical = what.condition.critical
    if issue.category is None:
        raise ValidationError({"category": _("请先选择事项类别。")})
    turn.apply(rule, to=State.PENDING_DISPATCH, text=given.note)
    where = position_of(issue)
    found = route(category=issue.category, place=where, at=turn.now)
    send_by_rule(turn, found=found, desk=lambda: desk_for(where))


def _dispatch(turn: Turn, rule: Rule, given: Given) -> None:
    """To a unit that a person chose; late already, it owes an answer to an order at once.

    The limit runs on, and what its ladder did to the unit before it does not do again.
    """
    unit = unit_for_hand(turn.issue, code=given.unit, turn=turn)
    code, text = _text(rule, given)
    due = turn.issue.due_at
    late = rule.verb is Verb.REDISPATCH and due is not None and due <= turn.now
    send_by_hand(turn, rule=rule, unit=unit, text=text, reason=code, order=late)


def _return(turn: Turn, rule: Rule, given: Given) -> None:
    turn.issue.returns += 1
    _plain(turn, rule, given)
    if turn.issue.returns == RAISED_AT:
        raise_level(turn, because="returns")


def _handle(turn: Turn, rule: Rule, given: Given) -> None:
    issue = turn.issue
    issue.outcome = given.outcome
    issue.handled_at, issue.checked_at = turn.now, None
    turn.apply(
        rule,
        to=State.HANDLED,
        facts={"outcome": given.outcome},
        text=given.note,
        unit=issue.unit,
        on_behalf_of=_on_behalf(turn, rule),
    )


def _check(turn: Turn, rule: Rule, given: Given) -> None:
    """Pass, or send the work back; the handling clock then gets the time that was left."""
    issue = turn.issue
    passed = bool(given.passed)
    if passed:
        issue.checked_at = turn.now
    else:
        issue.reworks += 1
        issue.outcome, issue.handled_at = "", None
        turn.reworked = True
    turn.apply(
        rule,
        to=target(rule, state=State(issue.state), passed=passed),
        clock_acts=() if passed else REWORK_CLOCKS,
        facts={"passed": passed},
        text=given.note,
        unit=issue.unit,
    )
    if not passed and issue.reworks == RAISED_AT:
        raise_level(turn, because="reworks")


def _end(turn: Turn, rule: Rule, given: Given) -> None:
    """The end of the issue; steps of the ladder that were still to come end with it."""
    issue = turn.issue
    issue.assignments.filter(ended_at=None).update(ended_at=turn.now)
    waiting = issue.clocks.filter(stopped_at=None, next_at__isnull=False).exists()
    issue.closed_at = turn.now
    _plain(turn, rule, given, **({"steps_ended": True} if waiting else {}))


def _raise_urgency(turn: Turn, rule: Rule, given: Given) -> None:
    """File the issue under a more urgent condition; its clock starts anew from now."""
    issue = turn.issue
    if issue.category is None and not given.category:
        raise ValidationError({"category": _("请先选择事项类别。")})
    leaf = given.category or (issue.category.code if issue.category else "")
    what = filed_under(leaf, given.condition)
    if not more_urgent(what.condition, than=issue.condition):
        raise ValidationError({"condition": _("这种情形不比现在更紧急，请另选一种。")})
    before = issue.condition.code if issue.condition else ""
    issue.category, issue.condition = what.category, what.condition
    issue.critical = what.condition.critical
    code, text = _text(rule, given)
    facts = {"from_condition": before, "to_condition": what.condition.code}
    if code:
        facts["reason"] = code
    turn.apply(rule, to=State(issue.state), facts=facts, text=text, unit=issue.unit)


HOW: dict[Verb, Callable[[Turn, Rule, Given], None]] = {
    Verb.ACCEPT: _accept,
    Verb.DISPATCH: _dispatch,
    Verb.REDISPATCH: _dispatch,
    Verb.RETURN: _return,
    Verb.HANDLE: _handle,
    Verb.CHECK: _check,
    Verb.CLOSE: _end,
    Verb.REJECT: _end,
    Verb.CANCEL: _end,
    Verb.RAISE_URGENCY: _raise_urgency,
}
