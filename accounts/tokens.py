"""`Authorization: Token …` for programs."""

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts import services
from accounts.models import ApiToken, User

if TYPE_CHECKING:
    from django.http import HttpRequest

KEYWORD = "Token"
SHAPE = re.compile(r"[A-Za-z0-9_-]{20,100}")


class TokenAuthentication(BaseAuthentication):
    """Finds the user of a token with one query; the table holds digests only."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """The user and the token, or None when the header speaks of something else.

        Raises AuthenticationFailed, with one text for every cause, for a token
        that is malformed, unknown, ended, older than TOKEN_DAYS, or whose user is closed.
        """
        words = get_authorization_header(request).decode("latin-1").split()
        if not words or words[0].lower() != KEYWORD.lower():
            return None
        now = timezone.now()
        token = self._find(words[1], now) if len(words) == 2 else None
        if token is None or not token.user.is_active:
            raise AuthenticationFailed(_("令牌无效或已经失效，请重新取得令牌。"))
        services.touch_token(token=token, now=now)
        return token.user, token

    def authenticate_header(self, request: "Request | HttpRequest") -> str:  # noqa: ARG002
        """What a 401 answer asks for."""
        return KEYWORD

    def _find(self, token: str, now: datetime) -> ApiToken | None:
        if not SHAPE.fullmatch(token):
            return None
        made_after = now - timedelta(days=settings.TOKEN_DAYS)
        return (
            ApiToken.objects.select_related("user")
            .filter(digest=services.token_digest(token), created_at__gt=made_after)
            .first()
        )
