"""The outbox in Django's admin, to look at."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.http import HttpRequest

from notices.models import Notice, RoleChannel

if TYPE_CHECKING:
    NoticeAdminBase = admin.ModelAdmin[Notice]
    RoleChannelAdminBase = admin.ModelAdmin[RoleChannel]
else:
    NoticeAdminBase = RoleChannelAdminBase = admin.ModelAdmin


@admin.register(Notice)
class NoticeAdmin(NoticeAdminBase):
    """What waits, what failed and why. When somebody read something is not shown."""

    list_display = ("created_at", "kind", "subject_key", "channel", "state", "attempts")
    list_filter = ("state", "channel", "kind")
    exclude = ("read_at",)
    search_fields = ("subject_key",)
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Never: services queue notices."""
        return False

    def has_change_permission(
        self,
        request: HttpRequest,  # noqa: ARG002
        obj: Notice | None = None,  # noqa: ARG002
    ) -> bool:
        """Never: what was told stays as it was told."""
        return False

    def has_delete_permission(
        self,
        request: HttpRequest,  # noqa: ARG002
        obj: Notice | None = None,  # noqa: ARG002
    ) -> bool:
        """Never: what was told stays on record."""
        return False


@admin.register(RoleChannel)
class RoleChannelAdmin(RoleChannelAdminBase):
    """Which channels a post has by default, beside the product."""

    list_display = ("role", "channel")
