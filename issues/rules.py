"""Who may do what to an issue. Each predicate answers with the seat that allows it."""

from collections.abc import Callable, Iterable

from django.db.models import Q

from issues.models import Assignment, Attachment, Event, Issue
from issues.workflow import RULES, SYSTEM, Rule, State, Verb, verbs_from
from partyorgs.models import Role
from partyorgs.rules import CELL_ROLES, Scope, Seat, may_configure

# Admins keep cells and posts, auditors read: neither takes part in an issue's life.
ONLOOKERS = frozenset({Role.ADMIN, Role.AUDITOR})
DISPATCHING = frozenset({Role.STREET_DISPATCHER, Role.STREET_LEADER, Role.DISTRICT_DESK})
LEADING = frozenset({Role.STREET_LEADER, Role.DISTRICT_DESK})
UNIT_DESKS = frozenset(
    {
        Role.UNIT_DESK,
        Role.UNIT_HEAD,
        Role.COMMUNITY_HEAD,
        Role.STREET_DISPATCHER,
        Role.DISTRICT_DESK,
    }
)
UNIT_STAFF = UNIT_DESKS | {Role.UNIT_HANDLER}


def reaches(seat: Seat, issue: Issue) -> bool:
    """Whether this seat alone makes the issue visible."""
    return (
        issue.district_id in seat.districts
        or issue.street_id in seat.streets
        or issue.community_id in seat.communities
        or issue.cell_id in seat.cells
        or issue.owner_id in seat.owners
        or issue.unit_id in seat.units
    )


def may_report(scope: Scope) -> Seat | None:
    return _first(seat for seat in scope.seats if seat.role not in ONLOOKERS)


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


def _participant(scope: Scope, issue: Issue) -> Seat | None:
    """Anyone whose post reaches the issue, its helpers, and its reporter."""
    seats = [seat for seat in scope.seats if seat.role not in ONLOOKERS]
    if seats and issue.reporter_id in scope.persons:
        return _reporters(seats, issue)
    return _first(seat for seat in seats if reaches(seat, issue)) or _helper(seats, issue)


def _reporters(seats: list[Seat], issue: Issue) -> Seat:
    """The seat by which somebody counts as the reporter; a stand-in by the absent person's."""
    own = _first(seat for seat in seats if seat.post.user_id == issue.reporter_id)
    return own or seats[0]


def _helper(seats: Iterable[Seat], issue: Issue) -> Seat | None:
    """Whoever works in a unit that helps with the issue now."""
    seats = [seat for seat in seats if seat.units]
    if not seats or issue.pk is None:
        return None
    helping = issue.assignments.filter(role=Assignment.Role.HELPER, ended_at=None)
    units = set(helping.values_list("unit_id", flat=True))
    return _first(seat for seat in seats if seat.units & units)


def _desk(scope: Scope, issue: Issue) -> Seat | None:
    """The street's dispatcher or leader, or the district's desk, for their own area."""
    return _first(
        seat
        for seat in scope.seats
        if seat.role in DISPATCHING
        and (issue.street_id in seat.streets or issue.district_id in seat.districts)
    )


def _unit(scope: Scope, issue: Issue) -> Seat | None:
    """Whoever works in the unit that the issue was sent to."""
    return _of_unit(scope, issue, UNIT_STAFF)


def _unit_desk(scope: Scope, issue: Issue) -> Seat | None:
    """Whoever answers for the unit; a handler alone does not send work back."""
    return _of_unit(scope, issue, UNIT_DESKS)


def _of_unit(scope: Scope, issue: Issue, roles: frozenset[Role]) -> Seat | None:
    return _first(
        seat for seat in scope.seats if seat.role in roles and issue.unit_id in seat.units
    )


def _checker(scope: Scope, issue: Issue) -> Seat | None:
    """The reporter, another of the cell, the owning branch or the desk; never the handler."""
    if has_handled(scope, issue):
        return None
    seats = [seat for seat in scope.seats if seat.role in CELL_ROLES]
    if seats and issue.reporter_id in scope.persons:
        return _reporters(seats, issue)
    in_cell = _first(seat for seat in seats if issue.cell_id in seat.cells)
    return in_cell or _owning_branch(scope, issue) or _desk(scope, issue)


def _closer(scope: Scope, issue: Issue) -> Seat | None:
    """The owning branch, else the desk; never the handler."""
    if has_handled(scope, issue):
        return None
    return _owning_branch(scope, issue) or _desk(scope, issue)


def _chaser(scope: Scope, issue: Issue) -> Seat | None:
    """The owning branch, the street's dispatcher or leader, the district's desk."""
    return _owning_branch(scope, issue) or _desk(scope, issue)


def _leader(scope: Scope, issue: Issue) -> Seat | None:
    """The street's leader or the district's desk, for their own area."""
    return _first(
        seat
        for seat in scope.seats
        if seat.role in LEADING
        and (issue.street_id in seat.streets or issue.district_id in seat.districts)
    )


def _called(scope: Scope, issue: Issue) -> Seat | None:
    """Whoever a call of the duty can reach: the unit, its desk, a leader."""
    return _unit(scope, issue) or _desk(scope, issue)


def _by_itself(_scope: Scope, _issue: Issue) -> None:
    """Nobody: the ladder, the calendar or a count does it."""


def _owning_branch(scope: Scope, issue: Issue) -> Seat | None:
    return _first(seat for seat in scope.seats if issue.owner_id in seat.owners)


def _reporter(scope: Scope, _issue: Issue) -> Seat | None:
    """Whoever holds a post that takes part: everybody but admins and auditors."""
    return may_report(scope)


WHO: dict[str, Callable[[Scope, Issue], Seat | None]] = {
    "reporter": _reporter,
    "participant": _participant,
    "desk": _desk,
    "unit": _unit,
    "unit_desk": _unit_desk,
    "checker": _checker,
    "closer": _closer,
    "chaser": _chaser,
    "leader": _leader,
    "called": _called,
    SYSTEM: _by_itself,
}


def has_handled(scope: Scope, issue: Issue) -> bool:
    """Whether this person ever handled this issue: by person, not by post.

    A stand-in counts as the absent person, and the absent person as whoever
    stood in: so both who did it and for whom are asked.
    """
    persons = sorted(scope.persons)
    theirs = Q(actor_id__in=persons) | Q(post__user_id__in=persons)
    return Event.objects.filter(theirs, issue=issue, verb=Verb.HANDLE).exists()


def may(scope: Scope, rule: Rule, issue: Issue) -> Seat | None:
    """The seat by which this scope may use the rule's verb on the issue, else None."""
    return WHO[rule.who](scope, issue)


def allowed(scope: Scope, issue: Issue) -> list[Rule]:
    """The rules whose verbs this scope may use on the issue now, in the book's order."""
    rules = verbs_from(State(issue.state), gates=issue.gates)
    return [rule for rule in rules if may(scope, rule, issue)]


def may_see_contact(scope: Scope, issue: Issue) -> Seat | None:
    """The unit in charge and the triage desk may reveal a contact (PIPL art. 6: the least).

    A street's leader steps in without it; the district's desk has it of what it
    triages itself, outside every street.
    """
    return _unit(scope, issue) or _first(
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
    return reached or _helper(scope.seats, issue) is not None


def may_see_photo(scope: Scope, issue: Issue, photo: Attachment) -> bool:
    """Whoever sees the issue sees its photos; those of internal notes as the notes."""
    return RULES[Verb(photo.verb)].public or may_see_internal(scope, issue)


def may_use_attachment(scope: Scope, attachment: Attachment) -> bool:
    """A photo not yet named by a report belongs to whoever uploaded it."""
    return attachment.issue_id is None and attachment.uploader_id == scope.user.pk


def _first(seats: Iterable[Seat]) -> Seat | None:
    return next(iter(seats), None)
