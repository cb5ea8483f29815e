"""The hash chain of an issue's events. Plain functions over plain values."""

import hashlib
import json
import secrets
from datetime import UTC, datetime
from typing import Any

from issues.models import Event, Issue


def salt() -> str:
    """128 random bits, so that a short text cannot be guessed from its digest."""
    return secrets.token_hex(16)


def text_digest(text: str, *, salt: str) -> str:
    """SHA-256 of salt and text, in hex."""
    return hashlib.sha256(f"{salt}\n{text}".encode()).hexdigest()


def event_hash(event: Event, *, number: str) -> str:
    """SHA-256, in hex, over everything an event says, the hash before it included."""
    return hashlib.sha256(_canonical(event, number).encode()).hexdigest()


def _canonical(event: Event, number: str) -> str:
    said: dict[str, Any] = {
        "issue": number,
        "seq": event.seq,
        "at": _instant(event.at),
        "verb": event.verb,
        "actor": event.actor_id,
        "post": event.post_id,
        "from": event.from_state,
        "to": event.to_state,
        "unit": event.unit_id,
        "on_behalf_of": event.on_behalf_of_id,
        "facts": event.facts,
        "public": event.public,
        "text": event.text_digest,
        "previous": event.previous_hash,
    }
    return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def append(issue: Issue, event: Event) -> None:
    """Number the event, chain it, and let the issue keep count and last hash."""
    issue.event_count += 1
    event.seq = issue.event_count
    event.previous_hash = issue.last_hash
    event.hash = event_hash(event, number=issue.number)
    issue.last_hash = event.hash
