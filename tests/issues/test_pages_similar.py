"""Similar reports offered on the report page and by the API, with script and without."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from issues.models import Attachment, Issue, Joining
from tests import world as w
from tests.callers import person
from tests.photos import jpeg
from worktime.queries import work_calendar

LAT, LNG = w.IN_A1


@pytest.fixture
def earlier(world):
    """Somebody else's report at the same place, an hour ago."""
    issue = world.report("colleague")
    Issue.objects.filter(pk=issue.pk).update(created_at=timezone.now() - timedelta(hours=1))
    return issue


@pytest.fixture
def worker(world):
    return person("worker")


def typed(**changes):
    return {
        "key": "11111111-1111-4111-8111-111111111111", "category": w.RUBBISH, "condition": "",
        "description": "垃圾堆在路口，没人清。", "lat": str(LAT), "lng": str(LNG),
        "place_text": "青禾花园东门",
    } | changes  # fmt: skip


def send(client, **changes):
    return client.post(reverse("report"), typed(**changes))


def look(client, **changes):
    return client.post(reverse("report_similar"), typed(**changes))


def join(client, issue, **changes):
    return client.post(reverse("report_join", args=[issue.number]), typed(**changes))


def text(response):
    return response.content.decode()


class TestWithoutScript:
    def test_a_report_like_another_is_asked_about_once_with_everything_kept(self, worker, earlier):
        asked = send(worker, contact_name="王阿姨", photos=[jpeg()])
        page = text(asked)
        assert asked.status_code == 422
        assert Issue.objects.count() == 1
        for kept in ("垃圾堆在路口，没人清。", "青禾花园东门", "王阿姨", f'value="{LAT}"'):
            assert kept in page
        assert len(asked.context["photos"]["kept"]) == 1
        assert earlier.number in page
        assert "我也遇到" in page
        assert 'name="different" value="1"' in page
        assert "error-summary" not in page

    def test_another_matter_is_reported_all_the_same(self, worker, earlier):
        assert send(worker, different="1").status_code == 302
        assert Issue.objects.count() == 2

    def test_who_answered_is_not_asked_again_after_another_error(self, worker, earlier):
        again = send(worker, different="1", contact_phone="138", contact_agreed=["callback"])
        assert again.status_code == 422
        assert '<input type="hidden" name="different" value="1">' in text(again)

    def test_the_own_report_and_one_joined_before_do_not_stop_another(self, worker, world, earlier):
        world.do("worker", "join", earlier)
        assert send(worker).status_code == 302

    def test_what_nobody_may_see_does_not_stop_a_report(self, world):
        world.report(point=w.IN_C1)
        theirs = Issue.objects.get()
        Issue.objects.update(created_at=timezone.now(), reporter=world.user("admin"))
        lat, lng = w.IN_C1
        sent = send(person("colleague"), lat=str(lat), lng=str(lng))
        assert sent.status_code == 302
        assert theirs.number not in text(sent)

    def test_farther_on_demand(self, worker, world, earlier):
        Issue.objects.update(lat=LAT + 0.001)
        assert send(worker, description="").status_code == 422
        wide = send(worker, description="", similar="wide")
        assert wide.status_code == 200
        assert earlier.number in text(wide)
        assert "error-summary" not in text(wide)
        assert Issue.objects.count() == 1

    def test_a_look_around_without_a_place_says_what_is_missing(self, worker):
        asked = send(worker, lat="", lng="", place_text="", similar="wide")
        assert asked.status_code == 422
        assert asked.context["form"].errors["place_text"]

    def test_the_question_costs_one_query_where_nothing_is_near(
        self, worker, django_assert_max_num_queries
    ):
        work_calendar()
        with django_assert_max_num_queries(22):
            assert send(worker).status_code == 302


class TestTheOffer:
    def test_it_says_what_where_how_long_ago_and_where_it_stands(self, worker, earlier):
        part = look(worker)
        page = text(part)
        assert part.status_code == 200
        assert "<html" not in page
        for said in (earlier.number, "待签收", "约 0 米", "1 小时前", "垃圾堆在路口"):
            assert said in page
        assert f'formaction="{reverse("report_join", args=[earlier.number])}"' in page
        assert 'type="checkbox" name="different"' in page

    def test_nothing_near_says_so_and_offers_to_look_farther(self, worker):
        page = text(look(worker))
        assert "没有人报过" in page
        assert 'name="similar" value="wide"' in page
        assert "200 米" in text(look(worker, similar="wide"))

    def test_it_waits_for_place_and_matter(self, worker, earlier):
        assert not text(look(worker, category="")).strip()
        assert not text(look(worker, lat="", lng="", place_text="")).strip()

    def test_the_own_one_has_no_button(self, earlier):
        page = text(look(person("colleague")))
        assert earlier.number in page
        assert "我也遇到" not in page

    def test_nobody_sees_another_cells(self, earlier):
        assert earlier.number not in text(look(person("outsider")))

    @pytest.mark.parametrize("name", ["admin", "auditor", "nobody"])
    def test_who_reports_nothing_gets_nothing(self, earlier, name):
        assert look(person(name)).status_code == 403
        assert join(person(name), earlier).status_code == 403

    def test_the_page_asks_by_itself_and_enter_still_reports(self, worker):
        page = text(worker.get(reverse("report")))
        assert "js/alike.js" in page
        assert page.index('class="vh" type="submit"') < page.index("data-alike")


class TestJoining:
    def test_the_words_and_photos_go_to_the_other_report(self, worker, earlier):
        upload = worker.post(reverse("attachment_upload"), {"file": jpeg()})
        assert upload.status_code == 201
        photo = Attachment.objects.get()
        sent = join(worker, earlier, attachments=[str(photo.public_id)])
        assert sent.url == reverse("issue", args=[earlier.number])
        assert Joining.objects.get().user.username == "worker"
        event = earlier.events.last()
        assert (event.verb, event.text.text) == ("join", "垃圾堆在路口，没人清。")
        assert earlier.attachments.get().verb == "join"
        assert Issue.objects.count() == 1
        assert earlier.number in text(worker.get(sent.url))

    def test_without_any_words_too(self, worker, earlier):
        assert join(worker, earlier, description="").status_code == 302

    @pytest.mark.parametrize("how", ["over", "again"])
    def test_refused_everything_typed_comes_back(self, worker, world, earlier, how):
        if how == "over":
            world.do("street", "cancel", earlier, reason="void")
        else:
            world.do("worker", "join", earlier)
        refused = join(worker, earlier, contact_name="王阿姨")
        page = text(refused)
        assert refused.status_code == (409 if how == "over" else 422)
        for kept in ("垃圾堆在路口，没人清。", "青禾花园东门", "王阿姨", f'value="{LAT}"'):
            assert kept in page
        assert refused.context["others"]

    def test_words_too_long_for_a_note_come_back_whole(self, worker, earlier):
        refused = join(worker, earlier, description="长" * 1200)
        assert refused.status_code == 422
        assert "长" * 1200 in text(refused)
        assert not Joining.objects.exists()

    def test_a_contact_is_not_dropped_in_silence(self, worker, earlier):
        sent = join(worker, earlier, contact_name="王阿姨", contact_phone="13812345678")
        assert "联系方式没有一起提交" in text(worker.get(sent.url))

    def test_a_phone_number_in_the_words_is_pointed_out_first(self, worker, earlier):
        asked = join(worker, earlier, description="王师傅 13812345678 说没清")
        assert asked.status_code == 422
        assert asked.context["phone"] == "13812345678"
        assert not Joining.objects.exists()
        kept = join(worker, earlier, description="物业 13812345678", phone_seen="1")
        assert kept.status_code == 302

    @pytest.mark.parametrize("more", [{"source": "public"}, {"settled": "当场清走了。"}])
    def test_what_needs_a_report_of_its_own_neither_joins_nor_is_asked_about(self, earlier, more):
        street = person("street")
        assert join(street, earlier, **more).status_code == 422
        assert not Joining.objects.exists()
        assert "alikes" not in text(send(street, **more))

    def test_what_one_may_not_see_is_not_there(self, earlier):
        assert join(person("outsider"), earlier).status_code == 404


class TestTheApi:
    def test_it_answers_the_same(self, program, earlier):
        asked = {"lat": LAT, "lng": LNG, "category": w.RUBBISH, "text": "垃圾堆在路口"}
        answer = program("worker").post("issues/similar/", asked)
        [found] = answer.json()
        assert answer.status_code == 200
        assert found["number"] == earlier.number
        assert found["category"]["code"] == w.RUBBISH
        assert (found["metres"], found["minutes"], found["state"]) == (0, 60, "dispatched")
        assert found["may_join"] is True
        joined = program("worker").post(f"issues/{found['number']}/join/", {"note": "我这边也有"})
        assert joined.status_code == 200

    def test_wider_on_demand_and_in_another_datum(self, program, earlier):
        Issue.objects.update(lat=LAT + 0.001)
        asked = {"lat": LAT, "lng": LNG, "category": w.RUBBISH}
        assert program("worker").post("issues/similar/", asked).json() == []
        wide = asked | {"wide": True}
        assert program("worker").post("issues/similar/", wide).json()
        gcj = program("worker").post("issues/similar/", wide | {"datum": "gcj02"})
        assert gcj.json() == []

    def test_the_onlooker_reads_and_joins_nothing(self, program, earlier):
        asked = {"lat": LAT, "lng": LNG, "category": w.RUBBISH}
        [found] = program("auditor").post("issues/similar/", asked).json()
        assert found["may_join"] is False
        assert program("outsider").post("issues/similar/", asked).json() == []

    def test_the_words_of_a_report_go_into_no_address(self, program, earlier):
        asked = {"lat": LAT, "lng": LNG, "category": w.RUBBISH}
        assert program("worker").get("issues/similar/", **asked).status_code == 405

    def test_a_point_and_a_leaf_are_needed(self, program, world):
        refused = program("worker").post("issues/similar/", {"lat": LAT})
        assert refused.status_code == 400
        assert set(refused.json()["errors"]) == {"lng", "category"}

    def test_a_report_by_the_api_is_never_held_up(self, program, earlier):
        report = {"lat": LAT, "lng": LNG, "category": w.RUBBISH, "description": "垃圾"}
        assert program("worker").post("issues/", report).status_code == 201
