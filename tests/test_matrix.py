"""Every address × everybody: one row an address and method, so that none is forgotten.

The issue lies in the cell of the colleague (and of its reporter), in the
street's area; the notice and the token are the colleague's. The outsider works
in another cell, the other street's dispatcher in another street. 302 sends the
anonymous to sign in; 400 and 422 let the caller in and ask for what is missing.
"""

import hashlib
import re

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import transaction
from django.urls import reverse

from accounts.models import User
from tests.callers import person
from tests.routes import BODIES, QUERIES, arguments, route_names, things

ACTORS = ["anonymous", "outsider", "colleague", "other-street", "street", "auditor", "admin"]
TABLE = """
                         anonymous  outsider colleague  o.-street    street   auditor     admin
home               GET         302       200       200       200       200       200       200
report             GET         302       200       200       200       200       403       403
report             POST        302       422       422       422       422       403       403
report_similar     POST        302       200       200       200       200       403       403
report_join        POST        302       404       302       404       302       403       403
place_search       GET         302       200       200       200       200       200       200
issue_list         GET         302       200       200       200       200       200       200
issue              GET         302       404       200       404       200       200       404
issue_contact      POST        302       404       403       404       200       403       404
issue_verb         POST        302       404       302       404       302       409       404
brief              GET         302       403       403       200       200       403       403
brief_day          GET         302       302       302       302       302       302       302
brief_week         GET         302       403       403       200       200       403       403
brief_week_xlsx    GET         302       403       403       200       200       403       403
my_cell            GET         302       200       200       200       200       200       200
responsible        GET         302       200       200       200       200       200       200
coverage           GET         302       403       403       403       403       200       200
ladders            GET         302       403       403       403       403       200       200
ladder_edit        GET         302       403       403       403       403       403       200
ladder_edit        POST        302       403       403       403       403       403       422
ladder_rung        POST        302       403       403       403       403       403       302
exceptions         GET         302       403       403       403       403       200       403
forced             GET         200       200       200       200       200       200       200
relaxations        GET         302       403       403       403       403       200       403
relaxations        POST        302       403       403       403       403       403       403
relaxation_end     POST        302       403       403       403       403       403       403
rules              GET         302       403       403       403       403       200       200
leader             GET         302       403       403       403       403       403       403
branch             GET         302       403       403       403       403       403       403
parked             GET         302       403       403       403       403       200       200
parked_retry       POST        302       403       403       403       403       403       302
whistles           GET         302       200       200       200       200       200       200
whistle_board      GET         302       403       403       200       200       403       403
whistle_new        GET         302       404       404       404       404       404       404
whistle_new        POST        302       404       404       404       404       404       404
whistle            GET         302       404       404       404       200       200       404
whistle_act        POST        302       404       404       404       302       409       404
duty               GET         302       200       200       200       200       200       200
duty_import        GET         302       403       403       200       200       403       200
duty_import        POST        302       403       403       422       422       403       422
duty_organization  GET         302       404       200       404       200       200       200
duty_set           POST        302       404       403       404       422       403       422
duty_fill          POST        302       404       403       404       422       403       422
duty_clear         POST        302       404       403       404       302       403       302
leave              GET         302       200       200       200       200       200       200
leave              POST        302       422       422       422       422       422       422
leave_end          POST        302       404       302       404       404       404       302
call_back          GET         200       200       200       200       200       200       200
call_back          POST        422       422       422       422       422       422       422
call_back_done     GET         200       200       200       200       200       200       200
suggestion         GET         302       200       200       200       200       200       200
suggestion         POST        302       302       302       302       302       302       302
attachment_upload  POST        302       400       400       400       400       400       400
attachment         GET         302       404       200       404       200       200       404
sign_in            GET         200       302       302       302       302       302       302
sign_in            POST        200       302       302       302       302       302       302
sign_out           POST        302       302       302       302       302       302       302
language           POST        302       302       302       302       302       302       302
account            GET         302       200       200       200       200       200       200
account_password   GET         302       302       302       302       302       302       302
account_password   POST        302       422       422       422       422       422       422
token_create       GET         302       302       302       302       302       302       302
token_create       POST        302       200       200       200       200       200       200
token_revoke       POST        302       404       302       404       404       404       404
map_cells          GET         302       200       200       200       200       200       200
calendars          GET         302       200       200       200       200       200       200
calendar           GET         302       200       200       200       200       200       200
calendar_year      GET         302       200       200       200       200       200       200
calendar_new       GET         302       403       403       403       403       403       200
calendar_new       POST        302       403       403       403       403       403       422
calendar_day       GET         302       403       403       403       403       403       200
calendar_day       POST        302       403       403       403       403       403       422
calendar_spans     GET         302       403       403       403       403       403       200
calendar_spans     POST        302       403       403       403       403       403       422
calendar_notice    GET         302       403       403       403       403       403       200
calendar_notice    POST        302       403       403       403       403       403       422
calendar_table     GET         302       403       403       403       403       403       200
calendar_table     POST        302       403       403       403       403       403       422
notices            GET         302       200       200       200       200       200       200
notices_read       POST        302       302       302       302       302       302       302
notices_bell       GET         401       200       200       200       200       200       200
notice_open        POST        302       404       302       404       404       404       404
notice_settings    GET         302       200       200       200       200       200       200
notice_settings    POST        302       422       422       422       422       422       422
notice_settings_test POST        302       302       302       302       302       302       302
notices_undelivered GET         302       403       403       403       403       403       200
notices_retry      POST        302       403       403       403       403       403       302
notices_give_up    POST        302       403       403       403       403       403       302
notice_attempts    GET         302       404       404       404       404       404       404
targets            GET         302       403       403       403       403       403       200
target_new         GET         302       403       403       403       403       403       200
target_new         POST        302       403       403       403       403       403       422
target_edit        GET         302       403       403       403       403       403       200
target_edit        POST        302       403       403       403       403       403       422
target_act         POST        302       403       403       403       403       403       302
allowed_host_add   POST        302       403       403       403       403       403       422
allowed_host_remove POST       302       403       403       403       403       403       302
api_token          POST        200       200       200       200       200       200       200
schema             GET         401       200       200       200       200       200       200
api_locate         GET         401       200       200       200       200       200       200
api_responsible    GET         401       200       200       200       200       200       200
api_would_be       GET         401       403       403       403       403       200       200
api_categories     GET         401       200       200       200       200       200       200
api_places         GET         401       200       200       200       200       200       200
api_attachments    POST        401       400       400       400       400       400       400
api_issues         GET         401       200       200       200       200       200       200
api_issues         POST        401       201       201       201       201       403       403
api_similar        POST        401       200       200       200       200       200       200
api_issue          GET         401       404       200       404       200       200       404
api_events         GET         401       404       200       404       200       200       404
api_contact        POST        401       404       403       404       200       403       404
api_verb           POST        401       404       200       404       200       409       404
api_whistles       GET         401       200       200       200       200       200       200
api_whistles       POST        401       404       404       404       404       404       404
api_whistle        GET         401       404       404       404       200       200       404
api_whistle_act    POST        401       404       404       404       200       409       404
live               GET         200       200       200       200       200       200       200
ready              GET         200       200       200       200       200       200       200
engine             GET         503       503       503       503       503       503       503
metrics            GET         200       200       200       200       200       200       200
"""
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
# Their sign-in needs no session, so that no foreign page can abuse one.
WITHOUT_CSRF = {"api_token"}
# What reading may write: when a token or session was last used.
TOUCHED = {"accounts.ApiToken", "sessions.Session", "axes.AccessAttempt", "axes.AccessLog"}


def rows():
    for line in TABLE.strip().splitlines()[1:]:
        name, method, *statuses = line.split()
        yield name, method, dict(zip(ACTORS, map(int, statuses), strict=True))


ROWS = list(rows())
LISTED = {(name, method) for name, method, _statuses in ROWS}


@pytest.fixture(autouse=True)
def _photos_in_memory(photos_in_memory):
    pass


@pytest.fixture
def made(world):
    return things(world)


def ask(client, method, name, address):
    """What the address answers; whatever it changes is undone."""
    with transaction.atomic():
        if method == "GET":
            answer = client.get(address, QUERIES.get(name, {}))
        else:
            answer = send(client, method, name, address)
        answer.whole = b"".join(answer) if answer.streaming else answer.content
        transaction.set_rollback(True)
    return answer


def send(client, method, name, address):
    json = address.startswith("/api/") and name != "api_attachments"
    kind = {"content_type": "application/json"} if json else {}
    return getattr(client, method.lower())(address, BODIES.get(name, {}), **kind)


def test_every_address_stands_in_the_table():
    assert {name for name, _method in LISTED} == route_names()


def test_the_table_names_each_row_once():
    assert len(ROWS) == len(LISTED)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "method", "expected"), ROWS, ids=lambda part: str(part)[:24])
def test_everybody_gets_the_answer_of_the_table(made, name, method, expected):
    address = made.address(name)
    got = {
        actor: ask(person(None if actor == "anonymous" else actor), method, name, address)
        for actor in ACTORS
    }
    assert {actor: answer.status_code for actor, answer in got.items()} == expected
    for answer in got.values():
        assert "no-store" in answer["Cache-Control"] or "private" in answer["Cache-Control"]


def test_other_methods_are_refused(made):
    client = person("street")
    for name in sorted(route_names()):
        for method in set(METHODS) - {method for listed, method in LISTED if listed == name}:
            answer = ask(client, method, name, made.address(name))
            # An address that only takes forms leads everything else back to its page.
            assert answer.status_code in (302, 405), (name, method)


WITH_THINGS = [
    (name, method, [actor for actor, status in expected.items() if status == 404])
    for name, method, expected in ROWS
    if 404 in expected.values()
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "method", "actors"), WITH_THINGS, ids=lambda part: str(part)[:24])
def test_what_is_not_visible_is_the_404_of_what_does_not_exist(made, name, method, actors):
    unseen, missing = made.address(name), made.address(name, missing=True)
    for actor in actors:
        client = person(actor)
        answers = [ask(client, method, name, address) for address in (unseen, missing)]
        assert [answer.status_code for answer in answers] == [404, 404]
        texts = [
            without_chance(answer.whole.decode()).replace(address, "/here/")
            for answer, address in zip(answers, (unseen, missing), strict=True)
        ]
        assert texts[0] == texts[1], (name, actor)
        own = {"Content-Length": "", "X-Request-ID": ""}
        heads = [dict(answer.headers) | own for answer in answers]
        assert heads[0] == heads[1]


def without_chance(html):
    return re.sub(r'="[A-Za-z0-9]{64}"', "", html)  # the form's own token


def test_whoever_sees_it_gets_a_404_for_what_does_not_exist_too(made):
    for name, method, _actors in WITH_THINGS:
        if arguments(name):
            missing = made.address(name, missing=True)
            assert ask(person("street"), method, name, missing).status_code == 404, name


def said(row):
    return repr([bytes(value) if isinstance(value, memoryview) else value for value in row])


def everything():
    """A digest of each table, but for when somebody was last here."""
    return {
        model._meta.label: hashlib.sha256(
            repr(sorted(map(said, model._base_manager.values_list()))).encode()
        ).hexdigest()
        for model in apps.get_models()
        if model._meta.label not in TOUCHED
    }


@pytest.mark.slow
@pytest.mark.parametrize("actor", ["colleague", "street"])
def test_reading_changes_nothing(made, actor):
    client = person(actor)
    before = everything()
    for name, method in sorted(LISTED):
        if method == "GET":
            client.get(made.address(name), QUERIES.get(name, {}))
            client.head(made.address(name), QUERIES.get(name, {}))
    assert everything() == before


@pytest.mark.slow
def test_no_change_without_the_forms_own_token(made):
    client = person("colleague", enforce_csrf_checks=True)
    before = everything()
    for name in sorted(route_names() - WITHOUT_CSRF):
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            answer = send(client, method, name, made.address(name))
            assert answer.status_code == 403, (name, method)
    assert everything() == before


def admin_addresses():
    yield reverse("admin:index")
    for model in admin.site._registry:
        at = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{at}_changelist")
        yield reverse(f"{at}_add")


@pytest.mark.parametrize("actor", [None, "colleague", "street", "auditor"])
def test_the_admin_is_closed_to_everybody_but_superusers(world, actor):
    for address in admin_addresses():
        answer = person(actor).get(address)
        assert answer.status_code == 302
        assert "/login/" in answer["Location"] or "sign-in" in answer["Location"]


def test_staff_who_are_no_superusers_get_nothing_from_the_admin(world):
    User.objects.filter(username="street").update(is_staff=True)
    for address in list(admin_addresses())[1:]:
        assert person("street").get(address).status_code == 403, address


def test_the_admin_opens_every_list_for_a_superuser(world):
    for address in admin_addresses():
        status = 403 if address.endswith("/add/") else 200
        assert person("admin").get(address).status_code in (200, status), address
