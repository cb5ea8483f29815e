"""The form of a person's own channels. Stored addresses are never shown again whole."""

import re
from datetime import time

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from notices.models import PERSONAL, Channel, ChannelChoice, QuietHours
from notices.secrecy import Unreadable, unseal
from notices.services import Choice

WHEN = [("post", _("按岗位默认")), ("on", _("始终使用")), ("off", _("不使用"))]
ENABLED = {"post": None, "on": True, "off": False}
MOBILE = re.compile(r"1[3-9]\d{9}")


def masked(address: str) -> str:
    """An address that its owner recognizes and a passer-by cannot use."""
    name, at, host = address.partition("@")
    if at:
        return f"{name[:1]}***@{host}"
    return f"{address[:3]}****{address[-4:]}" if len(address) > 7 else "****"


def shown_address(choice: ChannelChoice | None) -> str:
    """The stored address, masked; nothing when there is none or no key opens it."""
    try:
        address = unseal(choice.address) if choice else ""
    except Unreadable:
        return ""
    return masked(address) if address else ""


class ChannelsForm(forms.Form):
    """E-mail, text messages and quiet hours. An empty address keeps the stored one."""

    email_when = forms.ChoiceField(label=_("何时用电子邮件"), choices=WHEN)
    email = forms.CharField(
        label=_("邮箱地址"),
        required=False,
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    email_forget = forms.BooleanField(label=_("删除已保存的邮箱地址"), required=False)
    sms_when = forms.ChoiceField(label=_("何时用短信"), choices=WHEN)
    sms = forms.CharField(
        label=_("手机号码"),
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel"}),
    )
    sms_forget = forms.BooleanField(label=_("删除已保存的手机号码"), required=False)
    starts = forms.TimeField(
        label=_("免打扰开始"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    ends = forms.TimeField(
        label=_("免打扰结束"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )

    @classmethod
    def stored(cls, choices: dict[str, ChannelChoice], quiet: QuietHours | None) -> "ChannelsForm":
        """The form as the person left it; addresses stay empty."""
        words = {enabled: word for word, enabled in ENABLED.items()}
        when = {
            f"{channel}_when": words[choices[channel].enabled if channel in choices else None]
            for channel in PERSONAL
        }
        return cls(
            initial={
                **when,
                "starts": quiet.starts if quiet else QuietHours.STARTS,
                "ends": quiet.ends if quiet else QuietHours.ENDS,
            }
        )

    def clean_email(self) -> str:
        """An address that mail can be sent to."""
        address: str = self.cleaned_data["email"].strip()
        if address:
            try:
                validate_email(address)
            except ValidationError:
                raise ValidationError(_("请填写完整的邮箱地址，例如 name@example.cn。")) from None
        return address

    def clean_sms(self) -> str:
        """A mobile number of eleven digits; spaces, hyphens and +86 are taken off."""
        number = re.sub(r"[\s-]", "", self.cleaned_data["sms"]).removeprefix("+86")
        if number and not MOBILE.fullmatch(number):
            raise ValidationError(_("请填写 11 位手机号码。"))
        return number

    def choices(self) -> dict[str, Choice]:
        """What the person chose, for `services.choose`."""
        data = self.cleaned_data
        return {
            channel.value: (
                ENABLED[data[f"{channel}_when"]],
                "" if data[f"{channel}_forget"] else data[channel.value] or None,
            )
            for channel in PERSONAL
        }

    def quiet(self) -> tuple[time, time]:
        """Start and end of the quiet hours."""
        return self.cleaned_data["starts"], self.cleaned_data["ends"]


def channel_of(text: str) -> str | None:
    """The personal channel of that key; None for anything else."""
    return text if text in (Channel.EMAIL, Channel.SMS) else None
