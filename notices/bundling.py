"""What waits for one person goes out as one message, and not too often.

Everything here runs inside the transaction that claims, with the persons' rows
locked: one sender at a time speaks to a person.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min

from notices.expanding import USUAL, quiet_hours
from notices.models import PERSONAL, Channel, Notice
from notices.quiet import quiet_until

WINDOW = timedelta(minutes=15)
# Ordinary messages to one person in a window; the rest waits and is bundled.
MOST = {Channel.SMS.value: 5, Channel.EMAIL.value: 10}
# Parts of one message; more wait for the next.
PARTS = 500

Group = tuple[int | None, str, str]


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a person was told in the window, and when the first of it was."""

    count: int
    since: datetime | None


def group_of(row: Notice) -> Group:
    """Rows of one group go out together: person, channel and bundle."""
    return row.recipient_id, row.channel, row.bundle


def fresh(row: Notice) -> bool:
    """Whether an ordinary notice to a person may still become part of a bundle.

    One that was tried, or claimed by a sender that died, keeps its key: it stays
    by itself.
    """
    return (
        row.state == Notice.State.PENDING
        and row.channel in PERSONAL
        and not row.critical
        and row.attempts == 0
        and row.kind != Notice.BUNDLE
    )


def hold_quiet(rows: Sequence[Notice], *, now: datetime) -> list[Notice]:
    """Put off what may not be told in the quiet hours of its person; the others."""
    ordinary = {row.recipient_id for row in rows if row.channel in PERSONAL and not row.critical}
    spans = quiet_hours(ordinary)
    passed: list[Notice] = []
    for row in rows:
        starts, ends = spans.get(row.recipient_id or 0, USUAL)
        morning = quiet_until(now, starts=starts, ends=ends)
        if morning is None or row.recipient_id not in ordinary or row.critical:
            passed.append(row)
        else:
            _put_off([row], until=morning)
    return passed


def told_lately(users: Iterable[int | None], *, now: datetime) -> dict[tuple[int, str], Spoken]:
    """The ordinary messages of the last window, and those on their way, by person and channel."""
    mine = Notice.objects.filter(
        recipient__in=set(users), channel__in=PERSONAL, critical=False, bundled_into=None
    ).order_by()
    sent = mine.filter(sent_at__gt=now - WINDOW).values_list("recipient_id", "channel")
    found = {
        (user, channel): Spoken(count, since)
        for user, channel, count, since in sent.annotate(Count("pk"), Min("sent_at"))
        if user is not None
    }
    leaving = mine.filter(state=Notice.State.SENDING).values_list("recipient_id", "channel")
    for user, channel, count in leaving.annotate(Count("pk")):
        before = found.get((user or 0, channel), Spoken(0, None))
        found[(user or 0, channel)] = Spoken(before.count + count, before.since)
    return found


def throttle(groups: Mapping[Group, list[Notice]], *, now: datetime) -> list[Group]:
    """The groups that may speak now; the rows of the others are put off."""
    told = told_lately((user for user, _channel, _bundle in groups), now=now)
    speaking: list[Group] = []
    room: dict[tuple[int, str], int] = {}
    for group, rows in groups.items():
        mouth = (group[0] or 0, group[1])
        spoken = told.get(mouth, Spoken(0, None))
        left = room.setdefault(mouth, MOST[group[1]] - spoken.count)
        if left > 0:
            speaking.append(group)
            room[mouth] = left - 1
        else:
            until = (spoken.since or now) + WINDOW
            _put_off(rows, until=max(until, now + timedelta(seconds=30)))
    return speaking


def gather(groups: Iterable[Group], *, now: datetime) -> dict[Group, list[Notice]]:
    """All that is due of these groups, locked, oldest first; at most PARTS of each."""
    wanted = set(groups)
    found: dict[Group, list[Notice]] = {group: [] for group in wanted}
    due = Notice.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        recipient__in={user for user, _channel, _bundle in wanted},
        channel__in={channel for _user, channel, _bundle in wanted},
        state=Notice.State.PENDING,
        next_attempt_at__lte=now,
        critical=False,
        attempts=0,
        bundled_into=None,
    )
    for row in due.exclude(kind=Notice.BUNDLE).order_by("pk")[: PARTS * len(wanted)]:
        group = found.get(group_of(row))
        if group is not None and len(group) < PARTS:
            group.append(row)
    return found


def combine(parts: list[Notice], *, now: datetime, **state: object) -> Notice:
    """Store the notice that speaks for the parts; they wait for its fate."""
    first = parts[0]
    whole = Notice.objects.create(
        kind=Notice.BUNDLE,
        subject_key="notices:",
        recipient_id=first.recipient_id,
        channel=first.channel,
        key=f"bundle:{first.pk}|{first.recipient_id}|{first.channel}",
        role=first.role,
        bundle=first.bundle,
        due_at=min((part.due_at or now) for part in parts),
        created_at=now,
        **state,
    )
    Notice.objects.filter(pk__in=[part.pk for part in parts]).update(
        bundled_into=whole, next_attempt_at=None
    )
    return whole


def _put_off(rows: list[Notice], *, until: datetime) -> None:
    """Its time comes later, so it does not count as undelivered meanwhile.

    One whose lease ran out is nobody's any more.
    """
    for row in rows:
        row.state, row.lease_until, row.next_attempt_at = Notice.State.PENDING, None, until
        if not row.attempts:
            row.due_at = until
    Notice.objects.bulk_update(rows, ["state", "lease_until", "next_attempt_at", "due_at"])
