"""The ladders as people read them, and the clocks whose step failed."""

from collections.abc import Collection, Iterable
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from issues.ladders import ladders_in_use, versions_before
from issues.models import Clock, Issue, Ladder, Rung
from issues.presenter import words
from issues.rungs import TURNS
from issues.workflow import RULES, Verb
from partyorgs.rules import Scope

SHOWN_PARKED = 100
Fact = dict[str, Any]

# Whom a rung can tell; who that is stands in services.people and services.calling.
PERSON_NAMES = {
    "handler": gettext_noop("处置人员"),
    "unit_desk": gettext_noop("承办单位值守员"),
    "unit_head": gettext_noop("承办单位负责人"),
    "owner": gettext_noop("党支部"),
    "desk": gettext_noop("街道值守台"),
    "field_leader": gettext_noop("街道分管领导"),
    "leader": gettext_noop("街道领导"),
    "district_desk": gettext_noop("区网格中心"),
    "next_on_duty": gettext_noop("下一位值班人员"),
    "leader_on_duty": gettext_noop("带班领导"),
    "approver": gettext_noop("审批人"),
    "called_unit": gettext_noop("被吹哨单位"),
    # Whom the rule book itself tells, where a rung is a turn of it.
    "reporter": gettext_noop("上报人"),
    "unit": gettext_noop("承办单位"),
}


def person_names() -> dict[str, str]:
    """The names of those whom a rung can tell, by key, in the reader's language."""
    return {key: _(name) for key, name in PERSON_NAMES.items()}


def ladder_facts() -> list[Fact]:
    """Each use with its rungs in words, since when they hold, and the versions before."""
    before: dict[str, list[Ladder]] = {}
    for ladder in versions_before():
        before.setdefault(ladder.use, []).append(ladder)
    return [
        version_facts(ladder) | {"before": list(map(version_facts, before.get(ladder.use, ())))}
        for ladder in ladders_in_use()
    ]


def version_facts(ladder: Ladder) -> Fact:
    """One version of a ladder."""
    return {
        "use": ladder.use,
        "name": ladder.get_use_display(),
        "version": ladder.version,
        "since": timezone.localtime(ladder.created_at),
        "until": timezone.localtime(ladder.replaced_at) if ladder.replaced_at else None,
        "rungs": [_rung(rung) for rung in ladder.rungs.all()],
    }


def _rung(rung: Rung) -> Fact:
    return {
        "level": rung.level,
        "act": rung.get_act_display(),
        "sentence": rung_sentence(rung),
        "disabled_at": timezone.localtime(rung.disabled_at) if rung.disabled_at else None,
    }


def rung_sentence(rung: Rung) -> str:
    """第 2 级 督办：超过时限的 50 %，且至少 1 个工作日；通知承办单位负责人，抄送党支部。"""
    turn = rung.act in TURNS
    facts = {
        "level": rung.level,
        "act": rung.get_act_display(),
        "when": _when(rung),
        "tells": _names(RULES[Verb(rung.act)].tells if turn else rung.tells),
        "copies": _names(rung.copies),
    }
    said = _("第 %(level)s 级 %(act)s：%(when)s；通知%(tells)s") % facts
    if rung.copies:
        said += _("，抄送%(copies)s") % facts
    if rung.digest and not turn:
        said += _("；不紧急的每天汇总两次")
    return said + _("。")


def _when(rung: Rung) -> str:
    if rung.base == Rung.Base.YELLOW:
        return _("将到期时")
    share = _("超过时限的 %(share)s %%") % {"share": rung.share}
    if not rung.minutes:
        return share if rung.share else _("到期时")
    amount = words.limit_words(rung.minutes, continuous=False)
    if not rung.share:
        return _("超时至少 %(amount)s") % {"amount": amount}
    return _("%(share)s，且至少 %(amount)s") % {"share": share, "amount": amount}


def _names(keys: Iterable[str]) -> str:
    return _("、").join(_(PERSON_NAMES.get(key, key)) for key in keys)


def parked_facts(scope: Scope) -> list[Fact]:
    """Clocks whose step failed, the latest first; a link only for whoever may see the issue."""
    parked = Clock.objects.filter(stopped_at=None, parked_at__isnull=False)
    rows = list(parked.select_related("issue").order_by("-parked_at", "-pk")[: SHOWN_PARKED + 1])
    seen = _visible(scope, {clock.issue_id for clock in rows})
    return [_parked(clock, visible=clock.issue_id in seen) for clock in rows]


def _visible(scope: Scope, issues: Collection[int]) -> set[int]:
    visible = Issue.objects.visible_to(scope).filter(pk__in=issues)
    return set(visible.values_list("pk", flat=True))


def _parked(clock: Clock, *, visible: bool) -> Fact:
    return {
        "id": clock.pk,
        "number": clock.issue.number,
        "visible": visible,
        "kind_name": clock.get_kind_display(),
        "since": timezone.localtime(clock.parked_at) if clock.parked_at else None,
        "due": timezone.localtime(clock.next_at) if clock.next_at else None,
        "error": clock.parked_error,
    }
