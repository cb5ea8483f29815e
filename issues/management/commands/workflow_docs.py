"""The page on the rule book, from the rule book: `manage.py workflow_docs`."""

from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from issues.terms import STATE_NAMES
from issues.who import WHO
from issues.workflow import OPEN, RULES, Rule, State

PAGE = Path(settings.BASE_DIR) / "docs" / "workflow.md"
HEAD = """# The rule book

Written by `manage.py workflow_docs` from `issues/workflow.py`; a test holds the two together. Change the table, then run the command.

"""  # noqa: E501
TOLD = """The desk is the street's, outside every street the district's. The owner is the owning branch's secretary, the cell whoever holds a post in it. Nobody is told of what they did themselves.

A cell worker's report with a category is accepted and, where the responsibility list names a unit, dispatched in the same step."""  # noqa: E501


class Command(BaseCommand):
    """Writes docs/workflow.md; `--check` only says whether it is as it would be written."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help=_("只核对文件是否与办理规则一致，不写入。")
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if not options["check"]:
            PAGE.write_text(page(), encoding="utf-8")
            self.stdout.write(_("已写入 %(path)s。") % {"path": PAGE.relative_to(PAGE.parents[1])})
        elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page():
            raise CommandError(
                _("docs/workflow.md 与办理规则不一致，请运行 manage.py workflow_docs。")
            )


def page() -> str:
    """The whole page as Markdown: states, diagram, verbs, and who they are for."""
    parts = [
        "## States\n",
        *_table(("code", "中文", "English", ""), map(_state_row, State)),
        "",
        "```mermaid",
        "stateDiagram-v2",
        *(f"    {line}" for line in _diagram()),
        "```",
        "",
        "✓ passed, ✗ failed. Whoever takes part may add a note in every state; the state stays.",
        "",
        "## Verbs\n",
        *_table(
            ("verb", "中文", "English", "from", "to", "who", "needs", "clocks", "tells"),
            map(_verb_row, RULES.values()),
        ),
        "",
        TOLD,
        "",
        "## Who\n",
        *_table(("who", ""), ((f"`{key}`", _first_line(who)) for key, who in WHO.items())),
    ]
    return HEAD + "\n".join(parts) + "\n"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    head = list(head)
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def _state_row(state: State) -> tuple[str, ...]:
    return f"`{state}`", *STATE_NAMES[state], "open" if state in OPEN else "ended"


def _diagram() -> Iterator[str]:
    for state in State:
        yield f"{state} : {' '.join(STATE_NAMES[state])}"
    for rule in RULES.values():
        if rule.to is None:
            continue
        said = f"{rule.zh} {rule.en}"
        for source in _in_order(rule.sources) or ["[*]"]:
            if rule.otherwise is None:
                yield f"{source} --> {rule.to} : {said}"
            else:
                yield f"{source} --> {rule.to} : {said} ✓"
                yield f"{source} --> {rule.otherwise} : {said} ✗"
    for state in State:
        if state not in OPEN:
            yield f"{state} --> [*]"


def _verb_row(rule: Rule) -> tuple[str, ...]:
    return (
        f"`{rule.verb}`",
        rule.zh,
        rule.en,
        _sources(rule),
        _targets(rule),
        f"`{rule.who}`",
        ", ".join(rule.needs),
        _clocks(rule),
        ", ".join(rule.tells),
    )


def _sources(rule: Rule) -> str:
    states = rule.sources
    if not states:
        return "(new)"
    named = {frozenset(State): "every state", OPEN: "every open state"}.get(states)
    said = named or ", ".join(_in_order(states))
    return f"{said}; {WHEN[rule.when]}" if rule.when else said


def _targets(rule: Rule) -> str:
    if rule.to is None:
        return "(stays)"
    return f"{rule.to}; failed: {rule.otherwise}" if rule.otherwise else str(rule.to)


def _clocks(rule: Rule) -> str:
    said = ", ".join(rule.clocks)
    return f"failed: {', '.join(REWORK_CLOCKS)}" if rule.otherwise else said


def _in_order(states: frozenset[State]) -> list[str]:
    return [str(state) for state in State if state in states]


def _first_line(who: Any) -> str:
    return str(who.__doc__).strip().splitlines()[0]
