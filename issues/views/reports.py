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
from issues.alike import Alike, Question, similar
from issues.forms import ReportForm, add_errors
from issues.presenter.choosing import category_field
from issues.presenter.pages import tiles
from issues.presenter.similar import similar_facts
from issues.presenter.sources import source_facts
from issues.presenter.steps import reported_words
from issues.queries import reported_as
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
    return report_form(request, scope, form, PhotoTray(request))


def _sent(request: HttpRequest, scope: Scope) -> HttpResponse:
    form, tray = form_sent(request, scope), PhotoTray(request)
    if request.POST.get("phone") == "move":
        form.move_phone()
        return report_form(request, scope, form, tray, moved=True)
    if (asked := _asked_first(request, scope, form, tray)) is not None:
        return asked
    try:
        issue = report(
            scope=scope,
            given=form.report(tray.ids),
            key=form.cleaned_data["key"],
            now=timezone.now(),
        ).issue
    except ValidationError as refused:
        beside = add_errors(form, refused)
        return report_form(request, scope, form, tray, status=422, beside=beside)
    except KeyReused:
        return _sent_before(request, scope, form, tray)
    except MayNotReport as refused:
        raise PermissionDenied from refused
    messages.success(request, reported_words(issue))
    return redirect("issue", number=issue.number)


def _asked_first(
    request: HttpRequest, scope: Scope, form: ReportForm, tray: PhotoTray
) -> HttpResponse | None:
    """What the reporter must put right or decide before the report is sent; None: send it."""
    valid = form.is_valid() and not tray.errors
    if request.POST.get("similar") and form.known:
        form.errors.clear()
        return report_form(request, scope, form, tray, similar=looked(request, scope, form))
    if not valid:
        return report_form(request, scope, form, tray, status=422)
    if phone := form.phone_to_point_out:
        return report_form(request, scope, form, tray, status=422, phone=phone)
    if alike := _to_join(scope, form):
        offer = similar_context(alike, wide=False, asked=True)
        return report_form(request, scope, form, tray, status=422, similar=offer)
    return None


def form_sent(request: HttpRequest, scope: Scope) -> ReportForm:
    """What was typed; only words without a point are looked up, nearby first."""
    pointed = request.POST.get("lat") and request.POST.get("lng")
    return ReportForm(request.POST, within=() if pointed else areas_of(scope))


def _to_join(scope: Scope, form: ReportForm) -> list[Alike]:
    """Others' reports of the same matter, which the reporter was not asked about yet."""
    if form.cleaned_data["different"] or not form.joins:
        return []
    return [one for one in alike_to(scope, form, own=False) if one.may_join]


def alike_to(
    scope: Scope, form: ReportForm, *, wide: bool = False, own: bool = True
) -> list[Alike]:
    """Similar open reports, from what the form knows by now; call it on a checked form."""
    if not form.known or form.point is None:
        return []
    given = form.cleaned_data
    text = given.get("description") or ""
    asked = Question(*form.point, category=given["category"], text=text, wide=wide)
    return similar(scope=scope, asked=asked, own=own, now=timezone.now())


def looked(request: HttpRequest, scope: Scope, form: ReportForm) -> dict[str, Any]:
    """What a look around found, near or wide as the button said."""
    wide = request.POST.get("similar") == "wide"
    return similar_context(alike_to(scope, form, wide=wide), wide=wide)


def similar_context(found: list[Alike], *, wide: bool, asked: bool = False) -> dict[str, Any]:
    """The context of issues/_similar.html; `asked`: the report waits for the answer."""
    joinable = any(one.may_join for one in found)
    return {"found": similar_facts(found), "wide": wide, "asked": asked, "joinable": joinable}


def _sent_before(
    request: HttpRequest, scope: Scope, form: ReportForm, tray: PhotoTray
) -> HttpResponse:
    """The page was sent before and changed since: a new key, if that is what is meant."""
    number = reported_as(scope, form.cleaned_data["key"])
    form.renew_key(str(uuid4()))
    form.add_error(
        None,
        _("这一页已经提交过，编号 %(number)s。如果这是另一件事，再按一次提交。")
        % {"number": number},
    )
    return report_form(request, scope, form, tray, status=409)


def report_form(
    request: HttpRequest,
    scope: Scope,
    form: ReportForm,
    tray: PhotoTray,
    *,
    status: int = 200,
    beside: dict[str, list[str]] | None = None,
    **more: Any,
) -> HttpResponse:
    """The page with the form as it is; `beside`: sentences that belong to no field."""
    beside = beside or {}
    errors = form.errors if form.is_bound and not more.get("moved") else {}
    source = source_facts(scope)
    form.offer_sources(source["sources"])
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
        "different": form["different"].value(),
        **source,
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
