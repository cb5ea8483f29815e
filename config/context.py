"""What every page knows: who is signed in, where they can go, what is unread."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from config.health import engine_trouble
from issues.rules import may_list
from issues.who import may_report
from notices.queries import unread_count
from partyorgs.rules import Scope, may_configure, works_in_cell


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


def _nav(request: HttpRequest, scope: Scope) -> list[dict[str, Any]]:
    items = [
        ("home", _("首页"), "house", True),
        ("report", _("上报"), "circle-plus", may_report(scope) is not None),
        ("issue_list", _("问题"), "list-checks", may_list(scope)),
        ("my_cell", _("我的网格"), "map", works_in_cell(scope)),
        ("responsible", _("谁负责"), "circle-question-mark", True),
    ]
    return [
        {
            "url": reverse(name),
            "label": label,
            "icon": icon,
            "current": request.path == reverse(name),
        }
        for name, label, icon, shown in items
        if shown
    ]


def _menu(scope: Scope) -> list[dict[str, Any]]:
    """Below the account: who is there, how to be told, which days count."""
    posted = bool(scope.seats)
    items = [
        ("duty", _("值班"), "calendar-days", posted),
        ("leave", _("请假替岗"), "user-round-check", posted),
        ("notice_settings", _("通知设置"), "bell-ring", True),
        ("calendars", _("工作日历"), "calendar", True),
    ]
    return [
        {"url": reverse(name), "label": label, "icon": icon}
        for name, label, icon, shown in items
        if shown
    ]
