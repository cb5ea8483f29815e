"""The hash chain of an issue's events. Plain functions over plain values."""

import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from issues.models import Event, EventText, Issue


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


class Fault(StrEnum):
    """What can be wrong with a chain."""

    MISSING = "missing"
    CHANGED = "changed"
    BROKEN = "broken"
    TEXT_CHANGED = "text_changed"
    CUT_OFF = "cut_off"


def faults(issue: Issue, events: Iterable[Event]) -> Iterator[tuple[int, Fault]]:
    """What is wrong with an issue's chain, by the number of the event; nothing when it is whole.

    `events`: all of the issue in order, with their texts. A row that is gone
    leaves a gap or a wrong end; a changed row no longer has its own hash; a
    changed row with a new hash no longer fits the one after it or the issue.
    """
    count, last = 0, ""
    for event in events:
        if event.seq != count + 1:
            yield count + 1, Fault.MISSING
        if event.previous_hash != last:
            yield event.seq, Fault.BROKEN
        if event.hash != event_hash(event, number=issue.number):
            yield event.seq, Fault.CHANGED
        if not _text_fits(event):
            yield event.seq, Fault.TEXT_CHANGED
        count, last = event.seq, event.hash
    if (issue.event_count, issue.last_hash) != (count, last):
        yield count, Fault.CUT_OFF


def _text_fits(event: Event) -> bool:
    """Whether the free text is the one that was written, or was erased by law."""
    kept: EventText | None = getattr(event, "text", None)
    if kept is None or not event.text_digest:
        return kept is None and not event.text_digest
    if kept.erased_at is not None:
        return kept.text == ""
    return text_digest(kept.text, salt=kept.salt) == event.text_digest
