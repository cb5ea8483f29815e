"""The API's answer to: has somebody reported this already?"""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from grid.datum import to_wgs84
from issues.alike import Question, similar
from issues.api import shapes
from issues.api.views import ALWAYS, BAD_REQUEST, PROBLEM, Door
from issues.presenter.similar import similar_facts
from issues.services.words import MAX_DESCRIPTION
from issues.who import may_report
from issues.workflow import State


class SimilarIn(shapes.PointIn):
    category = serializers.CharField(max_length=12, help_text="Code of a leaf.")
    text = serializers.CharField(
        max_length=MAX_DESCRIPTION,
        required=False,
        allow_blank=True,
        default="",
        help_text="What will be reported; the likest words come first.",
    )
    wide = serializers.BooleanField(
        required=False,
        default=False,
        help_text="200 m and 7 days, other leaves of the class too; else 50 m and 24 h.",
    )


class SimilarOut(shapes.Shape):
    """An open report that may be the same matter; `join` is the verb to use on it."""

    number = serializers.CharField()
    category = shapes.Named()
    metres = serializers.IntegerField()
    minutes = serializers.IntegerField(help_text="How long ago it was reported.")
    ago = serializers.CharField()
    state = serializers.ChoiceField(choices=[str(state) for state in State])
    state_name = serializers.CharField()
    place = serializers.CharField(allow_blank=True)
    excerpt = serializers.CharField()
    own = serializers.BooleanField(help_text="The caller's own report.")
    joined = serializers.BooleanField(help_text="The caller has joined it already.")
    may_join = serializers.BooleanField()


class Similar(Door):
    @extend_schema(
        operation_id="issues_similar",
        request=SimilarIn,
        responses={200: SimilarOut(many=True), (400, PROBLEM): BAD_REQUEST, **ALWAYS},
    )
    def post(self, request: Request) -> Response:
        """Open reports of the same matter nearby that the caller may see, the likeliest first.

        Ask before reporting, and offer to join one instead; a report is never refused
        for it. Stores nothing; by POST, for the words of a report belong in no address.
        """
        given, scope = self.checked(SimilarIn, request.data), self.scope
        lat, lng = to_wgs84(given["lat"], given["lng"], given["datum"])
        asked = Question(lat, lng, given["category"], given["text"], given["wide"])
        facts = similar_facts(similar(scope=scope, asked=asked, now=timezone.now()))
        may = may_report(scope) is not None
        return Response([fact | {"may_join": fact["may_join"] and may} for fact in facts])
