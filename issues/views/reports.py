"""上报: the form, what comes back, and places by words."""

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from grid.models import Area, Place
from grid.queries import find_places
from issues.forms import ReportForm, add_errors
from issues.models import Issue
from issues.presenter.choosing import category_field
from issues.presenter.pages import tiles
from issues.presenter.steps import reported_words
from issues.services.errors import KeyReused, MayNotReport
from issues.services.reporting import report
from issues.views.doors import PhotoTray, areas_of, map_around, scope_for
from issues.who import may_report
from partyorgs.rules import Scope

PREFILLED = ("lat", "lng", "category", "condition", "place_text", "place")
MOST_WORDS = 60


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def report_page(request: HttpRequest) -> HttpResponse:
    """Report a problem. What was typed and uploaded survives every refusal."""
    scope = scope_for(request)
    if may_report(scope) is None:
        raise PermissionDenied
    if request.method == "POST":
        return _sent(request, scope)
    given = {name: request.GET[name] for name in PREFILLED if request.GET.get(name)}
    form = ReportForm(initial={"key": str(uuid4())} | given)
    return _page(request, scope, form, PhotoTray(request))


def _sent(request: HttpRequest, scope: Scope) -> HttpResponse:
    form = ReportForm(request.POST, within=areas_of(scope))
    tray = PhotoTray(request)
    if request.POST.get("phone") == "move":
        form.move_phone()
        return _page(request, scope, form, tray, moved=True)
    if not form.is_valid() or tray.errors:
        return _page(request, scope, form, tray, status=422)
    if phone := form.phone_to_point_out:
        return _page(request, scope, form, tray, status=422, phone=phone)
    try:
        issue = report(
            scope=scope,
            given=form.report(tray.ids),
            key=form.cleaned_data["key"],
            now=timezone.now(),
        ).issue
    except ValidationError as refused:
        beside = add_errors(form, refused)
        return _page(request, scope, form, tray, status=422, beside=beside)
    except KeyReused:
        return _sent_before(request, scope, form, tray)
    except MayNotReport as refused:
        raise PermissionDenied from refused
    messages.success(request, reported_words(issue))
    return redirect("issue", number=issue.number)


def _sent_before(
    request: HttpRequest, scope: Scope, form: ReportForm, tray: PhotoTray
) -> HttpResponse:
    """The page was sent before and changed since: a new key, if that is what is meant."""
    earlier = Issue.objects.visible_to(scope).filter(
        reporter=scope.user, idempotency_key=form.cleaned_data["key"]
    )
    number = earlier.values_list("number", flat=True).first() or ""
    form.renew_key(str(uuid4()))
    form.add_error(
        None,
        _("这一页已经提交过，编号 %(number)s。如果这是另一件事，再按一次提交。")
        % {"number": number},
    )
    return _page(request, scope, form, tray, status=409)


def _page(
    request: HttpRequest,
    scope: Scope,
    form: ReportForm,
    tray: PhotoTray,
    *,
    status: int = 200,
    beside: dict[str, list[str]] | None = None,
    **more: Any,
) -> HttpResponse:
    beside = beside or {}
    errors = form.errors if form.is_bound and not more.get("moved") else {}
    text = form["place_text"].value() or ""
    context = {
        "form": form,
        "checked": bool(errors) or bool(tray.errors) or bool(beside),
        "category": category_field(
            scope=scope,
            selected=str(form["category"].value() or ""),
            condition=str(form["condition"].value() or ""),
            errors=[*errors.get("category", []), *errors.get("condition", [])],
        ),
        "photos": tray.field(
            url=reverse("attachment_upload"), errors=beside.pop("attachments", [])
        ),
        "place": {
            "url": reverse("place_search"),
            "text": text,
            "id": form["place"].value() or "",
            "errors": errors.get("place_text", []),
        },
        "candidates": [candidate_facts(place) for place in form.candidates],
        "map": map_around(scope, lat=form["lat"].value(), lng=form["lng"].value()),
        "tiles": tiles(),
        "others": [sentence for sentences in beside.values() for sentence in sentences],
    }
    return render(request, "issues/report.html", context | more, status=status)


@login_required
@require_safe
def place_search(request: HttpRequest) -> JsonResponse:
    """Places whose name holds the words, the person's own areas first."""
    within: list[Area] = areas_of(scope_for(request))
    found = find_places(request.GET.get("q", "")[:MOST_WORDS], within=within)
    return JsonResponse({"results": [candidate_facts(place) for place in found]})


def candidate_facts(place: Place) -> dict[str, Any]:
    """A place as the list under the place field shows it."""
    cell = place.cell
    note = f"{cell.community.name} · {cell.label}" if cell else _("网格外")
    return {
        "id": place.pk,
        "name": str(place),
        "note": note,
        "lat": place.lat,
        "lng": place.lng,
    }
