"""上报 and 谁负责: a place and a matter, as a person gives them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from grid.models import Area, Place
from grid.queries import find_places
from issues.forms.typed import Retyped
from issues.models import Issue
from issues.services.reporting import Report
from issues.services.sources import MAX_EXTERNAL
from issues.services.words import MAX_DESCRIPTION, MAX_NOTE, MAX_PLACE
from residents.models import Contact
from residents.screening import find_phones, without_phone


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
    source = forms.ChoiceField(
        label=_("从哪里来"), required=False, choices=[("", ""), *Issue.Source.choices]
    )
    external_number = forms.CharField(
        label=_("热线工单编号"),
        required=False,
        max_length=MAX_EXTERNAL,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    settled = forms.CharField(
        label=_("怎么办好的"),
        required=False,
        max_length=MAX_NOTE,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    phone_seen = forms.CharField(required=False, widget=forms.HiddenInput)
    # The reporter looked at the similar reports, and theirs is another matter.
    different = forms.BooleanField(required=False, widget=forms.HiddenInput)

    @property
    def phone_to_point_out(self) -> str:
        """A phone number in the description that the reporter was not asked about yet."""
        if self.cleaned_data.get("phone_seen"):
            return ""
        return next(iter(find_phones(self.cleaned_data.get("description", ""))), "")

    @property
    def known(self) -> bool:
        """Whether place and matter are known: enough to look for similar reports."""
        return self.point is not None and bool(self.cleaned_data.get("category"))

    @property
    def joins(self) -> bool:
        """Whether joining would do: a ticket, and what is done already, need their own report."""
        return not (self.source_open or self.settled_open)

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
        return self._speaks("contact_name", "contact_phone", "contact_agreed")

    def offer_sources(self, choices: Sequence[tuple[str, str]]) -> None:
        """Show only the sources that this person may choose."""
        field = self.fields["source"]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices

    @property
    def source_open(self) -> bool:
        """Whether the folded source has something to show."""
        return self._speaks("source", "external_number")

    @property
    def settled_open(self) -> bool:
        """Whether the folded result has something to show."""
        return self._speaks("settled")

    def _speaks(self, *names: str) -> bool:
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
            source=given["source"],
            external_number=given["external_number"],
            settled=given["settled"],
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
