"""The record of reveals in Django's admin. Contacts are not here: they have one door."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.http import HttpRequest

from residents.models import Reveal

if TYPE_CHECKING:
    RevealAdminBase = admin.ModelAdmin[Reveal]
else:
    RevealAdminBase = admin.ModelAdmin


@admin.register(Reveal)
class RevealAdmin(RevealAdminBase):
    """Who looked at which contact, when and why."""

    list_display = ("at", "user", "contact_id", "reason")
    list_select_related = ("user",)
    date_hierarchy = "at"
    fields = ("at", "user", "contact_id", "reason")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Never: only a reveal writes here."""
        return False

    def has_change_permission(
        self,
        request: HttpRequest,  # noqa: ARG002
        obj: Reveal | None = None,  # noqa: ARG002
    ) -> bool:
        """Never: a record that can be changed proves nothing."""
        return False

    def has_delete_permission(
        self,
        request: HttpRequest,  # noqa: ARG002
        obj: Reveal | None = None,  # noqa: ARG002
    ) -> bool:
        """Never: a record that can be deleted proves nothing."""
        return False
