"""The acceptance scenarios of the field, by number, through the API that phones and desks use.

Number 3, the blocked fire exit, calls a whistle and stands with the whistles.
"""

from datetime import date, datetime, timedelta

import pytest
from django.utils import timezone

from grid.models import Cell
from grid.services import CellDraft, end_cell, save_cells
from issues.models import Issue
from issues.tasks import sweep as sweep_task
from matters.models import Category
from notices.models import Notice
from partyorgs.models import CellOwnership, Organization, Post, Responsibility
from tests import world as w
from tests.callers import Program
from tests.photos import jpeg
from worktime.arithmetic import CalendarDay
from worktime.models import Calendar
from worktime.services import set_days

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
COVER, POTHOLE, NOISE, TRAPPED = "C0102", "E0110", "S0301", "S0101"


def local(year, month, day, hour, minute=0):
    return datetime(year, month, day, hour, minute, tzinfo=w.SHANGHAI)


class Town:
    """The small district by its API, and a clock that the test turns."""

    def __init__(self, world, monkeypatch):
        self.world = world
        self.now = w.NOW
        self._programs = {}
        monkeypatch.setattr(timezone, "now", lambda: self.now)

    def program(self, name):
        return self._programs.setdefault(name, Program(name))

    def item(self, leaf, unit, *, level="district", area=w.DISTRICT, supervisor=None):
        return Responsibility.objects.create(
            category=Category.objects.get(code=leaf), level=level, direct=True,
            area=self.world.areas[area], doer=self.world.orgs[unit],
            supervisor=self.world.orgs.get(supervisor or ""), valid_from=w.START,
        )  # fmt: skip

    def report(self, name="worker", *, point=w.IN_A1, **given):
        lat, lng = point
        said = {"description": "路口有问题，请处理。", "lat": lat, "lng": lng} | given
        return self.program(name).post("issues/", said)

    def does(self, name, verb, number, **given):
        return self.program(name).post(f"issues/{number}/{verb}/", given)

    def read(self, name, number):
        return self.program(name).get(f"issues/{number}/")

    def sweep(self):
        sweep_task.apply()


@pytest.fixture
def town(world, monkeypatch):
    return Town(world, monkeypatch)


def at(said):
    return datetime.fromisoformat(said)


def test_scenario_1_pothole(town):
    town.item(POTHOLE, "roads")
    photo = town.program("worker").upload(jpeg()).json()["id"]
    said = {"category": POTHOLE, "attachments": [photo]}
    made = town.report(**said).json()
    # Six fields at most: leaf, condition (its first by itself), words, point, photo.
    assert len(said) + len(["description", "lat", "lng"]) <= 6
    assert (made["cell"]["code"], made["owner"]["code"]) == (w.A1, "branch-a")
    assert (made["unit"]["code"], made["state"]) == ("roads", "dispatched")
    number = made["number"]
    assert town.does("other-unit", "sign", number).json()["state"] == "handling"
    town.now += DAY * 2
    handled = town.does("other-unit", "handle", number, outcome="fixed", note="坑槽已补好。")
    assert handled.json()["state"] == "handled"
    assert town.does("colleague", "check", number, passed=True, way="on_site").status_code == 200
    closed = town.does("branch", "close", number).json()
    assert (closed["state"], closed["outcome"], closed["was_late"]) == ("closed", "fixed", False)


def test_scenario_2_missing_cover_on_a_holiday_night(town):
    town.item(COVER, "clean")
    town.now = local(2026, 10, 3, 22, 40)
    made = town.report(category=COVER, condition="T-COVER-1").json()
    assert made["critical"]
    assert at(made["due_at"]) == local(2026, 10, 4, 0, 40)
    issue = Issue.objects.get(number=made["number"])
    assert issue.yellow_at == local(2026, 10, 4, 0, 10)
    town.now = local(2026, 10, 4, 0, 10)
    town.sweep()
    assert issue.events.filter(verb="remind").count() == 1
    town.now = local(2026, 10, 4, 0, 40)
    town.sweep()
    assert town.read("worker", made["number"]).json()["light"] == "red"
    assert issue.events.filter(verb="chase").count() == 1


def test_scenario_4_noise_dispute(town):
    town.item(NOISE, "home-1", level="community", area=w.COMMUNITY_1)
    refused = town.report(category=NOISE, description="楼上 11010519491231002X 半夜吵闹。")
    assert refused.status_code == 400
    assert "description" in refused.json()["errors"]
    assert not Issue.objects.exists()
    number = town.report(category=NOISE, description="三号楼夜里有装修声。").json()["number"]
    town.does("community", "sign", number)
    offered = {verb["verb"]: verb for verb in town.read("community", number).json()["verbs"]}
    assert "mediated" in {outcome["code"] for outcome in offered["handle"]["outcomes"]}
    done = town.does("community", "handle", number, outcome="mediated", note="双方约定夜里停工。")
    assert (done.json()["state"], done.json()["outcome"]) == ("handled", "mediated")


def test_scenario_5_lift_fault(town):
    town.item(TRAPPED, "home-1", level="community", area=w.COMMUNITY_1)
    made = town.report(category=w.LIFT).json()
    number = made["number"]
    # Tuesday 09:00, eight working hours: seven that day, the eighth on Wednesday.
    assert at(made["due_at"]) == local(2026, 3, 11, 9, 0)
    assert Issue.objects.get(number=number).clocks.get(kind="handle").limit_minutes == 480
    town.now += 2 * HOUR
    raised = town.does("worker", "raise_urgency", number, category=TRAPPED, reason="danger").json()
    assert raised["critical"]
    running = Issue.objects.get(number=number).clocks.get(kind="handle", stopped_at=None)
    assert running.started_at == town.now
    assert running.limit_clock == "continuous"
    assert running.due_at == town.now + timedelta(minutes=running.limit_minutes)


def test_scenario_6_tug_of_war(town):
    number = town.report(category=w.RUBBISH).json()["number"]
    item = Responsibility.objects.get(category__code=w.RUBBISH)
    back = {"reason": "not_ours", "proposed": "roads", "item": item.pk}
    assert town.does("unit", "return", number, **back).status_code == 200
    again = town.does("street", "redispatch", number, unit="clean", reason="sent_wrong")
    assert again.status_code == 200
    assert town.does("unit", "return", number, **back).status_code == 200
    # The desk alone decides no more: the street confers.
    assert town.does("street", "redispatch", number, unit="roads", reason="x").status_code == 409
    conferred = town.does("leader", "confer", number, unit="clean", note="会商：仍由环卫办理。")
    assert conferred.status_code == 200
    third = town.does("unit", "return", number, **back).json()
    assert (third["returns"], third["raised_to"]) == (3, "district")
    assert town.does("leader", "judge", number, unit="clean", reason="x").status_code == 409
    judged = town.does("district", "judge", number, unit="clean", reason="unit_wrong").json()
    assert judged["state"] == "dispatched"
    assert judged["answer_due_at"]
    fourth = town.does("unit", "return", number, **back)
    assert fourth.status_code == 409
    assert "不能再退" in fourth.json()["detail"]
    assert Issue.objects.get(number=number).returns == 3


def test_scenario_7_year_end(town):
    town.item("S0701", "home-1", level="community", area=w.COMMUNITY_1)
    leaf = Category.objects.get(code="S0701")
    fifteen = leaf.allowed.filter(condition__minutes=7200).first()
    assert fifteen, "a leaf with a limit of fifteen working days"
    town.now = local(2026, 12, 25, 9, 0)
    made = town.report(category="S0701", condition=fifteen.condition.code).json()
    assert made["provisional"]
    first = at(made["due_at"])
    calendar = Calendar.objects.get(code="default")
    town.now += DAY
    days = {date(2027, 1, day): CalendarDay("holiday") for day in (1, 4, 5)}
    set_days(calendar=calendar, days=days, source="关于2027年部分节假日安排的通知", now=town.now)
    town.sweep()
    later = town.read("worker", made["number"]).json()
    assert at(later["due_at"]) > first
    lines = town.program("worker").get(f"issues/{made['number']}/events/").json()
    moved = [line for line in lines if line["verb"] == "reckon"]
    assert len(moved) == 1
    assert "2027" in "".join(moved[0]["reasons"])


def test_scenario_8_make_up_saturday(town):
    # Saturday 9 May 2026 is worked: eight hours from Friday at nine end on it.
    town.item("E0104", "clean")
    leaf = Category.objects.get(code="E0104")
    limit = leaf.allowed.select_related("condition").filter(condition__clock="working").first()
    town.now = local(2026, 5, 8, 17, 0)
    made = town.report(category="E0104", condition=limit.condition.code).json()
    issue = Issue.objects.get(number=made["number"])
    minutes, expected = limit.condition.minutes, None
    for day in (8, 9, 11):
        for opens, closes in ((8, 12), (14, 18)):
            begin = max(town.now, local(2026, 5, day, opens))
            free = (local(2026, 5, day, closes) - begin).total_seconds() // 60
            if free <= 0 or expected:
                continue
            if minutes <= free:
                expected = begin + timedelta(minutes=minutes)
            minutes -= free
    assert issue.due_at == expected
    assert expected.astimezone(w.SHANGHAI).date() == date(2026, 5, 9)


def test_scenario_9_grid_split(town):
    before = town.report(category=w.RUBBISH, point=w.IN_B1).json()["number"]
    noon = local(2026, 3, 10, 12, 0)
    old = Cell.objects.get(code=w.B1)
    new = w.COMMUNITY_2 + "002"
    town.now = noon
    end_cell(cell=old, at=noon)
    save_cells(drafts=[CellDraft(new, "第二网格（基础）", w.square(2), "base", noon)], now=noon)
    CellOwnership.objects.filter(cell=old).update(valid_until=noon)
    CellOwnership.objects.create(
        cell=Cell.objects.get(code=new), organization=town.world.orgs["branch-a"], valid_from=noon
    )
    town.now = noon + timedelta(minutes=1)
    after = town.report("street", category=w.RUBBISH, point=w.IN_B1).json()["number"]
    facts = {number: town.read("street", number).json() for number in (before, after)}
    assert facts[before]["cell"]["code"] == w.B1
    assert facts[before]["owner"]["code"] == "branch-b"
    assert facts[after]["cell"]["code"] == new
    assert facts[after]["owner"]["code"] == "branch-a"


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_scenario_10_two_clicks(transactional_db, together):
    world = w.build()
    issue = world.walk("sign")
    handler, leader = Program("handler"), Program("leader")
    assert handler.client
    assert leader.client
    version = issue.version
    answers = together(
        lambda: handler.post(
            f"issues/{issue.number}/handle/",
            {"outcome": "fixed", "note": "已清运。", "version": version},
        ),
        lambda: leader.post(
            f"issues/{issue.number}/supervise/", {"reason": "important", "version": version}
        ),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    loser = next(answer for answer in answers if answer.status_code == 409)
    assert loser.json()["code"] in ("changed_meanwhile", "refused")


def test_scenario_11_celery_twice(town):
    number = town.report(category=w.RUBBISH).json()["number"]
    issue = Issue.objects.get(number=number)
    town.now = issue.due_at
    for _again in range(2):
        town.sweep()
    assert issue.events.filter(verb="chase").count() == 1
    told = Notice.objects.filter(subject_key=issue.subject_key, kind="chased", channel="in_app")
    assert told.count() == told.values("recipient").distinct().count() > 0


def test_scenario_12_the_issue_of_another_grid(town):
    parent = Organization.objects.create(
        code="general", name="街道党工委", kind="committee", area=town.world.areas[w.STREET_1]
    )
    Organization.objects.filter(code__in=["branch-a", "branch-b"]).update(parent=parent)
    user = type(town.world.user("branch")).objects.create_user("parent", password="gezhi-test")
    Post.objects.create(user=user, role="branch_secretary", organization=parent, valid_from=w.START)
    mine = town.report(category=w.RUBBISH).json()["number"]
    theirs = town.report("street", category=w.RUBBISH, point=w.IN_B1).json()["number"]
    unseen, unknown = town.read("worker", theirs), town.read("worker", "QH-000000-NONE")
    assert unseen.status_code == unknown.status_code == 404
    assert unseen.json() == unknown.json()
    assert [town.read("parent", number).status_code for number in (mine, theirs)] == [200, 200]
