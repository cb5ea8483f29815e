"""What the outbox's tests share: a receiver that remembers, persons with addresses."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from accounts import services as accounts
from accounts.models import User
from notices import services
from notices.channels import CHANNELS
from notices.channels.interface import Message, Result
from notices.models import ChannelChoice, Target
from notices.secrecy import seal

SHANGHAI = ZoneInfo("Asia/Shanghai")
# A Tuesday morning, outside of quiet hours.
NOW = datetime(2026, 3, 10, 9, 0, tzinfo=SHANGHAI)
NIGHT = datetime(2026, 3, 10, 23, 30, tzinfo=SHANGHAI)
MORNING = datetime(2026, 3, 11, 7, 0, tzinfo=SHANGHAI)
FACTS = {
    "number": "QH-261121-7K3M9",
    "category_zh": "井盖破损",
    "category_en": "Broken manhole cover",
    "place": "兰亭苑3号楼",
}
SUBJECT = "issue:QH-261121-7K3M9"


class Receiver:
    """Stands in the registry in place of a channel, for the mechanics of the outbox."""

    fields = ()

    def __init__(self, key: str) -> None:
        self.key = key
        self.got: list[tuple[Message, str]] = []
        self.answer: Callable[[Message], Result] = lambda _message: Result(ok=True)

    def send(self, message: Message, address: str, target: Target | None) -> Result:
        self.got.append((message, address))
        return self.answer(message)

    @property
    def keys(self) -> list[str]:
        return [message.key for message, _address in self.got]


def listen(monkeypatch, key: str) -> Receiver:
    receiver = Receiver(key)
    monkeypatch.setitem(CHANNELS, key, receiver)
    return receiver


def person(name: str = "li.qiang", **channels: bool | None) -> User:
    """A person; `email=True` gives an address and turns the channel on."""
    user = accounts.create_user(username=name, password=None, now=NOW)
    for channel, enabled in channels.items():
        address = f"{name}@example.cn" if channel == "email" else "13912345678"
        ChannelChoice.objects.create(
            user=user, channel=channel, enabled=enabled, address=seal(address)
        )
    return user


def group(name: str = "群", channel: str = "wecom", **more) -> Target:
    fields = {"address": seal("https://bot.example.cn/x"), "created_at": NOW} | more
    return Target.objects.create(name=name, channel=channel, **fields)


def draft(user: User | None = None, key: str = "fact", **more) -> services.Draft:
    facts = {
        "kind": "dispatched", "subject_key": SUBJECT, "payload": FACTS, "key": key,
        "recipient_id": user.pk if user else None,
    }  # fmt: skip
    return services.Draft(**{**facts, **more})


def tell(*drafts: services.Draft, now: datetime = NOW) -> None:
    services.queue(notices=drafts, now=now)
