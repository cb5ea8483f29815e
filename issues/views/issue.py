"""One issue: its page, its verbs, its reporter's contact."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from issues.forms import ONE_TAP, RevealForm, VerbForm, add_errors, reads
from issues.models import Issue
from issues.presenter.choosing import offered
from issues.presenter.detail import clock_facts, issue_facts
from issues.presenter.pages import event_lines, issue_map, photo_links, route_steps, tiles, title_of
from issues.presenter.standing import reached, standing_lines
from issues.presenter.steps import done_words, next_step, state_words, together
from issues.presenter.timeline import timeline
from issues.rules import may_see_photo
from issues.services.contacts import reveal
from issues.services.errors import Refused
from issues.services.verbs import perform
from issues.views.doors import PhotoTray, back_to, issue_or_404, scope_for
from issues.views.offers import Tried, panel_of
from issues.workflow import ASKABLE, Verb
from residents.services import Plain


@login_required
@require_safe
def issue_page(request: HttpRequest, number: str) -> HttpResponse:
    """Everything about one issue, and the verbs that its reader may use now."""
    return _page(request, number)


@login_required
@require_POST
def issue_verb(request: HttpRequest, number: str, verb: str) -> HttpResponse:
    """Do a verb; a refusal comes back with fresh facts and everything typed."""
    if verb not in ASKABLE:
        raise Http404
    scope, done = scope_for(request), Verb(verb)
    issue, cell = issue_or_404(scope, number), str(request.POST.get("cell", ""))
    choices = offered(issue, fields=reads([done]), at=scope.at, cell=cell, scope=scope)
    form = VerbForm(request.POST, verb=done, offered=choices)
    tried = Tried(form, PhotoTray(request))
    if not form.is_valid() or tried.tray.errors:
        return _page(request, number, tried=tried, status=422)
    try:
        issue = perform(
            scope=scope,
            number=number,
            verb=done,
            given=form.given(tried.tray.ids),
            # After the photos that came along.
            now=timezone.now(),
        )
    except Issue.DoesNotExist as unseen:
        raise Http404 from unseen
    except Refused as refused:
        tried.refused = refused.sentence()
        return _page(request, number, tried=tried, status=409)
    except ValidationError as refused:
        tried.beside = add_errors(form, refused)
        if done in ONE_TAP:
            # A button without a form has no other place for it.
            tried.refused = together(sum(tried.beside.values(), []))
        return _page(request, number, tried=tried, status=422)
    messages.success(request, done_words(done, issue))
    return back_to(request, number)


@login_required
@require_POST
@sensitive_variables("plain")
def issue_contact(request: HttpRequest, number: str) -> HttpResponse:
    """The reporter's full number, once, for a reason that is written down."""
    scope = scope_for(request)
    form = RevealForm(request.POST, auto_id="id_reveal_%s")
    if not form.is_valid():
        return _page(request, number, reveal_form=form, status=422)
    try:
        plain = reveal(
            scope=scope,
            number=number,
            reason=form.cleaned_data["reason"],
            now=timezone.now(),
        )
    except Issue.DoesNotExist as unseen:
        raise Http404 from unseen
    except ValidationError as refused:
        add_errors(form, refused)
        return _page(request, number, reveal_form=form, status=422)
    response = _page(request, number, plain=plain)
    response["Cache-Control"] = "no-store, private"
    return response


def _page(
    request: HttpRequest,
    number: str,
    *,
    tried: Tried | None = None,
    reveal_form: RevealForm | None = None,
    plain: Plain | None = None,
    status: int = 200,
) -> HttpResponse:
    scope, now = scope_for(request), timezone.now()
    issue = issue_or_404(scope, number)
    prefetch_related_objects([issue], "attachments", "clocks")
    photos = [photo for photo in issue.attachments.all() if may_see_photo(scope, issue, photo)]
    # Why it is where it is stands at each place of the route.
    facts = issue_facts(issue, scope=scope, now=now, events=())
    entries = timeline(issue, scope=scope)
    clocks = clock_facts(issue, now=now)
    panel = panel_of(request, scope=scope, issue=issue, facts=facts, tried=tried, now=now)
    context = {
        "issue": facts,
        "title": title_of(issue),
        "state_text": state_words(issue.state, checked=issue.checked_at is not None),
        "next_step": next_step(issue),
        "panel": panel,
        "verbs": panel.verbs,
        "tried": tried,
        "photos": photo_links(photo for photo in photos if photo.verb == Verb.REPORT),
        "events": event_lines(entries, [photo for photo in photos if photo.verb != Verb.REPORT]),
        "steps": route_steps(issue, entries),
        "clocks": clocks[::-1],
        "lines": standing_lines(issue, clocks, facts),
        "reached": reached(issue),
        "why": next((clock["why"] for clock in clocks if clock["why"] and clock["main"]), []),
        "map": issue_map(issue),
        "tiles": tiles(),
        "reveal_form": reveal_form or RevealForm(auto_id="id_reveal_%s"),
        "plain": plain,
        "answer_link": _answer_link(request, facts),
    }
    return render(request, "issues/issue.html", context, status=status)


def _answer_link(request: HttpRequest, facts: dict[str, Any]) -> str:
    """The whole address by which the reporter answers, to be sent by hand; "" for none."""
    path = facts["call_back"]["url"] if facts["call_back"] else ""
    return request.build_absolute_uri(path) if path else ""
