"""What every request and every answer carries."""

import logging
import time
from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from accounts.models import User
from config import logs
from partyorgs.rules import Scope, scope_of

Door = Callable[[HttpRequest], HttpResponse]
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

access = logging.getLogger("config.access")


def watched(get_response: Door) -> Door:
    """One line a request, and an id that stands in every line of it and in the answer.

    The line names the route, never the address as typed, and nobody.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        known = logs.request_id_from(request.headers.get("X-Request-ID"))
        logs.request_id.set(known)
        response = get_response(request)
        response["X-Request-ID"] = known
        told = {
            "method": request.method if request.method in METHODS else "other",
            "route": request.resolver_match.view_name if request.resolver_match else None,
            "status": response.status_code,
            "ms": round((time.perf_counter() - began) * 1000, 1),
        }
        access.info("%(method)s %(route)s %(status)s", told, extra=told)
        return response

    return middleware


def private_pages(get_response: Door) -> Door:
    """Keep what a signed-in person saw out of shared and disk caches (ASVS 14.3.2)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store, private"
        return response

    return middleware


def scope(get_response: Door) -> Door:
    """`request.scope`: the reach of the person's posts, read once a request when asked for."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.scope = SimpleLazyObject(lambda: request_scope(request))  # type: ignore[attr-defined]
        return get_response(request)

    return middleware


def no_nul(get_response: Door) -> Door:
    """No NUL character in an address: PostgreSQL takes none into a query."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if "\0" in request.path_info:
            raise Http404
        if "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("NUL in the query")
        return get_response(request)

    return middleware


def request_scope(request: HttpRequest) -> Scope | None:
    """The scope of whoever signed in; None for nobody."""
    user = request.user
    return scope_of(user, now=timezone.now()) if isinstance(user, User) else None
