"""For which street, from when to when, and why the district relaxes a rule."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from issues.services.words import MAX_BASIS


def _day(label: Any, hint: Any = "") -> forms.DateField:
    return forms.DateField(
        label=label,
        help_text=hint,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": _("请选择日期。"), "invalid": _("请选择日期。")},
    )


class RelaxForm(forms.Form):
    """A rule that is relaxed for a street, for a time."""

    street = forms.ChoiceField(
        label=_("街道"),
        error_messages={
            "required": _("请选择街道。"),
            "invalid_choice": _("没有这个街道，请从列表里选。"),
        },
    )
    since = _day(_("从哪天起"))
    until = _day(_("到哪天止"), _("到这一天结束。最长一年。"))
    reason = forms.CharField(
        label=_("理由"),
        max_length=MAX_BASIS,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("例如：街道只有三个人，办理人都在党支部任职。审计员会看到。"),
        error_messages={"required": _("请写明为什么要放宽，例如街道一共几个人。")},
    )

    def __init__(
        self, *args: Any, streets: Sequence[tuple[str, str]], today: date, **kwargs: Any
    ) -> None:
        super().__init__(*args, **{"initial": {"since": today}} | kwargs)
        self.fields["street"].choices = [("", _("请选择")), *streets]  # type: ignore[attr-defined]
