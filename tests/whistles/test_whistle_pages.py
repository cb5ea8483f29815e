"""The pages of whistles: only what is allowed is offered, a refusal keeps what was typed."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notices.models import Notice
from partyorgs.models import Responsibility
from tests import world as w
from tests.callers import person
from tests.whistles.conftest import HOUR
from tests.whistles.helping import call_of
from whistles.models import Whistle

MINUTE = timedelta(minutes=1)
WAITING = [
    "1 个哨等您的单位应哨", "1 个哨等您的单位报到", "1 个哨等您批准",
    "1 个单位说不归它管，等区级裁定",
]  # fmt: skip


def page(name, path, **query):
    answer = person(name).get(path, query)
    return answer.status_code, answer.content.decode()


def typed(**given):
    usual = {
        "kind": "enforcement", "reason": "占道经营反复。", "place": "青禾路口",
        "meet_at": timezone.localtime(timezone.now() + HOUR).strftime("%Y-%m-%dT%H:%M"),
        "units": ["roads", "clean"], "lead": "roads",
    }  # fmt: skip
    return usual | given


@pytest.fixture
def issue(world):
    return world.report(at=timezone.now() - HOUR)


@pytest.fixture
def whistle(whistles, issue):
    return whistles.blown(issue, at=timezone.now())


def test_the_issues_page_offers_a_whistle_to_those_who_may(issue):
    link = f"/whistles/new/?issue={issue.number}"
    for name in ("street", "branch", "leader"):
        assert link in page(name, f"/issues/{issue.number}/")[1], name
    for name in ("worker", "unit", "auditor", "community"):
        assert link not in page(name, f"/issues/{issue.number}/")[1], name


def test_it_shows_the_whistles_over_it(whistle, issue):
    for name in ("street", "unit", "other-unit"):
        status, text = page(name, f"/issues/{issue.number}/")
        assert status == 200
        assert f"/whistles/{whistle.number}/" in text
        assert "/whistles/new/" not in text
    assert whistle.number in page("street", f"/issues/{issue.number}/")[1]


def test_a_whistle_is_proposed_on_its_page(issue):
    status, text = page("street", "/whistles/new/", issue=issue.number)
    assert status == 200
    assert "提出，请领导批准" in text
    answer = person("street").post(f"/whistles/new/?issue={issue.number}", typed())
    made = Whistle.objects.get()
    assert answer["Location"] == f"/whistles/{made.number}/"
    assert (made.state, [call.unit.code for call in made.calls.all()]) == (
        "proposed", ["roads", "clean"],
    )  # fmt: skip


def test_an_emergency_is_blown_from_there_at_once(issue):
    given = typed(kind="emergency", at_once="1", meet_at="")
    person("branch").post(f"/whistles/new/?issue={issue.number}", given)
    assert Whistle.objects.get().state == "blown"


def test_what_was_typed_comes_back(issue):
    where = f"/whistles/new/?issue={issue.number}"
    answer = person("street").post(where, typed(reason="", place="西门"))
    assert answer.status_code == 422
    assert "西门" in answer.content.decode()
    answer = person("street").post(where, typed(lead="", place="西门"))
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "请选择牵头单位" in text
    assert "西门" in text
    assert not Whistle.objects.exists()


def test_nobody_else_gets_the_form(issue):
    assert page("worker", "/whistles/new/", issue=issue.number)[0] == 403
    assert page("outsider", "/whistles/new/", issue=issue.number)[0] == 404
    assert page("street", "/whistles/new/")[0] == 404
    assert person("leader").post(f"/whistles/new/?issue={issue.number}", typed()).status_code == 409


def test_where_a_whistle_runs_the_page_says_so(whistle, issue):
    text = page("street", "/whistles/new/", issue=issue.number)[1]
    assert "已经有一个哨" in text
    assert "<textarea" not in text


def test_a_called_unit_answers_on_the_page(world, whistle):
    where = f"/whistles/{whistle.number}/"
    text = page("other-unit", where)[1]
    assert f'action="{where}answer/"' in text
    assert f'action="{where}judge/"' not in text
    wrong = person("other-unit").post(f"{where}answer/", {"answer": "not_ours", "reason": "清单"})
    assert wrong.status_code == 422
    assert "请选清单里的一条" in wrong.content.decode()
    item = Responsibility.objects.get(doer__code="clean").pk
    sent = person("other-unit").post(f"{where}answer/", {"answer": "not_ours", "item": item})
    assert sent["Location"] == where
    assert call_of(whistle, "roads").answer == "not_ours"
    assert "等区级裁定" in page("street", where)[1]
    assert f'action="{where}judge/"' in page("district", where)[1]
    verdict = {"unit": "roads", "must_come": "no", "reason": "不归市政。"}
    person("district").post(f"{where}judge/", verdict)
    assert call_of(whistle, "roads").judged == "excused"


def test_two_clicks_get_a_sentence_not_an_error(whistle):
    where = f"/whistles/{whistle.number}/answer/"
    assert person("unit").post(where, {"answer": "will_come"}).status_code == 302
    again = person("unit").post(where, {"answer": "will_come"})
    assert again.status_code == 409
    assert "现在不能这样做" in again.content.decode()


def test_what_is_grey_says_why(whistle):
    text = page("street", f"/whistles/{whistle.number}/")[1]
    assert "还有单位没有应哨" in text
    assert f'action="/whistles/{whistle.number}/close/"' not in text


def test_both_sides_rate_on_the_page(whistles, whistle):
    for name in ("unit", "other-unit"):
        whistles.do(
            name, "answer", whistle, at=timezone.now(), answer="already_there", roles="队长"
        )
    where = f"/whistles/{whistle.number}/"
    assert "还没有评哨" in page("street", where)[1]
    marks = {"unit": "roads", "speed": "5", "work": "4", "result": "3"}
    person("street").post(f"{where}rate/", marks)
    wrong = person("unit").post(f"{where}rate/", {"unit": "clean", "right": "", "clear": "5"})
    assert wrong.status_code == 422
    person("unit").post(f"{where}rate/", {"unit": "clean", "right": "4", "clear": "5"})
    assert whistle.ratings.count() == 2
    text = page("street", where)[1]
    assert "吹哨方评区市政养护中心" in text
    assert "区环境卫生管理中心评吹哨方" in text
    person("street").post(f"{where}close/", {})
    whistle.refresh_from_db()
    assert whistle.state == "closed"
    assert f'action="{where}become_item/"' in page("admin", where)[1]
    assert f'href="/issues/{whistle.issue.number}/"' not in page("admin", where)[1]
    person("admin").post(f"{where}become_item/", {"unit": "roads", "area": w.STREET_1})
    whistle.refresh_from_db()
    assert whistle.became.doer.code == "roads"


def test_lists_hold_what_ones_posts_see(whistle):
    assert whistle.number in page("other-unit", "/whistles/")[1]
    assert whistle.number in page("street", "/whistles/")[1]
    assert whistle.number not in page("other-street", "/whistles/")[1]
    assert whistle.number not in page("worker", "/whistles/")[1]


def test_the_board_shows_who_is_late_at_once(whistles, world, deputy):
    blown_at = timezone.now() - 31 * MINUTE
    issue = world.report(at=blown_at)
    whistle = whistles.blow("street", issue, verb="blow_now", kind="emergency", at=blown_at)
    text = page("district", "/whistles/board/")[1]
    assert "区市政养护中心 · 没有应哨" in text
    assert whistle.number in page("leader", "/whistles/board/")[1]
    assert whistle.number not in page("other-street", "/whistles/board/")[1]
    assert "青禾街道" in text
    for name in ("branch", "unit", "worker", "auditor"):
        assert page(name, "/whistles/board/")[0] == 403, name
    whistles.do("other-unit", "answer", whistle, at=timezone.now(), answer="will_come")
    assert "区市政养护中心 · 没有应哨" not in page("district", "/whistles/board/")[1]


def test_a_notice_leads_to_the_whistle(whistle):
    notice = Notice.objects.filter(
        kind="whistle_called", recipient__username="unit", channel="in_app"
    ).get()
    answer = person("unit").post(f"/notices/{notice.pk}/open/")
    assert answer["Location"] == f"/whistles/{whistle.number}/"
    meets = timezone.localtime(whistle.meet_at).strftime("%m-%d %H:%M")
    assert f"请您的单位 {meets} 到场，请先应哨" in page("unit", "/notices/")[1]


def test_the_pages_speak_english(world, whistle):
    client = person("other-unit")
    client.post("/language/", {"language": "en"})
    text = client.get(f"/whistles/{whistle.number}/").content.decode()
    assert ">Answer<" in text


class TestHome:
    """What a whistle waits for stands first on the home page of whoever it waits for."""

    def firsts(self, name):
        text = page(name, "/")[1]
        return [line for line in WAITING if line in text]

    def test_a_called_unit_reads_that_an_answer_is_owed_and_goes_there(self, whistle):
        assert self.firsts("other-unit") == ["1 个哨等您的单位应哨"]
        assert f'href="/whistles/{whistle.number}/"' in page("other-unit", "/")[1]
        for name in ("street", "branch", "worker", "leader", "district", "auditor"):
            assert self.firsts(name) == [], name

    def test_then_the_report_in_then_nothing(self, whistles, whistle):
        whistles.do("other-unit", "answer", whistle, at=timezone.now(), answer="will_come")
        assert self.firsts("other-unit") == ["1 个哨等您的单位报到"]
        whistles.do("other-unit", "arrive", whistle, at=timezone.now(), roles="班长")
        assert self.firsts("other-unit") == []

    def test_a_proposal_waits_for_the_leader(self, whistles, issue):
        whistle = whistles.blow("street", issue, at=timezone.now())
        assert self.firsts("leader") == ["1 个哨等您批准"]
        assert self.firsts("street") == self.firsts("other-unit") == []
        whistles.do("leader", "approve", whistle, at=timezone.now())
        assert self.firsts("leader") == []

    def test_a_dispute_waits_for_the_districts_desk(self, whistles, whistle):
        item = Responsibility.objects.filter(category=whistle.issue.category).first()
        given = {"answer": "not_ours", "item": item.pk}
        whistles.do("other-unit", "answer", whistle, at=timezone.now(), **given)
        assert self.firsts("district") == ["1 个单位说不归它管，等区级裁定"]
        assert self.firsts("other-unit") == self.firsts("leader") == []


def test_an_answer_shows_what_only_one_answer_needs_with_that_answer(whistle):
    text = page("other-unit", f"/whistles/{whistle.number}/")[1]
    assert '<div class="when-item">' in text
    assert '<div class="when-there">' in text


def test_three_on_the_board_cost_no_more_queries_than_one(whistles, world):
    def more():
        now = timezone.now()
        for report in (world.report(at=now), world.report(at=now)):
            whistle = whistles.blow("street", report, at=now)
        whistles.do("leader", "approve", whistle, at=now)
        item = report.category.responsibilities.get().pk
        whistles.do("unit", "answer", whistle, at=now, answer="not_ours", item=item)

    def counted():
        with CaptureQueriesContext(connection) as seen:
            assert page("district", "/whistles/board/")[0] == 200
        return len(seen)

    more()
    few = counted()
    more()
    more()
    assert counted() == few
