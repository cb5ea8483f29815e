"""Every page on a phone and at a desk, in both languages, without accessibility violations."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PAGES = [
    ("", "/sign-in/"),
    ("worker", "/"), ("worker", "/report/"), ("worker", "/cell/"), ("worker", "/issues/"),
    ("worker", "/responsible/"), ("worker", "/notices/"), ("worker", "/account/"),
    ("worker", "/suggestion/"), ("worker", "first issue"),
    ("branch", "/"), ("unit", "/"), ("unit", "first issue"), ("community", "/"),
    ("street", "/"), ("street", "/issues/"), ("street", "first issue"), ("leader", "/"),
    ("district", "/"), ("district", "/issues/?state=all"), ("auditor", "/"), ("admin", "/"),
]  # fmt: skip
# Data of the demo district is Chinese; so are the product's name and the language switch.
CHINESE_UI = re.compile(r"[\u4e00-\u9fff]")


def visit(page, address):
    if address == "first issue":
        page.goto("/issues/?state=all")
        page.locator("a[href*='/issues/QH-']").first.click()
        expect(page).to_have_url(re.compile(r"/issues/QH-"))
    else:
        page.goto(address)


@pytest.mark.parametrize(("name", "address"), PAGES)
def test_a_page_is_accessible_and_fits(open_as, name, address, width):
    page = open_as(name, width=width)
    visit(page, address)
    expect(page.locator("h1")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_english_is_one_tap_away_and_stays(open_as):
    page = open_as("worker", width=360)
    page.goto("/report/")
    page.locator("form[action='/language/'] button").first.evaluate("button => button.click()")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    nav = page.locator("nav").all_inner_texts()
    assert not CHINESE_UI.search("".join(nav)), nav


def test_who_answers_without_filing_anything(open_as):
    page = open_as("worker", width=360)
    page.goto("/responsible/")
    expect(page.locator("h1")).to_contain_text("谁负责")
