"""Sending by the workers. The schedule stands in config/celery.py."""

import threading

from celery import shared_task
from django.utils import timezone

from notices.sending import send_due
from notices.waking import TASK

# How many receivers are waited for at the same time.
THREADS = 8
# One sender in a process: the others of its threads are for steps, whatever receivers do.
SENDER = threading.Lock()


@shared_task(name=TASK)
def send_notices() -> None:
    """Send what is due; any number of workers may do it at once."""
    if not SENDER.acquire(blocking=False):
        return
    try:
        send_due(now=timezone.now(), limit=1000, threads=THREADS)
    finally:
        SENDER.release()
