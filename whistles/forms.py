"""Forms of the whistle's pages: one to begin it, one for each act."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from issues.presenter.choosing import UnitChoices
from issues.services.words import MAX_PLACE
from whistles.models import Call, Whistle
from whistles.presenter import mark_name
from whistles.services.closing import OF_UNIT, OF_WHISTLE
from whistles.services.doing import MAX_BASIS, MAX_REASON, MAX_ROLES, Given
from whistles.workflow import Act

Pairs = Sequence[tuple[str, str]]
WHEN = "%Y-%m-%dT%H:%M"
WHICH = _("哪个单位")
# What an answer needs: its item, or who is there already.
WITH_ANSWER = {"item": "when-item", "roles": "when-there"}


def _text(label: Any, hint: Any = "", *, required: bool = True, longest: int = MAX_REASON) -> Any:
    return forms.CharField(
        label=label,
        help_text=hint,
        required=required,
        max_length=longest,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": _("请写几句说明。")},
    )


class BlowForm(forms.Form):
    """Which kind, why, where, when, who comes, who leads."""

    kind = forms.ChoiceField(
        label=_("哨的类型"),
        choices=Whistle.Kind.choices,
        widget=forms.RadioSelect,
        help_text=_(
            "应急 30 分钟内应哨、报到，昼夜都算；综合执法 4 个工作小时；重点工作 2 个工作日。"
        ),
        error_messages={"required": _("请选择哨的类型。")},
    )
    reason = _text(_("吹哨理由"), _("写清要解决什么、为什么街道自己办不了。不要写个人信息。"))
    place = forms.CharField(
        label=_("到场地点"),
        max_length=MAX_PLACE,
        error_messages={"required": _("请写明到场地点。")},
    )
    meet_at = forms.DateTimeField(
        label=_("到场时间"),
        required=False,
        help_text=_("应急可以不填，就是现在。"),
        input_formats=[WHEN],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=WHEN),
        error_messages={"invalid": _("请选择日期和时间。")},
    )
    units = forms.MultipleChoiceField(
        label=_("请哪些单位到场"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("只列出服务这个地点、有人能应哨的单位。"),
        error_messages={
            "required": _("请选择要到场的单位。"),
            "invalid_choice": _("这里没有这个单位，请从列表里选。"),
        },
    )
    lead = forms.ChoiceField(
        label=_("牵头单位"),
        required=False,
        help_text=_("只请一个单位时不用选。"),
        error_messages={"invalid_choice": _("牵头单位要在被请的单位里。")},
    )
    shown_as = {"place_text": "place"}

    def __init__(
        self, data: Any = None, *, units: UnitChoices, initial: dict[str, Any] | None = None
    ) -> None:
        super().__init__(data, auto_id="id_blow_%s", initial=initial)
        listed = [(code, name) for _group, pairs in units for code, name in pairs]
        self.fields["units"].choices = listed  # type: ignore[attr-defined]
        self.fields["lead"].choices = [("", _("请选择")), *units]  # type: ignore[attr-defined]

    def given(self) -> Given:
        return Given(**self.cleaned_data)


def _unit(choices: Pairs, label: Any = WHICH) -> forms.Field:
    """A select; with a single unit it is chosen already."""
    alone = len(choices) == 1
    return forms.ChoiceField(
        label=label,
        choices=choices if alone else [("", _("请选择")), *choices],
        error_messages={
            "required": _("请选择单位。"),
            "invalid_choice": _("这个单位没有被请，或现在不需要、不能由您这样做，请重新选择。"),
        },
    )


def _mark(name: str) -> forms.Field:
    choices = [
        ("5", _("5 很好")), ("4", _("4 好")), ("3", _("3 一般")), ("2", _("2 差")),
        ("1", _("1 很差")),
    ]  # fmt: skip
    return forms.TypedChoiceField(
        label=mark_name(name),
        coerce=int,
        choices=[("", _("请选择")), *choices],
        error_messages={"required": _("请从 1 到 5 里选一个。")},
    )


def _answer() -> forms.Field:
    return forms.ChoiceField(
        label=_("应哨"),
        choices=Call.Answer.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("请选择：马上到场、已在现场，或不属于本单位职责。")},
    )


def _item(items: UnitChoices) -> forms.Field:
    return forms.TypedChoiceField(
        label=_("权责清单条目"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", _("请选择") if items else _("权责清单里没有这个地点的条目")), *items],
        help_text=_("“不属于本单位职责”要指出依据清单的哪一条，由区网格中心裁定。"),
        error_messages={"invalid_choice": _("清单里没有这一条，请重新选择。")},
    )


def _must_come() -> forms.Field:
    return forms.TypedChoiceField(
        label=_("裁定"),
        coerce=lambda said: said == "yes",
        choices=[("yes", _("应当到场，重新应哨")), ("no", _("不必到场"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("请裁定：应当到场，或不必到场。")},
    )


def _roles(*, required: bool) -> forms.Field:
    return forms.CharField(
        label=_("到场人员的岗位"),
        required=required,
        max_length=MAX_ROLES,
        help_text=_("写岗位，不写姓名，例如：执法中队长、法制员。系统不取定位。"),
        error_messages={"required": _("请写明到场人员的岗位，例如：执法中队长、法制员。")},
    )


def _area(areas: Pairs) -> forms.Field:
    return forms.ChoiceField(
        label=_("适用于哪里"),
        choices=areas,
        help_text=_("这里原来排在前面的同类条目随之结束。"),
    )


class ActForm(forms.Form):
    """The fields of one act. `side`: of a rating, which side speaks."""

    def __init__(
        self,
        data: Any = None,
        *,
        act: Act,
        units: Pairs = (),
        items: UnitChoices | None = None,
        areas: Pairs = (),
        side: str = "",
    ) -> None:
        super().__init__(data, auto_id=f"id_{act}{side}_%s")
        self.act = act
        note = _text(_("补充说明"), required=False)
        reason = _text(_("理由"))
        several = {"unit": _unit(units)} if len(units) > 1 else {}
        marks = {name: _mark(name) for name in (OF_WHISTLE if side == "whistle" else OF_UNIT)}
        known: dict[Act, Mapping[str, forms.Field]] = {
            Act.APPROVE: {"reason": note},
            Act.REFUSE: {"reason": reason},
            Act.WITHDRAW: {"reason": note},
            Act.ANSWER: {
                **several,
                "answer": _answer(),
                "roles": _roles(required=False),
                "item": _item(items or []),
                "reason": note,
            },
            Act.ARRIVE: {**several, "roles": _roles(required=True)},
            Act.JUDGE: {"unit": _unit(units), "must_come": _must_come(), "reason": reason},
            Act.WAIVE: {"unit": _unit(units), "reason": reason},
            Act.RATE: {"unit": _unit(units), **marks},
            Act.CLOSE: {"reason": note},
            Act.BECOME_ITEM: {
                "unit": _unit(units, _("以后由谁承办")),
                "area": _area(areas),
                "basis": forms.CharField(
                    label=_("依据"), required=False, max_length=MAX_BASIS,
                    help_text=_("不写就记这次吹哨的编号。"),
                ),
            },
        }  # fmt: skip
        self.fields.update(known[act])

    @property
    def shown(self) -> Iterator[tuple[forms.BoundField, str]]:
        """The fields, each with the class of when it matters (forms.css)."""
        when = WITH_ANSWER if self.act is Act.ANSWER else {}
        for field in self:
            yield field, when.get(field.name, "")

    def given(self) -> Given:
        return Given(**self.cleaned_data)
