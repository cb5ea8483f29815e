"""Accounts in Django's admin, for superusers."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import BaseUserCreationForm
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import services
from accounts.models import ApiToken, Suggestion, User

if TYPE_CHECKING:
    TokenAdminBase = admin.ModelAdmin[ApiToken]
    SuggestionAdminBase = admin.ModelAdmin[Suggestion]
    CreationForm = BaseUserCreationForm[User]
    UserAdminBase = DjangoUserAdmin[User]
else:
    TokenAdminBase = admin.ModelAdmin
    SuggestionAdminBase = admin.ModelAdmin
    CreationForm = BaseUserCreationForm
    UserAdminBase = DjangoUserAdmin


class NewUserForm(CreationForm):
    """A new user with a name and a password."""

    class Meta:
        model = User
        fields = ("username", "name")


@admin.register(User)
class UserAdmin(UserAdminBase):
    """Make, name, close; rights come from posts, so groups are not offered."""

    add_form = NewUserForm
    list_display = ("username", "name", "is_active", "is_staff", "is_demo")
    list_filter = ("is_active", "is_staff", "is_demo")
    search_fields = ("username", "name")
    ordering = ("username",)
    filter_horizontal = ()
    readonly_fields = ("created_at",)
    fieldsets = (
        (None, {"fields": ("username", "password", "name", "language")}),
        (_("权限"), {"fields": ("is_active", "is_staff", "is_superuser", "is_demo")}),
        (None, {"fields": ("created_at",)}),
    )
    add_fieldsets = ((None, {"fields": ("username", "name", "password1", "password2")}),)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Never: what a person did stays with the person. Close the account instead."""
        return False


@admin.register(ApiToken)
class ApiTokenAdmin(TokenAdminBase):
    """Which tokens exist; they can be ended, not made or read."""

    list_display = ("user", "label", "created_at", "last_used_at")
    fields = ("user", "label", "created_at", "last_used_at")
    readonly_fields = fields
    search_fields = ("user__username", "label")
    list_select_related = ("user",)

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Never: a token is shown once, to its owner."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:  # noqa: ARG002
        """Never: there is nothing to change in a token."""
        return False


@admin.register(Suggestion)
class SuggestionAdmin(SuggestionAdminBase):
    """The queue of complaints and suggestions: read, and take off when dealt with."""

    list_display = ("created_at", "user", "text", "page", "handled_at")
    list_filter = (("handled_at", admin.EmptyFieldListFilter),)
    list_select_related = ("user",)
    fields = ("created_at", "user", "text", "page", "handled_at")
    readonly_fields = fields
    actions = ("take_off",)

    @admin.action(description=_("标为已处理"))
    def take_off(self, request: HttpRequest, queryset: QuerySet[Suggestion]) -> None:
        """Mark the chosen ones as dealt with."""
        count = services.mark_handled(suggestions=queryset, now=timezone.now())
        self.message_user(request, gettext("已处理 %(count)d 条。") % {"count": count})

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Never: they come from the page."""
        return False

    def has_delete_permission(
        self,
        request: HttpRequest,  # noqa: ARG002
        obj: Suggestion | None = None,  # noqa: ARG002
    ) -> bool:
        """Never: the queue shows what was said and when it was dealt with."""
        return False
