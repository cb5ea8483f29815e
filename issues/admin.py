"""What superusers set for the rule book: how many are called back or checked again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin

from issues.models import SampleRule

if TYPE_CHECKING:
    SampleRuleAdminBase = admin.ModelAdmin[SampleRule]
else:
    SampleRuleAdminBase = admin.ModelAdmin


@admin.register(SampleRule)
class SampleRuleAdmin(SampleRuleAdminBase):
    """A share of those that end in one way; without a row the default holds."""

    list_display = ("of", "percent")
