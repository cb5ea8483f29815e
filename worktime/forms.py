"""Forms of the calendars: they read what was typed and keep it."""

from collections.abc import Iterable
from datetime import date, time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from worktime import dayfile
from worktime.arithmetic import EARLIEST_YEAR, LATEST_YEAR, CalendarDay
from worktime.importing import Proposal, from_notice, from_table
from worktime.models import Calendar, Day, DayKind

LONGEST_NOTICE = 20_000
MAX_SPANS = 6
INHERIT = "inherit"


class YearField(forms.IntegerField):
    """A year that calendars reach; may be left empty."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            label=gettext_lazy("年份"),
            required=False,
            min_value=EARLIEST_YEAR,
            max_value=LATEST_YEAR - 1,
            **options,
        )


class ImportForm(forms.Form):
    """A text that is first shown as what it would change; `seen` is what was shown."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def proposal(self) -> Proposal:
        """What the text proposes."""
        raise NotImplementedError

    def accept(self, proposal: Proposal) -> bool:
        """Whether the proposal has no problems; they go beside the text."""
        for problem in proposal.problems:
            self.add_error("text", problem)
        return not proposal.problems

    def retype(self, **values: str) -> None:
        """Come back with some values changed for the person."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        for name, value in values.items():
            data[name] = value
        self.data = data


class NoticeForm(ImportForm):
    """The text of the State Council's notice."""

    text = forms.CharField(
        label=gettext_lazy("通知全文"),
        max_length=LONGEST_NOTICE,
        help_text=gettext_lazy("从标题复制到最后一条，整段粘贴。换行和全角数字没有关系。"),
        widget=forms.Textarea(attrs={"rows": 14}),
    )
    year = YearField(help_text=gettext_lazy("没有粘贴标题时填写。"))
    field_order = ("text", "year", "seen")

    def proposal(self) -> Proposal:
        """What the notice says."""
        given = self.cleaned_data
        return from_notice(given["text"], year=given["year"])


class TableForm(ImportForm):
    """A CSV file, or its lines as text; a file counts before the text."""

    file = forms.FileField(
        label=gettext_lazy("CSV 文件"),
        required=False,
        help_text=gettext_lazy(
            "第 1 行是列名 date,kind,name；kind 写 workday、weekend、holiday 或 makeup。"
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv,text/plain"}),
    )
    text = forms.CharField(
        label=gettext_lazy("表格内容"),
        required=False,
        max_length=dayfile.MAX_BYTES,
        help_text=gettext_lazy("也可以直接粘贴几行。"),
        widget=forms.Textarea(attrs={"rows": 10}),
    )
    year = YearField(
        help_text=gettext_lazy("填写后，这一年表里没有的日期按周一至周五上班处理，整年都算已公布。")
    )
    source = forms.CharField(
        label=gettext_lazy("来源"),
        required=False,
        max_length=100,
        help_text=gettext_lazy("写明依据，例如文件标题；变更记录和到期说明里会用到。"),
    )
    field_order = ("file", "text", "year", "source", "seen")

    def clean(self) -> dict[str, Any]:
        """The file's text becomes the typed text, so that it is there after the preview."""
        given: dict[str, Any] = super().clean() or {}
        upload = given.get("file")
        if isinstance(upload, UploadedFile):
            try:
                given["text"] = dayfile.read_text(upload.read(dayfile.MAX_BYTES + 1))
            except ValidationError as error:
                self.add_error("file", error)
                return given
            given["source"] = given.get("source") or (upload.name or "")[:100]
            self.retype(text=given["text"], source=given["source"])
        if not given.get("text") and not self.errors:
            self.add_error("text", _("请选择文件，或粘贴表格内容。"))
        return given

    def proposal(self) -> Proposal:
        """What the table says."""
        given = self.cleaned_data
        source = given["source"] or _("CSV 导入")
        return from_table(given["text"], source=source, year=given["year"])


class DayForm(forms.Form):
    """What one date is; in a calendar with a base also: as the base has it."""

    kind = forms.ChoiceField(label=gettext_lazy("这一天是"), widget=forms.RadioSelect)
    name = forms.CharField(
        label=gettext_lazy("节日名称"),
        required=False,
        max_length=Day._meta.get_field("name").max_length,
        help_text=gettext_lazy("节假日和调休上班日写明是哪个节日，到期说明里会用到。"),
    )

    def __init__(self, *args: Any, base: Calendar | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: list[tuple[str, str]] = [
            (str(value), str(label)) for value, label in DayKind.choices
        ]
        if base:
            choices.append((INHERIT, _("与“%s”相同") % base.name))
        kind = self.fields["kind"]
        if isinstance(kind, forms.ChoiceField):
            kind.choices = choices

    def fact(self) -> CalendarDay | None:
        """The day as it was put down; None for the base's."""
        kind = self.cleaned_data["kind"]
        if kind == INHERIT:
            return None
        named = kind in {DayKind.HOLIDAY, DayKind.MAKEUP}
        return CalendarDay(kind, self.cleaned_data["name"].strip() if named else "")


class SpansForm(forms.Form):
    """Up to six spans; a row left empty is none."""

    def __init__(self, *args: Any, spans: Iterable[tuple[time, time]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = list(spans)
        for number in range(1, MAX_SPANS + 1):
            starts, ends = known[number - 1] if number <= len(known) else (None, None)
            self._add(f"starts_{number}", _("第 %d 段开始") % number, starts)
            self._add(f"ends_{number}", _("第 %d 段结束") % number, ends)

    def rows(self) -> list[tuple[Any, Any]]:
        """The fields of each span together."""
        numbers = range(1, MAX_SPANS + 1)
        return [(self[f"starts_{number}"], self[f"ends_{number}"]) for number in numbers]

    def spans(self) -> list[tuple[time, time]]:
        """What was put down, in the order of the rows."""
        given = self.cleaned_data
        rows = ((given[f"starts_{n}"], given[f"ends_{n}"]) for n in range(1, MAX_SPANS + 1))
        return [(starts, ends) for starts, ends in rows if starts is not None]

    def clean(self) -> dict[str, Any]:
        """A span has both ends."""
        given: dict[str, Any] = super().clean() or {}
        for number in range(1, MAX_SPANS + 1):
            starts, ends = f"starts_{number}", f"ends_{number}"
            if (given.get(starts) is None) != (given.get(ends) is None):
                missing = starts if given.get(starts) is None else ends
                if missing not in self.errors:
                    self.add_error(missing, _("开始和结束要一起写，不用的一段请都留空。"))
        return given

    def _add(self, name: str, label: str, value: time | None) -> None:
        widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
        self.fields[name] = forms.TimeField(
            label=label, required=False, initial=value, widget=widget
        )


class CalendarForm(forms.Form):
    """A new calendar; its spans are edited on its own page."""

    name = forms.CharField(
        label=gettext_lazy("名称"),
        max_length=100,
        help_text=gettext_lazy("例如：热线坐席日历。"),
    )
    code = forms.SlugField(
        label=gettext_lazy("代码"),
        max_length=50,
        help_text=gettext_lazy("用小写字母、数字和连字符，例如 hotline；建好后不能改。"),
    )
    base = forms.ModelChoiceField(
        label=gettext_lazy("沿用日期的日历"),
        queryset=Calendar.objects.filter(base=None).order_by("pk"),
        required=False,
        empty_label=gettext_lazy("不沿用，日期自己维护"),
        help_text=gettext_lazy("放假和调休跟着那个日历走，工作时段先照抄，之后可以改。"),
    )


def iso_date(text: str) -> date | None:
    """A date of an address, in the years that calendars reach."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if EARLIEST_YEAR <= day.year < LATEST_YEAR else None
