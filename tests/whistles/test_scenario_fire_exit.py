"""DOMAIN.md §10, scenario 3, through the API: the fire exit is blocked."""

import json
from datetime import timedelta

from django.utils import timezone

from accounts.models import User
from issues.models import Issue
from matters.models import Category
from partyorgs.models import Organization, Post, Responsibility
from tests import world as w
from tests.whistles.helping import whole
from whistles.models import Whistle

FIRE_EXIT = "S0103"


def units(world):
    """The fire service leads; property firm and enforcement can sign in."""
    district = world.areas[w.DISTRICT]
    kinds = Organization.Kind
    fire = Organization.objects.create(
        code="fire", name="区消防救援大队", kind=kinds.DEPARTMENT, area=district
    )
    law = Organization.objects.create(
        code="law", name="区城管执法局", kind=kinds.DEPARTMENT, area=district
    )
    for name, unit in (("firefighter", fire), ("officer", law), ("keeper", world.orgs["lifts"])):
        user = User.objects.create_user(username=name, password="gezhi-test", name=name)
        Post.objects.create(user=user, role="unit_desk", organization=unit, valid_from=w.START)
    return fire, law


def put_on_the_list(world, fire):
    return Responsibility.objects.create(
        category=Category.objects.get(code=FIRE_EXIT), level="district",
        area=world.areas[w.DISTRICT], doer=fire, basis="消防法", direct=True, valid_from=w.START,
    )  # fmt: skip


def ok(answer, status=200):
    assert answer.status_code == status, answer.content.decode()
    return json.loads(answer.content)


def act(program, name, number, verb, **given):
    return ok(program(name).post(f"whistles/{number}/{verb}/", given))


def test_fire_exit_blocked(world, program, photos_in_memory):
    fire, law = units(world)
    item = put_on_the_list(world, fire)
    lat, lng = w.IN_A1
    report = {"category": FIRE_EXIT, "description": "楼道消防通道被杂物和铁门堵住。",
              "lat": lat, "lng": lng}  # fmt: skip
    number = ok(program("worker").post("issues/", report), 201)["number"]
    issue = Issue.objects.get(number=number)
    assert issue.unit == fire

    # The property firm helps with a part of its own.
    ok(program("firefighter").post(f"issues/{number}/sign/"))
    part = {"unit": "lifts", "note": "打开侧门，清走杂物。"}
    ok(program("branch").post(f"issues/{number}/add_part/", part))

    # The street opens an enforcement whistle; its leader approves.
    said = {
        "issue": number, "kind": "enforcement", "reason": "业主私装铁门，拒不拆除。",
        "place": "禾苗小区 3 号楼", "meet_at": (timezone.now() + timedelta(days=1)).isoformat(),
        "units": ["fire", "law"], "lead": "fire",
    }  # fmt: skip
    whistle = ok(program("street").post("whistles/", said), 201)["number"]
    act(program, "leader", whistle, "approve")
    act(program, "firefighter", whistle, "answer", answer="will_come")

    # One unit says "not ours" by an item of the list; the district judges, not the street.
    refused = program("officer").post(f"whistles/{whistle}/answer/", {"answer": "not_ours"})
    assert ok(refused, 400)["errors"]["item"]
    act(program, "officer", whistle, "answer", answer="not_ours", item=item.pk)
    verdict = {"must_come": True, "reason": "私装铁门属于违法建设，由城管执法。"}
    assert program("leader").post(f"whistles/{whistle}/judge/", verdict).status_code == 409
    facts = act(program, "district", whistle, "judge", **verdict)
    assert {call["unit"]["code"]: call["judged"] for call in facts["calls"]} == {
        "fire": "", "law": "must_come",
    }  # fmt: skip
    assert program("street").post(f"whistles/{whistle}/close/").status_code == 409
    act(program, "officer", whistle, "answer", answer="will_come")
    act(program, "firefighter", whistle, "arrive", roles="防火监督员")
    act(program, "officer", whistle, "arrive", roles="执法中队长")

    # The firm has done its part; the fire service ends the matter.
    blocked = program("firefighter").post(
        f"issues/{number}/handle/", {"outcome": "fixed", "note": "铁门已拆。"}
    )
    assert blocked.status_code == 409
    ok(program("keeper").post(f"issues/{number}/complete_part/", {"note": "杂物已清。"}))
    done = {"outcome": "fixed", "note": "铁门已拆，通道畅通。"}
    ok(program("firefighter").post(f"issues/{number}/handle/", done))

    # Rated both ways: speed, work, result; right and clear.
    act(program, "street", whistle, "close")
    for unit in ("fire", "law"):
        act(program, "street", whistle, "rate", unit=unit, speed=5, work=4, result=5)
    act(program, "firefighter", whistle, "rate", right=5, clear=4)
    facts = act(program, "officer", whistle, "rate", right=3, clear=4)
    assert len(facts["ratings"]) == 4
    assert facts["state"] == "closed"
    check_timeline(program, number, whistle)


def check_timeline(program, number, whistle):
    whole(Whistle.objects.get(number=whistle))
    events = ok(program("street").get(f"issues/{number}/events/"))
    told = [line["reasons"][0] for line in events if line["verb"] == "whistle"]
    assert "区级裁定：“区城管执法局”应当到场。" in told
    assert all(line["actor"] for line in events if line["verb"] == "whistle")
