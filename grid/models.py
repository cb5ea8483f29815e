"""Areas, the grid cells they are divided into, and the places people name."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

AREA_CODE_LENGTHS = {"district": 6, "street": 9, "community": 12}
CELL_CODE_LENGTH = 15
MICRO_CELL_CODE_LENGTH = 17


def _length_is(length: int) -> Q:
    return Q(Exact(Length("code"), length))


class Area(models.Model):
    """A district, street or community with its statistics-bureau code (6, 9 or 12 digits)."""

    class Level(models.TextChoices):
        DISTRICT = "district", _("区县")
        STREET = "street", _("街道（镇、乡）")
        COMMUNITY = "community", _("社区（村）")

    code = models.CharField(
        _("代码"),
        max_length=12,
        unique=True,
        validators=[RegexValidator(r"^[0-9]+\Z", _("代码只能由数字组成。"))],
    )
    name = models.CharField(_("名称"), max_length=100)
    level = models.CharField(_("层级"), max_length=10, choices=Level.choices)
    parent = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("上级"),
    )

    class Meta:
        verbose_name = _("区域")
        verbose_name_plural = _("区域")
        ordering: ClassVar[list[str]] = ["code"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="grid_area_code_length",
                condition=(
                    Q(level="district") & _length_is(6)
                    | Q(level="street") & _length_is(9)
                    | Q(level="community") & _length_is(12)
                ),
                violation_error_message=_("代码长度与层级不符：区县 6 位，街道 9 位，社区 12 位。"),
            ),
            models.CheckConstraint(
                name="grid_area_parent_by_level",
                condition=Q(level="district", parent__isnull=True)
                | Q(level__in=["street", "community"], parent__isnull=False),
                violation_error_message=_("街道和社区要有上级，区县没有上级。"),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CellQuerySet(models.QuerySet["Cell"]):
    def valid_at(self, at: datetime) -> CellQuerySet:
        """Cells in force at the instant `at`: [valid_from, valid_until)."""
        return self.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=at), valid_from__lte=at)

    def whole(self) -> CellQuerySet:
        """Cells proper, without the micro-cells inside them."""
        return self.filter(parent__isnull=True)

    def with_areas(self) -> CellQuerySet:
        """Community, street and district in the same query."""
        return self.select_related("community__parent__parent")

    def without_boundary(self) -> CellQuerySet:
        """Leaves the boundary, tens of kilobytes, in the database until it is asked for."""
        return self.defer("boundary", "shape")


class Cell(models.Model):
    """A grid cell: 15-digit code (community and serial), or a micro-cell with 17 digits.

    Codes are never reused: a split or merge ends a cell at `valid_until` and
    names the successors in `replaced_by`. `shape` is `boundary` as WKB, which
    reads about ten times faster; `grid.services.save_cells` writes both.
    """

    class Kind(models.TextChoices):
        BASE = "base", _("基础网格")
        SPECIAL = "special", _("专属网格")

    code = models.CharField(
        _("网格代码"),
        max_length=MICRO_CELL_CODE_LENGTH,
        unique=True,
        validators=[
            RegexValidator(
                r"^([0-9]{15}|[0-9]{17})\Z", _("网格代码是 15 位数字，微网格是 17 位数字。")
            )
        ],
    )
    name = models.CharField(_("名称"), max_length=100)
    kind = models.CharField(_("类型"), max_length=10, choices=Kind.choices, default=Kind.BASE)
    community = models.ForeignKey(
        Area, on_delete=models.PROTECT, related_name="cells", verbose_name=_("社区")
    )
    parent = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="micro_cells",
        verbose_name=_("所属网格"),
    )
    boundary = models.JSONField(_("边界"), null=True, blank=True)
    shape = models.BinaryField(null=True, editable=False)
    min_lng = models.FloatField(null=True, blank=True, editable=False)
    min_lat = models.FloatField(null=True, blank=True, editable=False)
    max_lng = models.FloatField(null=True, blank=True, editable=False)
    max_lat = models.FloatField(null=True, blank=True, editable=False)
    valid_from = models.DateTimeField(_("启用时间"))
    valid_until = models.DateTimeField(_("停用时间"), null=True, blank=True)
    replaced_by = models.ManyToManyField(
        "self",
        symmetrical=False,
        blank=True,
        related_name="replaces",
        verbose_name=_("由哪些网格接替"),
    )

    objects = CellQuerySet.as_manager()

    class Meta:
        verbose_name = _("网格")
        verbose_name_plural = _("网格")
        ordering: ClassVar[list[str]] = ["code"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="grid_cell_code_length",
                condition=Q(parent__isnull=True) & _length_is(CELL_CODE_LENGTH)
                | Q(parent__isnull=False) & _length_is(MICRO_CELL_CODE_LENGTH),
                violation_error_message=_("网格代码是 15 位；微网格代码是 17 位，并要有所属网格。"),
            ),
            models.CheckConstraint(
                name="grid_cell_has_shape",
                condition=Q(
                    boundary__isnull=False,
                    shape__isnull=False,
                    min_lng__isnull=False,
                    min_lat__isnull=False,
                    max_lng__isnull=False,
                    max_lat__isnull=False,
                )
                | Q(
                    parent__isnull=False,
                    boundary__isnull=True,
                    shape__isnull=True,
                    min_lng__isnull=True,
                    min_lat__isnull=True,
                    max_lng__isnull=True,
                    max_lat__isnull=True,
                ),
                violation_error_message=_("网格要有边界；只有微网格可以没有。"),
            ),
            models.CheckConstraint(
                name="grid_cell_valid_range",
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=F("valid_from")),
                violation_error_message=_("停用时间要晚于启用时间。"),
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        return self.name or self.code

    @property
    def street(self) -> Area:
        return _parent_of(self.community)

    @property
    def district(self) -> Area:
        return _parent_of(self.street)


def _parent_of(area: Area) -> Area:
    if area.parent is None:
        # The database refuses such a row; this tells the type checker so.
        raise ValueError(f"area {area.code} has no parent")
    return area.parent


class CellBucket(models.Model):
    """One square of 0.005° that a cell touches: the index by which points find cells."""

    cell = models.ForeignKey(Cell, on_delete=models.CASCADE, related_name="buckets")
    x = models.IntegerField()
    y = models.IntegerField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["x", "y", "cell"], name="grid_cellbucket_once"),
        ]

    def __str__(self) -> str:
        return f"{self.x},{self.y}"


class PlaceQuerySet(models.QuerySet["Place"]):
    def with_areas(self) -> PlaceQuerySet:
        """Compound, cell, community and street in the same query; no boundaries."""
        return self.select_related("parent", "cell__community__parent").defer(
            "cell__boundary", "cell__shape"
        )


class Place(models.Model):
    """A compound, a building or a landmark: what people say instead of coordinates."""

    class Kind(models.TextChoices):
        COMPOUND = "compound", _("小区")
        BUILDING = "building", _("楼栋")
        LANDMARK = "landmark", _("地标")

    name = models.CharField(_("名称"), max_length=100)
    aliases = models.TextField(_("别名"), blank=True, help_text=_("每行一个。"))
    kind = models.CharField(_("类型"), max_length=10, choices=Kind.choices)
    lat = models.FloatField(_("纬度"), validators=[MinValueValidator(-90), MaxValueValidator(90)])
    lng = models.FloatField(_("经度"), validators=[MinValueValidator(-180), MaxValueValidator(180)])
    cell = models.ForeignKey(
        Cell,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="places",
        verbose_name=_("网格"),
    )
    parent = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="buildings",
        verbose_name=_("所在小区"),
    )
    search = models.TextField(editable=False, default="")

    objects = PlaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("地点")
        verbose_name_plural = _("地点")
        ordering: ClassVar[list[str]] = ["name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["parent", "name"],
                condition=Q(parent__isnull=False),
                name="grid_place_once_in_compound",
                violation_error_message=_("这个小区里已经有同名的地点。"),
            ),
            models.UniqueConstraint(
                fields=["cell", "name"],
                condition=Q(parent__isnull=True),
                name="grid_place_once_in_cell",
                violation_error_message=_("这个网格里已经有同名的地点。"),
            ),
            models.CheckConstraint(
                name="grid_place_on_earth",
                condition=Q(lat__gte=-90, lat__lte=90, lng__gte=-180, lng__lte=180),
                violation_error_message=_("经纬度超出范围。"),
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The name as people say it: a building is said with its compound."""
        if self.parent is None or self.name.startswith(self.parent.name):
            return self.name
        return f"{self.parent.name}{self.name}"

    def alias_list(self) -> list[str]:
        return [alias for alias in self.aliases.splitlines() if alias]
