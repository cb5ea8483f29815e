"""POST /api/v1/token/: a token for a program that knows username and password."""

from typing import Any

from django.contrib.auth import authenticate
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import services
from accounts.models import User


class Credentials(serializers.Serializer[Any]):
    """What a program signs in with."""

    username = serializers.CharField(max_length=60)
    password = serializers.CharField(
        max_length=1000, trim_whitespace=False, write_only=True, style={"input_type": "password"}
    )


class Token(serializers.Serializer[Any]):
    """A token, to be sent as `Authorization: Token …`."""

    token = serializers.CharField(read_only=True)


class TokenView(APIView):
    """Gives a token; too many wrong passwords are answered with 429 by the lock-out."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="token_create",
        request=Credentials,
        responses={
            200: Token,
            400: OpenApiResponse(description="problem+json: field missing or wrong pair"),
            429: OpenApiResponse(description="problem+json: too many wrong passwords"),
        },
    )
    @sensitive_variables("credentials")
    def post(self, request: Request) -> Response:
        """Check username and password and make a token."""
        credentials = Credentials(data=request.data)
        credentials.is_valid(raise_exception=True)
        # The lock-out marks the request that the middleware sees, hence the inner one.
        user = authenticate(request=request._request, **credentials.validated_data)
        if not isinstance(user, User):
            raise serializers.ValidationError({"password": [_("账号或密码不对，请检查后再试。")]})
        return Response({"token": services.issue_token(user=user, now=timezone.now())})


urlpatterns = [path("token/", TokenView.as_view(), name="api_token")]


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema describes the token."""

    target_class = "accounts.tokens.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:  # noqa: ARG002
        """A header, since "Token" is none of the schemes that OpenAPI knows by name."""
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token …`, from POST /api/v1/token/",
        }
