"""Whether the engine lives, from what it leaves in the database. Reads only.

A backlog is not death: what is old but visibly being worked on is "behind", and
turns into a trouble only when the work makes no progress.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from issues.models import Clock, Pulse, Step
from notices.models import Attempt
from notices.queries import oldest_unsent, undelivered_count

SWEEP_PATIENCE = timedelta(minutes=3)
STEP_PATIENCE = timedelta(minutes=3)
NOTICE_PATIENCE = timedelta(minutes=3)
# Younger than this, a step shows that somebody takes steps, an attempt that somebody sends.
AT_WORK = timedelta(minutes=1)
PARKED_CAP = 1000


class Trouble(StrEnum):
    """What is dead; each turns the engine's health red."""

    SWEEP_STOPPED = "sweep_stopped"
    STEPS_STUCK = "steps_stuck"
    NOTICES_STUCK = "notices_stuck"


@dataclass(frozen=True)
class EngineState:
    """The engine at `at`. Instants are None when there is none: never swept, nothing waits.

    `due_since`: since when the oldest due step waits. `unsent_since`: since when the
    oldest notice waits whose time has come. `stepping`: a step was taken within the
    last minute; `sending`: a notice was tried. `parked` counts up to PARKED_CAP,
    `undelivered` up to UNDELIVERED_CAP. `audit_problems`: what the last audit found.
    """

    at: datetime
    swept_at: datetime | None = None
    due_since: datetime | None = None
    unsent_since: datetime | None = None
    stepping: bool = False
    sending: bool = False
    parked: int = 0
    undelivered: int = 0
    audited_at: datetime | None = None
    audit_problems: int = 0

    @property
    def sweeping(self) -> bool:
        """The last sweep is not older than SWEEP_PATIENCE."""
        return self.swept_at is not None and self.at - self.swept_at <= SWEEP_PATIENCE

    @property
    def ok(self) -> bool:
        return not self.troubles

    @property
    def status(self) -> str:
        """ "red" with a trouble, "behind" while a backlog is worked on, else "well"."""
        if self.troubles:
            return "red"
        return "behind" if self._steps_late or self._notices_late else "well"

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        return tuple(self._troubles())

    def _troubles(self) -> Iterator[Trouble]:
        if not self.sweeping:
            yield Trouble.SWEEP_STOPPED
        elif self._steps_late and not self.stepping:
            yield Trouble.STEPS_STUCK
        if self._notices_late and not self.sending:
            yield Trouble.NOTICES_STUCK

    @property
    def _steps_late(self) -> bool:
        return self.due_since is not None and self.at - self.due_since > STEP_PATIENCE

    @property
    def _notices_late(self) -> bool:
        return self.unsent_since is not None and self.at - self.unsent_since > NOTICE_PATIENCE

    def seconds_since(self, instant: datetime | None) -> int | None:
        """How old an instant is, in whole seconds; None for none."""
        return None if instant is None else max(0, int((self.at - instant).total_seconds()))


def engine_state(*, now: datetime) -> EngineState:
    """The engine at `now`: seven queries, each the first row or a capped count of an index."""
    pulses = {pulse.name: pulse for pulse in Pulse.objects.filter(name__in=("sweep", "audit"))}
    sweep, audit = pulses.get("sweep"), pulses.get("audit")
    running = Clock.objects.filter(stopped_at=None).order_by()
    due = running.filter(parked_at=None, next_at__lte=now).order_by("next_at")
    stepped = Step.objects.order_by("-at").values_list("at", flat=True).first()
    # Steps of a sweep bear the instant it began, which may be long ago; its pulse goes on.
    took = sweep is not None and sweep.facts.get("steps", 0) > 0
    tried = Attempt.objects.order_by("-pk").values_list("at", flat=True).first()
    return EngineState(
        at=now,
        swept_at=sweep.at if sweep else None,
        due_since=due.values_list("next_at", flat=True).first(),
        unsent_since=oldest_unsent(now),
        stepping=took or (stepped is not None and now - stepped <= AT_WORK),
        sending=tried is not None and now - tried <= AT_WORK,
        parked=running.filter(parked_at__isnull=False)[:PARKED_CAP].count(),
        undelivered=undelivered_count(now),
        audited_at=audit.at if audit else None,
        audit_problems=int(audit.facts.get("problems", 0)) if audit else 0,
    )


def running_clocks() -> int:
    """How many limits run: a count over the partial index of running ones."""
    return Clock.objects.filter(stopped_at=None).order_by().count()
