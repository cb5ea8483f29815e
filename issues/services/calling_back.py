"""Asking for a call-back (回访): by the hotline's rule, or by lot."""

import secrets
from datetime import datetime, timedelta

from issues.models import CallBack, Issue

LINK_LASTS = timedelta(days=14)
TOKEN_BYTES = 32


def ask_call_back(*, issue: Issue, because: CallBack.Because, now: datetime) -> CallBack:
    """Ask for a call-back of the issue, which the caller holds locked and saves.

    One that waits already is asked anew: its old link ends. The link's token is
    kept in clear, not as a digest: staff send it to the reporter by hand, and are
    shown it as long as it is good for anything (14 days, one answer).
    """
    issue.survey_asked = True
    asked, _made = CallBack.objects.update_or_create(
        issue=issue,
        answered_at=None,
        defaults={
            "because": because,
            "token": secrets.token_urlsafe(TOKEN_BYTES),
            "asked_at": now,
            "expires_at": now + LINK_LASTS,
        },
    )
    return asked
