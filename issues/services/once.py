"""Once: what the same person sends again with the same key is answered again, not done again."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Self, TypeVar
from uuid import UUID

from django.db import IntegrityError
from django.utils.crypto import salted_hmac

from accounts.models import User
from issues.models import Attachment, Sent
from issues.services.errors import KeyReused

T = TypeVar("T")


@dataclass(frozen=True)
class Sending:
    """One request under the sender's key, with a digest of what it asks."""

    user: User
    key: str
    digest: str
    at: datetime

    @classmethod
    def of(cls, user: User, key: str | None, *what: str, given: Any, at: datetime) -> Self | None:
        """One of a verb: `what` names the target and the verb, `given` comes with it."""
        if not key:
            return None
        return cls(user, key, digest_of([*what, *_content(given)]), at)

    def keep(self, subject: str) -> None:
        """Take the key for good, if the transaction goes through.

        Of two at once the later waits here for the earlier. Raises IntegrityError
        where it is taken.
        """
        Sent.objects.create(
            user=self.user, key=self.key, digest=self.digest, subject=subject, at=self.at
        )

    def earlier(self) -> Sent | None:
        """What came with the key before. Raises KeyReused where it asked for other things."""
        before = Sent.objects.filter(user=self.user, key=self.key).first()
        if before is not None and before.digest != self.digest:
            raise KeyReused
        return before


def once(work: Callable[[], T], *, sending: Sending | None, again: Callable[[Sent], T]) -> T:
    """Do the work, which keeps the key; or answer `again` from what was done the first time.

    The key is asked about only where it is taken: nearly every one is new. Whatever
    goes wrong leaves it free, as `work` is a transaction.
    """
    try:
        return work()
    except IntegrityError:
        sent = sending.earlier() if sending else None
        if sent is None:
            raise
    return again(sent)


def digest_of(said: Sequence[Any]) -> str:
    """A keyed digest of what was sent.

    Keyed, since of a bare one a phone number could be found by trying all of
    them, long after the contact was erased.
    """
    text = json.dumps(said, ensure_ascii=False, default=str)
    return salted_hmac("issues.idempotency", text, algorithm="sha256").hexdigest()


def shown(ids: Sequence[UUID | str]) -> list[str]:
    """Photos count by what they show, not by their ids."""
    if not ids:
        return []
    photos = Attachment.objects.filter(public_id__in=[str(pk) for pk in ids])
    return sorted(photos.values_list("digest", flat=True))


def _content(given: Any) -> list[tuple[str, Any]]:
    """What came with a verb, as far as it was given.

    Not the version: it says what the caller saw, and sent again it is an old one.
    """
    said = {one.name: _tidy(getattr(given, one.name)) for one in fields(given)}
    said.pop("version", None)
    said["attachments"] = shown(said.get("attachments", ()))
    return [(name, value) for name, value in said.items() if value not in ("", None, [])]


def _tidy(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, Mapping):
        return sorted((name, _tidy(one)) for name, one in value.items())
    return [_tidy(one) for one in value] if isinstance(value, Sequence) else value
