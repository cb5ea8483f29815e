"""A street of three people who each hold four posts (一肩挑): nothing stands still, nobody
checks what they did themselves."""

from datetime import timedelta
from random import Random

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from issues.escalation.sweep import sweep
from issues.models import Deviation, Issue
from issues.rules import allowed
from issues.services.errors import Refused
from issues.workflow import AT_WORK, Outcome, Verb
from matters.models import Category
from partyorgs.models import Organization, Post, Responsibility
from tests import world as w
from tests.issues import invariants

THREE = ["wang", "li", "zhao"]
COVER = "C0102"
# What somebody does who wants the work to move; odds and ends come now and then.
ONWARD = [
    Verb.VERIFY, Verb.ACCEPT, Verb.DISPATCH, Verb.SIGN, Verb.HANDLE, Verb.RECLASSIFY, Verb.CHECK,
    Verb.FEED_BACK, Verb.CALL_BACK, Verb.CLOSE, Verb.COUNTERSIGN, Verb.EXTEND, Verb.SUSPEND,
    Verb.CONFER, Verb.JUDGE, Verb.REDISPATCH, Verb.COMPLETE_PART, Verb.RESUME,
]  # fmt: skip
BESIDE = [
    Verb.RETURN, Verb.ASK_EXTENSION, Verb.ASK_SUSPENSION, Verb.ADD_PART, Verb.ACT_FIRST,
    Verb.REOPEN, Verb.CHASE, Verb.REFER_UP, Verb.SUPERVISE, Verb.ANSWER, Verb.SPOT_CHECK,
]  # fmt: skip


@pytest.fixture
def street(world):
    """柳桥街道 and nobody there but three, who are workers, branch, unit, desk and leaders."""
    Post.objects.filter(user__username__in=["outsider", "other-branch", "other-street"]).delete()
    home = Organization.objects.create(
        code="home-3", name="柳岸社区居委会", kind="desk", area=world.areas[w.COMMUNITY_3]
    )
    for leaf in (w.CORRIDOR, COVER, w.UNLISTED):
        Responsibility.objects.create(
            category=Category.objects.get(code=leaf), level="community",
            area=world.areas[w.COMMUNITY_3], doer=home, valid_from=w.START,
        )  # fmt: skip
    seats = [
        ("grid_worker", {"cell": world.cells[w.C1]}),
        ("branch_secretary", {"organization": world.orgs["branch-c"]}),
        ("community_head", {"organization": home}),
        ("street_dispatcher", {"organization": world.orgs["desk-2"]}),
    ]
    for name in THREE:
        user = type(world.user("worker")).objects.create_user(name, password="gezhi-test")
        held = seats if name != "zhao" else [*seats[:3], (
            "street_leader", {"area": world.areas[w.STREET_2]}
        )]  # fmt: skip
        for role, seat in held:
            Post.objects.create(user=user, role=role, valid_from=w.START, **seat)
    return world


class Week:
    """Reports come, and whoever is there does what the page offers."""

    def __init__(self, world, seed):
        self.world, self.rng = world, Random(seed)
        self.now = w.NOW
        self.issues = []

    def report(self):
        leaf = self.rng.choice([w.CORRIDOR, w.CORRIDOR, w.UNLISTED, COVER])
        name = self.rng.choice(THREE)
        self.issues.append(self.world.report(name, at=self.now, category=leaf, point=w.IN_C1))

    def turn(self, issue, people):
        """Somebody does one thing to it; whether anybody could."""
        order = [*people]
        self.rng.shuffle(order)
        for name in order:
            issue = Issue.objects.get(pk=issue.pk)
            verbs = [rule.verb for rule in allowed(self.world.scope(name, now=self.now), issue)]
            wanted = [verb for verb in ONWARD if verb in verbs]
            if issue.state != "returned" and Verb.REDISPATCH in wanted:
                wanted.remove(Verb.REDISPATCH)
            beside = [verb for verb in BESIDE if verb in verbs]
            if beside and self.rng.random() < 0.12:
                wanted.insert(0, self.rng.choice(beside))
            for verb in wanted:
                if self.does(name, verb, issue):
                    return True
        return False

    def does(self, name, verb, issue):
        try:
            with transaction.atomic():
                self.world.do(name, verb, issue, at=self.now, **self.given(verb, issue))
        except (ValidationError, Refused):
            return False
        invariants.check(issue)
        return True

    def given(self, verb, issue):
        rng = self.rng
        item = Responsibility.objects.filter(category=issue.category_id).first()
        return {
            "note": "办理情况写在这里。", "basis": "《条例》",
            "reason": "not_ours" if verb is Verb.RETURN else "其他原因",
            "unit": rng.choice(["home-3", "desk-2"]), "proposed": "desk-2",
            "item": item.pk if item else None, "category": "" if issue.category_id else w.CORRIDOR,
            "outcome": rng.choice([Outcome.FIXED, Outcome.FIXED, Outcome.OTHER])
            if verb is Verb.HANDLE else "fixed",
            "passed": rng.random() < 0.85, "way": "on_site", "hours": 2,
            "until": (self.now + timedelta(days=2)).date(),
            "valid": True, "contacted": True, "solved": True, "satisfaction": "satisfied",
        }  # fmt: skip

    def run(self, *, people, days, reports):
        for day in range(days):
            for _one in range(reports if day < 7 else 0):
                self.report()
            for _time in range(4):
                self.now += timedelta(hours=2)
                sweep(now=self.now)
                for issue in Issue.objects.filter(is_open=True).order_by("pk"):
                    self.turn(issue, people)
            self.now += timedelta(hours=16)
            sweep(now=self.now)


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 6))]
)
@pytest.mark.slow
def test_a_week_of_reports_in_a_street_of_three(street, seed):
    week = Week(street, seed)
    week.run(people=[*THREE, "district"], days=21, reports=2)
    stuck = [Issue.objects.get(pk=issue.pk) for issue in week.issues]
    assert len(stuck) == 14
    still = [one for one in stuck if one.is_open]
    assert not [(one.state, [event.verb for event in one.events.all()]) for one in still]
    # Somebody else looked, or it says that nobody did.
    for issue in stuck:
        assert issue.checked_at or issue.state != "closed"


def test_alone_in_the_street_nothing_passes_by_itself(street):
    """One person left: what they did climbs to the district, and ends unchecked and on the list."""
    Post.objects.filter(user__username__in=["li", "zhao"]).delete()
    issue = street.report("wang", category=w.CORRIDOR, point=w.IN_C1)
    street.do("wang", "sign", issue)
    issue = street.do("wang", "handle", issue, outcome="fixed", note="已清理。")
    verbs = [rule.verb for rule in allowed(street.scope("wang"), issue)]
    assert not {Verb.CHECK, Verb.CLOSE} & set(verbs)
    assert Deviation.objects.filter(issue=issue, kind="climbed").exists()
    assert issue.state not in AT_WORK
    now = w.NOW
    for _hour in range(24 * 7):
        now += timedelta(hours=1)
        sweep(now=now)
    issue.refresh_from_db()
    assert issue.state == "closed_unchecked"
    assert issue.checked_at is None
    assert Deviation.objects.filter(issue=issue, kind="unchecked").exists()
