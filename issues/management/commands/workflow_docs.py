"""The page on the rule book, from the rule book: `manage.py workflow_docs`."""

from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.utils.translation import override

from issues.gates import ASKS, why_shut
from issues.management.pages import PageCommand, first_line, table
from issues.terms import STATE_NAMES
from issues.who import WHO
from issues.workflow import (
    AT_DESK,
    AT_WORK,
    AWAKE,
    DONE,
    NO_CLOCKS,
    OPEN,
    OWED,
    RULES,
    Rule,
    State,
    Verb,
)

PAGE = Path(settings.BASE_DIR) / "docs" / "workflow.md"
HEAD = """# The rule book

Written by `manage.py workflow_docs` from `issues/workflow.py`; a test holds the two together. Change the table, then run the command.

"""  # noqa: E501
DRAWN = """Every arrow is a move from one state to another; "(no)" is the way back of a verb whose answer is no, "(by itself)" what no person does. The box is every open state: an arrow from it can start in each of them. Verbs that stay in their state are in the tables only."""  # noqa: E501
TOLD = """The desk is the street's, outside every street the district's; a district matter that waits is the district's desk's. The owner is the owning branch's secretary, the cell whoever holds a post in it, `approver` the deputy whose turn it is. Nobody is told of what they did themselves. *apart*: never by whoever did work on this issue, nor by their stand-in.

A cell worker's report with a category is accepted and, where the responsibility list names a unit, dispatched in the same step. A notice goes out in the transaction of its verb."""  # noqa: E501
GATED = """A verb whose gate is shut is grey, with this sentence beside it; "not shown" where it belongs to another moment."""  # noqa: E501
V = Verb
# The tables of verbs, so that one can be read at a time.
GROUPS: dict[str, tuple[Verb, ...]] = {
    "Report, file, dispatch": (
        V.REPORT, V.VERIFY, V.ACCEPT, V.REJECT, V.DISPATCH, V.REDISPATCH, V.ARRANGE,
        V.REFER_UP, V.SPLIT, V.MERGE, V.UNMERGE, V.JOIN,
    ),
    "Handle, return, decide": (
        V.SIGN, V.HANDLE, V.SETTLE, V.RETURN, V.CONFER, V.JUDGE, V.ADD_PART, V.COMPLETE_PART,
        V.DROP_PART, V.TOUCH,
    ),
    "Ask and approve": (
        V.ASK_EXTENSION, V.ASK_SUSPENSION, V.APPEAL, V.WITHDRAW, V.EXTEND, V.SUSPEND, V.EXEMPT,
        V.REFUSE, V.RESUME,
    ),
    "Check, end, take up again": (
        V.RECLASSIFY, V.CHECK, V.CLOSE, V.FEED_BACK, V.CALL_BACK, V.SURVEY, V.RENEW_LINK,
        V.SPOT_CHECK, V.REOPEN, V.FORCE_CLOSE, V.CANCEL, V.ACT_FIRST, V.COUNTERSIGN,
    ),
    "Say, chase, instruct": (
        V.NOTE, V.RAISE_URGENCY, V.CHASE, V.SUPERVISE, V.ANSWER, V.INSTRUCT, V.ACKNOWLEDGE,
    ),
    "By itself": tuple(verb for verb, rule in RULES.items() if rule.by_itself),
}  # fmt: skip
# Sets of states that have a name of their own; the first that fits is said.
NAMED = (
    (frozenset(State), "every state"),
    (OPEN, "every open state"),
    (AWAKE, "every open state but suspended"),
    (OPEN | DONE, "every open or closed state"),
    (OWED, "every open or closed state, cancelled"),
    (DONE, "every closed state"),
    (AT_WORK | DONE, "dispatched, handling, every closed state"),
    (AT_DESK | AT_WORK | {State.RETURNED}, "every state before handled but suspended"),
)


class Command(PageCommand):
    """Writes docs/workflow.md; `--check` only says whether it is as it would be written."""

    def written(self) -> tuple[Path, str]:
        return PAGE, page()


def page() -> str:
    """The whole page as Markdown: states, diagram, verbs, gates, and who they are for."""
    with override("zh-hans"):
        parts = [
            "## States\n",
            *table(("code", "中文", "English", ""), map(_state_row, State)),
            "",
            "```mermaid",
            "stateDiagram-v2",
            *(f"    {line}" for line in _diagram()),
            "```",
            "",
            DRAWN,
            "",
            "## Verbs\n",
            TOLD,
            "",
            *_verbs(),
            "## Gates\n",
            GATED,
            "",
            *table(("only when", ""), map(_gate_row, ASKS)),
            "",
            "## Who\n",
            *table(("who", ""), ((f"`{key}`", first_line(who)) for key, who in WHO.items())),
        ]
    return HEAD + "\n".join(parts) + "\n"


def _state_row(state: State) -> tuple[str, ...]:
    return f"`{state}`", *STATE_NAMES[state], "open" if state in OPEN else "ended"


def _gate_row(gate: str) -> tuple[str, str]:
    return gate.replace("_", " "), why_shut(gate) or "(not shown)"


def _diagram() -> Iterator[str]:
    """The states, the open ones in a box, and one arrow for each pair that a verb connects."""
    for state in State:
        yield f"{state} : {' '.join(STATE_NAMES[state])}"
    yield "state open {"
    inside = (way for way in _ways() if way[1] in OPEN and way[0] in OPEN)
    for source, target, said in inside:
        yield f"    {source} --> {target} : {said}"
    yield "}"
    for source, target, said in _ways():
        if source not in OPEN or target not in OPEN:
            yield f"{source} --> {target} : {said}"
    for end in _in_order(frozenset(State) - OPEN):
        yield f"{end} --> [*]"


def _ways() -> Iterator[tuple[str, str, str]]:
    """From, to, and what leads there; "open" stands for every open state."""
    ways: dict[tuple[str, str], list[str]] = {}
    for rule in RULES.values():
        for target, mark in ((rule.to, ""), (rule.otherwise, " (no)")):
            if target is None:
                continue
            said = f"{rule.zh} {rule.en}{mark}{' (by itself)' if rule.by_itself else ''}"
            for source in _drawn_sources(rule, target):
                ways.setdefault((source, target), []).append(said)
    return ((source, target, ", ".join(said)) for (source, target), said in ways.items())


def _drawn_sources(rule: Rule, target: State) -> list[str]:
    """The states that an arrow starts from; a verb that stays where it is has none."""
    if not rule.sources:
        return ["[*]"]
    if rule.sources >= OPEN and target not in OPEN:
        return ["open", *_in_order(rule.sources - OPEN - {target})]
    return _in_order(rule.sources - {target})


def _verbs() -> Iterator[str]:
    for title, verbs in GROUPS.items():
        yield f"### {title}\n"
        head = ("verb", "", "from", "to", "who", "needs", "only when", "clocks", "tells")
        yield from table(head, (_verb_row(RULES[verb]) for verb in verbs))
        yield ""


def _verb_row(rule: Rule) -> tuple[str, ...]:
    return (
        f"`{rule.verb}`",
        f"{rule.zh} {rule.en}",
        _sources(rule),
        _targets(rule),
        f"`{rule.who}`{', apart' if rule.apart else ''}",
        ", ".join(rule.needs),
        ", ".join(gate.replace("_", " ") for gate in rule.when),
        _clocks(rule),
        ", ".join(rule.tells),
    )


def _sources(rule: Rule) -> str:
    if not rule.sources:
        return "(new)"
    named = next((name for states, name in NAMED if states == rule.sources), "")
    return named or ", ".join(_in_order(rule.sources))


def _targets(rule: Rule) -> str:
    if rule.to is None:
        return "(stays)"
    return f"{rule.to}; no: {rule.otherwise}" if rule.otherwise else str(rule.to)


def _clocks(rule: Rule) -> str:
    said = ", ".join(rule.clocks)
    if rule.verb not in NO_CLOCKS:
        return said
    return f"{said}; no: {', '.join(NO_CLOCKS[rule.verb])}".removeprefix("; ")


def _in_order(states: frozenset[State]) -> list[str]:
    return [str(state) for state in State if state in states]
