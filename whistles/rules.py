"""Who may do what to a whistle: every act open, or grey with the reason."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps

from grid.models import Area
from issues.book import first_shut, leaving
from issues.models import Issue
from issues.who import UNIT_DESKS, WHO, first_seat, triage_seats
from issues.workflow import OPEN, State
from partyorgs.models import Role
from partyorgs.rules import Scope, Seat
from whistles.gates import open_gates, why_shut
from whistles.models import Rating, Whistle
from whistles.sides import ABOUT, DECIDING, Around, answered_for, to_rate
from whistles.workflow import RULES, RUNNING, Act, Gate, Standing, WhistleRule

OVERSEEING = frozenset({Role.STREET_LEADER, Role.STREET_DISPATCHER, Role.DISTRICT_DESK})


def around(whistle: Whistle) -> Around:
    """The whistle with its calls and ratings as they are now."""
    calls = list(whistle.calls.select_related("unit__calendar", "unit__area", "item"))
    for call in calls:
        call.whistle = whistle
    return Around(whistle, calls, list(whistle.ratings.all()))


def blower_of(scope: Scope, issue: Issue) -> Seat | None:
    """The street's dispatcher, outside every street the district's desk; the owning branch."""
    return first_seat(_blowers(scope, issue))


def _blowers(scope: Scope, issue: Issue) -> Iterator[Seat]:
    yield from triage_seats(scope, issue)
    yield from (seat for seat in scope.seats if issue.owner_id in seat.owners)


def _proposer(scope: Scope, seen: Around) -> Seat | None:
    """Whoever proposes here in such a post: the desk takes back the desk's, the branch its own."""
    role = seen.whistle.proposed_post.role
    return first_seat(seat for seat in _blowers(scope, seen.issue) if seat.role == role)


def blower_or_leader_of(scope: Scope, issue: Issue) -> Seat | None:
    """Whoever proposes whistles, and the street's leader."""
    return blower_of(scope, issue) or approver_of(scope, issue)


def approver_of(scope: Scope, issue: Issue) -> Seat | None:
    """The street's leader, above it the district's desk."""
    return WHO["leader"](scope, issue)


def judge_of(scope: Scope, issue: Issue) -> Seat | None:
    """The district's desk, never the street.

    Or the street would judge what it asked for itself (DOMAIN.md §3.4).
    """
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


def _called(scope: Scope, seen: Around) -> Seat | None:
    """Whoever answers for a called unit; a handler alone does not."""
    return first_seat(
        seat
        for call in answered_for(scope, seen)
        if (seat := seat_of_unit(scope, call.unit_id)) is not None
    )


def _either(scope: Scope, seen: Around) -> Seat | None:
    """Whoever has somebody to rate: the blower's side a unit, a called unit the whistle."""
    return seat_to_rate(scope, seen, of=Rating.Of.UNIT) or seat_to_rate(
        scope, seen, of=Rating.Of.WHISTLE
    )


def seat_to_rate(scope: Scope, seen: Around, *, of: str) -> Seat | None:
    """The seat by which this person may still rate on that side; nobody rates their own.

    Whoever may blow here speaks for the blower's side, in whatever other post.
    """
    blower = blower_or_leader_of(scope, seen.issue)
    if of == Rating.Of.UNIT:
        return blower if blower and to_rate(scope, seen, of=of) else None
    if blower:
        return None
    return first_seat(
        seat
        for call in to_rate(scope, seen, of=of)
        if (seat := seat_of_unit(scope, call.unit_id)) is not None
    )


def _admin(scope: Scope, seen: Around) -> Seat | None:
    """An admin in whose area the issue lies."""
    return first_seat(
        seat for seat in scope.seats if any(_keeps(seat, area) for area in seen.issue.areas)
    )


def areas_kept(scope: Scope, issue: Issue) -> list[Area]:
    """Those of the issue's areas for which this person writes the responsibility list.

    An admin's own area and what lies in it, never what is around it; codes nest.
    """
    return [area for area in issue.areas if any(_keeps(seat, area) for seat in scope.seats)]


def _keeps(seat: Seat, area: Area) -> bool:
    own = seat.post.area
    return seat.role == Role.ADMIN and own is not None and area.code.startswith(own.code)


Who = Callable[[Scope, Around], Seat | None]


def _over(who: Callable[[Scope, Issue], Seat | None]) -> Who:
    """Asked of a whistle what is asked of its issue."""

    @wraps(who)
    def asked(scope: Scope, seen: Around) -> Seat | None:
        return who(scope, seen.issue)

    return asked


WHISTLE_WHO: dict[str, Who] = {
    "blower": _over(blower_of),
    "blower_or_leader": _over(blower_or_leader_of),
    "proposer": _proposer,
    "approver": _over(approver_of),
    "judge": _over(judge_of),
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
    return Offer(rule, seat, shut or _own(scope, rule, seen))


def _own(scope: Scope, rule: WhistleRule, seen: Around) -> str:
    """Why the act is not this person's although it is their post's; "" where it is."""
    if rule.apart and scope.persons & seen.whistle.proposers:
        return "own_whistle"
    if rule.verb in DECIDING and not ABOUT[rule.verb](scope, seen):
        return "own_call"
    return ""


def gates_of(scope: Scope, seen: Around) -> frozenset[Gate]:
    """The gates that are open for this person now."""
    own = {call.unit_id for call in answered_for(scope, seen)}
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
