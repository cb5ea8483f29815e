from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.utils import timezone

from worktime import services
from worktime.models import Calendar, Change, Day, Span

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    # The generics exist for the type checker only.
    RowAdmin = admin.ModelAdmin[Any]
else:
    RowAdmin = admin.ModelAdmin


class ServiceAdmin(RowAdmin):
    """Saves through the service; what identifies a row is fixed once it exists."""

    fixed: tuple[str, ...] = ()

    def save_model(self, _request: HttpRequest, obj: Any, *_form: Any) -> None:
        services.save_row(row=obj, now=timezone.now())

    def get_readonly_fields(self, _request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (*self.readonly_fields, *(self.fixed if obj else ()))


@admin.register(Calendar)
class CalendarAdmin(ServiceAdmin):
    """Calendars; the default one cannot be deleted, due times depend on it."""

    list_display = ("name", "code", "base", "version")
    list_select_related = ("base",)
    readonly_fields = ("version",)
    fixed = ("code",)
    actions = None

    def has_delete_permission(
        self,
        request: HttpRequest,  # noqa: ARG002
        obj: Calendar | None = None,  # noqa: ARG002
    ) -> bool:
        """Never: limits that run are reckoned by its code."""
        return False


@admin.register(Day)
class DayAdmin(ServiceAdmin):
    """Days of all calendars, by date."""

    list_display = ("date", "calendar", "kind", "name", "source", "provisional")
    list_filter = ("calendar", "kind", "provisional")
    list_select_related = ("calendar",)
    search_fields = ("name", "source")
    date_hierarchy = "date"
    fixed = ("calendar", "date")

    def delete_model(self, _request: HttpRequest, obj: Day) -> None:
        services.delete_days(days=Day.objects.filter(pk=obj.pk), now=timezone.now())

    def delete_queryset(self, _request: HttpRequest, queryset: QuerySet[Day]) -> None:
        services.delete_days(days=queryset, now=timezone.now())


@admin.register(Span)
class SpanAdmin(ServiceAdmin):
    """Spans; the last one of a calendar stays."""

    list_display = ("__str__", "calendar")
    list_filter = ("calendar",)
    list_select_related = ("calendar",)
    fixed = ("calendar",)
    actions = None

    def delete_model(self, _request: HttpRequest, obj: Span) -> None:
        services.delete_span(span=obj, now=timezone.now())

    def has_delete_permission(self, request: HttpRequest, obj: Span | None = None) -> bool:
        last = obj is not None and not obj.calendar.spans.exclude(pk=obj.pk).exists()
        return not last and super().has_delete_permission(request, obj)


@admin.register(Change)
class ChangeAdmin(RowAdmin):
    """What changed in the calendars; only to be read."""

    list_display = ("at", "calendar", "version", "kind", "first", "last", "days", "source")
    list_filter = ("calendar", "kind")
    list_select_related = ("calendar",)

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Change | None = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Change | None = None) -> bool:
        return False
