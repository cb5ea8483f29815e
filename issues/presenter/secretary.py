"""One page for the branch secretary: what is stuck in their cells, what waits to be ended."""

from datetime import datetime
from typing import Any

from django.db.models import Q
from django.urls import reverse

from issues.presenter.pages import list_url, queue_rows
from issues.queries import Row, soonest
from issues.todo import BRANCH, TODOS
from issues.workflow import RULES, State, Verb
from partyorgs.rules import Scope

Fact = dict[str, Any]
STUCK, ENDING = 20, 15


def owned(scope: Scope) -> Q:
    """The issues that the person's branches own."""
    seats = [seat for seat in scope.seats if seat.role in BRANCH]
    return Q(owner_id__in=sorted(frozenset[int]().union(*(seat.owners for seat in seats))))


def stuck_rows(scope: Scope, *, now: datetime) -> tuple[list[Fact], str]:
    """What does not move, each with what a branch can do about it; and the whole list's address."""
    rows = soonest(TODOS["stuck"].narrowing(scope, now), most=STUCK + 1)
    shown = rows[:STUCK]
    facts = [fact | _ways(row) for row, fact in zip(shown, queue_rows(shown, now=now), strict=True)]
    return facts, list_url(todo="stuck") if len(rows) > STUCK else ""


def _ways(row: Row) -> Fact:
    """The owning branch chases and asks for help as far as the rule book's states allow."""
    state, page = State(row["state"]), reverse("issue", args=[row["number"]])
    return {
        "chase": state in RULES[Verb.CHASE].sources,
        "joint_url": f"{page}?open={Verb.ADD_PART}#do-{Verb.ADD_PART}"
        if state in RULES[Verb.ADD_PART].sources
        else "",
    }


def to_close(scope: Scope, *, now: datetime) -> list[Fact]:
    """Checked ones, which the branch closes."""
    waiting = TODOS["close"].narrowing(scope, now) & owned(scope)
    return queue_rows(soonest(waiting, most=ENDING), now=now)


def to_check(scope: Scope, *, now: datetime) -> list[Fact]:
    """Handled ones that nobody has looked at: the reporter, the cell or the branch does."""
    waiting = Q(state=State.HANDLED, checked_at=None) & owned(scope)
    return queue_rows(soonest(waiting, most=ENDING), now=now)
