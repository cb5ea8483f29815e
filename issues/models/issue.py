"""The issue, and the units it was sent to."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from grid.models import Area, Cell, Place
from issues.workflow import OPEN, Asked, State
from matters.models import Category, Condition
from partyorgs.models import Level, Organization
from partyorgs.rules import Scope
from residents.models import Contact

# The plain columns by which an issue belongs to somebody's scope: each has the
# index ranges that its queues read, so a list never joins to find out whose it is.
SCOPE_COLUMNS = {
    "district_id": "districts",
    "street_id": "streets",
    "community_id": "communities",
    "cell_id": "cells",
    "owner_id": "owners",
    "unit_id": "units_apart",
}
ALSO_COLUMNS = {"also_cell_id": "cells", "also_owner_id": "owners"}


class IssueQuerySet(models.QuerySet["Issue"]):
    """Issues; `visible_to` is the only door to them."""

    def visible_to(self, scope: Scope) -> Self:
        """What this scope may see: its areas, cells, owners, units, helping parts, own reports.

        Somebody without a valid post sees nothing, not even former reports.
        """
        parts = scope_parts(scope)
        if not parts:
            return self.none()
        seen = parts[0]
        for part in parts[1:]:
            seen |= part
        return self.filter(seen)


def scope_parts(scope: Scope, *, own: bool = True) -> list[Q]:
    """The index ranges that make up a scope; their union is what it may see.

    `own` False leaves out the person's own reports, and those of whoever they
    stand in for, outside the posts' reach.
    """
    if not scope.seats:
        return []
    parts = [
        Q(**{f"{column}__in": sorted(ids)})
        for column, plural in SCOPE_COLUMNS.items()
        if (ids := scope.reach(plural))
    ]
    if units := scope.reach("units_apart"):
        helping = Assignment.objects.filter(
            role=Assignment.Role.HELPER, ended_at=None, unit_id__in=sorted(units)
        )
        parts.append(Q(pk__in=helping.values("issue_id")))
    # A matter on the border is the neighbours' too.
    parts += [
        Q(**{f"{column}__in": sorted(ids)})
        for column, plural in ALSO_COLUMNS.items()
        if (ids := scope.reach(plural))
    ]
    if own and not covers_own_reports(scope):
        parts.append(Q(reporter_id__in=sorted(scope.persons)))
    return parts


def covers_own_reports(scope: Scope) -> bool:
    """Whether the scope sees a whole district, so that own reports need no range of their own."""
    return bool(scope.reach("districts"))


class Issue(models.Model):
    """A report about a place or a matter (问题单), never about a person."""

    class Source(models.TextChoices):
        WORKER = "worker", _("网格员")
        STEWARD = "steward", _("微网格员")
        PUBLIC = "public", _("群众")
        PARTNER = "partner", _("单位")
        HOTLINE = "hotline", _("热线")
        IMPORT = "import", _("导入")
        INSPECTION = "inspection", _("巡查")

    number = models.CharField(_("编号"), max_length=24, unique=True)
    source = models.CharField(_("来源"), max_length=12, choices=Source.choices)
    state = models.CharField(_("状态"), max_length=20)
    is_open = models.BooleanField(default=True)
    level = models.CharField(_("层级"), max_length=10, choices=Level.choices, blank=True)
    category = models.ForeignKey(Category, models.PROTECT, null=True, db_index=False)
    condition = models.ForeignKey(Condition, models.PROTECT, null=True, db_index=False)
    critical = models.BooleanField(_("紧急"), default=False)
    description = models.TextField(_("情况说明"))

    lat = models.FloatField()
    lng = models.FloatField()
    datum = models.CharField(max_length=8, default="wgs84")
    place_text = models.CharField(_("位置描述"), max_length=200, blank=True)
    place = models.ForeignKey(Place, models.SET_NULL, null=True, db_index=False)

    district = models.ForeignKey(Area, models.PROTECT, null=True, db_index=False, related_name="+")
    street = models.ForeignKey(Area, models.PROTECT, null=True, db_index=False, related_name="+")
    community = models.ForeignKey(Area, models.PROTECT, null=True, db_index=False, related_name="+")
    cell = models.ForeignKey(Cell, models.PROTECT, null=True, db_index=False, related_name="issues")
    owner = models.ForeignKey(
        Organization, models.PROTECT, null=True, db_index=False, related_name="owned_issues"
    )
    unit = models.ForeignKey(
        Organization, models.PROTECT, null=True, db_index=False, related_name="unit_issues"
    )
    doer = models.ForeignKey(
        Organization, models.PROTECT, null=True, db_index=False, related_name="+"
    )

    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="reports"
    )
    contact = models.OneToOneField(Contact, models.SET_NULL, null=True)

    yellow_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(_("到期时间"), null=True)
    returns = models.PositiveSmallIntegerField(default=0)
    reworks = models.PositiveSmallIntegerField(default=0)
    outcome = models.CharField(max_length=12, blank=True)
    # The highest rung recorded on the running limit; to whom the ladder or a third
    # return raised it; a supervision order that waits for its answer; a call of the duty.
    escalated = models.PositiveSmallIntegerField(default=0)
    raised_to = models.CharField(_("提级至"), max_length=10, choices=Level.choices, blank=True)
    answer_due_at = models.DateTimeField(_("督办答复期限"), null=True)
    called_at = models.DateTimeField(_("呼叫值班时间"), null=True)
    created_at = models.DateTimeField(_("上报时间"))
    handled_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    # A final judgement ended the argument about whose it is: no more returns.
    judged = models.BooleanField(_("已终审"), default=False)
    # What a unit asked for and a deputy decides; what was granted before.
    asked = models.CharField(max_length=12, blank=True, choices=[(str(a), str(a)) for a in Asked])
    extensions = models.PositiveSmallIntegerField(default=0)
    suspensions = models.PositiveSmallIntegerField(default=0)
    suspended_until = models.DateTimeField(_("挂账至"), null=True)
    planned_for = models.DateField(_("计划完成日期"), null=True)
    # Late is a fact of the handling limit; an appeal exempts the statistics only.
    was_late = models.BooleanField(default=False)
    appealed = models.BooleanField(default=False)
    exempt = models.BooleanField(default=False)
    # Critical, reworked, or shown by a photo that another issue has: checked on the spot.
    must_visit = models.BooleanField(default=False)
    sampled = models.BooleanField(_("抽查"), default=False)
    survey_asked = models.BooleanField(_("待回访"), default=False)
    # The leader on duty acted first: another person signs by then.
    countersign_by = models.DateTimeField(_("补签期限"), null=True)
    open_parts = models.PositiveSmallIntegerField(default=0)
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, db_index=False, related_name="merged"
    )
    split_from = models.ForeignKey(
        "self", models.PROTECT, null=True, db_index=False, related_name="split"
    )
    # Another cell that the matter touches, and who owned it at that moment.
    also_cell = models.ForeignKey(Cell, models.PROTECT, null=True, db_index=False, related_name="+")
    also_owner = models.ForeignKey(
        Organization, models.PROTECT, null=True, db_index=False, related_name="+"
    )
    external_number = models.CharField(_("来源编号"), max_length=40, blank=True)

    version = models.PositiveIntegerField(default=1)
    event_count = models.PositiveIntegerField(default=0)
    last_hash = models.CharField(max_length=64, blank=True)

    objects = IssueQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("问题单")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[str(state) for state in sorted(State)]),
                name="issue_state_known",
            ),
            models.CheckConstraint(
                condition=Q(is_open=True, state__in=[str(state) for state in sorted(OPEN)])
                | Q(is_open=False, state__in=[str(state) for state in sorted(set(State) - OPEN)]),
                name="issue_open_says_state",
            ),
            models.CheckConstraint(
                condition=Q(is_open=False) | Q(due_at__isnull=False),
                name="issue_open_has_clock",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["dispatched", "handling", "suspended", "handled"])
                | Q(unit__isnull=False),
                name="issue_at_work_has_unit",
            ),
            models.CheckConstraint(
                condition=~Q(state="closed") | ~Q(outcome=""),
                name="issue_closed_has_outcome",
            ),
            models.CheckConstraint(
                condition=Q(state="merged", merged_into__isnull=False)
                | (~Q(state="merged") & Q(merged_into=None)),
                name="issue_merged_into_another",
            ),
            models.CheckConstraint(
                condition=Q(state="suspended", suspended_until__isnull=False)
                | (~Q(state="suspended") & Q(suspended_until=None)),
                name="issue_suspended_until",
            ),
            # A ticket comes once; one that was refused or void may be sent again.
            models.UniqueConstraint(
                fields=["external_number", "district"],
                condition=~Q(external_number="") & ~Q(state__in=["rejected", "cancelled"]),
                name="issue_ticket_once",
                violation_error_message=_("这张热线工单已经登记过。"),
            ),
        ]
        indexes = [
            models.Index(
                fields=["merged_into"], condition=Q(merged_into__isnull=False), name="issue_merged"
            ),
            models.Index(
                fields=["split_from"], condition=Q(split_from__isnull=False), name="issue_split"
            ),
            models.Index(
                fields=["also_cell"], condition=Q(also_cell__isnull=False), name="issue_also_cell"
            ),
            models.Index(
                fields=["also_owner"],
                condition=Q(also_owner__isnull=False),
                name="issue_also_owner",
            ),
            # Open reports of one leaf in one cell: what is offered to join.
            models.Index(
                fields=["category", "created_at"], condition=Q(is_open=True), name="issue_alike"
            ),
            # Ended ones that somebody is to call back; few among many.
            models.Index(
                F("created_at").desc(),
                F("id").desc(),
                condition=Q(survey_asked=True),
                name="issue_survey",
            ),
            *(
                models.Index(F(column), F("created_at").desc(), F("id").desc(), name=f"{name}_new")
                for column, name in (
                    ("district", "issue_district"),
                    ("street", "issue_street"),
                    ("community", "issue_community"),
                    ("cell", "issue_cell"),
                    ("owner", "issue_owner"),
                    ("unit", "issue_unit"),
                    ("reporter", "issue_reporter"),
                )
            ),
            *(
                models.Index(
                    fields=[column, "due_at", "id"], condition=Q(is_open=True), name=f"{name}_due"
                )
                for column, name in (
                    ("district", "issue_district"),
                    ("street", "issue_street"),
                    ("community", "issue_community"),
                    ("cell", "issue_cell"),
                    ("owner", "issue_owner"),
                    ("unit", "issue_unit"),
                    ("reporter", "issue_reporter"),
                )
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def subject_key(self) -> str:
        """How a notice names this issue."""
        return f"issue:{self.number}"

    @property
    def areas(self) -> list[Area]:
        """Community, street and district, as far as the place is known."""
        return [area for area in (self.community, self.street, self.district) if area]

    def note_late(self) -> None:
        """Its handling limit was over; an appeal granted before was about an earlier time."""
        self.was_late, self.exempt = True, False


class Assignment(models.Model):
    """One dispatch of an issue to a unit, as lead or helper."""

    class Role(models.TextChoices):
        LEAD = "lead", _("主办")
        HELPER = "helper", _("协办")

    issue = models.ForeignKey(Issue, models.PROTECT, related_name="assignments")
    unit = models.ForeignKey(Organization, models.PROTECT, db_index=False, related_name="+")
    doer = models.ForeignKey(
        Organization, models.PROTECT, null=True, db_index=False, related_name="+"
    )
    role = models.CharField(max_length=8, choices=Role.choices, default=Role.LEAD)
    # What a helper was asked to do, and when it said that it was done; without a
    # part of its own a helper looks on.
    part = models.CharField(_("协办内容"), max_length=200, blank=True)
    done_at = models.DateTimeField(null=True)
    # Who looks on for another reason, by a plain key of a higher room, such as "whistle:W…".
    subject = models.CharField(max_length=80, blank=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("派遣单位")
        constraints = [
            models.UniqueConstraint(
                fields=["issue"],
                condition=Q(role="lead", ended_at=None),
                name="assignment_one_lead",
                violation_error_message=_("一个问题同时只能有一个主办单位。"),
            ),
        ]
        indexes = [
            models.Index(
                fields=["unit", "issue"],
                condition=Q(role="helper", ended_at=None),
                name="assignment_helping",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.issue_id} → {self.unit_id}"
