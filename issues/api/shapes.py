"""What goes in and out of the API: checked on the way in, described on the way out."""

from django.utils.translation import gettext as _
from rest_framework import serializers

from grid.datum import DATUMS
from issues.api.base import STATES, Named, Shape, Strict
from issues.api.verbs import (
    AskedOut,
    CallBackOut,
    HelpOut,
    LinksOut,
    ShutOut,
    VerbIn,
    VerbOut,
)
from issues.models import Issue
from issues.services.sources import MAX_EXTERNAL
from issues.services.words import MAX_DESCRIPTION, MAX_NOTE, MAX_PLACE
from issues.workflow import State
from partyorgs.models import Level
from residents.models import Contact

__all__ = ["Named", "Shape", "Strict", "VerbIn", "VerbOut"]

LIGHTS = ["green", "yellow", "red", "none"]


class ContactIn(Strict):
    name = serializers.CharField(max_length=40, required=False, allow_blank=True)
    phone = serializers.CharField(max_length=30)
    agreed = serializers.ListField(
        child=serializers.ChoiceField(choices=Contact.Agreed.choices), min_length=1
    )


class ReportIn(Strict):
    """A report. `category` may be left out when unsure: the desk then decides."""

    category = serializers.CharField(max_length=12, required=False, allow_blank=True)
    condition = serializers.CharField(max_length=24, required=False, allow_blank=True)
    description = serializers.CharField(max_length=MAX_DESCRIPTION)
    lat = serializers.FloatField(min_value=-90, max_value=90)
    lng = serializers.FloatField(min_value=-180, max_value=180)
    datum = serializers.ChoiceField(choices=DATUMS, default="wgs84")
    place = serializers.CharField(max_length=MAX_PLACE, required=False, allow_blank=True)
    attachments = serializers.ListField(child=serializers.UUIDField(), max_length=9, required=False)
    contact = ContactIn(required=False)
    source = serializers.ChoiceField(
        choices=Issue.Source.choices,
        required=False,
        help_text="Left out: the caller's own. A desk takes down public, hotline, inspection.",
    )  # type: ignore[assignment]
    external_number = serializers.CharField(
        max_length=MAX_EXTERNAL,
        required=False,
        allow_blank=True,
        help_text="The number of a hotline ticket; it comes once to a district.",
    )
    settled = serializers.CharField(
        max_length=MAX_NOTE,
        required=False,
        allow_blank=True,
        help_text="What was done on the spot: a worker's trivial matter ends at once.",
    )


class RevealIn(Strict):
    reason = serializers.CharField(max_length=200)


class PointIn(Shape):
    lat = serializers.FloatField(min_value=-90, max_value=90)
    lng = serializers.FloatField(min_value=-180, max_value=180)
    datum = serializers.ChoiceField(choices=DATUMS, default="wgs84")


class AnswerIn(PointIn):
    category = serializers.CharField(max_length=12)
    condition = serializers.CharField(max_length=24, required=False)


class FiltersIn(Shape):
    state = serializers.CharField(
        required=False, help_text="States, comma apart, or `all`. Default: open issues."
    )
    street = serializers.CharField(required=False, help_text="Code of a street.")
    community = serializers.CharField(required=False, help_text="Code of a community.")
    cell = serializers.CharField(required=False, help_text="Code of a cell.")
    unit = serializers.CharField(required=False, help_text="Code of the lead unit.")
    owner = serializers.CharField(required=False, help_text="Code of the owning branch.")
    category = serializers.CharField(required=False, help_text="Code of a leaf or big class.")
    overdue = serializers.BooleanField(required=False, default=False)
    mine = serializers.BooleanField(required=False, default=False)
    q = serializers.CharField(required=False, max_length=60)
    sort = serializers.ChoiceField(choices=["due", "new"], required=False)
    limit = serializers.IntegerField(required=False, min_value=1, max_value=100, default=25)
    cursor = serializers.CharField(required=False, max_length=400)

    def validate_state(self, state: str) -> str:
        """States of the rule book, or `all`: a typo must not read as "open"."""
        if state != "all" and (unknown := set(state.split(",")) - set(State)):
            named = "、".join(sorted(unknown))
            raise serializers.ValidationError(_("没有这种状态：%(named)s。") % {"named": named})
        return state


class Near(Named):
    metres = serializers.IntegerField()


class Unit(Named):
    phone = serializers.CharField(allow_blank=True)


class ContactOut(Shape):
    phone = serializers.CharField(help_text="Masked, such as 138****5678.")
    agreed = serializers.ListField(child=serializers.CharField())
    erased = serializers.BooleanField()


class PhotoOut(Shape):
    id = serializers.UUIDField()
    verb = serializers.CharField(allow_blank=True)
    verb_name = serializers.CharField(allow_blank=True)
    width = serializers.IntegerField()
    height = serializers.IntegerField()


class IssueRow(Shape):
    """An issue in a list: what a queue shows. Verbs and reasons come with the issue itself."""

    number = serializers.CharField()
    state = serializers.ChoiceField(choices=STATES)
    state_name = serializers.CharField()
    category = Named(allow_null=True)
    description = serializers.CharField()
    lat = serializers.FloatField(help_text="WGS-84")
    lng = serializers.FloatField(help_text="WGS-84")
    place = serializers.CharField(allow_blank=True)
    critical = serializers.BooleanField()
    cell = Named(allow_null=True)
    community = Named(allow_null=True)
    street = Named(allow_null=True)
    owner = Named(allow_null=True)
    unit = Named(allow_null=True)
    created_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(allow_null=True)
    due_words = serializers.CharField(allow_blank=True)
    light = serializers.ChoiceField(choices=LIGHTS)
    light_name = serializers.CharField(allow_blank=True)
    escalated = serializers.IntegerField(
        help_text="The highest rung of the ladder that the running limit has reached."
    )
    raised_to = serializers.ChoiceField(
        choices=Level.values,
        allow_blank=True,
        help_text="To which level a third return or rework raised it.",
    )
    answer_due_at = serializers.DateTimeField(
        allow_null=True, help_text="A supervision order waits for its answer until then."
    )
    called = serializers.BooleanField(
        help_text="The duty was called off hours and nobody has acknowledged it yet."
    )
    asked = serializers.CharField(
        allow_blank=True, help_text="What waits for a deputy: extension, suspension or appeal."
    )
    suspended_until = serializers.DateTimeField(
        allow_null=True, help_text="The instant at which a suspended issue wakes."
    )
    countersign_by = serializers.DateTimeField(
        allow_null=True, help_text="Until when another person signs what was done at night."
    )
    open_parts = serializers.IntegerField(help_text="Helpers' parts that are not done yet.")
    version = serializers.IntegerField()


class IssueOut(IssueRow):
    """An issue with the verbs that the caller may use now."""

    source = serializers.CharField()  # type: ignore[assignment]
    source_name = serializers.CharField()
    level = serializers.CharField(allow_blank=True)
    level_name = serializers.CharField(allow_blank=True)
    condition = Named(allow_null=True)
    limit = serializers.CharField(allow_blank=True)
    district = Named(allow_null=True)
    unit_phone = serializers.CharField(allow_blank=True)
    doer = Named(allow_null=True)
    on_behalf = serializers.BooleanField(help_text="代录: the unit records for a doer.")
    outcome = serializers.CharField(allow_blank=True)
    outcome_name = serializers.CharField(allow_blank=True)
    planned_for = serializers.DateField(allow_null=True)
    checked = serializers.BooleanField()
    must_visit = serializers.BooleanField(help_text="Only a check on the spot will do.")
    sampled = serializers.BooleanField(help_text="Drawn to be checked again.")
    judged = serializers.BooleanField(help_text="Judged finally: no more returns.")
    was_late = serializers.BooleanField(help_text="The handling limit was over: a fact for good.")
    exempt = serializers.BooleanField(help_text="An appeal was granted: out of the statistics.")
    extensions = serializers.IntegerField()
    request = AskedOut(allow_null=True)
    parts = HelpOut(many=True)
    also_cell = Named(allow_null=True)
    external_number = serializers.CharField(allow_blank=True)
    returns = serializers.IntegerField()
    reworks = serializers.IntegerField()
    handled_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    provisional = serializers.BooleanField()
    clock = serializers.CharField(allow_blank=True)
    verbs = VerbOut(many=True)
    shut = ShutOut(many=True)
    dispatch_reasons = serializers.ListField(child=serializers.CharField())
    attachments = PhotoOut(many=True)
    contact = ContactOut(allow_null=True)
    call_back = CallBackOut(allow_null=True)
    links = LinksOut()
    hints = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text="Only in the answer to a report: what the reporter may want to change.",
    )


class IssuePage(Shape):
    results = IssueRow(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class EventOut(Shape):
    """One line of the timeline. Looks at the contact have no `seq`."""

    seq = serializers.IntegerField(required=False)
    at = serializers.DateTimeField()
    verb = serializers.CharField()
    verb_name = serializers.CharField()
    actor = serializers.CharField(allow_blank=True)
    post = serializers.CharField(allow_blank=True)
    state_name = serializers.CharField(required=False)
    unit = Named(allow_null=True, required=False)
    on_behalf_of = serializers.CharField(allow_blank=True, required=False)
    reason = serializers.CharField(allow_blank=True, required=False)
    reasons = serializers.ListField(child=serializers.CharField())
    outcome = serializers.CharField(allow_blank=True, required=False)
    passed = serializers.BooleanField(allow_null=True, required=False)
    by_rule = serializers.BooleanField(required=False)
    text = serializers.CharField(allow_blank=True)
    public = serializers.BooleanField()


class LocatedOut(Shape):
    outside = serializers.BooleanField()
    cell = Named(allow_null=True)
    community = Named(allow_null=True)
    street = Named(allow_null=True)
    district = Named(allow_null=True)
    owner = Named(allow_null=True)
    nearest = Near(allow_null=True)


class AnswerOut(LocatedOut):
    owner_phone = serializers.CharField(allow_blank=True)
    unit = Unit(allow_null=True)
    doer = Unit(allow_null=True)
    on_behalf = serializers.BooleanField()
    helpers = Named(many=True)
    level = serializers.CharField(allow_blank=True)
    level_name = serializers.CharField(allow_blank=True)
    category = Named()
    condition = Named()
    critical = serializers.BooleanField()
    limit = serializers.CharField()
    due_at = serializers.DateTimeField()
    provisional = serializers.BooleanField()
    basis = serializers.CharField(allow_blank=True)
    reasons = serializers.ListField(child=serializers.CharField())


class ConditionOut(Named):
    critical = serializers.BooleanField()
    limit = serializers.CharField()


class CategoryOut(Named):
    class_code = serializers.CharField()
    class_name = serializers.CharField()
    kind = serializers.CharField()
    urgency = serializers.CharField(allow_blank=True)
    photo_reason = serializers.CharField(allow_blank=True)
    conditions = ConditionOut(many=True)


class PlaceOut(Shape):
    id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.CharField()
    lat = serializers.FloatField()
    lng = serializers.FloatField()
    cell = Named(allow_null=True)


class AttachmentOut(PhotoOut):
    url = serializers.URLField()


class AttachmentIn(Shape):
    file = serializers.FileField(help_text="JPEG, PNG, WebP or HEIC, 10 MB at most.")


class PlainContact(Shape):
    name = serializers.CharField(allow_blank=True)
    phone = serializers.CharField()


class ProblemOut(Shape):
    """application/problem+json"""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(required=False)
    code = serializers.CharField(required=False)
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()), required=False
    )
    verbs = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="409: the verbs allowed now."
    )
