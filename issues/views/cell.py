"""我的网格: the map, who owns it, whom to call, what is open in it."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from grid.models import Area, Cell
from issues.presenter.pages import area_cells_url, list_url, queue_rows, tiles
from issues.queries import Filters, issue_page
from issues.views.doors import cells_of, scope_for
from partyorgs.models import Organization
from partyorgs.queries import contacts_in, owners_of
from partyorgs.rules import Scope

SHOWN = 10


@login_required
@require_safe
def my_cell(request: HttpRequest) -> HttpResponse:
    """The cell of the person's post; `?cell=` chooses among several."""
    scope, now = scope_for(request), timezone.now()
    cells = {cell.code: cell for cell in cells_of(scope)}
    cell = cells.get(request.GET.get("cell", "")) or next(iter(cells.values()), None)
    context: dict[str, Any] = {"cells": list(cells.values()), "cell": cell, "tiles": tiles()}
    if cell:
        context |= _facts(scope, cell)
        # A micro-cell files its issues under the cell it is part of.
        whole = cell.parent or cell if cell.parent_id else cell
        page = issue_page(scope=scope, filters=Filters(cell=whole.code), now=now, limit=SHOWN)
        context |= {
            "rows": queue_rows(page.rows, now=now),
            "all_url": list_url(cell=whole.code),
        }
    return render(request, "issues/cell.html", context)


def _facts(scope: Scope, cell: Cell) -> dict[str, Any]:
    now = timezone.now()
    community = cell.community
    street = community.parent
    areas = [area for area in (community, street, street.parent if street else None) if area]
    owner = owners_of(cells=[cell], at=now).get(cell.pk)
    units = list(contacts_in(areas=areas))
    near = [unit for unit in units if _near(unit, community)]
    return {
        "community": community,
        "street": street,
        "owner": owner,
        "near": near,
        "far": [unit for unit in units if unit not in near],
        "posts": [seat.post for seat in scope.seats if seat.post.cell_id == cell.pk],
        "map": {
            "cells_url": area_cells_url(community),
            "mine": cell.code,
            "label": cell.label,
        },
    }


def _near(unit: Organization, community: Area) -> bool:
    """The community's own, and the desks above it."""
    return unit.area_id == community.pk or unit.kind == Organization.Kind.DESK
