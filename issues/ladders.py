"""Reads of the ladders: which rungs a clock has, and when the next one comes."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from issues import clocks
from issues.models import Clock, Ladder, Rung

USES = {
    Clock.Kind.ANSWER: Ladder.Use.ANSWER,
    Clock.Kind.DUTY: Ladder.Use.DUTY,
    Clock.Kind.DECIDE: Ladder.Use.DECIDE,
    Clock.Kind.APPROVE: Ladder.Use.APPROVE,
    Clock.Kind.CLIMBED: Ladder.Use.CLIMBED,
    Clock.Kind.COUNTERSIGN: Ladder.Use.COUNTERSIGN,
    Clock.Kind.WHISTLE_ANSWER: Ladder.Use.WHISTLE,
    Clock.Kind.WHISTLE_ARRIVE: Ladder.Use.WHISTLE,
    Clock.Kind.WHISTLE_APPROVE: Ladder.Use.WHISTLE,
}


def current_rungs(kind: str) -> list[Rung]:
    """The rungs that a clock of this kind starts with today, lowest first."""
    use = USES.get(Clock.Kind(kind), Ladder.Use.LIMIT)
    rungs = Rung.objects.filter(ladder__use=use, ladder__replaced_at=None)
    return list(rungs.order_by("level"))


def rungs_of(ladders: Iterable[int | None]) -> dict[int, list[Rung]]:
    """The rungs of these versions, lowest first; one query."""
    found: dict[int, list[Rung]] = {}
    for rung in Rung.objects.filter(ladder_id__in=set(ladders)).order_by("ladder_id", "level"):
        found.setdefault(rung.ladder_id, []).append(rung)
    return found


def rung_time(rung: Rung, clock: Clock, calendar: clocks.WorkingTime) -> datetime:
    """When this rung of the clock comes; its shares are of the whole limit, also after a rework."""
    return clocks.rung_at(
        clocks.Rung(rung.base == Rung.Base.YELLOW, rung.share, rung.minutes),
        clocks.Due(clock.yellow_at, clock.due_at, clock.provisional),
        limit=clocks.Limit(clock.limit_minutes, clock.continuous),
        critical=clock.critical,
        calendar=calendar,
    )


def next_rung(rungs: Sequence[Rung], level: int) -> Rung | None:
    """The rung above `level` (-1: the lowest), None at the top."""
    return next((rung for rung in rungs if rung.level > level), None)


def put_on_ladder(clock: Clock, rungs: Sequence[Rung], calendar: clocks.WorkingTime) -> None:
    """Let the clock wait for the rung above its level; the caller saves it."""
    coming = next_rung(rungs, clock.level)
    clock.ladder_id = rungs[0].ladder_id if rungs else None
    clock.next_at = rung_time(coming, clock, calendar) if coming else None


def ladders_in_use() -> list[Ladder]:
    """The version of each use that holds now, with its rungs; the main one first."""
    order = list(Ladder.Use.values)
    found = Ladder.objects.filter(replaced_at=None).prefetch_related("rungs")
    return sorted(found, key=lambda ladder: order.index(ladder.use))


def versions_before(*, most: int = 30) -> list[Ladder]:
    """Versions that hold no more, the latest first, with their rungs."""
    old = Ladder.objects.filter(replaced_at__isnull=False).prefetch_related("rungs")
    return list(old.order_by("-replaced_at", "-pk")[:most])
