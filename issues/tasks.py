"""What the engine does by itself. Thin doors: each calls one service."""

import logging

from celery import shared_task
from django.utils import timezone

from issues.services.contacts import erase_old_contacts
from issues.services.photos import remove_unused
from issues.services.upkeep import forget_keys

log = logging.getLogger(__name__)


@shared_task(name="issues.tasks.erase_contacts")
def erase_contacts() -> None:
    """Erase contacts whose time is over, and say how many by which rule."""
    for erased in erase_old_contacts(now=timezone.now()):
        log.info("contacts erased: %d (rule: %s)", erased.contacts, erased.rule)


@shared_task(name="issues.tasks.tidy")
def tidy() -> None:
    """Remove photos that no report named and idempotency keys past their time."""
    now = timezone.now()
    log.info("unused photos removed: %d", remove_unused(now=now))
    log.info("idempotency keys forgotten: %d", forget_keys(now=now))
