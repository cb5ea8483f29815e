"""Photos made on the spot, with what real ones carry."""

from io import BytesIO

import pillow_heif
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

pillow_heif.register_heif_opener()

GPS, ORIENTATION, MAKE = 0x8825, 0x0112, 0x010F
DEVICE = "CANARY-CAMERA"


def exif(*, orientation: int = 1) -> Image.Exif:
    """Where and with what it was taken, and how the camera was held."""
    said = Image.Exif()
    said[ORIENTATION] = orientation
    said[MAKE] = DEVICE
    said[GPS] = {1: "N", 2: (31.0, 14.0, 15.0), 3: "E", 4: (121.0, 28.0, 9.0)}
    return said


def picture(*, size=(64, 48), colour="olive") -> Image.Image:
    """Plain, with a red top left corner, so that turning it shows."""
    image = Image.new("RGB", size, colour)
    image.paste("red", (0, 0, size[0] // 3, size[1] // 3))
    return image


def encoded(kind: str = "JPEG", *, size=(64, 48), colour="olive", orientation=1) -> bytes:
    out = BytesIO()
    options = {"lossless": True} if kind == "WEBP" else {}
    picture(size=size, colour=colour).save(
        out, kind, exif=exif(orientation=orientation).tobytes(), **options
    )
    return out.getvalue()


def upload(data: bytes, name: str = "photo.jpg", kind: str = "image/jpeg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, content_type=kind)


def jpeg(**how) -> SimpleUploadedFile:
    return upload(encoded(**how))
