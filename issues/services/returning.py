"""Returns: a unit sends work back with a reason that can be looked up, and what comes of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from grid.models import Cell
from issues.dispatch import Reason, items_to_cite
from issues.models import Issue, Return
from issues.queries import areas_of
from issues.services.deciding import close_return
from issues.services.doing import Given, How, do
from issues.services.people import People
from issues.services.raising import raise_level, refer_for_power
from issues.services.sending import send_by_hand, unit_for_hand
from issues.services.turn import Turn
from issues.workflow import CONFERRED_AT, RAISED_AT, RULES, Rule, State, Verb
from partyorgs.models import Level, Organization, Responsibility
from partyorgs.queries import desk_of

WRONG_AREA, NO_POWER = "wrong_area", "no_power"
# Reasons that rest on an item of the responsibility list (DOMAIN.md §4.5).
ON_THE_LIST = frozenset({"not_ours", "overlapping_duty"})


@dataclass(frozen=True)
class Grounds:
    """What a return rests on, all of it looked up: who it should be, the item, the right place."""

    proposed: Organization
    item: Responsibility | None = None
    cell: Cell | None = None

    @property
    def reasons(self) -> list[Reason]:
        """For the timeline, with the names of this day."""
        said: list[Reason] = []
        if self.item:
            item = self.item
            said.append(
                {
                    "code": "rests_on",
                    "item": item.pk,
                    "category": item.category.code,
                    "leaf": item.category.name_zh,
                    "level": item.level,
                    "area": item.area.name,
                    "unit": item.doer.name,
                    "basis": item.basis,
                }
            )
        if self.cell:
            said.append({"code": "right_place", "cell": self.cell.code, "name": self.cell.name})
        proposed = self.proposed
        said.append({"code": "proposed", "unit": proposed.name, "unit_code": proposed.code})
        return said


def _return(turn: Turn, rule: Rule, given: Given) -> None:
    """Count it, keep what it rests on, and let the next one decide; the limit runs on.

    The first goes to the dispatcher, the second to a conference of the street,
    the third raises the issue one level, and what the unit has no power for goes
    to the level that has it at once (DOMAIN.md §4.4, §4.5).
    """
    issue = turn.issue
    grounds, level = _grounds(turn, given), issue.level
    issue.returns += 1
    do(turn, rule, given, reasons=grounds.reasons)
    Return.objects.create(
        issue=issue,
        seq=turn.events[-1].seq,
        at=turn.now,
        unit=_unit_of(issue),
        reason=given.reason,
        item=grounds.item,
        proposed=grounds.proposed,
        right_cell=grounds.cell,
    )
    if issue.returns == RAISED_AT:
        raise_level(turn, because="returns")
    referred = given.reason == NO_POWER and refer_for_power(turn, level=level)
    if not referred:
        _tell_who_decides(turn)


def _unit_of(issue: Issue) -> Organization:
    if issue.unit is None:
        raise ValueError("nobody has the issue that is returned")
    return issue.unit


def _tell_who_decides(turn: Turn) -> None:
    """Beside the desk: the leader who confers, the district's desk that judges.

    It hears of what was raised to it anyway.
    """
    issue = turn.issue
    key = {CONFERRED_AT: "leader", RAISED_AT: "district_desk"}.get(issue.returns)
    if key and not (issue.returns == RAISED_AT and issue.raised_to == Level.DISTRICT):
        people = People(turn.now)
        people.load([issue], [key])
        turn.told["desk"] = people.of(issue, key)


def _grounds(turn: Turn, given: Given) -> Grounds:
    """What the reason asks for; ValidationError by field. What it does not ask for is left out."""
    issue = turn.issue
    cell = _right_cell(turn, given.cell) if given.reason == WRONG_AREA else None
    areas = areas_of(cell) if cell else issue.areas
    unit = unit_for_hand(issue, code=given.proposed, turn=turn, field="proposed", areas=areas)
    if unit.pk == issue.unit_id:
        raise ValidationError({"proposed": _("不能提出由本单位办理，请选应该办理的单位。")})
    item = _item(turn, given, unit) if given.reason in ON_THE_LIST else None
    return Grounds(unit, item, cell)


def _right_cell(turn: Turn, code: str) -> Cell:
    """The cell with this code, in force now and not the issue's own."""
    if not code:
        raise ValidationError({"cell": _("属地不符要写明正确的网格。")})
    cells = Cell.objects.valid_at(turn.now).whole().with_areas().without_boundary()
    cell = cells.filter(code=code).first()
    if cell is None:
        raise ValidationError({"cell": _("没有这个网格，或它已经停用，请重新选择。")})
    if cell.pk == turn.issue.cell_id:
        raise ValidationError({"cell": _("问题本来就在这个网格，请选正确的网格，或换一条理由。")})
    return cell


def _item(turn: Turn, given: Given, proposed: Organization) -> Responsibility:
    """The item that the reason rests on: of this leaf at this place, or the proposed unit's."""
    if given.item is None:
        raise ValidationError({"item": _("这条理由要依据权责清单：请选清单里的一条。")})
    items = items_to_cite(turn.issue, at=turn.now, proposed=proposed)
    item = items.filter(pk=given.item).first()
    if item is None:
        raise ValidationError(
            {"item": _("这一条与本事项、本地点和提出的单位都无关，或已经失效，请另选一条。")}
        )
    return item


def leave(turn: Turn) -> None:
    """Close a return that nobody decided, when the issue has gone another way."""
    returned = turn.events and turn.events[0].from_state == State.RETURNED
    if returned and turn.issue.state != State.RETURNED:
        close_return(turn)


def fall_back(*, issue: Issue, now: datetime) -> Issue:
    """属地兜底: nobody decided on the return in time, so the territory takes it (DOMAIN.md §4.4).

    The street's desk becomes the unit, outside every street the district's; the
    limit runs on. The caller holds the issue's row lock in a transaction. An
    issue that is not returned any more stays as it is; without any desk it is
    raised one level, so that somebody hears of it.
    """
    if issue.state != State.RETURNED:
        return issue
    turn = Turn(issue, scope=None, seat=None, now=now)
    desk = desk_of(area=issue.street) or desk_of(area=issue.district)
    if desk is None:
        raise_level(turn, because="no_desk")
        return turn.save()
    facts: dict[str, Any] = {"by_rule": True}
    because: Reason = {"code": "territory"}
    send_by_hand(turn, rule=RULES[Verb.FALL_BACK], unit=desk, because=because, **facts)
    close_return(turn, how=Return.How.TERRITORY, sent_to=desk)
    return turn.save()


HOW: dict[Verb, How] = {Verb.RETURN: _return}
