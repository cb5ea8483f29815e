"""Facts in the shape that the templates' parts ask for."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from grid.models import Area
from issues.models import Attachment, Issue
from issues.presenter.rows import row_facts
from issues.presenter.standing import row_tags
from issues.presenter.steps import state_words, together
from issues.presenter.words import SENDING, SENT, state_name
from issues.queries import COUNTED, Row
from issues.workflow import State, Verb

Fact = dict[str, Any]
STREET_DIGITS = 9
AROUND = 0.006  # degrees: about 600 m, what a map around a point outside every cell shows


def queue_rows(rows: Iterable[Row], *, now: datetime) -> list[Fact]:
    """Rows for parts/queue.html: a checked issue is shown as waiting to be closed."""
    rows = list(rows)
    return [
        facts
        | {
            "state_name": state_words(row["state"], checked=row["checked_at"] is not None),
            "tags": row_tags(facts) if row["is_open"] else (),
        }
        for row, facts in zip(rows, row_facts(rows, now=now), strict=True)
    ]


def capped(count: int) -> str:
    """A counter as shown: past the cap it stops counting."""
    return f"{COUNTED}+" if count > COUNTED else str(count)


def todo_name(key: str) -> str:
    """The name of a to-do list."""
    return {
        "todo": _("要我办的"),
        "first": _("要先办的"),
        "verify": _("待核实"),
        "accept": _("待受理"),
        "dispatch": _("待派遣"),
        "returned": _("被退单"),
        "sign": _("待签收"),
        "handle": _("待处置"),
        "check": _("待核查"),
        "close": _("待结案"),
        "feed_back": _("待反馈热线"),
        "callback": _("待回访"),
        "survey": _("抽样回访"),
        "spot_check": _("待抽查"),
        "countersign": _("待补签"),
        "approve": _("待审批"),
        "appeals": _("待审申诉"),
        "stuck": _("卡住的"),
        "called": _("待知悉"),
        "answer": _("待答复督办"),
        "raised": _("提级来的"),
    }[key]


def first_words(key: str, count: int) -> str:
    """A line on the home page about what cannot wait."""
    words = {
        "called": ngettext(
            "%(count)s 件紧急事项呼叫了值班，等人点“知悉”",
            "%(count)s 件紧急事项呼叫了值班，等人点“知悉”",
            count,
        ),
        "answer": ngettext("%(count)s 件督办等着答复", "%(count)s 件督办等着答复", count),
        "approve": ngettext("%(count)s 件申请等您审批", "%(count)s 件申请等您审批", count),
        "raised": ngettext(
            "%(count)s 件反复退单或返工，已提级到这里",
            "%(count)s 件反复退单或返工，已提级到这里",
            count,
        ),
    }
    return words[key] % {"count": capped(count)}


def list_url(**filters: str) -> str:
    """The address of the list narrowed like this."""
    return f"{reverse('issue_list')}?{urlencode(filters)}"


def event_lines(entries: Iterable[Fact], photos: Iterable[Attachment]) -> list[Fact]:
    """The timeline for parts/timeline.html: each photo at its verb, the unit where it was sent."""
    waiting = list(photos)
    lines = []
    for entry in entries:
        taken = [photo for photo in waiting if _belongs(photo, entry)]
        waiting = [photo for photo in waiting if photo not in taken]
        unit = entry.get("unit") if entry["verb"] in SENT else None
        lines.append(entry | {"unit": unit, "photos": photo_links(taken)})
    return lines


def _belongs(photo: Attachment, entry: Fact) -> bool:
    """Whether the photo came with this step: uploaded before it, named by its verb."""
    return bool(photo.verb == entry["verb"] and photo.created_at <= entry["at"])


def photo_links(photos: Iterable[Attachment]) -> list[Fact]:
    """Photos for parts/photos.html and parts/photo_field.html."""
    return [
        {"id": str(photo.public_id), "url": reverse("attachment", args=[photo.public_id])}
        for photo in photos
    ]


def route_steps(issue: Issue, entries: Iterable[Fact]) -> list[Fact]:
    """Place, owner and unit with the reasons given at each step, for parts/route.html."""
    where: list[str] = []
    who: list[str] = []
    for entry in entries:
        if entry["verb"] == Verb.REPORT:
            where = entry["reasons"]
        elif entry["verb"] in SENDING and entry["reasons"]:
            who = entry["reasons"]
    cell = f"{issue.community} · {issue.cell.label}" if issue.cell else _("网格外")
    steps = [_step(_("所在网格"), cell, where[:1])]
    if issue.owner:
        steps.append(_step(_("归属党支部"), issue.owner.name, where[1:], issue.owner.phone))
    elif issue.cell:
        steps.append(_step(_("归属党支部"), _("没有登记"), where[1:]))
    unit = issue.unit
    if unit:
        held = issue.state in (State.REPORTED, State.PENDING_DISPATCH)
        steps.append(_step(_("现在在") if held else _("承办单位"), unit.name, who, unit.phone))
    return steps


def _step(label: str, value: str, reasons: Iterable[str], phone: str = "") -> Fact:
    return {"label": label, "value": value, "reason": together(reasons), "phone": phone}


def answer_steps(facts: Fact) -> list[Fact]:
    """谁负责 as steps: place, branch and, once the matter is known, unit and limit."""
    reasons = list(facts["reasons"])
    outside = facts["outside"]
    cell = _("网格外") if outside else f"{facts['community']['name']} · {facts['cell']['name']}"
    steps = [_step(_("所在网格"), cell, reasons[:1])]
    if not outside:
        owner = facts["owner"]["name"] if facts["owner"] else _("没有登记")
        phone = facts["owner_phone"]
        steps.append(_step(_("归属党支部"), owner, reasons[1:2], phone))
    if "unit" in facts:
        steps += _unit_steps(facts, reasons[1 if outside else 2 :])
    return steps


def _unit_steps(facts: Fact, reasons: list[str]) -> list[Fact]:
    unit, doer = facts["unit"], facts["doer"]
    phone = unit["phone"] if unit else ""
    steps = [_step(_("承办单位"), unit["name"] if unit else _("由值守台决定"), reasons, phone)]
    if doer and facts["on_behalf"]:
        steps.append(_step(_("实际责任单位"), doer["name"], [], doer["phone"]))
    about = [
        _("%(condition)s。现在上报，%(due)s 前要办好。")
        % {
            "condition": facts["condition"]["name"],
            "due": facts["due_at"].strftime("%Y-%m-%d %H:%M"),
        }
    ]
    if facts["provisional"]:
        about.append(_("当年节假日安排还没有公布，时间是暂定的。"))
    return [*steps, _step(_("办理时限"), facts["limit"], about)]


def cells_url(*, community: Area | None, lat: float, lng: float) -> str:
    """Where the map gets its cells: a community's, or those around a point."""
    if community:
        query = urlencode({"community": community.code})
    else:
        corners = (lng - AROUND, lat - AROUND, lng + AROUND, lat + AROUND)
        query = urlencode({"bbox": ",".join(f"{corner:.6f}" for corner in corners)})
    return f"{reverse('map_cells')}?{query}"


def area_cells_url(area: Area | None) -> str:
    """Where a map gets the cells of a district or street; a community shows its street.

    A community's code begins with its street's.
    """
    if area is None:
        return ""
    level = "district" if area.level == Area.Level.DISTRICT else "street"
    return f"{reverse('map_cells')}?{urlencode({level: area.code[:STREET_DIGITS]})}"


def issue_map(issue: Issue) -> Fact:
    """The map of an issue: its point, its cell, the cells around."""
    return {
        "cells_url": cells_url(community=issue.community, lat=issue.lat, lng=issue.lng),
        "lat": issue.lat,
        "lng": issue.lng,
        "zoom": 16,
        "mine": issue.cell.code if issue.cell else "",
        "size": "small",
        "label": _("问题位置地图"),
    }


def tiles() -> Fact:
    """The base map, as set."""
    return dict(settings.MAP_TILES)


def title_of(issue: Issue) -> str:
    return issue.category.name if issue.category else _("未分类的问题")


def state_choices() -> list[tuple[str, str]]:
    """States for the list's filter."""
    return [("", _("在办的")), ("all", _("全部状态"))] + [
        (str(state), state_name(state)) for state in State
    ]
