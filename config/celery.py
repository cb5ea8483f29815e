"""The Celery application: it hurries, the database guarantees."""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = Celery("gezhi")
app.config_from_object("django.conf:settings.CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {}
_ = crontab
