"""The page of one issue: who sees it, what it offers, what comes back when it is refused."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from issues.models import Attachment, Issue
from residents.models import Reveal
from tests import world as w
from tests.callers import person
from tests.photos import jpeg

PHONE = "13812345678"


@pytest.fixture
def issue(world):
    return world.report(contact={"name": "王阿姨", "phone": PHONE, "agreed": ["callback"]})


def page_of(name, issue):
    return person(name).get(reverse("issue", args=[issue.number]))


def press(client, issue, verb, **given):
    address = reverse("issue_verb", args=[issue.number, verb])
    return client.post(address, {"version": issue.version} | given)


def offered(response):
    return [verb["verb"] for verb in response.context["verbs"]]


def text(response):
    return response.content.decode()


def bare(response, number):
    """The page without its number and its tokens, which differ every time."""
    return re.sub(r'(content|value)="[A-Za-z0-9]{64}"', "", text(response)).replace(number, "")


def test_the_facts_stand_on_the_page(world, issue):
    page = text(page_of("worker", issue))
    for said in (
        issue.number,
        "待签收",
        "等区环境卫生管理中心签收",
        "禾苗第一网格党支部",
        issue.description,
    ):
        assert said in page
    assert "权责清单（区级，青禾区）" in page
    assert f"/map/cells/?community={w.COMMUNITY_1}" in page


@pytest.mark.parametrize("given", [{"place": ""}, {"category": w.LIFT}, {"category": w.UNLISTED}])
@pytest.mark.parametrize("point", [w.IN_A1, w.OUTSIDE])
def test_the_page_stands_wherever_the_place_and_whoever_does_it(world, point, given):
    issue = world.report(point=point, **given)
    client = person("district")
    for address in (reverse("issue", args=[issue.number]), reverse("issue_list"), reverse("home")):
        assert issue.number in text(client.get(address))
    client.cookies["django_language"] = "en"
    assert client.get(reverse("issue", args=[issue.number])).status_code == 200


@pytest.mark.parametrize(
    ("name", "verbs"),
    [
        ("worker", ["note", "touch", "raise_urgency"]),
        ("colleague", ["note", "touch", "join", "raise_urgency"]),
        (
            "unit",
            [
                "sign",
                "return",
                "note",
                "ask_suspension",
                "add_part",
                "touch",
                "join",
                "raise_urgency",
            ],
        ),
        ("handler", ["sign", "note", "touch", "join", "raise_urgency"]),
        (
            "street",
            [
                "redispatch",
                "chase",
                "note",
                "add_part",
                "touch",
                "join",
                "split",
                "merge",
                "raise_urgency",
                "cancel",
            ],
        ),
        (
            "leader",
            [
                "redispatch",
                "chase",
                "supervise",
                "instruct",
                "note",
                "add_part",
                "touch",
                "join",
                "split",
                "merge",
                "raise_urgency",
                "force_close",
                "cancel",
            ],
        ),
        ("branch", ["chase", "note", "add_part", "touch", "join", "raise_urgency"]),
        ("auditor", []),
    ],
)
def test_only_what_the_rule_book_allows_now_is_offered(world, issue, name, verbs):
    response = page_of(name, issue)
    assert response.status_code == 200
    assert offered(response) == verbs


def test_the_onward_step_comes_first_and_is_the_main_button(world):
    issue = world.walk("sign")
    response = page_of("unit", issue)
    assert offered(response)[0] == "handle"
    assert response.context["verbs"][0]["primary"]
    assert text(response).count('<summary class="button button--primary"') == 1


@pytest.mark.parametrize("name", ["outsider", "other-street", "other-branch", "admin", "nobody"])
def test_what_one_may_not_see_is_the_same_404_as_what_is_not_there(world, issue, name):
    client = person(name)
    hidden = client.get(reverse("issue", args=[issue.number]))
    missing = client.get(reverse("issue", args=["QH-260310-AAAAA"]))
    assert hidden.status_code == missing.status_code == 404
    assert bare(hidden, issue.number) == bare(missing, "QH-260310-AAAAA")
    assert press(client, issue, "note", note="看过").status_code == 404


def test_one_tap_signs_and_says_what_comes_next(world, issue):
    client = person("unit")
    assert press(client, issue, "sign").url == reverse("issue", args=[issue.number])
    page = text(client.get(reverse("issue", args=[issue.number])))
    assert "接下来：由区环境卫生管理中心处置" in page


def test_the_straight_road_by_pages(world, issue):
    steps = [
        ("unit", "sign", {}),
        ("handler", "handle", {"outcome": "fixed", "note": "已清运。"}),
        ("colleague", "check", {"passed": "yes", "way": "on_site"}),
        ("branch", "close", {}),
    ]
    for name, verb, given in steps:
        issue.refresh_from_db()
        assert press(person(name), issue, verb, **given).status_code == 302, verb
    issue.refresh_from_db()
    assert issue.state == "closed"


def test_what_is_missing_stands_at_its_field_and_the_rest_stays(world):
    issue = world.walk("sign")
    response = press(person("handler"), issue, "handle", note="已清运。")
    assert response.status_code == 422
    [handle] = [verb for verb in response.context["verbs"] if verb["verb"] == "handle"]
    assert handle["open"]
    assert handle["form"].errors == {"outcome": ["请选择办理结果。"]}
    assert "已清运。" in text(response)


def test_another_reason_is_written_out(world, issue):
    client, given = person("street"), {"unit": "roads", "reason": "other"}
    assert press(client, issue, "redispatch", **given).status_code == 422
    press(client, issue, "redispatch", **given, note="井盖上有“供水”字样。")
    issue.refresh_from_db()
    assert issue.unit.code == "roads"
    assert issue.events.last().text.text == "井盖上有“供水”字样。"


def test_a_check_that_does_not_pass_asks_what_is_missing(world):
    issue = world.walk("sign", "handle")
    given = {"passed": "no", "way": "photo"}
    response = press(person("worker"), issue, "check", **given)
    assert response.status_code == 422
    assert press(person("worker"), issue, "check", **given, note="还有两袋。").status_code == 302


def test_who_comes_second_reads_it_and_loses_nothing(world):
    issue = world.walk("sign")
    client = person("handler")
    uploaded = client.post(reverse("attachment_upload"), {"file": jpeg()}).json()["id"]
    world.do("unit", "note", issue, note="先去现场。")
    response = press(
        client, issue, "handle", outcome="fixed", note="已清运。", attachments=[uploaded]
    )
    page = text(response)
    assert response.status_code == 409
    assert "别人刚刚改动了这个问题" in page
    assert "先去现场。" in page
    [handle] = [verb for verb in response.context["verbs"] if verb["verb"] == "handle"]
    assert (handle["form"]["note"].value(), handle["form"]["outcome"].value()) == (
        "已清运。",
        "fixed",
    )
    assert [photo["id"] for photo in handle["photos"]["kept"]] == [uploaded]
    issue.refresh_from_db()
    again = {"outcome": "fixed", "note": "已清运。", "attachments": [uploaded]}
    assert handle["form"]["version"].value() == str(issue.version)
    assert press(client, issue, "handle", **again).status_code == 302
    assert Attachment.objects.get().verb == "handle"


def test_words_for_a_verb_that_is_gone_come_back_as_a_note(world):
    issue = world.walk("sign")
    world.do("handler", "handle", issue, outcome="fixed", note="先到的人写的。")
    response = press(person("unit"), issue, "handle", outcome="fixed", note="后到的人写的。")
    assert response.status_code == 409
    assert "后到的人写的。" in text(response)
    assert "handle" not in offered(response)
    [note] = [verb for verb in response.context["verbs"] if verb["verb"] == "note"]
    assert note["form"]["note"].value() == "后到的人写的。"


def test_the_desk_chooses_among_units_that_serve_the_place_and_can_sign(world):
    issue = world.report(category=w.UNLISTED)
    response = page_of("street", issue)
    page = text(response)
    for listed in ("clean", "roads", "home-1", "desk-1"):
        assert f'<option value="{listed}"' in page
    for left_out in ("branch-a", "lifts", "desk-2"):
        assert f'<option value="{left_out}"' not in page
    assert press(person("street"), issue, "dispatch", unit="roads").status_code == 302


def test_a_unit_from_elsewhere_is_refused_at_the_field(world):
    issue = world.report(category=w.UNLISTED)
    response = press(person("street"), issue, "dispatch", unit="desk-2")
    assert response.status_code == 422
    [dispatch] = [verb for verb in response.context["verbs"] if verb["verb"] == "dispatch"]
    assert dispatch["form"].errors["unit"]


def test_the_desk_accepts_with_a_matter(world):
    issue = world.report("branch", category="")
    client = person("street")
    refused = press(client, issue, "accept")
    assert refused.status_code == 422
    assert "请先选择事项类别。" in text(refused)
    assert press(client, issue, "accept", category=w.RUBBISH).status_code == 302
    assert Issue.objects.get().unit.code == "clean"


def test_photos_come_with_the_verb_even_without_script(world):
    issue = world.walk("sign")
    press(person("handler"), issue, "handle", outcome="fixed", note="已清运。", photos=[jpeg()])
    photo = Attachment.objects.get()
    assert (photo.issue, photo.verb) == (issue, "handle")
    page = text(page_of("worker", issue))
    assert reverse("attachment", args=[photo.public_id]) in page


def test_reporting_and_unknown_verbs_have_no_address(world, issue):
    for verb in ("report", "explode"):
        assert press(person("worker"), issue, verb).status_code == 404


def test_a_contact_is_masked_and_shown_to_those_only_who_may_reveal_it(world, issue):
    assert "138****5678" in text(page_of("unit", issue))
    for name in ("worker", "branch", "auditor"):
        assert "138****" not in text(page_of(name, issue))
    for name in ("unit", "worker", "street"):
        assert PHONE not in text(page_of(name, issue))


def test_the_full_number_is_shown_once_for_a_reason_that_is_kept(world, issue):
    client = person("unit")
    address = reverse("issue_contact", args=[issue.number])
    refused = client.post(address, {"reason": ""})
    assert refused.status_code == 422
    assert PHONE not in text(refused)
    shown = client.post(address, {"reason": "约上门时间"})
    assert PHONE in text(shown)
    assert "no-store" in shown["Cache-Control"]
    assert Reveal.objects.get().reason == "约上门时间"
    assert PHONE not in text(client.get(reverse("issue", args=[issue.number])))
    assert person("worker").post(address, {"reason": "看看"}).status_code == 403


def test_clocks_say_when_they_started_and_how_they_ended(world):
    issue = world.walk("sign", "handle")
    page = text(page_of("worker", issue))
    assert "处置时限" in page
    assert "核查时限" in page
    assert "按时完成" in page


def test_a_closed_issue_says_how_it_ended_and_runs_no_clock(world):
    response = page_of("worker", world.walk("sign", "handle", "check", "close"))
    assert "已解决" in text(response)
    assert "下一步" not in text(response)
    assert offered(response) == ["note"]


def test_after_the_check_the_branch_is_named(world):
    issue = world.walk("sign", "handle", "check")
    response = page_of("branch", issue)
    assert response.context["state_text"] == "待结案"
    assert "等禾苗第一网格党支部结案" in text(response)
    assert offered(response)[0] == "close"


def test_the_page_speaks_english_when_asked(world, issue):
    client = person("worker")
    client.cookies["django_language"] = "en"
    page = text(client.get(reverse("issue", args=[issue.number])))
    assert '<html lang="en">' in page
    assert "Exposed" in page or "rubbish" in page.lower()
    assert '<html lang="zh-Hans">' in text(page_of("worker", issue))


@pytest.mark.parametrize("name", ["worker", "unit", "street", "district", "branch"])
@pytest.mark.parametrize("steps", [(), ("sign", "handle"), ("sign", "handle", "check")])
def test_the_page_takes_twenty_queries_at_most(world, name, steps, django_assert_max_num_queries):
    issue = world.walk(*steps, contact={"phone": PHONE, "agreed": ["callback"]})
    client, address = person(name), reverse("issue", args=[issue.number])
    with django_assert_max_num_queries(20):
        client.get(address)


def test_three_times_the_history_takes_no_more_queries(world):
    issue = world.walk("sign")
    client, address = person("street"), reverse("issue", args=[issue.number])
    client.get(address)
    before = count(client, address)
    for turn in range(3):
        world.do("unit", "note", issue, note=f"第{turn}次。", at=timezone.now() + timedelta(turn))
    assert count(client, address) == before


def count(client, address):
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    return len(queries)
