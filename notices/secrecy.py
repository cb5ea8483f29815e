"""Addresses and keys of channels at rest: Fernet under keys derived from SECRET_KEY.

These are ways to reach people at work and groups, not contacts of residents:
those have a key of their own, in another room.
"""

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Unreadable(Exception):
    """A sealed text fits none of the keys; the message never tells the text."""


def seal(text: str) -> str:
    """The text under the key of SECRET_KEY; nothing stays nothing."""
    return _box(_secrets()).encrypt(text.encode()).decode() if text else ""


def unseal(token: str) -> str:
    """The text sealed under SECRET_KEY or one of SECRET_KEY_FALLBACKS. Raises Unreadable."""
    if not token:
        return ""
    try:
        return _box(_secrets()).decrypt(token.encode()).decode()
    except InvalidToken:
        raise Unreadable("No key of SECRET_KEY or its fallbacks opens this value.") from None


def _secrets() -> tuple[str, ...]:
    return (str(settings.SECRET_KEY), *map(str, settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=4)
def _box(secrets: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([_fernet(secret) for secret in secrets])


def _fernet(secret: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"gezhi notice channels 1")
    return Fernet(base64.urlsafe_b64encode(derived.derive(secret.encode())))
