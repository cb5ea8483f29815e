"""Duplicates: one report is merged into another and shares its result; or leaves it again."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from issues.dispatch import desk_for, position_of, route
from issues.models import Clock, Issue
from issues.rules import allowed
from issues.services.doing import Given, How, do
from issues.services.ending import end
from issues.services.errors import ChangedMeanwhile
from issues.services.locking import locked, locked_if_free
from issues.services.telling import others_who_reported
from issues.services.turn import Turn
from issues.who import WHO
from issues.workflow import OPEN, RULES, Rule, State, Verb
from partyorgs.rules import Scope, Seat


def _merge(turn: Turn, rule: Rule, given: Given) -> None:
    """One report less: it ends, and shares the result of the other (DOMAIN.md §4.5).

    Its clocks stop, its assignments end, its requests lapse. Whoever reported or
    joined it is told where it went, and later of the other's result. What had been
    merged into it goes along. `perform` holds both rows, locked in one order.
    ValidationError {"into": …}.
    """
    issue = turn.issue
    target, seat = _target(turn, given.into)
    _fits(issue, target)
    # Asked before the others move on with it.
    turn.told["reporter"] = others_who_reported(issue)
    along = Issue.objects.filter(merged_into=issue).order_by("pk").values_list("pk", flat=True)
    for other in list(along):
        _move_along(turn, other, target)
    issue.merged_into = target
    end(turn, rule, given, into=target.number)
    _on_the_other(turn, target, RULES[Verb.JOIN], seat=seat, merged=issue.number)


def _target(turn: Turn, number: str) -> tuple[Issue, Seat]:
    """The report that stays, under its lock, and the seat that decides on it too."""
    scope = _scope_of(turn)
    if number == turn.issue.number:
        raise _bad(_("不能并入自己，请写另一个问题的编号。"))
    try:
        target = locked(scope, number)
    except Issue.DoesNotExist as unseen:
        raise _bad(_("没有找到这个编号，请核对后再填。")) from unseen
    if target.state not in OPEN:
        raise _bad(_("那个问题已经办结、作废或并案，请写一个还在办理的问题的编号。"))
    seat = WHO["desk"](scope, target)
    if seat is None:
        raise _bad(_("那个问题不归您的值守台，请由区级值守台并案。"))
    return target, seat


def _fits(issue: Issue, target: Issue) -> None:
    """What would be lost by merging is refused, with what to do first."""
    if issue.district_id != target.district_id:
        raise _bad(_("两个问题不在同一个区，不能并案。"))
    if issue.critical and not target.critical:
        raise _bad(_("这是紧急事项，那个不是：请先提升那个问题的紧急程度，再并入。"))
    if issue.source == Issue.Source.HOTLINE != target.source:
        raise _bad(_("热线工单要反馈和回访，不能并入别的来源；请把那个问题并入这张工单。"))
    if issue.countersign_by is not None and _runs(issue, Clock.Kind.COUNTERSIGN):
        raise _bad(_("值班先行处置还没有补签，补签以后再并案。"))
    called = issue.assignments.filter(ended_at=None).exclude(subject="")
    if called.exists() or _runs(issue, *Clock.WHISTLES):
        raise _bad(_("这件事的吹哨还没有结束，结束以后再并案。"))


def _runs(issue: Issue, *kinds: Clock.Kind) -> bool:
    return issue.clocks.filter(kind__in=kinds, stopped_at=None).exists()


def _bad(sentence: str) -> ValidationError:
    return ValidationError({"into": sentence})


def _scope_of(turn: Turn) -> Scope:
    if turn.scope is None:
        raise ValueError("a person merges, nothing does it by itself")
    return turn.scope


def _move_along(turn: Turn, key: int, target: Issue) -> None:
    """What had been merged into the issue belongs to the other one from now on."""
    moved = locked_if_free(key)
    if moved is None:
        raise ChangedMeanwhile(allowed(_scope_of(turn), turn.issue))
    moved.merged_into = target
    _on_the_other(turn, moved, RULES[Verb.NOTE], seat=turn.seat, into=target.number)


def _on_the_other(turn: Turn, other: Issue, rule: Rule, *, seat: Seat | None, **facts: Any) -> None:
    """The same act as a line in another issue's timeline; the caller holds its lock."""
    beside = Turn(other, scope=turn.scope, seat=seat, now=turn.now)
    beside.apply(rule, to=State(other.state), facts={"by_rule": True, **facts}, unit=other.unit)
    beside.save()


def _unmerge(turn: Turn, rule: Rule, given: Given) -> None:
    """A report of its own again: it waits at the desk, to dispatch, or to accept without a leaf.

    Nothing of what was done before counts as done: the desk decides anew, and the
    stage's limit starts now. Where the level was raised, the desk there has it.
    """
    issue = turn.issue
    left = locked_if_free(issue.merged_into_id) if issue.merged_into_id else None
    if left is None:
        raise ChangedMeanwhile(allowed(_scope_of(turn), turn.issue))
    where, level = position_of(issue), issue.raised_to
    if issue.category is not None and not level:
        level = route(category=issue.category, place=where, at=turn.now).queue
    issue.merged_into = issue.doer = issue.closed_at = None
    issue.unit, issue.level = desk_for(where, level=level)
    issue.outcome, issue.planned_for, issue.judged = "", None, False
    issue.handled_at = issue.checked_at = None
    do(turn, rule, given, passed=issue.category is not None, out_of=left.number)
    _on_the_other(turn, left, RULES[Verb.NOTE], seat=turn.seat, unmerged=issue.number)


HOW: dict[Verb, How] = {Verb.MERGE: _merge, Verb.UNMERGE: _unmerge}
