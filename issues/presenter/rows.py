"""Rows of a list as people and programs read them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone

from issues import clocks
from issues.clocks import WorkingTime
from issues.presenter import words
from issues.queries import Row
from matters.models import ClockKind, local_name
from worktime.models import DEFAULT
from worktime.queries import work_calendars

Fact = dict[str, Any]


def row_facts(rows: Iterable[Row], *, now: datetime) -> list[Fact]:
    """What a list shows of each issue; names in the reader's language."""
    calendars = work_calendars()
    return [_facts(row, now, calendars) for row in rows]


def _facts(row: Row, now: datetime, calendars: Mapping[str, WorkingTime]) -> Fact:
    runs, _colon, code = (row["running"] or "").partition(":")
    light = clocks.light(now=now, yellow_at=row["yellow_at"], due_at=row["due_at"])
    until = row["suspended_until"]
    category = None
    if row["category__code"]:
        name = local_name(row["category__name_zh"], row["category__name_en"])
        category = {"code": row["category__code"], "name": name}
    return {
        "number": row["number"],
        "state": row["state"],
        "state_name": words.state_name(row["state"]),
        "category": category,
        "description": row["description"],
        "lat": row["lat"],
        "lng": row["lng"],
        "place": row["place_text"],
        "critical": row["critical"],
        "cell": _named(row, "cell"),
        "community": _named(row, "community"),
        "street": _named(row, "street"),
        "owner": _named(row, "owner"),
        "unit": _named(row, "unit"),
        "created_at": timezone.localtime(row["created_at"]),
        "due_at": timezone.localtime(row["due_at"]) if row["due_at"] else None,
        "due_words": words.sleeping_words(until)
        if until
        else words.due_words(
            now=now,
            due_at=row["due_at"],
            continuous=runs == ClockKind.CONTINUOUS,
            calendar=calendars.get(code) or calendars[DEFAULT],
        ),
        "light": str(clocks.Light.NONE if until else light),
        "light_name": "" if until else words.light_name(light),
        "escalated": row["escalated"],
        "raised_to": row["raised_to"],
        "answer_due_at": timezone.localtime(row["answer_due_at"]) if row["answer_due_at"] else None,
        "called": row["called_at"] is not None,
        "asked": row["asked"],
        "suspended_until": timezone.localtime(until) if until else None,
        "countersign_by": timezone.localtime(row["countersign_by"])
        if row["countersign_by"]
        else None,
        "open_parts": row["open_parts"],
        "version": row["version"],
    }


def _named(row: Row, name: str) -> Fact | None:
    code = row[f"{name}__code"]
    return {"code": code, "name": row[f"{name}__name"]} if code else None
