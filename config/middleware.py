"""Headers that every answer carries."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

Door = Callable[[HttpRequest], HttpResponse]


def private_pages(get_response: Door) -> Door:
    """Keep what a signed-in person saw out of shared and disk caches (ASVS 14.3.2)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store, private"
        return response

    return middleware
