"""/metrics: what the database knows about the engine, in the text format of Prometheus.

Every value is read from the database when asked, so that any number of
processes answer alike and nothing has to be shared between them.
"""

import tomllib
from collections.abc import Iterator

from django.conf import settings
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from issues.escalation.state import engine_state, running_clocks

LOCAL = frozenset({"127.0.0.1", "::1"})
# A proxy on this machine asks from a local address too, and says for whom.
OF_PROXIES = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "Via")
VERSION = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]["version"]


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The gauges, for who knows METRICS_TOKEN or asks from this machine; 404 for all others."""
    if not (_knows_token(request) or _is_local(request)):
        raise Http404
    return HttpResponse(generate_latest(_registry), content_type=CONTENT_TYPE_LATEST)


def _knows_token(request: HttpRequest) -> bool:
    token: str = settings.METRICS_TOKEN
    kind, _space, given = request.headers.get("Authorization", "").partition(" ")
    same = constant_time_compare(given.strip(), token)
    return bool(token) and kind.lower() == "bearer" and same


def _is_local(request: HttpRequest) -> bool:
    """Asked from this machine and by nobody's order: behind a proxy every address is local."""
    if settings.BEHIND_PROXY or any(name in request.headers for name in OF_PROXIES):
        return False
    return request.META.get("REMOTE_ADDR") in LOCAL


class _Database(Collector):
    """Eight short queries a scrape."""

    def collect(self) -> Iterator[Metric]:
        now = timezone.now()
        state = engine_state(now=now)
        yield InfoMetricFamily(
            "gezhi_build", "What runs.", {"version": VERSION, "database": connection.vendor}
        )
        for name, words, value in (
            ("engine_ok", "1 when /health/engine is green.", int(state.ok)),
            ("sweep_age_seconds", "Since the last sweep.", state.seconds_since(state.swept_at)),
            (
                "oldest_due_step_seconds",
                "How long the oldest due step of the ladder waits; 0 when none does.",
                state.seconds_since(state.due_since) or 0,
            ),
            ("running_clocks", "Limits that run.", running_clocks()),
            ("parked_steps", "Limits whose step failed and waits for a person.", state.parked),
            (
                "oldest_unsent_notice_seconds",
                "How long the oldest notice waits whose time has come; 0 when none does.",
                state.seconds_since(state.unsent_since) or 0,
            ),
            (
                "undelivered_notices",
                "Notices that failed or are late, up to 1000.",
                state.undelivered,
            ),
            ("audit_age_seconds", "Since the last audit.", state.seconds_since(state.audited_at)),
            ("audit_problems", "What the last audit found.", state.audit_problems),
        ):
            if value is not None:
                yield GaugeMetricFamily(f"gezhi_{name}", words, value)


_registry = CollectorRegistry()
_registry.register(_Database())
