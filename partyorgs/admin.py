"""Organizations, owners, posts and the responsibility list, for superusers.

Dated rows are opened and ended, never rewritten or deleted: what people did under
them stays explained.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from partyorgs import services
from partyorgs.models import CellOwnership, Organization, Post, Responsibility

if TYPE_CHECKING:
    # The generics exist for the type checker only.
    RowAdmin = admin.ModelAdmin[Any]
    RowForm = forms.ModelForm[Any]
else:
    RowAdmin = admin.ModelAdmin
    RowForm = forms.ModelForm


class ServiceForm(RowForm):
    """Tries the service before anything is saved, so that its refusal stands in the form."""

    def act(self, now: datetime) -> Any:
        """Saves through the service and returns the stored row."""
        raise NotImplementedError

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        state, key = self.instance._state.adding, self.instance.pk
        try:
            _tried(self.act)
        except ValidationError as refusal:
            self._show(refusal)
        # What was tried did not happen.
        self.instance._state.adding, self.instance.pk = state, key

    def _show(self, refusal: ValidationError) -> None:
        """A refusal of a field that the form does not show stands above the form."""
        if not hasattr(refusal, "error_dict"):
            self.add_error(None, refusal)
            return
        for name, errors in refusal.error_dict.items():
            shown = name in self.fields and name != NON_FIELD_ERRORS
            self.add_error(name if shown else None, ValidationError(errors))


def _tried(act: Callable[[datetime], Any]) -> None:
    with transaction.atomic():
        act(timezone.now())
        transaction.set_rollback(True)


class ServiceAdmin(RowAdmin):
    """Saves through the form's service; `opened` are the fields fixed once a row exists."""

    opened: tuple[str, ...] = ()
    actions = None

    def get_readonly_fields(self, _request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.opened if obj else ()

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Says it in words when somebody else was a moment faster."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except ValidationError as refusal:
            self.message_user(request, " ".join(refusal.messages), messages.ERROR)
            return redirect(request.get_full_path())

    def save_model(self, _request: HttpRequest, obj: Any, form: Any, _change: bool) -> None:
        obj.pk = form.act(timezone.now()).pk

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Never: end it, or switch it off."""
        return False


class OrganizationForm(ServiceForm):
    def act(self, now: datetime) -> Organization:
        return services.save_organization(organization=self.instance, now=now)


@admin.register(Organization)
class OrganizationAdmin(ServiceAdmin):
    form = OrganizationForm
    opened = ("code",)
    list_display = ("code", "name", "kind", "parent", "area", "phone", "active")
    list_filter = ("kind", "active")
    list_select_related = ("parent", "area")
    search_fields = ("code", "name")
    autocomplete_fields = ("parent", "area")


class OwnershipForm(ServiceForm):
    def act(self, now: datetime) -> CellOwnership:
        row = self.instance
        return services.hand_over_cell(
            cell=row.cell, organization=row.organization, at=row.valid_from, now=now
        )


@admin.register(CellOwnership)
class CellOwnershipAdmin(ServiceAdmin):
    """To hand a cell over, add a row: the running one ends by itself."""

    form = OwnershipForm
    fields = ("cell", "organization", "valid_from")
    list_display = ("cell", "organization", "valid_from", "valid_until")
    list_select_related = ("cell", "organization")
    search_fields = ("cell__code", "cell__name", "organization__code", "organization__name")
    autocomplete_fields = ("cell", "organization")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("cell__boundary", "cell__shape")

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Never: what was true then stays true."""
        return False


class PostForm(ServiceForm):
    def act(self, now: datetime) -> Post:
        row = self.instance
        if row.pk is None:
            return services.give_post(
                user=row.user,
                role=row.role,
                seat=row.seat,
                at=row.valid_from,
                until=row.valid_until,
                duty_field=row.duty_field,
                now=now,
            )
        if row.valid_until is None:
            raise ValidationError({"valid_until": _("请写结束时间；已写的结束时间不能删去。")})
        return services.end_post(post=row, at=row.valid_until, now=now)


@admin.register(Post)
class PostAdmin(ServiceAdmin):
    """To end a post, write when; to give another, add a row."""

    form = PostForm
    fields = (
        "user", "role", "cell", "area", "organization", "duty_field", "valid_from", "valid_until",
    )  # fmt: skip
    opened = fields[:-1]
    list_display = ("user", "role", "seat", "valid_from", "valid_until")
    list_filter = ("role",)
    list_select_related = ("user", "cell", "area", "organization")
    search_fields = ("user__username", "user__name", "cell__code", "organization__name")
    autocomplete_fields = ("user", "cell", "area", "organization")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("cell__boundary", "cell__shape")


class ResponsibilityForm(ServiceForm):
    def act(self, now: datetime) -> Responsibility:
        row, helpers = self.instance, self.cleaned_data.get("helpers", ())
        if row.pk is None:
            return services.set_responsibility(
                category=row.category,
                level=row.level,
                area=row.area,
                doer=row.doer,
                supervisor=row.supervisor,
                basis=row.basis,
                helpers=list(helpers),
                direct=row.direct,
                at=row.valid_from,
                now=now,
            )
        if row.valid_until is None:
            raise ValidationError({"valid_until": _("请写结束时间；已写的结束时间不能删去。")})
        return services.end_responsibility(item=row, at=row.valid_until, now=now)


@admin.register(Responsibility)
class ResponsibilityAdmin(ServiceAdmin):
    """To change who answers, add a row: the running one ends by itself."""

    form = ResponsibilityForm
    fields = (
        "category", "level", "area", "doer", "supervisor", "helpers", "basis", "direct",
        "valid_from", "valid_until",
    )  # fmt: skip
    opened = fields[:-1]
    list_display = (
        "category", "level", "area", "doer", "supervisor", "direct", "valid_from", "valid_until",
    )  # fmt: skip
    list_filter = ("level", "direct")
    list_select_related = ("category", "area", "doer", "supervisor")
    search_fields = ("category__code", "category__name_zh", "area__code", "doer__name")
    autocomplete_fields = ("category", "area", "doer", "supervisor", "helpers")

    def get_fields(self, _request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.fields if obj else self.opened
