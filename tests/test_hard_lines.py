"""What this product never does: dossiers, check-ins, tracks, scores, rankings of people."""

import inspect
import json
import logging
import re

import pytest
from django.apps import apps
from django.core import serializers
from django.db import connection
from drf_spectacular.generators import SchemaGenerator

from issues.api import shapes
from matters.models import Category
from notices.models import Notice
from tests import world as w
from tests.callers import Program, person
from tests.routes import QUERIES, route_names, things

# Words of a name in snake_case, or a run of them.
FORBIDDEN = [
    "id_card", "identity_no", "identity_number", "id_number", "household_member", "household",
    "ethnicity", "religion", "health", "petition", "drug", "correction", "track", "tracks",
    "trajectory", "checkin", "check_in", "online_seconds", "online_time", "mileage", "points",
    "rank", "ranking", "score", "star_rating", "credit_score", "birthday", "birth_date",
    "gender", "nationality", "political_status", "belief", "disability", "criminal",
    "police_record", "fingerprint", "face_id", "blacklist", "steps", "step_count", "heartbeat",
    "last_position", "device_id",
]  # fmt: skip
FORBIDDEN_ZH = [
    "身份证", "户籍", "民族", "宗教", "信仰", "健康", "病史", "信访", "上访", "吸毒", "矫正",
    "轨迹", "打卡", "签到", "在线时长", "里程", "积分", "排名", "排行", "评分", "得分",
    "政治面貌", "出生日期", "重点人员", "黑名单",
]  # fmt: skip
OURS = {
    "accounts", "grid", "matters", "worktime", "notices", "partyorgs", "residents", "issues",
    "whistles",
}  # fmt: skip
PHONE, NAME = "13912340987", "金丝雀"


def holds(name: str, word: str) -> bool:
    return re.search(rf"(?:^|_){word}(?:_|$)", name.lower()) is not None


def names_of_tables():
    for model in apps.get_models(include_auto_created=True):
        if model._meta.app_label in OURS:
            yield model._meta.db_table, str(model._meta.verbose_name)
            for field in model._meta.get_fields():
                column = getattr(field, "column", None) or field.name
                yield field.name, str(getattr(field, "verbose_name", ""))
                yield column, ""


def names_in_the_api():
    schema = SchemaGenerator().get_schema(request=None, public=True)
    text = json.dumps(schema, ensure_ascii=False)
    yield from re.findall(r'"([A-Za-z_]+)"\s*:', text)
    yield from (part.strip("{}") for path in schema["paths"] for part in path.split("/"))


def test_no_table_and_no_field_is_about_a_person():
    for name, label in names_of_tables():
        assert not [word for word in FORBIDDEN if holds(name, word)], name
        assert not [word for word in FORBIDDEN_ZH if word in label], (name, label)


def test_the_database_itself_has_no_other_columns_than_these(db):
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table.split("_")[0] in OURS:
                for column in connection.introspection.get_table_description(cursor, table):
                    assert not [word for word in FORBIDDEN if holds(column.name, word)]


def test_nothing_in_the_api_is_about_a_person():
    for name in set(names_in_the_api()):
        assert not [word for word in FORBIDDEN if holds(name, word)], name


def test_no_category_is_about_a_person(world):
    for name in Category.objects.values_list("name_zh", flat=True):
        assert not [word for word in FORBIDDEN_ZH if word in name], name


def test_no_address_ranks_or_counts_people():
    people = re.compile(r"rank|score|star|leader_?board|top|stat|report_?card|people|users?/")
    for name in route_names():
        assert not people.search(name), name


def test_no_answer_of_the_api_sums_by_person():
    person_words = {"actor", "reporter", "user", "worker", "handler"}
    for name, shape in inspect.getmembers(shapes, inspect.isclass):
        if issubclass(shape, shapes.Shape) and shape.__module__ == shapes.__name__:
            fields = set(shape().fields)
            counting = {field for field in fields if re.search(r"count|total|average|rate", field)}
            assert not (counting and fields & person_words), name
    assert not hasattr(shapes.IssueRow(), "reporter")
    assert "reporter" not in shapes.IssueOut().fields


@pytest.fixture
def everything_said(caplog):
    """All log lines of the test, the debug ones too."""
    caplog.set_level(logging.DEBUG)
    return lambda: "\n".join(
        f"{record.getMessage()} {record.args} {record.exc_text}" for record in caplog.records
        if not record.name.startswith(("django.db", "factory", "asyncio"))
    )  # fmt: skip


@pytest.fixture
def told(world, photos_in_memory):
    """An issue with a contact, taken to closed, so that everybody was told of it."""
    return world.walk(
        "sign", "handle", "check", "close",
        contact={"name": NAME, "phone": PHONE, "agreed": ["callback"]},
    )  # fmt: skip


def test_a_contact_is_in_no_log_line(told, everything_said):
    unit = Program("unit")
    path = f"issues/{told.number}/contact/"
    assert PHONE in unit.post(path, {"reason": "电话回访"}).content.decode()
    unit.post(path, {"reason": f"打 {PHONE}"})
    bad = {"phone": f"{PHONE}9", "name": NAME, "agreed": ["callback"]}
    lat, lng = w.IN_A1
    Program("worker").post(
        "issues/", {"description": "垃圾", "lat": lat, "lng": lng, "contact": bad}
    )
    assert PHONE not in everything_said()
    assert NAME not in everything_said()


def test_a_contact_is_in_no_notice(told):
    notices = Notice.objects.filter(subject_key=told.subject_key)
    assert notices.count() > 5
    for notice in notices:
        assert PHONE not in json.dumps(notice.payload)
        assert NAME not in json.dumps(notice.payload, ensure_ascii=False)


def test_a_contact_is_readable_in_no_table(told):
    for model in apps.get_models():
        dump = serializers.serialize("json", model._base_manager.all(), ensure_ascii=False)
        assert PHONE not in dump, model
        assert NAME not in dump, model


@pytest.mark.slow
@pytest.mark.parametrize("name", ["worker", "unit", "street", "auditor"])
def test_a_contact_is_on_no_page_and_in_no_list(told, world, name):
    made = things(world)
    made.values["number"] = told.number
    client, api = person(name), Program(name)
    for route in sorted(route_names()):
        answer = client.get(made.address(route), QUERIES.get(route, {}))
        text = b"".join(answer) if answer.streaming else answer.content
        assert PHONE.encode() not in text, route
        assert NAME.encode() not in text, route
    for query in ({"state": "all"}, {"state": "all", "q": PHONE}, {"state": "all", "q": NAME}):
        answer = api.get("issues/", **query)
        assert PHONE not in json.dumps(answer.json()["results"])
        assert not [row for row in answer.json()["results"] if "q" in query]


def test_there_is_an_entry_for_complaints_about_this_system_on_every_page(world):
    assert 'href="/suggestion/"' in person("worker").get("/").content.decode()
