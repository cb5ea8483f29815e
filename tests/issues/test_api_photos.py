"""Photos: taken by content, stored without place and device, shown to whoever sees the issue."""

import zlib
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from issues.models import Attachment
from tests import world as w
from tests.callers import PROBLEM, person
from tests.photos import DEVICE, encoded, jpeg, upload

RED = (254, 0, 0)


def stored(answer):
    return Attachment.objects.get(public_id=answer.json()["id"])


def pixels(attachment):
    with attachment.file.open("rb") as file:
        image = Image.open(BytesIO(file.read()))
        image.load()
    return image


def is_red(pixel):
    return pixel[0] > 180 and pixel[1] < 90 and pixel[2] < 90


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_each_kind_is_stored_as_jpeg_without_place_and_device(program, kind):
    answer = program("worker").upload(upload(encoded(kind)))
    assert answer.status_code == 201
    photo = stored(answer)
    with photo.file.open("rb") as file:
        data = file.read()
    assert data.startswith(b"\xff\xd8\xff")
    for left in (b"Exif", b"GPS", DEVICE.encode(), b"http://ns.adobe.com"):
        assert left not in data
    assert not Image.open(BytesIO(data)).getexif()
    assert (photo.width, photo.height) == (64, 48)
    assert answer.json()["url"].endswith(f"/attachments/{photo.public_id}/")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "HEIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_stored_upright_however_the_camera_was_held(program, kind, orientation):
    corners = {
        1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (0, 0), 6: (1, 0), 7: (1, 1), 8: (0, 1),
    }  # fmt: skip
    answer = program("worker").upload(upload(encoded(kind, orientation=orientation)))
    image = pixels(stored(answer))
    assert image.size == ((64, 48) if orientation < 5 else (48, 64))
    right, bottom = corners[orientation]
    found = {
        (x, y): is_red(image.getpixel((x * (image.width - 1), y * (image.height - 1))))
        for x in (0, 1)
        for y in (0, 1)
    }
    assert [corner for corner, red in found.items() if red] == [(right, bottom)]


def test_a_large_photo_is_made_smaller(program):
    photo = stored(program("worker").upload(jpeg(size=(4000, 3000))))
    assert (photo.width, photo.height) == (1600, 1200)


def bomb() -> bytes:
    """A PNG that says it is 50,000 × 50,000."""
    head = (50_000).to_bytes(4) * 2 + b"\x08\x02\x00\x00\x00"
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(data).to_bytes(4) + name + data + zlib.crc32(name + data).to_bytes(4)
        for name, data in chunks
    )


GIF = b"GIF89a/*\x01\x00\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
REFUSED = {
    "html": b"<!doctype html><script>alert(1)</script>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "gif-and-script": GIF + b"*/=1;alert(1)",
    "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "tiff": b"II*\x00\x08\x00\x00\x00\x00\x00",
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    "truncated-jpeg": encoded(size=(640, 480))[:900],
    "truncated-png": encoded("PNG")[:60],
    "truncated-heic": encoded("HEIF")[:300],
    "only-a-head": b"\xff\xd8\xff\xe0",
    "pixel-bomb": bomb(),
    "empty": b"",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_photo_is_refused_whatever_it_calls_itself(program, name):
    answer = program("worker").upload(upload(REFUSED[name]))
    assert (answer.status_code, answer["Content-Type"]) == (400, PROBLEM)
    assert list(answer.json()["errors"]) == ["file"]
    assert not Attachment.objects.exists()


def test_a_photo_with_a_page_behind_it_loses_the_page(program):
    photo = stored(program("worker").upload(upload(encoded() + b"<script>alert(1)</script>")))
    with photo.file.open("rb") as file:
        assert b"<script" not in file.read()


def test_a_photo_of_more_than_10_mb_is_refused(program):
    answer = program("worker").upload(upload(encoded() + b"\0" * (10 * 1024 * 1024)))
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["file"])


def test_an_upload_without_file_is_refused_by_name(program):
    answer = program("worker").client.post("/api/v1/attachments/", {"foto": jpeg()})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["file"])


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "x.html", "a\u202egpj.exe", "a.jpg.", "名" * 150 + ".jpg"]
)
def test_what_the_sender_calls_the_file_is_never_used(program, name):
    photo = stored(program("worker").upload(upload(encoded(), name=name)))
    assert photo.file.name == f"photos/{photo.public_id.hex[:2]}/{photo.public_id.hex}.jpg"


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(
    kind=st.sampled_from(["JPEG", "PNG", "WEBP", "HEIF"]),
    cut=st.floats(0.05, 1.0),
    flips=st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 255)), max_size=12),
)
def test_no_broken_file_is_an_error_of_ours(program, kind, cut, flips):
    data = bytearray(encoded(kind))
    for place, bits in flips:
        data[place % len(data)] ^= bits
    answer = program("worker").upload(upload(bytes(data[: max(1, int(len(data) * cut))])))
    Attachment.objects.all().delete()
    assert answer.status_code in (201, 400)


def test_a_photo_that_was_never_used_stops_counting_only_when_it_is_gone(program):
    photo = stored(program("worker").upload(jpeg()))
    Attachment.objects.bulk_create(
        Attachment(uploader=photo.uploader, digest="x", width=1, height=1, size=1,
                   created_at=photo.created_at, file="x")
        for _ in range(59)
    )  # fmt: skip
    assert program("worker").upload(jpeg()).status_code == 400
    assert program("colleague").upload(jpeg()).status_code == 201


def report(program, name, ids):
    lat, lng = w.IN_A1
    body = {"description": "垃圾", "category": w.RUBBISH, "lat": lat, "lng": lng}
    return program(name).post("issues/", body | {"attachments": ids})


def uploads(program, count, name="worker"):
    return [program(name).upload(jpeg()).json()["id"] for _ in range(count)]


def test_a_report_takes_nine_photos_and_no_more(program):
    assert report(program, "worker", uploads(program, 10)).status_code == 400
    answer = report(program, "worker", uploads(program, 9))
    assert len(answer.json()["attachments"]) == 9
    path = f"issues/{answer.json()['number']}/note/"
    more = program("worker").post(path, {"note": "再看", "attachments": uploads(program, 1)})
    assert (more.status_code, list(more.json()["errors"])) == (400, ["attachments"])
    assert Attachment.objects.filter(issue__isnull=False).count() == 9


def test_somebody_elses_photo_cannot_be_taken(program):
    mine = uploads(program, 1, "colleague")
    answer = report(program, "worker", mine)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["attachments"])
    assert Attachment.objects.get().issue is None


def test_a_photo_is_used_once(program):
    ids = uploads(program, 1)
    assert report(program, "worker", ids).status_code == 201
    assert report(program, "worker", ids).status_code == 400


def test_a_refused_report_keeps_its_photos(program):
    ids = uploads(program, 2)
    lat, lng = w.IN_A1
    program("worker").post("issues/", {"lat": lat, "lng": lng, "attachments": ids})
    assert report(program, "worker", ids).status_code == 201


@pytest.mark.parametrize(
    ("name", "sees"),
    [
        ("worker", True), ("colleague", True), ("unit", True), ("street", True),
        ("auditor", True), ("outsider", False), ("other-street", False), ("admin", False),
        ("nobody", False),
    ],
)  # fmt: skip
def test_a_photo_is_shown_to_whoever_sees_its_issue(program, name, sees):
    ids = uploads(program, 1)
    address = f"/attachments/{ids[0]}/"
    assert person("colleague").get(address).status_code == 404
    report(program, "worker", ids)
    assert person(name).get(address).status_code == (200 if sees else 404)


def test_a_photo_cannot_become_a_page(program):
    answer = person("worker").get(f"/attachments/{uploads(program, 1)[0]}/")
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["Content-Disposition"].startswith("attachment;")
    assert "private" in answer["Cache-Control"]


def test_nobody_gets_a_photo_without_signing_in(program):
    answer = person(None).get(f"/attachments/{uploads(program, 1)[0]}/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/")


def test_photos_of_an_internal_note_are_as_internal_as_the_note(world, program):
    issue = world.report("outsider")  # outside the reporter's own cell
    photo = uploads(program, 1, "street")[0]
    body = {"note": "内部核实", "attachments": [photo]}
    assert program("street").post(f"issues/{issue.number}/note/", body).status_code == 200
    shown = program("outsider").get(f"issues/{issue.number}/").json()["attachments"]
    assert shown == []
    assert person("outsider").get(f"/attachments/{photo}/").status_code == 404
    assert person("unit").get(f"/attachments/{photo}/").status_code == 200


@pytest.mark.parametrize("address", ["/media/photos/", "/photos/"])
def test_there_is_no_other_way_to_a_photo(program, address):
    photo = stored(program("worker").upload(jpeg()))
    assert person("worker").get(f"{address}{photo.public_id.hex}.jpg").status_code == 404
