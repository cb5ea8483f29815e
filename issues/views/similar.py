"""Similar reports beside the form of a new one, and joining one of them instead."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from issues.forms import add_errors
from issues.models import Issue
from issues.services.doing import Given
from issues.services.errors import Refused
from issues.services.verbs import perform
from issues.views.doors import PhotoTray, scope_for
from issues.views.reports import form_sent, looked, report_form
from issues.who import may_report
from issues.workflow import Verb
from partyorgs.rules import Scope


@login_required
@require_POST
def report_similar(request: HttpRequest) -> HttpResponse:
    """Open reports like the one being typed, to put beside the form; nothing is stored.

    By POST, for the words of a report belong in no address and no log.
    """
    scope = _reporting(request)
    form = form_sent(request, scope)
    form.full_clean()
    context = {"similar": looked(request, scope, form)} if form.known else {}
    return render(request, "issues/_similar.html", context)


@login_required
@require_POST
def report_join(request: HttpRequest, number: str) -> HttpResponse:
    """Join this report with what was typed for a new one; refused, everything typed is kept."""
    scope, tray = _reporting(request), PhotoTray(request)
    form = form_sent(request, scope)
    form.full_clean()
    if phone := form.phone_to_point_out:
        return report_form(request, scope, form, tray, status=422, phone=phone)
    form.errors.clear()
    if not form.joins:
        beside = {"join": [_("替别人登记的、已经办好的，请直接提交；重复的由值守台并案。")]}
        return report_form(request, scope, form, tray, status=422, beside=beside)
    given = Given(note=str(form["description"].value() or ""), attachments=tray.ids)
    if tray.errors:
        return report_form(request, scope, form, tray, status=422)
    try:
        perform(scope=scope, number=number, verb=Verb.JOIN, given=given, now=timezone.now())
    except Issue.DoesNotExist as unseen:
        raise Http404 from unseen
    except Refused as refused:
        beside = {"join": [refused.sentence()]}
        return report_form(request, scope, form, tray, status=409, beside=beside)
    except ValidationError as refused:
        beside = add_errors(form, refused)
        return report_form(request, scope, form, tray, status=422, beside=beside)
    messages.success(request, _("已加入 %(number)s，有结果会告诉您。") % {"number": number})
    if form.contact_open:
        messages.info(
            request,
            _("联系方式没有一起提交：加入的问题只留上报人的。反映人想知道进展，请告诉他编号。"),
        )
    return redirect("issue", number=number)


def _reporting(request: HttpRequest) -> Scope:
    scope = scope_for(request)
    if may_report(scope) is None:
        raise PermissionDenied
    return scope
