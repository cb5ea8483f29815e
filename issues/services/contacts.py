"""A reporter's contact: looked at for a logged reason, erased on time."""

from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from issues.models import Event, Issue
from issues.rules import may_see_contact
from issues.workflow import DONE, Verb
from partyorgs.rules import Scope
from residents.crypto import UnreadableError
from residents.models import Contact
from residents.services import Erased, Plain, erase_contacts, reveal_contact

KEPT_AFTER_CLOSING = timedelta(days=30)
# What came back once may come back again (DOMAIN.md §6.3).
KEPT_AFTER_REOPENING = timedelta(days=90)


def reveal(*, scope: Scope, number: str, reason: str, now: datetime) -> Plain:
    """The contact in clear, after writing down who looks, when and why.

    Raises Issue.DoesNotExist for what the scope may not see, PermissionDenied
    (which does not tell whether there is a contact), Issue.DoesNotExist when
    there is none, ValidationError {"reason": …}.
    """
    issue = Issue.objects.visible_to(scope).select_related("contact").get(number=number)
    if not may_see_contact(scope, issue):
        raise PermissionDenied(_("只有承办人员和值守台可以查看联系方式。"))
    if issue.contact is None:
        raise Issue.DoesNotExist
    try:
        return reveal_contact(
            contact=issue.contact, user=scope.user, reason=reason, allowed=True, now=now
        )
    except UnreadableError as lost:
        sentence = _("联系方式无法读取，请联系管理员检查密钥。")
        raise ValidationError({"reason": sentence}) from lost


@transaction.atomic
def erase_old_contacts(*, now: datetime) -> list[Erased]:
    """Erase the contacts of issues that ended 30 days ago, 90 if they were ever reopened.

    Says what was erased, by rule. PIPL art. 19: kept no longer than the purpose needs.
    """
    before, long_before = now - KEPT_AFTER_CLOSING, now - KEPT_AFTER_REOPENING
    came_back = Exists(_taken_up_again())
    ended = Issue.objects.filter(closed_at__lt=before, contact__isnull=False).exclude(came_back)
    again = Issue.objects.filter(came_back, closed_at__lt=long_before, contact__isnull=False)
    orphans = Contact.objects.filter(issue=None, created_at__lt=before)
    return [
        erase_contacts(contacts=_of(ended), rule="30 days after closing", now=now),
        erase_contacts(contacts=_of(again), rule="90 days after closing, reopened", now=now),
        erase_contacts(contacts=orphans, rule="30 days without an issue", now=now),
    ]


def _taken_up_again() -> QuerySet[Event]:
    """Events by which an ended issue went on: reopened, or found wanting afterwards."""
    verbs = (Verb.REOPEN, Verb.SPOT_CHECK)
    ended = sorted(str(state) for state in DONE)
    back = Event.objects.filter(issue=OuterRef("pk"), verb__in=verbs, from_state__in=ended)
    return back.exclude(to_state__in=ended)


def _of(issues: QuerySet[Issue]) -> QuerySet[Contact]:
    return Contact.objects.filter(pk__in=issues.values("contact_id"))
