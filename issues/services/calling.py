"""Who is on duty for an issue: off hours what is critical goes to them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from issues.models import Issue
from issues.services.people import Found, Holder
from issues.services.timing import Timing
from issues.workflow import State
from partyorgs.models import Duty, Organization
from partyorgs.queries import calendar_code_of, duty_of

MINUTE = timedelta(minutes=1)
ON_DUTY = "on_duty"  # the role by which whoever is on duty is told


@dataclass
class Watch:
    """The rosters at one instant: of the unit, else of its street's or district's desk.

    The leader on duty is the street's, else the unit's own, else the district's.
    """

    at: datetime
    timing: Timing
    _desks: dict[int, int] = field(default_factory=dict)
    _duty: dict[int, list[Duty]] = field(default_factory=dict)

    def load(self, issues: Iterable[Issue]) -> None:
        """Read the rosters of these issues' units and desks, in two queries."""
        issues = list(issues)
        if not issues:
            return
        areas = {key for one in issues for key in (one.street_id, one.district_id) if key}
        desks = Organization.objects.filter(
            kind=Organization.Kind.DESK, area_id__in=areas, active=True
        )
        self._desks |= {area: desk for desk, area in desks.values_list("pk", "area_id") if area}
        units = {one.unit_id for one in issues if one.unit_id}
        self._duty |= duty_of(organizations={*units, *self._desks.values()}, at=self.at)

    def off_hours(self, issue: Issue) -> bool:
        """Whether the unit that has it does not work at this instant."""
        calendar = self.timing.calendar(calendar_code_of(issue.unit))
        return not calendar.working_minutes_between(self.at, self.at + MINUTE)

    def first(self, issue: Issue) -> Found:
        """Off hours whoever is called first; in working hours nobody."""
        return self.next(issue) if self.off_hours(issue) else []

    def next(self, issue: Issue, called: Collection[int] = ()) -> Found:
        """The first on the roster who was not called yet; after the last of them the leader."""
        people = [one for one in self._roster(issue) if one.user not in called]
        return people[:1] or self.leader(issue, called)

    def leader(self, issue: Issue, called: Collection[int] = ()) -> Found:
        """The nearest leader on duty who was not called yet."""
        for key in self._chairs(issue.street_id, issue.unit_id, issue.district_id):
            for one in self._duty.get(key, ()):
                if one.leader and one.called_id not in called:
                    return [Holder(one.called_id, ON_DUTY)]
        return []

    def _roster(self, issue: Issue) -> Found:
        keys = [self._desks.get(area or 0, 0) for area in (issue.street_id, issue.district_id)]
        if issue.state != State.RETURNED:
            # What a unit sent back at night is the desk's.
            keys.insert(0, issue.unit_id or 0)
        for key in keys:
            if people := [one for one in self._duty.get(key, ()) if not one.leader]:
                return [Holder(one.called_id, ON_DUTY) for one in people]
        return []

    def _chairs(self, street: int | None, unit: int | None, district: int | None) -> list[int]:
        return [self._desks.get(street or 0, 0), unit or 0, self._desks.get(district or 0, 0)]
