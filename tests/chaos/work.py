"""What the processes of these tests do. Imported once, before they are forked off."""

import os
from random import Random

import django
from django.apps import apps

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
if not apps.ready:
    django.setup()

from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402

from issues.escalation.sweep import sweep  # noqa: E402
from tests.chaos.databases import on  # noqa: E402


def run(task, url, log, failpoint, words):
    """Do one task of TASKS on that database, armed with a failpoint or none."""
    log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ["GEZHI_FAILPOINT"] = failpoint
    with on(url):
        TASKS[task](*words)


def sweep_in_small_batches(least, most):
    """As `manage.py sweep --once`, in batches of a size that differs from process to process.

    Two that sweep at once then overlap in part: some of the rows are held, some are free.
    """
    sweep(now=timezone.now(), batch=Random().randint(least, most))


TASKS = {"command": call_command, "sweep": sweep_in_small_batches}
