"""Every installation and every test database starts with a calendar."""

from django.db import migrations

from worktime import seed


def add_default_calendar(apps, schema_editor):
    Calendar = apps.get_model("worktime", "Calendar")
    Day = apps.get_model("worktime", "Day")
    Span = apps.get_model("worktime", "Span")
    calendar = Calendar.objects.create(code="default", name="默认工作日历")
    Span.objects.bulk_create(
        Span(calendar=calendar, starts=starts, ends=ends) for starts, ends in seed.SPANS
    )
    Day.objects.bulk_create(
        (
            Day(calendar=calendar, date=day, source=seed.source_of(fact), **fact._asdict())
            for day, fact in seed.days_of(seed.YEARS).items()
        ),
        batch_size=1000,
    )


class Migration(migrations.Migration):
    dependencies = [("worktime", "0001_initial")]
    operations = [migrations.RunPython(add_default_calendar, migrations.RunPython.noop)]
