"""Two small forms: why a phone number is looked at, and what is wrong with this system."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Suggestion


class RevealForm(forms.Form):
    """Why somebody looks at a full phone number."""

    reason = forms.CharField(
        label=_("查看理由"),
        max_length=200,
        help_text=_("例如：约上门时间。查看人、时间和理由会留下记录。"),
        error_messages={"required": _("请写明查看联系方式的理由。")},
    )


class SuggestionForm(forms.Form):
    """A complaint or suggestion about this system."""

    text = forms.CharField(
        label=_("您的意见或投诉"),
        max_length=Suggestion.MAX_LENGTH,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("哪里不好用、哪里多此一举、想要什么，都可以写。不要写居民的个人信息。"),
        error_messages={"required": _("请写下您的意见。")},
    )
    page = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)
