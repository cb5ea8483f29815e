"""The Celery application: it hurries, the database guarantees."""

import os
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import worker_ready
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = Celery("gezhi")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_ready.connect
def sweep_first(sender: Any, **_facts: Any) -> None:
    """A worker that comes back takes what was missed at once, not at the next tick."""
    sender.app.send_task("issues.tasks.sweep", expires=SWEEPING)


# `expires`: a tick that nobody took in time is not worth taking later.
# Embedded mode has no broker that could wake the engine, so it looks more often.
# A step due now is on record within the minute that is promised.
SWEEPING = 30  # seconds
SENDING = 5 if settings.EMBEDDED else 10  # seconds
app.conf.beat_schedule = {
    "send what waits in the outbox": {
        "task": "notices.tasks.send_notices",
        "schedule": SENDING,
        "options": {"expires": SENDING},
    },
    "take the steps that have come": {
        "task": "issues.tasks.sweep",
        "schedule": SWEEPING,
        "options": {"expires": SWEEPING},
    },
    "watch the watchman": {
        "task": "issues.tasks.audit",
        "schedule": 60,
        "options": {"expires": 60},
    },
    "erase contacts whose time is over": {
        "task": "issues.tasks.erase_contacts",
        "schedule": crontab(hour="3", minute="10"),
        "options": {"expires": 3600},
    },
    "send the morning's brief, late where it must be": {
        "task": "issues.tasks.send_briefs",
        "schedule": crontab(hour="8-11", minute="*/5"),
        "options": {"expires": 240},
    },
    "tidy what nobody needs any more": {
        "task": "issues.tasks.tidy",
        "schedule": crontab(hour="3", minute="40"),
        "options": {"expires": 3600},
    },
}
