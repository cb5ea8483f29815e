"""What would happen: a report that is only imagined, taken through the rules to its last rung.

Nothing here decides. The report is taken in by the very functions that take in a
real one, its clocks are started by the turn, and its ladders are climbed by the
engine's own steps; none of it is saved. So the answer is what then happens, as
long as nobody acts and no table changes.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from issues.dispatch import Position, Route, position, route
from issues.escalation.steps import Known, Steps
from issues.models import Clock, Event, Issue, Rung
from issues.presenter import words
from issues.presenter.answers import place_facts
from issues.presenter.detail import named
from issues.presenter.ladders import rung_sentence
from issues.presenter.steps import together
from issues.services.reporting import put_at, take_in
from issues.services.timing import Timing
from issues.services.turn import Turn
from issues.workflow import State, Verb
from matters.models import ClockKind
from matters.queries import Matter
from partyorgs.models import Organization, Role

Fact = dict[str, Any]
Told = dict[int, str]
# Whose report is filed and sent by the responsibility list at once; the others wait at a desk.
SENT_AT_ONCE = (Issue.Source.WORKER, Issue.Source.STEWARD)
# Holidays are known for about a year; farther off the answer would be a guess.
FARTHEST = timedelta(days=730)
# A ladder has a handful of rungs; an order and a call bring their own.
MOST_ROUNDS = 60


@dataclass(frozen=True)
class Imagined:
    """A report that is only imagined. Degrees in WGS-84; `source` a value of Issue.Source."""

    what: Matter
    lat: float
    lng: float
    at: datetime
    source: str = Issue.Source.WORKER


@dataclass(frozen=True)
class Coming:
    """A rung as it would be recorded: when, of which clock, what it does, whom it tells.

    `rung` None: the call of the duty that a rung of another clock makes. `told`:
    the role by which each person is told, by the id of the user.
    """

    at: datetime
    clock: Clock
    rung: Rung | None
    verb: Verb
    told: Told

    @property
    def level(self) -> int:
        return self.rung.level if self.rung else 0


@dataclass
class WouldBe:
    """What would come of it. `issue` is not saved; its clocks stand in `clocks`.

    `found`: where the responsibility list sends it, now or once a desk has
    accepted it. `handle`: the handling clock, as it would start at the same
    instant where it does not run yet. `first`: people by the verb that tells
    them at once.
    """

    imagined: Imagined
    where: Position
    found: Route
    issue: Issue
    clocks: list[Clock]
    handle: Clock
    first: dict[Verb, Told]
    coming: list[Coming] = field(default_factory=list)

    @property
    def main(self) -> Clock:
        """The clock that runs first."""
        return next(clock for clock in self.clocks if clock.kind in Clock.MAIN)


def would_be(imagined: Imagined) -> WouldBe | None:
    """Cell, owner, unit, clocks and every rung of a report at that instant; None without cells.

    Reads only: about a dozen queries, and a few for each rung.
    """
    what, at = imagined.what, imagined.at
    where = position(lat=imagined.lat, lng=imagined.lng, at=at)
    if where.district is None:
        return None
    issue = Issue(
        source=imagined.source,
        category=what.category,
        condition=what.condition,
        critical=what.condition.critical,
        lat=imagined.lat,
        lng=imagined.lng,
        created_at=at,
    )
    put_at(issue, where)
    turn = Turn(issue, scope=None, seat=None, now=at)
    take_in(turn, where=where, what=what if imagined.source in SENT_AT_ONCE else None)
    clocks, first = turn.rehearse()
    found = route(category=what.category, place=where, at=at)
    for clock in clocks:
        clock.issue = issue
    coming = list(_climb(clocks, turn.events))
    return WouldBe(imagined, where, found, issue, clocks, _handle(issue, found, at), first, coming)


def _handle(issue: Issue, found: Route, at: datetime) -> Clock:
    """The handling clock: whose time it is follows from the unit that would get it."""
    unit = found.unit or issue.unit
    return Timing().start(issue, Clock.Kind.HANDLE, at=at, unit=unit)


def _climb(clocks: Iterable[Clock], events: Iterable[Event]) -> Iterator[Coming]:
    """Every rung in the order in which it comes, those of the clocks that rungs start too."""
    clocks, known = list(clocks), Known()
    called = _called(events)
    for _round in range(MOST_ROUNDS):
        waiting = [clock.next_at for clock in clocks if clock.next_at is not None]
        if not waiting:
            return
        now = min(waiting)
        due = [clock for clock in clocks if clock.next_at is not None and clock.next_at <= now]
        due.sort(key=lambda clock: clock.next_at or now)
        steps = Steps(due, known=known, now=now)
        # What was called before stands in no event that could be read.
        for reached in steps.issues.values():
            steps.called[reached.pk] |= called
        steps.take_all()
        yield from _taken(steps)
        for clock in steps.turning:
            # What ends or turns the issue by itself has no rung above it.
            clock.next_at = None
        called |= _called(steps.events)
        clocks += steps.started


def _called(events: Iterable[Event]) -> set[int]:
    return {user for event in events for user in event.facts.get("called", ())}


def _taken(steps: Steps) -> Iterator[Coming]:
    """What one instant brings: its rungs, and the calls that they make."""
    told: dict[str, Told] = {}
    for draft in steps.drafts:
        if draft.recipient_id:
            told.setdefault(draft.key, {})[draft.recipient_id] = draft.role
    taken = {step.seq: step for step in steps.steps}
    for event in steps.events:
        people = told.get(f"{event.issue.number}:{event.seq}", {})
        verb, step = Verb(event.verb), taken.get(event.seq)
        if step is None:
            duty = next(one for one in steps.started if one.kind == Clock.Kind.DUTY)
            yield Coming(event.at, duty, None, verb, people)
        else:
            rungs = steps.rungs[step.clock.ladder_id or 0]
            rung = next(one for one in rungs if one.level == step.level)
            yield Coming(step.due_at, step.clock, rung, verb, people)


def would_be_facts(found: WouldBe) -> Fact:
    """The answer in words, for page and API alike; people by their posts, never by name."""
    issue, imagined = found.issue, found.imagined
    return place_facts(found.where) | {
        "at": timezone.localtime(imagined.at),
        "source": imagined.source,
        "source_name": str(Issue.Source(imagined.source).label),
        "category": {"code": imagined.what.category.code, "name": imagined.what.category.name},
        "condition": {"code": imagined.what.condition.code, "name": imagined.what.condition.name},
        "critical": issue.critical,
        "state": str(issue.state),
        "state_name": words.state_name(issue.state),
        "level": issue.level,
        "level_name": words.level_name(issue.level),
        "unit": _unit(issue.unit),
        "later": _unit(found.found.unit) if _waits(issue) else None,
        "doer": _unit(found.found.doer),
        "on_behalf": found.found.on_behalf,
        "helpers": [named(helper) for helper in found.found.helpers],
        "basis": found.found.item.basis if found.found.item else "",
        "reasons": {
            "place": [words.sentence(reason) for reason in found.where.reasons],
            "unit": _unit_reasons(found),
        },
        "clocks": [_clock(clock) for clock in found.clocks],
        "handle": _clock(found.handle) | {"runs": found.main.kind == Clock.Kind.HANDLE},
        "told": [
            {"verb": str(verb), "verb_name": words.verb_name(verb), "people": people_facts(told)}
            for verb, told in found.first.items()
        ],
        "called": called_at_once(found),
        "ladder": [_coming(one) for one in found.coming],
    }


def would_be_steps(facts: Fact) -> list[Fact]:
    """Place, branch, unit and limits with their reasons, for parts/route.html."""
    place, outside = facts["reasons"]["place"], facts["outside"]
    cell = _("网格外") if outside else f"{facts['community']['name']} · {facts['cell']['name']}"
    steps = [_step(_("所在网格"), cell, place[:1])]
    if not outside:
        owner = facts["owner"]["name"] if facts["owner"] else _("没有登记")
        steps.append(_step(_("归属党支部"), owner, place[1:]))
    unit = facts["unit"]
    value = _("%(unit)s（%(state)s）") % {
        "unit": unit["name"] if unit else _("没有值守台"),
        "state": facts["state_name"],
    }
    steps.append(_step(_("先到"), value, facts["reasons"]["unit"]))
    if facts["later"]:
        steps.append(_step(_("受理后派给"), facts["later"]["name"], []))
    steps += [_limit_step(clock) for clock in facts["clocks"]]
    if not facts["handle"]["runs"]:
        later = _("派遣后才开始；如果当时就派遣，到期时间如上。")
        step = _limit_step(facts["handle"])
        steps.append(step | {"reason": together([step["reason"], later])})
    return steps


def _limit_step(clock: Fact) -> Fact:
    value = _("%(limit)s，%(due)s 到期") % {
        "limit": clock["limit"],
        "due": clock["due_at"].strftime("%Y-%m-%d %H:%M"),
    }
    return _step(_("%(clock)s时限") % {"clock": clock["name"]}, value, [clock["reason"]])


def _step(label: str, value: str, reasons: Iterable[str]) -> Fact:
    return {"label": label, "value": value, "reason": together(reasons)}


def _waits(issue: Issue) -> bool:
    """Whether a desk has it first."""
    return issue.state in (State.PENDING_VERIFY, State.REPORTED, State.PENDING_DISPATCH)


def _unit(unit: Organization | None) -> Fact | None:
    return {"code": unit.code, "name": unit.name, "phone": unit.phone} if unit else None


def _unit_reasons(found: WouldBe) -> list[str]:
    """Why it is there: what waits says for what, then what the list says."""
    state = State(found.issue.state)
    outside = found.where.cell is None
    reasons = [] if outside else [words.sentence(reason) for reason in found.found.reasons]
    waits = {
        State.PENDING_VERIFY: _("群众反映的事先由网格或值守台核实，属实才受理。"),
        State.REPORTED: _("不是网格员上报的，先由值守台受理；受理后按权责清单派遣。"),
    }
    return [*([waits[state]] if state in waits else []), *reasons]


def _clock(clock: Clock) -> Fact:
    return {
        "kind": clock.kind,
        "name": words.clock_name(clock.kind),
        "limit": words.limit_words(clock.limit_minutes, continuous=clock.continuous),
        "started_at": timezone.localtime(clock.started_at),
        "yellow_at": timezone.localtime(clock.yellow_at),
        "due_at": timezone.localtime(clock.due_at),
        "provisional": clock.provisional,
        "calendar": clock.calendar,
        "reason": _clock_reason(clock),
    }


def _clock_reason(clock: Clock) -> str:
    if clock.limit_clock == ClockKind.CONTINUOUS:
        said = _("昼夜连续计时，节假日不停。")
    else:
        whose = clock.organization.name if clock.organization else _("默认")
        said = _("只算“%(unit)s”的工作时间，夜里和放假不算。") % {"unit": whose}
    if clock.provisional:
        said += _("当年节假日安排还没有公布，时间是暂定的。")
    return said


def called_at_once(found: WouldBe) -> bool:
    """Whether the duty is called at once: critical, and off the unit's hours."""
    return found.issue.called_at == found.imagined.at


def _coming(one: Coming) -> Fact:
    return {
        "at": timezone.localtime(one.at),
        "clock": one.clock.kind,
        "clock_name": words.clock_name(one.clock.kind),
        "level": one.level,
        "verb": str(one.verb),
        "verb_name": words.verb_name(one.verb),
        "skipped": one.verb is Verb.SKIP,
        "people": people_facts(one.told),
        "reason": rung_sentence(one.rung)
        if one.rung
        else _("紧急事项在下班时间到期，立即呼叫值班人员，等人点“知悉”。"),
    }


def people_facts(told: Told) -> list[Fact]:
    """How many are told by each post, in words; nobody's name."""
    counted = Counter(told.values())
    return [
        {"role": role, "name": role_name(role), "count": count, "text": _people_words(role, count)}
        for role, count in sorted(counted.items())
    ]


def _people_words(role: str, count: int) -> str:
    facts = {"name": role_name(role), "count": count}
    return ngettext("%(name)s %(count)s 人", "%(name)s %(count)s 人", count) % facts


def role_name(role: str) -> str:
    """The name of a post, or of the role by which somebody is told."""
    if role in Role.values:
        return str(Role(role).label)
    return _("值班人员") if role == "on_duty" else _("上报人")
