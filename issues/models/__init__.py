"""The life of a report: the issue, who it was sent to, what happened, which clocks run."""

from issues.models.clock import Clock, Pulse, Step
from issues.models.deviations import Deviation, Relaxation, SampleRule
from issues.models.issue import SCOPE_COLUMNS, Assignment, Issue, IssueQuerySet, scope_parts
from issues.models.ladder import Ladder, Rung
from issues.models.photo import Attachment, attachment_path
from issues.models.requests import Request, Return
from issues.models.sent import Sent
from issues.models.timeline import Event, EventText
from issues.models.voices import CallBack, Joining

__all__ = [
    "SCOPE_COLUMNS",
    "Assignment",
    "Attachment",
    "CallBack",
    "Clock",
    "Deviation",
    "Event",
    "EventText",
    "Issue",
    "IssueQuerySet",
    "Joining",
    "Ladder",
    "Pulse",
    "Relaxation",
    "Request",
    "Return",
    "Rung",
    "SampleRule",
    "Sent",
    "Step",
    "attachment_path",
    "scope_parts",
]
