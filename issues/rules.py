"""Who may do what to an issue: every verb open, or grey with the reason."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.db.models import Q

from issues.book import first_shut, leaving
from issues.gates import open_gates, why_shut
from issues.models import Attachment, Event, Issue, Relaxation
from issues.who import (
    DISPATCHING,
    LEADING,
    ONLOOKERS,
    WHO,
    asked_by,
    events_of,
    first_seat,
    helping_seat,
    reaches,
    triage_seats,
    waiting_request,
)
from issues.workflow import RULES, WORK, Rule, State, Verb
from partyorgs.models import Leave, Post, Role
from partyorgs.rules import CELL_ROLES, Scope, Seat, may_configure

# Verbs that end an argument: nobody does so in their own.
JUDGING = frozenset({Verb.CONFER, Verb.JUDGE})


def may_list(scope: Scope) -> bool:
    """Whoever has a post that sees issues; an admin's alone keeps the house and sees none."""
    return bool(scope.roles - {Role.ADMIN})


def may_see_coverage(scope: Scope) -> bool:
    """What no rule can dispatch is for those who can mend it, and for auditors."""
    return may_configure(scope) or Role.AUDITOR in scope.roles


def may_read_rules(scope: Scope) -> bool:
    """The rules as people read them: for those who keep or audit them, and the district's desk."""
    return may_see_coverage(scope) or Role.DISTRICT_DESK in scope.roles


def leads(scope: Scope) -> bool:
    """Who leads a street or keeps the district's desk."""
    return bool(scope.roles & LEADING)


def heads_branch(scope: Scope) -> bool:
    """Who is the secretary of a party branch."""
    return Role.BRANCH_SECRETARY in scope.roles


def may_see_exceptions(scope: Scope) -> bool:
    """The list of exceptions is for auditors and for the district's desk."""
    return bool(scope.roles & {Role.AUDITOR, Role.DISTRICT_DESK})


def relaxing_districts(scope: Scope) -> frozenset[int]:
    """The districts whose desk the person works at: it alone relaxes a street's rules."""
    seats = [seat for seat in scope.seats if seat.role == Role.DISTRICT_DESK]
    return frozenset[int]().union(*(seat.districts for seat in seats))


def may_see_relaxations(scope: Scope) -> bool:
    """Who relaxes, who audits, and the leaders of the streets."""
    return bool(scope.roles & {Role.AUDITOR, Role.DISTRICT_DESK, Role.STREET_LEADER})


def overseen_area(scope: Scope) -> str:
    """The code of the area that an onlooker's post is held in, "" for everything; codes nest."""
    areas = [seat.post.area for seat in scope.seats if seat.role in ONLOOKERS]
    return next((area.code for area in areas if area), "")


def audited_areas(scope: Scope) -> frozenset[str]:
    """The codes of the areas that the person's posts audit, "" for everything; codes nest.

    Not of a post as admin beside it: that keeps the house and sees no exceptions.
    """
    seats = (seat for seat in scope.seats if seat.role == Role.AUDITOR)
    return frozenset(seat.post.area.code if seat.post.area else "" for seat in seats)


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

    Then neither the branch nor its cell's workers check: the reporter does, else the desk.
    """
    return issue.owner_id is not None and stands_in_branch(issue, workers_on(issue), at=at)


def stands_in_branch(issue: Issue, persons: frozenset[int], *, at: datetime) -> bool:
    """Whether one of these people has a post in the owning branch then, or stands in for one."""
    away = Leave.objects.valid_at(at).filter(stand_in__in=persons).order_by().values("user")
    theirs = Q(user__in=persons) | Q(user__in=away)
    held = Post.objects.valid_at(at).filter(theirs, organization=issue.owner_id)
    return issue.owner_id is not None and held.exists()


def looks_beside(scope: Scope, issue: Issue, seat: Seat) -> bool:
    """Whether this seat looks at the work also where the owning branch steps aside."""
    reporter = seat.role in CELL_ROLES and issue.reporter_id in scope.persons
    return reporter or seat.role in DISPATCHING


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
    gates, done = open_gates(issue, at=scope.at), _Done(scope, issue)
    for rule in leaving(RULES.values(), State(issue.state)):
        offer = _offer(scope, rule, issue, first_shut(rule, gates), done)
        if offer is not None:
            yield offer


def offer_of(scope: Scope, rule: Rule, issue: Issue) -> Offer | None:
    """The one verb, open or grey; None where it is not this person's, or not of this moment."""
    if issue.state not in rule.sources:
        return None
    shut = first_shut(rule, open_gates(issue, at=scope.at))
    return _offer(scope, rule, issue, shut, _Done(scope, issue))


class _Done:
    """Who did the work, asked once for all verbs of a page."""

    def __init__(self, scope: Scope, issue: Issue) -> None:
        self.scope, self.issue = scope, issue

    @cached_property
    def own(self) -> bool:
        return has_worked(self.scope, self.issue)

    @cached_property
    def in_branch(self) -> bool:
        return branch_is_bound(self.issue, at=self.scope.at)


def _offer(scope: Scope, rule: Rule, issue: Issue, shut: str, done: _Done) -> Offer | None:
    if rule.by_itself or (shut and not why_shut(shut)):
        return None
    seat = WHO[rule.who](scope, issue)
    if seat is None or shut:
        return Offer(rule, seat, shut) if seat else None
    if rule.verb in JUDGING and events_of(scope, issue).filter(verb=Verb.RETURN).exists():
        return Offer(rule, seat, "own_return")
    if not rule.apart:
        return Offer(rule, seat)
    if rule.who == "approver":
        waiting = waiting_request(issue)
        own = waiting is None or asked_by(scope, waiting)
        # An appeal is about the work itself: whether it was late by its own fault.
        worked = rule.verb is Verb.EXEMPT and done.own
        return Offer(rule, seat, "own_request" if own else "own_work" if worked else "")
    if done.own:
        return Offer(rule, seat, "own_work")
    return _beside_branch(scope, rule, issue, seat, done)


def _beside_branch(scope: Scope, rule: Rule, issue: Issue, seat: Seat, done: _Done) -> Offer:
    """A branch in which the handler stands steps aside, unless the district relaxed the rule."""
    asked = rule.who in ("checker", "closer") and not looks_beside(scope, issue, seat)
    if not asked or not done.in_branch:
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
    return WHO["unit"](scope, issue) or first_seat(triage_seats(scope, issue))


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
