"""What waits for whom: the to-do lists of each post, as conditions on issues.

The same key names a figure on the home page, the list behind it and its filter.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from issues.who import DISPATCHING, UNIT_DESKS, UNIT_STAFF
from issues.workflow import State
from partyorgs.models import Level, Role
from partyorgs.rules import CELL_ROLES, Scope

BRANCH = frozenset({Role.BRANCH_SECRETARY})
NEAR = frozenset({Role.STREET_DISPATCHER, Role.STREET_LEADER})
FAR = frozenset({Role.DISTRICT_DESK})
NOTHING = Q(pk__in=[])
STUCK_RETURNS = 2
EVERYTHING = "todo"
FIRST = "first"

# The issue's own column beside what a seat reaches by it.
COLUMNS = {
    "districts": "district_id",
    "streets": "street_id",
    "cells": "cell_id",
    "owners": "owner_id",
    "units": "unit_id",
}

Narrowing = Callable[[Scope, datetime], Q]


@dataclass(frozen=True)
class Todo:
    """One to-do list: whose it is and which issues are on it.

    `acts`: a step that the post itself takes; otherwise something to keep an eye on.
    """

    key: str
    roles: frozenset[Role]
    narrowing: Narrowing
    acts: bool = True


def _seated(scope: Scope, roles: frozenset[Role], reach: str) -> Q:
    """Issues that the seats with these roles reach by one of their columns: units, cells, …"""
    seats = [seat for seat in scope.seats if seat.role in roles]
    ids = frozenset[int]().union(*(getattr(seat, reach) for seat in seats))
    return Q(**{f"{COLUMNS[reach]}__in": sorted(ids)}) if ids else NOTHING


def _desk(scope: Scope) -> Q:
    """The street's own; for the district what lies outside every street or was sent to it."""
    own = _seated(scope, NEAR, "streets") | _seated(scope, FAR, "units")
    return own | (_seated(scope, FAR, "districts") & Q(street=None))


def _at_unit(state: State) -> Narrowing:
    return lambda scope, _now: Q(state=state) & _seated(scope, UNIT_STAFF, "units")


def _at_desk(state: State) -> Narrowing:
    return lambda scope, _now: Q(state=state) & _desk(scope)


def _to_check(scope: Scope, _now: datetime) -> Q:
    """A cell's handled issues for its workers; one outside every cell for the desk."""
    mine = _seated(scope, CELL_ROLES, "cells")
    if scope.roles & CELL_ROLES:
        mine |= Q(reporter_id__in=sorted(scope.persons))
    if scope.roles & DISPATCHING:
        mine |= Q(cell=None) & _desk(scope)
    return Q(state=State.HANDLED, checked_at=None) & mine


def _to_close(scope: Scope, _now: datetime) -> Q:
    """Checked issues for their owning branch; one without owner for the desk."""
    owned = _seated(scope, BRANCH, "owners")
    if scope.roles & DISPATCHING:
        owned |= Q(owner=None) & _desk(scope)
    return Q(state=State.HANDLED, checked_at__isnull=False) & owned


def _stuck(scope: Scope, now: datetime) -> Q:
    """A branch's issues that do not move: late, sent back, or sent back again and again."""
    still = Q(due_at__lte=now) | Q(state=State.RETURNED) | Q(returns__gte=STUCK_RETURNS)
    return still & _seated(scope, BRANCH, "owners")


def _to_answer(scope: Scope, _now: datetime) -> Q:
    """Supervision orders that wait for the answer of a unit."""
    return Q(answer_due_at__isnull=False) & _seated(scope, UNIT_DESKS, "units")


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
        Todo("raised", DISPATCHING, _raised),
        Todo("accept", DISPATCHING, _at_desk(State.REPORTED)),
        Todo("dispatch", DISPATCHING, _at_desk(State.PENDING_DISPATCH)),
        Todo("returned", DISPATCHING, _at_desk(State.RETURNED)),
        Todo("sign", UNIT_STAFF, _at_unit(State.DISPATCHED)),
        Todo("handle", UNIT_STAFF, _at_unit(State.HANDLING)),
        Todo("check", CELL_ROLES | DISPATCHING, _to_check),
        Todo("close", BRANCH | DISPATCHING, _to_close),
        Todo("stuck", BRANCH, _stuck, acts=False),
    )
}
# At a desk these are rare: they count among what is to do, but get no figure of their own.
RARE_AT_DESKS = frozenset({"sign", "handle", "check", "close"})
# Rare everywhere: no figure, which would mostly be 0; a line on top when there are any.
RARE = ("called", "answer", "raised")


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
        lists = [todo for todo in todos_of(scope) if todo.acts]
    elif key == FIRST:
        lists = rare_todos_of(scope)
    for todo in lists:
        found = found | todo.narrowing(scope, now)
    return found
