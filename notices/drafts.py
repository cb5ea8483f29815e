"""What other rooms hand to the outbox."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from notices.models import Channel

Fact = str | int | bool | None
KIND = re.compile(r"[a-z][a-z_]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A fact to be told to a person, or to the targets of an audience, or to both.

    `key` names the fact, once for all who are told: the room adds receiver and
    channel. `payload` is flat and without personal data. `role` is the plain key of
    the post by which the person is told. `channel` empty: those the person chose.
    `audience`: plain keys such as "org:clean"; targets for everybody hear it too.
    `aspect`: what of the subject it is about, a plain key such as "answer", so that
    `supersede` can take back that alone. `bundle`: waits until `hold_until` and goes
    out with the person's others of that name. `critical` breaks quiet hours and
    limits. After `expires_at` it is not sent.

    Raises ValueError when it could not be stored: SQLite would drop such a row
    in silence where PostgreSQL refuses it.
    """

    kind: str
    subject_key: str
    key: str
    recipient_id: int | None = None
    audience: tuple[str, ...] = ()
    payload: Mapping[str, Fact] = field(default_factory=dict)
    channel: str = ""
    role: str = ""
    aspect: str = ""
    critical: bool = False
    bundle: str = ""
    hold_until: datetime | None = None
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        if not KIND.fullmatch(self.kind):
            raise ValueError(f"{self.kind!r} is no kind: use small letters and underscores.")
        if self.channel and self.channel not in Channel.values:
            raise ValueError(f"{self.channel!r} is no channel of this outbox.")
        if not 0 < len(self.subject_key) <= 80 or not 0 < len(self.key) <= 160:
            raise ValueError("A notice needs a subject key up to 80 and a key up to 160 long.")
        if any(isinstance(value, dict | list | tuple) for value in self.payload.values()):
            raise ValueError("The payload of a notice is flat: texts, numbers, yes or no.")
        self._check_receiver()

    def _check_receiver(self) -> None:
        if self.recipient_id is None and not self.audience:
            raise ValueError("A notice needs a recipient or an audience.")
        if max(len(self.role), len(self.aspect), len(self.bundle)) > 20:
            raise ValueError("Role, aspect and bundle are up to 20 long.")
        if self.bundle and self.hold_until is None:
            raise ValueError("A bundle needs hold_until: the moment it goes out.")

    def stored_key(self, receiver: str, channel: str) -> str:
        """Unique for fact, receiver and channel."""
        return f"{self.key}|{receiver}|{channel}"
