"""Exceptions stand on a list; forced closings are public; the district alone relaxes a rule."""

import re
from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts.models import User
from issues.models import Deviation, Issue, Relaxation
from issues.presenter.deviations import Month, forced_page
from issues.services.errors import Refused
from issues.services.relaxing import end_relaxation, relax
from matters.models import Category
from partyorgs.models import Post
from tests import world as w
from tests.callers import person

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TODAY = w.NOW.date()


def forced(world, *, at=None, **given):
    at = at or timezone.now()
    issue = world.report(at=at - HOUR, **given)
    return world.do("leader", "force_close", issue, at=at, reason="房主拒不配合。")


# -- forced closing


@pytest.mark.parametrize("name", ["street", "branch", "unit", "worker", "community", "auditor"])
def test_only_a_leader_forces(world, name):
    with pytest.raises(Refused):
        world.do(name, "force_close", world.report(), reason="房主拒不配合。")


def test_the_other_streets_people_do_not_even_see_it(world):
    with pytest.raises(Issue.DoesNotExist):
        world.do("other-street", "force_close", world.report(), reason="x")


def test_a_reason_is_needed(world):
    with pytest.raises(ValidationError):
        world.do("leader", "force_close", world.report(), reason="")


@pytest.mark.parametrize("verbs", [(), ("sign",), ("sign", "handle")])
def test_whatever_is_open_can_be_forced(world, verbs):
    issue = world.walk(*verbs)
    Issue.objects.filter(pk=issue.pk).update(open_parts=1)
    at = w.NOW + 5 * HOUR
    issue = world.do("leader", "force_close", issue, at=at, reason="房主拒不配合。")
    assert (issue.state, issue.closed_at, issue.open_parts) == ("forced_closed", at, 0)
    assert not issue.assignments.filter(ended_at=None).exists()
    assert not issue.clocks.filter(stopped_at=None).exists()
    row = issue.deviations.get()
    assert (row.kind, row.seq, row.street.code) == ("forced", issue.event_count, w.STREET_1)


def test_a_leader_who_handled_does_not_force(world):
    Post.objects.create(
        user=world.user("leader"), role="unit_handler", organization=world.orgs["clean"],
        valid_from=w.START,
    )  # fmt: skip
    issue = world.walk("sign")
    world.do("leader", "handle", issue, at=w.NOW + 2 * HOUR, outcome="fixed", note="好了")
    with pytest.raises(Refused):
        world.do("leader", "force_close", issue, at=w.NOW + 3 * HOUR, reason="算了")
    world.do("district", "force_close", issue, at=w.NOW + 3 * HOUR, reason="算了")


# -- the public page


def test_everybody_reads_what_was_forced_by_number(world):
    issue = forced(world, contact={"phone": "13912340987", "agreed": ["callback"]})
    page = person(None).get("/forced/")
    assert page.status_code == 200
    text = page.content.decode()
    for said in (issue.number, "青禾街道", issue.category.name_zh, f"{timezone.localdate()}"):
        assert said in text
    for hidden in ("拒不配合", "leader", "worker", "垃圾堆在路口", "13912340987"):
        assert hidden not in text


def test_for_a_year(world):
    now = timezone.now()
    forced(world, at=now - timedelta(days=366))
    assert forced_page(before=None, now=now) == ([], None)
    assert "一年内没有强制结案" in person(None).get("/forced/").content.decode()


def test_page_by_page(world):
    issue, now = world.report(), timezone.now()
    Deviation.objects.bulk_create(
        Deviation(issue=issue, kind="forced", at=now - count * HOUR, seq=count)
        for count in range(119, 0, -1)
    )
    seen, address = 0, "/forced/"
    while address:
        text = person(None).get(address).content.decode()
        seen += len(re.findall(issue.number, text))
        found = re.search(r'rel="next" href="([^"]+)"', text)
        address = found and found[1]
    assert seen == 119


@pytest.mark.parametrize("before", ["x", "-1", "9" * 40, "１"])
def test_a_broken_address_shows_the_first_page(world, before):
    issue = forced(world)
    assert issue.number in person(None).get("/forced/", {"before": before}).content.decode()


def test_what_is_not_filed_has_no_leaf(world):
    forced(world, category="", point=w.IN_A1)
    assert "—" in person(None).get("/forced/").content.decode()


def test_the_way_to_it_stands_where_people_sign_in(world):
    assert 'href="/forced/"' in person(None).get("/sign-in/").content.decode()


# -- the monthly list


def read(name, **asked):
    return person(name).get("/exceptions/", asked)


@pytest.mark.parametrize("name", ["worker", "branch", "unit", "street", "leader", "admin"])
def test_the_list_is_not_for_everybody(world, name):
    assert read(name).status_code == 403


@pytest.mark.parametrize("name", ["auditor", "district"])
def test_it_says_what_where_when_and_by_which_post(world, name):
    issue = forced(world)
    text = read(name).content.decode()
    for said in (issue.number, issue.category.name_zh, "青禾街道", "强制结案", "街道领导"):
        assert said in text
    # By post, never by name.
    assert "青禾街道 · 街道领导" in " ".join(text.split())
    main = text.split("<main")[1]
    assert ">leader<" not in main
    assert "拒不配合" not in main


def test_a_month_at_a_time(world):
    last = Month.of(timezone.localdate()).before
    inside = forced(world, at=last.span[1] - timedelta(seconds=1))
    text = read("auditor").content.decode()
    assert inside.number not in text
    assert f"month={last.name}" in text
    assert inside.number in read("auditor", month=last.name).content.decode()


@pytest.mark.parametrize("month", ["", "2026", "2026-13", "x", "9999-01", "2026-3", "0001-01"])
def test_a_broken_month_is_this_one(world, month):
    assert forced(world).number in read("auditor", month=month).content.decode()


def test_months_follow_one_another():
    month = Month.of(date(2026, 1, 31))
    assert (month.name, month.before.name, month.after.name) == ("2026-01", "2025-12", "2026-02")
    first, end = month.span
    assert (first.isoformat(), end.isoformat()) == (
        "2026-01-01T00:00:00+08:00", "2026-02-01T00:00:00+08:00",
    )  # fmt: skip


def unsigned(world, *, by):
    """The leader on duty acted last month; nobody has signed yet."""
    issue = world.report()
    at = Month.of(timezone.localdate()).before.span[0] + HOUR
    Deviation.objects.create(
        issue=issue, kind="acted_first", at=at, seq=1,
        street=world.areas[w.STREET_1], district=world.areas[w.DISTRICT],
    )  # fmt: skip
    Issue.objects.filter(pk=issue.pk).update(countersign_by=by)
    return issue


@pytest.mark.parametrize(("hours", "said"), [(-1, "过期未补签"), (1, "等待补签")])
def test_what_is_not_signed_stands_on_top_of_every_month(world, hours, said):
    later = forced(world)
    issue = unsigned(world, by=timezone.now() + hours * HOUR)
    text = read("district").content.decode()
    assert text.index(issue.number) < text.index(later.number)
    assert said in text


def test_once_signed_it_is_not_on_top(world):
    issue = unsigned(world, by=timezone.now())
    Deviation.objects.update(settled_at=timezone.now())
    text = read("district").content.decode()
    assert issue.number not in text
    last = Month.of(timezone.localdate()).before.name
    assert "已补签" in read("district", month=last).content.decode()


def test_another_districts_auditor_sees_nothing_of_it(world):
    issue = forced(world)
    Post.objects.filter(user=world.user("auditor")).update(area=world.areas[w.STREET_2])
    assert issue.number not in read("auditor").content.decode()
    Post.objects.filter(user=world.user("auditor")).update(area=world.areas[w.STREET_1])
    assert issue.number in read("auditor").content.decode()


def test_the_list_reads_a_handful_of_queries_however_long(world, django_assert_max_num_queries):
    issue, now = world.report(), timezone.now()
    for count in range(1, 40):
        Deviation.objects.create(
            issue=issue, kind="relaxed", at=now, seq=count, district=world.areas[w.DISTRICT]
        )
    client = person("auditor")
    with django_assert_max_num_queries(14):
        assert client.get("/exceptions/").status_code == 200


def auditing(world, name, *seats):
    """Somebody with these posts: (role, code of the area)."""
    user = world.users[name] = User.objects.create_user(name, name=name)
    for role, code in seats:
        Post.objects.create(user=user, role=role, area=world.areas[code], valid_from=w.START)
    return name


@pytest.mark.parametrize(
    ("seats", "sees"),
    [
        ([("auditor", w.STREET_2)], "other"),
        ([("auditor", w.STREET_2), ("auditor", w.STREET_1)], "both"),
        # An admin keeps the house: the district's exceptions come by no such post.
        ([("admin", w.DISTRICT), ("auditor", w.STREET_2)], "other"),
    ],
)
def test_an_auditor_reads_what_the_own_posts_audit(world, seats, sees):
    one = world.do("leader", "force_close", world.report(), reason="cannot_be_done")
    other = world.report("outsider", point=w.IN_C1)
    world.do("district", "force_close", other, reason="cannot_be_done")
    now = timezone.now()
    for street, reason in ((w.STREET_1, "一街三个人"), (w.STREET_2, "二街三个人")):
        Relaxation.objects.create(
            street=world.areas[street], what="branch_checks", reason=reason,
            entered_by=world.user("district"), valid_from=now, valid_until=now + DAY,
        )  # fmt: skip
    client = person(auditing(world, "eyes", *seats))
    exceptions = client.get(f"/exceptions/?month={TODAY:%Y-%m}").content.decode()
    relaxations = client.get("/relaxations/").content.decode()
    assert other.number in exceptions
    assert (one.number in exceptions) == (sees == "both")
    assert "二街三个人" in relaxations
    assert ("一街三个人" in relaxations) == (sees == "both")


# -- relaxing


def relaxed(world, name="district", **given):
    usual = {"street": w.STREET_1, "since": TODAY, "until": TODAY + 30 * DAY, "reason": "三个人。"}
    return relax(scope=world.scope(name), now=w.NOW, **(usual | given))


def test_the_district_relaxes_for_a_time(world):
    made = relaxed(world)
    assert (made.valid_from, made.entered_by) == (w.NOW, world.user("district"))
    assert made.valid_until.astimezone(w.SHANGHAI).isoformat() == "2026-04-10T00:00:00+08:00"


@pytest.mark.parametrize("name", ["leader", "street", "branch", "admin", "auditor", "worker"])
def test_nobody_else_relaxes_or_ends_it(world, name):
    with pytest.raises(PermissionDenied):
        relaxed(world, name)
    made = relaxed(world)
    with pytest.raises(PermissionDenied):
        end_relaxation(scope=world.scope(name), relaxation=made.pk, now=w.NOW)


def test_not_another_districts_street(world):
    area = type(world.areas[w.DISTRICT])
    other = area.objects.create(code="990102", name="别区", level="district")
    street = area.objects.create(code="990102001", name="别街", level="street", parent=other)
    with pytest.raises(PermissionDenied):
        relaxed(world, street=street.code)
    theirs = Relaxation.objects.create(
        street=street, what="branch_checks", reason="别区。", entered_by=world.user("nobody"),
        valid_from=w.NOW, valid_until=w.NOW + 30 * DAY,
    )  # fmt: skip
    # As if it did not exist.
    with pytest.raises(Relaxation.DoesNotExist):
        end_relaxation(scope=world.scope("district"), relaxation=theirs.pk, now=w.NOW)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"street": w.DISTRICT}, "street"),
        ({"street": "none"}, "street"),
        ({"reason": " "}, "reason"),
        ({"since": TODAY - DAY}, "since"),
        ({"until": TODAY - DAY}, "until"),
        ({"until": TODAY + 400 * DAY}, "until"),
        ({"since": TODAY + 400 * DAY, "until": TODAY + 401 * DAY}, "since"),
        ({"since": date.max, "until": date.max}, "since"),
    ],
)
def test_what_will_not_do_is_said(world, given, field):
    with pytest.raises(ValidationError) as refused:
        relaxed(world, **given)
    assert [*refused.value.message_dict] == [field]


def test_one_at_a_time_for_a_street(world):
    relaxed(world)
    with pytest.raises(ValidationError):
        relaxed(world, since=TODAY + 30 * DAY, until=TODAY + 60 * DAY)
    relaxed(world, since=TODAY + 31 * DAY, until=TODAY + 60 * DAY)
    relaxed(world, street=w.STREET_2)


def test_it_ends_now_or_is_withdrawn(world):
    made, coming = relaxed(world), relaxed(world, street=w.STREET_2, since=TODAY + DAY)
    scope = world.scope("district")
    at = w.NOW + HOUR
    assert end_relaxation(scope=scope, relaxation=made.pk, now=at).valid_until == at
    assert end_relaxation(scope=scope, relaxation=coming.pk, now=at) is None
    assert [*Relaxation.objects.all()] == [made]
    with pytest.raises(ValidationError):
        end_relaxation(scope=scope, relaxation=made.pk, now=at + HOUR)


def test_the_page_for_the_district(world):
    client, today = person("district"), timezone.localdate()
    sent = {
        "street": w.STREET_1, "since": today.isoformat(), "reason": "三个人。",
        "until": (today + 9 * DAY).isoformat(),
    }  # fmt: skip
    assert client.post("/relaxations/", sent | {"reason": ""}).status_code == 422
    assert client.post("/relaxations/", sent).status_code == 302
    assert client.post("/relaxations/", sent).status_code == 422
    row = Relaxation.objects.get()
    for name, ends in (("district", True), ("auditor", False), ("leader", False)):
        text = person(name).get("/relaxations/").content.decode()
        assert "三个人" in text
        assert (f"/relaxations/{row.pk}/end/" in text) is ends
    assert client.post(f"/relaxations/{row.pk}/end/").status_code == 302
    row.refresh_from_db()
    assert row.valid_until <= timezone.now()
    assert client.post("/relaxations/999999/end/").status_code == 404


@pytest.mark.parametrize("name", ["leader", "auditor"])
def test_readers_change_nothing(world, name):
    assert person(name).post("/relaxations/", {}).status_code == 403
    assert person(name).post("/relaxations/1/end/").status_code == 403
    assert "<form" not in person(name).get("/relaxations/").content.decode().split("<main")[1]


@pytest.mark.parametrize("name", ["worker", "street", "unit", "branch", "admin"])
def test_others_do_not_read_it(world, name):
    assert person(name).get("/relaxations/").status_code == 403


def test_a_leader_reads_the_own_street_alone(world):
    relaxed(world, street=w.STREET_2, until=TODAY + 360 * DAY)
    assert "三个人" not in person("leader").get("/relaxations/").content.decode()


def test_in_english(world):
    leaf = Category.objects.get(code=w.RUBBISH)
    forced(world)
    client = person("auditor")
    client.post("/language/", {"language": "en"})
    assert leaf.name_en in client.get("/exceptions/").content.decode()
