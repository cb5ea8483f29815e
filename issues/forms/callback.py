"""What the reporter answers by the secret link: three taps."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from issues.models import CallBack
from issues.services.doing import Given

YES, NO = "yes", "no"


def _one_of(label: Any, choices: Any, missing: Any) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label,
        choices=choices,
        widget=forms.RadioSelect,
        error_messages={"required": missing, "invalid_choice": missing},
    )


class CallBackForm(forms.Form):
    """Contacted, solved, satisfied: everything by choice, nothing to type."""

    contacted = _one_of(
        _("办理的人联系过您吗"),
        [(YES, _("联系过")), (NO, _("没有联系"))],
        _("请选择有没有联系过您。"),
    )
    solved = _one_of(
        _("问题解决了吗"),
        [(YES, _("解决了")), (NO, _("没有解决"))],
        _("请选择问题解决了没有。"),
    )
    satisfaction = _one_of(
        _("您对办理满意吗"), CallBack.Satisfaction.choices, _("请选择满意程度。")
    )

    def given(self) -> Given:
        """What the service is given; call it on a valid form."""
        said = self.cleaned_data
        return Given(
            contacted=said["contacted"] == YES,
            solved=said["solved"] == YES,
            satisfaction=said["satisfaction"],
        )
