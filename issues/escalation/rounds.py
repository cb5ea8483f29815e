"""One round of the engine: what the task and the command both do."""

import logging
from dataclasses import dataclass
from datetime import datetime

from issues.escalation.reckoning import reckon_all
from issues.escalation.sweep import Swept, sweep

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Round:
    """What a round did: steps, and due times that moved."""

    swept: Swept
    moved: int


def one_round(*, now: datetime) -> Round:
    """Take every rung that has come, then reckon limits whose calendar has changed.

    In this order, and apart: whatever goes wrong with a calendar holds no step up.
    """
    swept = sweep(now=now)
    try:
        moved = reckon_all(now=now)
    except Exception:
        log.exception("limits could not be reckoned anew")
        moved = 0
    return Round(swept, moved)
