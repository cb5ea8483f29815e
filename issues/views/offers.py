"""The verbs on the page of an issue: in which order, with which form, folded or grey."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from issues.forms import ONE_TAP, WITH_MATTER, VerbForm, reads
from issues.models import Issue
from issues.presenter.choosing import Offered, category_field, offered
from issues.presenter.words import verb_name
from issues.services.errors import Refused
from issues.views.doors import PhotoTray
from issues.workflow import State, Verb
from partyorgs.rules import Scope

Fact = dict[str, Any]
V = Verb
# What moves the issue on comes first, then what somebody waits for, then the rest as listed:
# first the usual; what is rare and what ends the issue for good lies folded at the end.
ONWARD = (
    V.VERIFY, V.ACCEPT, V.DISPATCH, V.SIGN, V.HANDLE, V.RECLASSIFY, V.CHECK, V.CLOSE,
    V.FEED_BACK, V.CALL_BACK, V.COMPLETE_PART, V.EXTEND, V.SUSPEND, V.EXEMPT, V.COUNTERSIGN,
    V.SPOT_CHECK, V.SURVEY,
)  # fmt: skip
DECIDING = (V.REDISPATCH, V.CONFER, V.JUDGE)
AWAITED = (V.REFUSE, V.ACKNOWLEDGE, V.ANSWER, V.ACT_FIRST, V.RESUME)
USUAL = (
    V.SETTLE, V.ARRANGE, V.RETURN, V.ASK_EXTENSION, V.REDISPATCH, V.CONFER, V.JUDGE, V.REJECT,
    V.REOPEN, V.RENEW_LINK, V.UNMERGE, V.APPEAL, V.CHASE, V.SUPERVISE, V.INSTRUCT, V.NOTE,
)  # fmt: skip
RARE = (
    V.WITHDRAW, V.ASK_SUSPENSION, V.REFER_UP, V.ADD_PART, V.DROP_PART, V.TOUCH, V.JOIN, V.SPLIT,
    V.MERGE, V.RAISE_URGENCY, V.FORCE_CLOSE, V.CANCEL,
)  # fmt: skip
DANGER = (V.CANCEL, V.REJECT, V.FORCE_CLOSE, V.REFUSE, V.DROP_PART)
# Forms with long lists of their own are sent only to whoever asks for them.
APART = (V.RAISE_URGENCY, V.SPLIT, V.MERGE, V.TOUCH, V.RETURN, V.ADD_PART)
# Buttons before the fold: what fits on a phone without scrolling.
MOST_SHOWN = 5
# Grey verbs that are shown without a fold.
FEW = 2
PLACES = {verb: place for place, verb in enumerate((*ONWARD, *AWAITED, *USUAL, *RARE))}


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
        return self.form.typed


@dataclass
class Panel:
    """The verbs of a page: `shown` first, `folded` under 更多, `shut` grey with the reason."""

    verbs: list[Fact]
    shut: list[Fact]

    @property
    def shown(self) -> list[Fact]:
        folded = self.folded
        return [verb for verb in self.verbs if verb not in folded]

    @property
    def folded(self) -> list[Fact]:
        """The rare ones, and what is too much for one look; a single one needs no fold."""
        usual = [verb for verb in self.verbs if Verb(verb["verb"]) not in RARE]
        rest = [verb for verb in self.verbs if verb not in usual[:MOST_SHOWN]]
        return rest if len(rest) > 1 else []

    @property
    def opened(self) -> bool:
        """Whether something folded is open."""
        return any(verb["open"] for verb in self.folded)

    @property
    def many_shut(self) -> bool:
        return len(self.shut) > FEW

    @property
    def chooses(self) -> bool:
        """Whether a form with the chooser of matters is on the page."""
        return any(verb["category"] for verb in self.verbs)


def panel_of(
    request: HttpRequest, *, scope: Scope, issue: Issue, facts: Fact, tried: Tried | None,
    now: datetime,
) -> Panel:  # fmt: skip
    """The verbs allowed now, each with its form; the one that was tried keeps its values."""
    state = State(issue.state)
    verbs = sorted((Verb(fact["verb"]) for fact in facts["verbs"]), key=lambda v: _place(v, state))
    if tried and tried.form.verb not in verbs:
        # What was typed was not even looked at: the reason is the one beside the grey verb.
        why = next((one["why"] for one in facts["shut"] if one["verb"] == tried.form.verb), "")
        tried.gone, tried.refused = True, tried.refused or Refused([], why=why).sentence()
    opened = str(request.GET.get("open", ""))
    drawn = [verb for verb in verbs if verb not in APART or verb == opened]
    choices = offered(issue, fields=reads(drawn), at=now, scope=scope)
    page = _Page(scope, issue, tried, opened, choices, facts["request"])
    offers = [page.offer(verb) for verb in verbs]
    if verbs and onward(verbs[0], state):
        offers[0]["primary"] = True
    return Panel(offers, facts["shut"])


def onward(verb: Verb, state: State) -> bool:
    """Whether the verb is what the issue waits for in this state."""
    return verb in ONWARD or (verb in DECIDING and state is State.RETURNED)


def _place(verb: Verb, state: State) -> tuple[bool, int]:
    return not onward(verb, state), PLACES[verb]


@dataclass(frozen=True)
class _Page:
    """What the offers of one page share."""

    scope: Scope
    issue: Issue
    tried: Tried | None
    opened: str
    choices: Offered
    asked: Fact | None

    def offer(self, verb: Verb) -> Fact:
        again = self.tried if self.tried and self.tried.form.verb is verb else None
        opened = again is not None or self.opened == verb
        apart = verb in APART and not opened
        form = self._form(verb, again)
        address = reverse("issue", args=[self.issue.number])
        return {
            "verb": str(verb),
            "name": verb_name(verb),
            "form": form,
            "url": reverse("issue_verb", args=[self.issue.number, verb]),
            "link": f"{address}?open={verb}#do-{verb}" if apart else "",
            "one_tap": verb in ONE_TAP,
            "open": opened,
            "again": again is not None,
            "danger": verb in DANGER,
            "about": self.asked if verb in DECIDES else None,
            "photos": _photo_field(verb, again) if form.has_photos else None,
            "category": self._category(verb, again) if verb in WITH_MATTER and not apart else None,
            "others": _others(again),
        }

    def _form(self, verb: Verb, again: Tried | None) -> VerbForm:
        if again:
            # As typed, ready to be sent on what the page now shows.
            again.form.on_version(self.issue.version)
            return again.form
        issue = self.issue
        # The first problem of a split stays this issue.
        initial: dict[str, Any] = {
            "version": issue.version,
            "part_1_category": issue.category.code if issue.category else "",
            "part_1_description": issue.description,
        }
        if self.tried and self.tried.gone and verb is V.NOTE:
            # Nothing typed is lost: what cannot be done any more can still be a note.
            initial["note"] = self.tried.typed
        return VerbForm(verb=verb, offered=self.choices, initial=initial)

    def _category(self, verb: Verb, again: Tried | None) -> Fact:
        """The matter as reported, or as chosen in the try before."""
        issue = self.issue
        if again is None:
            found = category_field(
                scope=self.scope,
                selected=issue.category.code if issue.category else "",
                condition=issue.condition.code if issue.condition else "",
            )
        else:
            form = again.form
            found = category_field(
                scope=self.scope,
                selected=str(form["category"].value() or ""),
                condition=str(form["condition"].value() or ""),
                errors=[*form.errors.get("category", []), *form.errors.get("condition", [])],
            )
        return found | {"id": f"id_{verb}_category"}


# Who decides reads once more what was asked for.
DECIDES = (V.EXTEND, V.SUSPEND, V.EXEMPT, V.REFUSE)


def _photo_field(verb: Verb, again: Tried | None) -> Fact:
    url, own = reverse("attachment_upload"), {"id": f"photos_{verb}"}
    if again is None:
        return {"url": url, **own}
    return again.tray.field(url=url, errors=again.beside.get("attachments", []), **own)


def _others(again: Tried | None) -> list[str]:
    if again is None:
        return []
    named = {name: said for name, said in again.beside.items() if name != "attachments"}
    return [sentence for said in named.values() for sentence in said]
