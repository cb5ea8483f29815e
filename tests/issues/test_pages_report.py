"""上报 as a page: what it keeps, what it asks, what it makes."""

import re

import pytest
from django.urls import reverse

from grid.services import PlaceDraft, save_places
from issues.models import Attachment, Issue
from tests import world as w
from tests.callers import person
from tests.photos import encoded, jpeg, upload
from worktime.queries import work_calendar

LAT, LNG = w.IN_A1


@pytest.fixture
def worker(world):
    return person("worker")


def typed(**changes):
    return {
        "key": "11111111-1111-4111-8111-111111111111",
        "category": w.RUBBISH,
        "condition": "",
        "description": "垃圾堆在路口，没人清。",
        "lat": str(LAT),
        "lng": str(LNG),
        "place_text": "青禾花园东门",
    } | changes


def send(client, **changes):
    return client.post(reverse("report"), typed(**changes))


def text(response):
    return response.content.decode()


def test_a_report_leads_to_its_issue_and_says_what_became_of_it(worker):
    response = send(worker)
    issue = Issue.objects.get()
    assert response.url == reverse("issue", args=[issue.number])
    page = text(worker.get(response.url))
    for said in (issue.number, issue.cell.label, issue.owner.name, issue.unit.name):
        assert said in page


def test_the_form_can_be_prefilled_by_its_address(worker):
    page = text(worker.get(reverse("report"), {"lat": LAT, "lng": LNG, "category": w.RUBBISH}))
    assert f'name="lat" value="{LAT}"' in page
    assert re.search(rf'<option value="{w.RUBBISH}"[^>]* selected', page)


def test_every_page_brings_a_key_of_its_own(worker):
    keys = {worker.get(reverse("report")).context["form"]["key"].value() for _ in range(2)}
    assert len(keys) == 2


def test_a_double_press_makes_one_issue(worker):
    assert send(worker).url == send(worker).url
    assert Issue.objects.count() == 1


def test_the_same_page_with_other_words_is_asked_about_once(worker):
    send(worker)
    again = send(worker, description="另一处也有垃圾。")
    number = Issue.objects.get().number
    assert again.status_code == 409
    assert number in text(again)
    assert "另一处也有垃圾。" in text(again)
    key = again.context["form"]["key"].value()
    assert send(worker, key=key, description="另一处也有垃圾。").status_code == 302
    assert Issue.objects.count() == 2


def test_a_refused_form_keeps_every_typed_value(worker):
    response = send(
        worker, description="", condition="T-GARB-1", contact_name="王阿姨", contact_phone="123"
    )
    page = text(response)
    assert response.status_code == 422
    assert "请写一句话说明情况。" in page
    for kept in ("青禾花园东门", "王阿姨", 'value="123"', f'value="{LAT}"', "T-GARB-1"):
        assert kept in page
    assert Issue.objects.count() == 0


def test_errors_of_the_service_stand_at_their_fields(worker):
    response = send(worker, contact_phone="138", contact_agreed=["callback"])
    assert response.status_code == 422
    assert response.context["form"].errors["contact_phone"]
    response = send(worker, category="X9999")
    assert response.context["category"]["errors"]


def test_an_id_number_is_refused_kindly_and_not_repeated_in_the_error(worker):
    response = send(worker, description="住户身份证 11010519491231002X 反映漏水")
    assert response.status_code == 422
    assert "为保护个人信息" in str(response.context["form"].errors["description"])
    assert "11010519491231002X" not in str(response.context["form"].errors)


def test_a_phone_in_the_description_is_pointed_out_once_with_a_way_to_move_it(worker):
    words = "王师傅 13812345678 说路灯不亮"
    first = send(worker, description=words)
    assert first.status_code == 422
    assert first.context["phone"] == "13812345678"
    moved = send(worker, description=words, phone="move", phone_seen="1")
    form = moved.context["form"]
    assert form["description"].value() == "王师傅 说路灯不亮"
    assert form["contact_phone"].value() == "13812345678"
    assert '<details class="fold" open>' in text(moved)
    assert Issue.objects.count() == 0


def test_a_phone_in_the_description_may_stay(worker):
    words = "物业值班 021-62345678 无人接听"
    assert send(worker, description=words, phone="keep", phone_seen="1").status_code == 302
    assert Issue.objects.get().description == words


def test_a_contact_is_kept_encrypted(worker):
    send(worker, contact_name="王阿姨", contact_phone="138 1234 5678", contact_agreed=["callback"])
    contact = Issue.objects.get().contact
    assert contact.masked_phone == "138****5678"
    assert "1234" not in contact.phone_encrypted


class TestWithoutScript:
    """Words instead of a map, a file instead of an upload."""

    @pytest.fixture
    def places(self, world):
        drafts = [
            PlaceDraft("青禾花园", "compound", 30.002, 121.002, (), w.A1),
            PlaceDraft("青禾花园二期", "compound", 30.003, 121.003, (), w.A1),
        ]
        save_places(drafts=drafts)

    def test_words_come_back_as_candidates_and_one_is_chosen(self, worker, places):
        asked = send(worker, lat="", lng="", place_text="青禾花园")
        assert asked.status_code == 422
        candidates = asked.context["candidates"]
        assert [place["name"] for place in candidates] == ["青禾花园", "青禾花园二期"]
        assert 'type="radio" name="candidate"' in text(asked)
        sent = send(worker, lat="", lng="", place_text="青禾花园", candidate=candidates[1]["id"])
        assert sent.status_code == 302
        issue = Issue.objects.get()
        assert (issue.lat, issue.lng, issue.place.name) == (30.003, 121.003, "青禾花园二期")

    def test_neither_point_nor_words_is_said_at_the_place(self, worker):
        response = send(worker, lat="", lng="", place_text="")
        assert response.context["form"].errors["place_text"]

    def test_a_photo_comes_with_the_form_and_survives_a_refusal(self, worker):
        refused = send(worker, description="", photos=[jpeg()])
        kept = refused.context["photos"]["kept"]
        assert refused.status_code == 422
        assert f'name="attachments" value="{kept[0]["id"]}"' in text(refused)
        assert send(worker, attachments=[kept[0]["id"]]).status_code == 302
        assert Issue.objects.get().attachments.count() == 1

    def test_a_file_that_is_no_photo_is_said_at_the_photos(self, worker):
        response = send(worker, photos=[upload(b"no photo")])
        assert response.status_code == 422
        assert response.context["photos"]["errors"]

    def test_a_double_press_with_the_file_makes_one_issue(self, worker):
        data = encoded()
        for _ in range(2):
            assert send(worker, photos=[upload(data)]).status_code == 302
        assert Issue.objects.count() == 1

    def test_the_matter_is_a_select_grouped_by_class(self, worker):
        page = text(worker.get(reverse("report")))
        assert page.count("<optgroup") == 20
        assert f'<option value="{w.RUBBISH}"' in page


def test_somebody_elses_photo_is_not_taken(worker, world):
    person("outsider").post(reverse("attachment_upload"), {"file": jpeg()})
    theirs = Attachment.objects.get().public_id
    response = send(worker, attachments=[str(theirs)])
    assert response.status_code == 422
    assert response.context["photos"]["kept"] == []
    assert response.context["photos"]["errors"]


@pytest.mark.parametrize("name", ["admin", "auditor", "nobody"])
def test_who_has_no_post_that_reports_gets_no_form(world, name):
    client = person(name)
    assert client.get(reverse("report")).status_code == 403
    assert send(client).status_code == 403


def test_places_are_looked_up_for_the_field(worker, world):
    save_places(drafts=[PlaceDraft("青禾花园", "compound", 30.002, 121.002, (), w.A1)])
    [found] = worker.get(reverse("place_search"), {"q": "青禾花园"}).json()["results"]
    assert (found["name"], found["lat"]) == ("青禾花园", 30.002)
    assert "禾苗社区" in found["note"]


def test_the_page_takes_few_queries(worker, world, django_assert_max_num_queries):
    world.report()
    with django_assert_max_num_queries(10):
        worker.get(reverse("report"))


@pytest.mark.parametrize("earlier", [0, 3])
def test_a_report_takes_few_queries_however_many_came_before(
    worker, world, earlier, django_assert_max_num_queries
):
    for _ in range(earlier):
        world.report()
    # A process reads its calendar once.
    work_calendar()
    with django_assert_max_num_queries(22):
        assert send(worker).status_code == 302
