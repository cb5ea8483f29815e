from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client, RequestFactory
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts import services
from accounts.addresses import client_address
from accounts.models import ApiToken, User
from accounts.tokens import TokenAuthentication

PASSWORD = "plum-river-42"
NOW = timezone.now()

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> User:
    return services.create_user(username="wang.fang", password=PASSWORD, now=NOW)


@pytest.fixture
def other() -> User:
    return services.create_user(username="other.person", password=PASSWORD, now=NOW)


def authenticate(header: str):
    request = Request(RequestFactory().get("/", headers={"authorization": header}))
    return TokenAuthentication().authenticate(request)


def test_only_a_digest_of_the_token_is_stored(person):
    token = services.issue_token(user=person, now=NOW)

    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM accounts_apitoken")
        stored = repr(cursor.fetchall())
    assert token not in stored
    assert services.token_digest(token) in stored


def test_a_token_is_found_with_one_query(person, django_assert_num_queries):
    token = services.issue_token(user=person, now=NOW)
    authenticate(f"Token {token}")

    with django_assert_num_queries(1):
        user, found = authenticate(f"Token {token}")
    assert user == person
    assert found.user == person


def test_last_use_is_noted_at_most_once_an_hour(person):
    token = services.issue_token(user=person, now=NOW)
    row = ApiToken.objects.get()
    services.touch_token(token=row, now=NOW)
    row.refresh_from_db()
    services.touch_token(token=row, now=NOW + timedelta(minutes=59))
    row.refresh_from_db()
    assert row.last_used_at == NOW

    services.touch_token(token=row, now=NOW + timedelta(minutes=60))
    row.refresh_from_db()
    assert row.last_used_at == NOW + timedelta(minutes=60)
    assert authenticate(f"token {token}")[0] == person


@pytest.mark.parametrize(
    "header",
    ["Token", "Token a b", "Token short", "Token " + "x" * 43, "Token 令牌", "Token " + "x" * 9999],
)
def test_a_wrong_token_is_refused(person, header):
    with pytest.raises(AuthenticationFailed):
        authenticate(header.encode().decode("latin-1"))


def test_a_token_ends_with_its_age(client, person, settings):
    settings.TOKEN_DAYS = 30
    day = timedelta(days=1)
    old = services.issue_token(user=person, label="旧程序", now=timezone.now() - 30 * day)
    young = services.issue_token(user=person, now=timezone.now() - 29 * day)

    with pytest.raises(AuthenticationFailed):
        authenticate(f"Token {old}")
    assert authenticate(f"Token {young}")[0] == person
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    today = timezone.localdate().isoformat()
    assert f"有效至 {today}" in client.get("/account/").content.decode()


@pytest.mark.parametrize("header", ["", "Bearer abc", "Basic abc"])
def test_other_headers_are_left_to_others(person, header):
    assert authenticate(header) is None


def test_a_closed_account_cannot_use_its_tokens_even_when_a_row_was_left(person):
    token = services.issue_token(user=person, now=NOW)
    User.objects.update(is_active=False)

    with pytest.raises(AuthenticationFailed):
        authenticate(f"Token {token}")


def test_closing_an_account_ends_its_tokens_for_good(person):
    token = services.issue_token(user=person, now=NOW)
    services.set_active(user=person, active=False)
    services.set_active(user=person, active=True)

    with pytest.raises(AuthenticationFailed):
        authenticate(f"Token {token}")


def test_a_new_password_ends_tokens_and_the_sessions_elsewhere(person):
    services.issue_token(user=person, now=NOW)
    here, elsewhere = Client(), Client()
    for client in (here, elsewhere):
        client.post("/sign-in/", {"username": "wang.fang", "password": PASSWORD})

    answer = here.post(
        "/account/password/",
        {
            "old_password": PASSWORD,
            "password": "quiet-stone-77",
            "password_again": "quiet-stone-77",
        },
    )

    assert answer.status_code == 302
    assert here.get("/account/").status_code == 200
    assert elsewhere.get("/account/").status_code == 302
    assert not ApiToken.objects.exists()


def test_a_password_set_by_an_administrator_ends_tokens_too(person, admin_client):
    services.issue_token(user=person, now=NOW)

    answer = admin_client.post(
        f"/admin/accounts/user/{person.pk}/password/",
        {"password1": "quiet-stone-77", "password2": "quiet-stone-77", "usable_password": "true"},
    )

    assert answer.status_code == 302
    assert not ApiToken.objects.exists()


def test_renewing_a_password_digest_at_sign_in_keeps_the_tokens(person, settings):
    services.issue_token(user=person, now=NOW)
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.Argon2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    answer = Client().post("/sign-in/", {"username": "wang.fang", "password": PASSWORD})

    assert answer.status_code == 302
    person.refresh_from_db()
    assert person.password.startswith("argon2")
    assert ApiToken.objects.count() == 1


@pytest.mark.parametrize(
    ("old", "new", "again", "words"),
    [
        ("wrong", "quiet-stone-77", "quiet-stone-77", "当前密码不对"),
        (PASSWORD, "quiet-stone-77", "quiet-stone-78", "不一样"),
        (PASSWORD, "12345678", "12345678", "field-error"),
        (PASSWORD, "wang.fang1", "wang.fang1", "field-error"),
    ],
)
def test_a_refused_password_changes_nothing_and_says_why(client, person, old, new, again, words):
    client.force_login(person)

    answer = client.post(
        "/account/password/", {"old_password": old, "password": new, "password_again": again}
    )

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert new not in answer.content.decode()
    person.refresh_from_db()
    assert person.check_password(PASSWORD)


def test_a_token_is_shown_once(client, person):
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")

    page = client.post("/account/tokens/", {"label": "表格程序"}).content.decode()

    token = page.split('value="')[-1].split('"')[0]
    assert authenticate(f"Token {token}")[0] == person
    later = client.get("/account/").content.decode()
    assert "表格程序" in later
    assert token not in later


def test_one_ends_ones_own_tokens_and_not_anothers(client, person, other):
    services.issue_token(user=other, now=NOW)
    services.issue_token(user=person, now=NOW)
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    theirs = other.api_tokens.get().pk

    assert client.post(f"/account/tokens/{theirs}/revoke/").status_code == 404
    assert client.post("/account/tokens/999999/revoke/").status_code == 404
    assert client.get(f"/account/tokens/{person.api_tokens.get().pk}/revoke/").status_code == 405
    assert other.api_tokens.count() == person.api_tokens.count() == 1
    assert client.post(f"/account/tokens/{person.api_tokens.get().pk}/revoke/").status_code == 302
    assert person.api_tokens.count() == 0


def test_the_oldest_token_ends_when_there_are_too_many(person, other):
    services.issue_token(user=other, now=NOW)
    first = services.issue_token(user=person, now=NOW)
    for minute in range(1, services.TOKENS_PER_USER + 1):
        services.issue_token(user=person, now=NOW + timedelta(minutes=minute))

    assert person.api_tokens.count() == services.TOKENS_PER_USER
    assert other.api_tokens.count() == 1
    with pytest.raises(AuthenticationFailed):
        authenticate(f"Token {first}")


def test_all_tokens_of_a_person_end_together(person, other):
    for user in (person, person, other):
        services.issue_token(user=user, now=NOW)

    assert services.revoke_tokens(user=person) == 2
    assert other.api_tokens.count() == 1


def ask(client: Client, **body: str):
    return client.post("/api/v1/token/", body, content_type="application/json")


def test_the_api_gives_a_token_for_the_right_pair(client, person):
    answer = ask(client, username="wang.fang", password=PASSWORD)

    assert answer.status_code == 200
    assert authenticate(f"Token {answer.json()['token']}")[0] == person


def test_the_api_names_what_is_missing_or_wrong(client, person):
    missing = ask(client, username="wang.fang")
    wrong = ask(client, username="wang.fang", password="wrong-words-1")
    unknown = ask(client, username="nobody", password="wrong-words-1")

    for answer in (missing, wrong, unknown):
        assert answer.status_code == 400
        assert answer["Content-Type"] == "application/problem+json"
        assert list(answer.json()["errors"]) == ["password"]
    assert wrong.json() == unknown.json()


def test_the_api_locks_out_as_the_page_does(client, person):
    for _attempt in range(4):
        ask(client, username="wang.fang", password="wrong-words-1")

    locked = ask(client, username="wang.fang", password="wrong-words-1")

    assert locked.status_code == 429
    assert locked["Content-Type"] == "application/problem+json"
    assert locked["Retry-After"] == "900"
    assert ask(client, username="wang.fang", password=PASSWORD).status_code == 429


@pytest.mark.parametrize("username", ["wang.fang", "", "a b", "x" * 61])
def test_a_taken_or_malformed_username_is_refused(person, username):
    with pytest.raises(ValidationError) as refusal:
        services.create_user(username=username, password=PASSWORD, now=NOW)
    assert "username" in refusal.value.message_dict


@pytest.mark.parametrize("password", ["short", "password", "12345678901", "newcomer1"])
def test_a_weak_password_is_refused(db, password):
    with pytest.raises(ValidationError) as refusal:
        services.create_user(username="newcomer", password=password, now=NOW)
    assert list(refusal.value.message_dict) == ["password"]
    assert not User.objects.filter(username="newcomer").exists()


def test_the_first_admin_is_made_once(db, monkeypatch, capsys):
    User.objects.filter(is_superuser=True).update(is_superuser=False)
    monkeypatch.setenv("FIRST_ADMIN_PASSWORD", PASSWORD)
    call_command("first_admin", username="chief", name="李主任")

    chief = User.objects.get(username="chief")
    assert (chief.is_staff, chief.is_superuser, chief.is_demo) == (True, True, False)
    assert chief.check_password(PASSWORD)
    assert PASSWORD not in capsys.readouterr().out
    with pytest.raises(CommandError, match="已经有管理员"):
        call_command("first_admin", username="second", name="")
    assert User.objects.filter(is_superuser=True).count() == 1


def test_the_first_admin_needs_a_decent_password(db, monkeypatch):
    User.objects.filter(is_superuser=True).update(is_superuser=False)
    monkeypatch.setenv("FIRST_ADMIN_PASSWORD", "12345678")

    with pytest.raises(CommandError):
        call_command("first_admin", username="chief", name="")
    assert not User.objects.filter(username="chief").exists()


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "10.9.9.9", "127.0.0.1"),
        (1, "10.9.9.9", "10.9.9.9"),
        (1, "1.1.1.1, 10.9.9.9", "10.9.9.9"),
        (2, "1.1.1.1, 10.9.9.9, 172.16.0.1", "10.9.9.9"),
        (2, "10.9.9.9", "127.0.0.1"),
        (1, "", "127.0.0.1"),
    ],
)
def test_only_trusted_proxies_tell_the_address(settings, proxies, forwarded, address):
    settings.AXES_IPWARE_PROXY_COUNT = proxies
    request = RequestFactory().get("/", headers={"x-forwarded-for": forwarded})

    assert client_address(request) == address


def test_accounts_are_closed_in_the_admin_and_never_deleted(person, admin_client):
    page = admin_client.get(f"/admin/accounts/user/{person.pk}/change/")

    assert page.status_code == 200
    assert admin_client.get(f"/admin/accounts/user/{person.pk}/delete/").status_code == 403
    assert admin_client.get("/admin/accounts/apitoken/add/").status_code == 403
    assert admin_client.get("/admin/accounts/user/add/").status_code == 200


def test_the_admin_is_closed_to_ordinary_users(client, person):
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")

    assert client.get("/admin/accounts/user/").status_code == 302
