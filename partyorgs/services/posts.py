"""Giving posts to people and ending them. Rights follow from posts at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.models import User
from grid.models import Area, Cell
from grid.services import Saved
from partyorgs.models import Organization, Post, Role
from partyorgs.rules import CELL_ROLES
from partyorgs.services.timeline import BATCH, Plan, day, far_refusal, refusals_in_words

Seat = Cell | Area | Organization

UNIT_SEATS = frozenset({Role.UNIT_DESK, Role.UNIT_HANDLER, Role.UNIT_HEAD})
DESK_SEATS = frozenset({Role.STREET_DISPATCHER, Role.STREET_LEADER, Role.DISTRICT_DESK})
LEVEL_OF = {
    Role.COMMUNITY_HEAD: Area.Level.COMMUNITY,
    Role.STREET_DISPATCHER: Area.Level.STREET,
    Role.STREET_LEADER: Area.Level.STREET,
    Role.DISTRICT_DESK: Area.Level.DISTRICT,
}


@dataclass(frozen=True)
class PostDraft:
    """`user` holds `role` in `seat` from `at` to `until` (exclusive; None: without an end)."""

    user: User
    role: str
    seat: Seat
    at: datetime
    until: datetime | None = None
    duty_field: str = ""


def give_post(
    *,
    user: User,
    role: str,
    seat: Seat,
    at: datetime,
    until: datetime | None = None,
    duty_field: str = "",
    now: datetime,
) -> Post:
    """Puts a user into a post and returns it.

    The same post from the same instant: only its end or field of duty change,
    and an end is never taken away. ValidationError for a seat that does not fit
    the role, a post held already in that time, and an ended post.
    """
    draft = PostDraft(user, role, seat, at, until, duty_field)
    with refusals_in_words():
        plan = _write([draft], now)
    return plan.results[0]


def give_posts(*, drafts: Sequence[PostDraft], now: datetime) -> Saved:
    """Many posts in one transaction, all or none, as for one."""
    with refusals_in_words():
        plan = _write(drafts, now)
    return plan.saved(len(drafts))


def post_refusals(*, drafts: Sequence[PostDraft], now: datetime) -> dict[int, str]:
    """Why posts would be refused, by their index; nothing is written or locked.

    Users may be unsaved: they are compared by username.
    """
    return _plan(drafts, now).refusals


def end_post(*, post: Post, at: datetime, now: datetime) -> Post:
    """Ends a post at `at` (exclusive); the rights are gone at the first request from then on.

    A planned end may be moved while the post lasts. ValidationError for a post
    that has ended already, or an end before its beginning.
    """
    with refusals_in_words():
        locked = Post.objects.select_for_update().get(pk=post.pk)
        if locked.valid_until is not None and locked.valid_until <= now:
            raise ValidationError(_ended(locked))
        locked.valid_until = at
        locked.validate_constraints()
        locked.save(update_fields=["valid_until"])
    post.valid_until = at
    return locked


def seat_refusal(role: str, seat: Seat) -> str:
    """Why a role cannot be held there; "" if it can."""
    if role not in Role.values:
        return _("岗位“%(role)s”不认识。") % {"role": role[:20]}
    if role in CELL_ROLES:
        fits = isinstance(seat, Cell)
    elif role in UNIT_SEATS:
        fits = isinstance(seat, Organization)
    elif role == Role.BRANCH_SECRETARY:
        fits = isinstance(seat, Organization) and seat.kind in Organization.PARTY_KINDS
    elif role in LEVEL_OF:
        fits = _has_level(Role(role), seat)
    else:
        fits = isinstance(seat, Area)
    return "" if fits else _where(Role(role))


def _has_level(role: Role, seat: Seat) -> bool:
    if isinstance(seat, Area):
        return seat.level == LEVEL_OF[role]
    if isinstance(seat, Cell) or seat.area is None:
        return False
    desk = seat.kind == Organization.Kind.DESK or role not in DESK_SEATS
    return desk and seat.area.level == LEVEL_OF[role]


def _where(role: Role) -> str:
    if role in CELL_ROLES:
        place = _("一个网格")
    elif role in UNIT_SEATS:
        place = _("一个组织")
    elif role == Role.BRANCH_SECRETARY:
        place = _("一个党组织")
    else:
        place = {
            Area.Level.COMMUNITY: _("一个社区，或服务一个社区的组织"),
            Area.Level.STREET: _("一个街道，或街道的值守台"),
            Area.Level.DISTRICT: _("一个区，或区的值守台"),
            None: _("一个区域"),
        }[LEVEL_OF.get(role)]
    return _("岗位“%(role)s”要设在%(place)s。") % {"role": role.label, "place": place}


def _write(drafts: Sequence[PostDraft], now: datetime) -> Plan[Post]:
    ids = sorted({draft.user.pk for draft in drafts})
    for start in range(0, len(ids), BATCH):
        part = ids[start : start + BATCH]
        locked = User.objects.select_for_update(no_key=True).filter(pk__in=part).order_by("pk")
        list(locked.values_list("pk"))
    plan = _plan(drafts, now)
    plan.check()
    plan.write()
    for index, draft in enumerate(drafts):
        post = plan.results[index]
        if draft.duty_field and post.duty_field != draft.duty_field:
            post.duty_field = draft.duty_field
            post.save(update_fields=["duty_field"])
    return plan


def _plan(drafts: Sequence[PostDraft], now: datetime) -> Plan[Post]:
    plan = Plan[Post]()
    ids = sorted({draft.user.pk for draft in drafts if draft.user.pk})
    held: dict[tuple[Any, ...], list[Post]] = {}
    for start in range(0, len(ids), BATCH):
        posts = Post.objects.filter(user_id__in=ids[start : start + BATCH]).annotate(
            username=F("user__username")
        )
        for post in posts.order_by("valid_from"):
            key = (post.username, post.role, post.cell_id, post.area_id, post.organization_id)
            held.setdefault(key, []).append(post)
    for index, draft in sorted(enumerate(drafts), key=lambda pair: pair[1].at):
        key = (draft.user.username, draft.role, *_seat_ids(draft.seat))
        _take(plan, index, draft, held.setdefault(key, []), now)
    return plan


def _seat_ids(seat: Seat) -> tuple[int | None, int | None, int | None]:
    return (
        seat.pk if isinstance(seat, Cell) else None,
        seat.pk if isinstance(seat, Area) else None,
        seat.pk if isinstance(seat, Organization) else None,
    )


def _take(plan: Plan[Post], index: int, draft: PostDraft, held: list[Post], now: datetime) -> None:
    same = next((post for post in held if post.valid_from == draft.at), None)
    if refusal := _refusal(draft, same, held, now):
        plan.refusals[index] = refusal
    elif same is None:
        plan.open(index, _post(draft), held)
    else:
        plan.results[index] = same
        moved = _moves_end(draft, same)
        plan.updated += moved or draft.duty_field not in ("", same.duty_field)
        if moved and draft.until is not None:
            plan.end(same, draft.until)


def _moves_end(draft: PostDraft, same: Post) -> bool:
    return draft.until is not None and draft.until != same.valid_until


def _post(draft: PostDraft) -> Post:
    cell, area, organization = _seat_ids(draft.seat)
    return Post(
        user=draft.user,
        role=draft.role,
        cell_id=cell,
        area_id=area,
        organization_id=organization,
        duty_field=draft.duty_field,
        valid_from=draft.at,
        valid_until=draft.until,
    )


def _refusal(draft: PostDraft, same: Post | None, held: list[Post], now: datetime) -> str:
    if draft.until is not None and draft.until <= draft.at:
        return _("结束时间要晚于开始时间。")
    if draft.duty_field and draft.role != Role.STREET_LEADER:
        return _("只有街道领导写分管领域，请把它留空。")
    if len(draft.duty_field) > 60:
        return _("分管领域最多 60 个字，请写短一些。")
    if same is not None:
        ended = same.valid_until is not None and same.valid_until <= now
        return _ended(same) if ended and _moves_end(draft, same) else ""
    if clash := next((post for post in held if _overlaps(post, draft)), None):
        since = {"at": day(clash.valid_from)}
        return _("这个人从 %(at)s 起已任这个岗位：请写这个开始日期，或先结束它。") % since
    return seat_refusal(draft.role, draft.seat) or _new_refusal(draft, now)


def _new_refusal(draft: PostDraft, now: datetime) -> str:
    seat = draft.seat
    if isinstance(seat, Organization) and not seat.active:
        return _("“%(name)s”已停用，请先启用它。") % {"name": seat.name}
    if isinstance(seat, Cell) and seat.valid_until is not None and seat.valid_until <= draft.at:
        return _("网格 %(cell)s 已停用，请写接替它的网格。") % {"cell": seat.code}
    return far_refusal(draft.at, now)


def _overlaps(post: Post, draft: PostDraft) -> bool:
    starts_before = draft.until is None or post.valid_from < draft.until
    return starts_before and (post.valid_until is None or post.valid_until > draft.at)


def _ended(post: Post) -> str:
    at = {"at": day(post.valid_until) if post.valid_until else ""}
    return _("这个岗位已于 %(at)s 结束；要再任职，请写新的开始时间。") % at
