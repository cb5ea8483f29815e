"""Pages of whistles: mine, one, a new one, the district's board."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from issues.forms import add_errors
from issues.models import Issue
from issues.presenter.choosing import item_choices, unit_choices
from issues.presenter.pages import title_of
from issues.views.doors import issue_or_404, scope_for
from partyorgs.rules import Scope
from whistles import presenter, queries
from whistles.forms import ActForm, BlowForm
from whistles.models import Call, Rating, Whistle
from whistles.rules import (
    areas_kept,
    around,
    beginning,
    blower_or_leader_of,
    may_see_board,
    seat_to_rate,
)
from whistles.services.acting import act as perform
from whistles.services.blowing import begin
from whistles.services.errors import ActRefused
from whistles.sides import ABOUT, Around, to_rate
from whistles.workflow import ASKABLE, Act

Fact = dict[str, Any]
DANGER = (Act.REFUSE, Act.WITHDRAW, Act.WAIVE)


@login_required
@require_safe
def whistles(request: HttpRequest) -> HttpResponse:
    """What this person's posts see: running whistles, then those that ended."""
    scope = scope_for(request)
    context = {
        "running": [presenter.row_facts(one) for one in queries.whistles_of(scope, running=True)],
        "ended": [presenter.row_facts(one) for one in queries.whistles_of(scope, running=False)],
        "board": may_see_board(scope),
    }
    return render(request, "whistles/list.html", context)


@login_required
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """Who has not answered at the limit, what waits for a judgement or an approval; counts."""
    scope, now = scope_for(request), timezone.now()
    if not may_see_board(scope):
        raise PermissionDenied
    context = {
        "late": presenter.late_facts(queries.late_limits(scope, now=now), now=now),
        "disputed": presenter.disputed_facts(queries.disputed_calls(scope)),
        "unapproved": [presenter.row_facts(one) for one in queries.unapproved(scope)],
        "counts": presenter.count_facts(queries.counts_by_street(scope, now=now)),
        "low": queries.LOW_MARK,
        "high": queries.HIGH_MARK,
        "days": queries.COUNTED_DAYS,
        "now": now,
    }
    return render(request, "whistles/board.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def whistle_new(request: HttpRequest) -> HttpResponse:
    """Propose a whistle over an issue, or in an emergency blow it at once."""
    scope, now = scope_for(request), timezone.now()
    issue = issue_or_404(scope, str(request.GET.get("issue", "")))
    if blower_or_leader_of(scope, issue) is None:
        raise PermissionDenied
    posted = request.method == "POST"
    units = unit_choices(queries.units_to_call(issue, at=now))
    initial = {"place": issue.place_text}
    form = BlowForm(request.POST if posted else None, units=units, initial=initial)
    refused, beside, status = "", {}, 200
    if posted:
        status = 422
        if form.is_valid():
            verb = Act.BLOW_NOW if request.POST.get("at_once") else Act.PROPOSE
            try:
                begun = begin(
                    scope=scope, issue=issue.number, act=verb, given=form.given(), now=now
                )
            except ActRefused as no:
                refused, status = no.sentence(), 409
            except ValidationError as wrong:
                beside = add_errors(form, wrong)
            else:
                messages.success(request, _done_words(verb))
                return redirect("whistle", begun.whistle.number)
    context = {
        "issue": {"number": issue.number, "title": title_of(issue)},
        "form": form,
        "refused": refused,
        "others": [said for lines in beside.values() for said in lines],
        "begins": [str(rule.verb) for rule in beginning(scope, issue)],
    }
    return render(request, "whistles/new.html", context, status=status)


@login_required
@require_safe
def whistle(request: HttpRequest, whistle_number: str) -> HttpResponse:
    """Everything about one whistle, and the acts that its reader may use now."""
    return _page(request, whistle_number)


@login_required
@require_POST
def whistle_act(request: HttpRequest, whistle_number: str, deed: str) -> HttpResponse:
    """Do an act; a refusal comes back with fresh facts and everything typed."""
    if deed not in ASKABLE:
        raise Http404
    number, verb = whistle_number, Act(deed)
    scope, now = scope_for(request), timezone.now()
    seen = around(_read(scope, number))
    side = "whistle" if "right" in request.POST else ""
    form = _Forms(scope, seen, now).one(verb, side=side, data=request.POST)
    tried = Tried(form, side)
    if not form.is_valid():
        return _page(request, number, tried=tried, status=422)
    try:
        perform(scope=scope, number=number, verb=verb, given=form.given(), now=now)
    except ActRefused as no:
        tried.refused = no.sentence()
        return _page(request, number, tried=tried, status=409)
    except ValidationError as wrong:
        beside = add_errors(form, wrong)
        tried.others = [said for lines in beside.values() for said in lines]
        return _page(request, number, tried=tried, status=422)
    messages.success(request, _done_words(verb))
    return redirect("whistle", number)


def _done_words(act: Act) -> str:
    return _("“%(verb)s”已记录。") % {"verb": presenter.act_name(act)}


def _read(scope: Scope, number: str) -> Whistle:
    try:
        return queries.whistle_for_reading(scope=scope, number=number)
    except Whistle.DoesNotExist as unseen:
        raise Http404 from unseen


@dataclass
class Tried:
    """An act that did not go through: what was typed, and why it was refused."""

    form: ActForm
    side: str
    refused: str = ""
    others: list[str] = field(default_factory=list)


def _page(
    request: HttpRequest, number: str, *, tried: Tried | None = None, status: int = 200
) -> HttpResponse:
    scope, now = scope_for(request), timezone.now()
    found = _read(scope, number)
    facts = presenter.whistle_facts(found, scope=scope, now=now)
    forms = _Forms(scope, around(found), now)
    acts = [one for verb in facts["verbs"] for one in forms.shown(verb, tried)]
    if acts:
        # Rating waits until the others have come, unless nothing else is left.
        rates = acts[0]["verb"] == Act.RATE and not found.ended_at
        acts[0]["primary"] = not (acts[0]["danger"] or rates)
    context = {
        "whistle": facts,
        "acts": acts,
        "tried": tried,
        "unrated": forms.unrated(),
    }
    return render(request, "whistles/whistle.html", context, status=status)


@dataclass
class _Forms:
    """The forms of one whistle's acts for one person."""

    scope: Scope
    seen: Around
    now: datetime

    def shown(self, verb: Fact, tried: Tried | None) -> list[Fact]:
        """The act with its form; a rating has one for each side that is this person's."""
        act = Act(verb["verb"])
        return [self._offer(verb, act, side, tried) for side in self._sides(act)]

    def _sides(self, act: Act) -> list[str]:
        if act is not Act.RATE:
            return [""]
        sides = {"": Rating.Of.UNIT, "whistle": Rating.Of.WHISTLE}
        return [key for key, of in sides.items() if seat_to_rate(self.scope, self.seen, of=of)]

    def _offer(self, verb: Fact, act: Act, side: str, tried: Tried | None) -> Fact:
        again = tried if tried and tried.form.act is act and tried.side == side else None
        return {
            **verb,
            "key": f"{act}{side}",
            "name": _("评吹哨方") if side else verb["name"],
            "form": again.form if again else self.one(act, side=side),
            "again": again,
            "danger": act in DANGER,
        }

    def one(self, act: Act, *, side: str = "", data: Any = None) -> ActForm:
        issue, items = self.seen.issue, None
        if act is Act.ANSWER:
            items = item_choices(issue, queries.items_at_place(issue, at=self.now))
        return ActForm(
            data,
            act=act,
            side=side,
            units=[(call.unit.code, call.unit.name) for call in self._calls(act, side)],
            items=items,
            areas=_areas(self.scope, issue) if act is Act.BECOME_ITEM else (),
        )

    def _calls(self, act: Act, side: str) -> Sequence[Call]:
        """The calls that the act may be about."""
        if act is Act.RATE:
            of = Rating.Of.WHISTLE if side else Rating.Of.UNIT
            return to_rate(self.scope, self.seen, of=of)
        about = ABOUT.get(act)
        return about(self.scope, self.seen) if about else self.seen.calls

    def unrated(self) -> bool:
        """Whether a side that may rate has not: asked before the whistle is closed."""
        return bool(self._sides(Act.RATE))


def _areas(scope: Scope, issue: Issue) -> list[tuple[str, str]]:
    """The admin's areas of the issue, the street first: the usual place of such an item."""
    areas = sorted(areas_kept(scope, issue), key=lambda area: area.level != "street")
    return [(area.code, area.name) for area in areas]
