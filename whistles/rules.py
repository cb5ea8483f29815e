"""Who may do what to a whistle: every act open, or grey with the reason."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from issues.book import first_shut, leaving
from issues.models import Issue
from issues.who import UNIT_DESKS, WHO, first_seat
from issues.workflow import OPEN, State
from partyorgs.models import Role
from partyorgs.rules import Scope, Seat
from whistles.gates import open_gates, unrated_units, why_shut
from whistles.models import Call, Rating, Whistle
from whistles.workflow import RULES, RUNNING, Act, Gate, Standing, WhistleRule

OVERSEEING = frozenset({Role.STREET_LEADER, Role.STREET_DISPATCHER, Role.DISTRICT_DESK})


@dataclass(frozen=True)
class Around:
    """A whistle with what its rules ask about, read once."""

    whistle: Whistle
    calls: Sequence[Call]
    ratings: Sequence[Rating]

    @property
    def issue(self) -> Issue:
        return self.whistle.issue


def around(whistle: Whistle) -> Around:
    """The whistle with its calls and ratings as they are now."""
    calls = list(whistle.calls.select_related("unit__calendar", "unit__area", "item"))
    for call in calls:
        call.whistle = whistle
    return Around(whistle, calls, list(whistle.ratings.all()))


def blower_of(scope: Scope, issue: Issue) -> Seat | None:
    """The street's dispatcher, outside every street the district's desk; the owning branch."""
    dispatcher = first_seat(
        seat
        for seat in scope.seats
        if (seat.role == Role.STREET_DISPATCHER and issue.street_id in seat.streets)
        or (
            seat.role == Role.DISTRICT_DESK
            and issue.street_id is None
            and issue.district_id in seat.districts
        )
    )
    owning = (seat for seat in scope.seats if issue.owner_id in seat.owners)
    return dispatcher or first_seat(owning)


def blower_or_leader_of(scope: Scope, issue: Issue) -> Seat | None:
    """Whoever proposes whistles, and the street's leader."""
    return blower_of(scope, issue) or approver_of(scope, issue)


def approver_of(scope: Scope, issue: Issue) -> Seat | None:
    """The street's leader, above it the district's desk."""
    return WHO["leader"](scope, issue)


def judge_of(scope: Scope, issue: Issue) -> Seat | None:
    """The district's desk, never the street (DOMAIN.md §3.4)."""
    return first_seat(
        seat
        for seat in scope.seats
        if seat.role == Role.DISTRICT_DESK and issue.district_id in seat.districts
    )


def seat_of_unit(scope: Scope, unit: int) -> Seat | None:
    """Whoever answers for a called unit; a handler alone does not."""
    return first_seat(
        seat for seat in scope.seats if seat.role in UNIT_DESKS and unit in seat.units
    )


def own_units(scope: Scope, calls: Sequence[Call]) -> set[int]:
    """The ids of the called units that this person answers for."""
    return {call.unit_id for call in calls if seat_of_unit(scope, call.unit_id)}


def _called(scope: Scope, seen: Around) -> Seat | None:
    units = own_units(scope, seen.calls)
    return first_seat(
        seat for seat in scope.seats if seat.role in UNIT_DESKS and seat.units & units
    )


def _either(scope: Scope, seen: Around) -> Seat | None:
    """Whoever has somebody to rate: the blower's side a unit, a called unit the whistle."""
    return seat_to_rate(scope, seen, of=Rating.Of.UNIT) or seat_to_rate(
        scope, seen, of=Rating.Of.WHISTLE
    )


def seat_to_rate(scope: Scope, seen: Around, *, of: str) -> Seat | None:
    """The seat by which this person may still rate on that side."""
    left = unrated_units(seen.calls, seen.ratings, of=of)
    if of == Rating.Of.UNIT:
        return blower_or_leader_of(scope, seen.issue) if left else None
    return first_seat(
        seat for call in left if (seat := seat_of_unit(scope, call.unit_id)) is not None
    )


def _admin(scope: Scope, _seen: Around) -> Seat | None:
    """An admin of the district."""
    return first_seat(seat for seat in scope.seats if seat.role == Role.ADMIN)


WHISTLE_WHO: dict[str, Callable[[Scope, Around], Seat | None]] = {
    "blower": lambda scope, seen: blower_of(scope, seen.issue),
    "blower_or_leader": lambda scope, seen: blower_or_leader_of(scope, seen.issue),
    "approver": lambda scope, seen: approver_of(scope, seen.issue),
    "judge": lambda scope, seen: judge_of(scope, seen.issue),
    "called": _called,
    "either": _either,
    "admin": _admin,
}


@dataclass(frozen=True)
class Offer:
    """An act that this person's post could use now; `shut`: why not, a code of `gates`."""

    rule: WhistleRule
    seat: Seat
    shut: str = ""


def offers(scope: Scope, seen: Around) -> Iterator[Offer]:
    """Every act of the whistle's standing that is this person's, open or grey, in order."""
    for rule in leaving(RULES.values(), Standing(seen.whistle.state)):
        offer = offer_of(scope, rule, seen)
        if offer is not None:
            yield offer


def offer_of(scope: Scope, rule: WhistleRule, seen: Around) -> Offer | None:
    """The one act, open or grey; None where it is not this person's, or not of this moment."""
    if seen.whistle.state not in rule.sources:
        return None
    shut = first_shut(rule, gates_of(scope, seen))
    if shut and not why_shut(shut):
        return None
    seat = WHISTLE_WHO[rule.who](scope, seen)
    if seat is None:
        return None
    if not shut and rule.apart and scope.persons & seen.whistle.proposers:
        shut = "own_whistle"
    return Offer(rule, seat, shut)


def gates_of(scope: Scope, seen: Around) -> frozenset[Gate]:
    """The gates that are open for this person now."""
    own = own_units(scope, seen.calls)
    return open_gates(seen.whistle, seen.calls, own=own, at=scope.at)


def allowed(scope: Scope, seen: Around) -> list[WhistleRule]:
    """The acts that this person may use on the whistle now, in the book's order."""
    return [offer.rule for offer in offers(scope, seen) if not offer.shut]


def beginning(scope: Scope, issue: Issue) -> list[WhistleRule]:
    """How this person may begin a whistle over the issue now; it must be open, without one."""
    if State(issue.state) not in OPEN:
        return []
    seats = {
        Act.PROPOSE: blower_of(scope, issue),
        Act.BLOW_NOW: blower_or_leader_of(scope, issue),
    }
    if Whistle.objects.filter(issue=issue, state__in=RUNNING).exists():
        return []
    return [RULES[act] for act, seat in seats.items() if seat]


def seat_to_begin(scope: Scope, issue: Issue, act: Act) -> Seat | None:
    """The seat by which this person may begin it so; None where that is not theirs."""
    of = blower_of if act is Act.PROPOSE else blower_or_leader_of
    return of(scope, issue)


def may_see_board(scope: Scope) -> bool:
    """The district's desk, and the street's dispatchers and leaders for their street."""
    return bool(scope.roles & OVERSEEING)
