"""The database itself refuses two rows of one thing at one instant.

PostgreSQL: an exclusion constraint over the half-open range. SQLite: triggers,
which are enough because it has one writer.
"""

from django.db import migrations

# Table, the columns that name the thing, and a message for SQLite's trigger.
GUARDED = {
    "partyorgs_cellownership": ["cell_id"],
    "partyorgs_responsibility": ["category_id", "level", "area_id"],
}


def guard(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    for table, columns in GUARDED.items():
        statements = GUARDS[schema_editor.connection.vendor](table, columns)
        for statement in statements:
            schema_editor.execute(statement)


def unguard(apps, schema_editor):
    for table in GUARDED:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_one_at_a_time")
        else:
            for act in ("insert", "update"):
                schema_editor.execute(f"DROP TRIGGER {table}_one_at_a_time_{act}")


def _postgresql(table, columns):
    same = ", ".join(f"{column} WITH =" for column in columns)
    yield (
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_one_at_a_time EXCLUDE USING gist "
        f"({same}, tstzrange(valid_from, valid_until) WITH &&)"
    )


def _sqlite(table, columns):
    same = " AND ".join(f"other.{column} = NEW.{column}" for column in columns)
    for act in ("insert", "update"):
        yield f"""
            CREATE TRIGGER {table}_one_at_a_time_{act} BEFORE {act.upper()} ON {table}
            WHEN EXISTS (
                SELECT 1 FROM {table} other
                WHERE other.id IS NOT NEW.id AND {same}
                AND (NEW.valid_until IS NULL OR other.valid_from < NEW.valid_until)
                AND (other.valid_until IS NULL OR other.valid_until > NEW.valid_from)
            )
            BEGIN SELECT RAISE(ABORT, '{table}_one_at_a_time'); END
        """


GUARDS = {"postgresql": _postgresql, "sqlite": _sqlite}


class Migration(migrations.Migration):
    dependencies = [("partyorgs", "0001_initial")]
    operations = [migrations.RunPython(guard, unguard)]
