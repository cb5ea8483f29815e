"""Chromium on a server started as `make run` starts it. Nothing is mocked, the CSP stands."""

import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.running import Running

PASSWORD = "gezhi-demo"


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The address of a running demo district."""
    running = Running(tmp_path_factory.mktemp("data"), issues=120)
    assert running.ready(), running.stop()
    yield f"http://127.0.0.1:{running.port}"
    assert running.stop() == 0, running.said


@pytest.fixture(scope="session", autouse=True)
def chinese_font(tmp_path_factory):
    """Chinese letters on a machine without any: a font from a package, for this run."""
    fonts = tmp_path_factory.mktemp("share") / "fonts"
    fonts.mkdir()
    package = Path(find_spec("pylopdf_fonts_zh_cn").origin).parent
    for font in [*package.rglob("*.ttf"), *package.rglob("*.otf"), *package.rglob("*.ttc")]:
        shutil.copy(font, fonts)
    patch = pytest.MonkeyPatch()
    patch.setenv("XDG_DATA_HOME", str(fonts.parent))
    yield
    patch.undo()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    """The system's Chromium; its own services would call home."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    assert found, "The browser tests need chromium: apt-get install chromium"
    return browser_type_launch_args | {
        "executable_path": found,
        "args": ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"],
    }


@pytest.fixture(params=[360, 1440], ids=["phone", "desk"])
def width(request):
    return request.param


@pytest.fixture
def open_as(server, browser):
    """open_as(name, width, …): a page on which that demo account is signed in."""
    contexts, problems = [], []

    def open_page(name, width=1440, language="zh-CN", scheme="light"):
        context = browser.new_context(
            base_url=server,
            viewport={"width": width, "height": 800},
            locale=language,
            color_scheme=scheme,
            has_touch=width < 500,
            geolocation=None,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: _note(problems, message))
        page.on("pageerror", lambda error: problems.append(str(error)))
        if name:
            page.goto("/sign-in/")
            page.fill("[name=username]", name)
            page.fill("[name=password]", PASSWORD)
            page.click("main [type=submit]")
            page.wait_for_url(f"{server}/")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


def _note(problems, message):
    """What the console complains about fails the test: the CSP speaks there."""
    if message.type in ("error", "warning") and "status of 4" not in message.text:
        problems.append(f"{message.type}: {message.text}")
