"""What a verb of the rule book needs; the fields follow from its row."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from issues.forms import fields as made
from issues.forms.fields import MOST_PARTS, OTHER
from issues.forms.typed import Retyped
from issues.presenter.choosing import Offered
from issues.services.doing import REASONS, Given
from issues.services.returning import ON_THE_LIST, WRONG_AREA
from issues.workflow import RULES, Need, Outcome, Verb

V = Verb
WITH_PHOTOS = frozenset(
    {V.HANDLE, V.CHECK, V.NOTE, V.RETURN, V.SPOT_CHECK, V.COMPLETE_PART, V.ACT_FIRST, V.SETTLE}
)
# One tap is enough: nothing to say, and nothing that cannot be told or asked later.
ONE_TAP = frozenset({V.SIGN, V.ACKNOWLEDGE, V.WITHDRAW, V.JOIN, V.RENEW_LINK})
# Verbs that file the issue under a matter, which has a chooser of its own.
WITH_MATTER = frozenset({V.VERIFY, V.ACCEPT, V.RAISE_URGENCY})
# Fields that matter for some answers only: shown with these, as the style sheet knows.
WHEN = {"item": "when-item", "basis": "when-basis", "solved": "when-valid",
        "contacted": "when-valid", "satisfaction": "when-valid"}  # fmt: skip

VALID_ASKS = _("有效回访要写明这一项。")
# A field, answers to it, and what these need beside them.
NEEDED = (
    ("reason", ON_THE_LIST, "item", _("这条理由要依据权责清单：请选清单里的一条。")),
    ("reason", {WRONG_AREA}, "cell", _("属地不符要写明正确的网格。")),
    ("outcome", {Outcome.PLANNED}, "until", _("“已列入计划”要写明计划完成日期。")),
    ("outcome", {Outcome.NO_BASIS}, "basis", _("“无依据办理”要写明依据。")),
    ("valid", {"yes"}, "contacted", VALID_ASKS),
    ("valid", {"yes"}, "solved", VALID_ASKS),
    ("valid", {"yes"}, "satisfaction", VALID_ASKS),
)


class VerbForm(Retyped):
    """What one verb of the rule book needs; the fields follow from its row."""

    version = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, verb: Verb, offered: Offered | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **{"auto_id": f"id_{verb}_%s"} | kwargs)
        self.verb = verb
        offered = offered or Offered()
        needs = RULES[verb].needs
        for name in fields_of(verb):
            self.fields[name] = made.MAKERS[name](verb, offered)
        if verb is V.COMPLETE_PART and len(offered.parts) <= 1:
            # The only one needs no question.
            del self.fields[Need.PART]
        if Need.PARTS in needs:
            self.fields |= made.part_fields(offered)
        if verb in WITH_MATTER:
            self.fields["category"] = forms.CharField(required=False, max_length=12)
            self.fields["condition"] = forms.CharField(required=False, max_length=24)
        if verb not in ONE_TAP and not self._reason_is_text:
            self.fields["note"] = made.note(verb, required=Need.NOTE in needs)

    @property
    def _reason_is_text(self) -> bool:
        return Need.REASON in RULES[self.verb].needs and self.verb not in REASONS

    def on_version(self, version: int) -> None:
        """Let the form be sent again on what its reader sees now."""
        self._retype(version=str(version))

    @property
    def shown(self) -> Iterator[tuple[forms.BoundField, str]]:
        """The fields drawn one by one, each with the class of when it matters.

        The matter and the problems of a split have parts of their own.
        """
        for field in self:
            if field.name in ("version", "category", "condition") or _of_part(field.name):
                continue
            yield field, self._when(field.name)

    def _when(self, name: str) -> str:
        if name == Need.CELL and self.verb is V.RETURN:
            return "when-cell"
        if name == Need.UNTIL and self.verb is not V.ASK_SUSPENSION:
            return "when-until"
        return WHEN.get(name, "")

    @property
    def blocks(self) -> list[list[forms.BoundField]]:
        """The problems of a split, each with its fields."""
        if Need.PARTS not in RULES[self.verb].needs:
            return []
        return [
            [self[f"part_{number}_{name}"] for name in ("category", "description")]
            for number in range(1, MOST_PARTS + 1)
        ]

    @property
    def has_photos(self) -> bool:
        return self.verb in WITH_PHOTOS

    @property
    def typed(self) -> str:
        """The free texts as typed, for somebody who must now do something else with them."""
        named = (name for name in self.fields if _is_text(self.fields[name]))
        said = (str(self.data.get(self.add_prefix(name), "")).strip() for name in named)
        return "\n".join(text for text in said if text)

    def given(self, photos: Sequence[str]) -> Given:
        """What the service is given; call it on a valid form."""
        said = self.cleaned_data
        reason, note = said.get("reason", ""), said.get("note", "")
        if reason == OTHER:
            reason, note = note, ""
        return Given(
            note=note,
            reason=reason,
            unit=self._said("unit"),
            proposed=self._said("proposed"),
            item=said.get("item"),
            cell=self._said("cell"),
            outcome=self._said("outcome"),
            basis=self._said("basis"),
            passed=_yes(said.get("passed")),
            way=self._said("way"),
            category=self._said("category"),
            condition=self._said("condition"),
            hours=said.get("hours"),
            until=said.get("until"),
            into=self._said("into"),
            parts=list(made.parts_given(said).values()),
            part=said.get("part"),
            valid=_yes(said.get("valid")),
            contacted=_yes(said.get("contacted")),
            solved=_yes(said.get("solved")),
            satisfaction=self._said("satisfaction"),
            attachments=photos,
            version=said.get("version"),
        )

    def _said(self, name: str) -> str:
        return self.cleaned_data.get(name) or ""

    @property
    def shown_as(self) -> dict[str, str]:
        """The form's own names for what a service says of one problem of a split."""
        names = {"category": "category", "condition": "category", "description": "description"}
        return {
            f"parts.{at}.{name}": f"part_{number}_{shown}"
            for at, number in enumerate(made.parts_given(getattr(self, "cleaned_data", {})))
            for name, shown in names.items()
        }

    def clean(self) -> dict[str, Any]:
        """Another reason than the listed ones stands in the note; some answers need more."""
        said = super().clean() or {}
        if said.get("reason") == OTHER and not said.get("note"):
            self.add_error("note", _("选了“其他”，请写明理由。"))
        for name, answers, needed, sentence in NEEDED:
            if said.get(name) in answers and not said.get(needed):
                self._missing(needed, sentence)
        return said

    def _missing(self, name: str, sentence: Any) -> None:
        if name not in self.errors:
            self.add_error(name, sentence)


def fields_of(verb: Verb) -> list[str]:
    """The names of the verb's own fields, in the order of the form."""
    wanted = {*RULES[verb].needs, *made.BESIDE.get(verb, ())}
    return [name for name in made.MAKERS if name in wanted]


def reads(verbs: Collection[Verb]) -> set[str]:
    """What the forms of these verbs let a person choose from: see `Offered`."""
    names = {name for verb in verbs for name in fields_of(verb)}
    names |= {need for verb in verbs for need in RULES[verb].needs if need == Need.PARTS}
    found = {made.READS[name] for name in names if name in made.READS}
    found |= {"near_units"} if V.ARRANGE in verbs else set()
    return found | ({"helpers"} if V.ADD_PART in verbs else set())


def _of_part(name: str) -> bool:
    return name.startswith("part_")


def _is_text(field: forms.Field) -> bool:
    return isinstance(field.widget, forms.Textarea) or field.widget.input_type == "text"


def _yes(said: str | None) -> bool | None:
    return said == "yes" if said else None
