"""Numbers that people read to each other; not sequential, so that none can be guessed."""

import secrets
from datetime import datetime

from django.conf import settings
from django.utils import timezone

# Without I, L, O, U, 0 and 1: read aloud and typed without doubt.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 5


def new_number(*, at: datetime) -> str:
    """A number such as QH-261121-7K3M9: prefix, local day, 24 million possibilities."""
    day = timezone.localtime(at).strftime("%y%m%d")
    tail = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return f"{settings.NUMBER_PREFIX}-{day}-{tail}"
