"""Party branches, departments, desks and partners: who owns a cell, answers for what, is there."""

from datetime import datetime
from typing import Self, TypeVar

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from grid.models import Area, Cell
from matters.models import Category
from worktime.models import Calendar

LONGEST_NOTE = 60


class Level(models.TextChoices):
    """Who deals with a matter: solve where it arises first."""

    COMMUNITY = "community", _("社区")
    STREET = "street", _("街道")
    DISTRICT = "district", _("区")


class Organization(models.Model):
    """A party organization, desk, department, utility, property firm or partner."""

    class Kind(models.TextChoices):
        COMMITTEE = "committee", _("党委（党工委）")
        GENERAL_BRANCH = "general_branch", _("党总支")
        BRANCH = "branch", _("党支部")
        PARTY_GROUP = "party_group", _("党小组")
        DESK = "desk", _("值守台")
        DEPARTMENT = "department", _("职能部门")
        UTILITY = "utility", _("公用企业")
        PROPERTY_FIRM = "property_firm", _("物业服务企业")
        PARTNER = "partner", _("共建单位")

    PARTY_KINDS = (Kind.COMMITTEE, Kind.GENERAL_BRANCH, Kind.BRANCH, Kind.PARTY_GROUP)

    code = models.CharField(
        _("代码"),
        max_length=40,
        unique=True,
        validators=[RegexValidator(r"^[A-Za-z0-9._-]+$", _("代码只用字母、数字、点、横线。"))],
    )
    name = models.CharField(_("名称"), max_length=80)
    kind = models.CharField(_("类型"), max_length=16, choices=Kind.choices)
    parent = models.ForeignKey(
        "self", models.PROTECT, related_name="children", null=True, blank=True
    )
    area = models.ForeignKey(
        Area, models.PROTECT, related_name="organizations", null=True, blank=True,
        verbose_name=_("服务区域"),
    )  # fmt: skip
    phone = models.CharField(_("工作电话"), max_length=40, blank=True)
    active = models.BooleanField(_("启用"), default=True)
    calendar = models.ForeignKey(
        Calendar, models.PROTECT, related_name="+", null=True, blank=True,
        verbose_name=_("工作日历"),
        help_text=_("自己的工作时间；不选就用全区的日历。"),
    )  # fmt: skip

    class Meta:
        ordering = ["code"]
        verbose_name = verbose_name_plural = _("组织")
        indexes = [models.Index(fields=["area", "kind"], name="organization_desk_of_area")]

    def __str__(self) -> str:
        return self.name


M = TypeVar("M", bound=models.Model)


class DatedQuerySet(models.QuerySet[M]):
    """Rows with a half-open range [valid_from, valid_until)."""

    def valid_at(self, at: datetime) -> Self:
        return self.filter(
            Q(valid_until=None) | Q(valid_until__gt=at),
            valid_from__lte=at,
        )


def ends_after_start(name: str) -> models.CheckConstraint:
    """The constraint of every dated table: a range never ends before it starts."""
    return models.CheckConstraint(
        condition=Q(valid_until=None) | Q(valid_until__gt=F("valid_from")),
        name=name,
        violation_error_message=_("结束时间要晚于开始时间。"),
    )


class Dated(models.Model):
    """A fact with a half-open range of instants."""

    valid_from = models.DateTimeField(_("开始"))
    valid_until = models.DateTimeField(_("结束"), null=True, blank=True)

    class Meta:
        abstract = True

    def valid_at(self, at: datetime) -> bool:
        return self.valid_from <= at and (self.valid_until is None or at < self.valid_until)


class CellOwnership(Dated):
    """The party organization that owns a cell for a time.

    Geography knows no politics: a handover is a new row here, and the database
    refuses two owners of one cell at one instant (exclusion constraint on
    PostgreSQL, triggers on SQLite; migration 0002).
    """

    cell = models.ForeignKey(Cell, models.PROTECT, related_name="ownerships")
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="ownerships")

    objects = DatedQuerySet["CellOwnership"].as_manager()

    class Meta:
        ordering = ["cell", "valid_from"]
        verbose_name = verbose_name_plural = _("网格归属")
        constraints = [ends_after_start("ownership_ends_after_start")]
        indexes = [models.Index(fields=["cell", "-valid_from"], name="ownership_by_cell")]

    def __str__(self) -> str:
        return f"{self.cell} · {self.organization}"


class Role(models.TextChoices):
    """The posts people hold; rights follow from them at once."""

    STEWARD = "steward", _("微网格员")
    GRID_WORKER = "grid_worker", _("网格员")
    CELL_LEAD = "cell_lead", _("网格长")
    COMMUNITY_HEAD = "community_head", _("社区负责人")
    BRANCH_SECRETARY = "branch_secretary", _("支部书记")
    UNIT_DESK = "unit_desk", _("单位值守员")
    UNIT_HANDLER = "unit_handler", _("处置人员")
    UNIT_HEAD = "unit_head", _("单位负责人")
    STREET_DISPATCHER = "street_dispatcher", _("街道派遣员")
    STREET_LEADER = "street_leader", _("街道领导")
    DISTRICT_DESK = "district_desk", _("区级派遣员")
    ADMIN = "admin", _("管理员")
    AUDITOR = "auditor", _("审计员")


class Post(Dated):
    """A user in a cell, an area or an organization, for a time."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="posts")
    role = models.CharField(_("岗位"), max_length=20, choices=Role.choices)
    cell = models.ForeignKey(Cell, models.PROTECT, related_name="posts", null=True, blank=True)
    area = models.ForeignKey(Area, models.PROTECT, related_name="posts", null=True, blank=True)
    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="posts", null=True, blank=True
    )
    duty_field = models.CharField(_("分管领域"), max_length=60, blank=True)

    objects = DatedQuerySet["Post"].as_manager()

    class Meta:
        ordering = ["user", "valid_from", "pk"]
        verbose_name = verbose_name_plural = _("岗位任职")
        constraints = [
            ends_after_start("post_ends_after_start"),
            models.CheckConstraint(
                condition=(
                    Q(cell__isnull=False, area=None, organization=None)
                    | Q(cell=None, area__isnull=False, organization=None)
                    | Q(cell=None, area=None, organization__isnull=False)
                ),
                name="post_has_one_seat",
                violation_error_message=_("岗位要且只能属于一个网格、一个区域或一个组织。"),
            ),
            *(
                models.UniqueConstraint(
                    fields=["user", "role", seat, "valid_from"],
                    name=f"post_once_in_{seat}",
                    violation_error_message=_("这个岗位已经登记过。"),
                )
                for seat in ("cell", "area", "organization")
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "role"], name="post_by_organization"),
            models.Index(fields=["cell", "role"], name="post_by_cell"),
            models.Index(fields=["area", "role"], name="post_by_area"),
        ]

    def __str__(self) -> str:
        return f"{self.seat} · {self.get_role_display()}"

    @property
    def seat(self) -> Cell | Area | Organization:
        """Where the post is held."""
        found = self.cell or self.area or self.organization
        if found is None:
            raise ValueError("a post without a seat cannot be stored")
        return found


class Responsibility(Dated):
    """An item of the responsibility list (权责清单).

    Leaf × level × area → the unit that does it and the unit that supervises the
    doer. A street inherits the district's item unless it has its own.
    """

    category = models.ForeignKey(Category, models.PROTECT, related_name="responsibilities")
    level = models.CharField(_("层级"), max_length=10, choices=Level.choices)
    area = models.ForeignKey(Area, models.PROTECT, related_name="responsibilities")
    doer = models.ForeignKey(
        Organization, models.PROTECT, related_name="does", verbose_name=_("责任单位")
    )
    supervisor = models.ForeignKey(
        Organization, models.PROTECT, related_name="supervises", null=True, blank=True,
        verbose_name=_("督促单位"),
    )  # fmt: skip
    helpers = models.ManyToManyField(
        Organization, related_name="helps_with", blank=True, verbose_name=_("配合单位")
    )
    basis = models.CharField(_("法律依据"), max_length=200, blank=True)
    direct = models.BooleanField(
        _("直派"),
        default=False,
        help_text=_("区级事项直接派给责任单位；不勾选就先到区值守台。"),
    )

    objects = DatedQuerySet["Responsibility"].as_manager()

    class Meta:
        ordering = ["category", "level", "area", "valid_from"]
        verbose_name = verbose_name_plural = _("权责清单")
        constraints = [ends_after_start("responsibility_ends_after_start")]
        indexes = [models.Index(fields=["category", "area"], name="responsibility_look_up")]

    def __str__(self) -> str:
        return f"{self.category} · {self.area} · {self.doer}"


class Duty(models.Model):
    """Who is called for a desk or unit in the half-open shift [starts, ends).

    `position` is the order of calling, 1 first. `leader`: the leader on duty
    (带班领导), who is called when nobody else answers. It says who can be
    reached, never who was there.
    """

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="duties", db_index=False
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="duties")
    starts = models.DateTimeField(_("开始"))
    ends = models.DateTimeField(_("结束"))
    position = models.PositiveSmallIntegerField(_("呼叫顺序"), default=1)
    leader = models.BooleanField(_("带班领导"), default=False)
    note = models.CharField(_("备注"), max_length=LONGEST_NOTE, blank=True)

    # Who stands in now, where the reader asked for it (`queries.duty_of`).
    stand_in_id: int | None = None

    class Meta:
        ordering = ["organization", "starts", "leader", "position", "pk"]
        verbose_name = verbose_name_plural = _("值班")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends__gt=F("starts")),
                name="duty_ends_after_start",
                violation_error_message=_("结束时间要晚于开始时间。"),
            ),
            models.CheckConstraint(
                condition=Q(position__gte=1),
                name="duty_position_from_one",
                violation_error_message=_("呼叫顺序从 1 开始。"),
            ),
            models.UniqueConstraint(
                fields=["organization", "user", "starts"],
                name="duty_once",
                violation_error_message=_("这个人这一班已经排过。"),
            ),
        ]
        indexes = [models.Index(fields=["organization", "ends"], name="duty_of_organization")]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.starts:%Y-%m-%d %H:%M}"

    @property
    def called_id(self) -> int:
        """The person to call: whoever stands in, else the one on the roster."""
        return self.stand_in_id or self.user_id


class Leave(Dated):
    """A person away for a time, and who stands in (替岗).

    The stand-in sees and does what the absent person could, and counts as that
    person where nobody checks own work (`rules.scope_of`). The database refuses
    two leaves of one person at one instant (migration 0003).
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="leaves")
    stand_in = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="stands_in",
        verbose_name=_("替岗人"),
    )  # fmt: skip
    # Leave hands rights on, so it stays known who said so.
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    objects = DatedQuerySet["Leave"].as_manager()

    class Meta:
        ordering = ["valid_from", "pk"]
        verbose_name = verbose_name_plural = _("请假替岗")
        constraints = [
            ends_after_start("leave_ends_after_start"),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=False),
                name="leave_has_an_end",
                violation_error_message=_("请写请假结束时间。"),
            ),
            models.CheckConstraint(
                condition=~Q(user=F("stand_in")),
                name="leave_not_to_oneself",
                violation_error_message=_("替岗人不能是本人，请选一位同事。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} → {self.stand_in_id}"
