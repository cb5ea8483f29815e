"""What every page knows: who is signed in, where they can go, what is unread."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from config.health import engine_trouble
from issues.rules import (
    heads_branch,
    leads,
    may_list,
    may_read_rules,
    may_see_exceptions,
    may_see_relaxations,
)
from issues.who import may_report
from notices.queries import unread_count
from partyorgs.rules import Scope, may_configure, works_in_cell

# An address by its name, with label and icon.
Place = tuple[str, str, str]
TABS = 5


def site(request: HttpRequest) -> dict[str, Any]:
    """Context of base.html; nothing is read from the database before sign-in."""
    facts: dict[str, Any] = {
        "map_tiles": settings.MAP_TILES,
        "deployment": settings.DEPLOYMENT_NAME,
    }
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return facts | {"nav": [], "menu": [], "unread": 0}
    scope: Scope = request.scope  # type: ignore[attr-defined]
    return facts | {
        "nav": _nav(request, scope),
        "menu": _menu(scope),
        "unread": unread_count(user),
        # Asked by base.html alone, not by every part of a page that is rendered.
        "engine_trouble": engine_trouble if may_configure(scope) else [],
    }


def _places(scope: Scope) -> list[Place]:
    """Where this person goes every day, the most important first."""
    items = [
        ("home", _("首页"), "house", True),
        ("report", _("上报"), "circle-plus", may_report(scope) is not None),
        ("issue_list", _("问题"), "list-checks", may_list(scope)),
        ("leader", _("审批"), "stamp", leads(scope)),
        ("branch", _("支部"), "flag", heads_branch(scope)),
        ("my_cell", _("我的网格"), "map", works_in_cell(scope)),
        ("responsible", _("谁负责"), "circle-question-mark", True),
    ]
    return [(name, label, icon) for name, label, icon, shown in items if shown]


def _nav(request: HttpRequest, scope: Scope) -> list[dict[str, Any]]:
    """The bar at the thumb holds five; whoever has more posts finds the rest in the menu."""
    return [
        _entry(place) | {"current": request.path == reverse(place[0])}
        for place in _places(scope)[:TABS]
    ]


def _menu(scope: Scope) -> list[dict[str, Any]]:
    """Below the account: who is there, how to be told, which days count."""
    posted = bool(scope.seats)
    items = [
        ("rules", _("办理规则"), "book-open", may_read_rules(scope)),
        ("whistles", _("吹哨报到"), "megaphone", posted),
        ("duty", _("值班"), "calendar-days", posted),
        ("leave", _("请假替岗"), "user-round-check", posted),
        ("exceptions", _("例外清单"), "scale", may_see_exceptions(scope)),
        ("relaxations", _("放宽的规则"), "list-checks", may_see_relaxations(scope)),
        ("notice_settings", _("通知设置"), "bell-ring", True),
        ("calendars", _("工作日历"), "calendar", True),
    ]
    more = [(name, label, icon) for name, label, icon, shown in items if shown]
    return [_entry(place) for place in (*_places(scope)[TABS:], *more)]


def _entry(place: Place) -> dict[str, Any]:
    name, label, icon = place
    return {"url": reverse(name), "label": label, "icon": icon}
