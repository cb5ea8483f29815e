"""The life of a report: the issue, who it was sent to, what happened, which clocks run."""

from issues.models.clock import Clock, Pulse, Step
from issues.models.issue import SCOPE_COLUMNS, Assignment, Issue, IssueQuerySet, scope_parts
from issues.models.ladder import Ladder, Rung
from issues.models.photo import Attachment, attachment_path
from issues.models.timeline import Event, EventText

__all__ = [
    "SCOPE_COLUMNS",
    "Assignment",
    "Attachment",
    "Clock",
    "Event",
    "EventText",
    "Issue",
    "IssueQuerySet",
    "Ladder",
    "Pulse",
    "Rung",
    "Step",
    "attachment_path",
    "scope_parts",
]
