"""Photos: checked by content, re-encoded without metadata, named by reports and verbs."""

import hashlib
import warnings
from collections.abc import Sequence
from datetime import datetime, timedelta
from io import BytesIO
from typing import IO
from uuid import UUID

import pillow_heif
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from accounts.models import User
from issues.models import Attachment, Issue

pillow_heif.register_heif_opener()

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 50_000_000
LONGEST_SIDE = 1600  # pixels
QUALITY = 82
FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")
UNUSED_FOR = timedelta(hours=48)
UNUSED_PER_USER = 60


def save_photo(*, uploader: User, upload: IO[bytes], size: int, now: datetime) -> Attachment:
    """Store an uploaded photo as JPEG of at most 1600 px, without EXIF, place or device.

    Raises ValidationError {"file": …}: over 10 MB, no photo, too many pixels, or
    too many photos uploaded and never used.
    """
    if size > MAX_BYTES:
        raise _bad(_("照片超过 10 MB，请换一张小一些的。"))
    unused = Attachment.objects.filter(uploader=uploader, issue=None).count()
    if unused >= UNUSED_PER_USER:
        raise _bad(_("您有太多照片上传后没有使用，请先提交问题，或过两天再传。"))
    encoded, width, height = _encoded(upload)
    attachment = Attachment(
        uploader=uploader,
        digest=hashlib.sha256(encoded).hexdigest(),
        width=width,
        height=height,
        size=len(encoded),
        created_at=now,
    )
    attachment.file.save("photo.jpg", ContentFile(encoded), save=False)
    attachment.save(force_insert=True)
    return attachment


def _encoded(upload: IO[bytes]) -> tuple[bytes, int, int]:
    """JPEG bytes, width and height; the size is checked before a pixel is decoded."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image: Image.Image = Image.open(upload, formats=FORMATS)
            if image.width * image.height > MAX_PIXELS:
                raise _bad(_("照片像素太多，请换一张。"))
            image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            image = ImageOps.exif_transpose(image).convert("RGB")
    except ValidationError:
        raise
    # Decoders meet a broken file with EOFError, TypeError, struct.error and more.
    except Exception as problem:
        raise _bad(_("这个文件不是能识别的照片。请用 JPEG、PNG、WebP 或 HEIC 格式。")) from problem
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    clean = Image.new("RGB", image.size)
    clean.paste(image)
    out = BytesIO()
    clean.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue(), clean.width, clean.height


def _bad(sentence: str) -> ValidationError:
    return ValidationError({"file": sentence})


def own_unused(*, uploader: User, ids: Sequence[UUID | str]) -> list[Attachment]:
    """The uploader's photos with these ids, locked, not yet part of an issue.

    Raises ValidationError {"attachments": …} when one is missing, somebody
    else's, or already in use.
    """
    if not ids:
        return []
    wanted = {_uuid(value) for value in ids}
    found = list(
        Attachment.objects.select_for_update()
        .filter(public_id__in=wanted, uploader=uploader, issue=None)
        .order_by("pk")
    )
    if len(found) != len(wanted):
        raise ValidationError({"attachments": _("有照片找不到或已经用过，请重新上传。")})
    return found


def _uuid(value: UUID | str) -> UUID:
    try:
        return value if isinstance(value, UUID) else UUID(value)
    except ValueError as problem:
        raise ValidationError({"attachments": _("照片编号不对，请重新上传。")}) from problem


def attach(*, issue: Issue, photos: Sequence[Attachment], verb: str) -> None:
    """Make the photos part of the issue. Raises ValidationError past nine an issue."""
    if not photos:
        return
    if issue.attachments.count() + len(photos) > Attachment.MAX_PER_ISSUE:
        raise ValidationError(
            {
                "attachments": _("一个问题最多 %(most)d 张照片。")
                % {"most": Attachment.MAX_PER_ISSUE}
            }
        )
    for photo in photos:
        photo.issue, photo.verb = issue, verb
    Attachment.objects.bulk_update(photos, ["issue", "verb"])


def remove_unused(*, now: datetime) -> int:
    """Delete photos that no report named within 48 hours; how many there were."""
    removed = 0
    for photo in Attachment.objects.filter(issue=None, created_at__lt=now - UNUSED_FOR):
        removed += _remove(photo)
    return removed


@transaction.atomic
def _remove(photo: Attachment) -> int:
    """Delete one photo unless a report named it meanwhile; the file goes after the row."""
    gone, _by_model = Attachment.objects.filter(pk=photo.pk, issue=None).delete()
    if gone:
        transaction.on_commit(lambda: photo.file.delete(save=False))
    return gone
