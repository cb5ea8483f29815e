"""The rungs of a ladder, one form each: level, act, time, whom it tells."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.renderers import get_default_renderer
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from issues import rungs
from issues.models import Ladder, Rung
from issues.presenter.ladders import person_names

HOUR, DAY = 60, rungs.DAY
MOST_RUNGS = 8
HIGHEST = 9
MOST_SHARE = 1000  # percent
MOST_DAYS = 60
# Where the service names a field that the page shows under another name.
SHOWN_AS = {"minutes": "days"}


class RungForm(forms.Form):
    """One rung; an amount of working time is typed in days of 8 hours and hours."""

    level = forms.IntegerField(label=_("级"), min_value=0, max_value=HIGHEST)
    act = forms.ChoiceField(label=_("做什么"))
    base = forms.ChoiceField(label=_("从何时算"), choices=Rung.Base.choices, initial=Rung.Base.DUE)
    share = forms.IntegerField(
        label=_("超过时限的百分比"), required=False, min_value=0, max_value=MOST_SHARE
    )
    days = forms.IntegerField(
        label=_("至少几个工作日"), required=False, min_value=0, max_value=MOST_DAYS
    )
    hours = forms.DecimalField(
        label=_("再加几个工作小时"),
        required=False,
        min_value=0,
        max_value=Decimal("7.99"),
        decimal_places=2,
        widget=forms.NumberInput(attrs={"step": "0.25"}),
    )
    # Whether anybody has to be named depends on the act: the service says so.
    tells = forms.MultipleChoiceField(
        label=_("通知谁"), required=False, widget=forms.CheckboxSelectMultiple
    )
    copies = forms.MultipleChoiceField(
        label=_("抄送谁"), required=False, widget=forms.CheckboxSelectMultiple
    )
    digest = forms.BooleanField(
        label=_("不紧急的每天汇总两次"),
        required=False,
        help_text=_("紧急的总是立刻通知。"),
    )

    def __init__(self, *args: Any, use: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        acts = [(act, Rung.Act(act).label) for act in rungs.ACTS[use]]
        self.fields["act"].choices = [("", _("请选择")), *acts]  # type: ignore[attr-defined]
        turns = [str(Rung.Act(act).label) for act in rungs.ACTS[use] if act in rungs.TURNS]
        if len(turns) == len(rungs.ACTS[use]):
            # The rule book says whom each of these acts tells.
            for name in ("tells", "copies", "digest"):
                del self.fields[name]
            return
        names = person_names()
        for name in ("tells", "copies"):
            people = [(key, names[key]) for key in rungs.TELLS[use]]
            self.fields[name].choices = people  # type: ignore[attr-defined]
        if turns:
            said = _("“%(act)s”自己会通知有关的人，不用选。") % {"act": str(_("、")).join(turns)}
            self.fields["tells"].help_text = said

    @property
    def shown(self) -> list[forms.BoundField]:
        """The fields in the order of the page; what removes the rung has a place of its own."""
        return [field for field in self if field.name != "DELETE"]

    @property
    def act_name(self) -> str:
        """What the rung does, as chosen by now."""
        chosen = self["act"].value()
        return str(Rung.Act(chosen).label) if chosen in Rung.Act.values else ""

    def rung(self) -> dict[str, Any]:
        """The rung by the names of its columns; call it on a valid form."""
        said = self.cleaned_data
        kept = {name: said[name] for name in ("level", "act", "base")}
        kept |= {name: said.get(name, []) for name in ("tells", "copies")}
        kept["digest"] = said.get("digest", False)
        worked = (said["days"] or 0) * DAY + round((said["hours"] or 0) * HOUR)
        return kept | {"share": said["share"] or 0, "minutes": worked}


if TYPE_CHECKING:
    Rungs = forms.BaseFormSet[RungForm]
else:
    Rungs = forms.BaseFormSet


class LadderForm(Rungs):
    """All rungs of one use, with an empty one below."""

    form = RungForm
    extra = 1
    min_num = 0
    max_num = absolute_max = MOST_RUNGS
    can_order = False
    can_delete = True
    can_delete_extra = False
    validate_min = False
    validate_max = True

    def __init__(
        self, data: QueryDict | None = None, *, use: str, initial: list[dict[str, Any]]
    ) -> None:
        self.renderer = get_default_renderer()
        super().__init__(data, initial=initial, prefix="rungs", form_kwargs={"use": use})
        self.refusals: list[str] = []

    @property
    def kept(self) -> list[RungForm]:
        """The rungs that are to be: neither removed nor left empty."""
        there = [
            form
            for number, form in enumerate(self.forms)
            if number < self.initial_form_count() or form.has_changed()
        ]
        return [form for form in there if not form.cleaned_data.get("DELETE")]

    def rungs(self) -> list[dict[str, Any]]:
        """What the service is given; call it on valid forms."""
        return [form.rung() for form in self.kept]

    def refuse(self, refused: ValidationError) -> None:
        """Put the service's refusal beside the rungs it speaks of."""
        if not hasattr(refused, "error_dict"):
            self.refusals += refused.messages
            return
        there = self.kept
        for place, sentences in refused.message_dict.items():
            number, name = place.split(".")
            there[int(number)].add_error(SHOWN_AS.get(name, name), list(sentences))


def rungs_typed(ladder: Ladder) -> list[dict[str, Any]]:
    """The rungs of a version as they stand in the form."""
    return [_typed(rung) for rung in ladder.rungs.all()]


def _typed(rung: Rung) -> dict[str, Any]:
    days, rest = divmod(rung.minutes, DAY)
    kept = {name: getattr(rung, name) for name in rungs.FIELDS if name != "minutes"}
    hours = (Decimal(rest) / HOUR).quantize(Decimal("0.01")).normalize()
    return kept | {"days": days or None, "hours": f"{hours:f}" if rest else None}
