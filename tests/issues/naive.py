"""Limits and ladders once more, from the words of the rules and by counting minutes.

Nothing here asks the product: its days are a table of its own, a minute is worked
or it is not, and a limit is over when so many worked minutes have gone by.
Instants are whole minutes since ORIGIN, by the clock on the wall in Shanghai.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import ceil
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
HOUR, DAY = 60, 480  # a working hour, a working day
OFFICE = ((time(8), time(12)), (time(14), time(18)))

# Level: percent of the limit after due, and working minutes after due at least.
LATER = {
    "limit": {2: (50, DAY), 3: (100, 3 * DAY), 4: (200, 5 * DAY)},
    "answer": {2: (100, DAY)},
    "duty": {2: (100, 0)},
    # Four working hours of silence about a return: as long again as the two to decide.
    "decide": {2: (100, 0)},
    "approve": {},
    # What may not lapse: as long again as the three working days, and once more.
    "climbed": {2: (100, 3 * DAY), 3: (200, 6 * DAY)},
    "countersign": {},
    "whistle": {},
}
# A call of the duty, a deputy's turn, a signature and a whistle have no reminder before.
REMINDS = {"limit", "answer", "decide", "climbed"}


class Days:
    """The worked minutes from a day on, each with its number, in their order."""

    def __init__(
        self,
        first: date,
        count: int,
        *,
        works: Callable[[date], bool],
        spans: Iterable[tuple[time, time]] = OFFICE,
    ) -> None:
        self.origin = datetime.combine(first, time())
        worked = [[_minutes(a), _minutes(b)] for a, b in spans]
        self.worked = [
            number * 1440 + minute
            for number in range(count)
            if works(first + timedelta(days=number))
            for minute in range(1440)
            if any(a <= minute < b for a, b in worked)
        ]

    def after(self, start: int, minutes: int) -> int:
        """The first instant at which so many worked minutes have gone by since the start."""
        if not minutes:
            return start
        return self.worked[bisect_left(self.worked, start) + minutes - 1] + 1

    def between(self, a: int, b: int) -> int:
        return bisect_left(self.worked, b) - bisect_left(self.worked, a)

    def works_at(self, at: int) -> bool:
        return self.between(at, at + 1) == 1

    def number(self, moment: datetime) -> int:
        """The instant of a moment; it must be a whole minute."""
        since = moment.astimezone(SHANGHAI).replace(tzinfo=None) - self.origin
        minutes, rest = divmod(since, timedelta(minutes=1))
        assert not rest, moment
        return minutes

    def moment(self, at: int) -> datetime:
        return (self.origin + timedelta(minutes=at)).replace(tzinfo=SHANGHAI)


def _minutes(clock: time) -> int:
    return clock.hour * 60 + clock.minute


@dataclass
class Ladder:
    """When a limit turns yellow, runs out and is escalated."""

    yellow: int
    due: int
    rungs: dict[int, int]


def ladder(
    days: Days,
    start: int,
    *,
    limit: int,
    granted: int | None = None,
    continuous: bool,
    critical: bool,
    use: str = "limit",
) -> Ladder:
    """`limit` is the whole of it; `granted` what a rework got of it."""

    def later(at: int, minutes: int) -> int:
        return at + minutes if continuous else days.after(at, minutes)

    granted = limit if granted is None else granted
    # At 75 % used, in whole minutes rather early than late; in any case a working
    # hour before due, 15 minutes where the clock runs day and night.
    used = min(granted * 3 // 4, granted - (15 if continuous else HOUR))
    yellow, due = later(start, max(0, used)), later(start, granted)
    rungs = {0: yellow} if use in REMINDS else {}
    rungs[1] = due
    for level, (share, least) in LATER[use].items():
        by_share = later(due, ceil(limit * share / 100))
        rungs[level] = by_share if critical else max(by_share, days.after(due, least))
    return Ladder(yellow, due, rungs)
