"""The working periods of some years in a row, laid out on the UTC axis.

Plain Python. Instants are whole microseconds since 1970-01-01T00:00Z and spans
are pairs of microseconds since local midnight, so that sums are exact.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_ORDINAL = EPOCH.toordinal()
SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Timeline:
    """Working periods in order; lists of one length, all in microseconds.

    `before[i]` and `reached[i]` are the working time since `first` at
    `starts[i]` and at `ends[i]`. Period 0 is empty and stands at `first`, so
    that every instant from `first` on has a period at or before it.
    """

    first_year: int
    last_year: int
    first: int
    last: int
    starts: list[int]
    ends: list[int]
    before: list[int]
    reached: list[int]


def instant(moment: datetime) -> int:
    """Microseconds since 1970 of an aware datetime; TypeError for a naive one."""
    since = moment - EPOCH
    return since.days * DAY + since.seconds * SECOND + since.microseconds


def moment(at: int) -> datetime:
    """The UTC datetime of an instant."""
    return EPOCH + timedelta(microseconds=at)


def lay_out(
    years: Pair, works: Callable[[int], bool], spans: Sequence[Pair], zone: tzinfo
) -> Timeline:
    """The timeline of the years `years[0]` to `years[1]`, both included.

    `works` says of a proleptic day ordinal whether people work that day;
    `spans` are sorted and do not overlap. A moment is working time when its
    wall clock in `zone` shows a time inside a span of a working day: an hour
    that the clock skips does not count, an hour that it shows twice counts twice.
    """
    first = instant(datetime(years[0], 1, 1, tzinfo=zone))
    last = instant(datetime(years[1] + 1, 1, 1, tzinfo=zone))
    timeline = Timeline(*years, first, last, [first], [first], [0], [0])
    worked = 0
    for stretch in _constant_offsets(first, last, zone):
        for start, end in _periods(stretch, works, spans):
            timeline.starts.append(start)
            timeline.ends.append(end)
            timeline.before.append(worked)
            worked += end - start
            timeline.reached.append(worked)
    return timeline


def _periods(
    stretch: tuple[int, int, int], works: Callable[[int], bool], spans: Sequence[Pair]
) -> Iterator[Pair]:
    first, last, offset = stretch
    for day in range((first + offset) // DAY, (last + offset - 1) // DAY + 1):
        if not works(day + EPOCH_ORDINAL):
            continue
        midnight = day * DAY - offset
        for opens, closes in spans:
            start, end = max(midnight + opens, first), min(midnight + closes, last)
            if start < end:
                yield start, end


def _constant_offsets(first: int, last: int, zone: tzinfo) -> Iterator[tuple[int, int, int]]:
    start, offset = first, _offset(first, zone)
    for at in range(first, last, DAY):
        after = min(at + DAY, last)
        if _offset(after, zone) != offset:
            change = _change(at, after, zone)
            yield start, change, offset
            start, offset = change, _offset(after, zone)
    yield start, last, offset


def _change(low: int, high: int, zone: tzinfo) -> int:
    old = _offset(low, zone)
    while high - low > SECOND:
        middle = low + (high - low) // 2 // SECOND * SECOND
        if _offset(middle, zone) == old:
            low = middle
        else:
            high = middle
    return high


def _offset(at: int, zone: tzinfo) -> int:
    offset = moment(at).astimezone(zone).utcoffset() or timedelta()
    return offset.days * DAY + offset.seconds * SECOND
