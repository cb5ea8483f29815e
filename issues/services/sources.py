"""Where a report comes from (来源): who may say so, and the number it has there."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from grid.models import Area
from issues.models import Issue
from issues.services.words import cleaned
from issues.who import DISPATCHING
from issues.workflow import State
from partyorgs.models import Role
from partyorgs.rules import CELL_ROLES, Scope, Seat

S = Issue.Source
MAX_EXTERNAL = 40
# What a desk takes down for others; an inspection is a branch's too. Imports come by the
# command alone, which asks for a desk.
TAKEN_DOWN_BY: dict[str, frozenset[Role]] = {
    S.PUBLIC: DISPATCHING,
    S.HOTLINE: DISPATCHING,
    S.INSPECTION: DISPATCHING | {Role.BRANCH_SECRETARY},
}
# Those that have a number of their own where they come from.
NUMBERED = (S.HOTLINE, S.IMPORT)
# Nobody of ours was there: no photo can be asked for.
HEARD_OF = (S.PUBLIC, S.HOTLINE, S.IMPORT)
# A ticket that ended like this may be sent again.
NEVER_WAS = (State.REJECTED, State.CANCELLED)


def reporting_seat(scope: Scope, first: Seat, *, source: str, imported: bool = False) -> Seat:
    """The seat by which this person reports something of that source, "" for their own.

    A worker's own seat goes before another post that could report too. Raises
    ValidationError {"source": …} for what none of their posts takes down.
    """
    roles = DISPATCHING if imported else TAKEN_DOWN_BY.get(source)
    if roles is None:
        seat = next((seat for seat in scope.seats if seat.role in CELL_ROLES), first)
        found = seat if source in ("", own_source(seat)) else None
    else:
        found = next((seat for seat in scope.seats if seat.role in roles), None)
    if found is None:
        raise ValidationError({"source": _("您的岗位不登记这种来源，请重新选择或留空。")})
    return found


def sources_for(scope: Scope) -> list[str]:
    """The sources that somebody may choose between besides their own."""
    return [source for source, roles in TAKEN_DOWN_BY.items() if scope.roles & roles]


def own_source(seat: Seat) -> str:
    """What a report of this seat comes from when nothing else is said."""
    if seat.role == Role.STEWARD:
        return S.STEWARD
    return S.WORKER if seat.role in CELL_ROLES else S.PARTNER


def external_number(given: str, *, source: str, district: Area) -> str:
    """The number that the report has where it comes from; each comes once to a district.

    A hotline ticket needs one. Raises ValidationError {"external_number": …}.
    """
    number = cleaned(given, field="external_number", longest=MAX_EXTERNAL)
    if source not in NUMBERED:
        if number:
            raise ValidationError(
                {"external_number": _("只有热线工单才有工单编号，请改来源或去掉编号。")}
            )
        return ""
    if not number:
        raise ValidationError({"external_number": _("请填写热线工单的编号。")})
    if earlier := tickets(numbers=[number], districts=[district]).get(number):
        raise ValidationError(
            {
                "external_number": _("这张工单已经登记过，编号 %(number)s，请不要重复登记。")
                % {"number": earlier}
            }
        )
    return number


def tickets(*, numbers: list[str], districts: list[Area]) -> dict[str, str]:
    """Our own numbers of the tickets that the districts have already, by their outer ones."""
    known = Issue.objects.filter(external_number__in=numbers, district__in=districts)
    known = known.exclude(external_number="").exclude(state__in=NEVER_WAS)
    return dict(known.order_by().values_list("external_number", "number"))
