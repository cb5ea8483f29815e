"""What goes in and out of the API of whistles."""

from rest_framework import serializers

from issues.api.shapes import Named, Shape, Strict
from issues.services.words import MAX_PLACE
from whistles.models import LEAST, MOST, Call, Rating, Whistle
from whistles.services.doing import MAX_BASIS, MAX_REASON, MAX_ROLES
from whistles.workflow import Act, Standing

# Named in the schema (settings: ENUM_NAME_OVERRIDES).
STATES = [str(one) for one in Standing]
VERBS = [str(act) for act in Act]
KINDS = Whistle.Kind.values


def _mark() -> serializers.IntegerField:
    return serializers.IntegerField(min_value=LEAST, max_value=MOST, required=False)


class BlowIn(Strict):
    """A whistle over an issue. `at_once`: an emergency that is approved afterwards."""

    issue = serializers.CharField(max_length=24, help_text="Number of the issue.")
    at_once = serializers.BooleanField(default=False)
    kind = serializers.ChoiceField(choices=KINDS)
    reason = serializers.CharField(max_length=MAX_REASON)
    place = serializers.CharField(max_length=MAX_PLACE)
    meet_at = serializers.DateTimeField(required=False)
    units = serializers.ListField(
        child=serializers.CharField(max_length=40), min_length=1, help_text="Codes of units."
    )
    lead = serializers.CharField(max_length=40, required=False, allow_blank=True)


class ActIn(Strict):
    """What comes with an act; which of it is needed stands in the whistle's `verbs`."""

    reason = serializers.CharField(max_length=MAX_REASON, required=False, allow_blank=True)
    unit = serializers.CharField(max_length=40, required=False, allow_blank=True)
    answer = serializers.ChoiceField(choices=Call.Answer.values, required=False)
    item = serializers.IntegerField(required=False, help_text="Id of a responsibility item.")
    roles = serializers.CharField(max_length=MAX_ROLES, required=False, allow_blank=True)
    must_come = serializers.BooleanField(required=False, allow_null=True, default=None)
    speed = _mark()
    work = _mark()
    result = _mark()
    right = _mark()
    clear = _mark()
    area = serializers.CharField(max_length=12, required=False, allow_blank=True)
    basis = serializers.CharField(max_length=MAX_BASIS, required=False, allow_blank=True)


class WhistlesIn(Shape):
    running = serializers.BooleanField(
        required=False, default=True, help_text="False: those that ended."
    )


class WhistleRow(Shape):
    """A whistle in a list."""

    number = serializers.CharField()
    issue = serializers.CharField()
    category = serializers.CharField(allow_blank=True)
    kind = serializers.ChoiceField(choices=KINDS)
    kind_name = serializers.CharField()
    state = serializers.ChoiceField(choices=STATES)
    state_name = serializers.CharField()
    unapproved = serializers.BooleanField(
        help_text="An emergency that was blown and waits for its approval."
    )
    meet_at = serializers.DateTimeField()
    proposed_at = serializers.DateTimeField()
    blown_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    units = Named(many=True)


class CallOut(Shape):
    """One called unit."""

    unit = Named()
    lead = serializers.BooleanField()
    status = serializers.CharField()
    answer = serializers.CharField(allow_blank=True)
    answered_at = serializers.DateTimeField(allow_null=True)
    item = serializers.CharField(allow_blank=True)
    judged = serializers.CharField(allow_blank=True)
    judged_at = serializers.DateTimeField(allow_null=True)
    arrived_at = serializers.DateTimeField(allow_null=True)
    arrived_roles = serializers.CharField(allow_blank=True)
    waived_at = serializers.DateTimeField(allow_null=True)
    waived_reason = serializers.CharField(allow_blank=True)
    due_at = serializers.DateTimeField(allow_null=True)
    due_words = serializers.CharField(allow_blank=True)
    light = serializers.CharField(allow_blank=True)


class MarkOut(Shape):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    mark = serializers.IntegerField()


class RatingOut(Shape):
    """How one side found the other; of organizations."""

    of = serializers.ChoiceField(choices=Rating.Of.values)
    unit = Named()
    title = serializers.CharField()
    marks = MarkOut(many=True)


class ActOut(Shape):
    verb = serializers.ChoiceField(choices=VERBS)
    name = serializers.CharField()
    needs = serializers.ListField(child=serializers.CharField())
    why = serializers.CharField(allow_blank=True, help_text="Why it cannot be done now.")


class WhistleOut(WhistleRow):
    """A whistle with the acts that the caller may use now."""

    reason = serializers.CharField()
    place = serializers.CharField()
    issue_open = serializers.BooleanField()
    issue_visible = serializers.BooleanField()
    proposed_post = serializers.CharField()
    approved_at = serializers.DateTimeField(allow_null=True)
    approve_by = serializers.DateTimeField(allow_null=True)
    calls = CallOut(many=True)
    ratings = RatingOut(many=True)
    became = serializers.CharField(allow_blank=True)
    verbs = ActOut(many=True)
    shut = ActOut(many=True)
