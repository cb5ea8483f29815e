import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from rest_framework import exceptions, serializers
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from accounts.tokens import TokenAuthentication
from config.problems import handler


class RefusedError(Exception):
    status_code = 409

    def problem(self):
        return {"detail": "现在不能签收", "code": "refused", "verbs": ["note"]}


def answer_to(error: Exception, *, authenticators=()):
    class Door(APIView):
        authentication_classes = authenticators
        permission_classes = ()

        def get_exception_handler(self):
            return handler

        def get(self, request):
            raise error

    response = Door.as_view()(APIRequestFactory().get("/"))
    response.render()
    assert response["Content-Type"] == "application/problem+json"
    assert response.data["status"] == response.status_code
    assert set(response.data) >= {"type", "title", "status", "detail", "errors"}
    return response


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Http404(), 404),
        (PermissionDenied(), 403),
        (PermissionDenied("换个岗位再试"), 403),
        (exceptions.NotFound(), 404),
        (exceptions.MethodNotAllowed("PUT"), 405),
        (exceptions.ParseError(), 400),
        (exceptions.UnsupportedMediaType("text/x"), 415),
        (exceptions.Throttled(wait=7), 429),
        (ValidationError("不行"), 400),
        (serializers.ValidationError({"lat": ["太大"]}), 400),
    ],
)
def test_every_kind_of_refusal_is_a_problem(error, status):
    response = answer_to(error)

    assert response.status_code == status
    assert response.data["title"]
    assert response.data["detail"]


def test_the_fields_of_both_kinds_of_validation_error_are_named():
    of_django = ValidationError({"lat": "太大", "__all__": "不行"})
    of_the_api = serializers.ValidationError(
        {"lat": ["太大"], "lines": [{}, {"code": ["没有"]}], "area": {"code": ["空"]}}
    )

    assert answer_to(of_django).data["errors"] == {"lat": ["太大"], "non_field_errors": ["不行"]}
    assert answer_to(of_the_api).data["errors"] == {
        "lat": ["太大"],
        "lines.1.code": ["没有"],
        "area.code": ["空"],
    }
    assert answer_to(serializers.ValidationError("不行")).data["errors"] == {
        "non_field_errors": ["不行"]
    }


def test_a_domain_refusal_brings_its_own_facts():
    response = answer_to(RefusedError())

    assert response.status_code == 409
    assert response.data["verbs"] == ["note"]
    assert response.data["detail"] == "现在不能签收"
    assert response.data["title"] == "现在不能这样做"


def test_a_stranger_is_told_how_to_sign_in():

    response = answer_to(exceptions.NotAuthenticated(), authenticators=[TokenAuthentication])

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Token"


def test_a_throttled_caller_is_told_how_long_to_wait():
    assert answer_to(exceptions.Throttled(wait=7))["Retry-After"] == "8"


def test_a_bug_is_left_to_the_error_page():
    assert handler(RuntimeError("broken"), {}) is None
