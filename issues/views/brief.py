"""Today's brief and the weekly sheet, a section a chair."""

from datetime import date

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from issues.briefs.chairs import Chair, chairs_of
from issues.briefs.weekly import Sheet, Week, sheet_of, this_week, week_named
from issues.presenter.brief import brief_facts, sheet_facts, week_words
from issues.presenter.brief_book import TYPE, workbook
from issues.views.doors import scope_for

PRINTED = 200
MOST = 5000


@login_required
@require_safe
def brief(request: HttpRequest) -> HttpResponse:
    """Late, due today, stuck at whom; with a text to paste."""
    chairs, now = _chairs(request), timezone.now()
    context = {
        "briefs": brief_facts(chairs, now=now, absolute=request.build_absolute_uri),
        "now": timezone.localtime(now),
    }
    return render(request, "issues/brief.html", context)


@login_required
@require_safe
def brief_day(request: HttpRequest, day: str) -> HttpResponse:  # noqa: ARG001
    """Where the notice of a day leads: figures are those of now, so to today's brief."""
    try:
        date.fromisoformat(day)
    except ValueError as unknown:
        raise Http404 from unknown
    return redirect("brief")


@login_required
@require_safe
def brief_week(request: HttpRequest) -> HttpResponse:
    """The weekly sheet to read and print."""
    chairs, now = _chairs(request), timezone.now()
    week = _week(request)
    current = this_week(now)
    context = {
        "sheets": [sheet_facts(sheet, now=now) for sheet in _sheets(chairs, week, most=PRINTED)],
        "week": week,
        "days": week_words(week),
        "following": week.after if week.monday < current.monday else None,
        "running": week == current,
        "now": timezone.localtime(now),
        "printed": PRINTED,
    }
    return render(request, "issues/brief_week.html", context)


@login_required
@require_safe
def brief_week_xlsx(request: HttpRequest) -> HttpResponse:
    """The weekly sheet as a workbook."""
    chairs, now, week = _chairs(request), timezone.now(), _week(request)
    book = workbook(_sheets(chairs, week, most=MOST), week=week, now=now)
    response = HttpResponse(book, content_type=TYPE)
    response["Content-Disposition"] = f'attachment; filename="brief-{week.name}.xlsx"'
    return response


def _chairs(request: HttpRequest) -> list[Chair]:
    chairs = chairs_of(scope_for(request))
    if not chairs:
        raise PermissionDenied
    return chairs


def _week(request: HttpRequest) -> Week:
    """The week of the address, else the last whole one."""
    now = timezone.now()
    return week_named(request.GET.get("week", ""), now=now) or this_week(now).before


def _sheets(chairs: list[Chair], week: Week, *, most: int) -> list[Sheet]:
    """A sheet a chair, with so many late ones in all."""
    now, sheets = timezone.now(), []
    for chair in chairs:
        sheets.append(sheet_of(chair, week=week, now=now, most=most))
        most -= len(sheets[-1].late)
    return sheets
