"""What a verb of the rule book needs; the fields follow from its row."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from issues.forms.typed import Retyped
from issues.presenter import words
from issues.presenter.choosing import UnitChoices
from issues.services.doing import REASONS, Given
from issues.services.words import MAX_NOTE
from issues.workflow import RULES, Need, Outcome, Verb

OTHER = "other"
WITH_PHOTOS = frozenset({Verb.HANDLE, Verb.CHECK, Verb.NOTE, Verb.RETURN})
# One tap is enough: nothing to say, and nothing that cannot be told later.
ONE_TAP = frozenset({Verb.SIGN, Verb.ACKNOWLEDGE})
# Verbs that file the issue under a matter, which has a chooser of its own.
WITH_MATTER = frozenset({Verb.ACCEPT, Verb.RAISE_URGENCY})


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
