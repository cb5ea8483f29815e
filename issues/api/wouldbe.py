"""What would happen, for programs: the same facts as on the page of the rules."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from grid.datum import to_wgs84
from issues.api import shapes
from issues.api.views import ALWAYS, BAD_REQUEST, PROBLEM, Door
from issues.models import Clock, Issue
from issues.presenter.wouldbe import FARTHEST, Imagined, would_be, would_be_facts
from issues.rules import may_read_rules
from issues.workflow import State, Verb
from matters.queries import UnknownMatter, matter

SOURCES = [source for source in Issue.Source.values if source != Issue.Source.IMPORT]


class WouldBeIn(shapes.AnswerIn):
    at = serializers.DateTimeField(
        required=False, help_text="When it is reported; now unless given, within two years."
    )
    source = serializers.ChoiceField(  # type: ignore[assignment]
        choices=SOURCES, default=Issue.Source.WORKER, help_text="Who reports."
    )

    def validate_at(self, at: datetime) -> datetime:
        """Farther off nobody knows the holidays."""
        if abs(at - timezone.now()) > FARTHEST:
            raise serializers.ValidationError(_("请选前后两年以内的时间。"))
        return at


class PeopleOut(shapes.Shape):
    """How many people are told by one post; never who in person."""

    role = serializers.CharField(allow_blank=True)
    name = serializers.CharField()
    count = serializers.IntegerField()
    text = serializers.CharField()


class ToldOut(shapes.Shape):
    verb = serializers.ChoiceField(choices=[str(verb) for verb in Verb])
    verb_name = serializers.CharField()
    people = PeopleOut(many=True)


class LimitOut(shapes.Shape):
    kind = serializers.ChoiceField(choices=Clock.Kind.values)
    name = serializers.CharField()
    limit = serializers.CharField()
    started_at = serializers.DateTimeField()
    yellow_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    provisional = serializers.BooleanField(help_text="Holidays of that year are not known yet.")
    calendar = serializers.CharField()
    reason = serializers.CharField()


class HandleOut(LimitOut):
    runs = serializers.BooleanField(
        help_text="False: it would start later; the times are as if it started at once."
    )


class ComingOut(shapes.Shape):
    """A rung of a ladder, as it would be recorded if nobody acted."""

    at = serializers.DateTimeField()
    clock = serializers.ChoiceField(choices=Clock.Kind.values)
    clock_name = serializers.CharField()
    level = serializers.IntegerField()
    verb = serializers.ChoiceField(choices=[str(verb) for verb in Verb])
    verb_name = serializers.CharField()
    skipped = serializers.BooleanField()
    people = PeopleOut(many=True)
    reason = serializers.CharField()


class ReasonsOut(shapes.Shape):
    place = serializers.ListField(child=serializers.CharField())
    unit = serializers.ListField(child=serializers.CharField())


class WouldBeOut(shapes.LocatedOut):
    at = serializers.DateTimeField()
    source = serializers.ChoiceField(choices=SOURCES)  # type: ignore[assignment]
    source_name = serializers.CharField()
    category = shapes.Named()
    condition = shapes.Named()
    critical = serializers.BooleanField()
    state = serializers.ChoiceField(choices=[str(state) for state in State])
    state_name = serializers.CharField()
    level = serializers.CharField(allow_blank=True)
    level_name = serializers.CharField(allow_blank=True)
    unit = shapes.Unit(allow_null=True)
    later = shapes.Unit(
        allow_null=True, help_text="Where the responsibility list sends it once it is accepted."
    )
    doer = shapes.Unit(allow_null=True)
    on_behalf = serializers.BooleanField()
    helpers = shapes.Named(many=True)
    basis = serializers.CharField(allow_blank=True)
    reasons = ReasonsOut()
    clocks = LimitOut(many=True, help_text="What runs at once, the main clock first.")
    handle = HandleOut()
    told = ToldOut(many=True)
    called = serializers.BooleanField(help_text="The duty is called at once.")
    ladder = ComingOut(many=True)


class WouldBeView(Door):
    @extend_schema(
        operation_id="would_be",
        parameters=[WouldBeIn],
        responses={
            200: WouldBeOut,
            (400, PROBLEM): BAD_REQUEST,
            **ALWAYS,
        },
    )
    def get(self, request: Request) -> Response:
        """What would come of a report: cell, owner, unit, clocks, every rung. Nothing is filed.

        For those who keep or oversee the rules.
        """
        if not may_read_rules(self.scope):
            raise PermissionDenied
        found = would_be(_imagined(self.checked(WouldBeIn, request.query_params)))
        if found is None:
            raise ValidationError({"lat": _("还没有划分任何网格，请联系管理员导入网格。")})
        return Response(would_be_facts(found))


def _imagined(given: dict[str, Any]) -> Imagined:
    lat, lng = to_wgs84(given["lat"], given["lng"], given["datum"])
    try:
        what = matter(category=given["category"], condition=given.get("condition", ""))
    except UnknownMatter as unknown:
        raise ValidationError({unknown.field: _("没有这一项，请重新选择。")}) from unknown
    at = given.get("at") or timezone.now()
    return Imagined(what=what, lat=lat, lng=lng, at=at, source=given["source"])
