"""What could not be delivered: cause, attempts, and the way out."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from notices import queries, services
from notices.models import Notice
from notices.views.inbox import MAX_ID, number_of
from notices.wording import sentence_of

MAY = "notices.change_notice"


@require_safe
@login_required
@permission_required(MAY, raise_exception=True)
def undelivered(request: HttpRequest) -> HttpResponse:
    """The newest undelivered notices, and the targets that are switched off."""
    now = timezone.now()
    before = number_of(request.GET.get("before"))
    found = queries.latest_undelivered(now, before=before, limit=queries.PAGE + 1)
    shown = found[: queries.PAGE]
    context = {
        "notices": [(notice, sentence_of(notice, facts={})) for notice in shown],
        "older": str(shown[-1].pk) if len(found) > len(shown) else None,
        "targets": queries.failing_targets(now),
    }
    return render(request, "notices/undelivered.html", context)


@require_safe
@login_required
def notice_attempts(request: HttpRequest, notice_id: int) -> HttpResponse:
    """One notice to the outside, with its attempts; a 404 for whoever may not see it."""
    if not request.user.has_perm(MAY):
        raise Http404
    outside = queries.outside().select_related("target", "recipient").prefetch_related("tries")
    notice = get_object_or_404(outside, pk=min(notice_id, MAX_ID))
    context = {"notice": notice, "sentence": sentence_of(notice, facts={})}
    return render(request, "notices/attempts.html", context)


@require_POST
@login_required
@permission_required(MAY, raise_exception=True)
def retry(request: HttpRequest) -> HttpResponse:
    """Send again: one notice (`id`), or all of a target (`target`)."""
    now = timezone.now()
    count = services.retry(notices=_named(request, queries.undelivered(now)), now=now)
    said = ngettext("%(count)d 条通知将重新发送。", "%(count)d 条通知将重新发送。", count)
    return _done(request, count, said % {"count": count})


@require_POST
@login_required
@permission_required(MAY, raise_exception=True)
def give_up(request: HttpRequest) -> HttpResponse:
    """Send no more: one notice (`id`), or all of a target (`target`)."""
    count = services.give_up(notices=_named(request, queries.undelivered(timezone.now())))
    said = ngettext("%(count)d 条通知不再发送。", "%(count)d 条通知不再发送。", count)
    return _done(request, count, said % {"count": count})


def _done(request: HttpRequest, count: int, said: str) -> HttpResponse:
    if count:
        messages.success(request, said)
    else:
        messages.info(request, _("没有需要处理的通知，可能已经送达。"))
    return redirect("notices_undelivered")


def _named(request: HttpRequest, found: "QuerySet[Notice]") -> "QuerySet[Notice]":
    """Those of a target, or the one of an id; a wrong number names nothing."""
    target = number_of(request.POST.get("target"))
    if target is not None:
        return found.filter(target=target)
    return found.filter(pk=number_of(request.POST.get("id")) or 0)
