"""回访: what the reporter answers by the secret link, without an account."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from issues.forms.callback import CallBackForm
from issues.models import CallBack
from issues.presenter.callback import call_back_lines
from issues.services.surveying import answer_by_link, call_back_by_link


@require_http_methods(["GET", "HEAD", "POST"])
def call_back(request: HttpRequest, token: str) -> HttpResponse:
    """One answer by one link. A link that is unknown, expired or answered is one same 404.

    The token has 256 random bits, so nobody finds one by trying: no limit besides.
    """
    now = timezone.now()
    try:
        asked = call_back_by_link(token=token, now=now)
    except CallBack.DoesNotExist:
        return _gone(request)
    if request.method != "POST":
        return _page(request, asked, CallBackForm())
    form = CallBackForm(request.POST)
    if not form.is_valid():
        return _page(request, asked, form, status=422)
    try:
        answer_by_link(token=token, given=form.given(), now=now)
    except CallBack.DoesNotExist:
        # Somebody else was quicker, or the same finger twice.
        return _gone(request)
    return _quiet(redirect("call_back_done"))


@require_safe
def call_back_done(request: HttpRequest) -> HttpResponse:
    """Thanks, at an address without the secret."""
    return _quiet(render(request, "issues/callback_done.html"))


def _page(
    request: HttpRequest, asked: CallBack, form: CallBackForm, *, status: int = 200
) -> HttpResponse:
    context = {"form": form, "lines": call_back_lines(asked)}
    return _quiet(render(request, "issues/callback.html", context, status=status))


def _gone(request: HttpRequest) -> HttpResponse:
    return _quiet(render(request, "issues/callback_gone.html", status=404))


def _quiet(response: HttpResponse) -> HttpResponse:
    """The address is the secret: kept by no cache and no search engine, told to no page.

    `strict-origin` and not `no-referrer`: with that a browser sends the form without
    its origin, by which the form's own token is checked.
    """
    response["Cache-Control"] = "no-store, private"
    response["Referrer-Policy"] = "strict-origin"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
