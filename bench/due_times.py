"""Due times a second on one core, beside a walk over the minutes in the same run.

Run with `python -m bench.due_times`; needs no database.
"""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from time import perf_counter

from worktime import seed
from worktime.arithmetic import CalendarDay, WorkCalendar

MINUTE = timedelta(minutes=1)
LIMIT = (15, "working_days")
LIMIT_MINUTES = 15 * 8 * 60


def main() -> None:
    """Print a line per way; raises RuntimeError when the ways disagree."""
    print("worktime: a limit of 15 working days from a random minute of 2020-2026")
    began = perf_counter()
    days = seed.days_of(seed.YEARS)
    calendar = WorkCalendar(days=days, spans=seed.SPANS)
    print(f"  calendar of {len(days)} days laid out in {(perf_counter() - began) * 1000:.0f} ms")
    starts = _starts(400_000)
    best = max(_rate(lambda start: calendar.due_at(start, *LIMIT), starts) for _ in range(3))
    explained = _rate(lambda start: calendar.due(start, *LIMIT), starts[:4_000])
    walked = _rate(lambda start: _walk(days, start), starts[:40])
    _report("due_at", best, walked)
    _report("due, explained", explained, walked)
    _report("minute by minute", walked, walked)
    for start in starts[:200]:
        if calendar.due_at(start, *LIMIT) != _walk(days, start):
            raise RuntimeError(f"the walk finds another due time for {start}")


def _starts(count: int) -> list[datetime]:
    chance = random.Random(15)
    first, minutes = datetime(2020, 1, 1, tzinfo=UTC), 7 * 365 * 24 * 60
    return [first + chance.randrange(minutes) * MINUTE for _ in range(count)]


def _rate(due: Callable[[datetime], object], starts: list[datetime]) -> float:
    began = perf_counter()
    for start in starts:
        due(start)
    return len(starts) / (perf_counter() - began)


def _report(name: str, rate: float, peer: float) -> None:
    print(f"  {name:<18}{rate:>12,.0f} a second{rate / peer:>12,.0f} x the walk")


def _walk(days: dict[date, CalendarDay], start: datetime) -> datetime:
    at, missing = start.replace(tzinfo=None) + timedelta(hours=8), LIMIT_MINUTES
    while missing:
        if days[at.date()].works and any(opens <= at.time() < ends for opens, ends in seed.SPANS):
            missing -= 1
        at += MINUTE
    return (at - timedelta(hours=8)).replace(tzinfo=UTC)


if __name__ == "__main__":
    main()
