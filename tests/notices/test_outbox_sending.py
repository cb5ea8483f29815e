"""Claim, write, send, mark: what leaves, how often, and what becomes of the rest."""

from datetime import timedelta

import pytest

from accounts.models import User
from notices.channels.interface import Result
from notices.claiming import LEASE, claim
from notices.models import Attempt, ChannelChoice, Notice, Target
from notices.outcomes import begin
from notices.queries import oldest_unsent, undelivered, undelivered_count
from notices.sending import send_due
from notices.services import give_up, mark_read, retry, supersede
from tests.notices.outbox import (
    FACTS,
    MORNING,
    NIGHT,
    NOW,
    SUBJECT,
    draft,
    group,
    listen,
    person,
    tell,
)  # fmt: skip

pytestmark = pytest.mark.django_db
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def mail(monkeypatch):
    return listen(monkeypatch, "email")


@pytest.fixture
def sms(monkeypatch):
    return listen(monkeypatch, "sms")


@pytest.fixture
def bot(monkeypatch):
    return listen(monkeypatch, "wecom")


@pytest.fixture
def hook(monkeypatch):
    return listen(monkeypatch, "webhook")


def only(**found) -> Notice:
    return Notice.objects.exclude(channel="in_app").get(**found)


def attempts(notice) -> list:
    return list(notice.tries.order_by("number").values_list("number", "ok", "error"))


def failing(error="503", **more):
    return lambda _message: Result(False, error, **more)


def test_a_notice_leaves_once_with_its_words(mail):
    user = person(email=True)
    tell(draft(user))
    assert send_due(now=NOW).sent == 1
    assert send_due(now=NOW + HOUR).sent == 0
    ((message, address),) = mail.got
    assert address == "li.qiang@example.cn"
    assert message.title == "已派遣，请承办单位签收"
    assert message.text == "已派遣，请承办单位签收\nQH-261121-7K3M9 · 井盖破损 · 兰亭苑3号楼"
    assert message.link == "http://127.0.0.1:8000/issues/QH-261121-7K3M9/"
    notice = only()
    assert (notice.state, attempts(notice)) == ("sent", [(1, True, "")])


def test_the_words_are_in_the_language_of_the_person(mail):
    user = person(email=True)
    User.objects.filter(pk=user.pk).update(language="en")
    tell(draft(user))
    send_due(now=NOW)
    assert "Broken manhole cover" in mail.got[0][0].text


def test_a_group_reads_number_place_and_link_only(bot):
    group()
    tell(draft(audience=("x",), payload=FACTS | {"text": "张三的电话", "name": "张三"}))
    send_due(now=NOW)
    message = bot.got[0][0]
    assert message.text == "QH-261121-7K3M9 · 兰亭苑3号楼"
    assert message.facts == {"number": "QH-261121-7K3M9", "place": "兰亭苑3号楼"}
    assert "张三" not in repr(message)


def test_failures_are_tried_again_with_the_same_key_until_the_last(mail):
    mail.answer = failing()
    tell(draft(person(email=True)))
    at = NOW
    for _time in range(20):
        send_due(now=at)
        notice = only()
        if notice.state == "failed":
            break
        # The day of a person; quiet hours are another test's matter.
        at = notice.next_attempt_at + MINUTE
    assert notice.attempts == 7
    assert len(set(mail.keys)) == 1
    assert attempts(notice) == [(n, False, "503") for n in range(1, 8)]
    assert notice.last_error == "503"
    assert list(undelivered(at)) == [notice]


def test_a_failure_that_no_repeat_mends_ends_at_once(mail):
    mail.answer = failing("没有这个地址", retry=False)
    tell(draft(person(email=True)))
    send_due(now=NOW)
    assert (only().state, only().attempts) == ("failed", 1)


def test_a_webhook_is_tried_for_three_days(hook):
    hook.answer = failing()
    group(channel="webhook")
    tell(draft(audience=("x",)))
    at = NOW
    while only().state == "pending":
        send_due(now=at)
        at = only().next_attempt_at or at
    assert only().attempts == 10
    assert at - NOW > 3 * DAY


def test_a_receiver_that_is_gone_is_switched_off_and_the_rest_fails(hook):
    hook.answer = failing("410", disable=True)
    target = group(channel="webhook")
    tell(draft(audience=("x",), key="1"), draft(audience=("x",), key="2"))
    send_due(now=NOW)
    target.refresh_from_db()
    assert (target.active, target.disabled_reason) == (False, "410")
    assert set(Notice.objects.values_list("state", flat=True)) == {"failed"}
    assert len(hook.got) == 1


def test_one_that_cannot_be_told_does_not_stop_the_others(mail):
    def poison(message):
        if message.kind == "closed":
            raise RuntimeError("13912345678")
        return Result(ok=True)

    mail.answer = poison
    for name, kind in (("a", "dispatched"), ("b", "closed"), ("c", "noted")):
        tell(draft(person(name, email=True), kind=kind))
    sent = send_due(now=NOW)
    assert (sent.sent, sent.failed) == (2, 1)
    bad = only(kind="closed")
    assert bad.state == "pending"
    assert "13912345678" not in bad.last_error


def test_one_without_words_does_not_stop_the_others(mail, monkeypatch):
    tell(draft(person("a", email=True), payload={"number": 1}), draft(person("b", email=True)))
    Notice.objects.filter(recipient__username="a").update(payload=["no", "facts"])
    sent = send_due(now=NOW)
    assert (sent.sent, sent.failed) == (1, 1)


def test_a_target_that_is_down_does_not_hold_the_others_up(bot, mail):
    bot.answer = failing()
    group()
    tell(*(draft(audience=("x",), key=f"{n}") for n in range(100)))
    tell(draft(person(email=True)), now=NOW + MINUTE)
    sent = send_due(now=NOW + MINUTE)
    assert (sent.sent, len(bot.got)) == (1, 1)
    assert Notice.objects.filter(channel="wecom", state="pending").count() == 100


def test_settled_between_queue_and_claim_is_not_sent(mail):
    tell(draft(person(email=True)))
    supersede(subject_keys=[SUBJECT], now=NOW)
    assert send_due(now=NOW).sent == 0
    assert only().state == "superseded"


def test_settled_between_claim_and_sending_is_not_sent(mail):
    tell(draft(person(email=True)))
    claimed = claim(now=NOW, limit=10)
    supersede(subject_keys=[SUBJECT], now=NOW)
    assert begin(claimed.rows, now=NOW) == []
    assert only().state == "superseded"
    assert not Attempt.objects.exists()


def test_settled_while_it_is_sent_is_not_tried_again(mail):
    def settle(_message):
        supersede(subject_keys=[SUBJECT], now=NOW)
        return Result(False, "slow")

    mail.answer = settle
    tell(draft(person(email=True)))
    send_due(now=NOW)
    assert (only().state, only().attempts) == ("superseded", 1)


def test_what_is_too_old_is_not_sent(mail):
    tell(draft(person(email=True), expires_at=NOW + HOUR))
    sent = send_due(now=NOW + HOUR)
    assert (sent.sent, sent.settled, only().state) == (0, 1, "expired")


@pytest.mark.parametrize(
    ("change", "state"),
    [
        (lambda: ChannelChoice.objects.update(enabled=False), "superseded"),
        (lambda: ChannelChoice.objects.update(address=""), "failed"),
        (lambda: ChannelChoice.objects.update(address="not sealed"), "failed"),
        (lambda: User.objects.update(is_active=False), "expired"),
    ],
)
def test_the_choice_at_the_moment_of_sending_counts(mail, change, state):
    tell(draft(person(email=True)))
    change()
    send_due(now=NOW)
    assert (mail.got, only().state) == ([], state)


def test_a_retry_waits_for_the_morning_too(mail):
    mail.answer = failing()
    before = NIGHT - 2 * HOUR
    tell(draft(person(email=True)), now=before)
    send_due(now=before)
    send_due(now=NIGHT)
    assert len(mail.got) == 1
    assert only().next_attempt_at == MORNING
    send_due(now=MORNING)
    assert len(mail.got) == 2


def test_a_lease_that_ran_out_is_sent_again_with_the_same_key(mail):
    tell(draft(person(email=True)))
    begin(claim(now=NOW, limit=10).rows, now=NOW)
    assert send_due(now=NOW + LEASE - MINUTE).sent == 0
    assert send_due(now=NOW + LEASE + MINUTE).sent == 1
    assert mail.keys == [only().key]
    assert attempts(only()) == [(1, None, ""), (2, True, "")]


def test_a_sender_whose_lease_was_taken_over_leaves_the_notice_alone(mail):
    tell(draft(person(email=True)))
    slow = claim(now=NOW, limit=10).rows
    assert len(claim(now=NOW + LEASE, limit=10).rows) == 1
    assert begin(slow, now=NOW + LEASE) == []


def test_a_notice_that_kills_its_sender_ends_as_failed(mail):
    tell(draft(person(email=True)))
    at = NOW
    for _crash in range(8):
        begin(claim(now=at, limit=10).rows, now=at)
        at += LEASE + MINUTE
    assert only().state == "failed"
    assert "中断" in only().last_error


def test_several_ordinary_ones_of_a_person_leave_as_one(mail):
    user, other = person(email=True), person("other", email=True)
    tell(*(draft(user, f"{n}") for n in range(25)), draft(other), draft(user, "!", critical=True))
    assert send_due(now=NOW).sent == 3
    bundle = next(message for message, _to in mail.got if message.kind == "bundle")
    assert bundle.title == "您有 25 条通知"
    assert len(bundle.text.splitlines()) == 21
    assert bundle.text.splitlines()[-1] == "另有 5 条，请在系统中查看。"
    parts = Notice.objects.filter(bundled_into__key=bundle.key)
    assert parts.count() == 25
    assert set(parts.values_list("state", flat=True)) == {"sent"}
    assert send_due(now=NOW + HOUR).sent == 0


def test_a_bundle_that_failed_is_sent_again_with_its_key_without_what_was_settled(mail):
    user = person(email=True)
    mail.answer = failing()
    tell(draft(user, "1"), draft(user, "2", subject_key="issue:other"), draft(user, "3"))
    send_due(now=NOW)
    supersede(subject_keys=["issue:other"], now=NOW)
    mail.answer = lambda _message: Result(ok=True)
    send_due(now=NOW + 5 * MINUTE)
    first, second = (message for message, _to in mail.got)
    assert first.key == second.key
    assert (first.title, second.title) == ("您有 3 条通知", "您有 2 条通知")
    assert only(kind="bundle").state == "sent"


def test_a_bundle_of_what_was_settled_is_not_sent(mail):
    user = person(email=True)
    mail.answer = failing()
    tell(draft(user, "1"), draft(user, "2"))
    send_due(now=NOW)
    supersede(subject_keys=[SUBJECT], now=NOW)
    send_due(now=NOW + 5 * MINUTE)
    assert (len(mail.got), only(kind="bundle").state) == (1, "superseded")


def test_ordinary_text_messages_to_a_person_are_few_and_the_rest_is_bundled(sms):
    user = person(sms=True)
    for n in range(9):
        tell(draft(user, f"{n}"), now=NOW + n * MINUTE)
        send_due(now=NOW + n * MINUTE)
    assert len(sms.got) == 5
    assert not undelivered(NOW + 14 * MINUTE).exists()
    tell(draft(user, "fire", critical=True), now=NOW + 9 * MINUTE)
    send_due(now=NOW + 9 * MINUTE)
    assert sms.keys[-1].startswith("fire|")
    send_due(now=NOW + 16 * MINUTE)
    assert sms.got[-1][0].title == "您有 4 条通知"
    assert len(sms.got) == 7


def test_a_digest_becomes_one_line_in_the_product_and_one_message(mail, client):
    user = person(email=True)
    for n in range(3):
        tell(draft(user, f"{n}", bundle="digest", hold_until=NOW + HOUR))
    assert (send_due(now=NOW).shown, mail.got) == (0, [])
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert "没有消息" in client.get("/notices/").content.decode()

    sent = send_due(now=NOW + HOUR)

    assert (sent.shown, sent.sent) == (3, 1)
    page = client.get("/notices/")
    assert len(page.context["lines"]) == page.context["unread"] == 1
    assert len(page.context["lines"][0].parts) == 3
    assert page.content.decode().count("QH-261121-7K3M9") == 3
    part = page.context["lines"][0].parts[0].notice
    answer = client.post(f"/notices/{part.pk}/open/")
    assert answer["Location"] == "/issues/QH-261121-7K3M9/"
    assert client.get("/notices/").context["unread"] == 0
    assert mark_read(user=user, now=NOW) == 0


def test_one_alone_in_a_digest_is_told_as_itself(client):
    tell(draft(person(), bundle="digest", hold_until=NOW + HOUR))
    send_due(now=NOW + HOUR)
    assert list(Notice.objects.values_list("kind", "state")) == [("dispatched", "sent")]


@pytest.mark.parametrize("more", [{"critical": True, "bundle": "digest"}, {}])
def test_what_was_held_without_a_bundle_is_told_by_itself(more):
    user = person()
    tell(*(draft(user, f"{n}", hold_until=NOW + HOUR, **more) for n in range(2)))
    assert send_due(now=NOW + HOUR).shown == 2
    assert list(Notice.objects.values_list("kind", "state")) == [("dispatched", "sent")] * 2


def test_what_is_too_old_is_not_shown():
    tell(draft(person(), hold_until=NOW + HOUR, expires_at=NOW + MINUTE))
    send_due(now=NOW + HOUR)
    assert Notice.objects.get().state == "expired"


def test_the_undelivered_are_seen_within_five_minutes(mail):
    mail.answer = failing()
    assert oldest_unsent(NOW) is None
    tell(draft(person(email=True)))
    assert oldest_unsent(NOW + MINUTE) == NOW
    send_due(now=NOW)
    assert oldest_unsent(NOW) is None
    assert undelivered_count(NOW + 4 * MINUTE) == 0
    assert undelivered_count(NOW + 5 * MINUTE) == 1


def test_failed_ones_are_sent_again_or_given_up(mail):
    mail.answer = failing(retry=False)
    a, b = person("a", email=True), person("b", email=True)
    tell(draft(a), draft(a, "2"), draft(b))
    send_due(now=NOW)
    mail.answer = lambda _message: Result(ok=True)
    assert retry(notices=undelivered(NOW).filter(recipient=a), now=NOW + MINUTE) == 1
    send_due(now=NOW + MINUTE)
    assert only(recipient=a, kind="bundle").state == "sent"
    assert Notice.objects.filter(recipient=a, state="sent", channel="email").count() == 3
    assert give_up(notices=undelivered(NOW)) == 1
    assert undelivered_count(NOW + HOUR) == 0


def test_after_a_retry_the_pauses_start_anew(mail):
    mail.answer = failing()
    tell(draft(person(email=True)))
    Notice.objects.filter(channel="email").update(state="failed", attempts=7)
    retry(notices=undelivered(NOW), now=NOW)
    send_due(now=NOW)
    assert (only().state, only().attempts) == ("pending", 8)


def test_threads_wait_for_the_outside_only(mail):
    """Sixteen at a time, each told once; the registry's receiver reads no database."""
    for n in range(20):
        tell(draft(person(f"p{n}", email=True)))
    assert send_due(now=NOW, threads=16).sent == 20
    assert len(set(mail.keys)) == 20
    assert Target.objects.count() == 0
