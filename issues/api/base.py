"""What every shape of the API is made of."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from issues.models import Clock
from issues.workflow import State, Verb

Shape = serializers.Serializer[Any]
# Named in the schema (settings: ENUM_NAME_OVERRIDES).
STATES = [str(state) for state in State]
VERBS = [str(verb) for verb in Verb]
CLOCK_KINDS = Clock.Kind.values


class Strict(Shape):
    """Refuses fields it does not know: nothing is taken in silence (ASVS 15.3.3)."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (unknown := set(data) - set(self.fields)):
            raise serializers.ValidationError(
                {name: [_("没有这个字段，请去掉它。")] for name in sorted(unknown)}
            )
        return super().to_internal_value(data)


class Named(Shape):
    code = serializers.CharField()
    name = serializers.CharField()
