"""The default ladders, and the limits that run already put on the lowest rung."""

from django.db import migrations
from django.db.models import F, OuterRef, Subquery
from django.utils import timezone

from issues.rungs import rows

USES = ("limit", "answer", "duty")


def put_on_ladders(apps, schema_editor):
    Ladder, Rung = apps.get_model("issues", "Ladder"), apps.get_model("issues", "Rung")
    Clock, Issue = apps.get_model("issues", "Clock"), apps.get_model("issues", "Issue")
    now = timezone.now()
    for use in USES:
        ladder = Ladder.objects.create(use=use, version=1, created_at=now)
        Rung.objects.bulk_create(Rung(ladder=ladder, **row) for row in rows(use))
    # The lowest rung of every limit comes at yellow; what is late is caught up by the sweep.
    critical = Issue.objects.filter(pk=OuterRef("issue")).values("critical")
    Clock.objects.filter(stopped_at=None).update(
        ladder=Ladder.objects.get(use="limit"),
        next_at=F("yellow_at"),
        critical=Subquery(critical[:1]),
    )


class Migration(migrations.Migration):
    dependencies = [("issues", "0004_escalation")]

    operations = [migrations.RunPython(put_on_ladders, migrations.RunPython.noop)]
