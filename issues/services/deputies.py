"""Who approves what a unit asks for: an ordered list of deputies, never the applicant.

The leader of the matter's field (分管领导), the head (主任), the leader on duty
(带班领导), in the end the district's desk. "Applicant and approver are never one
person" holds by person: neither whoever the applicant stands in for, nor whoever
stands in for the applicant, is asked.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from issues.models import Issue
from issues.services.calling import ON_DUTY
from issues.services.people import (
    DISTRICT,
    LEADERS,
    Found,
    Holder,
    People,
    leaders_of_field,
    leaders_without_field,
)
from partyorgs.models import Leave
from partyorgs.queries import desk_of, leader_on_duty


def _field_leader(people: People, issue: Issue) -> Found:
    return leaders_of_field(people, issue)


def _head(people: People, issue: Issue) -> Found:
    """The street's leaders without a field, else all of them."""
    return leaders_without_field(people, issue) or people.in_area(issue.street_id, LEADERS)


def _on_duty(people: People, issue: Issue) -> Found:
    """The leader on duty of the street at this instant, or the stand-in."""
    desk = desk_of(area=issue.street)
    leader = leader_on_duty(organization=desk, at=people.at) if desk else None
    return [Holder(leader.pk, ON_DUTY)] if leader else []


def _district_desk(people: People, issue: Issue) -> Found:
    return people.in_area(issue.district_id, DISTRICT)


# In the order in which they are asked; the last keeps the request until it is decided.
DEPUTIES: dict[str, Callable[[People, Issue], Found]] = {
    "field_leader": _field_leader,
    "head": _head,
    "leader_on_duty": _on_duty,
    "district_desk": _district_desk,
}
LAST = "district_desk"


@dataclass(frozen=True)
class Deputy:
    """Whose turn it is, and the people whom that means now."""

    key: str
    people: Found

    @property
    def users(self) -> frozenset[int]:
        return frozenset(one.user for one in self.people)


def next_deputy(
    issue: Issue,
    *,
    applicants: Collection[int],
    at: datetime,
    after: str = "",
    asked: Collection[int] = (),
) -> Deputy | None:
    """The first deputy after `after` who can still be asked; None after the last.

    `applicants`: ids of everybody the applicant counts as. A deputy of whom only
    the applicant remains is left out, and so is one whose people were all `asked`
    already: four more hours with the same person would be four hours lost.
    Outside every street only the district's desk is there.
    """
    order = list(DEPUTIES)
    coming = order[order.index(after) + 1 :] if after else order
    found = _found(issue, coming, applicants, at)
    return next((one for one in found if one.users - set(asked)), None)


def last_deputy(issue: Issue, *, applicants: Collection[int], at: datetime) -> Deputy:
    """With whom a request stays: the district's desk; if nobody is there, whoever is anywhere."""
    found = _found(issue, [LAST, *DEPUTIES], applicants, at)
    return next((one for one in found if one.people), Deputy(LAST, []))


def _found(
    issue: Issue, keys: Collection[str], applicants: Collection[int], at: datetime
) -> list[Deputy]:
    """The people of each key, whoever may not decide left out; two or three queries."""
    people = People(at)
    people.load([issue], ["leader", "district_desk"])
    barred = _barred(applicants, at)
    return [
        Deputy(key, [one for one in DEPUTIES[key](people, issue) if one.user not in barred])
        for key in keys
    ]


def _barred(applicants: Collection[int], at: datetime) -> frozenset[int]:
    """The applicant, whoever they stand in for, and whoever stands in for any of these."""
    away = Leave.objects.valid_at(at).filter(stand_in__is_active=True).order_by()
    counted = {*applicants, *away.filter(stand_in__in=applicants).values_list("user_id", flat=True)}
    stand_ins = away.filter(user__in=counted).values_list("stand_in_id", flat=True)
    return frozenset({*counted, *stand_ins})
