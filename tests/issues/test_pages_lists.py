"""Home, list, my cell, 谁负责, coverage and suggestions: for whom, with what, how cheaply."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Suggestion
from grid.services import PlaceDraft, save_places
from issues.queries import Filters, count_up_to
from issues.todo import TODOS
from partyorgs.models import CellOwnership, Organization, Post
from tests import world as w
from tests.callers import person

LAT, LNG = w.IN_A1
NAMES = [
    "worker",
    "branch",
    "unit",
    "community",
    "street",
    "leader",
    "district",
    "admin",
    "auditor",
]


def text(response):
    return response.content.decode()


def open_page(name, route, *arguments, headers=None, **query):
    return person(name).get(reverse(route, args=arguments), query, headers=headers or {})


def counted(client, address):
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def numbers(response):
    return [row["number"] for row in response.context["rows"]]


class TestHome:
    def figures(self, name):
        response = open_page(name, "home")
        return {
            figure["label"]: int(figure["value"]) for figure in response.context.get("figures", [])
        }

    def first(self, name):
        queues = open_page(name, "home").context["queues"]
        return [row["number"] for row in queues[0]["rows"]]

    def test_a_worker_sees_what_to_check_and_the_own_reports(self, world):
        handled = world.walk("sign", "handle")
        world.report()
        world.report("outsider", point=w.IN_C1)
        figures = self.figures("worker")
        assert (figures["待核查"], figures["我上报的"], figures["在办的"]) == (1, 2, 2)
        assert self.first("worker") == [handled.number]
        assert self.first("colleague") == [handled.number]
        assert self.first("outsider") == []

    def test_a_branch_sees_what_to_close_and_what_is_stuck(self, world):
        checked = world.walk("sign", "handle", "check")
        just_now = timezone.now()
        issue = world.report(at=just_now)
        world.do("unit", "return", issue, reason="not_ours", at=just_now)
        figures = self.figures("branch")
        assert figures["待结案"] == 1
        assert issue.number in numbers(open_page("branch", "issue_list", todo="stuck"))
        assert self.first("branch") == [checked.number]
        assert self.first("other-branch") == []

    def test_a_unit_sees_what_to_sign_and_to_handle(self, world):
        world.report()
        world.walk("sign")
        figures = self.figures("unit")
        assert (figures["待签收"], figures["待处置"]) == (1, 1)
        assert len(self.first("handler")) == 2
        assert self.first("other-unit") == []

    def test_a_community_does_its_own_work_and_sees_its_area(self, world):
        led = world.report(category=w.CORRIDOR)
        world.report()
        figures = self.figures("community")
        assert (figures["待签收"], figures["在办的"]) == (1, 2)
        assert self.first("community") == [led.number]

    def test_a_desk_sees_what_to_accept_to_dispatch_and_returned(self, world):
        world.report("branch")
        world.report(category=w.UNLISTED)
        world.do("unit", "return", world.report(), reason="not_ours")
        for name in ("street", "leader"):
            figures = self.figures(name)
            assert [figures[label] for label in ("待受理", "待派遣", "被退单")] == [1, 1, 1], name
        assert self.figures("other-street")["待受理"] == 0
        assert self.figures("district")["待派遣"] == 0

    def test_what_lies_outside_every_cell_is_the_districts(self, world):
        outside = world.report(point=w.OUTSIDE)
        assert self.first("district") == [outside.number]

    def test_late_is_shown_as_late(self, world):
        long_ago = timezone.now() - timedelta(days=30)
        world.report(at=long_ago)
        response = open_page("street", "home")
        assert response.context["figures"][0]["late"]
        assert '<span class="light light--red">已超时</span>' in text(response)

    def test_several_posts_are_a_union(self, world):
        Post.objects.create(
            user=world.user("worker"),
            role="branch_secretary",
            organization=Organization.objects.get(code="branch-a"),
            valid_from=w.START,
        )
        labels = self.figures("worker")
        assert {"待核查", "待结案", "卡住的"} <= set(labels)

    def test_a_counter_stops_counting_at_its_cap(self, world, monkeypatch):
        world.report()
        world.report()
        monkeypatch.setattr("issues.presenter.pages.COUNTED", 1)
        figures = open_page("worker", "home").context["figures"]
        assert "1+" in [figure["value"] for figure in figures]

    def test_an_admin_sees_the_configuration_and_no_issues(self, world):
        world.report()
        page = text(open_page("admin", "home"))
        assert reverse("coverage") in page
        assert reverse("admin:accounts_user_changelist") in page
        assert "在办的" not in page

    def test_an_auditor_sees_lists_and_no_way_to_act(self, world):
        world.report()
        response = open_page("auditor", "home")
        assert [figure["label"] for figure in response.context["figures"]] == ["已超时", "在办的"]
        assert reverse("report") not in text(response)

    def test_who_has_no_post_is_told_whom_to_ask(self, world):
        assert "您还没有岗位" in text(open_page("nobody", "home"))

    @pytest.mark.parametrize("name", NAMES)
    def test_home_takes_twenty_five_queries_at_most(self, world, name):
        client = person(name)
        with_one = counted(client, "/") if world.report() else 0
        world.report()
        world.walk("sign", "handle")
        assert counted(client, "/") <= max(with_one + 2, 25)
        assert counted(client, "/") <= 25

    @pytest.mark.parametrize("key", TODOS)
    def test_a_figure_counts_what_its_list_holds(self, world, key):
        world.walk("sign", "handle")
        world.report(category=w.UNLISTED)
        for name in ("worker", "unit", "street", "branch"):
            scope = world.scope(name, now=timezone.now())
            count = count_up_to(scope=scope, filters=Filters(todo=key), now=timezone.now())
            assert len(numbers(open_page(name, "issue_list", todo=key))) == count


class TestList:
    @pytest.fixture
    def three(self, world):
        return [
            world.report(description="第一件", place="青禾花园"),
            world.report(description="第二件", category=w.CORRIDOR),
            world.walk("sign", "handle", description="第三件"),
        ]

    def test_open_issues_come_by_due_time(self, three):
        assert set(numbers(open_page("worker", "issue_list"))) == {i.number for i in three}

    def test_outsiders_see_none_of_it(self, three):
        assert numbers(open_page("outsider", "issue_list")) == []
        assert numbers(open_page("admin", "issue_list")) == []

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({"state": "handled"}, [2]),
            ({"q": "第一"}, [0]),
            ({"q": "青禾花园"}, [0]),
            ({"category": w.CORRIDOR}, [1]),
            ({"unit": "home-1"}, [1]),
            ({"owner": "branch-b"}, []),
            ({"cell": w.A1, "sort": "new"}, [0, 1, 2]),
            ({"mine": "1"}, [0, 1, 2]),
            ({"todo": "check"}, [2]),
            ({"todo": "nonsense"}, []),
            ({"state": "nonsense", "colour": "red"}, [0, 1, 2]),
        ],
    )
    def test_filters_narrow(self, three, query, expected):
        found = set(numbers(open_page("worker", "issue_list", **query)))
        assert found == {three[i].number for i in expected}

    def test_the_chosen_filters_stay_in_the_form(self, three):
        page = text(
            open_page("street", "issue_list", state="all", q="第一", community=w.COMMUNITY_1)
        )
        assert 'value="第一"' in page
        assert '<option value="all" selected>' in page
        assert f'<option value="{w.COMMUNITY_1}" selected>' in page

    def test_more_filters_come_when_asked_for(self, three):
        assert open_page("street", "issue_list").context["choices"] is None
        choices = open_page("street", "issue_list", more="1").context["choices"]
        assert [area.code for area in choices.community] == [w.COMMUNITY_1, w.COMMUNITY_2]
        district = open_page("district", "issue_list", street=w.STREET_1).context["choices"]
        assert [area.code for area in district.street] == [w.STREET_1, w.STREET_2]
        assert {unit.code for unit in district.owner} == {"branch-a", "branch-b"}

    def test_pages_turn_by_cursor(self, world):
        made = {world.report(description=f"第{i}件").number for i in range(27)}
        client = person("worker")
        first = client.get(reverse("issue_list"))
        second = client.get(first.context["next_url"])
        assert set(numbers(first)) | set(numbers(second)) == made
        assert set(numbers(client.get(second.context["previous_url"]))) == set(numbers(first))

    def test_a_broken_cursor_leads_to_the_first_page(self, three):
        response = open_page("worker", "issue_list", cursor="x", state="handled")
        assert response.url == f"{reverse('issue_list')}?state=handled"

    def test_htmx_gets_the_list_alone(self, three):
        part = open_page("worker", "issue_list", q="", sort="new", headers={"HX-Request": "true"})
        assert "<html" not in text(part)
        assert part["HX-Push-Url"] == f"{reverse('issue_list')}?sort=new"
        assert set(numbers(part)) == {issue.number for issue in three}

    def test_an_empty_list_says_what_to_do(self, world):
        assert "清除筛选" in text(open_page("worker", "issue_list", q="没有的"))
        assert "现在没有在办的问题" in text(open_page("worker", "issue_list"))

    def test_a_checked_issue_waits_to_be_closed(self, world):
        world.walk("sign", "handle", "check")
        assert "待结案" in text(open_page("branch", "issue_list"))

    def test_time_left_runs_on_the_clock_that_runs(self, world):
        """The desk's fifteen minutes run day and night, whatever the matter's limit."""
        world.report("branch", at=timezone.now())
        assert "工作时间" not in text(open_page("street", "issue_list", todo="accept"))

    @pytest.mark.parametrize("name", NAMES)
    def test_one_row_and_three_take_the_same_few_queries(self, world, name):
        client = person(name)
        world.walk("sign", "handle")
        # An admin's page asks about the engine, and remembers the answer a while.
        counted(client, reverse("issue_list"))
        one = counted(client, reverse("issue_list"))
        world.walk("sign", "handle")
        world.walk("sign", "handle")
        assert counted(client, reverse("issue_list")) == one
        assert one <= 8


class TestCell:
    def test_it_names_owner_phones_and_open_issues(self, world):
        Organization.objects.filter(code="branch-a").update(phone="0573-86001234")
        Organization.objects.filter(code="home-1").update(phone="0573-86007788")
        issue = world.report()
        page = text(open_page("worker", "my_cell"))
        for said in (w.A1, "禾苗第一网格党支部", "0573-86001234", "0573-86007788", issue.number):
            assert said in page
        assert "其他" not in numbers(open_page("outsider", "my_cell"))

    def test_several_cells_are_chosen_by_a_link(self, world):
        Post.objects.create(
            user=world.user("worker"), role="cell_lead", cell=world.cells[w.B1], valid_from=w.START
        )
        assert open_page("worker", "my_cell", cell=w.B1).context["cell"].code == w.B1
        assert open_page("worker", "my_cell", cell=w.C1).context["cell"].code != w.C1

    def test_without_a_cell_it_shows_the_way_on(self, world):
        assert reverse("responsible") in text(open_page("unit", "my_cell"))

    def test_it_takes_few_queries(self, world):
        client = person("worker")
        world.report()
        one = counted(client, reverse("my_cell"))
        world.report()
        assert counted(client, reverse("my_cell")) == one <= 15


class TestResponsible:
    def test_a_point_and_a_matter_answer_with_reasons_and_limit(self, world):
        Organization.objects.filter(code="clean").update(phone="0573-86004567")
        page = text(open_page("worker", "responsible", lat=LAT, lng=LNG, category=w.RUBBISH))
        for said in (
            "禾苗第一网格党支部",
            "区环境卫生管理中心",
            "0573-86004567",
            "4 小时（工作时间）",
        ):
            assert said in page
        assert "权责清单（区级，青禾区）" in page
        assert f"{reverse('report')}?lat={LAT}&amp;lng={LNG}&amp;category={w.RUBBISH}" in page

    def test_a_point_alone_tells_the_branch(self, world):
        page = text(open_page("worker", "responsible", lat=LAT, lng=LNG))
        assert "禾苗第一网格党支部" in page
        assert "再选什么事" in page

    def test_words_lead_to_candidates(self, world):
        save_places(drafts=[PlaceDraft("青禾花园", "compound", 30.002, 121.002, (), w.A1)])
        asked = open_page("worker", "responsible", place_text="青禾花园", category=w.RUBBISH)
        [found] = asked.context["candidates"]
        answer = open_page(
            "worker",
            "responsible",
            place_text="青禾花园",
            candidate=found["id"],
            category=w.RUBBISH,
        )
        assert "区环境卫生管理中心" in text(answer)

    def test_a_doer_without_account_is_named_beside_its_supervisor(self, world):
        page = text(open_page("worker", "responsible", lat=LAT, lng=LNG, category=w.LIFT))
        assert "安居物业公司" in page
        assert "代录" in page

    def test_outside_every_cell_the_nearest_is_told(self, world):
        lat, lng = w.OUTSIDE
        page = text(open_page("worker", "responsible", lat=lat, lng=lng, category=w.RUBBISH))
        assert "最近的是" in page

    def test_htmx_gets_the_answer_alone(self, world):
        part = open_page("worker", "responsible", lat=LAT, lng=LNG, headers={"HX-Request": "true"})
        assert "<html" not in text(part)
        assert "禾苗第一网格党支部" in text(part)

    @pytest.mark.parametrize(
        "query", [{"lat": "x", "lng": "y"}, {"lat": LAT, "lng": LNG, "category": "X99"}]
    )
    def test_nonsense_is_answered_kindly(self, world, query):
        assert open_page("worker", "responsible", **query).status_code == 200


class TestCoverage:
    def test_cells_without_owner_and_matters_without_doer_are_listed(self, world):
        CellOwnership.objects.filter(cell=world.cells[w.B1]).delete()
        page = text(open_page("admin", "coverage"))
        assert w.B1 in page
        assert w.A1 not in page
        assert "道路破损（坑槽）" in page
        assert "1 个网格没有负责的党组织" in text(open_page("admin", "home"))

    def test_it_takes_few_queries_whatever_the_number_of_streets(self, world):
        assert counted(person("admin"), reverse("coverage")) <= 14

    @pytest.mark.parametrize("name", ["worker", "street", "district"])
    def test_others_have_no_business_there(self, world, name):
        assert open_page(name, "coverage").status_code == 403


class TestSuggestion:
    def test_a_suggestion_is_kept_with_its_page(self, world):
        client = person("worker")
        address = reverse("suggestion")
        page = client.get(address, headers={"referer": "http://testserver/issues/?q=a"})
        assert 'name="page" value="/issues/"' in text(page)
        client.post(address, {"text": "同一件事要填两遍。", "page": "/issues/"})
        kept = Suggestion.objects.get()
        assert (kept.text, kept.page, kept.user.username) == (
            "同一件事要填两遍。",
            "/issues/",
            "worker",
        )
        assert "谢谢" in text(client.get(address))

    @pytest.mark.parametrize("words", ["", " ", "身份证 11010519491231002X", "长" * 1001])
    def test_what_is_wrong_comes_back_with_the_words(self, world, words):
        response = person("worker").post(reverse("suggestion"), {"text": words})
        assert response.status_code == 422
        assert response.context["form"].errors["text"]
        assert Suggestion.objects.count() == 0

    def test_the_administrators_have_a_queue_and_take_off_what_is_dealt_with(self, world):
        person("worker").post(reverse("suggestion"), {"text": "字太小。"})
        client = person("admin")
        address = reverse("admin:accounts_suggestion_changelist")
        assert "字太小。" in text(client.get(address, {"handled_at__isempty": "1"}))
        chosen = {"action": "take_off", "_selected_action": [Suggestion.objects.get().pk]}
        client.post(address, chosen)
        assert Suggestion.objects.get().handled_at is not None

    def test_every_page_leads_there(self, world):
        for route in ("home", "issue_list", "responsible", "notices"):
            assert reverse("suggestion") in text(open_page("worker", route))


@pytest.mark.parametrize(
    "route", ["home", "report", "issue_list", "my_cell", "responsible", "suggestion"]
)
def test_pages_say_their_language(world, route):
    client = person("worker")
    assert '<html lang="zh-Hans">' in text(client.get(reverse(route)))
    client.cookies["django_language"] = "en"
    assert '<html lang="en">' in text(client.get(reverse(route)))


@pytest.mark.parametrize(
    "route", ["home", "report", "issue_list", "my_cell", "responsible", "coverage", "suggestion"]
)
def test_strangers_are_led_to_the_sign_in(db, route):
    assert person(None).get(reverse(route)).url.startswith(reverse("sign_in"))
