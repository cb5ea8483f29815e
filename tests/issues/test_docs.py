"""What the pages in docs/ say of the rule book is what the rule book says."""

import re
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from issues.management.commands import workflow_docs
from issues.workflow import RULES, STATE_NAMES, State

DOCS = settings.BASE_DIR / "docs"
CHINESE = re.compile(r"[\u4e00-\u9fff]+")


def test_the_page_on_the_rule_book_is_what_the_command_writes():
    call_command("workflow_docs", "--check")


def test_another_page_is_refused_and_written_anew(tmp_path, monkeypatch):
    page = tmp_path / "docs" / "workflow.md"
    page.parent.mkdir()
    monkeypatch.setattr(workflow_docs, "PAGE", page)
    for _turn in range(2):
        with pytest.raises(CommandError, match="workflow_docs"):
            call_command("workflow_docs", "--check")
        page.write_text("# something else\n", encoding="utf-8")
    call_command("workflow_docs", stdout=StringIO())
    call_command("workflow_docs", "--check")
    assert page.read_text(encoding="utf-8") == workflow_docs.page()


def test_the_page_draws_every_way_from_state_to_state():
    drawn = set(re.findall(r"^    (\S+) --> (\S+)", workflow_docs.page(), re.MULTILINE))
    ways = {
        (str(source), str(target))
        for rule in RULES.values()
        for target in (rule.to, rule.otherwise)
        for source in rule.sources
        if target
    }
    assert {way for way in drawn if "[*]" not in way} == ways
    assert drawn - ways == {("[*]", "reported")} | {
        (end, "[*]") for end in ("closed", "rejected", "cancelled")
    }


def test_the_design_names_the_states_as_the_badges_do():
    text = (DOCS / "design.md").read_text(encoding="utf-8")
    said = re.search(r"^- \*\*State\*\*: .*$", text, re.MULTILINE).group()
    assert set(CHINESE.findall(said)) == {STATE_NAMES[state][0] for state in State}
