"""Ladders for the limits that came with the whole rule book; what is returned now waits on one."""

from datetime import timedelta

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


def decide_on_returns(apps, schema_editor):
    """Whoever returned before gets the same two hours from now.

    Without a stamp the engine reckons the times anew at its next round, in
    working time, and says so.
    """
    get = apps.get_model
    Issue, Event, Clock = (get("issues", name) for name in ("Issue", "Event", "Clock"))
    ladder = get("issues", "Ladder").objects.get(use="decide", replaced_at=None)
    now = timezone.now()
    for issue in Issue.objects.filter(state="returned"):
        event = Event.objects.filter(issue=issue, verb="return").order_by("-seq").first()
        if event is None or issue.unit_id is None:
            continue
        get("issues", "Return").objects.create(
            issue=issue, seq=event.seq, at=event.at, unit_id=issue.unit_id,
            reason=event.facts.get("reason", ""),
        )
        Clock.objects.create(
            issue=issue, organization_id=issue.unit_id, kind="decide", limit_clock="working",
            critical=issue.critical, limit_minutes=120, granted_minutes=120, started_at=now,
            yellow_at=now + timedelta(minutes=60), due_at=now + timedelta(minutes=120),
            ladder=ladder, next_at=now + timedelta(minutes=60),
        )


class Migration(migrations.Migration):
    dependencies = [("issues", "0006_rule_book")]

    operations = [
        migrations.RunPython(add_ladders, migrations.RunPython.noop),
        migrations.RunPython(decide_on_returns, migrations.RunPython.noop),
    ]
