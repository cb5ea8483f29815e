"""Keys under which something is done once: not of reports alone, so in a table of their own."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def keep_keys(apps, schema_editor):
    """What was reported with a key so far is still known by it."""
    Issue, Sent = apps.get_model("issues", "Issue"), apps.get_model("issues", "Sent")
    keyed = Issue.objects.filter(idempotency_key__isnull=False).values_list(
        "reporter_id", "idempotency_key", "idempotency_digest", "number", "created_at"
    )
    Sent.objects.bulk_create(
        (
            Sent(user_id=user, key=key, digest=digest, subject=f"issue:{number}", at=at)
            for user, key, digest, number, at in keyed.iterator()
        ),
        batch_size=1000,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("issues", "0009_whistles"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Sent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=80)),
                ("digest", models.CharField(max_length=64)),
                ("subject", models.CharField(max_length=80)),
                ("at", models.DateTimeField()),
                ("user", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "verbose_name": "提交编号",
                "verbose_name_plural": "提交编号",
                "constraints": [models.UniqueConstraint(fields=("user", "key"), name="sent_once")],
            },
        ),
        migrations.RunPython(keep_keys, migrations.RunPython.noop),
        migrations.RemoveConstraint(model_name="issue", name="issue_sent_once"),
        migrations.RemoveField(model_name="issue", name="idempotency_key"),
        migrations.RemoveField(model_name="issue", name="idempotency_digest"),
    ]
