from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, connection, transaction
from django.template.loader import get_template
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from accounts import services as accounts
from accounts.models import User
from notices import queries, services
from notices.models import Notice

NOW = timezone.now()
KINDS = [
    "dispatched",
    "returned",
    "handled",
    "checked",
    "rework",
    "closed",
    "rejected",
    "cancelled",
    "pending_dispatch",
    "redispatched",
    "noted",
    "reported",
]
FACTS = {
    "number": "QH-261121-7K3M9",
    "category_zh": "井盖破损",
    "category_en": "Broken manhole cover",
    "place": "兰亭苑3号楼",
    "verb": "dispatch",
    "state": "dispatched",
}

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> User:
    return accounts.create_user(username="li.qiang", password=None, now=NOW)


@pytest.fixture
def colleague() -> User:
    return accounts.create_user(username="colleague.near", password=None, now=NOW)


def draft(user: User, key: str = "issue:QH-261121-7K3M9:2", **more: object) -> services.Draft:
    facts = {
        "kind": "dispatched",
        "subject_key": "issue:QH-261121-7K3M9",
        "payload": FACTS,
        "recipient_id": user.pk,
        "key": key,
    }
    return services.Draft(**{**facts, **more})


def enter(client, user: User) -> None:
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")


def test_a_notice_in_the_product_is_delivered_by_being_stored(person):
    services.queue(notices=[draft(person)], now=NOW)

    notice = Notice.objects.get()
    assert (notice.state, notice.sent_at, notice.read_at) == ("sent", NOW, None)
    assert notice.payload == FACTS


def test_the_same_fact_is_told_once_to_each_recipient(person, colleague):
    for _again in range(3):
        services.queue(
            notices=[draft(person), draft(person), draft(colleague)],
            now=NOW + timedelta(minutes=_again),
        )

    assert sorted(Notice.objects.values_list("recipient_id", flat=True)) == [
        person.pk,
        colleague.pk,
    ]
    assert set(Notice.objects.values_list("created_at", flat=True)) == {NOW}


def test_many_drafts_are_one_insert(person, django_assert_num_queries):
    drafts = [draft(person, key=f"fact {number}") for number in range(20)]

    # One to ask whether anybody wants more than the product, one to store.
    with transaction.atomic(), django_assert_num_queries(2):
        services.queue(notices=drafts, now=NOW)
    assert Notice.objects.count() == 20


def test_no_drafts_are_no_insert(django_assert_num_queries):
    with transaction.atomic(), django_assert_num_queries(0):
        services.queue(notices=[], now=NOW)


def test_a_notice_falls_with_the_transaction_of_its_fact(person):
    with transaction.atomic():
        services.queue(notices=[draft(person)], now=NOW)
        transaction.set_rollback(True)

    assert not Notice.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "../secrets"},
        {"kind": ""},
        {"channel": "pigeon"},
        {"key": ""},
        {"key": "x" * 161},
        {"subject_key": ""},
        {"subject_key": "x" * 81},
        {"payload": {"contact": {"phone": "13812345678"}}},
    ],
)
def test_a_draft_that_could_not_be_stored_is_refused(person, wrong):
    with pytest.raises(ValueError, match=r"."):
        draft(person, **wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "lost"},
        {"channel": "pigeon"},
        {"state": "sent", "sent_at": None},
        {"state": "sending"},
        {"kind": ""},
        {"key": ""},
    ],
)
def test_the_database_refuses_rows_that_make_no_sense(person, wrong):
    row = {"kind": "noted", "subject_key": "issue:1", "key": "k", "created_at": NOW}

    with pytest.raises(IntegrityError), transaction.atomic():
        Notice.objects.create(recipient=person, **{**row, **wrong})


def test_unread_notices_are_counted_up_to_a_cap(person, colleague, django_assert_num_queries):
    services.queue(notices=[draft(person), draft(colleague)], now=NOW)
    assert queries.unread_count(person) == 1
    assert queries.unread_count(AnonymousUser()) == 0

    many = [draft(person, key=f"fact {number}") for number in range(150)]
    services.queue(notices=many, now=NOW)
    with django_assert_num_queries(1) as captured:
        assert queries.unread_count(person) == queries.UNREAD_CAP
    assert "LIMIT 100" in captured[0]["sql"]


def test_the_latest_come_first_and_only_ones_own(person, colleague):
    services.queue(notices=[draft(person, key=f"fact {n}") for n in range(5)], now=NOW)
    services.queue(notices=[draft(colleague)], now=NOW)

    found = queries.latest(person, limit=3)
    older = queries.latest(person, before=found[-1].pk, limit=3)

    numbers = [notice.pk for notice in found + older]
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) == 5
    assert {notice.recipient_id for notice in found + older} == {person.pk}


def test_one_reads_ones_own_notices_only(person, colleague):
    services.queue(notices=[draft(person), draft(person, key="b"), draft(colleague)], now=NOW)
    theirs = Notice.objects.get(recipient=colleague)
    mine = Notice.objects.filter(recipient=person).first()

    assert services.mark_read(user=person, ids=[theirs.pk], now=NOW) == 0
    assert services.mark_read(user=person, ids=[mine.pk], now=NOW) == 1
    assert services.mark_read(user=person, ids=[], now=NOW) == 0
    assert services.mark_read(user=person, now=NOW) == 1
    assert services.mark_read(user=person, now=NOW) == 0
    assert queries.unread_count(colleague) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_words_of_its_own(client, person, kind):
    services.queue(notices=[draft(person, kind=kind)], now=NOW)
    enter(client, person)

    page = client.get("/notices/").content.decode()

    words = get_template(f"notices/kinds/{kind}.html").render().strip()
    assert words
    assert words != get_template("notices/kinds/default.html").render().strip()
    assert words in page
    assert "QH-261121-7K3M9 · 井盖破损 · 兰亭苑3号楼" in page


def test_an_unknown_kind_is_told_in_general_words(client, person):
    services.queue(notices=[draft(person, kind="surprise", payload={})], now=NOW)
    enter(client, person)

    assert "事项有新进展" in client.get("/notices/").content.decode()


def test_the_category_is_named_in_the_readers_language(client, person):
    services.queue(notices=[draft(person)], now=NOW)
    enter(client, person)
    client.cookies["django_language"] = "en"

    with translation.override("en"):
        page = client.get("/notices/").content.decode()

    assert "Broken manhole cover" in page
    assert "井盖破损" not in page


def test_what_a_payload_says_is_escaped(client, person):
    evil = "<script>alert(1)</script>"
    services.queue(notices=[draft(person, payload={**FACTS, "place": evil})], now=NOW)
    enter(client, person)

    page = client.get("/notices/").content.decode()

    assert evil not in page
    assert "&lt;script&gt;alert(1)" in page


def test_opening_a_notice_reads_it_and_leads_to_its_subject(client, person):
    services.queue(notices=[draft(person), draft(person, key="b", subject_key="gone:1")], now=NOW)
    enter(client, person)
    gone, known = queries.latest(person)

    assert client.get(f"/notices/{known.pk}/open/").status_code == 405
    assert client.post(f"/notices/{known.pk}/open/")["Location"] == "/issues/QH-261121-7K3M9/"
    assert queries.unread_count(person) == 1
    assert client.post(f"/notices/{gone.pk}/open/")["Location"] == "/notices/"


@pytest.mark.parametrize("number", ["theirs", "999999", "9" * 30])
def test_anothers_notice_is_not_found_like_one_that_never_was(client, person, colleague, number):
    services.queue(notices=[draft(colleague)], now=NOW)
    theirs = Notice.objects.get()
    enter(client, person)

    wanted = theirs.pk if number == "theirs" else number
    assert client.post(f"/notices/{wanted}/open/").status_code == 404
    theirs.refresh_from_db()
    assert theirs.read_at is None


def test_the_page_marks_one_some_or_all_as_read(client, person, colleague):
    services.queue(
        notices=[draft(person, key=f"fact {n}") for n in range(3)] + [draft(colleague)], now=NOW
    )
    enter(client, person)
    one = queries.latest(person)[0].pk
    theirs = Notice.objects.get(recipient=colleague).pk

    assert client.post("/notices/read/", {"id": [one, theirs, "x"]}).status_code == 302
    assert (queries.unread_count(person), queries.unread_count(colleague)) == (2, 1)
    client.post("/notices/read/", {"id": "x"})
    assert queries.unread_count(person) == 2
    client.post("/notices/read/")
    assert (queries.unread_count(person), queries.unread_count(colleague)) == (0, 1)


def test_the_list_is_paged_without_counting(client, person):
    services.queue(notices=[draft(person, key=f"f{n}") for n in range(queries.PAGE + 2)], now=NOW)
    enter(client, person)

    first = client.get("/notices/")
    second = client.get("/notices/", {"before": first.context["older"]})

    assert len(first.context["lines"]) == queries.PAGE
    assert len(second.context["lines"]) == 2
    assert second.context["older"] is None
    assert client.get("/notices/?before=9999999999999999999999").status_code == 200
    assert client.get("/notices/?before=-1;").status_code == 200


def test_the_list_costs_the_same_for_one_and_three(client, person):
    enter(client, person)
    costs = []
    for rows in (1, 3):
        services.queue(notices=[draft(person, key=f"fact {n}") for n in range(rows)], now=NOW)
        with CaptureQueriesContext(connection) as captured:
            page = client.get("/notices/")
        assert len(page.context["lines"]) == rows
        costs.append(len(captured))

    assert costs[0] == costs[1]


def test_an_empty_list_says_so(client, person):
    enter(client, person)

    assert "没有消息" in client.get("/notices/").content.decode()


def test_the_bell_answers_only_when_the_count_changed(client, person):
    enter(client, person)
    assert client.get("/notices/bell/?seen=0").status_code == 204

    services.queue(notices=[draft(person)], now=NOW)
    answer = client.get("/notices/bell/?seen=0")

    assert answer.status_code == 200
    assert "seen=1" in answer.content.decode()
    assert client.get("/notices/bell/?seen=1").status_code == 204


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("get", "/notices/", 302),
        ("post", "/notices/read/", 302),
        ("post", "/notices/1/open/", 302),
        ("get", "/notices/bell/", 401),
        ("post", "/notices/bell/", 405),
    ],
)
def test_a_visitor_sees_no_notices(client, method, address, status):
    assert getattr(client, method)(address).status_code == status


def test_the_admin_shows_the_outbox_and_changes_nothing(admin_client, person):
    services.queue(notices=[draft(person)], now=NOW)
    notice = Notice.objects.get()
    where = f"/admin/notices/notice/{notice.pk}"

    assert admin_client.get("/admin/notices/notice/").status_code == 200
    assert admin_client.get(f"{where}/change/").status_code == 200
    assert admin_client.get(f"{where}/delete/").status_code == 403
    assert admin_client.get("/admin/notices/notice/add/").status_code == 403
    assert admin_client.post(f"{where}/change/", {"state": "failed"}).status_code == 403
