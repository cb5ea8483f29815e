"""The pages duty and leave: what they show, to whom, and that a refusal keeps what was typed."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from partyorgs.models import Duty, Leave
from partyorgs.services import give_post
from tests.callers import person
from tests.world import SHANGHAI, START

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
COLUMNS = "organization_code,date,start,end,username,position,leader"


def today():
    return timezone.now().astimezone(SHANGHAI).date()


def at(name, code="desk-1"):
    return reverse(name, kwargs={"code": code})


@pytest.fixture
def running(world):
    now = timezone.now()
    make = {"organization": world.orgs["desk-1"], "starts": now - DAY / 2, "ends": now + DAY / 2}
    Duty.objects.create(user=world.user("street"), **make)
    Duty.objects.create(user=world.user("leader"), leader=True, **make)


def test_a_worker_sees_who_is_on_duty_at_the_desk_and_no_forms(world, running):
    client = person("worker")
    page = client.get(reverse("duty")).content.decode()
    assert "青禾街道值守台" in page
    assert "street" in page
    assert "柳桥街道值守台" not in page
    page = client.get(at("duty_organization")).content.decode()
    assert "带班领导" in page
    assert reverse("duty_set", kwargs={"code": "desk-1"}) not in page


def test_the_stand_in_is_named_beside_whoever_is_on_leave(world, running):
    now = timezone.now()
    Leave.objects.create(
        user=world.user("street"), stand_in=world.user("community"), valid_from=now - DAY,
        valid_until=now + DAY, entered_by=world.user("street"),
    )  # fmt: skip
    assert "community 替岗" in person("worker").get(reverse("duty")).content.decode()


def test_more_organizations_cost_no_more_queries(world, running, django_assert_max_num_queries):
    client = person("district")
    client.get(reverse("duty"))
    with django_assert_max_num_queries(14):
        client.get(reverse("duty"))


def shift(**more):
    tomorrow = today() + DAY
    return {
        "date": f"{tomorrow}", "starts": "08:00", "ends": "20:00", "position": "1", "note": "",
    } | more  # fmt: skip


def test_a_shift_is_put_on_the_roster_and_taken_off(world):
    client = person("street")
    answer = client.post(at("duty_set"), shift(person=world.user("street").pk))
    assert answer.status_code == 302
    row = Duty.objects.get()
    page = client.get(at("duty_organization")).content.decode()
    assert f'value="{row.pk}"' in page
    client.post(at("duty_clear"), {"duty": row.pk})
    assert not Duty.objects.exists()


def test_a_refused_shift_comes_back_filled(world):
    now = timezone.now()
    Duty.objects.create(
        organization=world.orgs["desk-1"], user=world.user("street"), starts=now, ends=now + 3 * DAY
    )
    answer = person("street").post(
        at("duty_set"), shift(person=world.user("street").pk, note="电话转手机")
    )
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "已经排了" in page
    assert "电话转手机" in page
    assert Duty.objects.count() == 1


def test_somebody_who_has_nothing_to_do_with_the_desk_cannot_be_chosen(world):
    answer = person("street").post(at("duty_set"), shift(person=world.user("worker").pk))
    assert answer.status_code == 422
    assert not Duty.objects.exists()


def pattern(**more):
    return {
        "first": f"{today() + DAY}", "last": f"{today() + 2 * DAY}", "days": "all",
        "shifts": "08:00-20:00，20:00—08:00", "each": "1",
        "people": "street\n", "leaders": "leader",
    } | more  # fmt: skip


def test_a_pattern_is_shown_first_and_stored_when_asked(world):
    client = person("street")
    looked = client.post(at("duty_fill"), pattern(look="1"))
    assert looked.status_code == 200
    assert "还没有保存" in looked.content.decode()
    assert not Duty.objects.exists()
    assert client.post(at("duty_fill"), pattern(store="1")).status_code == 302
    assert Duty.objects.filter(leader=False).count() == 4
    assert Duty.objects.filter(leader=True).count() == 4


def test_a_pattern_with_faults_comes_back_with_them(world):
    client = person("street")
    for said, more in (
        ("认不出“nemo”", {"people": "nemo\nstreet"}),
        ("不是班次", {"shifts": "上午"}),
        ("不能早于", {"last": f"{today()}"}),
        ("每班人数", {"each": "3"}),
    ):
        answer = client.post(at("duty_fill"), pattern(store="1", **more))
        assert answer.status_code == 422
        assert said in answer.content.decode()
    assert not Duty.objects.exists()


def test_the_form_names_the_staff_in_lines(world):
    page = person("street").get(at("duty_organization")).content.decode()
    assert "street · street" in page


def table(*lines):
    return "\n".join([COLUMNS, *lines])


def test_a_pasted_roster_is_shown_first_and_stored_when_asked(world):
    client, text = person("street"), table(f"desk-1,{today() + DAY},08:00,20:00,street,1,")
    looked = client.post(reverse("duty_import"), {"text": text, "look": "1"})
    assert looked.status_code == 200
    assert not Duty.objects.exists()
    assert client.post(reverse("duty_import"), {"text": text, "store": "1"}).status_code == 302
    assert Duty.objects.count() == 1


def test_an_uploaded_roster_is_carried_on_as_text(world):
    line = f"desk-1,{today() + DAY},08:00,20:00,street,1,"
    upload = SimpleUploadedFile("roster.csv", table(line).encode("gb18030"))
    page = person("street").post(reverse("duty_import"), {"file": upload, "look": "1"})
    assert line in page.content.decode()


def test_a_roster_of_somebody_elses_desk_is_refused_by_line(world):
    text = table(f"desk-2,{today() + DAY},08:00,20:00,other-street,1,", "desk-1,,,,,,")
    answer = person("street").post(reverse("duty_import"), {"text": text, "store": "1"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "第 2 行" in page
    assert "您不能排“柳桥街道值守台”的班" in page
    assert "desk-2," in page
    assert not Duty.objects.exists()


def test_nothing_sent_and_no_table_say_what_to_do(world):
    client = person("street")
    for text, said in (("", "请选择文件"), ("a,b\n1,2", "要写列名")):
        answer = client.post(reverse("duty_import"), {"text": text})
        assert answer.status_code == 422
        assert said in answer.content.decode()


def leave_form(world, stand_in, **more):
    now = timezone.now().astimezone(SHANGHAI)
    return {
        "person": world.user("worker").pk, "stand_in": world.user(stand_in).pk,
        "since": f"{now:%Y-%m-%dT%H:%M}", "until": f"{now + DAY:%Y-%m-%dT%H:%M}",
    } | more  # fmt: skip


def test_a_leave_is_entered_shown_to_both_and_ended(world):
    client = person("worker")
    assert client.post(reverse("leave"), leave_form(world, "colleague")).status_code == 302
    row = Leave.objects.get()
    assert "提前结束" in client.get(reverse("leave")).content.decode()
    other = person("colleague").get(reverse("leave")).content.decode()
    assert "您替谁的岗" in other
    assert reverse("leave_end", kwargs={"leave_id": row.pk}) not in other
    assert "提前结束" in person("community").get(reverse("leave")).content.decode()
    client.post(reverse("leave_end", kwargs={"leave_id": row.pk}))
    row.refresh_from_db()
    assert row.valid_until <= timezone.now()


def test_a_stand_in_is_chosen_among_colleagues(world):
    answer = person("worker").post(reverse("leave"), leave_form(world, "other-unit"))
    assert answer.status_code == 422
    assert not Leave.objects.exists()


def test_nobody_enters_the_leave_of_somebody_they_do_not_head(world):
    given = leave_form(world, "colleague", person=world.user("outsider").pk)
    assert person("worker").post(reverse("leave"), given).status_code == 422
    assert not Leave.objects.exists()


def test_a_refused_leave_comes_back_filled(world):
    given = leave_form(world, "worker", until="2020-01-01T08:00")
    answer = person("worker").post(reverse("leave"), given)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "结束时间已经过去" in page
    assert "2020-01-01T08:00" in page


def test_an_admin_names_people_by_their_accounts(world):
    client = person("admin")
    given = leave_form(world, "colleague") | {"person": "worker", "stand_in": "nemo"}
    answer = client.post(reverse("leave"), given)
    assert "找不到这个账号" in answer.content.decode()
    client.post(reverse("leave"), given | {"stand_in": "colleague"})
    assert Leave.objects.get().entered_by.username == "admin"


def test_a_stand_in_finds_the_absent_persons_work_on_every_page(world):
    now = timezone.now()
    issue = world.report(at=now)
    give_post(
        user=world.user("nobody"), role="unit_desk", seat=world.orgs["roads"], at=START, now=now
    )
    Leave.objects.create(
        user=world.user("unit"), stand_in=world.user("nobody"), valid_from=now - DAY,
        valid_until=now + DAY, entered_by=world.user("unit"),
    )  # fmt: skip
    client = person("nobody")
    assert client.get(reverse("issue", kwargs={"number": issue.number})).status_code == 200
    assert issue.number in client.get(reverse("issue_list")).content.decode()
    assert client.get(reverse("home")).status_code == 200
