"""What the page views share."""

from django.http import HttpRequest

from partyorgs.rules import Scope


def scope_for(request: HttpRequest) -> Scope:
    """The signed-in person's scope, as the middleware read it."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    return scope
