"""Ladders for the limits that came with the whole rule book."""

from django.db import migrations
from django.utils import timezone

from issues.rungs import rows

USES = ("decide", "approve", "climbed", "countersign", "whistle")


def add_ladders(apps, schema_editor):
    Ladder, Rung = apps.get_model("issues", "Ladder"), apps.get_model("issues", "Rung")
    now = timezone.now()
    for use in USES:
        ladder = Ladder.objects.create(use=use, version=1, created_at=now)
        Rung.objects.bulk_create(Rung(ladder=ladder, **row) for row in rows(use))


class Migration(migrations.Migration):
    dependencies = [("issues", "0006_rule_book")]

    operations = [migrations.RunPython(add_ladders, migrations.RunPython.noop)]
