"""Forms of the pages: they read what was typed and keep it; services judge it."""

from issues.forms.asides import RevealForm, SuggestionForm
from issues.forms.ladder import LadderForm, rungs_typed
from issues.forms.report import AnswerForm, PointForm, ReportForm
from issues.forms.typed import add_errors
from issues.forms.verbs import ONE_TAP, WITH_MATTER, VerbForm, reads

__all__ = [
    "ONE_TAP",
    "WITH_MATTER",
    "AnswerForm",
    "LadderForm",
    "PointForm",
    "ReportForm",
    "RevealForm",
    "SuggestionForm",
    "VerbForm",
    "add_errors",
    "reads",
    "rungs_typed",
]
