"""The keys of the rule book's `who`: each answers with the seat that it means, or nobody."""

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime

from django.db.models import Q, QuerySet

from issues.book import SYSTEM
from issues.models import Assignment, Event, Issue, Request
from issues.workflow import AT_DESK, RAISED_AT, State, Verb
from partyorgs.models import Level, Organization, Role
from partyorgs.queries import LEADING_ROLES, desk_of, leader_on_duty, staff_of, works_now
from partyorgs.rules import CELL_ROLES, Scope, Seat

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
        or issue.also_cell_id in seat.cells
        or issue.also_owner_id in seat.owners
    )


# Who looked at a result: any of them may have it done again.
LOOKED = (Verb.CHECK, Verb.SPOT_CHECK, Verb.CLOSE, Verb.SURVEY, Verb.CALL_BACK)


def may_report(scope: Scope) -> Seat | None:
    return first_seat(seat for seat in scope.seats if seat.role not in ONLOOKERS)


def _participant(scope: Scope, issue: Issue) -> Seat | None:
    """Anyone whose post reaches the issue, its helpers, and its reporter."""
    seats = [seat for seat in scope.seats if seat.role not in ONLOOKERS]
    if seats and issue.reporter_id in scope.persons:
        return _reporters(seats, issue)
    return first_seat(seat for seat in seats if reaches(seat, issue)) or helping_seat(seats, issue)


def _reporters(seats: list[Seat], issue: Issue) -> Seat:
    """The seat by which somebody counts as the reporter; a stand-in by the absent person's."""
    own = first_seat(seat for seat in seats if seat.post.user_id == issue.reporter_id)
    return own or seats[0]


def helping_seat(seats: Iterable[Seat], issue: Issue) -> Seat | None:
    """Whoever works in a unit that helps with the issue now."""
    seats = [seat for seat in seats if seat.units]
    if not seats or issue.pk is None:
        return None
    helping = issue.assignments.filter(role=Assignment.Role.HELPER, ended_at=None)
    units = set(helping.values_list("unit_id", flat=True))
    return first_seat(seat for seat in seats if seat.units & units)


def _desk(scope: Scope, issue: Issue) -> Seat | None:
    """The street's dispatcher or leader, or the district's desk, for their own area.

    What waits at the district's desk is not the street's to send.
    """
    roles = DISPATCHING
    if issue.level == Level.DISTRICT and issue.state in AT_DESK:
        roles = frozenset({Role.DISTRICT_DESK})
    return _of_area(scope, issue, roles)


def triage_seats(scope: Scope, issue: Issue) -> Iterator[Seat]:
    """The street's dispatchers; outside every street the district's desk."""
    return (
        seat
        for seat in scope.seats
        if (seat.role == Role.STREET_DISPATCHER and issue.street_id in seat.streets)
        or (
            seat.role == Role.DISTRICT_DESK
            and issue.street_id is None
            and issue.district_id in seat.districts
        )
    )


def _of_area(scope: Scope, issue: Issue, roles: frozenset[Role]) -> Seat | None:
    return first_seat(
        seat
        for seat in scope.seats
        if seat.role in roles
        and (issue.street_id in seat.streets or issue.district_id in seat.districts)
    )


def _unit(scope: Scope, issue: Issue) -> Seat | None:
    """Whoever works in the unit that the issue was sent to."""
    return _of_unit(scope, issue, UNIT_STAFF)


def _unit_desk(scope: Scope, issue: Issue) -> Seat | None:
    """Whoever answers for the unit; a handler alone does not send work back."""
    return _of_unit(scope, issue, UNIT_DESKS)


def _of_unit(scope: Scope, issue: Issue, roles: frozenset[Role]) -> Seat | None:
    return first_seat(
        seat for seat in scope.seats if seat.role in roles and issue.unit_id in seat.units
    )


def _checker(scope: Scope, issue: Issue) -> Seat | None:
    """The reporter, another of the cell, the owning branch or the desk."""
    seats = [seat for seat in scope.seats if seat.role in CELL_ROLES]
    if seats and issue.reporter_id in scope.persons:
        return _reporters(seats, issue)
    in_cell = first_seat(seat for seat in seats if issue.cell_id in seat.cells)
    return in_cell or _owning_branch(scope, issue) or _desk(scope, issue)


def _closer(scope: Scope, issue: Issue) -> Seat | None:
    """The owning branch, else the desk."""
    return _owning_branch(scope, issue) or _desk(scope, issue)


def _verifier(scope: Scope, issue: Issue) -> Seat | None:
    """Whoever works in the cell, the community's head, else the desk."""
    in_cell = first_seat(
        seat for seat in scope.seats if seat.role in CELL_ROLES and issue.cell_id in seat.cells
    )
    near = first_seat(seat for seat in scope.seats if issue.community_id in seat.communities)
    return in_cell or near or _desk(scope, issue)


def _community(scope: Scope, issue: Issue) -> Seat | None:
    """The head of the community that has the issue."""
    return _of_unit(scope, issue, frozenset({Role.COMMUNITY_HEAD}))


def _upward(scope: Scope, issue: Issue) -> Seat | None:
    """Whoever has it at its level: the community's head, the street's dispatcher or leader."""
    if issue.level == Level.COMMUNITY:
        return _community(scope, issue)
    return _of_area(scope, issue, DISPATCHING - {Role.DISTRICT_DESK})


def _judge(scope: Scope, issue: Issue) -> Seat | None:
    """The street's leader or the district's desk; from the third return on the district's desk.

    By then the street's conference has decided already.
    """
    if issue.returns >= RAISED_AT:
        return _of_area(scope, issue, frozenset({Role.DISTRICT_DESK}))
    return _leader(scope, issue)


def _settler(scope: Scope, issue: Issue) -> Seat | None:
    """A cell worker with the own report, not yet filed; the head of the community that has it."""
    own = issue.state == State.REPORTED and issue.reporter_id in scope.persons
    seats = [seat for seat in scope.seats if seat.role in CELL_ROLES]
    return _reporters(seats, issue) if own and seats else _community(scope, issue)


def _reopener(scope: Scope, issue: Issue) -> Seat | None:
    """The reporter, or whoever checked or closed it."""
    if issue.reporter_id in scope.persons:
        return _participant(scope, issue)
    looked = events_of(scope, issue).filter(verb__in=LOOKED)
    return _participant(scope, issue) if scope.seats and looked.exists() else None


def _approver(scope: Scope, issue: Issue) -> Seat | None:
    """The deputy whose turn it is, and those who were asked before."""
    waiting = waiting_request(issue) if issue.asked else None
    if waiting is None or not scope.persons & set(waiting.asked_users):
        return None
    # Whoever was asked and leads nothing here any more has no say any more.
    leading = (seat for seat in scope.seats if seat.role in LEADING_ROLES and reaches(seat, issue))
    return _leader(scope, issue) or first_seat(leading)


def _resumer(scope: Scope, issue: Issue) -> Seat | None:
    """The unit's desk, the street's or district's desk, the owning branch."""
    return _unit_desk(scope, issue) or _desk(scope, issue) or _owning_branch(scope, issue)


def _convener(scope: Scope, issue: Issue) -> Seat | None:
    """The lead unit's desk, the community's head, the owning branch, the desk."""
    community = first_seat(
        seat
        for seat in scope.seats
        if seat.role == Role.COMMUNITY_HEAD and issue.community_id in seat.communities
    )
    return _resumer(scope, issue) or community


def _helping(scope: Scope, issue: Issue) -> Seat | None:
    """Whoever works in a unit with an open part; the convener for one without an account."""
    if not issue.open_parts:
        return None
    units = {part.unit_id: part.unit for part in open_parts(issue)}
    own = helper_seat(scope.seats, units)
    if own is not None:
        return own
    seat = _convener(scope, issue)
    return seat if seat and without_account(units.values(), at=scope.at) else None


def helper_seat(seats: Iterable[Seat], units: Collection[int]) -> Seat | None:
    """The seat of whoever works in one of these units."""
    return first_seat(
        seat for seat in seats if seat.role in UNIT_STAFF and not seat.units.isdisjoint(units)
    )


def open_parts(issue: Issue) -> list[Assignment]:
    """The helpers' parts that are not done yet, the oldest first."""
    parts = issue.assignments.filter(role=Assignment.Role.HELPER, ended_at=None, done_at=None)
    return list(parts.exclude(part="").select_related("unit").order_by("pk"))


def without_account(units: Iterable[Organization], *, at: datetime) -> set[int]:
    """The ids of those units in which nobody with an account works at that instant."""
    units = list(units)
    staff = staff_of(organizations=units, at=at)
    return {unit.pk for unit in units if not staff.serves(unit)}


def _duty_leader(scope: Scope, issue: Issue) -> Seat | None:
    """Off hours the leader on duty of the street, else of the district."""
    if not scope.seats or works_now(organization=issue.unit, at=scope.at):
        return None
    for area in (issue.street, issue.district):
        desk = desk_of(area=area)
        leader = leader_on_duty(organization=desk, at=scope.at) if desk else None
        if leader is not None:
            return _leader(scope, issue) if leader.pk == scope.user.pk else None
    return None


def _countersigner(scope: Scope, issue: Issue) -> Seat | None:
    """The owning branch, the street's or district's desk or leader."""
    return _closer(scope, issue) or _leader(scope, issue)


def _joiner(scope: Scope, issue: Issue) -> Seat | None:
    """Whoever may report, but not the reporter."""
    return None if issue.reporter_id in scope.persons else may_report(scope)


def _chaser(scope: Scope, issue: Issue) -> Seat | None:
    """The owning branch, the street's dispatcher or leader, the district's desk."""
    return _owning_branch(scope, issue) or _desk(scope, issue)


def _leader(scope: Scope, issue: Issue) -> Seat | None:
    """The street's leader or the district's desk, for their own area."""
    return _of_area(scope, issue, LEADING)


def _called(scope: Scope, issue: Issue) -> Seat | None:
    """Whoever a call of the duty can reach: the unit, its desk, a leader."""
    return _unit(scope, issue) or _desk(scope, issue)


def _by_itself(_scope: Scope, _issue: Issue) -> None:
    """Nobody: the ladder, the calendar or a count does it."""


def _owning_branch(scope: Scope, issue: Issue) -> Seat | None:
    return first_seat(seat for seat in scope.seats if issue.owner_id in seat.owners)


def _reporter(scope: Scope, _issue: Issue) -> Seat | None:
    """Whoever holds a post that takes part: everybody but admins and auditors."""
    return may_report(scope)


def events_of(scope: Scope, issue: Issue) -> QuerySet[Event]:
    """What this person did on the issue: by person, not by post.

    A stand-in counts as the absent person, and the absent person as whoever
    stood in: so both who did it and for whom are asked.
    """
    persons = sorted(scope.persons)
    theirs = Q(actor_id__in=persons) | Q(post__user_id__in=persons)
    return Event.objects.filter(theirs, issue=issue)


def asked_by(scope: Scope, waiting: Request) -> bool:
    """Whether this person is the applicant, or had somebody else apply in their post."""
    if waiting.applicant_id in scope.persons:
        return True
    return events_of(scope, waiting.issue).filter(seq=waiting.seq).exists()


def waiting_request(issue: Issue) -> Request | None:
    """The request that waits for a deputy; None when none does."""
    return issue.requests.filter(state=Request.State.WAITING).first()


def first_seat(seats: Iterable[Seat]) -> Seat | None:
    return next(iter(seats), None)


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
    "verifier": _verifier,
    "community": _community,
    "upward": _upward,
    "judge": _judge,
    "settler": _settler,
    "reopener": _reopener,
    "approver": _approver,
    "resumer": _resumer,
    "convener": _convener,
    "helper": _helping,
    "duty_leader": _duty_leader,
    "countersigner": _countersigner,
    "joiner": _joiner,
    SYSTEM: _by_itself,
}
