"""A matter on the border: it touches another cell, whose people see it too."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from grid.models import Cell
from issues.models import Issue
from issues.services.doing import Given, How, do
from issues.services.turn import Turn
from issues.workflow import Rule, Verb
from partyorgs.queries import owner_of


def _touch(turn: Turn, rule: Rule, given: Given) -> None:
    """Name the other cell and who owns it today; the lead cell and the owner stay."""
    issue = turn.issue
    cell = _neighbour(turn, given.cell)
    issue.also_cell, issue.also_owner = cell, owner_of(cell=cell, at=turn.now)
    do(turn, rule, given, cell=cell.code, name=cell.name)


def _neighbour(turn: Turn, code: str) -> Cell:
    """The cell with this code in the issue's district, in force and not its own.

    ValidationError {cell: …} otherwise.
    """
    issue = turn.issue
    cells = Cell.objects.valid_at(turn.now).whole().with_areas().without_boundary()
    cell = cells.filter(code=code).first()
    if cell is None or not _same_district(cell, issue):
        raise ValidationError({"cell": _("本区没有这个网格，或它已经停用，请重新选择。")})
    if cell.pk == issue.cell_id:
        raise ValidationError({"cell": _("问题本来就在这个网格，请选另一个涉及的网格。")})
    if cell.pk == issue.also_cell_id:
        raise ValidationError({"cell": _("已经记了涉及这个网格，不用再记。")})
    return cell


def _same_district(cell: Cell, issue: Issue) -> bool:
    return issue.district_id is None or cell.district.pk == issue.district_id


HOW: dict[Verb, How] = {Verb.TOUCH: _touch}
