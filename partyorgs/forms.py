"""Forms of the pages about who is there: they read what was typed; services judge it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from partyorgs.dutyfile import BETWEEN, time_of
from partyorgs.models import LONGEST_NOTE, Organization
from partyorgs.queries import colleagues_of, duty_people
from partyorgs.rules import Scope, may_configure, people_kept
from partyorgs.services import DutyDraft, Pattern, Shift, shift_on

if TYPE_CHECKING:
    PersonFieldBase = forms.ModelChoiceField[User]
else:
    PersonFieldBase = forms.ModelChoiceField

MOMENT = "%Y-%m-%dT%H:%M"
USUAL_SHIFTS = "08:00-20:00, 20:00-08:00"
USUAL_DAYS = 14
_APART = re.compile("[,;\n\uff0c\uff1b\u3001]+")


def add_errors(form: forms.Form, refused: ValidationError) -> None:
    """Put a service's refusal beside its fields, the rest above the form."""
    named = refused.message_dict if hasattr(refused, "error_dict") else {}
    for name, sentences in (named or {NON_FIELD_ERRORS: list(refused.messages)}).items():
        form.add_error(name if name in form.fields else None, list(sentences))


def person_label(user: User) -> str:
    """A person as forms name them: the account tells two of one name apart."""
    return f"{user} · {user.username}" if user.name else user.username


class PersonField(PersonFieldBase):
    """Choose a person from a list."""

    def label_from_instance(self, obj: User) -> str:
        return person_label(obj)


class AccountField(forms.CharField):
    """Name a person by the account, where a list would be too long."""

    def clean(self, value: Any) -> Any:
        username = super().clean(value)
        user = User.objects.filter(username=User.normalize_username(username or "")).first()
        if username and user is None:
            raise ValidationError(gettext("找不到这个账号，请核对。"))
        return user


def _date(label: Any) -> forms.DateField:
    return forms.DateField(
        label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


def _time(label: Any) -> forms.TimeField:
    return forms.TimeField(
        label=label, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )


class ShiftForm(forms.Form):
    """One shift of one person."""

    date = _date(_("日期"))
    starts = _time(_("开始"))
    ends = _time(_("结束"))
    person = PersonField(label=_("值班人"), queryset=User.objects.none())
    position = forms.IntegerField(
        label=_("呼叫顺序"), min_value=1, max_value=20, initial=1, help_text=_("1 最先呼叫。")
    )
    leader = forms.BooleanField(label=_("带班领导"), required=False)
    note = forms.CharField(label=_("备注"), required=False, max_length=LONGEST_NOTE)

    def __init__(
        self, *args: Any, organization: Organization, now: datetime, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.organization = organization
        staff = duty_people(organization=organization, at=now, leader=False)
        leaders = duty_people(organization=organization, at=now, leader=True)
        both = User.objects.filter(pk__in=[user.pk for user in (*staff, *leaders)])
        field = self.fields["person"]
        field.queryset = both.order_by("name", "username")  # type: ignore[attr-defined]
        today = timezone.localtime(now).date()
        self.initial = {"date": today, "starts": time(8), "ends": time(20), "position": 1}
        self.fields["ends"].help_text = _("不晚于开始的，算第二天。")

    def draft(self) -> DutyDraft:
        """The shift that a valid form says."""
        given = self.cleaned_data
        starts, ends = shift_on(given["date"], Shift(given["starts"], given["ends"]))
        return DutyDraft(
            self.organization, given["person"], starts, ends,
            given["position"], given["leader"], given["note"],
        )  # fmt: skip


class FillForm(forms.Form):
    """A roster by turns. People are lines of text, so that their order can be written."""

    first = _date(_("第一天"))
    last = _date(_("最后一天"))
    days = forms.ChoiceField(
        label=_("哪些天"),
        choices=[("all", _("每天")), ("work", _("工作日")), ("rest", _("休息日和节假日"))],
        widget=forms.RadioSelect,
    )
    shifts = forms.CharField(
        label=_("班次"), max_length=200,
        help_text=_("如 08:00-20:00, 20:00-08:00；结束不晚于开始的，算第二天。"),
    )  # fmt: skip
    each = forms.IntegerField(label=_("每班几人"), min_value=1, max_value=20)
    people = forms.CharField(
        label=_("轮流值班的人"), widget=forms.Textarea, max_length=20000,
        help_text=_("一行一个，按轮班的顺序。"),
    )  # fmt: skip
    leaders = forms.CharField(
        label=_("轮流带班的领导"), widget=forms.Textarea, required=False, max_length=20000,
        help_text=_("一行一个，每班一位。"),
    )  # fmt: skip
    replace = forms.BooleanField(
        label=_("换掉这些天已排的班"), required=False, help_text=_("只换还没有开始的。")
    )

    def __init__(
        self, *args: Any, organization: Organization, now: datetime, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.candidates = {
            name: list(duty_people(organization=organization, at=now, leader=name == "leaders"))
            for name in ("people", "leaders")
        }
        tomorrow = timezone.localtime(now).date() + timedelta(days=1)
        last = tomorrow + timedelta(days=USUAL_DAYS - 1)
        self.initial = {"first": tomorrow, "last": last, "days": "all", "each": 1}
        self.initial["shifts"] = USUAL_SHIFTS
        for name, users in self.candidates.items():
            self.initial[name] = "\n".join(map(person_label, users))

    def clean_shifts(self) -> tuple[Shift, ...]:
        found = []
        for words in filter(str.strip, _APART.split(self.cleaned_data["shifts"])):
            ends = [time_of(part) for part in BETWEEN.split(words)]
            if len(ends) != 2 or ends[0] is None or ends[1] is None:
                text = gettext("“%(words)s”不是班次，请写成 08:00-20:00。")
                raise ValidationError(text % {"words": words.strip()[:30]})
            found.append(Shift(ends[0], ends[1]))
        return tuple(found)

    def clean_people(self) -> tuple[User, ...]:
        return self._users("people")

    def clean_leaders(self) -> tuple[User, ...]:
        return self._users("leaders")

    def _users(self, field: str) -> tuple[User, ...]:
        known = _by_words(self.candidates[field])
        lines = [line.strip() for line in self.cleaned_data[field].splitlines() if line.strip()]
        strange = [line[:40] for line in lines if len(known.get(line, ())) != 1]
        if strange:
            text = gettext("认不出“%(words)s”：请照名单的写法，写姓名和账号。")
            raise ValidationError([text % {"words": words} for words in strange[:5]])
        return tuple(known[line][0] for line in lines)

    def pattern(self) -> Pattern:
        """The pattern that a valid form says."""
        given = self.cleaned_data
        return Pattern(
            first=given["first"], last=given["last"], shifts=given["shifts"],
            people=given["people"], each=given["each"], days=given["days"],
            leaders=given["leaders"],
        )  # fmt: skip


def _by_words(users: Iterable[User]) -> dict[str, list[User]]:
    """People by everything they may be called; a name of two people finds both."""
    found: dict[str, list[User]] = {}
    for user in users:
        for words in {person_label(user), user.username, user.name} - {""}:
            found.setdefault(words, []).append(user)
    return found


class ImportForm(forms.Form):
    """A roster as a file or pasted; after the first look the text carries it on."""

    file = forms.FileField(label=_("文件"), required=False)
    text = forms.CharField(
        label=_("或粘贴内容"), required=False, max_length=500_000, strip=False,
        widget=forms.Textarea(attrs={"spellcheck": "false"}),
    )  # fmt: skip


class LeaveForm(forms.Form):
    """Who is away, from when to when, and who stands in."""

    person = forms.Field()
    since = forms.DateTimeField(label=_("从"), input_formats=[MOMENT, "%Y-%m-%d %H:%M"])
    until = forms.DateTimeField(label=_("到"), input_formats=[MOMENT, "%Y-%m-%d %H:%M"])
    stand_in = forms.Field()

    def __init__(self, *args: Any, scope: Scope, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("since", "until"):
            widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT)
            self.fields[name].widget = widget
        local = timezone.localtime(now).replace(second=0, microsecond=0)
        evening = (local + timedelta(days=1)).replace(hour=18, minute=0)
        self.initial = {"since": local, "until": evening}
        self._ask_for_people(scope, now)

    def _ask_for_people(self, scope: Scope, now: datetime) -> None:
        own = scope.user.pk
        if may_configure(scope):
            hint = _("写账号。")
            self.fields["person"] = AccountField(label=_("请假的人"), help_text=hint)
            self.fields["stand_in"] = AccountField(label=_("替岗人"), help_text=hint)
            self.initial["person"] = scope.user.username
            return
        kept = people_kept(scope, at=now).order_by("name", "username")
        near = {own, *colleagues_of(user=scope.user, at=now).values_list("pk", flat=True)}
        near |= set(kept.values_list("pk", flat=True))
        others = User.objects.filter(pk__in=near).order_by("name", "username")
        self.fields["person"] = PersonField(
            label=_("请假的人"), queryset=kept, initial=own, empty_label=None
        )
        self.fields["stand_in"] = PersonField(label=_("替岗人"), queryset=others)
        self.initial["person"] = own
