"""What a verb is given, what is said of each, and what left the straight road."""

from rest_framework import serializers

from issues.api.base import VERBS, Named, Shape, Strict
from issues.models import CallBack
from issues.services.words import MAX_BASIS, MAX_DESCRIPTION, MAX_NOTE
from issues.workflow import Outcome, Way


class PartIn(Strict):
    """One of the problems that a report is split into."""

    category = serializers.CharField(max_length=12)
    condition = serializers.CharField(max_length=24, required=False, allow_blank=True)
    description = serializers.CharField(max_length=MAX_DESCRIPTION)


def _answer(text: str) -> serializers.BooleanField:
    return serializers.BooleanField(required=False, allow_null=True, default=None, help_text=text)


class VerbIn(Strict):
    """What comes with a verb; which of it is needed stands in the issue's `verbs`."""

    note = serializers.CharField(max_length=MAX_NOTE, required=False, allow_blank=True)
    reason = serializers.CharField(max_length=MAX_NOTE, required=False, allow_blank=True)
    unit = serializers.CharField(
        max_length=40, required=False, allow_blank=True, help_text="Code of the unit that does it."
    )
    proposed = serializers.CharField(
        max_length=40,
        required=False,
        allow_blank=True,
        help_text="Code of the unit that should do what is returned.",
    )
    item = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        help_text="Id of the item of the responsibility list that a return rests on.",
    )
    cell = serializers.CharField(
        max_length=17,
        required=False,
        allow_blank=True,
        help_text="Code of the right cell, or of the other cell that the matter touches.",
    )
    outcome = serializers.ChoiceField(choices=[str(o) for o in Outcome], required=False)
    basis = serializers.CharField(
        max_length=MAX_BASIS,
        required=False,
        allow_blank=True,
        help_text="What was looked up, for the outcome `no_basis`.",
    )
    passed = _answer("Whether what was looked at holds.")
    way = serializers.ChoiceField(
        choices=[str(way) for way in Way], required=False, allow_blank=True
    )
    category = serializers.CharField(max_length=12, required=False, allow_blank=True)
    condition = serializers.CharField(max_length=24, required=False, allow_blank=True)
    hours = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, help_text="Working hours more."
    )
    until = serializers.DateField(
        required=False,
        allow_null=True,
        help_text="The last day of a suspension, or when a plan will be done.",
    )
    into = serializers.CharField(
        max_length=24,
        required=False,
        allow_blank=True,
        help_text="Number of the issue that this one is merged into.",
    )
    parts = PartIn(many=True, required=False)
    part = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, help_text="Id of a helper's part."
    )
    valid = _answer("Whether the call-back counts: the reporter was reached and asked.")
    contacted = _answer("Whether the unit had been in touch.")
    solved = _answer("Whether the matter is solved.")
    satisfaction = serializers.ChoiceField(
        choices=CallBack.Satisfaction.values, required=False, allow_blank=True
    )
    attachments = serializers.ListField(child=serializers.UUIDField(), max_length=9, required=False)
    version = serializers.IntegerField(min_value=1, required=False)


class Choice(Named):
    pass


class VerbOut(Shape):
    verb = serializers.ChoiceField(choices=VERBS)
    name = serializers.CharField()
    needs = serializers.ListField(child=serializers.CharField())
    reasons = Choice(many=True)
    outcomes = Choice(many=True)
    ways = Choice(many=True)
    satisfactions = Choice(many=True)


class ShutOut(Shape):
    """A verb that is the caller's but cannot be used now, and why."""

    verb = serializers.ChoiceField(choices=VERBS)
    name = serializers.CharField()
    why = serializers.CharField()


class AskedOut(Shape):
    """What a unit asked for and a deputy decides; never who in person."""

    kind = serializers.CharField(help_text="extension, suspension or appeal")
    kind_name = serializers.CharField()
    unit = Named()
    minutes = serializers.IntegerField(
        allow_null=True, help_text="Working minutes more that an extension asks for."
    )
    until = serializers.DateTimeField(allow_null=True, help_text="When a suspension would end.")
    deputy = serializers.CharField()
    deputy_name = serializers.CharField(help_text="Whose turn it is, by office.")
    asked_at = serializers.DateTimeField()
    words = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)


class HelpOut(Shape):
    """What a helper was asked to do."""

    id = serializers.IntegerField()
    unit = Named()
    part = serializers.CharField()
    done_at = serializers.DateTimeField(allow_null=True)


class LinkOut(Shape):
    """Another report that belongs to this one."""

    number = serializers.CharField()
    visible = serializers.BooleanField(help_text="Whether the caller may open it.")
    state = serializers.CharField(allow_blank=True)
    state_name = serializers.CharField(allow_blank=True)
    outcome_name = serializers.CharField(allow_blank=True)


class LinksOut(Shape):
    merged_into = LinkOut(allow_null=True)
    merged = LinkOut(many=True)
    split_from = LinkOut(allow_null=True)
    split = LinkOut(many=True)
    joined = serializers.IntegerField(help_text="How many joined the report; 99 at most.")


class CallBackOut(Shape):
    """A call-back that waits, for those who make it; `url` is the reporter's own link."""

    url = serializers.CharField(allow_blank=True)
    because = serializers.CharField()
    expires = serializers.DateTimeField()
