"""The brief's pages: for whom, with what text, how cheaply; the weekly sheet and its workbook."""

from datetime import datetime, timedelta
from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation
from openpyxl import load_workbook

from issues.briefs.chairs import chairs_of
from issues.briefs.weekly import Week, sheet_of, this_week, week_named
from issues.models import Issue
from issues.presenter.brief import brief_facts, late_facts
from issues.presenter.brief_book import workbook
from issues.services.briefing import send_briefs
from notices.models import Notice
from partyorgs.models import Post
from tests import world as w
from tests.callers import person

NOW = w.NOW
HOUR = timedelta(hours=1)
FORMULA = '=HYPERLINK("http://example.org","点我")'
WEEK = Week(datetime(2026, 3, 9).date())  # noqa: DTZ001


def text(response):
    return response.content.decode()


def counted(client, address):
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def chair_of(world, name):
    [chair] = chairs_of(world.scope(name))
    return chair


def late(world, *, since=timedelta(hours=2), **given):
    """A report whose time ran out that long ago, on the wall clock of now."""
    now = timezone.now()
    issue = world.report(at=now, **given)
    early = now - since
    Issue.objects.filter(pk=issue.pk).update(yellow_at=early, due_at=early)
    return issue


def message(world, name, *, now=NOW):
    [facts] = brief_facts(
        [chair_of(world, name)], now=now, absolute="https://gezhi.example{}".format
    )
    return facts["text"]


class TestText:
    def test_it_can_be_pasted_as_it_stands(self, world):
        issue = world.walk("sign", place="青禾花园")
        now = NOW + timedelta(hours=8)
        Issue.objects.filter(pk=issue.pk).update(due_at=NOW + 2 * HOUR, yellow_at=NOW)
        assert message(world, "street", now=now).splitlines() == [
            "【青禾街道 03月10日 17:00】超时 1 件、今日到期 0 件、被退单 0 件；"
            "上次简报后新增 1 件、结案 0 件。",
            "卡在：区环境卫生管理中心 1 件",
            f"1. {issue.number} {issue.category.name_zh} · 禾苗社区第一网格（基础） · "
            "区环境卫生管理中心 · 已超时 4 小时（工作时间）",
            f"全部：https://gezhi.example/issues/?overdue=1&street={w.STREET_1}",
        ]

    def test_it_holds_no_names_of_persons_and_no_words_of_reports(self, world):
        secret = "王金丝雀家门口"
        contact = {"name": "金丝雀", "phone": "13987654321", "agreed": ["callback"]}
        issue = world.report(description=secret, place=secret, contact=contact)
        Issue.objects.filter(pk=issue.pk).update(due_at=NOW, yellow_at=NOW)
        said = message(world, "street")
        assert issue.number in said
        assert "金丝雀" not in said
        assert "13987654321" not in said
        assert "worker" not in said

    def test_it_stays_under_a_thousand_characters(self, world):
        for _ in range(12):
            issue = world.report()
            Issue.objects.filter(pk=issue.pk).update(due_at=NOW, yellow_at=NOW)
        world.areas[w.COMMUNITY_1].__class__.objects.filter(code=w.COMMUNITY_1).update(
            name="很" * 80
        )
        said = message(world, "street")
        assert len(said) <= 1000
        assert "超时 12 件" in said
        assert said.endswith(f"street={w.STREET_1}")
        assert "\n1. QH-" in said

    def test_it_speaks_english(self, world):
        world.walk("return")
        with translation.override("en"):
            said = message(world, "street", now=NOW + 8 * HOUR)
        assert said.startswith("[青禾街道 March 10 17:00] Late 1, due today 0, returned 1;")
        assert "Stuck at: 青禾街道值守台 1" in said


class TestBriefPage:
    def test_it_shows_what_is_late_and_where_it_is_stuck(self, world):
        issue = late(world)
        page = text(person("street").get(reverse("brief")))
        for said in (issue.number, "区环境卫生管理中心", "卡在谁那里", "【青禾街道 "):
            assert said in page
        assert f"/issues/?overdue=1&amp;street={w.STREET_1}" in page

    def test_another_streets_clerk_sees_nothing_of_it(self, world):
        issue = late(world)
        for route in ("brief", "brief_week"):
            page = text(person("other-street").get(reverse(route)))
            assert issue.number not in page
            assert "区环境卫生管理中心" not in page
            assert "青禾街道" not in page

    def test_several_posts_are_sections(self, world):
        Post.objects.create(
            user=world.user("branch"),
            role="street_leader",
            area=world.areas[w.STREET_1],
            valid_from=w.START,
        )
        briefs = person("branch").get(reverse("brief")).context["briefs"]
        assert [brief["name"] for brief in briefs] == ["青禾街道", "禾苗第一网格党支部"]

    @pytest.mark.parametrize("name", ["worker", "handler", "admin", "auditor", "nobody"])
    @pytest.mark.parametrize("route", ["brief", "brief_week", "brief_week_xlsx"])
    def test_whoever_has_no_chair_has_no_brief(self, world, name, route):
        assert person(name).get(reverse(route)).status_code == 403

    def test_the_notice_leads_there(self, world):
        send_briefs(now=NOW)
        client = person("street")
        assert "今日简报：超时 0 件" in text(client.get(reverse("notices")))
        notice = Notice.objects.get(recipient__username="street", channel="in_app")
        opened = client.post(reverse("notice_open", args=[notice.pk]))
        assert opened.url == reverse("brief_day", args=["2026-03-10"])
        assert client.get(opened.url).url == reverse("brief")

    def test_it_speaks_english(self, world):
        late(world)
        client = person("street")
        client.cookies["django_language"] = "en"
        page = text(client.get(reverse("brief")))
        assert "Today's brief" in page
        assert "Stuck at whom" in page

    def test_home_shows_it_in_a_line(self, world):
        late(world)
        page = text(person("leader").get(reverse("home")))
        assert reverse("brief") in page
        assert "超时 1 件" in page
        assert "今日简报" not in text(person("worker").get(reverse("home")))

    @pytest.mark.parametrize("name", ["street", "unit", "branch", "district"])
    @pytest.mark.parametrize(("route", "most"), [("brief", 12), ("brief_week", 16), ("home", 25)])
    def test_one_row_and_three_take_the_same_few_queries(self, world, name, route, most):
        client = person(name)
        late(world)
        one = counted(client, reverse(route))
        late(world)
        late(world, category=w.CORRIDOR)
        assert counted(client, reverse(route)) == one <= most


class TestWeek:
    def test_the_last_whole_week_is_shown_unless_another_is_asked_for(self, world):
        client, now = person("street"), timezone.now()
        assert client.get(reverse("brief_week")).context["week"] == this_week(now).before
        asked = client.get(reverse("brief_week"), {"week": "2026-W11"})
        assert asked.context["week"] == WEEK
        assert "2026-03-09 至 2026-03-15" in text(asked)

    @pytest.mark.parametrize(
        "name", ["", "2026", "2026-W00", "2026-W54", "9999-W52", "0000-W01", "2026-W12", "x" * 99]
    )
    def test_what_is_no_week_or_lies_ahead_is_none(self, name):
        assert week_named(name, now=NOW) is None

    def test_a_week_is_monday_to_sunday_in_shanghai(self):
        start, end = WEEK.range
        assert start == datetime(2026, 3, 9, tzinfo=w.SHANGHAI)
        assert end == datetime(2026, 3, 16, tzinfo=w.SHANGHAI)
        assert (WEEK.name, WEEK.before.name, WEEK.after.name) == (
            "2026-W11",
            "2026-W10",
            "2026-W12",
        )
        assert Week(datetime(2026, 12, 28).date()).name == "2026-W53"  # noqa: DTZ001

    def test_units_are_counted_as_a_naive_count_does(self, world):
        late_by = NOW + timedelta(days=20)
        world.report(at=NOW - timedelta(days=7))
        world.report()
        world.report(category=w.CORRIDOR)
        world.walk("sign", "handle")
        world.walk("return")
        closed = world.walk("sign")
        for hours, (name, verb, given) in enumerate(
            [
                ("handler", "handle", {"outcome": "fixed", "note": "已清运干净。"}),
                ("worker", "check", {"passed": True}),
                ("branch", "close", {}),
            ],
            start=1,
        ):
            world.do(name, verb, closed, at=NOW + timedelta(days=4, hours=hours), **given)
        sheet = sheet_of(chair_of(world, "street"), week=WEEK, now=late_by, most=9)
        lines = {line.unit.code: line for line in sheet.units}
        clean, home = lines["clean"], lines["home-1"]
        assert (clean.filed, clean.handled, clean.returned) == (4, 2, 1)
        assert (clean.late, clean.closed_late) == (4, 1)
        assert (home.filed, home.handled, home.late, home.closed_late) == (1, 0, 1, 0)
        before = sheet_of(chair_of(world, "street"), week=WEEK.before, now=late_by, most=9)
        assert [(line.unit.code, line.filed) for line in before.units] == [
            ("clean", 1),
            ("home-1", 0),
        ]

    def test_a_long_list_is_cut_and_says_so(self, world, monkeypatch):
        monkeypatch.setattr("issues.views.brief.PRINTED", 1)
        late(world)
        late(world)
        page = person("street").get(reverse("brief_week"))
        assert len(page.context["sheets"][0]["late"]) == 1
        assert "只列出超时最久的 1 件" in text(page)


class TestWorkbook:
    def book(self, world, name="street", *, most=9, now=None):
        now = now or timezone.now()
        chair = chair_of(world, name)
        sheets = [sheet_of(chair, week=this_week(now), now=now, most=most)]
        return load_workbook(BytesIO(workbook(sheets, week=this_week(now), now=now)))

    def test_it_is_downloaded_under_the_weeks_name(self, world):
        issue = late(world)
        answer = person("street").get(reverse("brief_week_xlsx"), {"week": "2026-W11"})
        assert answer["Content-Disposition"] == 'attachment; filename="brief-2026-W11.xlsx"'
        book = load_workbook(BytesIO(answer.content))
        assert book.sheetnames == ["青禾街道 按单位", "青禾街道 超时清单"]
        assert book.worksheets[1]["A2"].value == issue.number

    def test_what_looks_like_a_formula_stays_text(self, world):
        late(world, place=FORMULA, description=FORMULA)
        late(world, place="+1-2@x\x0b")
        sheet = self.book(world).worksheets[1]
        cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
        assert {cell.data_type for cell in cells} <= {"s", "d"}
        places = {sheet["D2"].value, sheet["D3"].value}
        assert places == {FORMULA, "+1-2@x"}
        assert sheet["D2"].quotePrefix

    def test_units_and_titles_are_cleaned_like_all_else(self, world):
        world.orgs["clean"].__class__.objects.filter(code="clean").update(name="=1+1")
        world.areas[w.STREET_1].__class__.objects.filter(code=w.STREET_1).update(
            name="[很]:" + "长" * 40
        )
        late(world)
        book = self.book(world)
        assert len(set(book.sheetnames)) == 2
        assert all(len(name) <= 31 for name in book.sheetnames)
        assert book.worksheets[0]["A2"].value == "=1+1"
        assert book.worksheets[0]["A2"].data_type == "s"

    def test_dates_are_dates_of_the_wall_clock_and_counts_are_numbers(self, world):
        issue = late(world)
        issue.refresh_from_db()
        units, rows = self.book(world).worksheets
        told = rows["H2"].value
        assert rows["H2"].is_date
        local = timezone.localtime(issue.due_at).replace(tzinfo=None)
        assert abs(told - local) < timedelta(seconds=1)
        assert units["B2"].value == 1

    def test_the_heading_stays_and_the_columns_are_wide_enough(self, world):
        for sheet in self.book(world):
            assert sheet.freeze_panes == "A2"
            assert sheet["A1"].font.bold
            assert sheet.column_dimensions["A"].width >= 20

    def test_a_long_list_is_cut_and_says_so(self, world):
        late(world)
        late(world)
        sheet = self.book(world, most=1).worksheets[1]
        said = [row[0] for row in sheet.iter_rows(values_only=True)]
        assert sum(str(value).startswith("QH-") for value in said) == 1
        assert "超时的不止这些：本表最多列 1 件，按超时先后。" in said

    def test_it_holds_no_names_and_no_words_of_reports(self, world):
        late(
            world,
            description="金丝雀的情况",
            contact={"name": "金丝雀", "phone": "13987654321", "agreed": ["callback"]},
        )
        said = [
            str(value)
            for sheet in self.book(world)
            for row in sheet.iter_rows(values_only=True)
            for value in row
        ]
        assert not [value for value in said if "金丝雀" in value or "13987654321" in value]
        assert "worker" not in said

    def test_page_and_workbook_tell_the_same(self, world):
        late(world)
        now = timezone.now()
        sheet = sheet_of(chair_of(world, "unit"), week=this_week(now), now=now, most=9)
        [facts] = late_facts(sheet, now=now)
        page = text(person("unit").get(reverse("brief_week")))
        assert facts["number"] in page
        assert facts["holder"] in page
