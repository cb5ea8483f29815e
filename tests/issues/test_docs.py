"""What the pages in docs/ say of the rule book is what the rule book says."""

import re
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from issues.management.commands import workflow_docs
from issues.workflow import NO_CLOCKS, OPEN, RULES, STATE_NAMES, Gate, State

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


def drawn_ways():
    """(from, to, words) of every arrow, the one from the box of open states once for each."""
    arrow = re.compile(r"^ +(\S+) --> (\S+)(?: : (.*))?$", re.MULTILINE)
    for source, target, said in arrow.findall(workflow_docs.page()):
        for state in map(str, OPEN) if source == "open" else [source]:
            yield state, target, said


def test_the_page_draws_every_way_from_state_to_another():
    ways = {
        (str(source), str(target), f"{rule.zh} {rule.en}")
        for rule in RULES.values()
        for target in (rule.to, rule.otherwise)
        for source in rule.sources - {target}
        if target
    }
    drawn = list(drawn_ways())
    between = {way[:2] for way in drawn if "[*]" not in way[:2]}
    assert between == {way[:2] for way in ways}
    for source, target, said in ways:
        [words] = [way[2] for way in drawn if way[:2] == (source, target)]
        assert said in words
    ends = {(source, target) for source, target, _said in drawn if "[*]" in (source, target)}
    assert ends == {("[*]", "reported"), ("[*]", "pending_verify")} | {
        (str(end), "[*]") for end in set(State) - OPEN
    }


def test_every_verb_and_every_gate_stands_in_a_table_once():
    page = workflow_docs.page()
    for verb, rule in RULES.items():
        assert page.count(f"| `{verb}` | {rule.zh} {rule.en} |") == 1, verb
    for gate in Gate:
        assert len(re.findall(rf"^\| {gate.replace('_', ' ')} \|", page, re.MULTILINE)) == 1, gate
    used = {gate for rule in RULES.values() for gate in rule.when}
    assert used == set(Gate)


def test_what_a_no_does_to_the_clocks_is_said():
    page = workflow_docs.page()
    for verb, acts in NO_CLOCKS.items():
        row = next(line for line in page.splitlines() if line.startswith(f"| `{verb}` |"))
        assert f"no: {', '.join(acts)}" in row


def test_the_design_names_the_states_as_the_badges_do():
    text = (DOCS / "design.md").read_text(encoding="utf-8")
    said = re.search(r"^- \*\*State\*\*: .*$", text, re.MULTILINE).group()
    assert set(CHINESE.findall(said)) == {STATE_NAMES[state][0] for state in State}
