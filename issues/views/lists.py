"""The list of issues with its filters. Works without script; htmx swaps the list."""

from dataclasses import fields, replace
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from issues.choices import Choices, choices_for
from issues.presenter.pages import queue_rows, state_choices, todo_name
from issues.queries import BadCursor, Filters, issue_page
from issues.todo import EVERYTHING, Todo, todos_of, usual_todos_of
from issues.views.doors import scope_for, tidy_address
from partyorgs.rules import Scope

NAMES = {item.name for item in fields(Filters)}
FLAGS = {"overdue", "mine"}
# Filters that are chosen from a list of their own, read only when asked for.
PLACED = ("street", "community", "cell", "unit", "owner", "category")
LONGEST = 60


@login_required
@require_safe
def issue_list(request: HttpRequest) -> HttpResponse:
    """What the person may see: open issues, the late first, unless asked otherwise."""
    scope, now = scope_for(request), timezone.now()
    filters = _filters(request)
    try:
        page = issue_page(
            scope=scope, filters=filters, now=now, cursor=request.GET.get("cursor", "")
        )
    except BadCursor:
        return redirect(_address(filters))
    opened = "more" in request.GET or any(getattr(filters, name) for name in PLACED)
    context = {
        "rows": queue_rows(page.rows, now=now),
        "filters": filters,
        "chips": _chips(scope, filters),
        "states": state_choices(),
        "choices": _choices(scope, filters) if opened else None,
        "more_url": f"{_address(filters)}{'&' if filters.narrowed() else '?'}more=1",
        "narrowed": bool(filters.narrowed()),
        "plain_url": reverse("issue_list"),
        "next_url": _address(filters, cursor=page.next) if page.next else None,
        "previous_url": _address(filters, cursor=page.previous) if page.previous else None,
        "first": not request.GET.get("cursor"),
    }
    partial = request.headers.get("HX-Request") and not request.headers.get("HX-Boosted")
    template = "issues/_list.html" if partial else "issues/list.html"
    response = render(request, template, context)
    response["Vary"] = "HX-Request, Cookie"
    if partial:
        response["HX-Push-Url"] = tidy_address(request)
    return response


def _filters(request: HttpRequest) -> Filters:
    """The filters of the address; what it does not know it leaves out."""
    given: dict[str, Any] = {}
    for name in NAMES:
        if value := request.GET.get(name, "").strip()[:LONGEST]:
            given[name] = True if name in FLAGS else value
    return Filters(**given)


def _address(filters: Filters, **more: str) -> str:
    narrowed = {name: "1" if value is True else value for name, value in filters.narrowed().items()}
    query = urlencode(narrowed | more)
    return f"{reverse('issue_list')}?{query}" if query else reverse("issue_list")


def _chips(scope: Scope, filters: Filters) -> list[dict[str, Any]]:
    """One tap each: everything, my steps, what is late, what I reported."""
    todos, usual = todos_of(scope), usual_todos_of(scope)
    kept = replace(filters, todo="", overdue=False, mine=False, state="")
    chips = [(_("全部在办"), kept)]
    if any(todo.acts for todo in todos):
        chips.append((todo_name(EVERYTHING), replace(kept, todo=EVERYTHING)))
    chips.append((_("已超时"), replace(kept, overdue=True)))
    shown = [todo for todo in todos if todo in usual or todo.key == filters.todo]
    chips += [(todo_name(todo.key), _list_of(todo, kept)) for todo in shown]
    chips.append((_("我上报的"), replace(kept, mine=True, state="all", sort="new")))
    return [
        {"label": label, "url": _address(wanted), "current": wanted == filters}
        for label, wanted in chips
    ]


def _list_of(todo: Todo, filters: Filters) -> Filters:
    if todo.ended:
        return replace(filters, todo=todo.key, state="all", sort="new")
    return replace(filters, todo=todo.key)


def _choices(scope: Scope, filters: Filters) -> Choices:
    return choices_for(scope, street=filters.street, community=filters.community)
