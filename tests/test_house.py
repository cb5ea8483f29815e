"""The house keeps its measures: short functions, short files, and speaks of itself alone."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOMS = (
    "config", "accounts", "grid", "matters", "worktime", "notices", "partyorgs", "residents",
    "issues", "bench",
)  # fmt: skip
FUNCTION, FILE = 50, 400


def sources():
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path, path.read_text(encoding="utf-8")


def test_no_function_is_longer_than_fifty_lines():
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path, text in sources()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno >= FUNCTION
    ]
    assert long == []


def test_no_file_is_longer_than_four_hundred_lines():
    long = [str(path.relative_to(ROOT)) for path, text in sources() if text.count("\n") > FILE]
    assert long == []


def texts():
    """The sources and all that stands beside them; what is not committed and generated apart."""
    yield from sources()
    beside = ["README.md", "CHANGELOG.md", "Makefile", "Dockerfile", "pyproject.toml"]
    beside += ["docker-compose.yml", ".dockerignore", ".gitignore", ".env.example", ".ci/run"]
    paths = [ROOT / name for name in beside]
    for folder, kind in (("docs", "*.md"), ("tests", "*.py"), ("templates", "*.html")):
        paths += sorted((ROOT / folder).rglob(kind))
    for path in paths:
        yield path, path.read_text(encoding="utf-8")


def test_the_texts_speak_of_the_project_alone():
    # Put together here, so that this file does not speak of them either.
    words = ("../" + "shared", "--index" + "-url", "/ro" + "ot/", "/wo" + "rk/")
    spoken = [
        f"{path.relative_to(ROOT)}: {word}"
        for path, text in texts()
        for word in words
        if word in text
    ]
    assert spoken == []
