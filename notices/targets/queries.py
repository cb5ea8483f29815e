"""Reads on targets."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from notices.channels import CHANNELS
from notices.models import Attempt, Channel, Notice, Target
from notices.secrecy import Unreadable, unseal

# How many notices back a page looks for a success and a failure.
RECENT = 200


@dataclass(frozen=True, slots=True)
class Row:
    """A target as its list shows it. `problem`: why nothing could be sent to it now."""

    target: Target
    address: str
    problem: str
    last_ok: Attempt | None
    last_failed: Attempt | None


def rows() -> list[Row]:
    """All targets with how they are."""
    return [_row(target) for target in Target.objects.all()]


def shown_address(target: Target) -> str:
    """Where a target lies, without the key that its address holds."""
    try:
        address = unseal(target.address)
    except Unreadable:
        return ""
    scheme, _separator, _rest = address.partition("://")
    # In Apprise's addresses even the host may be a key.
    host = "" if target.channel == Channel.APPRISE else urlsplit(address).netloc
    return f"{scheme}://{host}/****" if host else f"{scheme}://****"


def _row(target: Target) -> Row:
    recent = Notice.objects.filter(target=target).order_by("-pk").values("pk")[:RECENT]
    ids = [row["pk"] for row in recent]
    tries = Attempt.objects.filter(notice__in=ids, ended_at__isnull=False).order_by("-at")
    return Row(
        target=target,
        address=shown_address(target),
        problem=_problem(target),
        last_ok=tries.filter(ok=True).first(),
        last_failed=tries.filter(ok=False).first(),
    )


def _problem(target: Target) -> str:
    try:
        CHANNELS[target.channel].check(unseal(target.address))
    except ValidationError as wrong:
        return " ".join(wrong.messages)
    except Unreadable:
        return _("密钥已更换，读不出地址或密钥，请重新填写。")
    return ""
