"""Numbers that people read to each other; not sequential, so that none can be guessed."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from random import Random, SystemRandom

from django.conf import settings
from django.utils import timezone

# Without I, L, O, U, 0 and 1: read aloud and typed without doubt.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 5
BY_CHANCE = SystemRandom()
_draws: ContextVar[Random | None] = ContextVar("draws", default=None)


@contextmanager
def drawn_by(rng: Random) -> Iterator[None]:
    """Numbers made inside follow from `rng`: for a demo that is to be the same each time."""
    before = _draws.set(rng)
    try:
        yield
    finally:
        _draws.reset(before)


def tail() -> str:
    """Letters and figures that nobody can guess."""
    rng = _draws.get() or BY_CHANCE
    return "".join(rng.choice(ALPHABET) for _ in range(LENGTH))


def new_number(*, at: datetime) -> str:
    """A number such as QH-261121-7K3M9: prefix, local day, 24 million possibilities."""
    day = timezone.localtime(at).strftime("%y%m%d")
    return f"{settings.NUMBER_PREFIX}-{day}-{tail()}"


def as_written(typed: str) -> str:
    """A number as it is stored; people type it in small letters and with spaces around it."""
    kept, prefix = typed.strip().upper(), settings.NUMBER_PREFIX
    return prefix + kept[len(prefix) :] if kept.startswith(prefix.upper()) else kept
