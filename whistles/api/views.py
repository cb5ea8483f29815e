"""Views of the API of whistles: the same services and the same facts as the pages."""

from django.http import Http404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from issues.api.views import ALWAYS, BAD_REQUEST, CONFLICT, KEY, PROBLEM, UNSEEN, Door
from issues.models import Issue
from partyorgs.rules import Scope
from whistles.api import shapes
from whistles.models import Whistle
from whistles.presenter import row_facts, whistle_facts
from whistles.queries import whistle_for_reading, whistles_of
from whistles.services.acting import act as perform
from whistles.services.blowing import begin
from whistles.services.doing import Given
from whistles.workflow import ASKABLE, Act


class Whistles(Door):
    @extend_schema(
        operation_id="whistles_list",
        parameters=[shapes.WhistlesIn],
        responses={200: shapes.WhistleRow(many=True), (400, PROBLEM): BAD_REQUEST, **ALWAYS},
    )
    def get(self, request: Request) -> Response:
        """The latest whistles that the caller may see: running ones unless asked otherwise."""
        given = self.checked(shapes.WhistlesIn, request.query_params)
        found = whistles_of(self.scope, running=given["running"])
        return Response([row_facts(one) for one in found])

    @extend_schema(
        operation_id="whistles_create",
        request=shapes.BlowIn,
        parameters=[KEY],
        responses={
            200: OpenApiResponse(shapes.WhistleOut, description="Begun earlier with this key."),
            201: shapes.WhistleOut,
            (400, PROBLEM): BAD_REQUEST,
            (404, PROBLEM): UNSEEN,
            (409, PROBLEM): CONFLICT,
            **ALWAYS,
        },
    )
    def post(self, request: Request) -> Response:
        """Propose a whistle over an issue, or blow an emergency's at once."""
        given = self.checked(shapes.BlowIn, request.data)
        issue, at_once = given.pop("issue"), given.pop("at_once")
        verb = Act.BLOW_NOW if at_once else Act.PROPOSE
        key, now, scope = self.key, timezone.now(), self.scope
        try:
            begun = begin(
                scope=scope, issue=issue, act=verb, given=Given(**given), key=key, now=now
            )
        except (Issue.DoesNotExist, Whistle.DoesNotExist) as unseen:
            raise Http404 from unseen
        facts = _facts(scope, begun.whistle.number)
        return Response(facts, status=201 if begun.created else 200)


class OneWhistle(Door):
    @extend_schema(
        operation_id="whistles_read",
        responses={200: shapes.WhistleOut, (404, PROBLEM): UNSEEN, **ALWAYS},
    )
    def get(self, _request: Request, whistle_number: str) -> Response:
        """A whistle: who is called, what they answered, what the caller may do now."""
        return Response(_facts(self.scope, whistle_number))


class WhistleAct(Door):
    @extend_schema(
        operation_id="whistles_act",
        request=shapes.ActIn,
        parameters=[
            OpenApiParameter(
                "deed",
                OpenApiTypes.STR,
                OpenApiParameter.PATH,
                enum=[str(act) for act in ASKABLE],
            ),
            KEY,
        ],
        responses={
            200: shapes.WhistleOut,
            (400, PROBLEM): BAD_REQUEST,
            (404, PROBLEM): UNSEEN,
            (409, PROBLEM): CONFLICT,
            **ALWAYS,
        },
    )
    def post(self, request: Request, whistle_number: str, deed: str) -> Response:
        """Do an act of the whistle's rule book."""
        given = self.checked(shapes.ActIn, request.data)
        if deed not in ASKABLE:
            raise Http404
        key, now, scope, asked = self.key, timezone.now(), self.scope, Given(**given)
        try:
            perform(
                scope=scope, number=whistle_number, verb=Act(deed), given=asked, key=key, now=now
            )
        except Whistle.DoesNotExist as unseen:
            raise Http404 from unseen
        return Response(_facts(scope, whistle_number))


def _facts(scope: Scope, number: str) -> dict[str, object]:
    try:
        found = whistle_for_reading(scope=scope, number=number)
    except Whistle.DoesNotExist as unseen:
        raise Http404 from unseen
    return whistle_facts(found, scope=scope, now=timezone.now())
