"""The Celery application: it hurries, the database guarantees."""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = Celery("gezhi")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# `expires`: a tick that nobody took in time is not worth taking later.
app.conf.beat_schedule = {
    "erase contacts whose time is over": {
        "task": "issues.tasks.erase_contacts",
        "schedule": crontab(hour="3", minute="10"),
        "options": {"expires": 3600},
    },
    "tidy what nobody needs any more": {
        "task": "issues.tasks.tidy",
        "schedule": crontab(hour="3", minute="40"),
        "options": {"expires": 3600},
    },
}
