"""Contact data at rest: Fernet (AES-128-CBC with HMAC-SHA-256) under keys of its own."""

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class UnreadableError(Exception):
    """A stored value fits none of the keys; the message never tells the value."""


def encrypt(text: str) -> str:
    """The text under the first key of CONTACT_KEY; nothing stays nothing."""
    return _box(settings.CONTACT_KEY).encrypt(text.encode()).decode() if text else ""


def decrypt(token: str) -> str:
    """The text of a token made under any key of CONTACT_KEY. Raises UnreadableError."""
    if not token:
        return ""
    try:
        return _box(settings.CONTACT_KEY).decrypt(token.encode()).decode()
    except InvalidToken:
        raise UnreadableError("No key of CONTACT_KEY opens this value.") from None


def rotate(token: str) -> str:
    """The same text under the first key. Raises UnreadableError."""
    if not token:
        return ""
    try:
        return _box(settings.CONTACT_KEY).rotate(token.encode()).decode()
    except InvalidToken:
        raise UnreadableError("No key of CONTACT_KEY opens this value.") from None


@lru_cache(maxsize=4)
def _box(keys: str) -> MultiFernet:
    secrets = [part.strip() for part in keys.split(",") if part.strip()]
    if not secrets:
        raise ImproperlyConfigured("CONTACT_KEY is empty: contact data needs a key.")
    return MultiFernet([_fernet(secret) for secret in secrets])


def _fernet(secret: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"gezhi contact data 1")
    return Fernet(base64.urlsafe_b64encode(derived.derive(secret.encode())))
