"""Before and after sending: may it still go, is the attempt on record, how did it end?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from notices.channels.interface import Message, Result
from notices.claiming import LEASE, lock
from notices.models import Attempt, Channel, ChannelChoice, Notice, Target
from notices.quiet import PERSON_PAUSES, WEBHOOK_PAUSES, pause_after
from notices.secrecy import Unreadable, unseal
from notices.wording import message_of

State = Notice.State
ERROR = Attempt._meta.get_field("error").max_length or 300


@dataclass(frozen=True, slots=True)
class Job:
    """A notice on its way, under our lease; without a message when no words could be made."""

    notice: Notice
    attempt: Attempt
    address: str
    message: Message | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """How a person said to be reached by a channel."""

    enabled: bool | None = None
    address: str = ""


def begin(rows: Iterable[Notice], *, now: datetime) -> list[Job]:
    """Look again whether each may go, and write its attempt; those that may.

    One whose lease another sender took over is left to it. One that was settled,
    is too old or has nowhere to go ends here, with its reason.
    """
    leases = {row.pk: row.lease_until for row in rows}
    with transaction.atomic():
        locked = lock(leases).select_related("recipient", "target")
        mine = [row for row in locked if _holds(row, leases)]
        contacts = _contacts(mine)
        parts = _parts(mine, now=now)
        going: list[tuple[Notice, str]] = []
        for row in mine:
            contact = contacts.get((row.recipient_id or 0, row.channel), Contact())
            if ended := _ended(row, contact, parts.get(row.pk), now=now):
                _close(row, *ended)
            elif (address := _address(row, contact)) is None:
                _close(row, State.FAILED, _("没有可用的地址，请在通知设置中填写。"))
            else:
                going.append((row, address))
        tries = _record([row for row, _address in going], now=now)
    return [
        _job(row, attempt, address, parts.get(row.pk, []))
        for (row, address), attempt in zip(going, tries, strict=True)
    ]


@transaction.atomic
def finish(results: Sequence[tuple[Job, Result]], *, now: datetime) -> None:
    """Write how attempts ended, and what becomes of the notices and their parts.

    An attempt is completed even when the lease ran out meanwhile; the notice is
    then in another sender's hands.
    """
    leases = {job.notice.pk: job.notice.lease_until for job, _result in results}
    held = {row.pk: row for row in lock(leases) if _holds(row, leases)}
    good = [job for job, result in results if result.ok]
    if good:
        _arrived(good, held, now=now)
    for job, result in results:
        if not result.ok:
            _failed(job, held.get(job.notice.pk), result, now=now)


def _arrived(jobs: Sequence[Job], held: Mapping[int, Notice], *, now: datetime) -> None:
    Attempt.objects.filter(pk__in=[job.attempt.pk for job in jobs]).update(ended_at=now, ok=True)
    ids = [job.notice.pk for job in jobs if job.notice.pk in held]
    Notice.objects.filter(pk__in=ids).update(
        state=State.SENT, sent_at=now, last_error="", lease_until=None, next_attempt_at=None
    )
    bundles = [pk for pk in ids if held[pk].kind == Notice.BUNDLE]
    if bundles:
        _settle_parts(bundles, State.SENT, sent_at=now)


def _failed(job: Job, row: Notice | None, result: Result, *, now: datetime) -> None:
    error = result.error[:ERROR]
    Attempt.objects.filter(pk=job.attempt.pk).update(ended_at=now, ok=False, error=error)
    if result.disable and job.notice.target_id:
        Target.objects.filter(pk=job.notice.target_id).update(active=False, disabled_reason=error)
    if row is None:
        return
    if row.settled_at is not None:
        _close(row, State.SUPERSEDED, error)
    else:
        _again_or_never(row, result, error, now=now)


def _again_or_never(row: Notice, result: Result, error: str, *, now: datetime) -> None:
    tried = row.attempts - row.earlier_attempts
    pause = pause_after(tried, webhook=row.channel == Channel.WEBHOOK)
    if pause is None or not result.retry or result.disable:
        _close(row, State.FAILED, error)
        return
    row.state, row.lease_until, row.last_error = State.PENDING, None, error
    row.next_attempt_at = now + pause
    row.save(update_fields=["state", "lease_until", "last_error", "next_attempt_at"])


def _holds(row: Notice, leases: Mapping[int, datetime | None]) -> bool:
    """Whether this sender still has the row; a part has no lease."""
    return row.pk in leases and row.state == State.SENDING and row.lease_until == leases[row.pk]


def _contacts(rows: Sequence[Notice]) -> dict[tuple[int, str], Contact]:
    users = {row.recipient_id for row in rows} - {None}
    if not users:
        return {}
    chosen = ChannelChoice.objects.filter(user__in=users)
    return {(one.user_id, one.channel): Contact(one.enabled, one.address) for one in chosen}


def _parts(rows: Sequence[Notice], *, now: datetime) -> dict[int, list[Notice]]:
    """What each bundle still has to tell; its expired parts end here."""
    bundles = [row.pk for row in rows if row.kind == Notice.BUNDLE]
    found: dict[int, list[Notice]] = {pk: [] for pk in bundles}
    if not bundles:
        return found
    waiting = Notice.objects.filter(bundled_into__in=bundles, state=State.PENDING)
    waiting.filter(expires_at__lte=now).update(state=State.EXPIRED)
    for part in waiting.order_by("pk"):
        found[part.bundled_into_id or 0].append(part)
    return found


def _ended(
    row: Notice, contact: Contact, parts: list[Notice] | None, *, now: datetime
) -> tuple[State, str] | None:
    """Why a notice is not sent any more; None when it may go."""
    if row.settled_at is not None or parts == []:
        return State.SUPERSEDED, ""
    if row.expires_at is not None and row.expires_at <= now:
        return State.EXPIRED, row.last_error
    if row.target is not None and not row.target.active:
        return State.FAILED, _("这个群机器人或回调已停用。")
    if row.recipient is not None and not row.recipient.is_active:
        return State.EXPIRED, _("账号已停用。")
    if row.recipient is not None and contact.enabled is False:
        return State.SUPERSEDED, _("收件人已关闭这个渠道。")
    pauses = WEBHOOK_PAUSES if row.channel == Channel.WEBHOOK else PERSON_PAUSES
    if row.attempts - row.earlier_attempts > len(pauses):
        return State.FAILED, _("发送进程多次中断，没有结果。")
    return None


def _address(row: Notice, contact: Contact) -> str | None:
    """Where it goes, opened; None when there is nothing to open."""
    sealed = row.target.address if row.target is not None else contact.address
    try:
        return unseal(sealed) or None
    except Unreadable:
        return None


def _record(rows: Sequence[Notice], *, now: datetime) -> list[Attempt]:
    """Write the attempts before anything leaves, and a lease that covers the sending."""
    lease = now + LEASE
    for row in rows:
        row.attempts += 1
        row.lease_until = row.next_attempt_at = lease
    Notice.objects.filter(pk__in=[row.pk for row in rows]).update(
        attempts=F("attempts") + 1, lease_until=lease, next_attempt_at=lease
    )
    tries = [Attempt(notice=row, number=row.attempts, at=now) for row in rows]
    return Attempt.objects.bulk_create(tries)


def _close(row: Notice, state: State, error: str) -> None:
    row.state, row.last_error = state, error
    row.lease_until = row.next_attempt_at = None
    row.save(update_fields=["state", "last_error", "lease_until", "next_attempt_at"])
    if row.kind == Notice.BUNDLE:
        _settle_parts([row.pk], state)


def _settle_parts(bundles: Sequence[int], state: State, *, sent_at: datetime | None = None) -> None:
    """A part shares the fate of its bundle; those that ended before keep theirs."""
    parts = Notice.objects.filter(bundled_into__in=bundles, state=State.PENDING)
    parts.update(state=state, sent_at=sent_at)


def _job(row: Notice, attempt: Attempt, address: str, parts: Sequence[Notice]) -> Job:
    try:
        return Job(row, attempt, address, message_of(row, parts=parts))
    except Exception as error:  # noqa: BLE001 - a notice without words must not stop the others
        return Job(row, attempt, address, None, type(error).__name__)
