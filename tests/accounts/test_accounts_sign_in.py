from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts import services
from accounts.models import User

PASSWORD = "plum-river-42"

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> User:
    return services.create_user(
        username="wang.fang", password=PASSWORD, name="王芳", now=timezone.now()
    )


def sign_in(client: Client, username: str = "wang.fang", password: str = PASSWORD, **more: str):
    return client.post("/sign-in/", {"username": username, "password": password, **more})


def test_the_right_pair_signs_in_with_a_new_session_key(client, person):
    client.get("/sign-in/")
    session = client.session
    session["seen"] = 1
    session.save()
    before = session.session_key

    answer = sign_in(client)

    assert answer.status_code == 302
    assert answer["Location"] == "/"
    assert client.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()


@pytest.mark.parametrize(
    ("username", "password"), [("wang.fang", "wrong-words-1"), ("nobody", "wrong-words-1")]
)
def test_known_and_unknown_users_get_the_same_answer(client, person, username, password):
    answer = sign_in(client, username, password)

    assert answer.status_code == 200
    assert answer.context["form"].non_field_errors() == [
        "账号或密码不对。请检查大小写后再试，忘记密码请联系管理员。"
    ]


def test_an_unknown_user_costs_as_many_password_digests_as_a_known_one(client, person, monkeypatch):
    counts = []

    def counting(name):
        real = User.set_password if name == "set" else User.check_password

        def wrapper(self, raw):
            counts.append(name)
            return real(self, raw)

        return wrapper

    monkeypatch.setattr(User, "set_password", counting("set"))
    monkeypatch.setattr(User, "check_password", counting("check"))
    sign_in(client, "nobody", "wrong-words-1")
    unknown = len(counts)
    sign_in(client, "wang.fang", "wrong-words-1")

    assert unknown == len(counts) - unknown == 1


def test_a_closed_account_gets_the_answer_of_a_wrong_password(client, person):
    services.set_active(user=person, active=False)

    answer = sign_in(client)

    assert "账号或密码不对" in str(answer.context["form"].non_field_errors())
    assert "_auth_user_id" not in client.session


def test_closing_an_account_ends_its_open_session_at_the_next_request(client, person):
    sign_in(client)
    assert client.get("/account/").status_code == 200

    services.set_active(user=person, active=False)

    assert client.get("/account/").status_code == 302


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "///evil.example",
        "https://evil.example/",
        "http:///evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "\x08//evil.example",
        " //evil.example",
        "/\t/evil.example",
    ],
)
def test_next_never_leads_away_from_the_site(client, person, target):
    answer = sign_in(client, next=target)

    assert answer.status_code == 302
    assert answer["Location"] == "/" or "evil" not in answer["Location"].split("?")[0]
    assert answer["Location"].startswith("/")
    assert not answer["Location"].startswith(("//", "/\\", "/\t"))


def test_next_leads_to_an_address_of_the_site_and_stays_after_a_mistake(client, person):
    refused = sign_in(client, password="wrong-words-1", next="/notices/")
    assert 'name="next" value="/notices/"' in refused.content.decode()

    assert sign_in(client, next="/notices/")["Location"] == "/notices/"


def test_the_account_page_sends_a_visitor_to_sign_in(client, db):
    assert client.get("/account/")["Location"] == "/sign-in/?next=/account/"


def test_five_wrong_passwords_lock_the_pair_of_account_and_address(client, person, settings):
    settings.AXES_FAILURE_LIMIT = 5
    for _attempt in range(4):
        assert sign_in(client, password="wrong-words-1").status_code == 200

    locked = sign_in(client, password="wrong-words-1")

    assert locked.status_code == 429
    assert locked["Retry-After"] == "900"
    assert "15 分钟" in locked.content.decode()
    assert sign_in(client).status_code == 429, "the right password does not open it early"
    assert sign_in(Client(REMOTE_ADDR="10.1.2.3")).status_code == 302


def test_many_names_from_one_address_lock_the_address(person, settings):
    settings.ADDRESS_FAILURE_LIMIT = 6
    sprayer, elsewhere = Client(REMOTE_ADDR="10.9.9.9"), Client(REMOTE_ADDR="10.1.2.3")
    for number in range(5):
        assert sign_in(sprayer, f"name{number}", "wrong-words-1").status_code == 200

    assert sign_in(sprayer, "name5", "wrong-words-1").status_code == 429
    assert sign_in(sprayer).status_code == 429
    assert sign_in(elsewhere).status_code == 302


def test_trying_on_does_not_make_a_lock_longer(person, settings):
    settings.ADDRESS_FAILURE_LIMIT = 3
    office = Client(REMOTE_ADDR="10.9.9.9")
    for number in range(3):
        sign_in(office, f"name{number}", "wrong-words-1")
    before = AccessAttempt.objects.order_by("pk").values_list("attempt_time", flat=True)
    before = list(before)

    assert sign_in(office, "name0", "wrong-words-1").status_code == 429
    assert sign_in(office, "name7", "wrong-words-1").status_code == 429
    after = AccessAttempt.objects.order_by("pk").values_list("attempt_time", flat=True)
    assert list(after) == before
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
    assert sign_in(office).status_code == 302


def test_the_limit_of_an_address_can_be_switched_off(person, settings):
    settings.ADDRESS_FAILURE_LIMIT = 0
    office = Client(REMOTE_ADDR="10.9.9.9")
    for number in range(8):
        assert sign_in(office, f"name{number}", "wrong-words-1").status_code == 200

    assert sign_in(office).status_code == 302


def test_a_colleague_behind_the_same_address_is_not_locked_out(client, person):
    services.create_user(username="colleague.near", password=PASSWORD, now=timezone.now())
    for _attempt in range(6):
        sign_in(client, password="wrong-words-1")

    assert sign_in(client, "colleague.near").status_code == 302


def test_an_invented_forwarded_address_does_not_escape_the_lock(client, person):
    for attempt in range(5):
        client.post(
            "/sign-in/",
            {"username": "wang.fang", "password": "wrong-words-1"},
            headers={"x-forwarded-for": f"10.0.0.{attempt}"},
        )

    assert sign_in(client).status_code == 429


def test_sign_out_needs_a_post(client, person):
    sign_in(client)

    assert client.get("/sign-out/").status_code == 405
    assert client.get("/account/").status_code == 200
    assert client.post("/sign-out/").status_code == 302
    assert client.get("/account/").status_code == 302


def test_sign_in_refuses_a_form_without_csrf_token(person):
    strict = Client(enforce_csrf_checks=True)

    assert sign_in(strict).status_code == 403


def test_the_language_is_kept_in_a_cookie_and_for_the_next_sign_in(client, person):
    sign_in(client)
    answer = client.post("/language/", {"language": "en", "next": "/account/"})

    assert answer["Location"] == "/account/"
    assert answer.cookies["django_language"].value == "en"
    person.refresh_from_db()
    assert person.language == "en"
    assert sign_in(Client()).cookies["django_language"].value == "en"


@pytest.mark.parametrize("code", ["xx", "", "fr", "en-gb"])
def test_an_unknown_language_is_not_kept(client, person, code):
    sign_in(client)
    client.post("/language/", {"language": code, "next": "/"})

    person.refresh_from_db()
    assert person.language == ""


def test_the_language_switch_neither_takes_a_get_nor_leads_away(client, db):
    assert client.get("/language/?language=en").status_code == 405
    answer = client.post("/language/", {"language": "en", "next": "//evil.example"})
    assert answer["Location"] == "/"
