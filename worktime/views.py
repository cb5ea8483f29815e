"""Calendars: everybody who is signed in reads them, whoever keeps the house changes them."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from worktime import presenter, queries, services, wording
from worktime.arithmetic import EARLIEST_YEAR, LATEST_YEAR
from worktime.forms import (
    INHERIT,
    CalendarForm,
    DayForm,
    ImportForm,
    NoticeForm,
    SpansForm,
    TableForm,
    iso_date,
)
from worktime.importing import Preview, preview
from worktime.models import Calendar
from worktime.rules import may_change

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def _editor(view: View[P]) -> View[P]:
    """Only for who may change calendars: others get a 403 whatever the address names."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not may_change(request.user):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return login_required(require_http_methods(["GET", "HEAD", "POST"])(guarded))


@require_safe
@login_required
def calendars(request: HttpRequest) -> HttpResponse:
    """All calendars, with how far they reach."""
    facts = {
        "rows": presenter.calendar_rows(timezone.localdate()),
        "editable": may_change(request.user),
    }
    return render(request, "worktime/calendars.html", facts)


@require_safe
@login_required
def year(request: HttpRequest, calendar: str, year: int | None = None) -> HttpResponse:
    """The months of a year, this year's where none is named."""
    today = timezone.localdate()
    year = today.year if year is None else year
    if not EARLIEST_YEAR <= year < LATEST_YEAR:
        raise Http404
    editable = may_change(request.user)
    facts = presenter.year_page(_calendar(calendar), year=year, today=today, editable=editable)
    facts |= {
        "editable": editable,
        "before": year - 1 if year > EARLIEST_YEAR else None,
        "after": year + 1 if year + 1 < LATEST_YEAR else None,
    }
    return render(request, "worktime/year.html", facts)


@_editor
def new(request: HttpRequest) -> HttpResponse:
    """Make a calendar, with or without the days of another."""
    form = CalendarForm(_posted(request), initial={"base": Calendar.objects.first()})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            made = services.create_calendar(
                code=given["code"], name=given["name"], base=given["base"], now=timezone.now()
            )
        except ValidationError as refused:
            _refuse(form, refused)
        else:
            messages.success(request, _("日历已建好。请核对工作时段。"))
            return redirect("calendar_spans", made.code)
    status = 422 if form.is_bound else 200
    return render(request, "worktime/new.html", {"form": form}, status=status)


@_editor
def day(request: HttpRequest, calendar: str, day: str) -> HttpResponse:
    """Say by hand what one date is."""
    row, date = _calendar(calendar), iso_date(day)
    if date is None:
        raise Http404
    fact = queries.work_calendar(row.code).day(date)
    stored = queries.days_between(row, date, date).get(date)
    inherits = row.base is not None and (stored is None or stored.calendar_id != row.pk)
    kind = INHERIT if inherits else fact.kind
    form = DayForm(_posted(request), base=row.base, initial={"kind": kind, "name": fact.name})
    if request.method == "POST" and form.is_valid():
        wanted = form.fact()
        if wanted is None:
            own = row.days.filter(date=date)
            count = services.delete_days(days=own, now=timezone.now())
        else:
            count = services.set_days(calendar=row, days={date: wanted}, now=timezone.now())
        _say(request, count)
        return redirect("calendar_year", row.code, date.year)
    facts = {
        "calendar": row, "date": date, "form": form, "now_is": wording.fact_text(fact),
        "source": wording.source_text(stored.source) if stored else "",
    }  # fmt: skip
    return render(request, "worktime/day.html", facts, status=422 if form.is_bound else 200)


@_editor
def spans(request: HttpRequest, calendar: str) -> HttpResponse:
    """Replace the spans of a calendar."""
    row = _calendar(calendar)
    form = SpansForm(_posted(request), spans=row.spans.values_list("starts", "ends"))
    if request.method == "POST" and form.is_valid():
        try:
            changed = services.set_spans(calendar=row, spans=form.spans(), now=timezone.now())
        except ValidationError as refused:
            _refuse(form, refused)
        else:
            said = _("工作时段已改。在办事项的到期时间会随后重新计算。")
            messages.success(request, said if changed else _("与原来一样，没有改动。"))
            return redirect("calendar", row.code)
    facts = {"calendar": row, "form": form}
    return render(request, "worktime/spans.html", facts, status=422 if form.is_bound else 200)


@_editor
def notice(request: HttpRequest, calendar: str) -> HttpResponse:
    """Paste the State Council's notice, look at what it changes, take it."""
    form = NoticeForm(request.POST) if request.method == "POST" else NoticeForm()
    return _import(request, _calendar(calendar), form, "worktime/notice.html")


@_editor
def table(request: HttpRequest, calendar: str) -> HttpResponse:
    """Give a CSV table, look at what it changes, take it."""
    posted = request.method == "POST"
    form = TableForm(request.POST, request.FILES) if posted else TableForm()
    return _import(request, _calendar(calendar), form, "worktime/table.html")


def _import(
    request: HttpRequest, calendar: Calendar, form: ImportForm, template: str
) -> HttpResponse:
    """Show what would change; write it when exactly that was shown before."""
    facts: dict[str, object] = {"calendar": calendar, "form": form}
    if not form.is_bound:
        return render(request, template, facts)
    if not form.is_valid() or not form.accept(proposal := form.proposal()):
        return render(request, template, facts, status=422)
    shown = preview(calendar, proposal)
    confirmed = "confirm" in request.POST
    if confirmed and form.cleaned_data["seen"] == shown.seen:
        count = services.set_days(
            calendar=calendar, days=proposal.days, source=proposal.source, now=timezone.now()
        )
        _say(request, count)
        return redirect("calendar_year", calendar.code, max(proposal.days).year)
    form.retype(seen=shown.seen)
    facts |= _preview_facts(shown) | {"changed_since": confirmed}
    return render(request, template, facts)


def _preview_facts(shown: Preview) -> dict[str, object]:
    return {
        "preview": shown,
        "rows": presenter.difference_rows(shown),
        "off": shown.proposal.count("holiday"),
        "makeup": shown.proposal.count("makeup"),
    }


def _posted(request: HttpRequest) -> QueryDict | None:
    """What was sent, also when nothing was filled in; None for a first look."""
    return request.POST if request.method == "POST" else None


def _calendar(code: str) -> Calendar:
    return get_object_or_404(Calendar.objects.select_related("base"), code=code)


def _say(request: HttpRequest, count: int) -> None:
    """What was changed, and what follows from it."""
    if not count:
        messages.info(request, _("与原来一样，没有改动。"))
        return
    said = ngettext(
        "已改 %(count)s 天。在办事项的到期时间会随后重新计算。",
        "已改 %(count)s 天。在办事项的到期时间会随后重新计算。",
        count,
    )
    messages.success(request, said % {"count": count})


def _refuse(form: Form, refused: ValidationError) -> None:
    """A service's refusal beside the fields it names."""
    named = refused.message_dict if hasattr(refused, "error_dict") else {}
    for name, sentences in (named or {NON_FIELD_ERRORS: refused.messages}).items():
        form.add_error(name if name in form.fields else None, list(sentences))
