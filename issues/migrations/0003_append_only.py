"""The timeline is append-only: the database refuses to change or delete an event."""

from django.db import migrations

TABLE = "issues_event"


def guard(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"""
            CREATE FUNCTION {TABLE}_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION '{TABLE} is append-only'; END $$
        """)
        schema_editor.execute(f"""
            CREATE TRIGGER {TABLE}_append_only BEFORE UPDATE OR DELETE ON {TABLE}
            FOR EACH ROW EXECUTE FUNCTION {TABLE}_append_only()
        """)
        return
    for act in ("update", "delete"):
        schema_editor.execute(f"""
            CREATE TRIGGER {TABLE}_append_only_{act} BEFORE {act.upper()} ON {TABLE}
            BEGIN SELECT RAISE(ABORT, '{TABLE} is append-only'); END
        """)


def unguard(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP TRIGGER {TABLE}_append_only ON {TABLE}")
        schema_editor.execute(f"DROP FUNCTION {TABLE}_append_only()")
        return
    for act in ("update", "delete"):
        schema_editor.execute(f"DROP TRIGGER {TABLE}_append_only_{act}")


class Migration(migrations.Migration):
    dependencies = [("issues", "0002_initial")]
    operations = [migrations.RunPython(guard, unguard)]
