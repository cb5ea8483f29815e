"""The page on a whistle's rule book, from the rule book: `manage.py whistle_docs`."""

from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.utils.translation import override

from issues.management.pages import PageCommand, first_line, table
from whistles.gates import WHY, why_shut
from whistles.rules import WHISTLE_WHO
from whistles.workflow import (
    APPROVE_WITHIN,
    RATE_WITHIN,
    RULES,
    RUNNING,
    STANDING_NAMES,
    Gate,
    Standing,
    WhistleRule,
)

PAGE = Path(settings.BASE_DIR) / "docs" / "whistles.md"
HEAD = """# The rule book of a whistle

Written by `manage.py whistle_docs` from `whistles/workflow.py`; a test holds the two together. Change the table, then run the command. A report's own rule book is [workflow.md](workflow.md).

"""  # noqa: E501
TOLD = f"""A whistle stands over one issue, one at a time. Its acts are lines of the issue's timeline, its limits clocks of the issue: each called unit's to answer and to report in, by the kind of whistle, and the approval's: {APPROVE_WITHIN} minutes by day and night in an emergency, else as long as a deputy has for a request. Unapproved in time it stands on the district's board, the leader and the district's desk are told once, and either may still decide. Both sides rate until {RATE_WITHIN} days after the end.

*apart*: never by whoever proposed it, nor by their stand-in. Nobody judges, waives or rates their own unit, nor rates their own whistle: by the posts they hold and by what they did in it, for themselves or for whom they stood in (`whistles/sides.py`)."""  # noqa: E501
GATED = """An act whose gate is shut is grey, with this sentence beside it; "not shown" where it belongs to another moment."""  # noqa: E501
OWN = """So is an act that is the post's but not the person's:"""


class Command(PageCommand):
    """Writes docs/whistles.md; `--check` only says whether it is as it would be written."""

    def written(self) -> tuple[Path, str]:
        return PAGE, page()


def page() -> str:
    """The whole page as Markdown: states, diagram, acts, gates, and who they are for."""
    head = ("act", "", "from", "to", "who", "needs", "only when", "tells")
    own = [key for key in WHY if key not in set(Gate)]
    with override("zh-hans"):
        parts = [
            "## States\n",
            *table(("code", "中文", "English", ""), map(_state_row, Standing)),
            "",
            "```mermaid",
            "stateDiagram-v2",
            *(f"    {line}" for line in _diagram()),
            "```",
            "",
            "## Acts\n",
            TOLD,
            "",
            *table(head, map(_act_row, RULES.values())),
            "",
            "## Gates\n",
            GATED,
            "",
            *table(("only when", ""), map(_gate_row, Gate)),
            "",
            OWN,
            "",
            *table(("", ""), map(_gate_row, own)),
            "",
            "## Who\n",
            *table(
                ("who", ""), ((f"`{key}`", first_line(who)) for key, who in WHISTLE_WHO.items())
            ),
        ]
    return HEAD + "\n".join(parts) + "\n"


def _state_row(state: Standing) -> tuple[str, ...]:
    return f"`{state}`", *STANDING_NAMES[state], "running" if state in RUNNING else "ended"


def _gate_row(gate: str) -> tuple[str, str]:
    return gate.replace("_", " "), why_shut(gate) or "(not shown)"


def _diagram() -> Iterator[str]:
    """The states, and one arrow for each pair that an act connects."""
    for state in Standing:
        yield f"{state} : {' '.join(STANDING_NAMES[state])}"
    ways: dict[tuple[str, str], list[str]] = {}
    for rule in RULES.values():
        for source in _in_order(rule.sources) or ["[*]"]:
            if rule.to and source != rule.to:
                ways.setdefault((source, str(rule.to)), []).append(f"{rule.zh} {rule.en}")
    for (source, target), said in ways.items():
        yield f"{source} --> {target} : {', '.join(said)}"
    for end in _in_order(frozenset(Standing) - RUNNING):
        yield f"{end} --> [*]"


def _act_row(rule: WhistleRule) -> tuple[str, ...]:
    return (
        f"`{rule.verb}`",
        f"{rule.zh} {rule.en}",
        ", ".join(_in_order(rule.sources)) or "(new)",
        str(rule.to) if rule.to else "(stays)",
        f"`{rule.who}`{', apart' if rule.apart else ''}",
        ", ".join(rule.needs),
        ", ".join(gate.replace("_", " ") for gate in rule.when),
        ", ".join(rule.tells),
    )


def _in_order(states: frozenset[Standing]) -> list[str]:
    return [str(state) for state in Standing if state in states]
