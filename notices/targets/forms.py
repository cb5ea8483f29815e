"""Forms for targets and allowed hosts. What is stored sealed is never shown again."""

from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from notices.channels import CHANNELS
from notices.models import GROUP, Channel, Notice, Target
from notices.targets.services import Wish
from notices.wording import sentence_of

# Kinds that concern no group: what stands in for others, and the outbox's own.
NOT_FOR_GROUPS = {"default", Notice.BUNDLE, "test"}


def kinds() -> list[tuple[str, str]]:
    """The kinds that have words of their own, with these words."""
    folder = Path(settings.BASE_DIR) / "templates" / "notices" / "kinds"
    names = sorted({path.stem for path in folder.glob("*.html")} - NOT_FOR_GROUPS)
    return [(name, sentence_of(Notice(kind=name), facts={}) or name) for name in names]


class TargetForm(forms.Form):
    """A target. At a change, an empty address or secret stays as stored."""

    name = forms.CharField(label=_("名称"), max_length=80, help_text=_("例如：环卫处置群。"))
    channel = forms.ChoiceField(
        label=_("渠道"), choices=[(channel.value, channel.label) for channel in GROUP]
    )
    address = forms.CharField(
        label=_("推送地址"),
        required=False,
        max_length=1000,
        help_text=_("从群机器人的设置页完整复制；它的主机须在允许的主机中。保存后不再显示。"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    secret = forms.CharField(
        label=_("签名密钥"),
        required=False,
        max_length=200,
        help_text=_("钉钉“加签”或飞书“签名校验”的密钥；网络回调的密钥由系统生成。"),
        # What was typed comes back with a mistake elsewhere; what is stored never does.
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}, render_value=True),
    )
    audience = forms.RegexField(
        r"^[a-z]+(:[\w.-]+)?$",
        label=_("范围"),
        required=False,
        max_length=80,
        strip=True,
        help_text=_("留空为全部；只要某单位的事项，写 org: 加单位代码，例如 org:clean。"),
        error_messages={"invalid": _("请留空，或写成 org: 加单位代码，例如 org:clean。")},
    )
    kinds = forms.MultipleChoiceField(
        label=_("通知种类"),
        required=False,
        help_text=_("一个也不选就是全部。"),
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, target: Target | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.target = target
        self.fields["address"].required = target is None
        self.fields["kinds"].choices = kinds()  # type: ignore[attr-defined]

    @classmethod
    def stored(cls, target: Target) -> "TargetForm":
        """The form as the target stands; address and secret stay empty."""
        names = ("name", "channel", "audience", "kinds")
        return cls(target=target, initial={name: getattr(target, name) for name in names})

    def clean_name(self) -> str:
        """A name that no other target has."""
        name: str = self.cleaned_data["name"]
        same = Target.objects.filter(name=name)
        if self.target is not None:
            same = same.exclude(pk=self.target.pk)
        if same.exists():
            raise ValidationError(_("已有同名的通知对象，请换一个名称。"))
        return name

    def clean(self) -> dict[str, Any]:
        """Check an address by its channel; a new channel needs a new one."""
        data = super().clean() or self.cleaned_data
        channel, address = data.get("channel"), (data.get("address") or "").strip()
        keeps = self.target is not None and self.target.channel == channel
        if channel and address:
            try:
                CHANNELS[channel].check(address)
            except ValidationError as wrong:
                self.add_error("address", wrong)
        elif "address" not in self.errors and not keeps:
            self.add_error("address", _("换了渠道，请填写新的推送地址。"))
        if channel == Channel.WEBHOOK and data.get("secret"):
            self.add_error("secret", _("网络回调的密钥由系统生成，请留空。"))
        return data

    def wish(self) -> Wish:
        """What is asked for, for the services."""
        data = self.cleaned_data
        return Wish(
            name=data["name"],
            channel=data["channel"],
            address=data["address"].strip() or None,
            secret=data["secret"].strip() or None,
            audience=data["audience"],
            kinds=data["kinds"],
        )


class HostForm(forms.Form):
    """An entry of the list of allowed hosts."""

    pattern = forms.CharField(
        label=_("主机"),
        max_length=120,
        help_text=_("主机名、*.example.gov.cn，或网段，例如 10.20.0.0/16。内网地址须列入网段。"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    note = forms.CharField(label=_("说明"), max_length=120, required=False)
