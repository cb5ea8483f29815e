"""Who is there: rosters of desks and units, and leave with a stand-in.

These pages say who can be reached, nothing else.
"""

import re
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from grid.csvfile import rows_of, text_of
from grid.importing import FileError, Report
from partyorgs.dutyfile import COLUMNS, DutyReader
from partyorgs.forms import FillForm, ImportForm, LeaveForm, ShiftForm, add_errors
from partyorgs.models import Leave, Organization
from partyorgs.rosters import DayRow, planned, rosters_of
from partyorgs.rules import (
    Scope,
    may_keep_duty,
    may_see_duty,
    organizations_kept,
    organizations_near,
    people_kept,
)
from partyorgs.services import (
    DutyDraft,
    clear_duty,
    end_leave,
    fill_duty,
    set_duties,
    set_duty,
    take_leave,
)

DAYS_IN_SHORT, DAYS = 3, 31
MOST_KEPT = 500
LARGEST_FILE = 500_000
_ID = re.compile(r"[0-9]{1,15}", re.ASCII)
pages = require_http_methods(["GET", "HEAD", "POST"])


def _scope(request: HttpRequest) -> Scope:
    scope: Scope = request.scope  # type: ignore[attr-defined]
    return scope


@require_safe
@login_required
def duty(request: HttpRequest) -> HttpResponse:
    """Who is on duty now at the reader's desks and units, and in the next days."""
    scope, now = _scope(request), timezone.now()
    near = list(organizations_near(scope).order_by("area__code", "kind", "code"))
    rosters = rosters_of(organizations=near, days=DAYS_IN_SHORT, now=now)
    for roster in rosters.values():
        roster.keeps = may_keep_duty(scope, roster.organization)
    kept = organizations_kept(scope).exclude(pk__in=rosters).order_by("area__code", "code")
    keeps = any(roster.keeps for roster in rosters.values())
    context = {
        "rosters": list(rosters.values()),
        "kept": list(kept[:MOST_KEPT]),
        "keeps": keeps or kept.exists(),
    }
    return render(request, "partyorgs/duty.html", context)


@require_safe
@login_required
def duty_organization(request: HttpRequest, code: str) -> HttpResponse:
    """The roster of one desk or unit, with its forms for whoever keeps it."""
    return _roster_page(request, _organization(request, code))


@pages
@login_required
def duty_set(request: HttpRequest, code: str) -> HttpResponse:
    """Put one person on duty for one shift."""
    organization, scope, now = _organization(request, code), _scope(request), timezone.now()
    if request.method != "POST":
        return redirect("duty_organization", code=code)
    if not may_keep_duty(scope, organization):
        raise PermissionDenied
    form = ShiftForm(request.POST, organization=organization, now=now)
    if form.is_valid():
        try:
            set_duty(draft=form.draft(), by=scope, now=now)
        except ValidationError as refused:
            add_errors(form, refused)
        else:
            messages.success(request, _("已排上这一班。"))
            return redirect("duty_organization", code=code)
    return _roster_page(request, organization, shift_form=form)


@pages
@login_required
def duty_fill(request: HttpRequest, code: str) -> HttpResponse:
    """Fill the roster by turns: first shown, then stored."""
    organization, scope, now = _organization(request, code), _scope(request), timezone.now()
    if request.method != "POST":
        return redirect("duty_organization", code=code)
    if not may_keep_duty(scope, organization):
        raise PermissionDenied
    form = FillForm(request.POST, organization=organization, now=now)
    drafts: list[DutyDraft] = []
    store = "store" in request.POST
    if form.is_valid():
        try:
            drafts = fill_duty(
                organization=organization, pattern=form.pattern(), by=scope, now=now,
                replace=form.cleaned_data["replace"], dry_run=not store,
            )  # fmt: skip
        except ValidationError as refused:
            add_errors(form, refused)
        else:
            if store:
                messages.success(request, _stored(len(drafts)))
                return redirect("duty_organization", code=code)
    return _roster_page(request, organization, fill_form=form, preview=drafts)


@pages
@login_required
def duty_clear(request: HttpRequest, code: str) -> HttpResponse:
    """Take one person off a shift that has not begun."""
    organization, scope = _organization(request, code), _scope(request)
    if request.method == "POST":
        ids = [int(word) for word in request.POST.getlist("duty") if _ID.fullmatch(word)]
        try:
            clear_duty(organization=organization, ids=ids, by=scope, now=timezone.now())
        except ValidationError as refused:
            messages.error(request, " ".join(refused.messages))
        else:
            messages.success(request, _("已撤下。"))
    return redirect("duty_organization", code=code)


@pages
@login_required
def duty_import(request: HttpRequest) -> HttpResponse:
    """A roster from a CSV file or pasted: first shown with its faults, then stored."""
    scope, now = _scope(request), timezone.now()
    if not organizations_kept(scope).exists():
        raise PermissionDenied
    if request.method != "POST":
        return render(
            request, "partyorgs/duty_import.html", {"form": ImportForm(), "columns": COLUMNS}
        )
    report = Report()
    form = ImportForm(request.POST, request.FILES)
    drafts = _drafts(form, scope, report) if form.is_valid() else []
    wrong = bool(form.errors or report.errors)
    if drafts and not wrong:
        try:
            saved = _store(drafts, scope, keep="store" in request.POST)
        except ValidationError as refused:
            add_errors(form, refused)
        else:
            if "store" in request.POST:
                messages.success(request, _stored(saved))
                return redirect("duty")
    context = {
        "form": form,
        "columns": COLUMNS,
        "report": report,
        "planned": _by_organization(drafts, now) if not (wrong or form.errors) else [],
    }
    status = 422 if wrong or form.errors else 200
    return render(request, "partyorgs/duty_import.html", context, status=status)


@pages
@login_required
def leave(request: HttpRequest) -> HttpResponse:
    """The reader's leaves and those they keep; enter one with its stand-in."""
    scope, now = _scope(request), timezone.now()
    form = LeaveForm(request.POST if request.method == "POST" else None, scope=scope, now=now)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            entered = take_leave(
                user=given["person"], stand_in=given["stand_in"], since=given["since"],
                until=given["until"], by=scope, now=now,
            )  # fmt: skip
        except ValidationError as refused:
            add_errors(form, refused)
        else:
            names = {"absent": str(entered.user), "stand_in": str(entered.stand_in)}
            messages.success(request, _("已登记：%(stand_in)s 替 %(absent)s 的岗。") % names)
            return redirect("leave")
    known = Q(user=scope.user) | Q(stand_in=scope.user)
    known |= Q(user__in=people_kept(scope, at=now).order_by().values("pk"))
    rows = Leave.objects.filter(known, valid_until__gt=now).select_related("user", "stand_in")
    keeps = set(people_kept(scope, at=now).filter(leaves__in=rows).values_list("pk", flat=True))
    context = {
        "form": form,
        "mine": [row for row in rows if row.user_id == scope.user.pk],
        "for_others": [row for row in rows if row.stand_in_id == scope.user.pk],
        "kept": [row for row in rows if row.user_id in keeps - {scope.user.pk}],
        "now": now,
    }
    return render(request, "partyorgs/leave.html", context, status=422 if form.errors else 200)


@pages
@login_required
def leave_end(request: HttpRequest, leave_id: int) -> HttpResponse:
    """End a leave now, or withdraw one that has not begun."""
    scope, now = _scope(request), timezone.now()
    if request.method != "POST":
        return redirect("leave")
    row = Leave.objects.filter(pk=leave_id).select_related("user", "stand_in").first()
    if row is None:
        raise Http404
    try:
        ended = end_leave(leave=row, by=scope, now=now)
    except PermissionDenied as unseen:
        raise Http404 from unseen
    except ValidationError as refused:
        messages.error(request, " ".join(refused.messages))
    else:
        text = _("请假已结束，替岗随之结束。") if ended else _("请假已撤回。")
        messages.success(request, text)
    return redirect("leave")


def _organization(request: HttpRequest, code: str) -> Organization:
    """What is not visible is the same 404 as what does not exist."""
    found = Organization.objects.filter(code=code, active=True)
    organization = found.select_related("area", "calendar").first()
    if organization is None or not may_see_duty(_scope(request), organization):
        raise Http404
    return organization


def _roster_page(
    request: HttpRequest,
    organization: Organization,
    *,
    shift_form: ShiftForm | None = None,
    fill_form: FillForm | None = None,
    preview: list[DutyDraft] | None = None,
) -> HttpResponse:
    scope, now = _scope(request), timezone.now()
    roster = rosters_of(organizations=[organization], days=DAYS, now=now)[organization.pk]
    roster.keeps = may_keep_duty(scope, organization)
    context: dict[str, Any] = {"roster": roster, "opened": "fill" if fill_form else ""}
    if shift_form:
        context["opened"] = "shift"
    if roster.keeps:
        context["shift_form"] = shift_form or ShiftForm(organization=organization, now=now)
        context["fill_form"] = fill_form or FillForm(organization=organization, now=now)
        context["preview"] = planned(drafts=preview or [], now=now)
    refused = any(form.errors for form in (shift_form, fill_form) if form)
    status = 422 if refused else 200
    return render(request, "partyorgs/duty_organization.html", context, status=status)


def _stored(count: int) -> str:
    text = ngettext("值班表已保存，共 %(count)d 人次。", "值班表已保存，共 %(count)d 人次。", count)
    return text % {"count": count}


def _drafts(form: Form, scope: Scope, report: Report) -> list[DutyDraft]:
    """The shifts that the form's file or text says; what was read stays in the form."""
    try:
        text = _text(form, report)
        form.data = QueryDict(mutable=True)
        form.data["text"] = text
        rows = rows_of(text, report, required=COLUMNS)
    except FileError as wrong:
        form.add_error(None, str(wrong))
        return []
    reader = DutyReader(report, now=timezone.now(), may=lambda one: may_keep_duty(scope, one))
    drafts = reader.read(rows)
    if not drafts and not report.errors:
        form.add_error(None, _("没有要登记的班：都已经过去。"))
    return drafts


def _text(form: Form, report: Report) -> str:
    upload, text = form.cleaned_data["file"], form.cleaned_data["text"]
    if upload is None and not text.strip():
        raise FileError(_("请选择文件，或粘贴内容。"))
    if upload is None:
        return str(text)
    if upload.size > LARGEST_FILE:
        raise FileError(_("文件太大：一次最多 500 KB，请分几次导入。"))
    return text_of(upload.read(), report)


def _store(drafts: list[DutyDraft], scope: Scope, *, keep: bool) -> int:
    """Stores the shifts, or only tries them; how many are new or changed."""
    with transaction.atomic():
        saved = set_duties(drafts=drafts, by=scope, now=timezone.now())
        transaction.set_rollback(not keep)
    return saved.created + saved.updated


def _by_organization(drafts: list[DutyDraft], now: datetime) -> list[tuple[str, list[DayRow]]]:
    found: dict[str, list[DutyDraft]] = {}
    for draft in drafts:
        found.setdefault(draft.organization.name, []).append(draft)
    return [(name, planned(drafts=own, now=now)) for name, own in found.items()]
