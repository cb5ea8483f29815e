from datetime import date
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from tests.callers import person
from worktime import services
from worktime.arithmetic import CalendarDay
from worktime.models import Calendar, Change

pytestmark = pytest.mark.django_db
NOTICE_2027 = (Path(__file__).parent / "data" / "notice_2027_invented.txt").read_text("utf-8")
NOTICE, TABLE = "/calendars/default/notice/", "/calendars/default/table/"


@pytest.fixture
def whole(world):
    return Calendar.objects.get(code="default")


@pytest.fixture
def boss(world):
    return person("admin")


def page(answer, status=200):
    assert answer.status_code == status
    return answer.content.decode()


def hidden(html, name):
    return html.split(f'name="{name}" value="', 1)[1].split('"', 1)[0]


def test_everybody_reads_and_only_who_keeps_the_house_is_offered_changes(whole, boss):
    clerk = page(person("street").get("/calendars/default/2026/"))
    keeper = page(boss.get("/calendars/default/2026/"))

    for html in (clerk, keeper):
        assert "春节" in html
        assert "2月15日至2月23日，共 9 天" in html
        assert "调休上班：2月14日、2月28日" in html
    assert "/calendars/default/days/2026-10-01/" in keeper
    assert "/calendars/default/days/" not in clerk
    assert "/calendars/default/notice/" not in clerk


def test_a_day_is_told_by_letter_and_word_not_by_colour_alone(whole):
    html = page(person("street").get("/calendars/default/2026/"))

    assert '<b aria-hidden="true">休</b><span class="vh"> 节假日（元旦）</span>' in html
    assert '<b aria-hidden="true">班</b><span class="vh"> 调休上班日（元旦）</span>' in html
    assert "尚未公布，暂按周一至周五" not in html
    later = page(person("street").get("/calendars/default/2028/"))
    assert "虚线框：尚未公布" in later
    assert "工作日，暂定" in later


def test_the_year_that_is_not_known_is_warned_of(whole, settings, boss):
    today = timezone.localdate()
    services.delete_days(days=whole.days.filter(date__gt=today), now=timezone.now())

    for address in ("/calendars/", "/calendars/default/"):
        html = page(boss.get(address))
        assert "还有 0 天" in html
        assert "请在国务院办公厅发布下一年放假通知后导入" in html


@pytest.mark.parametrize("year", [1899, 2299, 99999])
def test_a_year_beyond_all_calendars_is_a_404(whole, year):
    page(person("street").get(f"/calendars/default/{year}/"), 404)


@pytest.mark.parametrize(
    "path",
    [
        "nowhere/",
        "nowhere/2026/",
        "nowhere/spans/",
        "default/days/2026-02-30/",
        "default/days/2299-01-01/",
    ],
)
def test_what_does_not_exist_is_a_404(boss, path):
    page(boss.get(f"/calendars/{path}"), 404)


def test_nobody_else_may_change_anything(whole):
    for name in ("worker", "street", "auditor"):
        client = person(name)
        for path in ("new/", "default/days/2026-10-01/", "default/spans/", "default/notice/"):
            page(client.get(f"/calendars/{path}"), 403)
            page(client.post(f"/calendars/{path}", {"kind": "workday", "text": "x"}), 403)
    assert not Change.objects.exists()


def test_a_day_is_changed_by_a_plain_form(whole, boss):
    answer = boss.post(
        "/calendars/default/days/2027-01-01/", {"kind": "holiday", "name": "元旦"}, follow=True
    )

    html = page(answer)
    assert "已改 1 天。在办事项的到期时间会随后重新计算。" in html
    assert "2027 年日历，1 天，人工设置" in html
    day = whole.days.get(date="2027-01-01")
    assert (day.kind, day.name, day.provisional, day.source) == ("holiday", "元旦", False, "manual")
    again = boss.post(
        "/calendars/default/days/2027-01-01/", {"kind": "holiday", "name": "元旦"}, follow=True
    )
    assert "没有改动" in page(again)
    assert Change.objects.count() == 1


def test_a_workday_has_no_holiday_name(whole, boss):
    boss.post("/calendars/default/days/2026-10-01/", {"kind": "workday", "name": "国庆节"})

    assert whole.days.get(date="2026-10-01").name == ""


def test_an_own_day_can_be_given_back_to_the_base(whole, boss):
    desk = services.create_calendar(code="desk", name="热线", base=whole, now=timezone.now())
    address = "/calendars/desk/days/2026-10-01/"

    assert "与“默认工作日历”相同" in page(boss.get(address))
    boss.post(address, {"kind": "workday"})
    assert desk.days.get().kind == "workday"
    assert "粗框：本日历单独设置" in page(boss.get("/calendars/desk/2026/"))
    boss.post(address, {"kind": "inherit"})
    assert not desk.days.exists()
    page(boss.post("/calendars/default/days/2026-10-01/", {"kind": "inherit"}), 422)


def test_a_wrong_day_form_comes_back_filled(whole, boss):
    answer = boss.post("/calendars/default/days/2027-01-01/", {"kind": "bank", "name": "元旦"})

    assert 'value="元旦"' in page(answer, 422)
    assert not Change.objects.exists()


def test_spans_are_replaced(whole, boss):
    given = {"starts_1": "09:00", "ends_1": "12:00", "starts_3": "13:30", "ends_3": "00:00"}

    html = page(boss.post("/calendars/default/spans/", given, follow=True))

    assert "工作时段已改" in html
    assert [str(span) for span in whole.spans.all()] == ["09:00–12:00", "13:30–24:00"]
    assert "没有改动" in page(boss.post("/calendars/default/spans/", given, follow=True))


@pytest.mark.parametrize(
    ("given", "advice"),
    [
        ({}, "至少要有一个工作时段"),
        ({"starts_1": "09:00"}, "一起写"),
        ({"starts_1": "09:00", "ends_1": "25:00"}, "ends_1"),
        ({"starts_1": "22:00", "ends_1": "06:00"}, "拆成两段"),
        ({"starts_1": "08:00", "ends_1": "12:00", "starts_2": "11:00", "ends_2": "13:00"}, "重叠"),
    ],
)
def test_impossible_spans_come_back_with_what_was_typed(whole, boss, given, advice):
    html = page(boss.post("/calendars/default/spans/", given), 422)

    assert advice in html
    assert all(f'value="{value}"' in html for value in given.values())
    assert whole.spans.count() == 2
    assert not Change.objects.exists()


def test_a_calendar_is_made_on_another(whole, boss):
    given = {"name": "热线坐席", "code": "hotline", "base": whole.pk}

    html = page(boss.post("/calendars/new/", given, follow=True))

    assert "日历已建好" in html
    made = Calendar.objects.get(code="hotline")
    assert made.base == whole
    assert "沿用默认工作日历的日期" in page(boss.get("/calendars/"))
    again = page(boss.post("/calendars/new/", given), 422)
    assert 'value="热线坐席"' in again
    assert "留给页面地址用" in page(boss.post("/calendars/new/", given | {"code": "new"}), 422)
    other = {"name": "三", "code": "third", "base": made.pk}
    page(boss.post("/calendars/new/", other), 422)


def test_a_notice_is_shown_first_and_then_written(whole, boss):
    first = page(boss.post(NOTICE, {"text": NOTICE_2027}))

    assert "与现有日历不同的有 365 天" in first
    assert "2027-01-01" in first
    assert "写入 365 天" in first
    assert "三、清明节" in first
    assert not Change.objects.exists()

    given = {"text": NOTICE_2027, "seen": hidden(first, "seen"), "confirm": "1"}
    html = page(boss.post(NOTICE, given, follow=True))
    assert "已改 365 天。在办事项的到期时间会随后重新计算。" in html
    assert "国务院办公厅关于2027年部分节假日安排的通知" in html
    assert not whole.days.filter(date__year=2027, provisional=True).exists()
    assert "没有改动" in page(boss.post(NOTICE, given | {"seen": seen_now(boss)}, follow=True))


def seen_now(boss):
    return hidden(page(boss.post(NOTICE, {"text": NOTICE_2027})), "seen")


def test_what_was_not_shown_is_not_written(whole, boss):
    seen = seen_now(boss)
    changed = NOTICE_2027.replace("、1月10日（周日）", "")

    html = page(boss.post(NOTICE, {"text": changed, "seen": seen, "confirm": "1"}))
    assert "还没有写入" in html
    services.set_days(
        calendar=whole, days={date(2028, 1, 1): CalendarDay("holiday")}, now=timezone.now()
    )
    html = page(boss.post(NOTICE, {"text": NOTICE_2027, "seen": seen, "confirm": "1"}))
    assert "还没有写入" in html
    page(boss.post(NOTICE, {"text": NOTICE_2027, "confirm": "1"}))
    assert whole.days.get(date="2027-01-01").provisional


def test_a_notice_with_a_mistake_comes_back_with_its_text(whole, boss):
    wrong = NOTICE_2027.replace("1月1日（周五）", "1月1日（周四）")

    html = page(boss.post(NOTICE, {"text": wrong, "confirm": "1"}), 422)

    assert "2027-01-01 不是星期四" in html
    assert "1月1日（周四）至3日" in html
    assert not Change.objects.exists()


def test_a_table_is_uploaded_looked_at_and_written(whole, boss):
    lines = "date,kind,name\n2027-01-01,holiday,元旦\n"
    file = SimpleUploadedFile("假期.csv", lines.encode("gbk"), "text/csv")

    first = page(boss.post(TABLE, {"file": file, "year": "2027"}))

    assert "2027-01-01,holiday,元旦" in first
    assert "写入 365 天" in first
    given = {"text": lines, "year": "2027", "source": "假期.csv", "seen": hidden(first, "seen")}
    html = page(boss.post(TABLE, given | {"confirm": "1"}, follow=True))
    assert "已改 365 天" in html
    assert whole.days.get(date="2027-01-01").source == "假期.csv"


@pytest.mark.parametrize(
    ("text", "advice"),
    [("", "请选择文件"), ("date,kind\n2027-01-01,bank", "第 2 行"), ("x", "列名")],
)
def test_a_wrong_table_changes_nothing_and_keeps_the_text(whole, boss, text, advice):
    html = page(boss.post(TABLE, {"text": text, "confirm": "1"}), 422)

    assert advice in html
    assert text in html
    assert not Change.objects.exists()


def test_a_spreadsheet_is_refused_in_words(whole, boss):
    file = SimpleUploadedFile("假期.xlsx", b"PK\x03\x04rest")

    assert "另存为" in page(boss.post(TABLE, {"file": file}), 422)


def test_a_list_of_calendars_costs_the_same_for_one_and_for_three(
    whole, boss, django_assert_max_num_queries, django_assert_num_queries
):
    boss.get("/calendars/")
    with django_assert_max_num_queries(20) as counted:
        boss.get("/calendars/")
    for_one = len(counted)
    for code in ("two", "three"):
        services.create_calendar(code=code, name=code, base=whole, now=timezone.now())
    boss.get("/calendars/")
    with django_assert_num_queries(for_one):
        boss.get("/calendars/")
