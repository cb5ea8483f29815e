"""Forms of the pages: they read what was typed and keep it; services judge it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.models import Suggestion
from grid.models import Area, Place
from grid.queries import find_places
from issues.presenter import words
from issues.presenter.choosing import UnitChoices
from issues.services.reporting import Report
from issues.services.verbs import REASONS, Given
from issues.services.words import MAX_DESCRIPTION, MAX_NOTE, MAX_PLACE
from issues.workflow import RULES, Need, Outcome, Verb
from residents.models import Contact
from residents.screening import find_phones, without_phone

OTHER = "other"
WITH_PHOTOS = frozenset({Verb.HANDLE, Verb.CHECK, Verb.NOTE, Verb.RETURN})
# One tap is enough: nothing to say, and nothing that cannot be told later.
ONE_TAP = frozenset({Verb.SIGN, Verb.ACKNOWLEDGE})
# Verbs that file the issue under a matter, which has a chooser of its own.
WITH_MATTER = frozenset({Verb.ACCEPT, Verb.RAISE_URGENCY})
# Where the service names a field that the page shows under another name.
SHOWN_AS = {"lat": "place_text", "lng": "place_text", "datum": "place_text", "place": "place_text"}


def add_errors(form: forms.Form, refused: ValidationError) -> dict[str, list[str]]:
    """Put a service's refusal next to the fields; returns what belongs to no field."""
    named = refused.message_dict if hasattr(refused, "error_dict") else {}
    named = named or {NON_FIELD_ERRORS: list(refused.messages)}
    beside: dict[str, list[str]] = {}
    for name, sentences in named.items():
        field = SHOWN_AS.get(name, name)
        if field in form.fields:
            form.add_error(field, list(sentences))
        else:
            beside[name] = list(sentences)
    return beside


class Retyped(forms.Form):
    """A form that comes back with some values changed for the person."""

    def _retype(self, **values: str) -> None:
        data = QueryDict(mutable=True)
        data.update(self.data)
        for name, value in values.items():
            data[name] = value
        self.data = data


class PointForm(Retyped):
    """A place by point or by words, with the candidates that the words leave open."""

    lat = forms.FloatField(required=False, min_value=-90, max_value=90)
    lng = forms.FloatField(required=False, min_value=-180, max_value=180)
    place_text = forms.CharField(label=_("地点"), required=False, max_length=MAX_PLACE)
    place = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)
    candidate = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, within: Iterable[Area] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.within = list(within)
        self.candidates: list[Place] = []

    @property
    def point(self) -> tuple[float, float] | None:
        """Latitude and longitude (WGS-84), if they are known by now."""
        lat, lng = self.cleaned_data.get("lat"), self.cleaned_data.get("lng")
        return None if lat is None or lng is None else (lat, lng)

    def clean(self) -> dict[str, Any]:
        """Without a point, take that of the candidate chosen, or look the words up."""
        cleaned = super().clean() or {}
        if self.point is None and (chosen := self._chosen(cleaned)):
            cleaned |= {"lat": chosen.lat, "lng": chosen.lng, "place": chosen.pk}
            # What was read is what the page shows when it comes back.
            self._retype(lat=str(chosen.lat), lng=str(chosen.lng))
        elif self.point is None:
            self._look_up(str(cleaned.get("place_text") or ""))
        return cleaned

    def _chosen(self, cleaned: Mapping[str, Any]) -> Place | None:
        key = cleaned.get("candidate")
        return Place.objects.filter(pk=key).first() if key else None

    def _look_up(self, text: str) -> None:
        if not text.strip():
            self.add_error("place_text", _("请在地图上点一下位置，或写小区、楼号。"))
            return
        self.candidates = find_places(text, within=self.within)
        self.add_error(
            "place_text",
            _("找到这些地点，请选一处。")
            if self.candidates
            else _("没有找到这个地点，请换个说法，或在地图上点一下位置。"),
        )


class ReportForm(PointForm):
    """上报: six things to see, of which two must be filled in."""

    key = forms.CharField(max_length=80, widget=forms.HiddenInput)
    category = forms.CharField(label=_("什么事"), required=False, max_length=12)
    condition = forms.CharField(label=_("现场情况"), required=False, max_length=24)
    description = forms.CharField(
        label=_("情况说明"),
        max_length=MAX_DESCRIPTION,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("写清看到了什么。不要写姓名、身份证号，电话写在联系方式里。"),
        error_messages={"required": _("请写一句话说明情况。")},
    )
    contact_name = forms.CharField(
        label=_("怎么称呼"),
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    contact_phone = forms.CharField(
        label=_("联系电话"),
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "off"}),
    )
    contact_agreed = forms.MultipleChoiceField(
        label=_("本人同意"),
        required=False,
        choices=Contact.Agreed.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    phone_seen = forms.CharField(required=False, widget=forms.HiddenInput)

    @property
    def phone_to_point_out(self) -> str:
        """A phone number in the description that the reporter was not asked about yet."""
        if self.cleaned_data.get("phone_seen"):
            return ""
        return next(iter(find_phones(self.cleaned_data.get("description", ""))), "")

    def renew_key(self, key: str) -> None:
        """Let the same page be sent again as another report."""
        self._retype(key=key)

    def move_phone(self) -> None:
        """Take the first number out of the description into the contact field."""
        text = self.data.get("description", "")
        if found := find_phones(text):
            self._retype(description=without_phone(text, found[0]), contact_phone=found[0])

    @property
    def contact_open(self) -> bool:
        """Whether the folded contact has something to show."""
        names = ("contact_name", "contact_phone", "contact_agreed")
        return any(self[name].value() or self[name].errors for name in names)

    def report(self, photos: Sequence[str]) -> Report:
        """What the service is given; call it on a valid form."""
        given = self.cleaned_data
        return Report(
            description=given["description"],
            lat=given["lat"],
            lng=given["lng"],
            category=given["category"],
            condition=given["condition"],
            place=given["place_text"],
            place_id=given["place"],
            attachments=photos,
            contact={
                "name": given["contact_name"],
                "phone": given["contact_phone"],
                "agreed": given["contact_agreed"],
            },
        )


class AnswerForm(PointForm):
    """谁负责: a point and, when it is known, a matter."""

    category = forms.CharField(label=_("什么事"), required=False, max_length=12)
    condition = forms.CharField(required=False, max_length=24)


class VerbForm(Retyped):
    """What one verb of the rule book needs; the fields follow from its row."""

    version = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, verb: Verb, units: UnitChoices | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **{"auto_id": f"id_{verb}_%s"} | kwargs)
        self.verb = verb
        rule = RULES[verb]
        for need in rule.needs:
            if need in MAKERS:
                self.fields[need] = MAKERS[need](verb, units or [])
        if verb in WITH_MATTER:
            self.fields["category"] = forms.CharField(required=False, max_length=12)
            self.fields["condition"] = forms.CharField(required=False, max_length=24)
        if verb not in ONE_TAP:
            self.fields["note"] = _note(verb, required=Need.NOTE in rule.needs)

    def on_version(self, version: int) -> None:
        """Let the form be sent again on what its reader sees now."""
        self._retype(version=str(version))

    @property
    def shown(self) -> list[forms.BoundField]:
        """The fields that the template draws one by one; the matter has a part of its own."""
        own = ("version", "category", "condition")
        return [field for field in self if field.name not in own]

    @property
    def has_photos(self) -> bool:
        return self.verb in WITH_PHOTOS

    def given(self, photos: Sequence[str]) -> Given:
        """What the service is given; call it on a valid form."""
        said = self.cleaned_data
        reason, note = said.get("reason", ""), said.get("note", "")
        if reason == OTHER:
            reason, note = note, ""
        passed = said.get("passed")
        return Given(
            note=note,
            reason=reason,
            unit=said.get("unit", ""),
            outcome=said.get("outcome", ""),
            passed=passed == "yes" if passed else None,
            category=said.get("category", ""),
            condition=said.get("condition", ""),
            attachments=photos,
            version=said.get("version"),
        )

    def clean(self) -> dict[str, Any]:
        """Another reason than the listed ones stands in the note."""
        said = super().clean() or {}
        if said.get("reason") == OTHER and not said.get("note"):
            self.add_error("note", _("选了“其他”，请写明理由。"))
        return said


def _reason(verb: Verb, _units: UnitChoices) -> forms.Field:
    listed = [(code, words.reason_name(code)) for code in REASONS.get(verb, ())]
    return forms.ChoiceField(
        label=_("理由"),
        choices=[*listed, (OTHER, _("其他，写在下面"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("请写明理由。")},
    )


def _outcome(_verb: Verb, _units: UnitChoices) -> forms.Field:
    return forms.ChoiceField(
        label=_("办理结果"),
        choices=[(str(outcome), words.outcome_name(outcome)) for outcome in Outcome],
        widget=forms.RadioSelect,
        help_text=_("按实际结果选。没有解决也可以如实选，核查时会看说明。"),
        error_messages={"required": _("请选择办理结果。")},
    )


def _passed(_verb: Verb, _units: UnitChoices) -> forms.Field:
    return forms.ChoiceField(
        label=_("核查结论"),
        choices=[("yes", _("通过：现场已经办好")), ("no", _("不通过：退回返工"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("请说明是否通过。")},
    )


def _unit(_verb: Verb, units: UnitChoices) -> forms.Field:
    return forms.ChoiceField(
        label=_("承办单位"),
        choices=[("", _("请选择")), *units],
        help_text=_("只列出服务这个地点、有人签收的单位，就近的在前。"),
        error_messages={
            "required": _("请选择承办单位。"),
            "invalid_choice": _("这里没有这个单位，请从列表里选。"),
        },
    )


def _note(verb: Verb, *, required: bool) -> forms.Field:
    labels = {
        Verb.HANDLE: (_("办理说明"), _("写清做了什么、还差什么。")),
        Verb.NOTE: (_("备注"), _("只有办理和监督这件事的岗位能看到。")),
        Verb.CHECK: (_("核查说明"), _("不通过时要写明哪里还没做好。")),
        Verb.CHASE: (_("催办说明"), _("可以不写。承办单位会收到通知。")),
        Verb.ANSWER: (_("答复"), _("写清现在做到哪一步、什么时候办好、需要什么支持。")),
        Verb.INSTRUCT: (_("批示内容"), _("承办单位、值守台和党支部都会收到。")),
    }
    label, hint = labels.get(verb, (_("补充说明"), ""))
    return forms.CharField(
        label=label,
        help_text=hint,
        required=required,
        max_length=MAX_NOTE,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("请写几句说明。")},
    )


MAKERS = {Need.REASON: _reason, Need.OUTCOME: _outcome, Need.PASSED: _passed, Need.UNIT: _unit}


class RevealForm(forms.Form):
    """Why somebody looks at a full phone number."""

    reason = forms.CharField(
        label=_("查看理由"),
        max_length=200,
        help_text=_("例如：约上门时间。查看人、时间和理由会留下记录。"),
        error_messages={"required": _("请写明查看联系方式的理由。")},
    )


class SuggestionForm(forms.Form):
    """A complaint or suggestion about this system."""

    text = forms.CharField(
        label=_("您的意见或投诉"),
        max_length=Suggestion.MAX_LENGTH,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("哪里不好用、哪里多此一举、想要什么，都可以写。不要写居民的个人信息。"),
        error_messages={"required": _("请写下您的意见。")},
    )
    page = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)
