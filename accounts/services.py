"""Writes on accounts; posts and their rights live above.

Doors pass `now` wherever a time is stored.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts.models import ApiToken, Suggestion, User

BATCH = 1000
TOKENS_PER_USER = 20
TOUCH_EVERY = timedelta(hours=1)
SUGGESTION_PAGE = 200  # characters


def token_digest(token: str) -> str:
    """What is stored of a token: 64 hex digits of SHA-256.

    A fast digest is enough, since tokens carry 256 random bits.
    """
    return sha256(token.encode()).hexdigest()


@sensitive_variables("password")
@transaction.atomic
def create_user(
    *,
    username: str,
    password: str | None,
    name: str = "",
    language: str = "",
    is_demo: bool = False,
    now: datetime,
) -> User:
    """Save a user and return it. Without a password the user cannot sign in.

    Raises ValidationError by field for a taken or malformed username and for
    a password that the validators refuse.
    """
    user = User(
        username=User.normalize_username(username),
        name=name,
        language=language,
        is_demo=is_demo,
        created_at=now,
    )
    user.full_clean(exclude=["password"])
    if password is not None:
        _refuse_weak(password, user)
    user.set_password(password)
    user.save()
    return user


@transaction.atomic
def create_users(*, names: Mapping[str, str], now: datetime) -> list[User]:
    """Save users (username → name) in bulk and return them; without a password they cannot sign in.

    Raises ValidationError for a taken or malformed username.
    """
    users = []
    for username, name in names.items():
        user = User(username=User.normalize_username(username), name=name, created_at=now)
        user.set_unusable_password()
        user.clean_fields()
        users.append(user)
    for start in range(0, len(users), BATCH):
        batch = users[start : start + BATCH]
        taken = User.objects.filter(username__in=[user.username for user in batch]).first()
        if taken is not None:
            text = _("账号 %(username)s 已经有人使用，请换一个。")
            raise ValidationError({"username": text % {"username": taken.username}})
        User.objects.bulk_create(batch)
    return users


@sensitive_variables("password")
@transaction.atomic
def create_first_admin(*, username: str, name: str, password: str, now: datetime) -> User:
    """Save the first superuser and return it.

    Raises ValidationError when an administrator exists already, so that the
    command cannot be used to slip in a second one.
    """
    if User.objects.filter(is_superuser=True).exists():
        raise ValidationError(_("已经有管理员。请让现有管理员在后台添加账号。"))
    user = create_user(username=username, name=name, password=password, now=now)
    user.is_staff = user.is_superuser = True
    user.save(update_fields=["is_staff", "is_superuser"])
    return user


@sensitive_variables("password")
@transaction.atomic
def change_password(*, user: User, password: str) -> None:
    """Set a new password; every session and API token of the user ends.

    The caller may keep its own session with `update_session_auth_hash`.
    Raises ValidationError {"password": …} for a weak password.
    """
    _refuse_weak(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])


@transaction.atomic
def set_active(*, user: User, active: bool) -> None:
    """Open or close an account; a closed one loses its tokens and, at once, its sessions."""
    user.is_active = active
    user.save(update_fields=["is_active"])


def set_language(*, user: User, language: str) -> None:
    """Keep the language of the pages for the user's next sign-in on any device."""
    User.objects.filter(pk=user.pk).update(language=language)


@transaction.atomic
def issue_token(*, user: User, label: str = "", now: datetime) -> str:
    """Make an API token and return it in clear, the only time it can be seen.

    A user keeps at most TOKENS_PER_USER; the oldest ends for a new one, so
    that a script that asks at every run fills no table.
    """
    token = secrets.token_urlsafe(32)
    ApiToken.objects.create(user=user, label=label, digest=token_digest(token), created_at=now)
    kept = list(ApiToken.objects.filter(user=user).values_list("pk", flat=True)[:TOKENS_PER_USER])
    ApiToken.objects.filter(user=user).exclude(pk__in=kept).delete()
    return token


def touch_token(*, token: ApiToken, now: datetime) -> None:
    """Note that a token is in use, at most once in TOUCH_EVERY: a read stays a read."""
    if token.last_used_at is None or now - token.last_used_at >= TOUCH_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)


def revoke_token(*, user: User, token_id: int) -> bool:
    """End one token of the user; False when the user has no such token."""
    ended, _rows = ApiToken.objects.filter(user=user, pk=token_id).delete()
    return ended > 0


def revoke_tokens(*, user: User) -> int:
    """End all API tokens of the user and return how many there were."""
    ended, _rows = ApiToken.objects.filter(user=user).delete()
    return ended


@transaction.atomic
def suggest(*, user: User, text: str, page: str = "", now: datetime) -> Suggestion:
    """Keep a complaint or suggestion about this system for its administrators.

    `page`: the path of the page it is about. Raises ValidationError {"text": …}.
    """
    suggestion = Suggestion(
        user=user, text=text.strip(), page=page[:SUGGESTION_PAGE], created_at=now
    )
    suggestion.full_clean(exclude=["user"])
    suggestion.save()
    return suggestion


def mark_handled(*, suggestions: QuerySet[Suggestion], now: datetime) -> int:
    """Take suggestions off the queue; how many were on it."""
    return suggestions.filter(handled_at=None).update(handled_at=now)


@sensitive_variables("password")
def _refuse_weak(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as refusal:
        raise ValidationError({"password": refusal.error_list}) from None
