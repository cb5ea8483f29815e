"""Translations compiled without GNU gettext, which a bare machine lacks."""

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings


def compile_messages() -> int:
    """Write each catalogue that is older than its texts; how many were written."""
    written = 0
    for folder in settings.LOCALE_PATHS:
        for source in Path(folder).glob("*/LC_MESSAGES/*.po"):
            target = source.with_suffix(".mo")
            if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
                continue
            with source.open("rb") as texts:
                catalogue = read_po(texts, locale=source.parent.parent.name)
            with target.open("wb") as compiled:
                write_mo(compiled, catalogue)
            written += 1
    return written
