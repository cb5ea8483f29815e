"""What waits for whom: the to-do lists of each post, as conditions on issues.

The same key names a figure on the home page, the list behind it and its filter.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from issues.models import Clock, Deviation, Request
from issues.who import DISPATCHING, UNIT_DESKS, UNIT_STAFF
from issues.workflow import DONE, RAISED_AT, State
from partyorgs.models import Level, Role
from partyorgs.rules import CELL_ROLES, Scope

BRANCH = frozenset({Role.BRANCH_SECRETARY})
NEAR = frozenset({Role.STREET_DISPATCHER, Role.STREET_LEADER})
FAR = frozenset({Role.DISTRICT_DESK})
NOTHING = Q(pk__in=[])
# Deputies: leaders, whoever leads on duty, and the district's desk.
APPROVING = frozenset({Role.STREET_LEADER, Role.UNIT_HEAD, Role.DISTRICT_DESK})
HOTLINE = "hotline"
STUCK_RETURNS = 2
EVERYTHING = "todo"
FIRST = "first"

# The issue's own column beside what a seat reaches by it.
COLUMNS = {
    "districts": "district_id",
    "streets": "street_id",
    "communities": "community_id",
    "cells": "cell_id",
    "owners": "owner_id",
    "units": "unit_id",
}

Narrowing = Callable[[Scope, datetime], Q]


@dataclass(frozen=True)
class Todo:
    """One to-do list: whose it is and which issues are on it.

    `acts`: a step that the post itself takes; otherwise something to keep an eye on.
    `ended`: its issues are closed, so it stands apart from what waits at work.
    """

    key: str
    roles: frozenset[Role]
    narrowing: Narrowing
    acts: bool = True
    ended: bool = False


def _seated(scope: Scope, roles: frozenset[Role], reach: str) -> Q:
    """Issues that the seats with these roles reach by one of their columns: units, cells, …"""
    seats = [seat for seat in scope.seats if seat.role in roles]
    ids = frozenset[int]().union(*(getattr(seat, reach) for seat in seats))
    return Q(**{f"{COLUMNS[reach]}__in": sorted(ids)}) if ids else NOTHING


def _desk(scope: Scope) -> Q:
    """The street's own; for the district what lies outside every street or was sent to it."""
    return _seated(scope, NEAR, "streets") | _of_district(scope, also=NOTHING)


def _at_unit(state: State) -> Narrowing:
    return lambda scope, _now: Q(state=state) & _seated(scope, UNIT_STAFF, "units")


def _at_desk(state: State) -> Narrowing:
    """What waits for a desk: a district matter for the district's alone (`who._desk`)."""

    def narrowing(scope: Scope, _now: datetime) -> Q:
        far = Q(level=Level.DISTRICT)
        near = _seated(scope, NEAR, "streets") & ~far
        return Q(state=state) & (near | _of_district(scope, also=far))

    return narrowing


def _returned(scope: Scope, _now: datetime) -> Q:
    """For the street to decide; from the third return on the district's desk judges."""
    third = Q(returns__gte=RAISED_AT)
    near = _seated(scope, NEAR, "streets") & ~third
    return Q(state=State.RETURNED) & (near | _of_district(scope, also=third))


def _of_district(scope: Scope, *, also: Q) -> Q:
    """What was sent to the district's desk, lies outside every street, or is its own besides."""
    own = _seated(scope, FAR, "units")
    return own | (_seated(scope, FAR, "districts") & (Q(street=None) | also))


def _to_verify(scope: Scope, _now: datetime) -> Q:
    """Public reports for the cell's workers and the community's head; else for the desk."""
    mine = _seated(scope, CELL_ROLES, "cells")
    mine |= _seated(scope, frozenset({Role.COMMUNITY_HEAD}), "communities")
    if scope.roles & DISPATCHING:
        mine |= Q(cell=None) & _desk(scope)
    return Q(state=State.PENDING_VERIFY) & mine


def _to_check(scope: Scope, _now: datetime) -> Q:
    """A cell's handled issues for its workers; one outside every cell for the desk.

    One whose handler stands in the owning branch is the reporter's and the desk's;
    what nobody at its level may check is the district's.
    """
    mine = _seated(scope, CELL_ROLES, "cells") & ~_bound()
    if scope.roles & CELL_ROLES:
        mine |= Q(reporter_id__in=sorted(scope.persons))
    if scope.roles & DISPATCHING:
        mine |= ((Q(cell=None) | _bound()) & _desk(scope)) | _climbed(scope)
    return Q(state=State.HANDLED, checked_at=None) & mine


def _to_close(scope: Scope, _now: datetime) -> Q:
    """Checked issues for their owning branch; where there is none or it is bound for the desk."""
    owned = _seated(scope, BRANCH, "owners") & ~_bound()
    if scope.roles & DISPATCHING:
        owned |= ((Q(owner=None) | _bound()) & _desk(scope)) | _climbed(scope)
    by_branch = ~Q(source=HOTLINE)
    return Q(state=State.HANDLED, checked_at__isnull=False) & by_branch & owned


def _bound() -> Q:
    """Where a doer stands in the owning branch (一肩挑), so that somebody else looks."""
    return _put_down(Deviation.Kind.OTHER_CHECKER)


def _put_down(kind: Deviation.Kind) -> Q:
    """What stands on the list of exceptions for this."""
    return Q(pk__in=Deviation.objects.filter(kind=kind).order_by().values("issue"))


def _climbed(scope: Scope) -> Q:
    """What nobody at its own level may look at waits for the district's desk."""
    running = Clock.objects.filter(kind=Clock.Kind.CLIMBED, stopped_at=None).order_by()
    return Q(pk__in=running.values("issue")) & _seated(scope, FAR, "districts")


def _to_feed_back(scope: Scope, _now: datetime) -> Q:
    """Checked hotline tickets whose answer the hotline has not got yet."""
    return Q(state=State.HANDLED, checked_at__isnull=False, source=HOTLINE) & _desk(scope)


def _to_call_back(scope: Scope, _now: datetime) -> Q:
    """Tickets whose reporter is to be asked: the street's, whoever did the work."""
    return Q(state=State.PENDING_CALLBACK) & _desk(scope)


def _to_survey(scope: Scope, _now: datetime) -> Q:
    """What ended and was drawn for a call-back."""
    return Q(survey_asked=True, state__in=sorted(DONE)) & _desk(scope)


def _to_spot_check(scope: Scope, _now: datetime) -> Q:
    """What ended unchecked and was drawn: for the owning branch and the desk.

    What lapsed, for nobody at its own level may look at it, is the district's.
    """
    near = _seated(scope, BRANCH, "owners") | _desk(scope)
    lapsed = _put_down(Deviation.Kind.UNCHECKED)
    mine = (near & ~lapsed) | (lapsed & _seated(scope, FAR, "districts"))
    return Q(state=State.CLOSED_UNCHECKED, sampled=True, checked_at=None) & mine


def _to_countersign(scope: Scope, _now: datetime) -> Q:
    """What the leader on duty did at night and nobody has signed yet."""
    near = _seated(scope, BRANCH, "owners") | _desk(scope) | _seated(scope, FAR, "districts")
    return Q(countersign_by__isnull=False) & near


def _stuck(scope: Scope, now: datetime) -> Q:
    """A branch's issues that do not move: late, sent back, or sent back again and again."""
    still = Q(due_at__lte=now) | Q(state=State.RETURNED) | Q(returns__gte=STUCK_RETURNS)
    return still & _seated(scope, BRANCH, "owners")


def _to_answer(scope: Scope, _now: datetime) -> Q:
    """Supervision orders that wait for the answer of a unit."""
    return Q(answer_due_at__isnull=False) & _seated(scope, UNIT_DESKS, "units")


def _to_approve(scope: Scope, _now: datetime) -> Q:
    """What a unit asked of this person; the waiting requests of a district are few."""
    waiting = Request.objects.filter(state=Request.State.WAITING).order_by()
    rows = waiting.values_list("issue_id", "asked_users")
    ids = [issue for issue, asked in rows if scope.persons & set(asked)]
    return Q(pk__in=ids) if ids else NOTHING


def _called(scope: Scope, _now: datetime) -> Q:
    """Critical matters off hours that nobody has said to have heard of."""
    return Q(called_at__isnull=False) & (_seated(scope, UNIT_STAFF, "units") | _desk(scope))


def _raised(scope: Scope, _now: datetime) -> Q:
    """What a third return or rework raised to this desk and is not handled yet."""
    street = Q(raised_to=Level.STREET) & _seated(scope, NEAR, "streets")
    district = Q(raised_to=Level.DISTRICT) & _seated(scope, FAR, "districts")
    return (street | district) & ~Q(state=State.HANDLED)


TODOS: dict[str, Todo] = {
    todo.key: todo
    for todo in (
        Todo("called", UNIT_STAFF | DISPATCHING, _called),
        Todo("answer", UNIT_DESKS, _to_answer),
        Todo("approve", APPROVING, _to_approve),
        Todo("raised", DISPATCHING, _raised),
        Todo("verify", CELL_ROLES | DISPATCHING | {Role.COMMUNITY_HEAD}, _to_verify),
        Todo("accept", DISPATCHING, _at_desk(State.REPORTED)),
        Todo("dispatch", DISPATCHING, _at_desk(State.PENDING_DISPATCH)),
        Todo("returned", DISPATCHING, _returned),
        Todo("sign", UNIT_STAFF, _at_unit(State.DISPATCHED)),
        Todo("handle", UNIT_STAFF, _at_unit(State.HANDLING)),
        Todo("check", CELL_ROLES | DISPATCHING, _to_check),
        Todo("close", BRANCH | DISPATCHING, _to_close),
        Todo("feed_back", DISPATCHING, _to_feed_back),
        Todo("callback", DISPATCHING, _to_call_back),
        Todo("survey", DISPATCHING, _to_survey, ended=True),
        Todo("spot_check", BRANCH | DISPATCHING, _to_spot_check, ended=True),
        Todo("countersign", BRANCH | DISPATCHING, _to_countersign, ended=True),
        Todo("appeals", APPROVING, _to_approve, ended=True),
        Todo("stuck", BRANCH, _stuck, acts=False),
    )
}
ENDED = frozenset(key for key, todo in TODOS.items() if todo.ended)
# At a desk these are rare: they count among what is to do, but get no figure of their own.
RARE_AT_DESKS = frozenset(
    {
        "verify", "sign", "handle", "check", "close", "feed_back", "appeals", "spot_check",
        "countersign",
    }
)  # fmt: skip
# Rare everywhere: no figure, which would mostly be 0; a line on top when there are any.
RARE = ("called", "answer", "approve", "raised")


def todos_of(scope: Scope) -> list[Todo]:
    """The to-do lists of the scope's posts, in the order of an issue's life."""
    return [todo for todo in TODOS.values() if scope.roles & todo.roles]


def usual_todos_of(scope: Scope) -> list[Todo]:
    """The lists that deserve a figure: a desk's own steps hide those it takes rarely."""
    beside = scope.roles - DISPATCHING
    return [
        todo
        for todo in todos_of(scope)
        if todo.key not in RARE and (todo.key not in RARE_AT_DESKS or beside & todo.roles)
    ]


def rare_todos_of(scope: Scope) -> list[Todo]:
    """The lists of what cannot wait, as far as the scope's posts have them."""
    return [TODOS[key] for key in RARE if scope.roles & TODOS[key].roles]


def narrowing_of(key: str, *, scope: Scope, now: datetime) -> Q:
    """The condition of one list; for `todo` all steps the scope's posts take, for `first` the rare.

    An unknown key narrows to nothing, so that a mistyped address shows no wrong list.
    """
    if key in TODOS:
        return TODOS[key].narrowing(scope, now)
    found, lists = NOTHING, []
    if key == EVERYTHING:
        lists = [todo for todo in todos_of(scope) if todo.acts and not todo.ended]
    elif key == FIRST:
        lists = rare_todos_of(scope)
    for todo in lists:
        found = found | todo.narrowing(scope, now)
    return found
