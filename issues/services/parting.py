"""Joint tasks (小联勤): helpers beside the lead unit, each with a part of its own."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from issues.models import Assignment, Issue
from issues.services.doing import Given, How, coded
from issues.services.people import People, desk_of_unit
from issues.services.sending import serves
from issues.services.turn import Turn
from issues.who import WHO, helper_seat, open_parts, without_account
from issues.workflow import Rule, State, Verb
from partyorgs.models import Organization
from partyorgs.rules import Seat

MAX_PART = 200


def _add(turn: Turn, rule: Rule, given: Given) -> None:
    """A helper with a part of its own; until that is done the issue cannot be handled.

    Any unit that serves the place: department, property firm, owners' committee or
    another partner, also one without an account, for which the convener records.
    """
    unit = _helper(turn.issue, given.unit)
    if len(given.note) > MAX_PART:
        raise ValidationError(
            {"note": _("协办内容最多 %(longest)d 个字，请写短一些。") % {"longest": MAX_PART}}
        )
    part = Assignment.objects.create(
        issue=turn.issue,
        unit=unit,
        role=Assignment.Role.HELPER,
        part=given.note,
        started_at=turn.now,
    )
    turn.issue.open_parts += 1
    _tell_helper(turn, unit)
    _write(turn, rule, given, part)


def _helper(issue: Issue, code: str) -> Organization:
    """The unit with this code, if it can help here; ValidationError otherwise."""
    unit = Organization.objects.select_related("area").filter(code=code, active=True).first()
    if unit is None or not serves(unit, issue.areas):
        raise ValidationError({"unit": _("这里没有这个单位，请从列表里选。")})
    if unit.kind in Organization.PARTY_KINDS:
        raise ValidationError({"unit": _("党组织负责统筹和监督，请选能动手的单位。")})
    if unit.pk == issue.unit_id:
        raise ValidationError({"unit": _("这个单位已经是主办，请选别的单位协办。")})
    return unit


def _complete(turn: Turn, rule: Rule, given: Given) -> None:
    """The part is done; for a helper without an account the convener records it (代录)."""
    part, seat = _own_part(turn, given.part)
    turn.seat = seat or turn.seat
    part.done_at = turn.now
    part.save(update_fields=["done_at"])
    turn.issue.open_parts -= 1
    _write(turn, rule, given, part, behalf=seat is None)


def _own_part(turn: Turn, key: int | None) -> tuple[Assignment, Seat | None]:
    """The part that this person may complete, and by which seat of its unit; None: on behalf.

    Without `key` the only one. ValidationError when there are several, or none such.
    """
    if turn.scope is None:
        raise ValueError("a person completes a part, nothing does it by itself")
    scope, mine = turn.scope, []
    convenes = WHO["convener"](scope, turn.issue) is not None
    parts = open_parts(turn.issue)
    nobody = without_account((part.unit for part in parts), at=turn.now) if convenes else set()
    for part in parts:
        seat = helper_seat(scope.seats, {part.unit_id})
        if seat or part.unit_id in nobody:
            mine.append((part, seat))
    found = [one for one in mine if key in (None, one[0].pk)]
    if len(found) > 1:
        raise ValidationError({"part": _("有几项协办，请选完成的是哪一项。")})
    if not found:
        raise ValidationError({"part": _("没有这一项协办，或它已经完成，请重新选择。")})
    return found[0]


def _drop(turn: Turn, rule: Rule, given: Given) -> None:
    """The convener takes the part back, with a reason; the helper is told."""
    part = next((one for one in open_parts(turn.issue) if one.pk == given.part), None)
    if part is None:
        raise ValidationError({"part": _("没有这一项协办，或它已经完成，请重新选择。")})
    part.ended_at = turn.now
    part.save(update_fields=["ended_at"])
    turn.issue.open_parts -= 1
    _tell_helper(turn, part.unit)
    _write(turn, rule, given, part)


def _tell_helper(turn: Turn, unit: Organization) -> None:
    people = People(turn.now)
    people.load([], [], units=[unit.pk])
    turn.told["helpers"] = desk_of_unit(people, unit.pk)


def _write(turn: Turn, rule: Rule, given: Given, part: Assignment, *, behalf: bool = False) -> None:
    """The event stands in the name of the helper; what it was asked for is kept in the part."""
    code, text = coded(rule, given)
    facts: dict[str, object] = {"part": part.pk, "helper": part.unit.code}
    turn.apply(
        rule,
        to=State(turn.issue.state),
        facts=facts | ({"reason": code} if code else {}),
        text=text,
        unit=turn.issue.unit if behalf else part.unit,
        on_behalf_of=part.unit if behalf else None,
    )


HOW: dict[Verb, How] = {
    Verb.ADD_PART: _add,
    Verb.COMPLETE_PART: _complete,
    Verb.DROP_PART: _drop,
}
