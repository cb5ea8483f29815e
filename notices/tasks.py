"""Sending by the workers. The schedule stands in config/celery.py."""

from celery import shared_task
from django.utils import timezone

from notices.sending import send_due
from notices.waking import TASK

# How many receivers are waited for at the same time.
THREADS = 8


@shared_task(name=TASK)
def send_notices() -> None:
    """Send what is due; any number of workers may do it at once."""
    send_due(now=timezone.now(), limit=1000, threads=THREADS)
