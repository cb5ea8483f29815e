"""Errors of the API as application/problem+json (RFC 9457).

{type, title, status, detail, errors}: `errors` names the fields, each with a
list of texts that say what to do. A domain exception takes part by having a
`status_code` and a method `problem()` that returns further members, such as
`detail`, `code` or the verbs that are allowed now; no room needs to import
this one for it.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, runtime_checkable

from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

MEDIA_TYPE = "application/problem+json"
WHOLE = "non_field_errors"
Errors = dict[str, list[str]]

TITLES = {
    400: gettext_lazy("提交的内容有误"),
    401: gettext_lazy("需要登录"),
    403: gettext_lazy("没有权限"),
    404: gettext_lazy("没有找到"),
    405: gettext_lazy("不支持的方法"),
    406: gettext_lazy("不支持的格式"),
    409: gettext_lazy("现在不能这样做"),
    413: gettext_lazy("内容过大"),
    415: gettext_lazy("不支持的格式"),
    429: gettext_lazy("请求过多"),
}


@runtime_checkable
class Problem(Protocol):
    """What a domain exception offers to be told to a program."""

    status_code: int

    def problem(self) -> Mapping[str, Any]:
        """Members of the answer; `type`, `title`, `status` and `errors` have defaults."""


def handler(error: Exception, _context: Mapping[str, Any]) -> Response | None:
    """Django REST framework's exception handler; None leaves a bug to the 500 page."""
    response = _answer(error)
    if response is not None:
        set_rollback()
    return response


def _answer(error: Exception) -> Response | None:
    if isinstance(error, Problem):
        return _response(error.status_code, **error.problem())
    if isinstance(error, ValidationError):
        return _invalid(_django_errors(error))
    if isinstance(error, Http404):
        return _response(404, detail=_("没有这个对象，或者您看不到它。"))
    if isinstance(error, PermissionDenied):
        return _response(403, detail=str(error) or _("您没有权限做这件事。"))
    if isinstance(error, exceptions.APIException):
        return _api_exception(error)
    return None


def _api_exception(error: exceptions.APIException) -> Response:
    if isinstance(error, exceptions.ValidationError):
        return _invalid(_flat(error.detail))
    return _response(error.status_code, detail=_first(_flat(error.detail)), headers=_headers(error))


def _headers(error: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = str(challenge)
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait) + 1)
    return headers


def _invalid(errors: Errors) -> Response:
    return _response(400, detail=_first(errors), errors=errors)


def _response(status: int, *, headers: dict[str, str] | None = None, **members: Any) -> Response:
    body = {
        "type": "about:blank",
        "title": str(TITLES.get(status, _("请求没有完成"))),
        "status": status,
        "detail": "",
        "errors": {},
        **members,
    }
    return Response(body, status=status, headers=headers, content_type=MEDIA_TYPE)


def _django_errors(error: ValidationError) -> Errors:
    if not hasattr(error, "error_dict"):
        return {WHOLE: [str(text) for text in error.messages]}
    named = error.message_dict.items()
    return {WHOLE if name == NON_FIELD_ERRORS else name: list(texts) for name, texts in named}


def _flat(detail: Any, name: str = "") -> Errors:
    """Nested errors under dotted names: {"lines": [{"code": [..]}]} as "lines.0.code"."""
    if isinstance(detail, Mapping):
        parts: Iterable[tuple[Any, Any]] = detail.items()
    elif isinstance(detail, list) and any(isinstance(part, Mapping | list) for part in detail):
        parts = enumerate(detail)
    else:
        texts = detail if isinstance(detail, list) else [detail]
        return {name or WHOLE: [str(text) for text in texts]}
    found: Errors = {}
    for key, value in parts:
        if value:
            found |= _flat(value, f"{name}.{key}" if name else str(key))
    return found


def _first(errors: Errors) -> str:
    return next((text for texts in errors.values() for text in texts), "")
