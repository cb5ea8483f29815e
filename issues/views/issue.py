"""One issue: its page, its verbs, its reporter's contact."""

from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from issues.forms import ONE_TAP, WITH_MATTER, RevealForm, VerbForm, add_errors
from issues.models import Issue
from issues.presenter.choosing import UnitChoices, category_field, unit_choices
from issues.presenter.detail import clock_facts, issue_facts
from issues.presenter.pages import event_lines, issue_map, photo_links, route_steps, tiles, title_of
from issues.presenter.standing import reached, standing_lines
from issues.presenter.steps import done_words, next_step, state_words
from issues.presenter.timeline import timeline
from issues.presenter.words import verb_name
from issues.queries import units_for
from issues.rules import may_see_photo
from issues.services.contacts import reveal
from issues.services.errors import Refused
from issues.services.verbs import perform
from issues.views.doors import PhotoTray, issue_or_404, scope_for
from issues.workflow import ASKABLE, RULES, Need, State, Verb
from residents.services import Plain

# The step that moves the issue on comes first, then what somebody waits for; what ends
# the issue for good and what is rare come last.
ONWARD = (Verb.ACCEPT, Verb.DISPATCH, Verb.SIGN, Verb.HANDLE, Verb.CHECK, Verb.CLOSE)
AWAITED = (Verb.ACKNOWLEDGE, Verb.ANSWER)
DANGER = (Verb.CANCEL, Verb.REJECT)
RARE = (Verb.RAISE_URGENCY, Verb.CANCEL)


@dataclass
class Tried:
    """A verb that did not go through: what was typed, and why it was refused.

    `gone`: the verb is not offered any more, so its form cannot hold the words.
    """

    form: VerbForm
    tray: PhotoTray
    beside: dict[str, list[str]] = field(default_factory=dict)
    refused: str = ""
    gone: bool = False

    @property
    def typed(self) -> str:
        """The free text, for somebody who must now do something else with it."""
        return str(self.form.data.get("note", "")).strip()


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
    units = _units(issue_or_404(scope, number), done)
    form = VerbForm(request.POST, verb=done, units=units)
    tried = Tried(form, PhotoTray(request))
    if not form.is_valid() or tried.tray.errors:
        return _page(request, number, tried=tried, status=422)
    try:
        issue = perform(
            scope=scope,
            number=number,
            verb=done,
            given=form.given(tried.tray.ids),
            now=timezone.now(),
        )
    except Issue.DoesNotExist as unseen:
        raise Http404 from unseen
    except Refused as refused:
        tried.refused = refused.sentence()
        return _page(request, number, tried=tried, status=409)
    except ValidationError as refused:
        tried.beside = add_errors(form, refused)
        return _page(request, number, tried=tried, status=422)
    messages.success(request, done_words(done, issue))
    return redirect("issue", number=number)


def _units(issue: Issue, verb: Verb) -> UnitChoices | None:
    if Need.UNIT not in RULES[verb].needs:
        return None
    return unit_choices(units_for(issue, at=timezone.now()))


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
    prefetch_related_objects([issue], "attachments")
    photos = [photo for photo in issue.attachments.all() if may_see_photo(scope, issue, photo)]
    facts = issue_facts(issue, scope=scope, now=now)
    entries = timeline(issue, scope=scope)
    clocks = clock_facts(issue, now=now)
    verbs = _verbs(request, issue, facts, tried)
    context = {
        "issue": facts,
        "title": title_of(issue),
        "state_text": state_words(issue.state, checked=issue.checked_at is not None),
        "next_step": next_step(issue),
        "verbs": verbs,
        "rare": _rare(verbs),
        "chooses": any(verb["category"] for verb in verbs),
        "tried": tried,
        "photos": photo_links(photo for photo in photos if photo.verb == Verb.REPORT),
        "events": event_lines(entries, [photo for photo in photos if photo.verb != Verb.REPORT]),
        "steps": route_steps(issue, entries),
        "clocks": clocks[::-1],
        "lines": standing_lines(issue, clocks),
        "reached": reached(issue),
        "why": next((clock["why"] for clock in clocks if clock["why"] and clock["main"]), []),
        "map": issue_map(issue),
        "tiles": tiles(),
        "reveal_form": reveal_form or RevealForm(auto_id="id_reveal_%s"),
        "plain": plain,
    }
    return render(request, "issues/issue.html", context, status=status)


def _verbs(
    request: HttpRequest, issue: Issue, facts: dict[str, Any], tried: Tried | None
) -> list[dict[str, Any]]:
    """The verbs allowed now, each with its form; the one that was tried keeps its values."""
    allowed = _in_order([Verb(fact["verb"]) for fact in facts["verbs"]], State(issue.state))
    units = next((found for verb in allowed if (found := _units(issue, verb)) is not None), None)
    if tried and tried.form.verb not in allowed:
        tried.gone, tried.refused = True, tried.refused or Refused([]).sentence()
    offers = [_offer(request, issue, verb, units, tried) for verb in allowed]
    if allowed and _onward(allowed[0], State(issue.state)):
        offers[0]["primary"] = True
    return offers


def _rare(offers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is folded; a single one needs no fold."""
    rare = [offer for offer in offers if Verb(offer["verb"]) in RARE]
    return rare if len(rare) > 1 else []


def _onward(verb: Verb, state: State) -> bool:
    return verb in ONWARD or (verb is Verb.REDISPATCH and state is State.RETURNED)


def _in_order(verbs: list[Verb], state: State) -> list[Verb]:
    def rank(verb: Verb) -> tuple[bool, ...]:
        last = (verb in RARE, verb in DANGER, verb is Verb.NOTE)
        return (not _onward(verb, state), verb not in AWAITED, *last)

    return sorted(verbs, key=rank)


def _offer(
    request: HttpRequest, issue: Issue, verb: Verb, units: UnitChoices | None, tried: Tried | None
) -> dict[str, Any]:
    again = tried if tried and tried.form.verb is verb else None
    if again:
        form = _again(again, issue)
    elif tried and tried.gone and verb is Verb.NOTE:
        # Nothing typed is lost: what cannot be done any more can still be a note.
        form = _fresh(verb, issue, units, note=tried.typed)
    else:
        form = _fresh(verb, issue, units)
    opened = again is not None or request.GET.get("open") == verb
    # The whole tree of matters is sent only to whoever asks for this form.
    apart = verb is Verb.RAISE_URGENCY and not opened
    return {
        "verb": str(verb),
        "name": verb_name(verb),
        "form": form,
        "url": reverse("issue_verb", args=[issue.number, verb]),
        "link": f"{reverse('issue', args=[issue.number])}?open={verb}#do-{verb}" if apart else "",
        "one_tap": verb in ONE_TAP,
        "open": opened,
        "again": again is not None,
        "danger": verb in DANGER,
        "photos": _photo_field(verb, again) if form.has_photos else None,
        "category": _category(request, issue, verb, again)
        if verb in WITH_MATTER and not apart
        else None,
        "others": _others(again),
    }


def _fresh(verb: Verb, issue: Issue, units: UnitChoices | None, **initial: str) -> VerbForm:
    return VerbForm(verb=verb, units=units, initial={"version": issue.version} | initial)


def _again(tried: Tried, issue: Issue) -> VerbForm:
    """The form as typed, ready to be sent on what the page now shows."""
    tried.form.on_version(issue.version)
    return tried.form


def _photo_field(verb: Verb, again: Tried | None) -> dict[str, Any]:
    url, own = reverse("attachment_upload"), {"id": f"photos_{verb}"}
    if again is None:
        return {"url": url, **own}
    return again.tray.field(url=url, errors=again.beside.get("attachments", []), **own)


def _category(
    request: HttpRequest, issue: Issue, verb: Verb, again: Tried | None
) -> dict[str, Any]:
    """The matter as reported, or as chosen in the try before."""
    if again is None:
        found = category_field(
            scope=scope_for(request),
            selected=issue.category.code if issue.category else "",
            condition=issue.condition.code if issue.condition else "",
        )
    else:
        form = again.form
        found = category_field(
            scope=scope_for(request),
            selected=str(form["category"].value() or ""),
            condition=str(form["condition"].value() or ""),
            errors=[*form.errors.get("category", []), *form.errors.get("condition", [])],
        )
    return found | {"id": f"id_{verb}_category"}


def _others(again: Tried | None) -> list[str]:
    if again is None:
        return []
    named = {name: said for name, said in again.beside.items() if name != "attachments"}
    return [sentence for said in named.values() for sentence in said]
