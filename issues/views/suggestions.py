"""意见与投诉: what people want to say about this system."""

from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import Suggestion
from accounts.services import suggest
from issues.forms import SuggestionForm, add_errors
from issues.services.words import cleaned
from issues.views.doors import scope_for


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def suggestion(request: HttpRequest) -> HttpResponse:
    """Take a complaint or suggestion; the page it is about comes along as a path."""
    if request.method != "POST":
        came_from = urlsplit(request.headers.get("Referer", "")).path
        form = SuggestionForm(initial={"page": came_from[:200]})
        return render(request, "issues/suggestion.html", {"form": form})
    form = SuggestionForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            suggest(
                user=scope_for(request).user,
                text=cleaned(given["text"], field="text", longest=Suggestion.MAX_LENGTH),
                page=given["page"],
                now=timezone.now(),
            )
        except ValidationError as refused:
            add_errors(form, refused)
        else:
            messages.success(request, _("谢谢，已经收到。管理员会在后台看到并处理。"))
            return redirect("suggestion")
    return render(request, "issues/suggestion.html", {"form": form}, status=422)
