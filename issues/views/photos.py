"""Photos: taken in first, served only to those who may see their issue."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404, HttpRequest, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from issues.models import Attachment, Issue
from issues.presenter.detail import photo_facts
from issues.rules import may_see_photo, may_use_attachment
from issues.services.photos import save_photo
from issues.views.doors import scope_for
from partyorgs.rules import Scope


@login_required
@require_safe
def photo(request: HttpRequest, public_id: UUID) -> FileResponse:
    """The photo, if the person may see its issue, or uploaded it and has not used it yet."""
    scope = scope_for(request)
    found = Attachment.objects.filter(public_id=public_id).first()
    if found is None:
        raise Http404
    if not _seen(scope, found):
        raise Http404
    try:
        file = found.file.open("rb")
    except FileNotFoundError as lost:
        raise Http404 from lost
    response = FileResponse(file, as_attachment=True, filename=f"{public_id}.jpg")
    response["Content-Type"] = "image/jpeg"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "private, max-age=3600"
    return response


def _seen(scope: Scope, found: Attachment) -> bool:
    if found.issue_id is None:
        return may_use_attachment(scope, found)
    issue = Issue.objects.visible_to(scope).filter(pk=found.issue_id).first()
    return issue is not None and may_see_photo(scope, issue, found)


@login_required
@require_POST
def upload(request: HttpRequest) -> JsonResponse:
    """Take one photo for a form that is still being filled in."""
    given = request.FILES.get("file")
    if given is None or isinstance(given, list):
        return JsonResponse({"error": _("请选择一张照片。")}, status=400)
    scope = scope_for(request)
    try:
        saved = save_photo(
            uploader=scope.user, upload=given, size=given.size or 0, now=timezone.now()
        )
    except ValidationError as bad:
        return JsonResponse({"error": " ".join(bad.messages)}, status=400)
    url = reverse("attachment", args=[saved.public_id])
    return JsonResponse(photo_facts(saved) | {"url": url}, status=201)
