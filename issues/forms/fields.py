"""One field for each thing that a verb can be given; labels and hints say what to write."""

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from issues.models import CallBack
from issues.presenter import words
from issues.presenter.choosing import Offered, Pairs, UnitChoices
from issues.services.doing import LISTED_ONLY, REASONS
from issues.services.words import MAX_BASIS, MAX_DESCRIPTION, MAX_NOTE
from issues.workflow import HANDLED_AS, Need, Outcome, Verb, Way

OTHER = "other"
# A split makes two problems at least; who has more splits again.
MOST_PARTS = 4
LEAST_PARTS = 2
YES_NO = [("yes", _("是")), ("no", _("否"))]
Maker = Callable[[Verb, Offered], forms.Field]


class Suggested(forms.TextInput):
    """A text field that suggests values, each with words; the browser's own list, no script."""

    def __init__(self, suggestions: Pairs, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.suggestions = suggestions

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        list_id = f"{(attrs or {}).get('id', name)}_list"
        drawn = super().render(name, value, (attrs or {}) | {"list": list_id}, renderer)
        options = format_html_join("", '<option value="{}" label="{}"></option>', self.suggestions)
        return format_html('{}<datalist id="{}">{}</datalist>', drawn, list_id, options)


def reason(verb: Verb, _offered: Offered) -> forms.Field:
    """A listed reason, or another one that stands in the note; without a list, words."""
    listed = REASONS.get(verb, ())
    if not listed:
        return long_text(_("理由"), missing=_("请写明理由。"))
    choices: list[tuple[str, Any]] = [(code, words.reason_name(code)) for code in listed]
    if verb not in LISTED_ONLY:
        choices.append((OTHER, _("其他，写在下面")))
    hints = {
        Verb.RETURN: _("办不了不是退单的理由：请申请延期、挂账，或请街道会商。"),
        Verb.JUDGE: _("终审后不再退单；这次退单记在判定有误的一方。"),
    }
    return forms.ChoiceField(
        label=_("理由"),
        choices=choices,
        help_text=hints.get(verb, ""),
        widget=forms.RadioSelect,
        error_messages={"required": _("请写明理由。")},
    )


def outcome(verb: Verb, _offered: Offered) -> forms.Field:
    """What became of it; "other" has to be put right later, so it is no answer to that."""
    again = verb is Verb.RECLASSIFY
    listed = [one for one in HANDLED_AS if not (again and one is Outcome.OTHER)]
    return forms.ChoiceField(
        label=_("办理结果"),
        choices=[(str(one), words.outcome_name(one)) for one in listed],
        widget=forms.RadioSelect,
        help_text=_("按实际结果选。没有解决也可以如实选，核查时会看说明。"),
        error_messages={"required": _("请选择办理结果。")},
    )


def passed(verb: Verb, _offered: Offered) -> forms.Field:
    """Yes or no, in the words of the verb."""
    said = {
        Verb.VERIFY: (
            _("核实结论"),
            [("yes", _("属实：转入受理")), ("no", _("不属实：不予受理"))],
        ),
    }
    usual = (
        _("核查结论"),
        [("yes", _("通过：现场已经办好")), ("no", _("不通过：退回返工"))],
    )
    label, choices = said.get(verb, usual)
    return forms.ChoiceField(
        label=label,
        choices=choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("请说明是否通过。")},
    )


def way(_verb: Verb, offered: Offered) -> forms.Field:
    """How it was looked at; what is grave is looked at on the spot only."""
    ways = [Way.ON_SITE] if offered.visit else list(Way)
    return forms.ChoiceField(
        label=_("核查方式"),
        choices=[(str(one), words.way_name(one)) for one in ways],
        initial=str(Way.ON_SITE) if offered.visit else None,
        widget=forms.RadioSelect,
        help_text=_("这一件要到现场核查。") if offered.visit else "",
        error_messages={"required": _("请选择核查方式：现场、照片或电话。")},
    )


def unit(verb: Verb, offered: Offered) -> forms.Field:
    label = _("协办单位") if verb is Verb.ADD_PART else _("承办单位")
    missing = _("请选择协办单位。") if verb is Verb.ADD_PART else _("请选择承办单位。")
    if verb is Verb.ADD_PART:
        return unit_select(
            offered.helpers,
            label=label,
            missing=missing,
            hint=_("只列出服务这个地点的单位，就近的在前；没有账号的由牵头的岗位代录。"),
        )
    units = offered.near_units if verb is Verb.ARRANGE else offered.units
    return unit_select(units, label=label, missing=missing)


def proposed(_verb: Verb, offered: Offered) -> forms.Field:
    return unit_select(
        offered.proposed,
        label=_("应该由谁办"),
        missing=_("请提出应该由哪个单位办。"),
        hint=_("服务这个地点的单位在前；“属地不符”的，选实际所在地的单位，列在后面。"),
    )


def unit_select(units: UnitChoices, *, label: Any, missing: Any, hint: Any = "") -> forms.Field:
    return forms.ChoiceField(
        label=label,
        choices=[("", _("请选择")), *units],
        help_text=hint or _("只列出服务这个地点、有人签收的单位，就近的在前。"),
        error_messages={
            "required": missing,
            "invalid_choice": _("这里没有这个单位，请从列表里选。"),
        },
    )


def item(_verb: Verb, offered: Offered) -> forms.Field:
    empty = _("请选择") if offered.items else _("权责清单里没有这个地点的条目")
    return forms.TypedChoiceField(
        label=_("权责清单条目"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", empty), *offered.items],
        help_text=_("“不属于本单位职责”和“职能交叉”要指出依据清单的哪一条。"),
        error_messages={"invalid_choice": _("清单里没有这一条，请重新选择。")},
    )


def cell(verb: Verb, offered: Offered) -> forms.Field:
    required = verb is Verb.TOUCH
    hint = (
        _("选附近的网格，或写网格代码。那个网格的网格员和党支部会收到通知，能看到这件事。")
        if required
        else _("“属地不符”要写明实际在哪个网格：选附近的网格，或写网格代码。")
    )
    return forms.CharField(
        label=_("涉及的网格") if required else _("实际在哪个网格"),
        required=required,
        max_length=17,
        help_text=hint,
        widget=Suggested(offered.cells, {"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"required": _("请选择涉及的网格。")},
    )


def hours(_verb: Verb, offered: Offered) -> forms.Field:
    return forms.IntegerField(
        label=_("要延长几个工作小时"),
        min_value=1,
        help_text=_("最多 %(most)d 个工作小时（不超过原时限）；8 个工作小时是一个工作日。")
        % {"most": offered.hours}
        if offered.hours
        else "",
        widget=forms.NumberInput(attrs={"class": "input--short", "inputmode": "numeric"}),
        error_messages={
            "required": _("请写明要延长几个工作小时。"),
            "invalid": _("请写整数，例如 8。"),
        },
    )


def until(verb: Verb, _offered: Offered) -> forms.Field:
    asked = verb is Verb.ASK_SUSPENSION
    return forms.DateField(
        label=_("挂账到哪一天") if asked else _("计划哪一天办好"),
        required=asked,
        help_text=_("一年以内。到期自动恢复办理，上报人能看到这个日期。")
        if asked
        else _("“已列入计划”要写明计划完成日期。"),
        widget=forms.DateInput(attrs={"type": "date", "class": "input--short"}),
        error_messages={"required": _("请选择日期。"), "invalid": _("请写成 2026-05-01 这样。")},
    )


def basis(_verb: Verb, _offered: Offered) -> forms.Field:
    return forms.CharField(
        label=_("依据"),
        required=False,
        max_length=MAX_BASIS,
        help_text=_("“无依据办理”要写明查过哪些法规、清单或规定。"),
    )


def into(_verb: Verb, offered: Offered) -> forms.Field:
    return forms.CharField(
        label=_("并入哪个问题"),
        max_length=24,
        help_text=_("写那个问题的编号；附近同类的在办问题会列出来。两件的上报人都会收到结果。"),
        widget=Suggested(offered.alike, {"autocomplete": "off"}),
        error_messages={"required": _("请写明并入哪个问题的编号。")},
    )


def part(verb: Verb, offered: Offered) -> forms.Field:
    return forms.TypedChoiceField(
        label=_("哪一项协办"),
        required=verb is Verb.DROP_PART,
        coerce=int,
        empty_value=None,
        choices=offered.parts,
        widget=forms.RadioSelect,
        error_messages={
            "required": _("请选择哪一项协办。"),
            "invalid_choice": _("没有这一项协办，请重新选择。"),
        },
    )


def valid(_verb: Verb, _offered: Offered) -> forms.Field:
    return forms.ChoiceField(
        label=_("回访是否有效"),
        choices=[("yes", _("有效：找到本人并问清楚")), ("no", _("无效：打不通、拒访或不是本人"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("请说明回访是否有效。")},
    )


def contacted(_verb: Verb, _offered: Offered) -> forms.Field:
    return _answer(_("承办单位是否联系过"))


def solved(_verb: Verb, _offered: Offered) -> forms.Field:
    return _answer(_("问题是否解决"))


def _answer(label: Any) -> forms.Field:
    return forms.ChoiceField(label=label, required=False, choices=YES_NO, widget=forms.RadioSelect)


def satisfaction(_verb: Verb, _offered: Offered) -> forms.Field:
    return forms.ChoiceField(
        label=_("是否满意"),
        required=False,
        choices=CallBack.Satisfaction.choices,
        widget=forms.RadioSelect,
    )


NOTES: dict[Verb, tuple[Any, Any]] = {
    Verb.HANDLE: (_("办理说明"), _("写清做了什么、还差什么。")),
    Verb.SETTLE: (_("办理说明"), _("写清当场做了什么。即办即结会抽查。")),
    Verb.NOTE: (_("备注"), _("只有办理和监督这件事的岗位能看到。")),
    Verb.VERIFY: (_("核实说明"), _("不属实时要写明看到了什么。")),
    Verb.CHECK: (_("核查说明"), _("不通过时要写明哪里还没做好。")),
    Verb.SPOT_CHECK: (_("抽查说明"), _("不通过时要写明哪里还没做好。")),
    Verb.CHASE: (_("催办说明"), _("可以不写。承办单位会收到通知。")),
    Verb.ANSWER: (_("答复"), _("写清现在做到哪一步、什么时候办好、需要什么支持。")),
    Verb.INSTRUCT: (_("批示内容"), _("承办单位、值守台和党支部都会收到。")),
    Verb.CONFER: (_("会商记录"), _("写清哪些单位参加、为什么定给这个单位。")),
    Verb.FEED_BACK: (_("反馈内容"), _("写给热线的答复：做了什么、结果怎样。")),
    Verb.ADD_PART: (_("请它做什么"), _("写清这一项做什么、什么时候要。协办没完成，事项不能办结。")),
    Verb.COMPLETE_PART: (_("完成情况"), _("写清做了什么。")),
    Verb.ACT_FIRST: (_("处置说明"), _("写清做了什么。次日中午前要由另一个人补签。")),
}


def note(verb: Verb, *, required: bool) -> forms.Field:
    """The free text of a verb, under the name that it has there."""
    label, hint = NOTES.get(verb, (_("补充说明"), ""))
    return long_text(label, hint=hint, required=required, missing=_("请写几句说明。"))


def long_text(
    label: Any,
    *,
    missing: Any,
    hint: Any = "",
    required: bool = True,
    longest: int = MAX_NOTE,
    rows: int = 3,
) -> forms.Field:
    return forms.CharField(
        label=label,
        help_text=hint,
        required=required,
        max_length=longest,
        widget=forms.Textarea(attrs={"rows": rows}),
        error_messages={"required": missing},
    )


def part_fields(offered: Offered) -> dict[str, forms.Field]:
    """The problems that a report is split into, as plain repeated fields."""
    fields: dict[str, forms.Field] = {}
    for number in range(1, MOST_PARTS + 1):
        required = number <= LEAST_PARTS
        fields[f"part_{number}_category"] = forms.ChoiceField(
            label=_("什么事"),
            required=required,
            choices=[("", _("请选择")), *offered.leaves],
            error_messages={"required": _("请选择事项类别。")},
        )
        fields[f"part_{number}_description"] = long_text(
            _("情况说明"),
            required=required,
            longest=MAX_DESCRIPTION,
            rows=2,
            missing=_("请写一句话说明情况。"),
        )
    return fields


def parts_given(said: dict[str, Any]) -> dict[int, dict[str, str]]:
    """What was typed of each problem, by its number in the form; the empty ones left out."""
    parts: dict[int, dict[str, str]] = {}
    for number in range(1, MOST_PARTS + 1):
        leaf, _slash, condition = str(said.get(f"part_{number}_category") or "").partition("/")
        text = said.get(f"part_{number}_description") or ""
        if leaf or text:
            parts[number] = {"category": leaf, "condition": condition, "description": text}
    return parts


# In the order in which a form asks.
MAKERS: dict[str, Maker] = {
    Need.PASSED: passed,
    Need.WAY: way,
    Need.VALID: valid,
    "contacted": contacted,
    "solved": solved,
    "satisfaction": satisfaction,
    Need.HOURS: hours,
    Need.OUTCOME: outcome,
    Need.UNTIL: until,
    "basis": basis,
    Need.INTO: into,
    Need.PART: part,
    Need.UNIT: unit,
    Need.REASON: reason,
    "item": item,
    Need.CELL: cell,
    Need.PROPOSED: proposed,
}
# What a verb can be given beside its needs.
BESIDE: dict[Verb, Sequence[str]] = {
    Verb.RETURN: ("item", Need.CELL),
    Verb.HANDLE: (Need.UNTIL, "basis"),
    Verb.RECLASSIFY: (Need.UNTIL, "basis"),
    Verb.ACT_FIRST: (Need.UNTIL, "basis"),
    Verb.COMPLETE_PART: (Need.PART,),
    Verb.CALL_BACK: ("contacted", "solved", "satisfaction"),
    Verb.SURVEY: ("contacted", "solved", "satisfaction"),
}
# What a field lets a person choose from.
READS: dict[str, str] = {
    Need.UNIT: "units",
    Need.PROPOSED: "proposed",
    Need.CELL: "cells",
    Need.INTO: "alike",
    Need.PART: "parts",
    Need.PARTS: "leaves",
    "item": "items",
}
