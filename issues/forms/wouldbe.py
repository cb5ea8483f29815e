"""What would happen: a place, a matter, an instant and a source, as a person gives them."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from grid.models import Cell
from grid.queries import shape_of
from issues.forms.report import AnswerForm
from issues.models import Issue
from issues.presenter.wouldbe import FARTHEST, Imagined
from matters.queries import UnknownMatter, matter


class WouldBeForm(AnswerForm):
    """A report that is only imagined. A cell can be named in place of a point."""

    cell = forms.CharField(label=_("网格代码"), required=False, max_length=17)
    at = forms.DateTimeField(
        label=_("上报时间"),
        required=False,
        widget=forms.DateTimeInput(
            attrs={"type": "datetime-local", "class": "input--short"}, format="%Y-%m-%dT%H:%M"
        ),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
        help_text=_("不填就是现在。可以试夜里、周末和节假日。"),
        error_messages={"invalid": _("请写成 2026-05-01 20:30 这样。")},
    )
    source = forms.ChoiceField(
        label=_("谁上报"),
        required=False,
        choices=[
            (value, label) for value, label in Issue.Source.choices if value != Issue.Source.IMPORT
        ],
        initial=Issue.Source.WORKER,
    )

    def clean_at(self) -> datetime:
        """Now where nothing was said; not farther than two years from today."""
        now = timezone.now()
        at: datetime = self.cleaned_data.get("at") or now
        if abs(at - now) > FARTHEST:
            raise forms.ValidationError(_("请选前后两年以内的时间。"))
        return at

    def clean(self) -> dict[str, Any]:
        """A cell's code gives a point inside the cell; the rest is as in 谁负责."""
        code = str(self.cleaned_data.get("cell") or "").strip()
        if code and self.point is None:
            self._take_cell(code)
        if code and self.errors:
            return self.cleaned_data
        cleaned = super().clean()
        cleaned["what"] = self._matter(cleaned)
        return cleaned

    def _take_cell(self, code: str) -> None:
        cells = Cell.objects.valid_at(timezone.now()).select_related("parent")
        cell = cells.filter(code=code).first()
        # A micro-cell without a line of its own lies in the cell that it is part of.
        drawn = next((one for one in (cell, cell and cell.parent) if one and one.shape), None)
        if drawn is None:
            self.add_error("cell", _("没有这个网格，请核对代码，或在地图上点一下。"))
            return
        inside = shape_of(drawn).representative_point()
        self.cleaned_data |= {"lat": inside.y, "lng": inside.x}
        self._retype(lat=str(inside.y), lng=str(inside.x))

    def _matter(self, cleaned: dict[str, Any]) -> Any:
        if not cleaned.get("category"):
            self.add_error("category", _("请选择什么事。"))
            return None
        try:
            return matter(category=cleaned["category"], condition=cleaned.get("condition") or "")
        except UnknownMatter:
            self.add_error("category", _("没有这一项，请重新选择。"))
            return None

    def imagined(self) -> Imagined:
        """What is asked about; call it on a valid form."""
        given = self.cleaned_data
        return Imagined(
            what=given["what"],
            lat=given["lat"],
            lng=given["lng"],
            at=given["at"],
            source=given["source"] or Issue.Source.WORKER,
        )
