"""Limits as plain Python: when is something due, when does its light change?

Times are aware datetimes, limits are minutes: of the clock where it runs
continuously, of working time where it does not.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Protocol


class Light(StrEnum):
    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    NONE = "none"


class WorkingTime(Protocol):
    """What a clock asks of a calendar."""

    def add_working_minutes(self, start: datetime, minutes: int) -> datetime: ...

    def working_minutes_between(self, a: datetime, b: datetime) -> int: ...

    def provisional_from(self, start: datetime, at: datetime) -> date | None: ...


YELLOW_SHARE = 75  # percent of the limit
YELLOW_BEFORE_WORKING = 60  # minutes
YELLOW_BEFORE_CONTINUOUS = 15  # minutes
REWORK_SHARE = 25  # percent of the limit that a rework gets at least


@dataclass(frozen=True)
class Limit:
    """An amount of minutes, and whether they run day and night."""

    minutes: int
    continuous: bool


@dataclass(frozen=True)
class Due:
    """When a limit that started at some instant turns yellow and runs out."""

    yellow_at: datetime
    due_at: datetime
    provisional: bool


def start(limit: Limit, *, at: datetime, calendar: WorkingTime) -> Due:
    """Due times of a limit that starts at `at`.

    Yellow comes at 75 % of the limit, and in any case one working hour before
    due (15 minutes where the clock runs day and night).
    """
    # Sums and differences within one zone go by the clock on the wall: UTC has no summer time.
    at = at.astimezone(UTC)
    before = YELLOW_BEFORE_CONTINUOUS if limit.continuous else YELLOW_BEFORE_WORKING
    yellow = max(0, min(limit.minutes * YELLOW_SHARE // 100, limit.minutes - before))
    if limit.continuous:
        return Due(
            yellow_at=at + timedelta(minutes=yellow),
            due_at=at + timedelta(minutes=limit.minutes),
            provisional=False,
        )
    due_at = calendar.add_working_minutes(at, limit.minutes)
    return Due(
        yellow_at=calendar.add_working_minutes(at, yellow) if yellow else at,
        due_at=due_at,
        provisional=calendar.provisional_from(at, due_at) is not None,
    )


@dataclass(frozen=True)
class Rung:
    """When a step of the ladder comes: at yellow, or some time after due.

    After due by `share` percent of the limit, on its own clock, and by `minutes`
    of working time, whichever is later; of what is critical by the share alone.
    """

    at_yellow: bool
    share: int = 0
    minutes: int = 0


def rung_at(
    rung: Rung, due: Due, *, limit: Limit, critical: bool, calendar: WorkingTime
) -> datetime:
    """The instant at which the rung of a clock comes."""
    if rung.at_yellow:
        return due.yellow_at
    share = -(-limit.minutes * rung.share // 100)
    by_share = _after(due.due_at, share, continuous=limit.continuous, calendar=calendar)
    if critical:
        return by_share
    return max(by_share, _after(due.due_at, rung.minutes, continuous=False, calendar=calendar))


def _after(at: datetime, minutes: int, *, continuous: bool, calendar: WorkingTime) -> datetime:
    if not minutes:
        return at
    if continuous:
        return at.astimezone(UTC) + timedelta(minutes=minutes)
    return calendar.add_working_minutes(at, minutes)


def between(a: datetime, b: datetime, *, continuous: bool, calendar: WorkingTime) -> int:
    """Whole minutes of the clock from `a` to `b`; negative when `b` is earlier."""
    if b < a:
        return -between(b, a, continuous=continuous, calendar=calendar)
    if continuous:
        return int((b.astimezone(UTC) - a.astimezone(UTC)).total_seconds() // 60)
    return calendar.working_minutes_between(a, b)


def rework(limit: Limit, *, left: int) -> Limit:
    """The limit after a failed check: the minutes left, at least a quarter of the whole."""
    least = -(-limit.minutes * REWORK_SHARE // 100)
    return Limit(minutes=max(left, least, 1), continuous=limit.continuous)


def light(*, now: datetime, yellow_at: datetime | None, due_at: datetime | None) -> Light:
    """Green, yellow from `yellow_at` on, red from `due_at` on; none without a clock."""
    if due_at is None or yellow_at is None:
        return Light.NONE
    if now >= due_at:
        return Light.RED
    return Light.YELLOW if now >= yellow_at else Light.GREEN
