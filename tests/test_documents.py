"""What the documents promise exists: links, commands, targets, and the lines to copy."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.test import Client

from accounts import services
from accounts.models import User

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\(([^)\s#]+)[^)]*\)")
# In backticks or a block: `manage.py due`, `import_areas`, "python manage.py migrate".
COMMAND = re.compile(r"manage\.py\s+([a-z_]+)")
TARGET = re.compile(r"\bmake ([a-z][a-z-]*)")
BLOCK = re.compile(r"^```\n(.*?)^```", re.M | re.S)


def names(path):
    return path.name


@pytest.mark.parametrize("document", PAGES, ids=names)
def test_links_and_images_of_a_page_resolve(document):
    links = [link for link in LINK.findall(document.read_text("utf-8")) if "://" not in link]
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", [*PAGES, ROOT / ".env.example"], ids=names)
def test_every_command_that_a_page_names_exists(document):
    assert set(COMMAND.findall(document.read_text("utf-8"))) <= set(get_commands())


def test_every_command_of_ours_stands_in_a_page():
    ours = {name for name, room in get_commands().items() if (ROOT / room).is_dir()}
    said = "\n".join(page.read_text("utf-8") for page in PAGES)
    assert {name for name in ours if not re.search(rf"[ `]{name}\b", said)} == set()


def test_every_target_that_a_page_names_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    named = {name for page in PAGES for code in code_of(page) for name in TARGET.findall(code)}
    assert named
    assert named <= targets


def code_of(page):
    text = page.read_text("utf-8")
    return [*BLOCK.findall(text), *re.findall(r"`([^`\n]+)`", text)]


def test_make_help_lists_targets_with_what_they_do():
    said = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert re.search(r"^run +Serve", said.stdout, re.M)
    assert re.search(r"^lint +Style", said.stdout, re.M)


def test_the_readmes_calls_of_the_api_are_answered(db):
    """Its curl lines as printed, sent through a client instead of a socket."""
    services.change_password(user=User.objects.get(username="worker"), password="gezhi-demo")
    lines = next(block for block in BLOCK.findall(README.read_text("utf-8")) if "curl" in block)
    first, second = curls(lines)
    token = send(*first).json()["token"]
    second[1]["Authorization"] = second[1]["Authorization"].replace("$TOKEN", token)
    assert send(*second).status_code == 200


def curls(lines):
    """Address, headers and body of every curl in a shell text."""
    lines = lines.replace("\\\n", " ")
    for call in re.findall(r"curl (.*?)(?: \||$)", lines, re.M):
        words = shlex.split(call)
        address = next(word for word in words if word.startswith("localhost:8000/"))
        pairs = list(zip(words, words[1:], strict=False))
        headers = dict(value.split(": ", 1) for option, value in pairs if option == "-H")
        body = next((value for option, value in pairs if option == "-d"), None)
        yield address.removeprefix("localhost:8000"), headers, body


def send(path, headers, body):
    if body is None:
        return Client().get(path, headers=headers)
    # What curl sends when nobody names a type.
    kind = headers.get("Content-Type", "application/x-www-form-urlencoded")
    answer = Client().post(path, body, content_type=kind)
    assert answer.status_code == 200, answer.content
    return answer
