"""规则: the rule book, the ladders and the responsibility list, and what would happen."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from issues.forms.wouldbe import WouldBeForm
from issues.presenter.choosing import category_field
from issues.presenter.ladders import ladder_facts
from issues.presenter.pages import tiles
from issues.presenter.rulebook import (
    book_facts,
    item_facts,
    list_filters,
    list_page,
    role_filter,
    state_filter,
)
from issues.presenter.wouldbe import WouldBe, would_be, would_be_facts, would_be_steps
from issues.rules import may_read_rules, may_see_coverage, overseen_area
from issues.views.doors import areas_of, map_around, scope_for, tidy_address
from issues.views.reports import candidate_facts
from partyorgs.rules import Scope, may_configure

ASKED = ("lat", "lng", "place_text", "candidate", "cell", "category")
# What each part of the page reads of its address; the other parts keep theirs.
BOOK, LIST = ("state", "role"), ("big", "street", "q", "page")


@login_required
@require_safe
def rules(request: HttpRequest) -> HttpResponse:
    """The rules as people read them, for whoever keeps or oversees them."""
    scope = scope_for(request)
    if not may_read_rules(scope):
        raise PermissionDenied
    asked = any(request.GET.get(name) for name in ASKED)
    form = WouldBeForm(request.GET if asked else None, within=areas_of(scope))
    context: dict[str, Any] = {"form": form, "asked": asked}
    if asked and form.is_valid():
        found = would_be(form.imagined())
        context |= _answer(found)
    if request.headers.get("HX-Request"):
        part = render(request, "issues/_wouldbe.html", context)
        part["HX-Push-Url"] = tidy_address(request)
        return part
    context |= _box(request, scope, form) | _book(request) | _list(request, scope)
    context |= {"ladders": ladder_facts(), "opens_ladders": may_see_coverage(scope)}
    return render(request, "issues/rulebook.html", context)


def _answer(found: WouldBe | None) -> dict[str, Any]:
    if found is None:
        return {"without_cells": True}
    facts = would_be_facts(found)
    return {"answer": facts, "steps": would_be_steps(facts)}


def _box(request: HttpRequest, scope: Scope, form: WouldBeForm) -> dict[str, Any]:
    """The fields of the question."""
    return {
        "place": {
            "url": reverse("place_search"),
            "text": form["place_text"].value() or "",
            "id": form["place"].value() or "",
            "errors": form.errors.get("place_text", []),
        },
        "candidates": [candidate_facts(place) for place in form.candidates],
        "map": map_around(scope, lat=form["lat"].value(), lng=form["lng"].value()),
        "tiles": tiles(),
        "category": category_field(
            scope=scope,
            selected=request.GET.get("category", ""),
            condition=request.GET.get("condition", ""),
            errors=[*form.errors.get("category", [])],
        ),
    }


def _book(request: HttpRequest) -> dict[str, Any]:
    """The verbs, narrowed by state and post."""
    state, role = (_one_of(request, name, known) for name, known in _book_filters())
    return {
        "stages": book_facts(state=state, role=role),
        "states": state_filter(),
        "roles": role_filter(),
        "state": state,
        "role": role,
    }


def _book_filters() -> list[tuple[str, list[tuple[str, str]]]]:
    return [("state", state_filter()), ("role", role_filter())]


def _one_of(request: HttpRequest, name: str, known: list[tuple[str, str]]) -> str:
    """The value of the address; what the filter does not know reads as "any"."""
    given = request.GET.get(name, "")
    return given if given in dict(known) else ""


def _list(request: HttpRequest, scope: Scope) -> dict[str, Any]:
    """The responsibility list, narrowed and paged."""
    prefix = overseen_area(scope) or _own_district(scope)
    filters = list_filters(prefix)
    big = _one_of(request, "big", filters["classes"])
    street = _one_of(request, "street", filters["streets"])
    q = request.GET.get("q", "")
    page = list_page(
        at=timezone.now(),
        prefix=prefix,
        big=big,
        street=street,
        q=q,
        page=request.GET.get("page", ""),
    )
    kept = {"big": big, "street": street, "q": q}
    return {
        "items": item_facts(page.object_list),
        "page": page,
        "big": big,
        "street": street,
        "q": q,
        "narrowed": any(kept.values()),
        "next_url": _page_url(kept, page.next_page_number()) if page.has_next() else None,
        "previous_url": _page_url(kept, page.previous_page_number())
        if page.has_previous()
        else None,
        **filters,
    }


def _own_district(scope: Scope) -> str:
    """The code of the district whose desk asks; "" for whoever keeps everything."""
    codes = [seat.area.code for seat in scope.seats if seat.districts and seat.area]
    return "" if may_configure(scope) else next(iter(codes), "")


def _page_url(kept: dict[str, str], number: int) -> str:
    asked = {name: value for name, value in kept.items() if value} | {"page": str(number)}
    return f"{reverse('rules')}?{urlencode(asked)}#list"
