"""Who may do what to an issue: every verb open, or grey with the reason."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from issues.book import first_shut, leaving
from issues.gates import open_gates, why_shut
from issues.models import Attachment, Event, Issue, Relaxation
from issues.who import (
    ONLOOKERS,
    WHO,
    events_of,
    first_seat,
    helping_seat,
    reaches,
    waiting_request,
)
from issues.workflow import RULES, WORK, Rule, State, Verb
from partyorgs.models import Post, Role
from partyorgs.rules import Scope, Seat, may_configure


def may_list(scope: Scope) -> bool:
    """Whoever has a post that sees issues; an admin's alone keeps the house and sees none."""
    return bool(scope.roles - {Role.ADMIN})


def may_see_coverage(scope: Scope) -> bool:
    """What no rule can dispatch is for those who can mend it, and for auditors."""
    return may_configure(scope) or Role.AUDITOR in scope.roles


def overseen_area(scope: Scope) -> str:
    """The code of the area that an onlooker's post is held in, "" for everything; codes nest."""
    areas = [seat.post.area for seat in scope.seats if seat.role in ONLOOKERS]
    return next((area.code for area in areas if area), "")


def has_worked(scope: Scope, issue: Issue) -> bool:
    """Whether this person ever did work on this issue, in whatever post."""
    return events_of(scope, issue).filter(verb__in=WORK).exists()


def workers_on(issue: Issue) -> frozenset[int]:
    """Ids of everybody who did work on this issue, and of those they stood in for."""
    done = Event.objects.filter(issue=issue, verb__in=WORK, actor__isnull=False).order_by()
    rows = done.values_list("actor_id", "post__user_id")
    return frozenset(key for row in rows for key in row if key)


def branch_is_bound(issue: Issue, *, at: datetime) -> bool:
    """Whether somebody who worked on it also stands in the owning branch (一肩挑).

    Then the whole branch does not check: the reporter does, else the desk.
    """
    if issue.owner_id is None:
        return False
    held = Post.objects.valid_at(at).filter(organization=issue.owner_id)
    return held.filter(user_id__in=workers_on(issue)).exists()


def is_relaxed(issue: Issue, *, at: datetime) -> bool:
    """Whether the district lets the branches of this street check all the same."""
    rules = Relaxation.objects.valid_at(at).filter(what=Relaxation.What.BRANCH_CHECKS)
    return issue.street_id is not None and rules.filter(street=issue.street_id).exists()


@dataclass(frozen=True)
class Offer:
    """A verb that this person's post could use in this state.

    `shut`: why it cannot be used now, a code that `gates.why_shut` puts into
    words; "" when it can.
    """

    rule: Rule
    seat: Seat
    shut: str = ""


def offers(scope: Scope, issue: Issue) -> Iterator[Offer]:
    """Every verb of the issue's state that is this person's, open or grey, in the book's order."""
    gates = open_gates(issue, at=scope.at)
    for rule in leaving(RULES.values(), State(issue.state)):
        offer = _offer(scope, rule, issue, first_shut(rule, gates))
        if offer is not None:
            yield offer


def offer_of(scope: Scope, rule: Rule, issue: Issue) -> Offer | None:
    """The one verb, open or grey; None where it is not this person's, or not of this moment."""
    if issue.state not in rule.sources:
        return None
    return _offer(scope, rule, issue, first_shut(rule, open_gates(issue, at=scope.at)))


def _offer(scope: Scope, rule: Rule, issue: Issue, shut: str) -> Offer | None:
    if rule.by_itself or (shut and not why_shut(shut)):
        return None
    seat = WHO[rule.who](scope, issue)
    if seat is None or shut:
        return Offer(rule, seat, shut) if seat else None
    if not rule.apart:
        return Offer(rule, seat)
    if rule.who == "approver":
        waiting = waiting_request(issue)
        own = waiting is None or waiting.applicant_id in scope.persons
        return Offer(rule, seat, "own_request" if own else "")
    if has_worked(scope, issue):
        return Offer(rule, seat, "own_work")
    return _beside_branch(scope, rule, issue, seat)


def _beside_branch(scope: Scope, rule: Rule, issue: Issue, seat: Seat) -> Offer:
    """A branch in which the handler stands steps aside, unless the district relaxed the rule."""
    by_branch = seat.role == Role.BRANCH_SECRETARY and rule.who in ("checker", "closer")
    if not by_branch or not branch_is_bound(issue, at=scope.at):
        return Offer(rule, seat)
    if is_relaxed(issue, at=scope.at):
        return Offer(rule, seat)
    other = WHO["desk"](scope, issue)
    return Offer(rule, other) if other else Offer(rule, seat, "own_branch")


def may(scope: Scope, rule: Rule, issue: Issue) -> Seat | None:
    """The seat by which this scope may use the rule's verb on the issue now, else None."""
    offer = offer_of(scope, rule, issue)
    return offer.seat if offer and not offer.shut else None


def allowed(scope: Scope, issue: Issue) -> list[Rule]:
    """The rules whose verbs this scope may use on the issue now, in the book's order."""
    return [offer.rule for offer in offers(scope, issue) if not offer.shut]


def may_see_contact(scope: Scope, issue: Issue) -> Seat | None:
    """The unit in charge and the triage desk may reveal a contact (PIPL art. 6: the least).

    A street's leader steps in without it; the district's desk has it of what it
    triages itself, outside every street.
    """
    return WHO["unit"](scope, issue) or first_seat(
        seat
        for seat in scope.seats
        if (seat.role == Role.STREET_DISPATCHER and issue.street_id in seat.streets)
        or (
            seat.role == Role.DISTRICT_DESK
            and issue.street_id is None
            and issue.district_id in seat.districts
        )
    )


def may_see_internal(scope: Scope, issue: Issue) -> bool:
    """Internal notes are for the posts that work on, help with or oversee the issue."""
    reached = any(reaches(seat, issue) for seat in scope.seats)
    return reached or helping_seat(scope.seats, issue) is not None


def may_see_photo(scope: Scope, issue: Issue, photo: Attachment) -> bool:
    """Whoever sees the issue sees its photos; those of internal notes as the notes."""
    return RULES[Verb(photo.verb)].public or may_see_internal(scope, issue)


def may_use_attachment(scope: Scope, attachment: Attachment) -> bool:
    """A photo not yet named by a report belongs to whoever uploaded it."""
    return attachment.issue_id is None and attachment.uploader_id == scope.user.pk
