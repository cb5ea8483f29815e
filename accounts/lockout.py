"""Two limits on wrong passwords: of an account from one address, and of an address."""

from typing import Any

from axes.attempts import get_cool_off_threshold
from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_failure_limit
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Sum
from django.http import HttpRequest


class TwoLimits(AxesDatabaseHandler):
    """Locks, beside the pair of account and address, an address that tries many accounts.

    django-axes applies one limit to all that it counts; here an address has its
    own, ADDRESS_FAILURE_LIMIT, so that a list of names with one password each
    comes to an end too (ASVS 6.3.1).
    """

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """Failures in AXES_COOLOFF_TIME; a locked address has as many as lock an account."""
        failures: int = super().get_failures(request, credentials)
        if not _address_is_locked(request):
            return failures
        return max(failures, get_failure_limit(request, credentials))


def _address_is_locked(request: HttpRequest) -> bool:
    most: int = settings.ADDRESS_FAILURE_LIMIT
    if most < 1:
        return False
    counted = AccessAttempt.objects.filter(
        ip_address=request.axes_ip_address,  # type: ignore[attr-defined]
        attempt_time__gte=get_cool_off_threshold(request),
    ).aggregate(all=Sum("failures_since_start"))
    return (counted["all"] or 0) >= most
