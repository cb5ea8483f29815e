"""Filing an issue under a leaf and one of its conditions."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from matters.models import Condition
from matters.queries import Matter, UnknownMatter, matter


def filed_under(category: str, condition: str) -> Matter:
    """The leaf and its condition by their codes; ValidationError by field."""
    try:
        return matter(category=category, condition=condition)
    except UnknownMatter as unknown:
        raise ValidationError({unknown.field: _("没有这一项，请重新选择。")}) from unknown


def more_urgent(condition: Condition, *, than: Condition | None) -> bool:
    """Whether filing under it would be more urgent: critical before not, then the shorter limit."""
    if than is None or condition.critical != than.critical:
        return condition.critical
    return condition.minutes < than.minutes
