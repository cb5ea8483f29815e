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
    ("admin", "/coverage/"), ("admin", "/ladders/"), ("admin", "/rules/"),
    ("leader", "/leader/"), ("branch", "/branch/"), ("admin", "/ladders/limit/"),
    ("admin", "/parked/"), ("", "/forced/"), ("auditor", "/exceptions/"),
    ("district", "/relaxations/"), ("district", "/whistles/board/"), ("branch", "/whistles/"),
    ("branch", "first whistle"),
]  # fmt: skip
# Data of the demo district is Chinese; so are the product's name and the language switch.
CHINESE_UI = re.compile(r"[\u4e00-\u9fff]")


def visit(page, address):
    if address == "first issue":
        page.goto("/issues/?state=all")
        page.locator("a[href*='/issues/QH-']").first.click()
        expect(page).to_have_url(re.compile(r"/issues/QH-"))
    elif address == "first whistle":
        page.goto("/whistles/")
        page.locator("main a[href*='/whistles/W']").first.click()
        expect(page).to_have_url(re.compile(r"/whistles/W"))
    else:
        page.goto(address)


def fits(page):
    """Nothing scrolls sideways, and no list is cut off at its own edge."""
    cut = "list => list.scrollWidth > list.clientWidth"
    lists = page.locator(".queue-frame")
    wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    return not wide and not any(one.evaluate(cut) for one in lists.all())


@pytest.mark.parametrize(("name", "address"), PAGES)
def test_a_page_is_accessible_and_fits(open_as, name, address, width):
    page = open_as(name, width=width)
    visit(page, address)
    expect(page.locator("h1")).to_have_count(1)
    assert fits(page)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("width", [800, 1024, 1200])
def test_a_list_fits_whatever_stands_beside_it(open_as, width):
    page = open_as("branch", width=width)
    for address in ("/", "/branch/", "/issues/"):
        page.goto(address)
        assert fits(page), address


@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
def test_marks_never_push_the_matter_out_of_a_row(open_as, language):
    page = open_as("street", language=language)
    page.goto("/issues/")
    hidden = """link => {
        const cell = link.parentElement.getBoundingClientRect(), own = link.getBoundingClientRect();
        return own.right > cell.right + 1 || own.bottom > cell.bottom + 1;
    }"""
    links = page.locator(".row-link").all()
    assert links
    assert not any(link.evaluate(hidden) for link in links)


def test_the_maps_buttons_are_large_enough_for_a_thumb(open_as):
    page = open_as("worker", width=360)
    page.goto("/report/")
    box = page.locator(".leaflet-control-zoom-in").bounding_box()
    assert min(box["width"], box["height"]) >= 44


def test_english_is_one_tap_away_and_stays(open_as):
    # The account keeps its language: this one walks no report in the other tests.
    page = open_as("leader", width=360)
    page.goto("/report/")
    page.locator("form[action='/language/'] button").first.evaluate("button => button.click()")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    nav = page.locator("nav").all_inner_texts()
    assert not CHINESE_UI.search("".join(nav)), nav


LIMIT = re.compile(r"[0-9.]+ 个?(工作)?(小时|日|天)")
MAIN_PAGES = [("unit", "/"), ("branch", "/report/"), ("street", "first issue")]


@pytest.mark.parametrize(("name", "address"), MAIN_PAGES)
@pytest.mark.parametrize("look", [{"scheme": "dark"}, {"language": "en-US"}], ids=["dark", "en"])
def test_a_main_page_is_accessible_in_the_dark_and_in_english(open_as, name, address, look):
    page = open_as(name, width=360, **look)
    visit(page, address)
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert dark == ("scheme" in look)
    spoken = "en" if "language" in look else "zh-Hans"
    expect(page.locator("html")).to_have_attribute("lang", spoken)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def newest(page):
    page.goto("/issues/?state=all&sort=new")
    return page.locator("a[href*='/issues/QH-']").evaluate_all("links => links.map(a => a.href)")


def test_who_answers_without_filing_anything(open_as):
    desk = open_as("district")
    before = newest(desk)
    assert before
    page = open_as("community", width=360)
    page.goto("/responsible/")
    expect(page.locator("h1")).to_contain_text("谁负责")
    ground = page.locator("[data-map]")
    ground.scroll_into_view_if_needed()
    box = ground.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    step = page.locator("#answer .route-step")
    expect(step.filter(has_text="归属党支部").locator(".route-value")).to_contain_text("党支部")
    page.get_by_role("button", name="市容环境", exact=True).first.click()
    page.get_by_role("button", name="暴露垃圾", exact=True).first.click()
    unit = step.filter(has=page.get_by_text("承办单位", exact=True))
    expect(unit.locator(".route-value")).to_have_text(re.compile(r"\S"))
    expect(unit.locator(".route-phone")).to_have_attribute("href", re.compile(r"^tel:[0-9-]{7,}$"))
    limit = step.filter(has=page.get_by_text("办理时限", exact=True))
    expect(limit.locator(".route-value")).to_have_text(LIMIT)
    assert newest(desk) == before
