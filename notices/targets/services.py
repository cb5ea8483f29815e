"""Writes on targets and allowed hosts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from notices.channels.hosts import check_pattern
from notices.channels.webhook import new_secret
from notices.models import AllowedHost, Channel, Notice, Target
from notices.secrecy import seal
from notices.waking import wake


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What an admin wants of a target. `address` or `secret` None: as stored."""

    name: str
    channel: str
    address: str | None
    secret: str | None
    audience: str = ""
    kinds: Sequence[str] = ()


@transaction.atomic
def add_target(*, wish: Wish, now: datetime) -> tuple[Target, str]:
    """Store a target; the second is the secret made for a webhook, to be shown this once."""
    target = Target(created_at=now)
    shown = _apply(target, wish)
    target.full_clean()
    target.save()
    return target, shown


@transaction.atomic
def change_target(*, target: Target, wish: Wish) -> str:
    """Store a change; the secret made when it became a webhook, to be shown this once."""
    target = Target.objects.select_for_update().get(pk=target.pk)
    shown = _apply(target, wish)
    target.full_clean()
    target.save()
    return shown


@transaction.atomic
def renew_secret(*, target: Target) -> str:
    """Give a webhook another secret, to be shown this once; the old one ends now."""
    secret = new_secret()
    Target.objects.filter(pk=target.pk, channel=Channel.WEBHOOK).update(secret=seal(secret))
    return secret


@transaction.atomic
def switch_on(*, target: Target) -> None:
    """Use a target again."""
    Target.objects.filter(pk=target.pk).update(active=True, disabled_reason="")


@transaction.atomic
def switch_off(*, target: Target) -> None:
    """Use a target no more until somebody switches it on."""
    Target.objects.filter(pk=target.pk, active=True).update(
        active=False, disabled_reason=_("管理员停用。")
    )


@transaction.atomic
def queue_target_test(*, target: Target, now: datetime) -> None:
    """Queue a test notice to a target, at most one a minute."""
    test = Notice(
        kind="test",
        subject_key="notices:",
        channel=target.channel,
        key=f"test:{now:%Y%m%d%H%M}|t{target.pk}|{target.channel}",
        target=target,
        critical=True,
        payload={"number": "TEST", "place": _("测试通知")},
        due_at=now,
        next_attempt_at=now,
        created_at=now,
    )
    Notice.objects.bulk_create([test], ignore_conflicts=True)
    transaction.on_commit(wake)


@transaction.atomic
def allow_host(*, pattern: str, note: str) -> AllowedHost:
    """Let targets lie on a host. Raises ValidationError, saying what to write."""
    host = AllowedHost(pattern=check_pattern(pattern), note=note)
    host.full_clean()
    host.save()
    return host


@transaction.atomic
def forget_host(*, host: AllowedHost) -> None:
    """Call a host no more; targets that lie on it fail from now on."""
    AllowedHost.objects.filter(pk=host.pk).delete()


def _apply(target: Target, wish: Wish) -> str:
    turned = wish.channel != target.channel
    target.name, target.channel = wish.name, wish.channel
    target.audience, target.kinds = wish.audience, list(wish.kinds)
    if wish.address is not None:
        target.address = seal(wish.address)
    if wish.channel == Channel.WEBHOOK:
        # Ours to make: a signing secret that people think up is short.
        if not turned and target.secret:
            return ""
        secret = new_secret()
        target.secret = seal(secret)
        return secret
    if wish.secret is not None or turned:
        target.secret = seal(wish.secret or "")
    return ""
