"""How a phone number is written down and how it is shown without telling it."""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from residents.screening import find_phones

LOCAL = re.compile(r"[2-8][0-9]{6,7}")
SHAPE = re.compile(r"[+0-9()\s\-‐‑‒–—―−\u200b-\u200f\u2060\ufeff]{7,40}")
COUNTRY_CODES = {"", "0", "86", "0086", "860", "00860"}


def normal_phone(text: str) -> str:
    """The number as stored: "13812345678", "021-62345678" or, without area code, "62345678".

    Raises ValidationError, without repeating the number, for anything else.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if SHAPE.fullmatch(plain):
        digits = _digits(plain)
        found = find_phones(plain)
        if found and digits.removesuffix(_digits(found[0]).lstrip("0")) in COUNTRY_CODES:
            return found[0]
        if LOCAL.fullmatch(digits):
            return digits
    raise ValidationError(
        _("电话号码不对。请填写 11 位手机号，或带区号的固定电话，例如 021-62345678。"), code="phone"
    )


def mask_phone(phone: str) -> str:
    """138****5678 for a mobile, 021-****5678 for a landline; short ones keep four digits."""
    if len(phone) == 11 and phone.isdigit():
        return f"{phone[:3]}****{phone[-4:]}"
    area, dash, _number = phone.rpartition("-")
    return f"{area}{dash}****{phone[-4:]}" if phone else ""


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)
