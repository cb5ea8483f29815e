"""One report through the demo accounts, from photo to closed, as people would do it."""

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

NUMBER = re.compile(r"QH-\d{6}-[2-9A-Z]{5}")


@pytest.fixture
def photo(tmp_path):
    file = io.BytesIO()
    Image.new("RGB", (2400, 1800), (90, 120, 150)).save(file, "JPEG")
    path = tmp_path / "photo.jpg"
    path.write_bytes(file.getvalue())
    return str(path)


def test_one_report_from_photo_to_closed(open_as, server, photo):
    worker = open_as("worker", width=360)
    number = report(worker, photo)
    walk(open_as("unit"), number, "sign")
    walk(open_as("unit", width=360), number, "handle", outcome="fixed", note="已清运干净。")
    walk(worker, number, "check", passed="yes", way="on_site")
    walk(open_as("branch"), number, "close")
    seen = open_as("street")
    seen.goto(f"/issues/{number}/")
    expect(seen.locator("main")).to_contain_text("已结案")
    for verb in ("上报", "受理立案", "派遣", "签收", "处置完成", "核查通过", "结案"):
        expect(seen.locator(".timeline")).to_contain_text(verb)
    expect(seen.locator(".photo").first).to_be_visible()


def report(page, photo):
    """Two taps for the category, a photo, the point by the map's keyboard, a sentence."""
    page.goto("/report/")
    page.get_by_role("button", name="市容环境", exact=True).first.click()
    page.get_by_role("button", name="暴露垃圾", exact=True).first.click()
    page.set_input_files("input[type=file]", photo)
    page.fill("textarea[name=description]", "路口垃圾桶满了，垃圾堆在外面。")
    point = page.locator("[data-map]")
    point.scroll_into_view_if_needed()
    box = point.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    with page.expect_navigation():
        page.locator("main form button[type=submit]:visible").last.click()
    other = page.get_by_role("button", name="不是同一件，继续上报")
    if other.count():
        # The demo's own people may have reported the like nearby today.
        other.click()
    expect(page).to_have_url(re.compile(r"/issues/QH-"))
    return NUMBER.search(page.url).group()


def walk(page, number, verb, **fields):
    page.goto(f"/issues/{number}/")
    form = page.locator(f"form[action='/issues/{number}/{verb}/']")
    opener = page.locator(f"details:has(form[action='/issues/{number}/{verb}/']) > summary")
    if opener.count():
        opener.first.click()
    for name, value in fields.items():
        field = form.locator(f"[name={name}]")
        if field.first.get_attribute("type") == "radio":
            form.locator(f"[name={name}][value='{value}']").check()
        elif field.first.evaluate("element => element.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    form.locator("[type=submit]").click()
    expect(page.locator("main")).to_contain_text(number)
    expect(page.locator(f"form[action='/issues/{number}/{verb}/']")).to_have_count(0)
