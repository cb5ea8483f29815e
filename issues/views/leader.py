"""审批: one page for leaders, for the phone first."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from issues.presenter.leader import approvals, critical_now, stuck_at
from issues.rules import leads
from issues.views.doors import scope_for


@login_required
@require_safe
def leader(request: HttpRequest) -> HttpResponse:
    """What waits for this leader, what is critical now, and where things are stuck."""
    scope, now = scope_for(request), timezone.now()
    if not leads(scope):
        raise PermissionDenied
    context = {
        "approvals": approvals(scope, now=now),
        "critical": critical_now(scope, now=now),
        "stuck": stuck_at(scope, now=now),
    }
    return render(request, "issues/leader.html", context)
