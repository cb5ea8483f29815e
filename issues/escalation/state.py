"""Whether the engine lives, from what it leaves in the database. Reads only.

A backlog is not death: what is old but visibly being worked on is "behind", and
turns into a trouble only when the work makes no progress.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from issues.models import Clock, Pulse
from notices.models import Attempt
from notices.queries import oldest_unsent

SWEEP_PATIENCE = timedelta(minutes=3)
STEP_PATIENCE = timedelta(minutes=3)
NOTICE_PATIENCE = timedelta(minutes=5)
# Younger than this, an attempt to send shows that somebody sends.
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
    oldest notice waits whose time has come. `sweep_took`: steps of the last sweep.
    `sending`: a notice was tried within the last minute. `parked` counts up to PARKED_CAP.
    `audit_problems`: what the last audit found.
    """

    at: datetime
    swept_at: datetime | None = None
    sweep_took: int = 0
    due_since: datetime | None = None
    unsent_since: datetime | None = None
    sending: bool = False
    parked: int = 0
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
        elif self._steps_late and not self.sweep_took:
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
    """The engine at `now`: five queries, each the first row or a capped count of an index."""
    pulses = {pulse.name: pulse for pulse in Pulse.objects.filter(name__in=("sweep", "audit"))}
    sweep, audit = pulses.get("sweep"), pulses.get("audit")
    running = Clock.objects.filter(stopped_at=None).order_by()
    due = running.filter(parked_at=None, next_at__lte=now).order_by("next_at")
    tried = Attempt.objects.order_by("-pk").values_list("at", flat=True).first()
    return EngineState(
        at=now,
        swept_at=sweep.at if sweep else None,
        sweep_took=int(sweep.facts.get("steps", 0)) if sweep else 0,
        due_since=due.values_list("next_at", flat=True).first(),
        unsent_since=oldest_unsent(now),
        sending=tried is not None and now - tried <= AT_WORK,
        parked=running.filter(parked_at__isnull=False)[:PARKED_CAP].count(),
        audited_at=audit.at if audit else None,
        audit_problems=int(audit.facts.get("problems", 0)) if audit else 0,
    )


def running_clocks() -> int:
    """How many limits run: a count over the partial index of running ones."""
    return Clock.objects.filter(stopped_at=None).order_by().count()
