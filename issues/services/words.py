"""Free text from people: trimmed, bounded, and free of ID numbers."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from residents.screening import refuse_id_numbers

MAX_DESCRIPTION = 2000
MAX_NOTE = 1000
MAX_PLACE = 200
MAX_BASIS = 200


def cleaned(text: str, *, field: str, longest: int) -> str:
    """The text without control characters and outer space.

    Raises ValidationError by field when it is too long or holds an ID number.
    """
    kept = "".join(char for char in text if char in "\n\t" or char.isprintable()).strip()
    if len(kept) > longest:
        raise ValidationError(
            {field: _("最多 %(longest)d 个字，现在有 %(length)d 个，请删短一些。")
             % {"longest": longest, "length": len(kept)}}
        )  # fmt: skip
    try:
        refuse_id_numbers(kept)
    except ValidationError as refused:
        raise ValidationError({field: refused.messages}) from refused
    return kept
