"""What all forms share: a service's refusal beside the fields, values changed for the person."""

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.http import QueryDict

# Where the service names a field that the page shows under another name.
SHOWN_AS = {"lat": "place_text", "lng": "place_text", "datum": "place_text", "place": "place_text"}


def add_errors(form: forms.Form, refused: ValidationError) -> dict[str, list[str]]:
    """Put a service's refusal next to the fields; returns what belongs to no field."""
    named = refused.message_dict if hasattr(refused, "error_dict") else {}
    named = named or {NON_FIELD_ERRORS: list(refused.messages)}
    beside: dict[str, list[str]] = {}
    shown_as = SHOWN_AS | getattr(form, "shown_as", {})
    for name, sentences in named.items():
        field = shown_as.get(name, name)
        if field in form.fields:
            form.add_error(field, list(sentences))
        else:
            beside[name] = list(sentences)
    return beside


class Retyped(forms.Form):
    """A form that comes back with some values changed for the person."""

    def _retype(self, **values: str) -> None:
        data = QueryDict(mutable=True)
        data.update(self.data)
        for name, value in values.items():
            data[name] = value
        self.data = data
