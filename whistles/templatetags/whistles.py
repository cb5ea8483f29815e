"""Whistles on the pages of the room below, which knows nothing of them."""

from typing import Any

from django import template
from django.template.context import Context

from whistles.presenter import first_facts, row_facts, whistle_links
from whistles.queries import unapproved

MOST = 20
register = template.Library()


@register.inclusion_tag("whistles/_of_issue.html", takes_context=True)
def whistles_of(context: Context, issue: str) -> dict[str, Any]:
    """The whistles over the issue with this number that the reader sees, and how to blow one."""
    request = context["request"]
    return whistle_links(issue, scope=request.scope)


@register.inclusion_tag("whistles/_waiting.html", takes_context=True)
def waiting_whistles(context: Context) -> dict[str, Any]:
    """The whistles that wait for the reader's approval, the oldest first, for the leaders' page."""
    waiting = unapproved(context["request"].scope)
    return {"rows": [row_facts(one) for one in waiting[:MOST]]}


@register.inclusion_tag("whistles/_firsts.html", takes_context=True)
def whistle_firsts(context: Context) -> dict[str, Any]:
    """What a whistle waits for from the reader, for the home page: an answer cannot wait."""
    return {"firsts": first_facts(context["request"].scope)}
