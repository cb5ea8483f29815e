"""The tiles of whoever keeps the house: where each thing is kept, and what needs a hand."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from issues.models import Clock
from notices.queries import UNDELIVERED_CAP, undelivered_count
from partyorgs.rules import Scope
from worktime.models import DEFAULT
from worktime.queries import Reach, reach

PARKED_CAP = 1000
Fact = dict[str, Any]


def keeping_tiles(scope: Scope, *, unowned: str, now: datetime) -> list[Fact]:
    """Tiles with address, icon, name and a line; `warn` where something needs a hand.

    `unowned`: how many cells have no owner, as shown.
    """
    tiles = [
        _tile("coverage", "shield-check", _("覆盖核对"), _unowned(unowned), warn=unowned != "0"),
        _calendars(reach(DEFAULT, timezone.localdate(now))),
        _tile("duty", "calendar-days", _("值班"), _("各值守台和单位的值班表")),
        _tile("rules", "book-open", _("办理规则"), _("谁能做什么、哪类事归谁、会怎样办")),
        _tile("ladders", "list-ordered", _("催督办阶梯"), _("超时后一级一级通知谁")),
        _parked(),
        _undelivered(undelivered_count(now)),
        _tile("targets", "webhook", _("通知对象"), _("群机器人、网络回调、允许的主机")),
    ]
    return [*tiles, *_admin()] if scope.user.is_superuser else tiles


def _tile(name: str, icon: str, label: str, note: str, *, warn: bool = False) -> Fact:
    return {"url": reverse(name), "icon": icon, "label": label, "note": note, "warn": warn}


def _unowned(unowned: str) -> str:
    if unowned == "0":
        return _("每个网格都有负责的党组织")
    return _("%(unowned)s 个网格没有负责的党组织") % {"unowned": unowned}


def _calendars(known: Reach) -> Fact:
    if known.known_until is None:
        note = _("今天起的放假安排还没有录入")
    else:
        facts = {"until": known.known_until.isoformat(), "left": known.days_left}
        note = _("已公布到 %(until)s，还有 %(left)s 天") % facts
    return _tile("calendars", "calendar", _("工作日历"), note, warn=known.warn)


def _parked() -> Fact:
    parked = Clock.objects.filter(stopped_at=None, parked_at__isnull=False).order_by()
    count = parked[:PARKED_CAP].count()
    note = (
        ngettext("%(count)s 个步骤出错，等您处理", "%(count)s 个步骤出错，等您处理", count)
        % {"count": _up_to(count, PARKED_CAP)}
        if count
        else _("没有出错的步骤")
    )
    return _tile("parked", "circle-pause", _("搁置的步骤"), note, warn=count > 0)


def _undelivered(count: int) -> Fact:
    note = (
        ngettext("%(count)s 条没有送达", "%(count)s 条没有送达", count)
        % {"count": _up_to(count, UNDELIVERED_CAP)}
        if count
        else _("都已送达")
    )
    return _tile("notices_undelivered", "mail-warning", _("未送达的通知"), note, warn=count > 0)


def _up_to(count: int, cap: int) -> str:
    return f"{cap - 1}+" if count >= cap else str(count)


def _admin() -> list[Fact]:
    users, said = "admin:accounts_user_changelist", "admin:accounts_suggestion_changelist"
    suggestions = _tile(said, "messages-square", _("意见与投诉"), _("还没有处理的"))
    suggestions["url"] += "?handled_at__isempty=1"
    kept = _("网格、组织、岗位、权责清单、日历")
    return [
        _tile(users, "users", _("账号"), _("新建、停用、重置密码")),
        suggestions,
        _tile("admin:index", "settings", _("后台配置"), kept),
    ]
