"""What the engine does by itself. Thin doors: each calls one service."""

import logging

from celery import shared_task
from django.utils import timezone

from issues.escalation.heartbeat import audit_and_report
from issues.escalation.rounds import one_round
from issues.services.briefing import send_briefs as send_briefs_due
from issues.services.contacts import erase_old_contacts
from issues.services.photos import remove_unused
from issues.services.upkeep import forget_keys

log = logging.getLogger(__name__)


@shared_task(name="issues.tasks.sweep")
def sweep() -> None:
    """Take every rung that has come; reckon limits anew whose calendar has changed."""
    done = one_round(now=timezone.now())
    if done.moved or done.swept.steps or done.swept.parked:
        facts = (done.swept.steps, done.swept.parked, done.moved)
        log.info("steps: %d, parked: %d, moved: %d", *facts)


@shared_task(name="issues.tasks.audit")
def audit() -> None:
    """Hold what should have happened against what did; ping the heartbeat when all is well."""
    found = audit_and_report(now=timezone.now())
    for finding in found.findings:
        if finding.count:
            log.error("audit: %s: %d (%s)", finding.code, finding.count, finding.examples)


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


@shared_task(name="issues.tasks.send_briefs")
def send_briefs() -> None:
    """Send the morning's brief where it is due and has not left."""
    if sent := send_briefs_due(now=timezone.now()):
        log.info("briefs queued: %d", sent)
