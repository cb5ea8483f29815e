"""The life of a report: the issue, who it was sent to, what happened, which clocks run."""

from issues.models.clock import Clock
from issues.models.issue import SCOPE_COLUMNS, Assignment, Issue, IssueQuerySet, scope_parts
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
    "attachment_path",
    "scope_parts",
]
