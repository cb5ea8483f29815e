"""From which address a request comes, when proxies stand in front."""

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """The client's address as the outermost trusted proxy saw it (ASVS 15.3.4).

    With PROXY_COUNT = n the n-th entry of X-Forwarded-For from the right was
    written by our own proxy; what stands left of it anyone may invent.
    """
    proxies: int = settings.AXES_IPWARE_PROXY_COUNT or 0
    direct: str | None = request.META.get("REMOTE_ADDR")
    if proxies < 1:
        return direct
    told = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    told = [part for part in told if part]
    return told[-proxies] if len(told) >= proxies else direct
