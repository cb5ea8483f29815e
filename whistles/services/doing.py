"""What the acts share: what a caller gives, the event that an act writes, its limits."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from issues import clocks
from issues.models import Assignment, Clock, Issue
from issues.services.turn import Turn
from issues.services.words import MAX_PLACE, cleaned
from issues.workflow import RULES as ISSUE_RULES
from issues.workflow import State, Verb
from matters.models import ClockKind
from matters.queries import stage_limit
from partyorgs.models import Organization
from partyorgs.queries import calendar_code_of
from partyorgs.rules import Scope
from whistles.models import Call, Whistle
from whistles.sides import Around
from whistles.workflow import Need, WhistleRule
from worktime.queries import work_calendar

MAX_REASON = 300
MAX_ROLES = 200
MAX_BASIS = 200
# The issue's row says that nobody asks for it there; here a person does.
BY_PERSON = replace(ISSUE_RULES[Verb.WHISTLE], who="whistle")
K = Clock.Kind


@dataclass(frozen=True)
class Given:
    """What comes with an act; empty means "not given". Codes; `item` is an id.

    `units`: who is called, `lead` one of them. `unit`: the one that the act is about.
    `roles`: who reported in. Marks are 1 to 5. `area`, `basis`: of the item that the
    outcome becomes.
    """

    kind: str = ""
    reason: str = ""
    place: str = ""
    meet_at: datetime | None = None
    units: Sequence[str] = ()
    lead: str = ""
    answer: str = ""
    item: int | None = None
    roles: str = ""
    unit: str = ""
    must_come: bool | None = None
    speed: int | None = None
    work: int | None = None
    result: int | None = None
    right: int | None = None
    clear: int | None = None
    area: str = ""
    basis: str = ""


@dataclass
class Doing:
    """One act on a whistle whose issue is locked.

    `about`: the calls that the act is about, for whom it tells.
    """

    turn: Turn
    whistle: Whistle
    calls: Sequence[Call]
    rule: WhistleRule
    given: Given
    about: list[Call] = field(default_factory=list)

    @property
    def issue(self) -> Issue:
        return self.turn.issue

    @property
    def seen(self) -> Around:
        """The whistle as its rules see it in the middle of the act."""
        return Around(self.whistle, self.calls, list(self.whistle.ratings.all()))

    @property
    def now(self) -> datetime:
        return self.turn.now

    @property
    def scope(self) -> Scope:
        if self.turn.scope is None:
            raise ValueError("a person blows a whistle, nothing does it by itself")
        return self.turn.scope


How = Callable[[Doing], None]


def write(
    doing: Doing, code: str, *, text: str = "", whose: Organization | None = None, **facts: Any
) -> None:
    """A line of the issue's timeline, by the person; nothing of the issue itself moves.

    Internal as long as the whistle was never blown: nobody was called yet. `whose`:
    the called unit that it is about; `facts` fill the sentence `code`.
    """
    whistle, turn = doing.whistle, doing.turn
    said = {"code": code, "whistle": whistle.number, **facts}
    turn.apply(
        replace(BY_PERSON, public=whistle.blown_at is not None),
        to=State(turn.issue.state),
        facts={
            "whistle": whistle.number,
            "act": str(doing.rule.verb),
            "kind": whistle.kind,
            "reasons": [said],
        },
        text=text,
        unit=whose or turn.issue.unit,
    )


def limit_of(stage: str) -> clocks.Limit:
    """The limit of answering and of reporting in, by the kind of whistle; of an approval.

    Set in the table of stages (DOMAIN.md §3.4).
    """
    found = stage_limit(stage)
    return clocks.Limit(found.minutes, found.clock == ClockKind.CONTINUOUS)


def arrive_limit(call: Call, *, at: datetime) -> clocks.Limit:
    """The limit of reporting in; nobody is late before the meeting that it was called to."""
    limit = limit_of(call.whistle.kind)
    meets = call.whistle.meet_at
    if meets <= at:
        return limit
    calendar = work_calendar(calendar_code_of(call.unit))
    until = clocks.between(at, meets, continuous=limit.continuous, calendar=calendar)
    return replace(limit, minutes=max(limit.minutes, until))


def start_answer(turn: Turn, call: Call) -> None:
    """The unit's limit to answer, as long as the issue is open: an ended one has no limits."""
    if turn.issue.is_open:
        turn.start_limit(
            K.WHISTLE_ANSWER, unit=call.unit, limit=limit_of(call.whistle.kind),
            subject=call.subject,
        )  # fmt: skip


def end_limits(turn: Turn, calls: Iterable[Call]) -> None:
    """The units owe nothing more."""
    for call in calls:
        for kind in (K.WHISTLE_ANSWER, K.WHISTLE_ARRIVE):
            turn.end_limit(kind, subject=call.subject)


def look_on(turn: Turn, calls: Iterable[Call]) -> None:
    """Called units see the issue while they are called, as helpers without a part.

    So does the one that has it now: it may be sent to another meanwhile.
    """
    Assignment.objects.bulk_create(
        Assignment(
            issue=turn.issue,
            unit=call.unit,
            role=Assignment.Role.HELPER,
            subject=call.whistle.subject_key,
            started_at=turn.now,
        )
        for call in calls
    )


def stop_looking(turn: Turn, whistle: Whistle, *, unit: Organization | None = None) -> None:
    """The end of that, for one unit or for all."""
    seen = turn.issue.assignments.filter(subject=whistle.subject_key, ended_at=None)
    if unit is not None:
        seen = seen.filter(unit=unit)
    seen.update(ended_at=turn.now)


SENTENCES: dict[str, Any] = {
    Need.KIND: gettext_lazy("请选择哨的类型。"),
    Need.REASON: gettext_lazy("请写明理由。"),
    Need.PLACE: gettext_lazy("请写明到场地点。"),
    Need.UNITS: gettext_lazy("请选择要到场的单位。"),
    Need.ANSWER: gettext_lazy("请选择：马上到场、已在现场，或不属于本单位职责。"),
    Need.ROLES: gettext_lazy("请写明到场人员的岗位，例如：执法中队长、法制员。"),
    Need.UNIT: gettext_lazy("请选择单位。"),
    Need.MUST_COME: gettext_lazy("请裁定：应当到场，或不必到场。"),
}


def checked(rule: WhistleRule, given: Given) -> Given:
    """The texts cleaned and everything there that the act needs; ValidationError by field."""
    given = replace(
        given,
        reason=cleaned(given.reason, field="reason", longest=MAX_REASON),
        place=cleaned(given.place, field="place", longest=MAX_PLACE),
        roles=cleaned(given.roles, field="roles", longest=MAX_ROLES),
        basis=cleaned(given.basis, field="basis", longest=MAX_BASIS),
    )
    values = {need: getattr(given, need) for need in rule.needs}
    missing = {
        str(need): SENTENCES[Need(need)]
        for need, value in values.items()
        if not value and value is not False
    }
    if given.kind and given.kind not in Whistle.Kind.values:
        missing["kind"] = _("没有这种哨，请重新选择。")
    if missing:
        raise ValidationError(missing)
    return given


def bad(field: str, sentence: str) -> ValidationError:
    return ValidationError({field: sentence})
