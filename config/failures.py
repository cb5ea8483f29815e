"""What no view answers: a page for people, problem+json for programs."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views import defaults

from config.problems import MEDIA_TYPE, TITLES


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: too large, too many fields, or made to be misread."""
    if not _for_program(request):
        return defaults.bad_request(request, exception)
    return _problem(400, _("提交的内容过大或无法读取，请检查后再试。"))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: no such address."""
    if not _for_program(request):
        return defaults.page_not_found(request, exception)
    return _problem(404, _("没有这个对象，或者您看不到它。"))


def server_error(request: HttpRequest) -> HttpResponse:
    """500: a bug; the answer tells nothing about it (ASVS 16.5.1)."""
    if not _for_program(request):
        return defaults.server_error(request)
    return _problem(500, _("服务器出错了，请稍后再试。"))


def _for_program(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")


def _problem(status: int, detail: str) -> JsonResponse:
    title = str(TITLES.get(status, _("请求没有完成")))
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "errors": {}}
    return JsonResponse(
        body, status=status, content_type=MEDIA_TYPE, json_dumps_params={"ensure_ascii": False}
    )
