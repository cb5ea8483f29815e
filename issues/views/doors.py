"""What the page views share."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import urlencode

from grid.models import Area, Cell
from issues.models import Attachment, Issue
from issues.presenter.pages import area_cells_url, photo_links
from issues.queries import issue_for_reading
from issues.services.photos import save_photo
from partyorgs.rules import Scope

# Pages with verbs of many issues, by name: whoever used one there goes on there.
BACK = ("leader", "branch")


def scope_for(request: HttpRequest) -> Scope:
    """The signed-in person's scope, as the middleware read it."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    return scope


def issue_or_404(scope: Scope, number: str) -> Issue:
    """The issue; what is not visible is the same 404 as what does not exist."""
    try:
        return issue_for_reading(scope=scope, number=number)
    except Issue.DoesNotExist as unseen:
        raise Http404 from unseen


def areas_of(scope: Scope) -> list[Area]:
    """The areas that the person's posts lie in, without a query."""
    found: dict[int, Area] = {}
    for seat in scope.seats:
        post = seat.post
        area = post.area or (post.cell.community if post.cell else None)
        area = area or (post.organization.area if post.organization else None)
        if area:
            found[area.pk] = area
    return list(found.values())


def cells_of(scope: Scope) -> list[Cell]:
    """The cells that the person holds a post in."""
    return [seat.post.cell for seat in scope.seats if seat.post.cell]


def map_around(
    scope: Scope, *, lat: Any = None, lng: Any = None, pick: bool = True
) -> dict[str, Any]:
    """The map to pick a point on: the cells of the person's areas, own cells marked."""
    cells, areas = cells_of(scope), areas_of(scope)
    near = max(areas, key=lambda area: len(area.code), default=None)
    return {
        "cells_url": area_cells_url(near),
        "lat": lat,
        "lng": lng,
        "mine": " ".join(cell.code for cell in cells),
        "pick": pick,
    }


def back_to(request: HttpRequest, number: str) -> HttpResponse:
    """After a verb: to the page of leaders or secretaries that it was done from, else the issue."""
    back = request.POST.get("back", "")
    return redirect(back) if back in BACK else redirect("issue", number=number)


def tidy_address(request: HttpRequest) -> str:
    """The address without what was left empty, as the browser should show it."""
    asked = {name: request.GET[name] for name in request.GET if request.GET[name]}
    return f"{request.path}?{urlencode(asked)}" if asked else request.path


class PhotoTray:
    """The photos of a form: uploaded before by id, or sent along where no script ran."""

    def __init__(self, request: HttpRequest) -> None:
        self.scope = scope_for(request)
        self.errors: list[str] = []
        self.kept = _own_unused(self.scope, request.POST.getlist("attachments"))
        for upload in request.FILES.getlist("photos"):
            try:
                saved = save_photo(
                    uploader=self.scope.user,
                    upload=upload,
                    size=upload.size or 0,
                    now=timezone.now(),
                )
            except ValidationError as bad:
                self.errors += bad.messages
            else:
                self.kept.append(saved)
        self._named = request.POST.getlist("attachments")

    @property
    def ids(self) -> list[str]:
        """Everything that was named: a photo that is gone must be told, not dropped."""
        sent = [str(photo.public_id) for photo in self.kept]
        return list(dict.fromkeys([*self._named, *sent]))

    def field(self, *, url: str, errors: Iterable[str] = (), **more: Any) -> dict[str, Any]:
        """The context of parts/photo_field.html."""
        return {
            "url": url,
            "kept": photo_links(self.kept),
            "errors": [*self.errors, *errors],
            **more,
        }


def _own_unused(scope: Scope, names: list[str]) -> list[Attachment]:
    ids = []
    for name in names[: Attachment.MAX_PER_ISSUE]:
        try:
            ids.append(UUID(name))
        except ValueError:
            continue
    if not ids:
        return []
    return list(Attachment.objects.filter(public_id__in=ids, uploader=scope.user, issue=None))
