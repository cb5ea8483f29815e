"""The bell and the list behind it. Every page works without JavaScript."""

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from notices import queries, services
from notices.models import Notice
from notices.wording import address_of, bundle_title, subject_of, templates_of

MAX_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Line:
    """A notice, the templates that can tell it (the most fitting first) and what it is about.

    A bundle has a title of its own, and its parts as lines.
    """

    notice: Notice
    templates: tuple[str, str]
    subject: str
    title: str = ""
    parts: "tuple[Line, ...]" = ()


@require_safe
@login_required
def notice_list(request: HttpRequest) -> HttpResponse:
    """The newest notices; older ones by a link, without counting."""
    found = queries.latest(
        signed_in(request), before=number_of(request.GET.get("before")), limit=queries.PAGE + 1
    )
    shown = found[: queries.PAGE]
    parts = queries.parts_of(shown)
    context = {
        "lines": [_line(notice, parts.get(notice.pk, [])) for notice in shown],
        "unread": queries.unread_count(request.user),
        "older": str(shown[-1].pk) if len(found) > len(shown) else None,
    }
    return render(request, "notices/list.html", context)


@require_POST
@login_required
def mark_read(request: HttpRequest) -> HttpResponse:
    """Mark the notices named `id`, or all, as read, and show the list again."""
    names = request.POST.getlist("id")
    ids = None if not names else [number for number in map(number_of, names) if number is not None]
    services.mark_read(user=signed_in(request), ids=ids, now=timezone.now())
    return redirect("notices")


@require_POST
@login_required
def open_notice(request: HttpRequest, notice_id: int) -> HttpResponse:
    """Mark a notice as read and go to what it speaks of.

    By POST, since a GET changes nothing here. Another's notice is a 404 like
    one that never was.
    """
    notice = queries.inbox(signed_in(request)).filter(pk=min(notice_id, MAX_ID)).first()
    if notice is None:
        raise Http404
    ids = [notice.bundled_into_id or notice.pk, notice.pk]
    services.mark_read(user=signed_in(request), ids=ids, now=timezone.now())
    return redirect(address_of(notice))


@require_safe
def bell(request: HttpRequest) -> HttpResponse:
    """The bell alone, for polling: 204 while the count is the `seen` one.

    A visitor without a session gets a bare 401: a redirect would put the
    sign-in page into the bell.
    """
    if not request.user.is_authenticated:
        return HttpResponse(status=401)
    unread = queries.unread_count(request.user)
    if request.GET.get("seen") == str(unread):
        return HttpResponse(status=204)
    return render(request, "notices/_bell.html", {"unread": unread})


def _line(notice: Notice, parts: list[Notice]) -> Line:
    return Line(
        notice=notice,
        templates=templates_of(notice),
        subject=subject_of(notice),
        title=bundle_title(len(parts)) if parts else "",
        parts=tuple(_line(part, []) for part in parts),
    )


def number_of(text: str | None) -> int | None:
    """The number that an address or form names; None when it names none."""
    digits = text or ""
    return min(int(digits), MAX_ID) if digits.isascii() and digits.isdigit() else None


def signed_in(request: HttpRequest) -> User:
    """The user behind a page that asked for one."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user
