"""Limits whose step failed: what it was, and another try."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from issues.presenter.ladders import SHOWN_PARKED, parked_facts
from issues.rules import may_see_coverage
from issues.services.parking import unpark
from issues.views.doors import scope_for
from issues.views.ladder import keeper
from partyorgs.rules import may_configure

LONGEST_ID = 15


@login_required
@require_safe
def parked(request: HttpRequest) -> HttpResponse:
    """The latest ones; more are shown once these are dealt with."""
    scope = scope_for(request)
    if not may_see_coverage(scope):
        raise PermissionDenied
    rows = parked_facts(scope)
    context = {
        "rows": rows[:SHOWN_PARKED],
        "more": len(rows) > SHOWN_PARKED,
        "editable": may_configure(scope),
    }
    return render(request, "issues/parked.html", context)


@require_POST
@keeper
def parked_retry(request: HttpRequest) -> HttpResponse:
    """Let the sweep try again the clocks that are named."""
    named = request.POST.getlist("id")[:SHOWN_PARKED]
    ids = [int(word) for word in named if word.isdecimal() and len(word) <= LONGEST_ID]
    if count := unpark(clocks=ids):
        words = ngettext(
            "%(count)d 个步骤会在一分钟内再试。", "%(count)d 个步骤会在一分钟内再试。", count
        )
        messages.success(request, words % {"count": count})
    else:
        messages.info(request, _("没有要再试的步骤，可能已经处理好了。"))
    return redirect("parked")
