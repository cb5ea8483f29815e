"""From a draft to rows: who is told through what, and when."""

from datetime import datetime, time, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from notices.models import Notice, QuietHours, RoleChannel
from notices.quiet import PERSON_PAUSES, WEBHOOK_PAUSES, pause_after, quiet_until
from notices.services import supersede
from tests.notices.outbox import MORNING, NIGHT, NOW, SHANGHAI, SUBJECT, draft, group, person, tell

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def rows(**found):
    return list(
        Notice.objects.filter(**found).order_by("channel").values_list("channel", flat=True)
    )


def test_a_person_is_told_in_the_product_and_by_what_is_on():
    both, one, none = person("a", email=True, sms=True), person("b", sms=False), person("c")
    tell(*(draft(user) for user in (both, one, none)))
    assert rows(recipient=both) == ["email", "in_app", "sms"]
    assert rows(recipient=one) == rows(recipient=none) == ["in_app"]
    sent = Notice.objects.get(recipient=both, channel="in_app")
    waits = Notice.objects.get(recipient=both, channel="email")
    assert (sent.state, waits.state, waits.next_attempt_at) == ("sent", "pending", NOW)
    assert waits.key == f"fact|{both.pk}|email"


def test_who_chose_nothing_is_told_as_the_post_has_it():
    RoleChannel.objects.get_or_create(role="unit_head", channel="email")
    user = person("head", email=None, sms=None)
    tell(draft(user, "1", role="unit_head"), draft(user, "2", role="grid_worker"))
    assert rows(key__startswith="1|") == ["email", "in_app"]
    assert rows(key__startswith="2|") == ["in_app"]


def test_three_posts_have_e_mail_by_default():
    assert set(RoleChannel.objects.values_list("role", "channel")) == {
        ("unit_head", "email"), ("street_leader", "email"), ("district_desk", "email"),
    }  # fmt: skip


def test_a_draft_may_name_its_one_channel():
    user = person(email=True, sms=True)
    tell(draft(user, channel="sms"))
    assert rows() == ["sms"]


def test_an_audience_reaches_the_targets_it_concerns():
    group("所有", audience="")
    group("环卫", audience="org:clean")
    group("市政", audience="org:roads")
    group("派遣", audience="org:clean", kinds=["dispatched"])
    group("结案", audience="org:clean", kinds=["closed"])
    group("停用", audience="org:clean", active=False)
    tell(draft(audience=("org:clean",)), draft(audience=("org:clean",)))
    told = Notice.objects.order_by("target__name").values_list("target__name", flat=True)
    assert sorted(told) == sorted(["所有", "环卫", "派遣"])
    notice = Notice.objects.first()
    assert notice.key == f"fact|t{notice.target_id}|wecom"


def test_a_draft_for_a_person_reaches_no_group():
    group("所有")
    tell(draft(person()))
    assert rows() == ["in_app"]


@pytest.mark.parametrize(
    "wrong",
    [{}, {"audience": ("x",), "role": "r" * 21}, {"audience": ("x",), "bundle": "digest"}],
)
def test_a_draft_without_receiver_or_moment_is_refused(wrong):
    with pytest.raises(ValueError, match=r"."):
        draft(**wrong)


@pytest.mark.parametrize("both", [True, False])
def test_a_notice_has_exactly_one_receiver(both):
    user, target = (person(), group()) if both else (None, None)
    with pytest.raises(IntegrityError), transaction.atomic():
        Notice.objects.create(
            kind="noted", subject_key="x:1", key="k", created_at=NOW, recipient=user, target=target
        )


def test_quiet_hours_hold_ordinary_notices_to_the_outside():
    usual, own, awake = (person(name, email=True) for name in ("a", "b", "c"))
    QuietHours.objects.create(user=own, starts=time(23), ends=time(8))
    QuietHours.objects.create(user=awake, starts=time(0), ends=time(0))
    tell(*(draft(user) for user in (usual, own, awake)), now=NIGHT)
    tell(draft(usual, "fire", critical=True), now=NIGHT)
    times = dict(Notice.objects.filter(channel="email").values_list("key", "next_attempt_at"))
    assert times == {
        f"fact|{usual.pk}|email": MORNING,
        f"fact|{own.pk}|email": MORNING + HOUR,
        f"fact|{awake.pk}|email": NIGHT,
        f"fire|{usual.pk}|email": NIGHT,
    }
    assert not Notice.objects.filter(channel="in_app").exclude(state="sent").exists()


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ((10, 21, 59, 59), None),
        ((10, 22, 0, 0), (11, 7)),
        ((11, 0, 0, 0), (11, 7)),
        ((11, 6, 59, 59), (11, 7)),
        ((11, 7, 0, 0), None),
    ],
)
def test_quiet_hours_run_from_their_start_to_before_their_end(at, until):
    day, *clock = at
    found = quiet_until(
        datetime(2026, 3, day, *clock, tzinfo=SHANGHAI), starts=time(22), ends=time(7)
    )
    assert found == (datetime(2026, 3, *until, tzinfo=SHANGHAI) if until else None)


def test_pauses_grow_and_end():
    persons = [pause_after(n, webhook=False) for n in range(1, 8)]
    hooks = [pause_after(n, webhook=True) for n in range(1, 11)]
    assert persons[-1] is hooks[-1] is None
    for got, least in zip(persons[:-1] + hooks[:-1], PERSON_PAUSES + WEBHOOK_PAUSES, strict=True):
        assert least <= got <= least * 1.2
    assert timedelta(days=3) < sum(WEBHOOK_PAUSES, timedelta()) < timedelta(days=3.5)


def test_a_bundle_waits_also_in_the_product():
    user = person(email=True)
    tell(draft(user, bundle="digest", hold_until=NOW + HOUR))
    assert set(Notice.objects.values_list("state", "next_attempt_at")) == {("pending", NOW + HOUR)}


def test_what_is_settled_is_taken_back_while_it_waits():
    user = person(email=True)
    tell(draft(user, "1"), draft(user, "2", kind="closed"))
    tell(draft(user, "3", subject_key="issue:other"))
    assert supersede(subject_keys=[SUBJECT], kinds=["dispatched"], now=NOW) == 1
    assert supersede(subject_keys=[SUBJECT], kinds=["dispatched"], now=NOW) == 0
    states = dict(Notice.objects.filter(channel="email").values_list("kind", "state"))
    assert Notice.objects.get(key__startswith="1|", channel="email").state == "superseded"
    assert Notice.objects.filter(channel="email", state="pending").count() == 2
    assert states["closed"] == "pending"
    assert Notice.objects.filter(channel="in_app", state="sent").count() == 3


def test_the_cost_does_not_grow_with_the_number_of_drafts():
    users = [person(f"p{n}", email=None, sms=True) for n in range(5)]
    group("所有")
    costs = []
    for some in (users[:1], users):
        drafts = [draft(u, f"{len(some)}-{n}", role="unit_head") for u in some for n in range(10)]
        drafts += [draft(key=f"{len(some)}", audience=("org:clean",))]
        with transaction.atomic(), CaptureQueriesContext(connection) as captured:
            tell(*drafts)
        costs.append(len([q for q in captured if not q["sql"].startswith("INSERT")]))
    assert costs == [4, 4]


def test_an_installation_without_channels_pays_one_question():
    user = person()
    with transaction.atomic(), CaptureQueriesContext(connection) as captured:
        tell(draft(user), draft(audience=("issues",)))
    assert len(captured) == 2


def test_two_thousand_drafts_are_stored_at_once(django_assert_max_num_queries):
    users = [person(f"p{n}") for n in range(3)]
    drafts = [draft(user, f"step {n}") for n in range(700) for user in users]
    with transaction.atomic(), django_assert_max_num_queries(60):
        tell(*drafts)
    assert Notice.objects.count() == 2100
