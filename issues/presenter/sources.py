"""What somebody may say of where a report comes from."""

from typing import Any

from django.utils.translation import gettext as _

from issues.models import Issue
from issues.services.sources import sources_for
from partyorgs.rules import Scope, works_in_cell

Fact = dict[str, Any]


def source_facts(scope: Scope) -> Fact:
    """Context of issues/_report_source.html: the choices, and whether they settle on the spot."""
    named = [(source, str(Issue.Source(source).label)) for source in sources_for(scope)]
    return {
        "sources": [("", _("我自己发现的")), *named] if named else [],
        "settles": works_in_cell(scope),
    }
