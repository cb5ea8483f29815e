"""From a draft to rows: one for each receiver and channel, each with its time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time

from django.db.models import BooleanField, Q, Value

from notices.drafts import Draft
from notices.models import PERSONAL, Channel, ChannelChoice, Notice, QuietHours, RoleChannel, Target
from notices.quiet import quiet_until

# More ids than these are not named one by one: then all choices are read.
NAMED = 5000
Span = tuple[time, time]
USUAL: Span = (QuietHours.STARTS, QuietHours.ENDS)


@dataclass(slots=True)
class Preferences:
    """What the persons of some drafts chose, read at once.

    `choices`: whether a channel is on, by person and channel; only with an address.
    """

    choices: dict[int, dict[str, bool | None]] = field(default_factory=dict)
    defaults: set[tuple[str, str]] = field(default_factory=set)
    quiet: dict[int, Span] = field(default_factory=dict)

    def channels(self, draft: Draft) -> list[str]:
        """Those by which a person is told beside the product."""
        chosen = self.choices.get(draft.recipient_id or 0, {})
        return [
            channel
            for channel, enabled in sorted(chosen.items())
            if enabled or (enabled is None and (draft.role, channel) in self.defaults)
        ]

    def time_of(self, draft: Draft, channel: str, now: datetime) -> datetime:
        """When the notice may be told: after `hold_until` and, if ordinary, quiet hours."""
        at = max(draft.hold_until or now, now)
        if channel not in PERSONAL or draft.critical:
            return at
        starts, ends = self.quiet.get(draft.recipient_id or 0, USUAL)
        return quiet_until(at, starts=starts, ends=ends) or at


def rows_of(drafts: Sequence[Draft], *, now: datetime) -> list[Notice]:
    """The notices of the drafts, not stored yet, each key once.

    Whatever the number of drafts: one query when nobody gave an address and no
    target listens, at most four when some do.
    """
    choices, targets = _listening(drafts)
    preferences = _preferences(drafts, choices)
    rows = {row.key: row for draft in drafts for row in _personal(draft, preferences, now)}
    if targets:
        rows |= {row.key: row for row in _grouped(drafts, targets, preferences, now)}
    return list(rows.values())


def _listening(drafts: Iterable[Draft]) -> tuple[dict[int, dict[str, bool | None]], list[int]]:
    """Who may be told beside the product: persons with an address, and targets, in one query.

    Drafts with a channel of their own ask nothing.
    """
    users = {d.recipient_id for d in drafts if d.recipient_id is not None and not d.channel}
    audiences = {key for draft in drafts for key in draft.audience}
    choices = ChannelChoice.objects.exclude(address="").exclude(enabled=False).order_by()
    persons = choices.filter(user__in=users) if len(users) <= NAMED else choices
    found: dict[int, dict[str, bool | None]] = {}
    listening: list[int] = []
    heard = (
        Target.objects.filter(Q(audience="") | Q(audience__in=audiences), active=True)
        .order_by()
        .annotate(enabled=Value(None, output_field=BooleanField(null=True)))
        .values_list("pk", "channel", "enabled")
    )
    rows = persons.values_list("user_id", "channel", "enabled")
    asked = ([rows] if users else []) + ([heard] if audiences else [])
    if not asked:
        return found, listening
    for number, channel, enabled in asked[0].union(*asked[1:], all=True):
        if channel in PERSONAL:
            found.setdefault(number, {})[channel] = enabled
        else:
            listening.append(number)
    return found, listening


def _preferences(
    drafts: Iterable[Draft], choices: dict[int, dict[str, bool | None]]
) -> Preferences:
    found = Preferences(choices)
    if any(enabled is None for chosen in choices.values() for enabled in chosen.values()):
        found.defaults = set(RoleChannel.objects.order_by().values_list("role", "channel"))
    external = {draft.recipient_id for draft in drafts if draft.channel in PERSONAL}
    found.quiet = quiet_hours(external | choices.keys())
    return found


def quiet_hours(users: Iterable[int | None]) -> dict[int, Span]:
    """The quiet hours of those users who chose their own; no query without users."""
    ids = set(users) - {None}
    if not ids:
        return {}
    rows = QuietHours.objects.filter(user__in=ids) if len(ids) <= NAMED else QuietHours.objects
    return {
        user: (starts, ends) for user, starts, ends in rows.values_list("user_id", "starts", "ends")
    }


def _personal(draft: Draft, preferences: Preferences, now: datetime) -> Iterator[Notice]:
    if draft.recipient_id is None:
        return
    several = [Channel.IN_APP, *preferences.channels(draft)]
    for channel in [draft.channel] if draft.channel else several:
        at = preferences.time_of(draft, channel, now)
        key = draft.stored_key(str(draft.recipient_id), channel)
        row = _row(draft, channel=channel, key=key, at=at, now=now)
        row.recipient_id = draft.recipient_id
        yield row


def _grouped(
    drafts: Iterable[Draft], ids: Iterable[int], preferences: Preferences, now: datetime
) -> Iterator[Notice]:
    """Rows for the targets whose audience and kinds fit a draft."""
    targets = list(Target.objects.filter(pk__in=ids))
    for draft in drafts:
        for target in targets:
            if not _concerns(draft, target):
                continue
            at = preferences.time_of(draft, target.channel, now)
            key = draft.stored_key(f"t{target.pk}", target.channel)
            row = _row(draft, channel=target.channel, key=key, at=at, now=now)
            row.target_id = target.pk
            yield row


def _concerns(draft: Draft, target: Target) -> bool:
    if not draft.audience or (target.kinds and draft.kind not in target.kinds):
        return False
    return not target.audience or target.audience in draft.audience


def _row(draft: Draft, *, channel: str, key: str, at: datetime, now: datetime) -> Notice:
    """A notice in the product is delivered by being stored, unless it waits."""
    delivered = channel == Channel.IN_APP and at <= now
    return Notice(
        kind=draft.kind,
        subject_key=draft.subject_key,
        channel=channel,
        key=key,
        payload=dict(draft.payload),
        role=draft.role,
        aspect=draft.aspect,
        critical=draft.critical,
        bundle=draft.bundle,
        state=Notice.State.SENT if delivered else Notice.State.PENDING,
        attempts=1 if delivered else 0,
        due_at=None if delivered else at,
        next_attempt_at=None if delivered else at,
        expires_at=draft.expires_at,
        created_at=now,
        sent_at=now if delivered else None,
    )
