"""Finds personal numbers in free text, however they are spaced or typed."""

import re
import unicodedata
from collections.abc import Iterator
from datetime import date

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

GAP = r"[\s\-‐‑‒–—―−.·•_\u200b-\u200f\u2060\ufeff]"
# Bounded gaps and no nesting: the time stays in proportion to the text.
DIGIT_RUN = re.compile(rf"[0-9](?:{GAP}{{0,3}}[0-9])*(?:{GAP}{{0,3}}[Xx])?")
GAPS = re.compile(GAP)
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS = "10X98765432"

BREAK = r"[ \t\-‐‑‒–—―−\u200b-\u200f\u2060\ufeff]{0,2}"
COUNTRY = rf"(?:(?:\+|00)?86{BREAK})?"
MOBILE = re.compile(rf"(?<![0-9.]){COUNTRY}(1{BREAK}[3-9](?:{BREAK}[0-9]){{9}})(?![0-9])")
LANDLINE = re.compile(
    rf"(?<![0-9.])(?:{COUNTRY}\(?0|(?:\+|00)86{BREAK}\(?)(10|2[0-9]|[3-9][0-9]{{2}})\)?"
    rf"{BREAK}([2-8][0-9]{{2,3}}{BREAK}[0-9]{{4}})(?![0-9])"
)


def refuse_id_numbers(text: str) -> None:
    """Raise ValidationError when a resident ID number stands in the text.

    GB 11643-1999: 18 characters, digits 7 to 14 a date of birth, the last one
    an ISO 7064 MOD 11-2 check character. The message does not repeat it.
    """
    if has_id_number(text):
        raise ValidationError(
            _("文字里有身份证号码。为保护个人信息，请删去号码后再提交；办理这件事不需要它。"),
            code="id_number",
        )


def has_id_number(text: str) -> bool:
    """Whether a valid ID number stands in the text, also spaced or in full-width digits."""
    return any(_is_id_number(candidate) for candidate in _candidates(text))


def find_phones(text: str) -> list[str]:
    """Phone numbers in the text, each once, in reading order.

    Mobiles as 11 digits, landlines as "021-62345678"; without country code.
    Short service numbers such as 110 or 12345 are nobody's own and left alone.
    """
    plain = unicodedata.normalize("NFKC", text)
    found = [(match.start(), _digits(match[1])) for match in MOBILE.finditer(plain)]
    found += [
        (match.start(), f"0{match[1]}-{_digits(match[2])}") for match in LANDLINE.finditer(plain)
    ]
    return list(dict.fromkeys(number for _start, number in sorted(found)))


def without_phone(text: str, phone: str) -> str:
    """The text without this number, one of `find_phones(text)`, however it is typed there."""
    # One character for one, so that what is found stands at the same place in the text.
    alike = "".join(_narrow(char) for char in text)
    spans = [
        match.span()
        for pattern in (MOBILE, LANDLINE)
        for match in pattern.finditer(alike)
        if find_phones(match[0]) == [phone]
    ]
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + text[end:]
    return re.sub(r"[ \t]{2,}", " ", text).strip()


def _narrow(char: str) -> str:
    plain = unicodedata.normalize("NFKC", char)
    return plain if len(plain) == 1 else char


def _candidates(text: str) -> Iterator[str]:
    plain = unicodedata.normalize("NFKC", text)
    for run in DIGIT_RUN.findall(plain):
        packed = GAPS.sub("", run).upper()
        for start in range(len(packed) - 17):
            yield packed[start : start + 18]


def _is_id_number(candidate: str) -> bool:
    try:
        born = date(int(candidate[6:10]), int(candidate[10:12]), int(candidate[12:14]))
    except ValueError:
        return False
    if not 1850 <= born.year < 2100:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(candidate[:17], WEIGHTS, strict=True))
    return CHECK_CHARACTERS[total % 11] == candidate[17]


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)
