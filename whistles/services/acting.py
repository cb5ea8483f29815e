"""Every act on a whistle that exists, through one door: `act`."""

from datetime import datetime
from functools import partial

from django.db import transaction

from issues.models import Sent
from issues.services.locking import locked_by_key
from issues.services.once import Sending, once
from issues.services.turn import Turn
from partyorgs.rules import Scope
from whistles.gates import why_shut
from whistles.models import Whistle
from whistles.rules import allowed, around, offer_of
from whistles.services import answering, blowing, closing
from whistles.services.doing import Doing, Given, How, checked
from whistles.services.errors import ActRefused
from whistles.workflow import RULES, Act

HOW: dict[Act, How] = {
    act: how for part in (blowing, answering, closing) for act, how in part.HOW.items()
}


def act(
    *, scope: Scope, number: str, verb: Act, given: Given, key: str | None = None, now: datetime
) -> Whistle:
    """Do the act on the whistle, if its rule book allows it now.

    Locks the issue's row, looks in the table, writes the whistle, one event of the
    issue's timeline, limits and notices.

    `key`: sent twice by the same user with the same content it is done once. Raises
    Whistle.DoesNotExist for what the scope may not see, ActRefused (409), KeyReused,
    ValidationError by field.
    """
    sending = Sending.of(scope.user, key, "whistle", number, verb, given=given, at=now)

    def again(_sent: Sent) -> Whistle:
        return Whistle.objects.visible_to(scope).get(number=number)

    work = partial(
        _act, scope=scope, number=number, verb=verb, given=given, sending=sending, now=now
    )
    return once(work, sending=sending, again=again)


@transaction.atomic
def _act(
    *, scope: Scope, number: str, verb: Act, given: Given, sending: Sending | None, now: datetime
) -> Whistle:
    issue = Whistle.objects.visible_to(scope).values_list("issue_id", flat=True)
    locked = locked_by_key(issue.get(number=number))
    # Read after the lock: whoever held it may have changed it.
    whistle = Whistle.objects.select_related("proposed_post").get(number=number)
    whistle.issue = locked
    if sending:
        sending.keep(whistle.subject_key)
    seen, rule = around(whistle), RULES[verb]
    offer = offer_of(scope, rule, seen)
    if offer is None or offer.shut:
        why = why_shut(offer.shut) if offer else ""
        raise ActRefused(allowed(scope, seen), why=why)
    given = checked(rule, given)
    turn = Turn(locked, scope=scope, seat=offer.seat, now=now)
    doing = Doing(turn, whistle, seen.calls, rule, given)
    HOW[verb](doing)
    blowing.finish(doing)
    return whistle
