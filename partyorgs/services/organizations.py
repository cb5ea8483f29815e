"""Writes on organizations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from grid.models import Area
from grid.services import Saved
from partyorgs.models import CellOwnership, Organization, Post
from partyorgs.services.posts import seat_refusal
from partyorgs.services.timeline import BATCH, refusals_in_words

CHANGEABLE = ["name", "kind", "parent", "area", "phone"]


@dataclass(frozen=True)
class OrganizationDraft:
    """An organization as a list names it; `parent_code` and `area_code` are "" for none."""

    code: str
    name: str
    kind: str
    parent_code: str = ""
    area_code: str = ""
    phone: str = ""


def save_organization(*, organization: Organization, now: datetime) -> Organization:
    """Stores a new or changed organization.

    ValidationError by field: a tree without circles, a desk with its area, an
    owner of cells that stays a party organization in use, and no post of today
    whose seat the change would make impossible.
    """
    organization.full_clean()
    with refusals_in_words():
        _refuse_circle(organization)
        _refuse_desk_without_area(organization)
        if organization.pk:
            _refuse_ownerless_cells(organization, now)
            _refuse_unseated_posts(organization, now)
        organization.save()
    return organization


def save_organizations(*, drafts: Sequence[OrganizationDraft], now: datetime) -> Saved:
    """Makes organizations, or corrects those that have the code; parents may stand in `drafts`.

    New ones go in bulk. ValidationError as for one, and for an unknown parent
    or area.
    """
    with refusals_in_words():
        known = {row.code: row for row in Organization.objects.select_related("parent", "area")}
        areas = {area.code: area for area in Area.objects.filter(code__in=_area_codes(drafts))}
        fresh: dict[str, Organization] = {}
        updated = 0
        for draft in drafts:
            if draft.code not in known:
                fresh[draft.code] = known[draft.code] = _new(draft)
        for draft in drafts:
            row = known[draft.code]
            fields = _fields(draft, known, areas)
            if draft.code in fresh:
                _check_new(row, fields)
            elif any(getattr(row, name) != value for name, value in fields.items()):
                _set(row, fields)
                save_organization(organization=row, now=now)
                updated += 1
        _insert(fresh)
    return Saved(len(fresh), updated, len(drafts) - len(fresh) - updated)


def _area_codes(drafts: Sequence[OrganizationDraft]) -> set[str]:
    return {draft.area_code for draft in drafts if draft.area_code}


def _new(draft: OrganizationDraft) -> Organization:
    return Organization(code=draft.code, name=draft.name, kind=draft.kind, phone=draft.phone)


def _fields(
    draft: OrganizationDraft, known: dict[str, Organization], areas: dict[str, Area]
) -> dict[str, object]:
    for code, rows in ((draft.parent_code, known), (draft.area_code, areas)):
        if code and code not in rows:
            raise ValidationError(_("找不到“%(key)s”，请先导入它。") % {"key": code})
    return {
        "name": draft.name,
        "kind": draft.kind,
        "parent": known[draft.parent_code] if draft.parent_code else None,
        "area": areas[draft.area_code] if draft.area_code else None,
        "phone": draft.phone,
    }


def _set(row: Organization, fields: dict[str, object]) -> None:
    for name, value in fields.items():
        setattr(row, name, value)


def _check_new(row: Organization, fields: dict[str, object]) -> None:
    _set(row, fields)
    row.clean_fields(exclude=["parent", "area"])
    _refuse_circle(row)
    _refuse_desk_without_area(row)


def _insert(fresh: dict[str, Organization]) -> None:
    """Parents before children, a generation at a time."""
    waiting = list(fresh.values())
    while waiting:
        ready = [row for row in waiting if row.parent is None or row.parent.pk]
        for row in ready:
            # The parent got its key after it was put here.
            row.parent = row.parent
        Organization.objects.bulk_create(ready, batch_size=BATCH)
        waiting = [row for row in waiting if not row.pk]


def _refuse_circle(organization: Organization) -> None:
    seen = {organization.code}
    above = organization.parent
    while above is not None:
        if above.code in seen:
            raise ValidationError({"parent": _("上级不能是它自己或它的下级，请改选。")})
        seen.add(above.code)
        above = above.parent


def _refuse_desk_without_area(organization: Organization) -> None:
    if organization.kind == Organization.Kind.DESK and organization.area is None:
        raise ValidationError({"area": _("值守台要有服务区域，请选街道或区。")})


def _refuse_ownerless_cells(organization: Organization, now: datetime) -> None:
    owner = organization.kind in Organization.PARTY_KINDS and organization.active
    if owner:
        return
    cells = CellOwnership.objects.filter(organization=organization).exclude(valid_until__lte=now)
    if count := cells.count():
        field = "active" if not organization.active else "kind"
        text = _("它还有 %(count)d 个网格，请先移交给别的党组织。") % {"count": count}
        raise ValidationError({field: text})


def _refuse_unseated_posts(organization: Organization, now: datetime) -> None:
    """Rights follow the organization's area and kind: a change must not hand out other rights."""
    posts = Post.objects.filter(organization=organization).exclude(valid_until__lte=now)
    for role in sorted(set(posts.order_by().values_list("role", flat=True))):
        if refusal := seat_refusal(role, organization):
            raise ValidationError(
                _("这样改，现有岗位就不合规定：%(reason)s请先结束这些岗位。") % {"reason": refusal}
            )
