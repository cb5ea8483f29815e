"""Home by post: what waits for this person first, figures to the lists behind, then more."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import User
from grid.models import Area
from issues.presenter.brief import home_panel
from issues.presenter.keeping import keeping_tiles
from issues.presenter.pages import capped, first_words, list_url, queue_rows, todo_name
from issues.presenter.timeline import post_name
from issues.queries import Filters, count_up_to, issue_page
from issues.rules import may_list, may_see_coverage, overseen_area
from issues.todo import EVERYTHING, FIRST, Todo, rare_todos_of, todos_of, usual_todos_of
from issues.views.doors import scope_for
from issues.who import may_report
from partyorgs.queries import gaps_by_street, unowned_cells
from partyorgs.rules import Scope, Seat, may_configure, works_in_cell

ROWS = 8
SECOND = 5
MORNING_UNTIL, AFTERNOON_FROM, EVENING_FROM = 11, 13, 18
SHOWN_GAPS = 200
Fact = dict[str, Any]


@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The page after sign-in."""
    scope = scope_for(request)
    context = {
        "greeting": _greeting(scope.user),
        "posts": [_seat_name(seat) for seat in scope.seats],
        "may_report": may_report(scope) is not None,
        "keeps_house": may_configure(scope),
    }
    if may_configure(scope):
        context["tiles"] = keeping_tiles(scope, unowned=_unowned(scope), now=timezone.now())
    if may_list(scope):
        context |= {"figures": _figures(scope), "queues": _queues(scope), "firsts": _firsts(scope)}
        context["briefs"] = home_panel(scope, now=timezone.now())
    return render(request, "issues/home.html", context)


def _seat_name(seat: Seat) -> str:
    if seat.stands_for is None:
        return post_name(seat.post)
    return _("%(post)s（替%(name)s）") % {"post": post_name(seat.post), "name": seat.stands_for}


def _greeting(user: User) -> str:
    hour = timezone.localtime().hour
    if hour < MORNING_UNTIL:
        words = _("早上好，%(name)s")
    elif hour < AFTERNOON_FROM:
        words = _("中午好，%(name)s")
    else:
        words = _("下午好，%(name)s") if hour < EVENING_FROM else _("晚上好，%(name)s")
    return words % {"name": user}


def _firsts(scope: Scope) -> list[Fact]:
    """What cannot wait, a line a list that has any; one query where there is none."""
    now, todos = timezone.now(), rare_todos_of(scope)
    if not todos or not count_up_to(scope=scope, filters=Filters(todo=FIRST), now=now, most=0):
        return []
    counted = [
        (todo.key, count_up_to(scope=scope, filters=Filters(todo=todo.key), now=now))
        for todo in todos
    ]
    return [
        {"key": key, "text": first_words(key, count), "url": list_url(todo=key)}
        for key, count in counted
        if count
    ]


def _figures(scope: Scope) -> list[Fact]:
    figures = [_todo_figure(scope, todo) for todo in usual_todos_of(scope)]
    late = _figure(_("已超时"), scope, Filters(overdue=True), overdue="1") | {"late": True}
    everything = _figure(_("在办的"), scope, Filters())
    if works_in_cell(scope):
        own = _figure(_("我上报的"), scope, Filters(mine=True), mine="1")
        return [*figures, own, late, everything]
    return [late, *figures, everything]


def _todo_figure(scope: Scope, todo: Todo) -> Fact:
    wanted = Filters(todo=todo.key, state="all" if todo.ended else "")
    address = {"todo": todo.key} | ({"state": "all"} if todo.ended else {})
    return _figure(todo_name(todo.key), scope, wanted, **address)


def _figure(label: str, scope: Scope, filters: Filters, **address: str) -> Fact:
    count = count_up_to(scope=scope, filters=filters, now=timezone.now())
    return {"label": label, "value": capped(count), "count": count, "url": list_url(**address)}


def _queues(scope: Scope) -> list[Fact]:
    """My steps first; then what I reported, what is stuck, or what is late, by post."""
    queues = []
    todos = todos_of(scope)
    if any(todo.acts for todo in todos):
        queues.append(_queue(todo_name(EVERYTHING), scope, Filters(todo=EVERYTHING), ROWS))
    if works_in_cell(scope):
        queues.append(_queue(_("我上报的"), scope, Filters(mine=True), SECOND))
    if any(not todo.acts for todo in todos):
        queues.append(_queue(todo_name("stuck"), scope, Filters(todo="stuck"), SECOND))
    if not works_in_cell(scope) and len(queues) < 2:
        queues.append(_queue(_("已超时"), scope, Filters(overdue=True), SECOND))
    return queues


def _queue(title: str, scope: Scope, filters: Filters, most: int) -> Fact:
    now = timezone.now()
    page = issue_page(scope=scope, filters=filters, now=now, limit=most)
    narrowed = {name: "1" if value is True else value for name, value in filters.narrowed().items()}
    return {
        "title": title,
        "rows": queue_rows(page.rows, now=now),
        "more_url": list_url(**narrowed) if page.next else None,
        "done": filters.todo == EVERYTHING,
    }


def _unowned(scope: Scope) -> str:
    cells = unowned_cells(at=timezone.now()).filter(
        community__code__startswith=overseen_area(scope)
    )
    return capped(len(cells.order_by().values_list("pk", flat=True)[:1000]))


@login_required
@require_safe
def coverage(request: HttpRequest) -> HttpResponse:
    """Cells without an owner and matters without a doer: what no rule can dispatch."""
    scope, now = scope_for(request), timezone.now()
    if not may_see_coverage(scope):
        raise PermissionDenied
    prefix = overseen_area(scope)
    streets = Area.objects.filter(level=Area.Level.STREET, code__startswith=prefix[:9])
    cells = unowned_cells(at=now).filter(community__code__startswith=prefix)
    gaps = gaps_by_street(streets=list(streets), at=now)
    shown = list(cells.select_related("community__parent")[: SHOWN_GAPS + 1])
    context = {
        "cells": shown[:SHOWN_GAPS],
        "cell_count": f"{SHOWN_GAPS}+" if len(shown) > SHOWN_GAPS else str(len(shown)),
        "gaps": [(street, leaves) for street, leaves in gaps.items()],
    }
    return render(request, "issues/coverage.html", context)
