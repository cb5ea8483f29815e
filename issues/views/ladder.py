"""The ladders: admins change them, auditors read them."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from issues.forms import LadderForm, rungs_typed
from issues.models import Ladder
from issues.presenter.ladders import ladder_facts, version_facts
from issues.rules import may_see_coverage
from issues.services.ladders import disable_rung, enable_rung, set_ladder
from issues.views.doors import scope_for
from partyorgs.rules import may_configure

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def keeper(view: View[P]) -> View[P]:
    """Only for whoever keeps the house: others get a 403 whatever the address names."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not may_configure(scope_for(request)):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return login_required(guarded)


@login_required
@require_safe
def ladders(request: HttpRequest) -> HttpResponse:
    """What comes of a limit that is not kept, in words."""
    scope = scope_for(request)
    if not may_see_coverage(scope):
        raise PermissionDenied
    context = {"ladders": ladder_facts(), "editable": may_configure(scope)}
    return render(request, "issues/ladders.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@keeper
def ladder_edit(request: HttpRequest, use: str) -> HttpResponse:
    """Change the rungs of one use: a new version, for limits that start from then on."""
    ladder = _current(use)
    if request.method == "POST":
        form = LadderForm(request.POST, use=use, initial=rungs_typed(ladder))
        if form.is_valid() and _saved(request, form, ladder):
            return redirect("ladders")
        return _edit_page(request, ladder, form, status=422)
    return _edit_page(request, ladder, LadderForm(use=use, initial=rungs_typed(ladder)))


def _current(use: str) -> Ladder:
    ladder = Ladder.objects.filter(use=use, replaced_at=None).first()
    if ladder is None:
        raise Http404
    return ladder


def _saved(request: HttpRequest, form: LadderForm, ladder: Ladder) -> bool:
    """Whether the service took it; its refusal goes beside the rungs."""
    seen = request.POST.get("seen", "")
    try:
        made = set_ladder(
            use=ladder.use,
            rungs=form.rungs(),
            now=timezone.now(),
            seen=int(seen) if seen.isdecimal() else None,
        )
    except ValidationError as refused:
        form.refuse(refused)
        return False
    if made.pk == ladder.pk:
        messages.info(request, _("与原来一样，没有改动。"))
    else:
        words = _("已保存为第 %(version)s 版，新开始的时限按它办；正在走的时限仍按原来的规定。")
        messages.success(request, words % {"version": made.version})
    return True


def _edit_page(
    request: HttpRequest, ladder: Ladder, form: LadderForm, *, status: int = 200
) -> HttpResponse:
    context = {"ladder": version_facts(ladder), "form": form}
    return render(request, "issues/ladder_edit.html", context, status=status)


@require_POST
@keeper
def ladder_rung(request: HttpRequest, use: str, level: int) -> HttpResponse:
    """Disable a rung at once, also for limits that run, or let it work again."""
    _current(use)
    off = request.POST.get("act") == "disable"
    if off:
        count = disable_rung(use=use, level=level, now=timezone.now())
    else:
        count = enable_rung(use=use, level=level)
    if not count:
        messages.info(request, _("没有改动：这一级已经是这样。"))
    elif off:
        messages.success(request, _("第 %(level)s 级已停用。") % {"level": level})
    else:
        messages.success(request, _("第 %(level)s 级已恢复。") % {"level": level})
    return redirect("ladders")
