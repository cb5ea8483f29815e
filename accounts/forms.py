"""Forms of sign-in and of the account page."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiToken, User

if TYPE_CHECKING:
    TokenFormBase = forms.ModelForm[ApiToken]
else:
    TokenFormBase = forms.ModelForm


class SignInForm(AuthenticationForm):
    """Username and password; one answer for every wrong pair (ASVS 6.3.8)."""

    next = forms.CharField(required=False, widget=forms.HiddenInput)
    error_messages = {  # noqa: RUF012 - Django's own form declares it this way
        "invalid_login": _("账号或密码不对。请检查大小写后再试，忘记密码请联系管理员。"),
        "inactive": _("账号或密码不对。请检查大小写后再试，忘记密码请联系管理员。"),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("账号")
        self.fields["password"].label = _("密码")


class PasswordForm(forms.Form):
    """The old password and, twice, the new one."""

    old_password = forms.CharField(
        label=_("当前密码"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    password = forms.CharField(
        label=_("新密码"),
        strip=False,
        help_text=_("至少 8 个字符，不要只用数字或常见密码。"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password_again = forms.CharField(
        label=_("再输入一次新密码"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_old_password(self) -> str:
        """The password that is in force now."""
        password: str = self.cleaned_data["old_password"]
        if not self.user.check_password(password):
            raise ValidationError(_("当前密码不对，请重新输入。"))
        return password

    def clean_password_again(self) -> str:
        """The same words as in the field before."""
        again: str = self.cleaned_data["password_again"]
        if again != self.cleaned_data.get("password"):
            raise ValidationError(_("两次输入的新密码不一样，请重新输入。"))
        return again


class TokenForm(TokenFormBase):
    """What a new API token is for."""

    class Meta:
        model = ApiToken
        fields = ("label",)
        help_texts = {"label": _("写明给哪个程序使用，方便以后停用。")}  # noqa: RUF012
