"""English is complete: every Chinese text of the product has its translation."""

import ast
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.template import Engine
from django.templatetags.i18n import BlockTranslateNode, TranslateNode

ROOT = Path(__file__).resolve().parent.parent
ROOMS = (
    "config", "accounts", "grid", "matters", "worktime", "notices", "partyorgs", "residents",
    "issues", "whistles",
)  # fmt: skip
CALLS = {
    "_",
    "gettext",
    "gettext_lazy",
    "gettext_noop",
    "ngettext",
    "ngettext_lazy",
    "pgettext",
}
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# Chinese that is data: the demo's texts, words of files and addresses, names in both languages.
DATA = (
    "config/demo/", "issues/workflow.py", "issues/terms.py", "whistles/workflow.py",
    "grid/words.py", "grid/cellfile.py", "grid/placefile.py", "matters/importing.py",
    "worktime/notice.py", "worktime/dayfile.py", "partyorgs/dutyfile.py",
)  # fmt: skip
# Names that English texts use as they are.
SAME_IN_BOTH = re.compile(r"格治|简体中文|代录|中文")
WITH_DOCSTRING = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|\{(\w*)\}")


@pytest.fixture(scope="module")
def catalogue():
    with (ROOT / "locale/en/LC_MESSAGES/django.po").open("rb") as file:
        messages = read_po(file)
    return {
        (message.id if isinstance(message.id, str) else message.id[0]): message
        for message in messages
        if message.id
    }


def python_texts():
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and name_of(node.func) in CALLS and node.args:
                    text = node.args[0]
                    if isinstance(text, ast.Constant) and isinstance(text.value, str):
                        yield path, text.value


def bare_texts():
    """Chinese that stands in the code without a translation, docstrings left out."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            where = str(path.relative_to(ROOT))
            if "migrations" not in path.parts and not where.startswith(DATA):
                tree = ast.parse(path.read_text(encoding="utf-8"))
                excused = {id(node) for node in excused_texts(tree)}
                for node in ast.walk(tree):
                    if is_chinese(node) and id(node) not in excused:
                        yield f"{where}:{node.lineno}: {node.value}"


def is_chinese(node):
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return False
    return bool(CHINESE.search(SAME_IN_BOTH.sub("", node.value)))


def excused_texts(tree):
    """What is translated, and docstrings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and name_of(node.func) in CALLS:
            yield from node.args
        elif isinstance(node, WITH_DOCSTRING) and node.body and isinstance(node.body[0], ast.Expr):
            yield node.body[0].value


def name_of(function):
    return getattr(function, "id", getattr(function, "attr", ""))


def template_texts():
    engine = Engine.get_default()
    for path in sorted((ROOT / "templates").rglob("*.html")):
        template = engine.from_string(path.read_text(encoding="utf-8"))
        for node in template.nodelist.get_nodes_by_type((TranslateNode, BlockTranslateNode)):
            if isinstance(node, TranslateNode):
                text = node.filter_expression.var
                text = getattr(text, "literal", text)
            else:
                text, _variables = node.render_token_list(node.singular)
                if node.trimmed:
                    text = " ".join(line.strip() for line in text.splitlines() if line.strip())
            if isinstance(text, str):
                yield path, text.replace("%%", "%")


def all_texts():
    yield from python_texts()
    yield from template_texts()


def said(message):
    return message.string if isinstance(message.string, str) else message.string[0]


def test_every_text_has_an_english_translation(catalogue):
    known = {text.replace("%%", "%") for text in catalogue}
    missing = {
        f"{path.relative_to(ROOT)}: {text}"
        for path, text in all_texts()
        if text.replace("%%", "%") not in known
    }
    assert sorted(missing) == []
    empty = [text for text, message in catalogue.items() if not said(message) or message.fuzzy]
    assert empty == []


def test_no_chinese_stands_in_the_code_untranslated():
    assert sorted(bare_texts()) == []


def test_translations_keep_the_placeholders(catalogue):
    wrong = [
        text
        for text, message in catalogue.items()
        if set(PLACEHOLDER.findall(text)) != set(PLACEHOLDER.findall(said(message)))
    ]
    assert wrong == []


def test_english_is_english(catalogue):
    # Names, terms of the field and examples of what people type may stay Chinese.
    chinese = [text for text, message in catalogue.items() if CHINESE.search(said(message))]
    allowed = [
        text for text in chinese if re.search(r"格治|审图号|谁负责|代录|简体中文|国办函|例如", text)
    ]
    assert sorted(set(chinese) - set(allowed)) == []


def test_no_chinese_stands_in_a_template_untranslated():
    for path in sorted((ROOT / "templates").rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"{% comment.*?endcomment %}|{#.*?#}|<!--.*?-->", "", text, flags=re.S)
        text = re.sub(
            r"{% blocktrans.*?endblocktrans(late)? %}|{%.*?%}|{{.*?}}", "", text, flags=re.S
        )
        left = [line.strip() for line in text.splitlines() if CHINESE.search(line)]
        left = [line for line in left if not re.search(r"格治|简体中文|中文", line)]
        assert left == [], path
