"""Targets and allowed hosts: pages for whoever keeps the house."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from notices.models import AllowedHost, Channel, Target
from notices.targets import queries, services
from notices.targets.forms import HostForm, TargetForm
from notices.views.inbox import MAX_ID

MAY = "notices.change_target"


@require_safe
@login_required
@permission_required(MAY, raise_exception=True)
def targets(request: HttpRequest) -> HttpResponse:
    """All targets with how they are, and the allowed hosts."""
    return _list(request, HostForm(), status=200)


@sensitive_post_parameters("address", "secret")
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required(MAY, raise_exception=True)
def target_new(request: HttpRequest) -> HttpResponse:
    """Add a target. A webhook's secret is shown in the answer, this once."""
    form = TargetForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _form(request, form)
    target, secret = services.add_target(wish=form.wish(), now=timezone.now())
    return _saved(request, target, secret)


@sensitive_post_parameters("address", "secret")
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required(MAY, raise_exception=True)
def target_edit(request: HttpRequest, target_id: int) -> HttpResponse:
    """Change a target; address and secret are never shown, and stay when left empty."""
    target = _target(target_id)
    if request.method != "POST":
        return _form(request, TargetForm.stored(target))
    form = TargetForm(request.POST, target=target)
    if not form.is_valid():
        return _form(request, form)
    return _saved(request, target, services.change_target(target=target, wish=form.wish()))


@require_POST
@login_required
@permission_required(MAY, raise_exception=True)
def target_act(request: HttpRequest, target_id: int, act: str) -> HttpResponse:
    """Switch on or off, queue a test, or make another secret."""
    target = _target(target_id)
    if act not in ACTS:
        raise Http404
    return ACTS[act](request, target)


@require_POST
@login_required
@permission_required(MAY, raise_exception=True)
def host_add(request: HttpRequest) -> HttpResponse:
    """Add an allowed host; one that cannot be comes back as it was typed, 422."""
    form = HostForm(request.POST)
    if form.is_valid():
        try:
            host = services.allow_host(**form.cleaned_data)
        except ValidationError as wrong:
            form.add_error("pattern", wrong.messages)
        else:
            messages.success(request, _("已允许主机：%(host)s") % {"host": host.pattern})
            return redirect("targets")
    return _list(request, form, status=422)


@require_POST
@login_required
@permission_required(MAY, raise_exception=True)
def host_remove(request: HttpRequest, host_id: int) -> HttpResponse:
    """Take an allowed host off the list."""
    host = get_object_or_404(AllowedHost, pk=min(host_id, MAX_ID))
    services.forget_host(host=host)
    messages.success(request, _("已移除主机：%(host)s") % {"host": host.pattern})
    return redirect("targets")


def _switch_on(request: HttpRequest, target: Target) -> HttpResponse:
    services.switch_on(target=target)
    messages.success(request, _("已启用：%(name)s") % {"name": target.name})
    return redirect("targets")


def _switch_off(request: HttpRequest, target: Target) -> HttpResponse:
    services.switch_off(target=target)
    messages.success(request, _("已停用：%(name)s") % {"name": target.name})
    return redirect("targets")


def _test(request: HttpRequest, target: Target) -> HttpResponse:
    services.queue_target_test(target=target, now=timezone.now())
    messages.success(request, _("测试通知已排队，一分钟内结果显示在下面。每分钟最多一次。"))
    return redirect("targets")


def _renew(request: HttpRequest, target: Target) -> HttpResponse:
    if target.channel != Channel.WEBHOOK:
        raise Http404
    return _saved(request, target, services.renew_secret(target=target))


ACTS: dict[str, Callable[[HttpRequest, Target], HttpResponse]] = {
    "on": _switch_on,
    "off": _switch_off,
    "test": _test,
    "secret": _renew,
}


def _saved(request: HttpRequest, target: Target, secret: str) -> HttpResponse:
    """Back to the list; with a fresh secret first to the page that shows it."""
    if secret:
        return render(request, "notices/target_secret.html", {"target": target, "secret": secret})
    messages.success(request, _("已保存：%(name)s") % {"name": target.name})
    return redirect("targets")


def _form(request: HttpRequest, form: TargetForm) -> HttpResponse:
    stored = queries.shown_address(form.target) if form.target else ""
    context = {"form": form, "target": form.target, "stored": stored}
    status = 422 if form.is_bound else 200
    return render(request, "notices/target.html", context, status=status)


def _list(request: HttpRequest, form: HostForm, *, status: int) -> HttpResponse:
    context = {"rows": queries.rows(), "hosts": AllowedHost.objects.all(), "form": form}
    return render(request, "notices/targets.html", context, status=status)


def _target(target_id: int) -> Target:
    return get_object_or_404(Target, pk=min(target_id, MAX_ID))
