"""Who signs in: users and their API tokens. What a user may do is decided by posts, above."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class UserManager(BaseUserManager["User"]):
    """Finds users by username. Writes belong to `accounts.services`."""

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "User":
        """Save a user; None as password makes one that cannot sign in."""
        user = self.model(username=self.model.normalize_username(username), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, password: str | None = None, **fields: Any) -> "User":
        """Save a user who may use Django's admin."""
        return self.create_user(username, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person with an account: a name to show and a way to sign in, nothing more."""

    username = models.CharField(
        _("账号"),
        max_length=60,
        unique=True,
        validators=[UnicodeUsernameValidator()],
        error_messages={"unique": _("这个账号已经有人使用，请换一个。")},
    )
    name = models.CharField(_("姓名"), max_length=60, blank=True)
    is_active = models.BooleanField(_("启用"), default=True)
    is_staff = models.BooleanField(_("可进入后台"), default=False)
    is_demo = models.BooleanField(_("演示账号"), default=False)
    language = models.CharField(
        _("界面语言"),
        max_length=10,
        blank=True,
        choices=[("zh-hans", "简体中文"), ("en", "English")],
    )
    created_at = models.DateTimeField(_("建立时间"), default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        verbose_name = _("用户")
        verbose_name_plural = _("用户")
        ordering: ClassVar[list[str]] = ["username"]

    def __str__(self) -> str:
        return self.name or self.username

    def get_full_name(self) -> str:
        """The name to show, or the username where none was given."""
        return str(self)

    def get_short_name(self) -> str:
        """The same as the full name: Chinese names are not shortened."""
        return str(self)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; a new password or a closed account ends the API tokens.

        It stands here, not in a service, because Django's admin and the
        command `changepassword` save users without asking ours. Sessions end
        by themselves: they carry a digest of the password.
        """
        # Django sets it in set_password, and not when it only renews a digest.
        new_password = getattr(self, "_password", None) is not None
        with transaction.atomic():
            super().save(*args, **kwargs)
            if new_password or not self.is_active:
                self.api_tokens.all().delete()


class ApiToken(models.Model):
    """The digest of a token: whoever reads this table cannot use what is in it."""

    user = models.ForeignKey(
        User, models.CASCADE, related_name="api_tokens", verbose_name=_("用户")
    )
    label = models.CharField(_("用途"), max_length=60, blank=True)
    digest = models.CharField(_("摘要"), max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("建立时间"))
    last_used_at = models.DateTimeField(_("最近使用"), null=True, blank=True)

    class Meta:
        verbose_name = _("接口令牌")
        verbose_name_plural = _("接口令牌")
        ordering: ClassVar[list[str]] = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.label or f"#{self.pk}"

    @property
    def ends_at(self) -> datetime:
        """From when on it is refused, TOKEN_DAYS after it was made."""
        return self.created_at + timedelta(days=settings.TOKEN_DAYS)


class Suggestion(models.Model):
    """A complaint or suggestion about this system itself, from whoever works with it.

    国办函〔2026〕12号 asks every application for the grass roots to take these.
    """

    MAX_LENGTH: ClassVar[int] = 1000

    user = models.ForeignKey(
        User, models.PROTECT, related_name="suggestions", verbose_name=_("提出人")
    )
    text = models.TextField(_("内容"), max_length=MAX_LENGTH)
    page = models.CharField(_("所在页面"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("提出时间"))
    handled_at = models.DateTimeField(_("处理时间"), null=True, blank=True)

    class Meta:
        verbose_name = _("意见与投诉")
        verbose_name_plural = _("意见与投诉")
        ordering: ClassVar[list[str]] = ["-created_at", "-pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["created_at"], condition=models.Q(handled_at=None), name="suggestion_open"
            ),
        ]

    def __str__(self) -> str:
        return self.text[:40]
