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


class AllowedInline(RowInline):
    model = CategoryCondition
    extra = 0


@admin.register(Category)
class CategoryAdmin(RowAdmin):
    list_display = ["code", "name_zh", "name_en", "kind", "urgency", "led_by_community", "active"]
    list_filter = ["kind", "level", "active", "led_by_community"]
    search_fields = ["code", "name_zh", "name_en"]
    inlines = [AllowedInline]


class ConditionInline(RowInline):
    model = Condition
    extra = 0


@admin.register(LimitTemplate)
class LimitTemplateAdmin(RowAdmin):
    list_display = ["code", "name_zh", "name_en"]
    inlines = [ConditionInline]


@admin.register(StageLimit)
class StageLimitAdmin(RowAdmin):
    list_display = ["stage", "clock", "minutes"]

    def has_delete_permission(self, *_args: Any) -> bool:
        return False
