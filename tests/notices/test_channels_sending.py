"""What leaves through each channel, seen from the other side."""

import base64
import email
import hashlib
import hmac
import json
import logging
from datetime import UTC, datetime
from email.policy import default
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from standardwebhooks import Webhook, WebhookVerificationError

from notices import channels
from notices.channels import Message, others, sms, webhook
from notices.channels.door import LIMIT
from notices.models import AllowedHost, Target
from notices.secrecy import seal
from tests.receivers import Answer, mail_server, receiver

pytestmark = pytest.mark.django_db
NUMBER, PLACE, LINK = "QH-261121-7K3M9", "青禾小区 3 幢", "https://gezhi.example/i/QH-261121-7K3M9/"
FACTS = {
    "number": NUMBER, "place": PLACE, "category_zh": "暴露垃圾", "critical": True, "unit": None
}  # fmt: skip
SECRET_WORDS = b'{"errmsg": "CANARY-BODY", "errcode": 93000}'
BOTS = {
    "wecom": "/cgi-bin/webhook/send?key=0a1b-2c3d",
    "dingtalk": "/robot/send?access_token=0a1b2c3d",
    "feishu": "/open-apis/bot/v2/hook/0a1b-2c3d",
}


@pytest.fixture(autouse=True)
def _allowed():
    AllowedHost.objects.create(pattern="127.0.0.0/8")


def message(**other):
    return Message(
        **{
            "key": "chased:81|t3|webhook",
            "kind": "chased",
            "title": "催办：暴露垃圾",
            "text": "张三报告的事项已超时，请尽快处置。",
            "link": LINK,
            "facts": FACTS,
            "critical": False,
            "created_at": datetime(2026, 11, 24, 1, 30, tzinfo=UTC),
            "language": "zh-hans",
        }
        | other
    )


def target(channel="webhook", secret=""):
    return Target(channel=channel, name="群", address="sealed", secret=seal(secret))


def send(channel, address, secret="", **other):
    return channels.send(
        channel=channel, message=message(**other), address=address, target=target(channel, secret)
    )


# --- webhook ---------------------------------------------------------------------


def test_a_webhook_is_signed_as_the_convention_says():
    secret = webhook.new_secret()
    with receiver() as there:
        assert send("webhook", there.url(), secret).ok
    got = there.requests[0]
    assert got.headers["webhook-id"] == "chased:81|t3|webhook"
    assert Webhook(secret).verify(got.body, got.headers) == {
        "type": "issue.chased",
        "timestamp": "2026-11-24T01:30:00+00:00",
        "data": FACTS | {"link": LINK},
    }
    with pytest.raises(WebhookVerificationError):
        Webhook(webhook.new_secret()).verify(got.body, got.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(got.body + b" ", got.headers)


@pytest.mark.parametrize(
    ("status", "ok", "retry", "disable"),
    [(200, True, True, False), (204, True, True, False), (302, False, True, False),
     (400, False, True, False), (410, False, False, True), (429, False, True, False),
     (500, False, True, False)],
)  # fmt: skip
def test_what_a_webhooks_answer_means(status, ok, retry, disable):
    with receiver(Answer(status, SECRET_WORDS if status != 204 else b"")) as there:
        result = send("webhook", there.url(), webhook.new_secret())
    assert (result.ok, result.retry, result.disable) == (ok, retry, disable)
    assert "CANARY" not in result.error
    assert ok or str(status) in result.error


def test_a_webhook_that_answers_after_the_time_is_a_failure_to_try_again(settings):
    settings.WEBHOOK_TIMEOUT = 0.2
    with receiver(Answer(held=True), Answer()) as there:
        first = send("webhook", there.url(), webhook.new_secret())
        there.release()
        second = send("webhook", there.url(), webhook.new_secret())
    assert (first.ok, first.retry) == (False, True)
    assert second.ok
    ids = {got.headers["webhook-id"] for got in there.requests}
    assert len(there.requests) == 2
    assert len(ids) == 1


def test_a_webhook_fails_until_it_works():
    with receiver(Answer(500), Answer(503), Answer()) as there:
        results = [send("webhook", there.url(), webhook.new_secret()).ok for _try in range(3)]
    assert results == [False, False, True]


def test_a_webhook_without_a_secret_does_not_leave():
    with receiver() as there:
        assert not send("webhook", there.url()).ok
    assert there.requests == []


# --- group bots ------------------------------------------------------------------


@pytest.mark.parametrize("channel", BOTS)
@pytest.mark.parametrize("secret", ["", "SEC0123abcd"])
def test_a_group_reads_number_place_and_link_and_nothing_else(channel, secret):
    with receiver(Answer(body=b'{"errcode": 0, "code": 0}')) as there:
        result = send(channel, there.url(BOTS[channel]), secret)
    assert result.ok, result.error
    (got,) = there.requests
    said = got.json.get("text") or got.json["content"]
    assert (said.get("content") or said["text"]) == f"格治通知\n{NUMBER}\n{PLACE}\n{LINK}"
    written = json.dumps(got.json, ensure_ascii=False)
    assert not any(word in written for word in ("张三", "超时", "催办", "chased"))


def test_a_group_reads_its_own_language():
    with receiver(Answer(body=b'{"errcode": 0}')) as there:
        send("wecom", there.url(BOTS["wecom"]), language="en")
    assert there.requests[0].json["text"]["content"].splitlines()[1:] == [NUMBER, PLACE, LINK]


def test_feishus_signature_is_the_one_its_page_describes():
    with receiver(Answer(body=b'{"code": 0}')) as there:
        assert send("feishu", there.url(BOTS["feishu"]), "word of the bot").ok
    got = there.requests[0].json
    key = got["timestamp"] + "\n" + "word of the bot"
    signed = base64.b64encode(hmac.digest(key.encode(), b"", "sha256")).decode()
    assert got["sign"] == signed
    assert abs(int(got["timestamp"]) - datetime.now(UTC).timestamp()) < 60


def test_dingtalks_signature_arrives_quoted_once():
    with receiver(Answer(body=b'{"errcode": 0}')) as there:
        assert send("dingtalk", there.url(BOTS["dingtalk"]), "SEC0123abcd").ok
    query = parse_qs(urlsplit(there.requests[0].path).query)
    signed = f"{query['timestamp'][0]}\nSEC0123abcd".encode()
    assert query["sign"] == [
        base64.b64encode(hmac.digest(b"SEC0123abcd", signed, "sha256")).decode()
    ]
    assert query["access_token"] == ["0a1b2c3d"]


@pytest.mark.parametrize("channel", BOTS)
@pytest.mark.parametrize(
    ("answer", "told"),
    [(Answer(200, SECRET_WORDS), "93000"), (Answer(500, SECRET_WORDS), "500"),
     (Answer(302, SECRET_WORDS, {"Location": "http://127.0.0.1:9/"}), "302")],
)  # fmt: skip
def test_a_bot_that_refuses_is_a_failure_told_by_its_number(channel, answer, told):
    """Also with 200: these services refuse in the body."""
    with receiver(answer) as there:
        result = send(channel, there.url(BOTS[channel]), "SEC0123abcd")
    assert (result.ok, result.retry) == (False, True)
    assert told in result.error
    assert "CANARY" not in result.error
    assert len(there.requests) == 1


@pytest.mark.parametrize("channel", [*BOTS, "webhook"])
def test_a_host_that_is_not_allowed_is_refused_at_saving_and_at_sending(channel):
    AllowedHost.objects.all().delete()
    with receiver() as there:
        address = there.url(BOTS.get(channel, "/hook"))
        with pytest.raises(ValidationError, match="允许的主机"):
            channels.CHANNELS[channel].check(address)
        result = send(channel, address, webhook.new_secret() if channel == "webhook" else "")
    assert (result.ok, result.retry) == (False, False)
    assert "允许的主机" in result.error
    assert there.requests == []


@pytest.mark.parametrize(
    ("channel", "address"),
    [("wecom", "https://127.0.0.1/cgi-bin/webhook/send"), ("dingtalk", "https://127.0.0.1/robot"),
     ("feishu", "https://127.0.0.1/"), ("wecom", "https://127.0.0.1/send?key=a%20b")],
)  # fmt: skip
def test_an_address_that_is_no_bots_is_refused_in_words(channel, address):
    with pytest.raises(ValidationError, match="机器人"):
        channels.CHANNELS[channel].check(address)
    assert not send(channel, address).retry


# --- others through Apprise --------------------------------------------------------

OTHERS = {
    "bark": "bark://{host}/devicekey",
    "gotify": "gotify://{host}/A.b-c",
    "mmost": "mmost://{host}/3ccdd113474722377935511fc85d3dd4",
    "ntfy": "ntfy://{host}/street?redirect=yes&verify=no&retry=3&wait=9",
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_services_go_through_the_same_door(name):
    address = OTHERS[name].format
    with receiver() as aim:
        there_and_back = Answer(307, headers={"Location": aim.url()})
        with receiver(Answer(), there_and_back) as there:
            host = f"127.0.0.1:{there.port}"
            channels.CHANNELS["apprise"].check(address(host=host))
            taken, turned = (send("apprise", address(host=host)) for _try in range(2))
            AllowedHost.objects.all().delete()
            with pytest.raises(ValidationError):
                channels.CHANNELS["apprise"].check(address(host=host))
            refused = send("apprise", address(host=host))
    assert taken.ok, taken.error
    assert (turned.ok, refused.ok, refused.retry) == (False, False, False)
    assert (len(there.requests), len(aim.requests)) == (2, 0)
    written = there.requests[0].body.decode().encode().decode("unicode_escape", "replace")
    assert NUMBER in written
    assert "张三" not in json.dumps(there.requests[0].body.decode(), ensure_ascii=False)


@pytest.mark.parametrize(
    "address",
    ["ifttt://key@event", "https://127.0.0.1/", "gotify://127.0.0.1", "nonsense", "",
     "bark://127.0.0.1/one/two"],
)  # fmt: skip
def test_a_service_that_is_not_offered_is_refused_in_words(address):
    with pytest.raises(ValidationError):
        channels.CHANNELS["apprise"].check(address)
    assert not send("apprise", address).ok


def test_only_the_plugins_that_are_needed_are_loaded(run_python):
    code = (
        "import django; django.setup(); import notices.channels, sys;"
        "print(sorted(n.split('.')[2] for n in sys.modules if n.startswith('apprise.plugins.')))"
    )
    named = {"base", "bark", "dingtalk", "feishu", "gotify", "mattermost", "ntfy", "wecombot"}
    assert run_python(code).strip() == str(sorted(named))
    assert {plugin.__module__.rpartition(".")[2] for plugin in others.PLUGINS.values()} < named


# --- sms -------------------------------------------------------------------------


@pytest.fixture
def gateway(settings):
    with receiver() as there:
        settings.SMS_URL, settings.SMS_KEY = there.url("/sms"), "key of the gateway"
        settings.SMS_SIGN_NAME = "青禾街道"
        yield there


def test_a_text_is_signed_for_the_gateway(gateway):
    assert send("sms", "139 1234 0987", text="请处置。").ok
    (got,) = gateway.requests
    said = got.json
    assert said == {
        "to": "13912340987",
        "text": f"【青禾街道】请处置。 {LINK}",
        "key": "chased:81|t3|webhook",
        "timestamp": said["timestamp"],
    }
    signed = f"{said['timestamp']}.{said['key']}.".encode() + got.body
    expected = hmac.new(b"key of the gateway", signed, hashlib.sha256).hexdigest()
    assert got.headers["Gezhi-Signature"] == f"v1={expected}"
    assert got.headers["Gezhi-Timestamp"] == str(said["timestamp"])


def test_a_long_text_is_cut_and_keeps_its_link(gateway):
    assert send("sms", "+85291234567", text=f"{'长' * 400}\n{LINK}").ok
    text = gateway.requests[0].json["text"]
    assert len(text) == sms.LONGEST
    assert text.endswith(f"…{' '}{LINK}")
    assert text.count(LINK) == 1


@pytest.mark.parametrize(
    ("status", "retry"), [(400, False), (403, False), (429, True), (500, True), (302, True)]
)
def test_what_a_gateways_answer_means(gateway, status, retry):
    gateway.answers = [Answer(status, SECRET_WORDS)]
    result = send("sms", "13912340987")
    assert (result.ok, result.retry) == (False, retry)
    assert "CANARY" not in result.error


@pytest.mark.parametrize(
    "number",
    ["", "12345", "10012340987", "+86123", "1391234098x", "１３９１２３４０９８７", "+0123456789"],
)
def test_a_number_that_is_no_phone_is_refused(gateway, number):
    with pytest.raises(ValidationError):
        channels.CHANNELS["sms"].check(number)
    assert not send("sms", number).retry
    assert gateway.requests == []


def test_without_a_gateway_the_channel_says_so():
    result = send("sms", "13912340987")
    assert (result.ok, result.retry) == (False, False)
    assert "SMS_URL" in result.error


def test_the_gateways_host_must_be_allowed_too(gateway):
    AllowedHost.objects.all().delete()
    assert not send("sms", "13912340987").ok
    assert gateway.requests == []


# --- e-mail ----------------------------------------------------------------------


def through(settings, server):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    settings.DEFAULT_FROM_EMAIL = "格治 <gezhi@street.example>"


def test_a_mail_arrives_with_an_id_made_of_the_key(settings):
    with mail_server() as server:
        through(settings, server)
        results = [send("email", "desk@street.example") for _try in range(2)]
        other = send("email", "desk@street.example", key="another")
    assert [result.ok for result in results] == [True, True]
    assert other.ok
    first, again, third = [email.message_from_bytes(m, policy=default) for m in server.messages]
    assert first["Message-ID"] == again["Message-ID"] != third["Message-ID"]
    assert first["Message-ID"].endswith("@street.example>")
    assert first["Subject"] == "催办：暴露垃圾"
    assert first.get_content_type() == "text/plain"
    assert (
        first.get_content().replace("\r", "").strip()
        == f"张三报告的事项已超时，请尽快处置。\n\n{LINK}"
    )


def test_no_header_can_be_smuggled_in(settings):
    with mail_server() as server:
        through(settings, server)
        assert send("email", "desk@street.example", title="催办\r\nBcc: all@street.example").ok
        for address in ("desk@street.example\r\nBcc: all@street.example", "a@b.cn, c@d.cn", ""):
            assert not send("email", address).retry
    (raw,) = server.messages
    assert email.message_from_bytes(raw, policy=default)["Bcc"] is None


@pytest.mark.parametrize(
    ("command", "reply", "retry"),
    [("RCPT", "451 CANARY later", True), ("RCPT", "550 CANARY nobody", False),
     ("DATA", "452 CANARY full", True), ("MAIL", "553 CANARY no", False)],
)  # fmt: skip
def test_four_hundreds_are_tried_again_and_five_hundreds_not(settings, command, reply, retry):
    with mail_server(**{command: reply}) as server:
        through(settings, server)
        result = send("email", "desk@street.example")
    assert (result.ok, result.retry) == (False, retry)
    assert reply[:3] in result.error
    assert "CANARY" not in result.error
    assert "desk" not in result.error


def test_a_mail_server_that_is_away_is_tried_again(settings):
    with mail_server() as server:
        through(settings, server)
    result = send("email", "desk@street.example")
    assert (result.ok, result.retry) == (False, True)


def test_without_a_mail_server_the_channel_says_so(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    result = send("email", "desk@street.example")
    assert (result.ok, result.retry) == (False, False)
    assert "EMAIL_URL" in result.error
    assert mail.outbox == []


# --- all -------------------------------------------------------------------------


def test_every_channel_but_the_products_own_is_here():
    kinds = {key: channel.personal for key, channel in channels.CHANNELS.items()}
    assert {key for key, personal in kinds.items() if personal} == {"email", "sms"}
    assert {key for key, personal in kinds.items() if not personal} == {*BOTS, "apprise", "webhook"}


def test_an_unexpected_fault_is_told_by_its_class_alone(monkeypatch, caplog):
    def broken(*args, **kwargs):
        raise RuntimeError("CANARY 13912340987")

    monkeypatch.setattr("notices.channels.door.call", broken)
    result = send("webhook", "https://127.0.0.1/", webhook.new_secret())
    assert not result.ok
    assert "RuntimeError" in result.error
    assert "CANARY" not in result.error + caplog.text


def test_a_secret_that_cannot_be_read_is_said(settings):
    sealed = target("webhook", webhook.new_secret())
    settings.SECRET_KEY = "another" * 10
    result = channels.send(
        channel="webhook", message=message(), address="https://127.0.0.1/", target=sealed
    )
    assert (result.ok, result.retry) == (False, False)


def test_no_address_and_no_body_reaches_the_log(caplog):
    """Both libraries would print them when told to tell all."""
    with caplog.at_level(logging.DEBUG), receiver(Answer(500, SECRET_WORDS)) as there:
        for channel, path in BOTS.items():
            send(channel, there.url(path), "SEC0123abcd")
        send("webhook", there.url("/0a1b2c3d"), webhook.new_secret())
        channels.CHANNELS["apprise"].check(f"gotify://127.0.0.1:{there.port}/A0a1b2c3d")
    assert "0a1b" not in caplog.text
    assert "CANARY" not in caplog.text


@pytest.mark.parametrize("body", [b"[" * LIMIT * 3, b"<html>sign in first</html>", b"[]", b"{}"])
def test_whoever_answers_a_bots_call_without_its_number_took_nothing(body):
    """A page of a proxy in between, say; or one that means harm."""
    with receiver(Answer(body=body)) as there:
        result = send("wecom", there.url(BOTS["wecom"]))
    assert (result.ok, result.retry) == (False, True)
    assert "机器人" in result.error
