"""Sign-in, sign-out, language and the account page.

An address that only takes forms leads a GET back to the account page: the
language button on a refused form returns there.
"""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView, LogoutView
from django.core.exceptions import ValidationError
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import check_for_language
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe
from django.views.i18n import set_language

from accounts import services
from accounts.forms import PasswordForm, SignInForm, TokenForm
from accounts.models import User
from accounts.queries import demo_users


class SignIn(LoginView):
    """Sign in and go on to `next`, which must be an address of this site (ASVS 3.7.2)."""

    template_name = "accounts/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_initial(self) -> dict[str, Any]:
        """Carry on where the visitor wanted to go, if it is here."""
        return {**super().get_initial(), "next": self.get_redirect_url()}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Whether the demo accounts exist, so that the page may name them."""
        return super().get_context_data(**kwargs, demo=demo_users().exists())

    def form_valid(self, form: BaseForm) -> HttpResponse:
        """Sign in with a new session key, in the language that the user chose before."""
        response = super().form_valid(form)  # type: ignore[arg-type]
        user = self.request.user
        if isinstance(user, User) and user.language:
            _keep_language(response, user.language)
        return response


class SignOut(LogoutView):
    """End the session; by POST only, so that a foreign image cannot do it."""

    http_method_names = ["post", "options"]  # noqa: RUF012


@require_POST
def language(request: HttpRequest) -> HttpResponseBase:
    """Switch the language: a cookie, and for a signed-in user the account too."""
    chosen = request.POST.get("language", "")
    known = chosen in dict(settings.LANGUAGES) and check_for_language(chosen)
    if known and isinstance(request.user, User):
        services.set_language(user=request.user, language=chosen)
    return set_language(request)


@require_safe
@login_required
def account(request: HttpRequest) -> HttpResponse:
    """The account page: change the password, list and end API tokens."""
    return _account_page(request)


@sensitive_post_parameters()
@login_required
def password(request: HttpRequest) -> HttpResponse:
    """Change the password; other sessions and all API tokens end, this session stays."""
    if request.method != "POST":
        return redirect("account")
    user = _user(request)
    form = PasswordForm(user, request.POST)
    if form.is_valid():
        try:
            services.change_password(user=user, password=form.cleaned_data["password"])
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            update_session_auth_hash(request, user)
            messages.success(request, _("密码已修改。其他设备上的登录和全部接口令牌已经失效。"))
            return redirect("account")
    return _account_page(request, password_form=form)


@login_required
def token_create(request: HttpRequest) -> HttpResponse:
    """Make an API token and show it, this once."""
    if request.method != "POST":
        return redirect("account")
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _account_page(request, token_form=form)
    label = form.cleaned_data["label"]
    token = services.issue_token(user=_user(request), label=label, now=timezone.now())
    return render(request, "accounts/token_created.html", {"token": token, "label": label})


@require_POST
@login_required
def token_revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    """End one of one's own API tokens; another's is a 404 like one that never was."""
    if not services.revoke_token(user=_user(request), token_id=token_id):
        raise Http404
    messages.success(request, _("接口令牌已停用。"))
    return redirect("account")


def locked_out(request: HttpRequest, *_facts: object, **_more: object) -> HttpResponse:
    """The answer after too many wrong passwords: 429, as a page or as problem+json."""
    seconds = int(settings.AXES_COOLOFF_TIME * 3600)
    minutes = max(1, round(seconds / 60))
    detail = _("连续输错密码次数过多。请在 %(minutes)s 分钟后再试，或联系管理员。") % {
        "minutes": minutes
    }
    if request.path.startswith("/api/"):
        answer: HttpResponse = JsonResponse(
            {
                "type": "about:blank",
                "title": _("请求过多"),
                "status": 429,
                "detail": detail,
                "errors": {},
            },
            status=429,
            content_type="application/problem+json",
        )
    else:
        answer = render(request, "429.html", {"minutes": minutes}, status=429)
    answer["Retry-After"] = str(seconds)
    return answer


def _user(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def _account_page(
    request: HttpRequest,
    *,
    password_form: PasswordForm | None = None,
    token_form: TokenForm | None = None,
) -> HttpResponse:
    user = _user(request)
    refused = password_form is not None or token_form is not None
    context = {
        "password_form": password_form or PasswordForm(user),
        "token_form": token_form or TokenForm(),
        "tokens": user.api_tokens.all(),
    }
    return render(request, "accounts/account.html", context, status=422 if refused else 200)


def _keep_language(response: HttpResponse, language: str) -> None:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.HTTPS,
        samesite="Lax",
    )
