"""The 08:00 brief: whose it is, what it counts, and that it leaves once a working day."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from issues import tasks
from issues.briefs.chairs import Kind, chairs_of, desk_codes, everybody
from issues.briefs.daily import brief_of, day_at, figures_for, figures_of_all, glance_of
from issues.models import Issue
from issues.services.briefing import brief_due, send_briefs
from notices.models import Channel, Notice, Target
from partyorgs.models import Leave, Organization, Post
from tests import world as w
from worktime.queries import work_calendar

NOW = w.NOW
SECOND = timedelta(seconds=1)
MIDNIGHT = datetime(2026, 3, 11, tzinfo=w.SHANGHAI)
CHAIRED = ["branch", "other-branch", "community", "unit", "street", "leader", "district"]


def at(day, clock="08:00"):
    return datetime.fromisoformat(f"{day} {clock}").replace(tzinfo=w.SHANGHAI)


def brief_for(world, name, *, now=NOW):
    [chair] = chairs_of(world.scope(name, now=now))
    return brief_of(chair, day=day_at(now, calendar=work_calendar()))


def due(issue, moment):
    early = min(moment, issue.yellow_at or moment)
    Issue.objects.filter(pk=issue.pk).update(due_at=moment, yellow_at=early)
    return issue


def stand_in(world, name, *, absent):
    Leave.objects.create(
        user=world.user(absent),
        stand_in=world.user(name),
        entered_by=world.user(absent),
        valid_from=NOW - timedelta(days=1),
        valid_until=NOW + timedelta(days=1),
    )


@pytest.fixture
def busy(world):
    """Reports in both streets at every stage; late, due today, due later, critical."""
    issues = [
        world.report(),
        world.report(category=w.UNLISTED),
        world.report("branch"),
        world.report(category=w.CORRIDOR),
        world.report("outsider", point=w.IN_C1),
        world.report("outsider", point=w.IN_C1),
        world.report(point=w.OUTSIDE),
        world.walk("sign"),
        world.walk("sign", "handle"),
        world.walk("sign", "handle", "check"),
        world.walk("sign", "handle", "check", "close"),
        world.walk("return"),
        world.walk("return"),
    ]
    times = [NOW - timedelta(days=9), NOW - SECOND, NOW + SECOND, MIDNIGHT - SECOND, MIDNIGHT]
    for number, issue in enumerate(issues):
        if issue.is_open:
            due(issue, times[number % len(times)])
    Issue.objects.filter(pk__in=[issue.pk for issue in issues[::3]]).update(critical=True)
    return issues


class TestChairs:
    def test_each_desk_unit_branch_and_leader_has_one(self, world):
        kinds = {name: chairs_of(world.scope(name)) for name in CHAIRED}
        assert {name: (chair.kind, chair.code) for name, [chair] in kinds.items()} == {
            "branch": (Kind.BRANCH, "branch-a"),
            "other-branch": (Kind.BRANCH, "branch-c"),
            "community": (Kind.COMMUNITY, w.COMMUNITY_1),
            "unit": (Kind.UNIT, "clean"),
            "street": (Kind.STREET, w.STREET_1),
            "leader": (Kind.STREET, w.STREET_1),
            "district": (Kind.DISTRICT, w.DISTRICT),
        }

    @pytest.mark.parametrize("name", ["worker", "handler", "admin", "auditor", "nobody"])
    def test_others_have_none(self, world, name):
        assert chairs_of(world.scope(name)) == []

    def test_a_chair_never_reaches_further_than_its_people_see(self, world, busy):
        head = User.objects.create_user(username="head", password="gezhi-test", name="head")
        below = Organization.objects.get(code="roads")
        Organization.objects.filter(code="roads").update(parent=world.orgs["clean"])
        Post.objects.create(
            user=head, role="unit_head", organization=world.orgs["clean"], valid_from=w.START
        )
        stand_in(world, "other-branch", absent="street")
        for person in everybody(at=NOW):
            user = User.objects.get(pk=person.user_id)
            scope = world.scope(user.username)
            assert list(person.chairs) == chairs_of(scope)
            seen = set(Issue.objects.visible_to(scope).values_list("pk", flat=True))
            for chair in person.chairs:
                inside = set(Issue.objects.filter(chair.part).values_list("pk", flat=True))
                assert inside <= seen, user.username
        [chair] = chairs_of(world.scope("head"))
        assert below.pk in chair.ids

    def test_several_posts_are_several_chairs_the_widest_first(self, world):
        Post.objects.create(
            user=world.user("branch"),
            role="street_leader",
            area=world.areas[w.STREET_1],
            valid_from=w.START,
        )
        kinds = [chair.kind for chair in chairs_of(world.scope("branch"))]
        assert kinds == [Kind.STREET, Kind.BRANCH]

    def test_a_stand_in_has_the_absent_persons_chair_for_that_time(self, world):
        stand_in(world, "worker", absent="street")
        stand_in(world, "unit", absent="leader")
        seated = {person.user_id: person for person in everybody(at=NOW)}
        kinds = {
            name: [chair.kind for chair in seated[world.user(name).pk].chairs]
            for name in ("worker", "unit")
        }
        assert kinds == {"worker": [Kind.STREET], "unit": [Kind.STREET, Kind.UNIT]}
        later = {person.user_id for person in everybody(at=NOW + timedelta(days=2))}
        assert world.user("worker").pk not in later

    def test_an_ended_post_has_none(self, world):
        Post.objects.filter(user=world.user("street")).update(valid_until=NOW)
        assert chairs_of(world.scope("street")) == []
        assert world.user("street").pk not in {person.user_id for person in everybody(at=NOW)}

    def test_an_area_is_told_through_its_desk(self, world):
        codes = desk_codes(chair for name in CHAIRED for chair in chairs_of(world.scope(name)))
        assert {chair.code: code for chair, code in codes.items()} == {
            "branch-a": "branch-a",
            "branch-c": "branch-c",
            w.COMMUNITY_1: "home-1",
            "clean": "clean",
            w.STREET_1: "desk-1",
            w.DISTRICT: "desk-district",
        }


class TestFigures:
    @pytest.mark.parametrize("name", CHAIRED)
    def test_they_are_what_a_naive_count_says(self, world, busy, name):
        brief = brief_for(world, name)
        seen = [
            issue
            for issue in Issue.objects.visible_to(world.scope(name))
            if getattr(issue, brief.chair.column) in brief.chair.ids
        ]
        opened = [issue for issue in seen if issue.is_open]
        late = [issue for issue in opened if issue.due_at <= NOW]
        assert brief.figures.open == len(opened)
        assert brief.figures.late == len(late)
        assert brief.figures.today == sum(NOW < issue.due_at < MIDNIGHT for issue in opened)
        assert brief.figures.returned == sum(issue.state == "returned" for issue in opened)
        assert brief.figures.to_sign == sum(issue.state == "dispatched" for issue in opened)
        assert brief.figures.critical == sum(issue.critical for issue in opened)
        assert brief.new == len(seen)
        assert brief.closed == sum(issue.state == "closed" for issue in seen)
        by_age = sorted(late, key=lambda issue: (issue.due_at, issue.pk))
        assert [row["number"] for row in brief.worst] == [issue.number for issue in by_age][:10]
        glance = glance_of(brief.chair, day=brief.day)
        assert (glance.late, glance.today) == (brief.figures.late, brief.figures.today)
        assert glance.returned == brief.figures.returned

    def test_all_chairs_at_once_count_the_same(self, world, busy):
        found = figures_of_all(day=day_at(NOW, calendar=work_calendar()))
        for name in CHAIRED:
            brief = brief_for(world, name)
            assert figures_for(brief.chair, found) == brief.figures, name

    @pytest.mark.parametrize(
        ("moment", "late", "today"),
        [
            (NOW - SECOND, 1, 0),
            (NOW, 1, 0),
            (NOW + SECOND, 0, 1),
            (MIDNIGHT - SECOND, 0, 1),
            (MIDNIGHT, 0, 0),
        ],
    )
    def test_today_ends_at_midnight_in_shanghai(self, world, moment, late, today):
        due(world.report(), moment)
        figures = brief_for(world, "street").figures
        assert (figures.late, figures.today) == (late, today)

    def test_another_street_counts_nothing_of_it(self, world, busy):
        mine = {issue.number for issue in busy if issue.street_id == world.areas[w.STREET_1].pk}
        brief = brief_for(world, "other-street")
        assert not mine & {row["number"] for row in brief.worst}
        assert brief.figures.open == 2

    def test_what_happened_on_days_off_is_told_on_the_first_morning(self, world):
        monday = day_at(at("2026-03-16"), calendar=work_calendar())
        assert monday.since == at("2026-03-13")
        tuesday = day_at(at("2026-03-17", "09:30"), calendar=work_calendar())
        assert tuesday.since == at("2026-03-16")


class TestWaiting:
    def lines(self, brief):
        return {
            line.holder.code if line.holder else None: line.figures.stuck for line in brief.waiting
        }

    def test_each_waits_where_the_next_step_is(self, world):
        due(world.walk("sign"), NOW - SECOND)
        due(world.walk("sign", "handle"), NOW - SECOND)
        due(world.walk("return"), MIDNIGHT)
        due(world.report("branch"), NOW - SECOND)
        assert self.lines(brief_for(world, "street")) == {"clean": 1, "branch-a": 1, "desk-1": 2}

    def test_what_lies_outside_every_street_waits_at_the_district(self, world):
        due(world.report(point=w.OUTSIDE), NOW - SECOND)
        assert self.lines(brief_for(world, "district")) == {"desk-district": 1}

    def test_a_street_without_a_desk_is_said_all_the_same(self, world):
        due(world.walk("return"), MIDNIGHT)
        Organization.objects.filter(code="desk-1").update(active=False)
        assert self.lines(brief_for(world, "street")) == {None: 1}

    def test_what_merely_runs_is_left_out(self, world):
        due(world.walk("sign"), MIDNIGHT)
        assert brief_for(world, "street").waiting == []

    def test_the_lines_add_up(self, world, busy):
        for name in CHAIRED:
            brief = brief_for(world, name)
            assert sum(line.figures.stuck for line in brief.waiting) == brief.figures.stuck
            assert sum(line.figures.late for line in brief.waiting) == brief.figures.late


class TestSending:
    def told(self, name="street"):
        return Notice.objects.filter(kind="brief", recipient__username=name, channel="in_app")

    @pytest.mark.parametrize(
        ("moment", "leaves"),
        [
            (at("2026-03-10", "07:59:59"), False),
            (at("2026-03-10", "08:00"), True),
            (at("2026-03-10", "11:59:59"), True),
            (at("2026-03-10", "12:00"), False),
            (at("2026-03-14", "08:00"), False),  # Saturday
            (at("2026-02-14", "08:00"), True),  # a make-up Saturday
            (at("2026-02-17", "08:00"), False),  # Spring Festival, a Tuesday
        ],
    )
    def test_it_is_due_on_mornings_of_working_days(self, world, moment, leaves):
        assert brief_due(now=moment) is leaves
        assert bool(send_briefs(now=moment)) is leaves
        assert self.told().exists() is leaves

    def test_everybody_with_a_chair_is_told_once(self, world, busy):
        names = {*CHAIRED, "other-unit", "other-street"}
        assert send_briefs(now=NOW) == len(names)
        told = Notice.objects.filter(kind="brief", channel="in_app")
        assert sorted(told.values_list("recipient__username", flat=True)) == sorted(names)

    def test_it_leaves_once_however_often_it_is_asked_for(self, world):
        assert send_briefs(now=at("2026-03-10"))
        before = Notice.objects.count()
        for clock in ("08:00", "08:05", "11:55"):
            assert send_briefs(now=at("2026-03-10", clock)) == 0
        assert Notice.objects.count() == before
        assert send_briefs(now=at("2026-03-11"))
        assert self.told().count() == 2

    def test_two_at_once_tell_once(self, world, monkeypatch):
        assert send_briefs(now=at("2026-03-10"))
        before = Notice.objects.count()
        monkeypatch.setattr("issues.services.briefing._told", lambda person, subject: False)
        send_briefs(now=at("2026-03-10"))
        assert Notice.objects.count() == before

    def test_after_an_outage_at_eight_it_leaves_when_the_system_is_back(self, world):
        assert send_briefs(now=at("2026-03-10", "10:20"))
        assert self.told().get().created_at == at("2026-03-10", "10:20")

    def test_it_says_counts_and_no_more(self, world, busy):
        send_briefs(now=NOW)
        figures = brief_for(world, "street").figures
        assert self.told().get().payload == {
            "place": "青禾街道",
            "late": figures.late,
            "today": figures.today,
            "returned": figures.returned,
            "critical": figures.critical,
        }
        told = self.told().get()
        assert (told.subject_key, told.role) == ("brief_day:2026-03-10", "street_dispatcher")
        assert told.expires_at == MIDNIGHT

    @pytest.mark.parametrize(
        ("audience", "places"),
        [
            ("org:desk-1", ["青禾街道"]),
            ("org:clean", ["区环境卫生管理中心"]),
            ("org:roads", ["区市政养护中心"]),
            ("org:branch-b", []),
            ("", ["青禾区"]),
        ],
    )
    def test_a_group_hears_its_own_chair_alone(self, world, busy, audience, places):
        target = Target.objects.create(
            name="群", channel=Channel.WEBHOOK, audience=audience, address="sealed", created_at=NOW
        )
        send_briefs(now=NOW)
        heard = Notice.objects.filter(target=target)
        assert [notice.payload["place"] for notice in heard] == places
        send_briefs(now=NOW)
        assert heard.count() == len(places)

    def test_whoever_has_left_is_not_told(self, world):
        User.objects.filter(username="street").update(is_active=False)
        send_briefs(now=NOW)
        assert not self.told().exists()

    def test_the_engine_sends_it(self, world, monkeypatch):
        monkeypatch.setattr(timezone, "now", lambda: at("2026-03-10"))
        tasks.send_briefs()
        assert self.told().exists()

    def test_more_people_and_issues_take_no_more_queries(self, world):
        few = self.queries(at("2026-03-10"))
        for number in range(20):
            user = User.objects.create_user(username=f"s{number}", password="x", name="s")
            Post.objects.create(
                user=user,
                role="branch_secretary",
                organization=world.orgs["branch-b"],
                valid_from=w.START,
            )
            world.report()
        assert self.queries(at("2026-03-11")) <= few

    def queries(self, now):
        with CaptureQueriesContext(connection) as queries:
            assert send_briefs(now=now)
        return len(queries)
