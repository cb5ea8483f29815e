"""Looking through the matters, and the few things changed by hand: words, limits, on or off.

What there is comes by `import_matters`; issues point at it, so nothing is
deleted and no code changes.
"""

from typing import TYPE_CHECKING, Any

from django.contrib import admin

from matters.models import Category, CategoryCondition, Condition, LimitTemplate, StageLimit

if TYPE_CHECKING:
    # The generics exist for the type checker only.
    RowAdmin = admin.ModelAdmin[Any]
    RowInline = admin.TabularInline[Any, Any]
else:
    RowAdmin = admin.ModelAdmin
    RowInline = admin.TabularInline


class Kept:
    """Neither added nor deleted by hand."""

    def has_add_permission(self, *_args: Any) -> bool:
        return False

    def has_delete_permission(self, *_args: Any) -> bool:
        return False


class AllowedInline(Kept, RowInline):
    model = CategoryCondition

    def has_change_permission(self, *_args: Any) -> bool:
        return False


@admin.register(Category)
class CategoryAdmin(Kept, RowAdmin):
    list_display = ["code", "name_zh", "name_en", "kind", "urgency", "led_by_community", "active"]
    list_filter = ["kind", "level", "active", "led_by_community"]
    search_fields = ["code", "name_zh", "name_en"]
    readonly_fields = ["code", "level", "parent", "template"]
    inlines = [AllowedInline]


class ConditionInline(Kept, RowInline):
    model = Condition
    readonly_fields = ["code", "number"]


@admin.register(LimitTemplate)
class LimitTemplateAdmin(Kept, RowAdmin):
    list_display = ["code", "name_zh", "name_en"]
    readonly_fields = ["code"]
    inlines = [ConditionInline]


@admin.register(StageLimit)
class StageLimitAdmin(Kept, RowAdmin):
    list_display = ["stage", "clock", "minutes"]
    readonly_fields = ["stage"]
