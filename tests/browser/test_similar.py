"""Somebody has reported it already: offered beside the form, joined in one tap."""

import pytest
from playwright.sync_api import expect

from tests.browser.test_walk import photo, report

__all__ = ["photo"]
pytestmark = pytest.mark.browser


def test_a_similar_report_is_offered_and_joined_in_one_tap(open_as, photo, width, tmp_path):
    worker = open_as("worker", width=360)
    number = report(worker, photo)
    worker.goto(f"/issues/{number}/")
    place = worker.locator("[data-map]").first
    lat, lng = place.get_attribute("data-lat"), place.get_attribute("data-lng")
    branch = open_as("branch", width=width)
    branch.goto(f"/report/?lat={lat}&lng={lng}&category=E0102")
    offer = branch.locator("#alike")
    expect(offer).to_contain_text(number)
    expect(offer).to_contain_text("约 0 米")
    branch.fill("textarea[name=description]", "我这边也看到了，垃圾更多了。")
    offer.scroll_into_view_if_needed()
    branch.screenshot(path=tmp_path / f"offer-{width}.png", full_page=True)
    offer.get_by_role("button", name=f"我也遇到 {number}").click()
    expect(branch.locator("main")).to_contain_text(number)
    expect(branch.locator("body")).to_contain_text("已加入")
    expect(branch.locator(".timeline")).to_contain_text("我这边也看到了，垃圾更多了。")


def test_farther_on_demand_and_another_matter_goes_through(open_as, photo):
    number = report(open_as("worker", width=360), photo)
    seen = open_as("branch")
    seen.goto(f"/issues/{number}/")
    place = seen.locator("[data-map]").first
    lat, lng = place.get_attribute("data-lat"), place.get_attribute("data-lng")
    seen.goto(f"/report/?lat={float(lat) + 0.001}&lng={lng}&category=E0102")
    offer = seen.locator("#alike")
    seen.fill("textarea[name=description]", "路口垃圾桶满了，垃圾堆在外面。")
    offer.get_by_role("button", name="范围放大再找").click()
    expect(offer).to_contain_text(number)
    offer.get_by_label("不是同一件，继续上报").check()
    seen.fill("textarea[name=description]", "这是另一个路口的垃圾桶，也满了。")
    seen.locator("main form button[type=submit]:visible").last.click()
    expect(seen.locator("main")).to_contain_text("这是另一个路口的垃圾桶")
    assert number not in seen.url
