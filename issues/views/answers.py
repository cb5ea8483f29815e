"""谁负责: point at a place, choose a matter, read who answers and by when."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from issues.forms import AnswerForm
from issues.presenter.answers import owner_facts, responsible_facts
from issues.presenter.choosing import category_field
from issues.presenter.pages import answer_steps, tiles
from issues.views.doors import areas_of, map_around, scope_for, tidy_address
from issues.views.reports import candidate_facts
from issues.who import may_report
from matters.queries import UnknownMatter, matter

ASKED = ("lat", "lng", "place_text", "candidate")


@login_required
@require_safe
def responsible(request: HttpRequest) -> HttpResponse:
    """The question and, once a point is known, the answer; nothing is filed."""
    scope = scope_for(request)
    asked = any(request.GET.get(name) for name in ASKED)
    form = AnswerForm(request.GET if asked else None, within=areas_of(scope))
    context = {"form": form, "may_report": may_report(scope) is not None}
    if asked and form.is_valid():
        context |= _answer(form)
    if request.headers.get("HX-Request"):
        part = render(request, "issues/_answer.html", context)
        part["HX-Push-Url"] = tidy_address(request)
        return part
    context |= {
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
        ),
    }
    return render(request, "issues/responsible.html", context)


def _answer(form: AnswerForm) -> dict[str, Any]:
    given, now = form.cleaned_data, timezone.now()
    lat, lng = form.point or (0.0, 0.0)
    prefilled = {
        name: given[name] for name in ("lat", "lng", "category", "condition") if given[name]
    }
    if given["place_text"]:
        prefilled["place_text"] = given["place_text"]
    report_url = f"{reverse('report')}?{urlencode(prefilled)}"
    if not given["category"]:
        facts = owner_facts(lat=lat, lng=lng, now=now)
        return {"answer": facts, "steps": answer_steps(facts), "report_url": report_url}
    try:
        what = matter(category=given["category"], condition=given["condition"])
    except UnknownMatter:
        return {"problem": _("没有这一项，请重新选择。")}
    facts = responsible_facts(lat=lat, lng=lng, what=what, now=now)
    return {"answer": facts, "steps": answer_steps(facts), "report_url": report_url}
