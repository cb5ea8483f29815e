"""A person's own channels and quiet hours, and a test to oneself."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from notices import queries, services
from notices.forms import ChannelsForm, channel_of, shown_address
from notices.models import PERSONAL, Channel
from notices.views.inbox import signed_in


@dataclass(frozen=True, slots=True)
class Row:
    """A channel as the page shows it: its address masked, and which of my posts have it."""

    key: str
    label: str
    address: str
    posts: tuple[str, ...]


@sensitive_post_parameters("email", "sms")
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def notice_settings(request: HttpRequest) -> HttpResponse:
    """Show the choices, or store them. A form with mistakes comes back as it was typed, 422."""
    user = signed_in(request)
    form = ChannelsForm(request.POST or None)
    if request.method == "POST":
        if form.is_valid():
            starts, ends = form.quiet()
            services.choose(user=user, channels=form.choices(), starts=starts, ends=ends)
            messages.success(request, _("通知设置已保存。"))
            return redirect("notice_settings")
        return _page(request, user, form, status=422)
    return _page(request, user, None, status=200)


@require_POST
@login_required
def test_channel(request: HttpRequest) -> HttpResponse:
    """Queue a test to oneself; whether it arrived is seen below on the same page."""
    channel = channel_of(request.POST.get("channel", ""))
    if channel is None:
        return HttpResponseBadRequest()
    services.queue_test(user=signed_in(request), channel=channel, now=timezone.now())
    messages.success(request, _("测试通知已排队，一分钟内请查收。每分钟最多一次。"))
    return redirect("notice_settings")


def _page(
    request: HttpRequest, user: User, form: ChannelsForm | None, *, status: int
) -> HttpResponse:
    choices = queries.choices_of(user)
    posts: dict[str, str] = import_string(settings.NOTICE_POSTS)(user, now=timezone.now())
    defaults = queries.default_channels(posts)
    rows = [
        Row(
            key=channel,
            label=str(Channel(channel).label),
            address=shown_address(choices.get(channel)),
            posts=tuple(posts[role] for role in defaults.get(channel, ())),
        )
        for channel in PERSONAL
    ]
    context = {
        "form": form or ChannelsForm.stored(choices, queries.quiet_hours_of(user)),
        "rows": rows,
        "posts": tuple(posts.values()),
        "tests": queries.latest_tests(user),
    }
    return render(request, "notices/settings.html", context, status=status)
