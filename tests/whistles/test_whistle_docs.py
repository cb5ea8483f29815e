"""docs/whistles.md says what the rule book of whistles says."""

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from whistles.gates import WHY
from whistles.management.commands import whistle_docs
from whistles.rules import WHISTLE_WHO
from whistles.workflow import RULES, Gate


def test_the_page_is_what_the_command_writes():
    call_command("whistle_docs", "--check")


def test_another_page_is_refused_and_written_anew(tmp_path, monkeypatch):
    page = tmp_path / "docs" / "whistles.md"
    page.parent.mkdir()
    monkeypatch.setattr(whistle_docs, "PAGE", page)
    with pytest.raises(CommandError, match="whistle_docs"):
        call_command("whistle_docs", "--check")
    page.write_text("# something else\n", encoding="utf-8")
    with pytest.raises(CommandError, match=r"docs/whistles\.md"):
        call_command("whistle_docs", "--check")
    call_command("whistle_docs", stdout=StringIO())
    call_command("whistle_docs", "--check")


def test_every_act_gate_and_who_stands_there_once():
    page = whistle_docs.page()
    for act, rule in RULES.items():
        assert page.count(f"| `{act}` | {rule.zh} {rule.en} |") == 1, act
        assert rule.who in WHISTLE_WHO
    for key in {*Gate, *WHY}:
        assert len(re.findall(rf"^\| {key.replace('_', ' ')} \|", page, re.MULTILINE)) == 1, key
    named = re.findall(r"^\| `(\w+)` \|", page.partition("## Who")[2], re.MULTILINE)
    assert named == list(WHISTLE_WHO)
    used = {gate for rule in RULES.values() for gate in rule.when}
    assert used == set(Gate)


def test_every_way_is_drawn():
    page = whistle_docs.page()
    for rule in RULES.values():
        for source in map(str, rule.sources or ["[*]"]):
            if rule.to and source != rule.to:
                arrow = rf"^ +{re.escape(source)} --> {rule.to} : .*{rule.zh} {rule.en}"
                assert re.search(arrow, page, re.MULTILINE), (source, rule.verb)
