"""Who is called back and what is looked at again: a share that nobody chooses."""

from django.utils.crypto import salted_hmac

from issues.models import CallBack, Issue, SampleRule
from issues.services.calling_back import ask_call_back
from issues.services.turn import Turn

Of = SampleRule.Of
# Of a hundred, where the admin has set nothing else.
DEFAULTS: dict[str, int] = {Of.CLOSED: 10, Of.SETTLED: 20, Of.UNCHECKED: 50, Of.FORCED: 100}
# Nobody looked at these: they are checked again. Of the others the reporter is asked.
CHECKED_AGAIN = frozenset({Of.SETTLED, Of.UNCHECKED})


def sample(turn: Turn, of: SampleRule.Of) -> bool:
    """Whether this issue is one of the sample of those that end so; marks it if it is.

    The share follows from a keyed digest of its number, so that the same issue gets
    the same answer whoever asks, and nobody can know it before the end. Its rule's
    percentage; what must be looked at on the spot (DOMAIN.md §4.5) is always checked
    again. The caller ends the issue.
    """
    issue = turn.issue
    again = of in CHECKED_AGAIN
    if not (again and issue.must_visit) and not _drawn(issue, percent_of(of)):
        return False
    if again:
        issue.sampled = True
    else:
        ask_call_back(issue=issue, because=CallBack.Because.SAMPLE, now=turn.now)
    return True


def percent_of(of: SampleRule.Of) -> int:
    """How many of a hundred: the admin's rule, else the default."""
    found = SampleRule.objects.filter(of=of).values_list("percent", flat=True).first()
    return DEFAULTS[of] if found is None else found


def _drawn(issue: Issue, percent: int) -> bool:
    digest = salted_hmac("issues.sampling", issue.number, algorithm="sha256").digest()
    return int.from_bytes(digest[:8], "big") % 100 < percent
