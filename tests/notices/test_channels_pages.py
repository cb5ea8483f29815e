"""Targets and allowed hosts on their pages, and `manage.py sendtest`."""

import re

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone
from standardwebhooks import Webhook

from notices.models import AllowedHost, Notice, Target
from notices.secrecy import seal, unseal
from notices.sending import send_due
from notices.targets import services
from notices.targets.forms import kinds
from tests.callers import person
from tests.receivers import Answer, receiver

pytestmark = pytest.mark.django_db
WECOM = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=0a1b2c3d-CANARY"


@pytest.fixture
def admin(world):
    AllowedHost.objects.create(pattern="127.0.0.0/8")
    AllowedHost.objects.create(pattern="qyapi.weixin.qq.com")
    return person("admin")


def filled(**other):
    return {
        "name": "环卫处置群", "channel": "wecom", "address": WECOM, "secret": "", "audience": "",
    } | other  # fmt: skip


def made(channel="webhook", address="https://127.0.0.1/hook", secret="", **other):  # noqa: S107
    return Target.objects.create(
        channel=channel, name="对象", address=seal(address), secret=seal(secret),
        created_at=timezone.now(), **other,
    )  # fmt: skip


def text(answer):
    return answer.content.decode()


def test_only_who_keeps_the_house_sees_and_changes_targets(admin):
    target, host = made(), AllowedHost.objects.first()
    pages = [reverse("targets"), reverse("target_new"), reverse("target_edit", args=[target.pk])]
    acts = [
        reverse("target_new"), reverse("target_edit", args=[target.pk]),
        reverse("target_act", args=[target.pk, "off"]), reverse("allowed_host_add"),
        reverse("allowed_host_remove", args=[host.pk]),
    ]  # fmt: skip
    for name in ("colleague", "street", "auditor"):
        client = person(name)
        assert {client.get(page).status_code for page in pages} == {403}
        assert {client.post(act, filled()).status_code for act in acts} == {403}
    assert Target.objects.get().active
    assert AllowedHost.objects.count() == 2
    assert {admin.get(page).status_code for page in pages} == {200}


def test_an_address_is_sealed_and_never_shown_again(admin):
    assert admin.post(reverse("target_new"), filled()).status_code == 302
    target = Target.objects.get()
    assert "CANARY" not in target.address
    assert unseal(target.address) == WECOM
    pages = text(admin.get(reverse("targets"))) + text(
        admin.get(reverse("target_edit", args=[target.pk]))
    )
    assert "CANARY" not in pages
    assert "https://qyapi.weixin.qq.com/****" in pages


def test_what_cannot_be_saved_comes_back_as_it_was_typed(admin):
    wrong = filled(
        address="https://not.allowed.example/send?key=abc", audience="ORG clean", secret="typed in"
    )
    answer = admin.post(reverse("target_new"), wrong)
    assert answer.status_code == 422
    assert "不在允许的主机中" in text(answer)
    for value in ("环卫处置群", wrong["address"], "ORG clean", "typed in"):
        assert value in text(answer)
    assert not Target.objects.exists()
    assert admin.post(reverse("target_new"), filled(address="")).status_code == 422
    assert admin.post(reverse("target_new"), {}).status_code == 422


def test_a_name_is_given_once(admin):
    assert admin.post(reverse("target_new"), filled()).status_code == 302
    assert admin.post(reverse("target_new"), filled()).status_code == 422
    target = Target.objects.get()
    again = admin.post(reverse("target_edit", args=[target.pk]), filled(address=""))
    assert again.status_code == 302


def test_a_change_keeps_what_is_left_empty(admin):
    target = made("dingtalk", "https://127.0.0.1/robot/send?access_token=abc", "SEC01")
    kind = kinds()[0][0]
    edit = reverse("target_edit", args=[target.pk])
    body = filled(name="新名", channel="dingtalk", address="", audience="org:clean", kinds=[kind])
    assert admin.post(edit, body).status_code == 302
    target.refresh_from_db()
    assert (target.name, target.audience, target.kinds) == ("新名", "org:clean", [kind])
    assert unseal(target.address).endswith("access_token=abc")
    assert unseal(target.secret) == "SEC01"
    # Another channel's address is another one.
    assert admin.post(edit, filled(channel="feishu", address="")).status_code == 422
    assert admin.post(edit, filled(channel="wecom")).status_code == 302
    target.refresh_from_db()
    assert target.secret == ""


def test_a_webhooks_secret_is_made_here_and_shown_once(admin):
    body = filled(channel="webhook", address="https://127.0.0.1/hook")
    answer = admin.post(reverse("target_new"), body)
    target = Target.objects.get()
    (secret,) = re.findall(r"whsec_[A-Za-z0-9+/=]+", text(answer))
    assert unseal(target.secret) == secret
    assert Webhook(secret)
    edit = reverse("target_edit", args=[target.pk])
    assert admin.post(edit, body | {"secret": "mine"}).status_code == 422
    assert admin.post(edit, body | {"address": ""}).status_code == 302
    assert "whsec_" not in text(admin.get(edit)) + text(admin.get(reverse("targets")))
    other = admin.post(reverse("target_act", args=[target.pk, "secret"]))
    target.refresh_from_db()
    assert unseal(target.secret) in text(other)
    assert unseal(target.secret) != secret


def test_only_webhooks_get_a_secret_of_ours(admin):
    target = made("wecom", WECOM)
    assert admin.post(reverse("target_act", args=[target.pk, "secret"])).status_code == 404
    assert admin.post(reverse("target_act", args=[target.pk, "nonsense"])).status_code == 404


def test_a_target_that_asked_to_be_left_alone_is_shown_and_can_be_used_again(admin):
    with receiver(Answer(410), Answer()) as there:
        target = made(address=there.url(), secret="whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz")
        act = reverse("target_act", args=[target.pk, "test"])
        assert admin.post(act).status_code == 302
        send_due(now=timezone.now())
        target.refresh_from_db()
        assert not target.active
        page = text(admin.get(reverse("targets")))
        assert "停用原因" in page
        assert "410" in page
        assert "最近失败" in page
        admin.post(reverse("target_act", args=[target.pk, "on"]))
        target.refresh_from_db()
        assert (target.active, target.disabled_reason) == (True, "")
        Notice.objects.update(key="earlier")
        admin.post(act)
        send_due(now=timezone.now())
    assert "最近成功" in text(admin.get(reverse("targets")))
    assert [got.json["type"] for got in there.requests] == ["issue.test"] * 2


def test_a_test_is_queued_once_a_minute(admin):
    target, now = made(), timezone.now()
    for _time in range(3):
        services.queue_target_test(target=target, now=now)
    assert Notice.objects.filter(target=target).count() == 1


def test_switching_off_says_by_whom_and_keeps_an_earlier_reason(admin):
    target = made()
    admin.post(reverse("target_act", args=[target.pk, "off"]))
    target.refresh_from_db()
    assert (target.active, target.disabled_reason) == (False, "管理员停用。")


def test_hosts_are_added_and_removed_in_words(admin):
    add = reverse("allowed_host_add")
    assert admin.post(add, {"pattern": " *.Example.GOV.cn ", "note": "区里"}).status_code == 302
    assert AllowedHost.objects.filter(pattern="*.example.gov.cn", note="区里").exists()
    for wrong in ("*.example.gov.cn", "0.0.0.0/0", "https://example.cn/", ""):
        answer = admin.post(add, {"pattern": wrong, "note": "说明文字"})
        assert answer.status_code == 422
        assert "说明文字" in text(answer)
    assert AllowedHost.objects.count() == 3


def test_a_target_whose_host_was_taken_away_says_so(admin):
    made("wecom", WECOM)
    assert "不在允许的主机中" not in text(admin.get(reverse("targets")))
    host = AllowedHost.objects.get(pattern="qyapi.weixin.qq.com")
    assert admin.post(reverse("allowed_host_remove", args=[host.pk])).status_code == 302
    assert "不在允许的主机中" in text(admin.get(reverse("targets")))


def test_a_target_that_no_key_opens_says_so(admin, settings):
    target = made()
    Target.objects.filter(pk=target.pk).update(address="nonsense")
    assert "密钥已更换" in text(admin.get(reverse("targets")))
    assert admin.get(reverse("target_edit", args=[target.pk])).status_code == 200


# --- manage.py sendtest ------------------------------------------------------------


def test_sendtest_says_that_it_left(admin, capsys):
    with receiver(Answer(body=b'{"errcode": 0}')) as there:
        made("wecom", there.url("/send?key=abc"))
        call_command("sendtest", target="对象")
        call_command("sendtest", channel="wecom", to=there.url("/send?key=abc"))
    assert capsys.readouterr().out.count("已发出") == 2
    assert "TEST" in there.requests[0].json["text"]["content"]


def test_sendtest_fails_with_the_cause(admin):
    with receiver(Answer(503)) as there:
        made(address=there.url(), secret="whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz")
        with pytest.raises(CommandError, match="503"):
            call_command("sendtest", channel="webhook", target="对象")
    with pytest.raises(CommandError, match="SMS_URL"):
        call_command("sendtest", channel="sms", to="13912340987")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "--to"), ({"channel": "email"}, "--to"), ({"to": "a@b.cn"}, "--channel"),
        ({"channel": "smoke", "to": "a@b.cn"}, "--channel"), ({"target": "谁"}, "没有这个通知对象"),
        ({"channel": "email", "target": "对象"}, "webhook"),
        ({"channel": "email", "to": "x", "target": "对象"}, "--to"),
    ],
)  # fmt: skip
def test_sendtest_says_what_is_missing(admin, given, said):
    made()
    with pytest.raises(CommandError, match=said):
        call_command("sendtest", **given)
