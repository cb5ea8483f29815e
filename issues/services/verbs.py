"""Every verb on an issue that exists already, through one door: `perform`."""

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from issues.gates import why_shut
from issues.models import Issue, Sent
from issues.numbers import as_written
from issues.queries import issue_for_reading
from issues.rules import allowed, offer_of
from issues.services import (
    accepting,
    acting,
    asking,
    checking,
    deciding,
    dispatching,
    ending,
    joining,
    merging,
    parting,
    raising,
    returning,
    reworking,
    settling,
    splitting,
    surveying,
    touching,
    verifying,
)
from issues.services.doing import LISTED_ONLY, REASONS, Given, How, do
from issues.services.errors import ChangedMeanwhile, Refused
from issues.services.locking import lock_together, locked
from issues.services.once import Sending, once
from issues.services.photos import attach, own_unused
from issues.services.turn import Turn
from issues.services.words import MAX_BASIS, MAX_NOTE, cleaned
from issues.workflow import HANDLED_AS, RULES, Need, Rule, Verb, Way
from partyorgs.rules import Scope

# What a verb does besides moving the issue; the others only move it.
HOW: dict[Verb, How] = {
    verb: how
    for part in (
        accepting,
        verifying,
        dispatching,
        deciding,
        raising,
        returning,
        settling,
        checking,
        reworking,
        acting,
        ending,
        surveying,
        asking,
        joining,
        merging,
        splitting,
        parting,
        touching,
    )  # fmt: skip
    for verb, how in part.HOW.items()
}


def perform(
    *, scope: Scope, number: str, verb: Verb, given: Given, key: str | None = None, now: datetime
) -> Issue:
    """Do the verb on the issue, if the rule book allows it now.

    Locks the row, looks in the table, moves the state, appends one Event, starts
    and stops clocks, queues the notices, takes the photos.

    `key`: sent twice by the same user with the same content it is done once, and
    the second time gives the issue as it is by then. Raises Issue.DoesNotExist for
    what the scope may not see, Refused or ChangedMeanwhile (409), KeyReused,
    ValidationError by field.
    """
    given = replace(given, into=as_written(given.into))
    sending = Sending.of(scope.user, key, "issue", number, verb, given=given, at=now)

    def again(_sent: Sent) -> Issue:
        return issue_for_reading(scope=scope, number=number)

    work = partial(
        _perform, scope=scope, number=number, verb=verb, given=given, sending=sending, now=now
    )
    return once(work, sending=sending, again=again)


@transaction.atomic
def _perform(
    *,
    scope: Scope,
    number: str,
    verb: Verb,
    given: Given,
    sending: Sending | None,
    now: datetime,
) -> Issue:
    if verb in (Verb.MERGE, Verb.UNMERGE):
        lock_together(scope, (number, given.into))
    issue = locked(scope, number)
    if sending:
        # Before the version: sent a second time it is an old one.
        sending.keep(issue.subject_key)
    rule = RULES[verb]
    if given.version is not None and given.version != issue.version:
        raise ChangedMeanwhile(allowed(scope, issue))
    offer = offer_of(scope, rule, issue)
    if offer is None or offer.shut:
        why = why_shut(offer.shut) if offer else ""
        raise Refused(allowed(scope, issue), why=why)
    given = _checked(rule, given)
    turn = Turn(issue, scope=scope, seat=offer.seat, now=now)
    photos = own_unused(uploader=scope.user, ids=given.attachments)
    HOW.get(verb, do)(turn, rule, given)
    returning.leave(turn)
    turn.save()
    attach(issue=issue, photos=photos, verb=verb)
    return issue


SENTENCES: dict[str, Any] = {
    Need.NOTE: _("请写几句说明。"),
    Need.REASON: _("请写明理由。"),
    Need.UNIT: _("请选择承办单位。"),
    Need.PROPOSED: _("请提出应该由哪个单位办。"),
    Need.OUTCOME: _("请选择办理结果。"),
    Need.PASSED: _("请说明是否通过。"),
    Need.WAY: _("请选择核查方式：现场、照片或电话。"),
    Need.CONDITION: _("请选择更紧急的情形。"),
    Need.HOURS: _("请写明要延长几个工作小时。"),
    Need.UNTIL: _("请选择日期。"),
    Need.INTO: _("请写明并入哪个问题的编号。"),
    Need.PARTS: _("请写明拆成哪几个问题，至少两个。"),
    Need.PART: _("请选择哪一项协办。"),
    Need.CELL: _("请选择涉及的网格。"),
    Need.VALID: _("请说明回访是否有效。"),
}


def _checked(rule: Rule, given: Given) -> Given:
    """The texts cleaned and everything there that the rule needs."""
    given = replace(
        given,
        note=cleaned(given.note, field="note", longest=MAX_NOTE),
        reason=cleaned(given.reason, field="reason", longest=MAX_NOTE),
        basis=cleaned(given.basis, field="basis", longest=MAX_BASIS),
    )
    missing = {
        need: SENTENCES[need] for need in rule.needs if getattr(given, need) in ("", None, ())
    }
    if given.category:
        # A leaf alone names its first condition.
        missing.pop(Need.CONDITION, None)
    missing |= _wrong(rule, given)
    if missing:
        raise ValidationError({str(need): said for need, said in missing.items()})
    return given


def _wrong(rule: Rule, given: Given) -> dict[str, Any]:
    """What is there but is not one of the choices."""
    wrong = {}
    if given.outcome and given.outcome not in HANDLED_AS:
        wrong["outcome"] = _("没有这种办理结果，请重新选择。")
    if given.way and given.way not in list(Way):
        wrong["way"] = _("没有这种核查方式，请重新选择。")
    if rule.verb in LISTED_ONLY and given.reason and given.reason not in REASONS[rule.verb]:
        wrong["reason"] = _("请从列出的理由里选一条。办不了请申请延期、挂账或会商。")
    if given.passed is False and not given.note:
        wrong["note"] = (
            _("不属实要写明现场看到的情况。")
            if rule.verb is Verb.VERIFY
            else _("不通过要写明哪里还没做好。")
        )
    return wrong
