"""Configuration of areas, cells and places by superusers."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from grid.models import Area, Cell, Place
from grid.services import save_place

if TYPE_CHECKING:
    AreaAdminBase = admin.ModelAdmin[Area]
    CellAdminBase = admin.ModelAdmin[Cell]
    PlaceAdminBase = admin.ModelAdmin[Place]
else:
    AreaAdminBase = CellAdminBase = PlaceAdminBase = admin.ModelAdmin


@admin.register(Area)
class AreaAdmin(AreaAdminBase):
    """An area may be renamed; code, level and parent are what cells and issues hang on."""

    list_display = ("code", "name", "level", "parent")
    list_filter = ("level",)
    list_select_related = ("parent",)
    search_fields = ("code", "name")
    autocomplete_fields = ("parent",)

    def get_readonly_fields(self, request: HttpRequest, obj: Area | None = None) -> tuple[str, ...]:  # noqa: ARG002
        return ("code", "level", "parent") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Area | None = None) -> bool:  # noqa: ARG002
        return False


@admin.register(Cell)
class CellAdmin(CellAdminBase):
    """Cells are drawn by import and ended by services, so that shape and buckets follow."""

    list_display = ("code", "name", "kind", "community", "valid_from", "valid_until")
    list_filter = ("kind",)
    search_fields = ("code", "name")
    readonly_fields: ClassVar[tuple[str, ...]] = (
        "code",
        "kind",
        "community",
        "parent",
        "boundary",
        "valid_from",
        "valid_until",
        "replaced_by",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Cell]:
        return super().get_queryset(request).select_related("community").defer("shape")

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Cell | None = None) -> bool:  # noqa: ARG002
        return False


@admin.register(Place)
class PlaceAdmin(PlaceAdminBase):
    list_display = ("name", "kind", "cell", "parent")
    list_filter = ("kind",)
    list_select_related = ("cell", "parent")
    search_fields = ("search",)
    autocomplete_fields = ("cell", "parent")

    def save_model(self, request: HttpRequest, obj: Place, form: object, change: bool) -> None:  # noqa: ARG002
        save_place(place=obj)
