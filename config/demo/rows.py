"""Rows as plain objects with the columns of their tables, and their way into the database."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from operator import attrgetter
from typing import Any, TypeVar, cast

from django.core.management.color import no_style
from django.db import connection, models

from issues.models import Assignment, Clock, Event, EventText, Issue, Return, Step
from matters.models import ClockKind

INSERTED_AT_ONCE = 1000


@dataclass(slots=True)
class IssueRow:
    number: str
    source: str
    description: str
    lat: float
    lng: float
    reporter_id: int
    created_at: datetime
    id: int = 0
    state: str = ""
    is_open: bool = True
    level: str = ""
    category_id: int | None = None
    condition_id: int | None = None
    critical: bool = False
    place_text: str = ""
    place_id: int | None = None
    district_id: int | None = None
    street_id: int | None = None
    community_id: int | None = None
    cell_id: int | None = None
    owner_id: int | None = None
    unit_id: int | None = None
    doer_id: int | None = None
    yellow_at: datetime | None = None
    due_at: datetime | None = None
    returns: int = 0
    reworks: int = 0
    outcome: str = ""
    escalated: int = 0
    raised_to: str = ""
    answer_due_at: datetime | None = None
    called_at: datetime | None = None
    judged: bool = False
    was_late: bool = False
    must_visit: bool = False
    planned_for: date | None = None
    handled_at: datetime | None = None
    checked_at: datetime | None = None
    closed_at: datetime | None = None
    version: int = 0
    event_count: int = 0
    last_hash: str = ""


@dataclass(slots=True)
class EventRow:
    at: datetime
    verb: str
    actor_id: int | None
    post_id: int | None
    from_state: str
    to_state: str
    unit_id: int | None
    on_behalf_of_id: int | None
    facts: dict[str, Any]
    public: bool
    id: int = 0
    issue_id: int = 0
    seq: int = 0
    text_digest: str = ""
    previous_hash: str = ""
    hash: str = ""


@dataclass(slots=True)
class TextRow:
    event: EventRow
    text: str
    salt: str

    @property
    def event_id(self) -> int:
        return self.event.id


@dataclass(slots=True)
class AssignmentRow:
    unit_id: int
    doer_id: int | None
    role: str
    started_at: datetime
    id: int = 0
    issue_id: int = 0
    ended_at: datetime | None = None


@dataclass(slots=True)
class ClockRow:
    organization_id: int | None
    kind: str
    limit_clock: str
    calendar_stamp: str
    critical: bool
    limit_minutes: int
    granted_minutes: int
    started_at: datetime
    yellow_at: datetime
    due_at: datetime
    provisional: bool
    id: int = 0
    issue_id: int = 0
    stopped_at: datetime | None = None
    paused_at: datetime | None = None
    ladder_id: int | None = None
    level: int = -1
    next_at: datetime | None = None

    @property
    def continuous(self) -> bool:
        return self.limit_clock == ClockKind.CONTINUOUS


@dataclass(slots=True)
class StepRow:
    clock: ClockRow
    level: int
    due_at: datetime
    at: datetime
    seq: int
    id: int = 0

    @property
    def clock_id(self) -> int:
        return self.clock.id


@dataclass(slots=True)
class ReturnRow:
    seq: int
    at: datetime
    unit_id: int
    reason: str
    item_id: int | None
    proposed_id: int | None
    id: int = 0
    issue_id: int = 0
    right_cell_id: int | None = None
    decided_at: datetime | None = None
    decided_seq: int | None = None
    how: str = ""
    sent_to_id: int | None = None
    against: str = ""


@dataclass(slots=True)
class Life:
    """One issue with everything that happened to it."""

    issue: IssueRow
    events: list[EventRow] = field(default_factory=list)
    texts: list[TextRow] = field(default_factory=list)
    assignments: list[AssignmentRow] = field(default_factory=list)
    clocks: list[ClockRow] = field(default_factory=list)
    steps: list[StepRow] = field(default_factory=list)
    returns: list[ReturnRow] = field(default_factory=list)


Numbered = TypeVar("Numbered", EventRow, AssignmentRow, ClockRow, ReturnRow)


@dataclass
class FirstIds:
    """The next free id of each table."""

    issue: int
    event: int
    assignment: int
    clock: int
    step: int
    returned: int


def number_rows(lives: Sequence[Life], first: FirstIds) -> None:
    """Give every row its id and its issue's."""
    for n, life in enumerate(lives):
        life.issue.id = first.issue + n
    _number([(life.issue.id, row) for life in lives for row in life.events], first.event)
    _number([(life.issue.id, row) for life in lives for row in life.assignments], first.assignment)
    _number([(life.issue.id, row) for life in lives for row in life.clocks], first.clock)
    _number([(life.issue.id, row) for life in lives for row in life.returns], first.returned)
    for n, step in enumerate(step for life in lives for step in life.steps):
        step.id = first.step + n


def _number(rows: Iterable[tuple[int, Numbered]], first: int) -> None:
    for n, (issue, row) in enumerate(rows):
        row.id, row.issue_id = first + n, issue


def store(lives: Sequence[Life]) -> None:
    """Insert the lives: multi-row statements through Django's cursor, no model instances."""
    _insert(Issue, IssueRow, [life.issue for life in lives])
    _insert(Event, EventRow, [row for life in lives for row in life.events])
    _insert(EventText, TextRow, [row for life in lives for row in life.texts])
    _insert(Assignment, AssignmentRow, [row for life in lives for row in life.assignments])
    _insert(Clock, ClockRow, [row for life in lives for row in life.clocks])
    _insert(Step, StepRow, [row for life in lives for row in life.steps])
    _insert(Return, ReturnRow, [row for life in lives for row in life.returns])


def next_sequences() -> None:
    """Let the tables number on after the highest id that was given by hand."""
    tables = [Issue, Event, Assignment, Clock, Step, Return]
    with connection.cursor() as cursor:
        for table in tables:
            for sql in connection.ops.sequence_reset_sql(no_style(), [table]):
                cursor.execute(sql)


class _Table:
    """A table's columns: those that a row has, and the models' defaults for the others."""

    def __init__(self, model: type[models.Model], row: type[object]) -> None:
        self.name = connection.ops.quote_name(model._meta.db_table)
        fields = [f for f in model._meta.concrete_fields if hasattr(row, f.attname)]
        others = [f for f in model._meta.concrete_fields if f not in fields]
        self.columns = [connection.ops.quote_name(f.attname) for f in (*fields, *others)]
        self.keys = [f.attname for f in (*fields, *others)]
        self.read = attrgetter(*(f.attname for f in fields))
        self.constants = tuple(f.get_default() for f in others)


def _insert(model: type[models.Model], row: type[object], rows: Sequence[object]) -> None:
    table = _Table(model, row)
    records = (table.read(row) + table.constants for row in rows)
    insert = _insert_json if connection.vendor == "postgresql" else _insert_many
    insert(table, records)


def _insert_many(table: _Table, records: Iterator[tuple[Any, ...]]) -> None:
    """One prepared statement run for every row: the fast road in SQLite."""
    marks = ", ".join(["%s"] * len(table.columns))
    sql = f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({marks})"  # noqa: S608
    stored = connection.ops.adapt_datetimefield_value

    def adapted(value: Any) -> Any:
        if type(value) is datetime:
            return stored(value)
        if type(value) is date:
            return value.isoformat()
        return json.dumps(value) if type(value) is dict else value

    with connection.cursor() as cursor:
        cursor.executemany(sql, [tuple(map(adapted, record)) for record in records])


def _insert_json(table: _Table, records: Iterator[tuple[Any, ...]]) -> None:
    """Rows as one JSON parameter: the server reads them faster than it reads literals."""
    columns = ", ".join(table.columns)
    sql = (
        f"INSERT INTO {table.name} ({columns}) "  # noqa: S608 - names of our own tables
        f"SELECT {columns} FROM json_populate_recordset(NULL::{table.name}, %s::json)"
    )
    keys = table.keys
    everything = [dict(zip(keys, record, strict=True)) for record in records]
    with connection.cursor() as cursor:
        for start in range(0, len(everything), INSERTED_AT_ONCE):
            part = everything[start : start + INSERTED_AT_ONCE]
            cursor.execute(sql, [json.dumps(part, default=_instant, ensure_ascii=False)])


def _instant(value: object) -> str:
    if type(value) is date:
        return value.isoformat()
    return cast(datetime, value).astimezone(UTC).isoformat()
