"""Rosters: who is called for a desk or unit, shift by shift."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import NamedTuple

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from grid.services import Saved
from partyorgs.models import LONGEST_NOTE, Duty, Organization, Post, Role
from partyorgs.queries import LEADING_ROLES, UNIT_ROLES, calendar_code_of, family_of
from partyorgs.rules import Scope, may_keep_duty
from partyorgs.services.timeline import BATCH, day, far_refusal, refusals_in_words
from worktime.queries import work_calendar

LONGEST_SHIFT = timedelta(days=7)
LAST_POSITION = 20
MOST_DAYS = 93
SAID = 10
CHANGING = ["ends", "position", "leader", "note"]


@dataclass(frozen=True)
class DutyDraft:
    """`user` is called for `organization` from `starts` to `ends` (exclusive)."""

    organization: Organization
    user: User
    starts: datetime
    ends: datetime
    position: int = 1
    leader: bool = False
    note: str = ""


class Shift(NamedTuple):
    """Two times of a day; an end that is not later lies on the next day."""

    starts: time
    ends: time


@dataclass(frozen=True)
class Pattern:
    """A roster by turns, from the day `first` to the day `last`, both included.

    `people` take the shifts in turn, `each` of them a shift in the order of
    calling; `leaders` in turn one a shift. `days`: "all", "work" or "rest", by
    the organization's calendar, so that holidays are rest days.
    """

    first: date
    last: date
    shifts: tuple[Shift, ...]
    people: tuple[User, ...]
    each: int = 1
    days: str = "all"
    leaders: tuple[User, ...] = ()


def set_duty(*, draft: DutyDraft, by: Scope | None, now: datetime) -> Duty:
    """Puts a person on duty and returns the row; the same person and start again changes it.

    ValidationError for a shift that is over, one that overlaps another of the
    same person there, and a person without a post that reaches the
    organization. PermissionDenied unless `by` keeps the roster; None is the
    operator at the machine.
    """
    with refusals_in_words():
        plan = _write([draft], by, now)
    return plan.results[0]


def set_duties(*, drafts: Sequence[DutyDraft], by: Scope | None, now: datetime) -> Saved:
    """Many shifts in one transaction, all or none, as for one."""
    with refusals_in_words():
        plan = _write(drafts, by, now)
    return Saved(len(plan.opened), len(plan.changed), plan.unchanged)


def duty_refusals(*, drafts: Sequence[DutyDraft], now: datetime) -> dict[int, str]:
    """Why shifts would be refused, by their index; nothing is written or locked."""
    return _Plan(drafts, now).refusals


def fill_duty(
    *,
    organization: Organization,
    pattern: Pattern,
    replace: bool,
    by: Scope | None,
    now: datetime,
    dry_run: bool = False,
) -> list[DutyDraft]:
    """Fills a roster by a pattern and returns its shifts; those that are over are left out.

    `replace` takes away what stands in these days and has not begun.
    `dry_run` does everything, then takes it back. Errors as for `set_duty`.
    """
    with refusals_in_words():
        drafts = shifts_of(organization=organization, pattern=pattern, now=now)
        _permit([organization], by)
        if replace:
            _future(organization, pattern, now).delete()
        _write(drafts, by, now)
        if dry_run:
            transaction.set_rollback(True)
    return drafts


def shifts_of(*, organization: Organization, pattern: Pattern, now: datetime) -> list[DutyDraft]:
    """The shifts that a pattern makes; ValidationError for a pattern that makes none."""
    _check(pattern)
    calendar = work_calendar(calendar_code_of(organization))
    drafts, turn = [], 0
    for offset in range((pattern.last - pattern.first).days + 1):
        on = pattern.first + timedelta(days=offset)
        if pattern.days != "all" and calendar.day(on).works is not (pattern.days == "work"):
            continue
        for shift in pattern.shifts:
            starts, ends = shift_on(on, shift)
            people = _in_turn(pattern.people, turn * pattern.each, pattern.each)
            leaders = _in_turn(pattern.leaders, turn, min(1, len(pattern.leaders)))
            turn += 1
            if ends > now:
                called = [(user, False) for user in people] + [(user, True) for user in leaders]
                drafts += [
                    DutyDraft(organization, user, starts, ends, 1 if leader else place, leader)
                    for place, (user, leader) in enumerate(called, start=1)
                ]
    if not drafts:
        raise ValidationError(_("这样排不出一班：请核对日期和“哪些天”。"))
    return drafts


def shift_on(on: date, shift: Shift) -> tuple[datetime, datetime]:
    """The instants of a shift that begins on a day."""
    following = on + timedelta(days=shift.ends <= shift.starts)
    starts, ends = datetime.combine(on, shift.starts), datetime.combine(following, shift.ends)
    return timezone.make_aware(starts), timezone.make_aware(ends)


def clear_duty(
    *, organization: Organization, ids: Collection[int], by: Scope | None, now: datetime
) -> int:
    """Takes shifts off the roster, and returns how many: only those that have not begun.

    ValidationError if one of them has begun or is not there; PermissionDenied
    as for `set_duty`.
    """
    _permit([organization], by)
    with transaction.atomic():
        rows = Duty.objects.filter(organization=organization, pk__in=ids, starts__gt=now)
        count, _kinds = rows.delete()
        if count != len(set(ids)):
            raise ValidationError(_("已经开始的班不能撤下，请刷新后再试。"))
    return count


def _in_turn(people: Sequence[User], first: int, count: int) -> list[User]:
    return [people[(first + number) % len(people)] for number in range(count)]


def _check(pattern: Pattern) -> None:
    days = (pattern.last - pattern.first).days + 1
    for wrong, text in (
        (days < 1, _("最后一天不能早于第一天。")),
        (days > MOST_DAYS, _("一次最多排 %(days)d 天，请分几次排。") % {"days": MOST_DAYS}),
        (not pattern.shifts, _("请写班次，如 08:00-20:00。")),
        (not pattern.people, _("请选值班的人。")),
        (
            not 1 <= pattern.each <= max(1, len(pattern.people)),
            _("每班人数不能超过所选的人数。"),
        ),
    ):
        if wrong:
            raise ValidationError(text)


def _future(organization: Organization, pattern: Pattern, now: datetime) -> QuerySet[Duty]:
    since, _noon = shift_on(pattern.first, Shift(time(0), time(12)))
    until, _noon = shift_on(pattern.last + timedelta(days=1), Shift(time(0), time(12)))
    rows = Duty.objects.filter(organization=organization, starts__gte=since, starts__lt=until)
    return rows.filter(starts__gt=now)


def _permit(organizations: Collection[Organization], by: Scope | None) -> None:
    if by is not None and not all(may_keep_duty(by, one) for one in organizations):
        raise PermissionDenied


def _write(drafts: Sequence[DutyDraft], by: Scope | None, now: datetime) -> _Plan:
    organizations = {draft.organization.pk: draft.organization for draft in drafts}
    _permit(organizations.values(), by)
    # By key, so that two batches never wait for each other.
    rows = Organization.objects.filter(pk__in=organizations).order_by("pk")
    list(rows.select_for_update(no_key=True).values_list("pk"))
    plan = _Plan(drafts, now)
    plan.check()
    Duty.objects.bulk_create(plan.opened, batch_size=BATCH)
    if plan.changed:
        Duty.objects.bulk_update(plan.changed, CHANGING, batch_size=BATCH)
    return plan


@dataclass
class _Plan:
    """What a batch of shifts comes to, worked out before anything is written."""

    drafts: Sequence[DutyDraft]
    now: datetime
    opened: list[Duty] = field(default_factory=list)
    changed: list[Duty] = field(default_factory=list)
    unchanged: int = 0
    results: dict[int, Duty] = field(default_factory=dict)
    refusals: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        users = {draft.user.pk for draft in self.drafts}
        self.posts: dict[int, list[Post]] = {}
        posts = Post.objects.filter(user_id__in=users, role__in=UNIT_ROLES | LEADING_ROLES)
        for post in posts.select_related("area", "organization__area"):
            self.posts.setdefault(post.user_id, []).append(post)
        self.held: dict[tuple[int, int], list[Duty]] = {}
        organizations = {draft.organization.pk for draft in self.drafts}
        since = min((draft.starts for draft in self.drafts), default=self.now)
        for row in Duty.objects.filter(organization_id__in=organizations, ends__gt=since):
            self.held.setdefault((row.organization_id, row.user_id), []).append(row)
        for index, draft in enumerate(self.drafts):
            self._take(index, draft)

    def _take(self, index: int, draft: DutyDraft) -> None:
        held = self.held.setdefault((draft.organization.pk, draft.user.pk), [])
        same = next((row for row in held if row.starts == draft.starts), None)
        if same and all(getattr(same, name) == getattr(draft, name) for name in CHANGING):
            self.unchanged += 1
            self.results[index] = same
        elif refusal := self._refusal(draft, [row for row in held if row is not same]):
            self.refusals[index] = refusal
        elif same:
            for name in CHANGING:
                setattr(same, name, getattr(draft, name))
            self.changed.append(same)
            self.results[index] = same
        else:
            row = _row(draft)
            held.append(row)
            self.opened.append(row)
            self.results[index] = row

    def _refusal(self, draft: DutyDraft, others: list[Duty]) -> str:
        if refusal := _shape_refusal(draft, self.now):
            return refusal
        facts = {"name": str(draft.user), "organization": draft.organization.name}
        if not draft.organization.active:
            return _("“%(organization)s”已停用，请先启用它。") % facts
        if not draft.user.is_active:
            return _("%(name)s 的账号已停用，请换一个人。") % facts
        if not any(self._fits(post, draft) for post in self.posts.get(draft.user.pk, ())):
            return _nobody_there(draft.leader) % facts
        if any(row.starts < draft.ends and row.ends > draft.starts for row in others):
            return _("%(name)s 在这段时间里已经排了“%(organization)s”的班。") % facts
        return ""

    def _fits(self, post: Post, draft: DutyDraft) -> bool:
        """Whether this post puts its holder on that roster for the whole shift."""
        through = post.valid_until is None or post.valid_until >= draft.ends
        if post.valid_from > draft.starts or not through:
            return False
        return self._leads(post, draft) if draft.leader else _staffs(post, draft.organization)

    def _leads(self, post: Post, draft: DutyDraft) -> bool:
        if post.role not in LEADING_ROLES:
            return False
        if post.role == Role.UNIT_HEAD:
            return draft.organization.pk in self._family(post.organization_id or 0)
        area = post.area or (post.organization.area if post.organization else None)
        served = draft.organization.area
        return area is not None and served is not None and served.code.startswith(area.code)

    @cached_property
    def _families(self) -> dict[int, set[int]]:
        return {}

    def _family(self, organization: int) -> set[int]:
        if organization not in self._families:
            self._families[organization] = family_of(organization=organization)
        return self._families[organization]

    def check(self) -> None:
        """ValidationError with the refusals, each with its shift where there are several."""
        texts = [
            f"{day(self.drafts[index].starts)} {text}" if len(self.drafts) > 1 else text
            for index, text in sorted(self.refusals.items())
        ]
        if len(texts) > SAID:
            more = {"count": len(texts) - SAID}
            texts = [*texts[:SAID], _("还有 %(count)d 处同样不行。") % more]
        if texts:
            raise ValidationError(texts)


def _row(draft: DutyDraft) -> Duty:
    return Duty(
        organization=draft.organization,
        user=draft.user,
        starts=draft.starts,
        ends=draft.ends,
        position=draft.position,
        leader=draft.leader,
        note=draft.note,
    )


def _staffs(post: Post, organization: Organization) -> bool:
    """Its own staff, the head above it, and at a desk whoever has the area."""
    if post.role not in UNIT_ROLES:
        return False
    if post.organization_id is None:
        desk = organization.kind == Organization.Kind.DESK
        return desk and organization.area_id == post.area_id
    above = post.role == Role.UNIT_HEAD and post.organization_id == organization.parent_id
    return above or post.organization_id == organization.pk


def _shape_refusal(draft: DutyDraft, now: datetime) -> str:
    if draft.ends <= draft.starts:
        return _("结束时间要晚于开始时间。")
    if draft.ends - draft.starts > LONGEST_SHIFT:
        return _("一班最长 7 天，请核对日期。")
    if draft.ends <= now:
        return _("这一班已经过去，不能再排。")
    if not 1 <= draft.position <= LAST_POSITION:
        return _("呼叫顺序写 1 到 %(last)d 的数字，1 最先。") % {"last": LAST_POSITION}
    if len(draft.note) > LONGEST_NOTE:
        return _("备注最多 %(most)d 个字，请写短一些。") % {"most": LONGEST_NOTE}
    return far_refusal(draft.starts, now)


def _nobody_there(leader: bool) -> str:
    if leader:
        return _(
            "%(name)s 在这一班没有能带班的岗位：带班领导是“%(organization)s”的负责人、"
            "所在街道的领导或区级派遣员。"
        )
    return _("%(name)s 在这一班不是“%(organization)s”的人：请先登记岗位，或换一个人。")
