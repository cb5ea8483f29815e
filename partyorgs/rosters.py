"""Rosters as pages show them: who is on duty now, and day by day what comes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import groupby

from django.utils import timezone

from partyorgs.models import Duty, Leave, Organization
from partyorgs.services import DutyDraft


@dataclass(frozen=True)
class Called:
    """A person on a roster; `instead` is the name of whoever stands in then, "" for nobody."""

    name: str
    instead: str = ""
    note: str = ""
    duty_id: int | None = None


@dataclass(frozen=True)
class ShiftRow:
    """One shift: who is called, the first first, and who leads."""

    starts: datetime
    ends: datetime
    running: bool
    people: tuple[Called, ...]
    leaders: tuple[Called, ...]

    @property
    def next_day(self) -> bool:
        """Whether it goes on past midnight."""
        return self.ends.date() > self.starts.date()


@dataclass(frozen=True)
class DayRow:
    """A day with its shifts."""

    date: date
    today: bool
    shifts: tuple[ShiftRow, ...]


@dataclass
class Roster:
    """An organization's roster from now on, and whether the reader may write it."""

    organization: Organization
    now: list[ShiftRow] = field(default_factory=list)
    days: list[DayRow] = field(default_factory=list)
    keeps: bool = False


def rosters_of(
    *, organizations: Collection[Organization], days: int, now: datetime
) -> dict[int, Roster]:
    """The rosters of the coming days, today included, by the organizations' ids; two queries."""
    until = _midnight(timezone.localtime(now).date() + timedelta(days=days))
    rows = list(
        Duty.objects.filter(
            organization__in=organizations, ends__gt=now, starts__lt=until, user__is_active=True
        )
        .select_related("user")
        .order_by("organization_id", "starts", "ends", "leader", "position", "pk")
    )
    leaves = _leaves({row.user_id for row in rows}, now, until)
    found = {organization.pk: Roster(organization) for organization in organizations}
    for key, group in groupby(rows, key=lambda row: row.organization_id):
        shifts = _shifts(group, leaves, now)
        found[key].now = [shift for shift in shifts if shift.running]
        found[key].days = days_of(shifts, now=now)
    return found


def planned(*, drafts: Iterable[DutyDraft], now: datetime) -> list[DayRow]:
    """Shifts that are not stored yet, as the roster they will make."""
    rows = [
        Duty(
            user=draft.user, starts=draft.starts, ends=draft.ends, position=draft.position,
            leader=draft.leader, note=draft.note,
        )
        for draft in drafts
    ]  # fmt: skip
    rows.sort(key=lambda row: (row.starts, row.ends, row.leader, row.position))
    return days_of(_shifts(rows, [], now), now=now)


def days_of(shifts: Sequence[ShiftRow], *, now: datetime) -> list[DayRow]:
    """Shifts by the day on which they begin."""
    today = timezone.localtime(now).date()
    return [
        DayRow(day, day == today, tuple(group))
        for day, group in groupby(shifts, key=lambda shift: shift.starts.date())
    ]


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _leaves(users: set[int], since: datetime, until: datetime) -> list[Leave]:
    if not users:
        return []
    leaves = Leave.objects.filter(
        user_id__in=users, valid_from__lt=until, valid_until__gt=since, stand_in__is_active=True
    )
    return list(leaves.select_related("stand_in"))


def _shifts(rows: Iterable[Duty], leaves: list[Leave], now: datetime) -> list[ShiftRow]:
    found = []
    for (starts, ends), group in groupby(rows, key=lambda row: (row.starts, row.ends)):
        people = list(group)
        running = starts <= now < ends
        # Whoever stands in at the shift's beginning; of a running one, now.
        at = now if running else starts
        called = [(row.leader, _called(row, leaves, at)) for row in people]
        found.append(
            ShiftRow(
                timezone.localtime(starts), timezone.localtime(ends), running,
                tuple(one for leads, one in called if not leads),
                tuple(one for leads, one in called if leads),
            )
        )  # fmt: skip
    return found


def _called(row: Duty, leaves: list[Leave], at: datetime) -> Called:
    standing = (leave for leave in leaves if leave.user_id == row.user_id and leave.valid_at(at))
    leave = next(standing, None)
    instead = str(leave.stand_in) if leave else ""
    return Called(str(row.user), instead, row.note, row.pk)
