"""Split (拆分): one report with several problems becomes linked issues, each with its own leaf."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from issues.dispatch import Position, Route, desk_for, position_of, route
from issues.models import Issue, Joining, Return
from issues.numbers import new_number
from issues.services.deciding import close_return
from issues.services.doing import Given, How
from issues.services.filing import filed_under
from issues.services.sending import send_by_rule
from issues.services.telling import others_who_reported
from issues.services.turn import Turn
from issues.services.words import MAX_DESCRIPTION, cleaned
from issues.workflow import CONFERRED_AT, RULES, ClockAct, Rule, State, Verb
from matters.queries import Matter

FEWEST, MOST = 2, 9
# Where the kept part goes to another unit when it turns out to be another matter.
SENT_ANEW = frozenset({State.PENDING_DISPATCH, State.DISPATCHED, State.RETURNED})


@dataclass(frozen=True)
class Part:
    """One of the problems, looked up and cleaned."""

    what: Matter
    text: str


def _split(turn: Turn, rule: Rule, given: Given) -> None:
    """The first part stays this issue, each other part becomes a new one beside it.

    The new ones lie at the same place and belong to the same reporter; they are
    accepted and sent by the responsibility list like any report. Contact and
    photos stay here. Everything or nothing: ValidationError {"parts": …} for all
    of it, {"parts.1.category": …} for one part, counted from 0.
    """
    issue = turn.issue
    first, *others = _parts(given.parts)
    if issue.critical and not any(part.what.condition.critical for part in (first, *others)):
        raise _bad(_("这是紧急事项：拆开以后至少要有一件仍是紧急情形。"))
    where = position_of(issue)
    made = [_made(turn, part, where) for part in others]
    _heard_by_all(turn, made)
    _refile(turn, rule, first, where=where, note=given.note, split=[new.number for new in made])


def _parts(given: Sequence[Mapping[str, Any]]) -> list[Part]:
    """Every part, with all that is wrong said at once."""
    if not FEWEST <= len(given) <= MOST:
        raise _bad(_("请拆成 %(fewest)d 到 %(most)d 件。") % {"fewest": FEWEST, "most": MOST})
    parts: list[Part] = []
    wrong: dict[str, list[str]] = {}
    for at, said in enumerate(given):
        try:
            parts.append(_part(said))
        except ValidationError as bad:
            wrong |= {f"parts.{at}.{name}": said for name, said in bad.message_dict.items()}
    if wrong:
        raise ValidationError(wrong)
    return parts


def _part(said: Mapping[str, Any]) -> Part:
    """One part; ValidationError by its own field names."""
    wrong: dict[str, Any] = {}
    category, condition = (str(said.get(name) or "") for name in ("category", "condition"))
    text = what = None
    try:
        text = cleaned(
            str(said.get("description") or ""), field="description", longest=MAX_DESCRIPTION
        )
    except ValidationError as bad:
        wrong |= bad.message_dict
    else:
        if not text:
            wrong["description"] = [_("请写一句话说明这一件。")]
    try:
        what = filed_under(category, condition) if category else None
    except ValidationError as bad:
        wrong |= bad.message_dict
    else:
        if what is None:
            wrong["category"] = [_("请选择这一件的事项类别。")]
    if wrong or what is None or text is None:
        raise ValidationError(wrong)
    return Part(what, text)


def _bad(sentence: str) -> ValidationError:
    return ValidationError({"parts": sentence})


def _made(turn: Turn, part: Part, where: Position) -> Issue:
    """A new issue at the same place, accepted and sent by rule in the same transaction."""
    kept = turn.issue
    issue = Issue(
        number=_unused_number(turn),
        source=kept.source,
        description=part.text,
        category=part.what.category,
        condition=part.what.condition,
        critical=part.what.condition.critical,
        lat=kept.lat,
        lng=kept.lng,
        datum=kept.datum,
        place_text=kept.place_text,
        place_id=kept.place_id,
        district=kept.district,
        street=kept.street,
        community=kept.community,
        cell=kept.cell,
        owner=kept.owner,
        reporter_id=kept.reporter_id,
        split_from=kept,
        created_at=turn.now,
    )
    own = Turn(issue, scope=turn.scope, seat=turn.seat, now=turn.now)
    facts = {"by_rule": True, "split_from": kept.number, "reasons": list(where.reasons)}
    own.apply(RULES[Verb.REPORT], to=State.REPORTED, facts=facts)
    own.apply(RULES[Verb.ACCEPT], to=State.PENDING_DISPATCH, facts={"by_rule": True})
    found = route(category=part.what.category, place=where, at=turn.now)
    send_by_rule(own, found=found, where=where)
    return own.save()


def _unused_number(turn: Turn) -> str:
    number = new_number(at=turn.now)
    while Issue.objects.filter(number=number).exists():
        number = new_number(at=turn.now)
    return number


def _heard_by_all(turn: Turn, made: list[Issue]) -> None:
    """Whoever joined the report, or sent one that was merged into it, hears of every part."""
    users = {one.user for one in others_who_reported(turn.issue)} - {turn.issue.reporter_id}
    Joining.objects.bulk_create(
        Joining(issue=new, user_id=user, at=turn.now) for new in made for user in sorted(users)
    )


def _refile(
    turn: Turn, rule: Rule, part: Part, *, where: Position, note: str, split: list[str]
) -> None:
    """File this issue under the first part; another matter goes to whoever answers for it."""
    issue, before = turn.issue, turn.issue.category
    moved = before is None or before.pk != part.what.category.pk
    refiled = moved or issue.condition is None or issue.condition.pk != part.what.condition.pk
    issue.category, issue.condition = part.what.category, part.what.condition
    issue.critical = part.what.condition.critical
    if moved:
        # What was judged was who does the other matter.
        issue.judged = False
    found = None
    if moved and State(issue.state) in SENT_ANEW and not _disputed(issue):
        found = route(category=part.what.category, place=where, at=turn.now)
    elsewhere = found is not None and _to_another_desk(issue, found, where)
    facts: dict[str, Any] = {
        "split": split,
        "from_category": before.code if before else "",
        "to_category": part.what.category.code,
    }
    turn.apply(
        rule,
        to=State(issue.state),
        facts=facts,
        text="\n".join(said for said in (part.text, note) if said),
        unit=issue.unit,
        # Another matter has another limit, from now on; so has another desk.
        clock_acts=(ClockAct.RESTART,) if elsewhere or (refiled and _handled(issue)) else (),
    )
    if found is not None:
        _send_anew(turn, found, where)


def _handled(issue: Issue) -> bool:
    return issue.state in (State.DISPATCHED, State.RETURNED)


def _disputed(issue: Issue) -> bool:
    """From the second return on a conference or a judgement decides, not the list."""
    return issue.state == State.RETURNED and issue.returns >= CONFERRED_AT


def _to_another_desk(issue: Issue, found: Route, where: Position) -> bool:
    """Whether what waits for dispatch waits at another desk from now on, and puts it there."""
    if found.unit is not None or issue.state != State.PENDING_DISPATCH:
        return False
    before = issue.unit_id
    issue.unit, issue.level = desk_for(where, level=found.queue)
    return issue.unit_id != before


def _send_anew(turn: Turn, found: Route, where: Position) -> None:
    """By the responsibility list, with its reasons; what no rule can send goes to the desk."""
    issue = turn.issue
    if issue.state == State.PENDING_DISPATCH:
        send_by_rule(turn, found=found, where=where)
        return
    unit, level = (found.unit, found.level) if found.unit else desk_for(where, level=found.queue)
    if unit is None or unit.pk == issue.unit_id:
        turn.note(reasons=list(found.reasons))
        return
    issue.level = level
    turn.staff = found.staff if found.unit else None
    turn.send_to(unit=unit, doer=found.doer if found.unit else None, helpers=found.helpers)
    turn.apply(
        RULES[Verb.REDISPATCH],
        to=State.DISPATCHED,
        unit=unit,
        on_behalf_of=found.doer if found.on_behalf else None,
        facts={"reasons": list(found.reasons), "by_rule": True},
    )
    close_return(turn, how=Return.How.DESK, sent_to=unit)


HOW: dict[Verb, How] = {Verb.SPLIT: _split}
