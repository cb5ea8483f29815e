"""When each part of the engine last did its round."""

from datetime import datetime
from typing import Any

from issues.models import Pulse


def beat(name: str, *, now: datetime, facts: dict[str, Any] | None = None) -> None:
    """Note that this part did its round at `now`, and what it found."""
    Pulse.objects.bulk_create(
        [Pulse(name=name, at=now, facts=facts or {})],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["at", "facts"],
    )
