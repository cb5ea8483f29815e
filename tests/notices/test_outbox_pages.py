"""My channels and quiet hours; what could not be delivered."""

from datetime import time, timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from notices.channels.interface import Result
from notices.models import ChannelChoice, Notice, QuietHours, Target
from notices.secrecy import Unreadable, seal, unseal
from notices.sending import send_due
from tests.callers import person as caller
from tests.notices.outbox import draft, group, listen, person, tell

pytestmark = pytest.mark.django_db
FORM = {
    "email_when": "on", "email": "li.qiang@example.cn", "sms_when": "post", "sms": "",
    "starts": "23:00", "ends": "06:30",
}  # fmt: skip


@pytest.fixture
def failed(world, monkeypatch):
    """An e-mail that failed for good, and a group that was switched off with two waiting."""
    mail, bot = listen(monkeypatch, "email"), listen(monkeypatch, "wecom")
    mail.answer = lambda _message: Result(False, "邮箱不存在", retry=False)
    bot.answer = lambda _message: Result(False, "群已解散", disable=True)
    now = timezone.now()
    group("环卫群")
    tell(draft(person(email=True), critical=True), now=now)
    tell(*(draft(audience=("x",), key=f"g{n}") for n in range(2)), now=now)
    send_due(now=now)
    return {"email": mail, "wecom": bot}


def test_a_person_chooses_channels_and_quiet_hours(world):
    client = caller("worker")
    assert client.post("/notices/settings/", FORM).status_code == 302
    choice = ChannelChoice.objects.get(channel="email")
    assert choice.enabled is True
    assert "li.qiang" not in choice.address
    assert unseal(choice.address) == "li.qiang@example.cn"
    quiet = QuietHours.objects.get()
    assert (quiet.starts, quiet.ends) == (time(23), time(6, 30))

    page = client.get("/notices/settings/").content.decode()
    assert "l***@example.cn" in page
    assert "li.qiang@example.cn" not in page
    assert 'value="23:00"' in page


def test_an_empty_address_keeps_the_stored_one_until_it_is_forgotten(world):
    client = caller("worker")
    client.post("/notices/settings/", FORM)
    client.post("/notices/settings/", FORM | {"email": "", "email_when": "off"})
    choice = ChannelChoice.objects.get(channel="email")
    assert (unseal(choice.address), choice.enabled) == ("li.qiang@example.cn", False)
    client.post("/notices/settings/", FORM | {"email": "", "email_forget": "on"})
    choice.refresh_from_db()
    assert choice.address == ""


@pytest.mark.parametrize(
    "wrong", [{"email": "no address"}, {"sms": "12345"}, {"starts": "25:00"}, {"email_when": "x"}]
)
def test_a_form_with_mistakes_changes_nothing_and_loses_nothing(world, wrong):
    answer = caller("worker").post("/notices/settings/", FORM | wrong)
    assert answer.status_code == 422
    assert not ChannelChoice.objects.exists()
    typed = next(iter(wrong.values()))
    assert typed == "x" or typed in answer.content.decode()


def test_a_mobile_number_is_kept_without_spaces(world):
    caller("worker").post("/notices/settings/", FORM | {"sms": "+86 139-1234 5678"})
    assert unseal(ChannelChoice.objects.get(channel="sms").address) == "13912345678"
    assert "139****5678" in caller("worker").get("/notices/settings/").content.decode()


def test_the_page_says_what_ones_posts_have_by_default(world):
    assert (
        "您的岗位默认使用：街道领导" in caller("leader").get("/notices/settings/").content.decode()
    )
    assert (
        "您的岗位默认不使用：网格员" in caller("worker").get("/notices/settings/").content.decode()
    )


def test_a_test_to_oneself_goes_through_the_outbox_once_a_minute(world, monkeypatch):
    mail = listen(monkeypatch, "email")
    client = caller("worker")
    client.post("/notices/settings/", FORM | {"email_when": "post"})
    for _time in range(2):
        client.post("/notices/settings/test/", {"channel": "email"})
    assert 1 <= Notice.objects.filter(kind="test").count() <= 2
    send_due(now=timezone.now())
    assert mail.got[0][0].title.startswith("测试通知")
    assert "已发送" in client.get("/notices/settings/").content.decode()
    assert client.post("/notices/settings/test/", {"channel": "wecom"}).status_code == 400


def test_the_undelivered_stand_with_cause_and_attempts(failed):
    page = caller("admin").get("/notices/undelivered/").content.decode()
    assert "邮箱不存在" in page
    assert "群已解散" in page
    assert "环卫群" in page
    assert "QH-261121-7K3M9" in page
    for hidden in ("li.qiang@example.cn", "bot.example.cn", "兰亭苑3号楼"):
        assert hidden not in page
    notice = Notice.objects.get(channel="email")
    shown = caller("admin").get(f"/notices/{notice.pk}/attempts/").content.decode()
    assert "邮箱不存在" in shown
    assert notice.key in shown


def test_what_is_late_stands_there_too_and_what_is_not_does_not(world):
    now = timezone.now()
    tell(draft(key="late", audience=("x",)), now=now)
    group("晚")
    tell(draft(key="old", audience=("x",)), now=now - timedelta(minutes=6))
    tell(draft(key="new", audience=("x",)), now=now)
    shown = caller("admin").get("/notices/undelivered/").context["notices"]
    assert [notice.key.split("|")[0] for notice, _sentence in shown] == ["old"]


def test_one_or_all_of_a_target_are_sent_again(failed):
    client = caller("admin")
    for receiver in failed.values():
        receiver.answer = lambda _message: Result(ok=True)
    target = Target.objects.get()
    Target.objects.update(active=True)
    email = Notice.objects.get(channel="email")
    client.post("/notices/undelivered/retry/", {"id": email.pk})
    assert set(Notice.objects.filter(state="pending").values_list("pk", flat=True)) == {email.pk}
    client.post("/notices/undelivered/retry/", {"target": target.pk})
    send_due(now=timezone.now())
    assert not Notice.objects.filter(channel__in=["email", "wecom"]).exclude(state="sent").exists()
    assert "没有未送达的通知" in client.get("/notices/undelivered/").content.decode()


def test_what_nobody_needs_any_more_is_given_up(failed):
    email = Notice.objects.get(channel="email")
    caller("admin").post("/notices/undelivered/give-up/", {"id": email.pk})
    email.refresh_from_db()
    assert email.state == "expired"


@pytest.mark.parametrize("name", ["worker", "street", "auditor"])
def test_the_undelivered_are_for_whoever_keeps_the_house(failed, name):
    client = caller(name)
    email = Notice.objects.get(channel="email")
    assert client.get("/notices/undelivered/").status_code == 403
    assert client.post("/notices/undelivered/retry/", {"id": email.pk}).status_code == 403
    assert client.post("/notices/undelivered/give-up/", {"id": email.pk}).status_code == 403
    assert client.get(f"/notices/{email.pk}/attempts/").status_code == 404
    email.refresh_from_db()
    assert email.state == "failed"


def test_the_list_of_the_undelivered_costs_the_same_for_one_and_many(
    failed, django_assert_max_num_queries
):
    client = caller("admin")
    client.get("/notices/undelivered/")
    with django_assert_max_num_queries(20) as few:
        client.get("/notices/undelivered/")
    Target.objects.update(active=True)
    tell(*(draft(key=f"m{n}", audience=("x",)) for n in range(10)))
    with django_assert_max_num_queries(20) as many:
        client.get("/notices/undelivered/")
    assert len(few) == len(many)


def test_the_command_sends_once_and_says_how_many(failed, capsys):
    call_command("send_notices", "--once")
    assert capsys.readouterr().out == "shown 0, sent 0, failed attempts 0, settled 0\n"


def test_addresses_are_sealed_and_survive_a_new_key(settings):
    sealed = seal("https://bot.example.cn/key")
    assert "bot.example" not in sealed
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "x" * 60, [settings.SECRET_KEY]
    assert unseal(sealed) == "https://bot.example.cn/key"
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(Unreadable):
        unseal(sealed)
    assert seal("") == unseal("") == ""
