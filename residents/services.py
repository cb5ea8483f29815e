"""Writes on residents' contacts. No error message, log line or repr tells what is in them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from residents import crypto
from residents.models import Contact, Reveal
from residents.phones import normal_phone
from residents.screening import find_phones, refuse_id_numbers

if TYPE_CHECKING:
    from accounts.models import User

NAME_LENGTH = 40
REASON_LENGTHS = range(2, 201)


@dataclass(frozen=True, slots=True)
class Plain:
    """A contact in clear, for one page and one pair of eyes; its repr is empty."""

    name: str = field(repr=False)
    phone: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Erased:
    """What one run erased by one rule: the proof that the rule was kept."""

    rule: str
    contacts: int


@sensitive_variables("name", "phone")
@transaction.atomic
def create_contact(*, phone: str, name: str = "", agreed: Iterable[str], now: datetime) -> Contact:
    """Save how to call a resident back, encrypted.

    `agreed` holds values of Contact.Agreed, at least one: without consent there
    is nothing to keep. Raises ValidationError by field, without the values.
    """
    return Contact.objects.create(
        name_encrypted=crypto.encrypt(_checked_name(name)),
        phone_encrypted=crypto.encrypt(_checked_phone(phone)),
        agreed=_checked_agreement(agreed),
        created_at=now,
    )


@sensitive_variables("reason")
@transaction.atomic
def reveal_contact(
    *, contact: Contact, user: "User", reason: str, allowed: bool, now: datetime
) -> Plain:
    """Write down who looks, when and why; then give name and phone in clear.

    `allowed`: whether this user may look, which the room above knows (PIPL art. 6:
    the least that is needed). Raises PermissionDenied when not, ValidationError
    {"reason": …} without a reason or for an erased contact, crypto.UnreadableError
    when the key is gone.
    """
    if not allowed:
        raise PermissionDenied(_("只有承办人员和值守台可以查看联系方式。"))
    why = _checked_reason(reason)
    current = Contact.objects.select_for_update().get(pk=contact.pk)
    if current.erased_at is not None:
        raise ValidationError({"reason": _("联系方式已按规定清除，无法查看。")})
    Reveal.objects.create(contact=current, user=user, reason=why, at=now)
    return Plain(
        name=crypto.decrypt(current.name_encrypted), phone=crypto.decrypt(current.phone_encrypted)
    )


@transaction.atomic
def erase_contacts(*, contacts: QuerySet[Contact], rule: str, now: datetime) -> Erased:
    """Erase name, phone and agreement of those not erased yet; the rows stay.

    Returns the rule and the count, for the report of the daily job.
    """
    count = contacts.filter(erased_at=None).update(
        name_encrypted="", phone_encrypted="", agreed=[], erased_at=now
    )
    return Erased(rule=rule, contacts=count)


@transaction.atomic
def rotate_contacts() -> int:
    """Encrypt every contact under the first key of CONTACT_KEY; how many there were.

    Afterwards the older keys can be taken out of CONTACT_KEY. All or nothing:
    raises crypto.UnreadableError for a value that no key opens.
    """
    count = 0
    kept = Contact.objects.filter(erased_at=None).select_for_update()
    for contact in kept.iterator(chunk_size=500):
        contact.name_encrypted = crypto.rotate(contact.name_encrypted)
        contact.phone_encrypted = crypto.rotate(contact.phone_encrypted)
        contact.save(update_fields=["name_encrypted", "phone_encrypted"])
        count += 1
    return count


@sensitive_variables("name", "clean")
def _checked_name(name: str) -> str:
    clean = " ".join(name.split())
    if len(clean) > NAME_LENGTH:
        raise ValidationError({"name": _("姓名最多 %(count)s 个字。") % {"count": NAME_LENGTH}})
    try:
        refuse_id_numbers(clean)
    except ValidationError as refusal:
        raise ValidationError({"name": refusal.error_list}) from None
    return clean


@sensitive_variables("phone")
def _checked_phone(phone: str) -> str:
    try:
        return normal_phone(phone)
    except ValidationError as refusal:
        raise ValidationError({"phone": refusal.error_list}) from None


def _checked_agreement(agreed: Iterable[str]) -> list[str]:
    chosen = set(agreed)
    if not chosen or not chosen <= set(Contact.Agreed.values):
        raise ValidationError({"agreed": _("请选择居民同意的联系方式。")})
    return [value for value in Contact.Agreed.values if value in chosen]


@sensitive_variables("reason", "clean")
def _checked_reason(reason: str) -> str:
    clean = " ".join(reason.split())
    if len(clean) not in REASON_LENGTHS:
        raise ValidationError({"reason": _("请写明查看联系方式的理由（2 至 200 个字）。")})
    try:
        refuse_id_numbers(clean)
    except ValidationError as refusal:
        raise ValidationError({"reason": refusal.error_list}) from None
    if find_phones(clean):
        raise ValidationError({"reason": _("理由里不要写电话号码，请删去后再提交。")})
    return clean
