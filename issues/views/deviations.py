"""Exceptions: the monthly list, forced closings for everybody, what the district relaxed."""

import re

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from issues.forms import add_errors
from issues.forms.relaxing import RelaxForm
from issues.models import Relaxation
from issues.presenter.deviations import (
    MOST,
    Month,
    exceptions_of,
    forced_page,
    relaxations_of,
    streets_to_relax,
    unsigned_of,
)
from issues.rules import may_see_exceptions, may_see_relaxations, relaxing_districts
from issues.services.relaxing import end_relaxation, relax
from issues.views.doors import scope_for

KEY = re.compile(r"[0-9]{1,15}", re.ASCII)


@login_required
@require_safe
def exceptions(request: HttpRequest) -> HttpResponse:
    """A month's exceptions; what still waits for a countersignature stands on top."""
    scope, now = scope_for(request), timezone.now()
    if not may_see_exceptions(scope):
        raise PermissionDenied
    today = timezone.localdate(now)
    month = Month.read(request.GET.get("month", ""), today=today)
    lines = exceptions_of(scope, month=month)
    context = {
        "unsigned": unsigned_of(scope, now=now),
        "lines": lines[:MOST],
        "more": len(lines) > MOST,
        "most": MOST,
        "month": month,
        "following": month.after if month.after.first <= today else None,
        "this_month": Month.of(today),
    }
    return render(request, "issues/deviations.html", context)


@require_safe
def forced(request: HttpRequest) -> HttpResponse:
    """What was closed by force within a year, by number, for everybody."""
    asked = request.GET.get("before", "")
    before = int(asked) if KEY.fullmatch(asked) else None
    lines, following = forced_page(before=before, now=timezone.now())
    here = reverse("forced")
    context = {
        "lines": lines,
        "next_url": f"{here}?before={following}" if following else None,
        "previous_url": here if before is not None else None,
    }
    return render(request, "issues/forced.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def relaxations(request: HttpRequest) -> HttpResponse:
    """What is relaxed for which street until when; the district's desk adds to it."""
    scope, now = scope_for(request), timezone.now()
    if not may_see_relaxations(scope):
        raise PermissionDenied
    form, posted = None, request.method == "POST"
    if posted and not relaxing_districts(scope):
        raise PermissionDenied
    if relaxing_districts(scope):
        form = RelaxForm(
            request.POST if posted else None,
            streets=streets_to_relax(scope),
            today=timezone.localdate(now),
        )
    if posted and form is not None and form.is_valid():
        try:
            made = relax(scope=scope, now=now, **form.cleaned_data)
        except ValidationError as refused:
            add_errors(form, refused)
        else:
            messages.success(request, _("已为%(street)s放宽。") % {"street": made.street.name})
            return redirect("relaxations")
    context = {"lines": relaxations_of(scope, now=now), "form": form}
    wrong = form is not None and bool(form.errors)
    return render(request, "issues/relaxations.html", context, status=422 if wrong else 200)


@require_POST
@login_required
def relaxation_end(request: HttpRequest, relaxation_id: int) -> HttpResponse:
    """End a relaxation now, or withdraw one that has not begun."""
    scope = scope_for(request)
    try:
        ended = end_relaxation(scope=scope, relaxation=relaxation_id, now=timezone.now())
    except Relaxation.DoesNotExist as unknown:
        raise Http404 from unknown
    except ValidationError as refused:
        messages.info(request, refused.messages[0])
    else:
        messages.success(request, _("已结束，从现在起按原来的规定。") if ended else _("已撤回。"))
    return redirect("relaxations")
