"""支部: one page for the branch secretary, for the phone first."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from issues.presenter.secretary import stuck_rows, to_check, to_close
from issues.rules import heads_branch
from issues.views.doors import scope_for


@login_required
@require_safe
def branch(request: HttpRequest) -> HttpResponse:
    """What is stuck in the branch's cells, and what waits to be checked or closed."""
    scope, now = scope_for(request), timezone.now()
    if not heads_branch(scope):
        raise PermissionDenied
    stuck, more_url = stuck_rows(scope, now=now)
    context = {
        "stuck": stuck,
        "more_url": more_url,
        "checks": to_check(scope, now=now),
        "closes": to_close(scope, now=now),
        "whistle_url": _whistle_url(),
    }
    return render(request, "issues/secretary.html", context)


def _whistle_url() -> str:
    """Where a whistle is proposed; "" in a house without that room."""
    try:
        return reverse("whistle_new")
    except NoReverseMatch:
        return ""
