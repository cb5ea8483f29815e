"""Anybody does anything in any order while time passes: the rule book holds.

A machine of hypothesis drives the real services and the real sweep. Before each
verb the table alone says whether it may succeed; afterwards every invariant is
worked out afresh from the rows. Sequences worth keeping stand in
test_rule_machine.py.
"""

from contextlib import ExitStack
from datetime import timedelta
from random import Random

from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from issues.book import leaving
from issues.escalation.sweep import sweep
from issues.gates import open_gates
from issues.models import Issue
from issues.numbers import drawn_by
from issues.services.errors import Refused
from issues.who import WHO
from issues.workflow import RULES, State, Verb
from matters.models import Category
from partyorgs.models import Duty, Leave, Post, Responsibility
from tests import world as w
from tests.issues import invariants

PEOPLE = [name for name, *_seat in w.PEOPLE] + ["nobody", "many-hats"]
UNITS = ["clean", "roads", "home-1", "desk-1", "desk-district", "branch-a", "lifts", "desk-2", ""]
COVER = "C0102"
# Shrinking takes minutes: whoever finds something adds Phase.shrink, and keeps the example.
PHASES = (Phase.explicit, Phase.generate)
# Something for every need; half of it does not fit, as with people. Plain values, so that
# a sequence prints whole and can be kept as it is.
SAID = st.fixed_dictionaries({
    "reason": st.sampled_from(["not_ours", "no_power", "wrong_area"]),
    "unit": st.sampled_from(UNITS), "proposed": st.sampled_from(UNITS),
    "cell": st.sampled_from([w.A2, w.B1, w.C1, "none"]),
    "outcome": st.sampled_from(["fixed", "planned", "no_basis", "other"]),
    "passed": st.sampled_from([True, True, False]),
    "way": st.sampled_from(["on_site", "on_site", "photo", "phone"]),
    "category": st.sampled_from([w.RUBBISH, COVER, ""]),
    "hours": st.sampled_from([0, 1, 3, 8, 200]),
    "days_on": st.sampled_from([-1, 1, 20, 364, 400]),
    "into": st.integers(0, 2),
    "other_part": st.sampled_from([w.CORRIDOR, "none"]),
    "valid": st.booleans(), "solved": st.booleans(),
})  # fmt: skip
# What fits most verbs, for sequences that are written out.
SOMETHING = {
    "reason": "not_ours", "unit": "roads", "proposed": "roads", "cell": w.A2, "outcome": "fixed",
    "passed": True, "way": "on_site", "category": "", "hours": 1, "days_on": 20, "into": 0,
    "other_part": w.CORRIDOR, "valid": True, "solved": True,
}  # fmt: skip


# Who usually does what, and who else might; what does not move an issue is left to chance.
USUAL = {
    "verifier": ["worker", "colleague"], "desk": ["street", "leader"], "community": ["community"],
    "upward": ["street", "community"], "unit": ["handler", "community"],
    "unit_desk": ["unit", "community"], "leader": ["leader", "district"],
    "judge": ["district", "leader"], "settler": ["community", "worker"],
    "checker": ["worker", "street"], "closer": ["branch", "district"],
    "reopener": ["worker", "street"], "joiner": ["branch", "street"],
    "approver": ["leader", "district"], "resumer": ["unit", "branch"],
    "convener": ["unit", "branch"], "helper": ["community", "other-unit"],
    "duty_leader": ["leader"], "countersigner": ["branch", "street"], "chaser": ["branch"],
    "participant": ["worker"], "called": ["street"],
}  # fmt: skip
ASIDE = {
    Verb.NOTE, Verb.TOUCH, Verb.CHASE, Verb.INSTRUCT, Verb.JOIN, Verb.CANCEL, Verb.RAISE_URGENCY,
    Verb.MERGE, Verb.FORCE_CLOSE, Verb.REJECT,
}  # fmt: skip


def crowd(world):
    """The world with a critical leaf, a roster, a person of many posts, and one on leave."""
    leaf = Category.objects.get(code=COVER)
    world.orgs["clean"].does.create(
        category=leaf, level="district", direct=True, area=world.areas[w.DISTRICT],
        valid_from=w.START,
    )  # fmt: skip
    user = type(world.user("worker")).objects.create_user(
        username="many-hats", password="gezhi-test", name="many-hats"
    )
    for role, seat in (
        ("grid_worker", {"cell": world.cells[w.A1]}),
        ("branch_secretary", {"organization": world.orgs["branch-a"]}),
        ("unit_desk", {"organization": world.orgs["clean"]}),
        ("street_leader", {"area": world.areas[w.STREET_1]}),
    ):
        Post.objects.create(user=user, role=role, valid_from=w.START, **seat)
    for name, leader in (("street", False), ("leader", True)):
        Duty.objects.create(
            organization=world.orgs["desk-1"], user=world.user(name), leader=leader,
            starts=w.NOW - timedelta(days=1), ends=w.NOW + timedelta(days=900),
        )  # fmt: skip
    Leave.objects.create(
        user=world.user("colleague"), stand_in=world.user("handler"),
        valid_from=w.NOW, valid_until=w.NOW + timedelta(days=900),
        entered_by=world.user("admin"),
    )  # fmt: skip
    world.users["many-hats"] = user
    return world


class Machine(RuleBasedStateMachine):
    """One or two reports, everybody, and a clock that goes on."""

    world = None
    did: "dict[str, int]"

    @initialize(
        leaf=st.sampled_from([w.RUBBISH, w.CORRIDOR, w.LIFT, COVER, ""]),
        who=st.sampled_from(["worker", "street", "branch", "many-hats"]),
        source=st.sampled_from(["", "", "public", "hotline"]),
        night=st.booleans(),
    )
    def begin(self, leaf, who, source, night):
        self.undone = ExitStack()
        self.undone.enter_context(transaction.atomic())
        # What is sampled follows from the number: the same turns must meet the same numbers.
        self.undone.enter_context(drawn_by(Random(0)))
        self.now = w.NOW + timedelta(hours=13 if night else 0)
        more = {"source": source} if source and who == "street" else {}
        if more.get("source") == "hotline":
            more["external_number"] = "RX-1"
        self.issues = [self.world.report(who, at=self.now, category=leaf, **more)]

    def teardown(self):
        if hasattr(self, "undone"):
            transaction.set_rollback(True)
            self.undone.close()

    @rule(minutes=st.sampled_from([1, 1, 1, 30, 30, 90, 300, 1500, 6000, 30_000]))
    def time_passes(self, minutes):
        """The clock goes on and the sweep takes whatever has come, as it does twice a minute."""
        self.now += timedelta(minutes=minutes)
        sweep(now=self.now)
        sweep(now=self.now)
        self.hold()

    @rule(
        which=st.integers(0, 5),
        who=st.sampled_from(PEOPLE + ["street", "unit", "handler", "worker", "district"] * 2),
        verb=st.sampled_from([*Verb]),
        said=SAID,
    )
    def somebody_tries_anything(self, which, who, verb, said):
        self.attempt(self.one(which), who, verb, said)

    @rule(which=st.integers(0, 5), choice=st.integers(0, 99), other=st.booleans(), said=SAID)
    def work_goes_on(self, which, choice, other, said):
        """Somebody of the right kind does what this state is for, so that issues get far."""
        issue = self.one(which)
        gates = open_gates(issue, at=self.now)
        rows = [
            row for row in leaving(RULES.values(), State(issue.state))
            if row.verb not in ASIDE and not row.by_itself and set(row.when) <= gates
        ]  # fmt: skip
        if rows:
            row = rows[choice % len(rows)]
            people = USUAL[row.who]
            self.attempt(issue, people[other % len(people)], row.verb, said)

    @precondition(lambda self: len(self.issues) < 3)
    @rule(leaf=st.sampled_from([w.RUBBISH, w.CORRIDOR, COVER]))
    def another_report(self, leaf):
        self.issues.append(self.world.report("worker", at=self.now, category=leaf))

    def one(self, which):
        key = self.issues[which % len(self.issues)].pk
        return Issue.objects.select_related(
            "category", "condition", "unit", "street", "district"
        ).get(pk=key)

    def attempt(self, issue, who, verb, said):
        row, scope = RULES[verb], self.world.scope(who, now=self.now)
        gates = open_gates(issue, at=self.now)
        may = (
            issue.state in row.sources
            and all(gate in gates for gate in row.when)
            and WHO[row.who](scope, issue) is not None
        )
        before = (issue.version, issue.event_count, issue.state)
        try:
            with transaction.atomic():
                self.world.do(who, verb, issue, at=self.now, **self.given(issue, verb, said))
        except (Refused, ValidationError, Issue.DoesNotExist):
            issue.refresh_from_db()
            assert (issue.version, issue.event_count, issue.state) == before
        else:
            assert may, (verb, issue.state, who)
            type(self).did[verb] = type(self).did.get(verb, 0) + 1
        self.hold()

    def given(self, issue, verb, said):
        """What is said, in the words of this issue and this hour."""
        others = [other.number for other in self.issues if other.pk != issue.pk] or ["GZ-NONE"]
        part = issue.assignments.exclude(part="").filter(ended_at=None, done_at=None).first()
        item = Responsibility.objects.filter(category=issue.category_id).first()
        plain = {"unit", "proposed", "cell", "outcome", "passed", "way", "category", "hours"}
        return {key: said[key] for key in plain | {"valid", "solved"}} | {
            "note": "写一句说明", "basis": "《条例》", "version": None,
            "reason": said["reason"] if verb is Verb.RETURN else "写明的理由",
            "item": item.pk if item else None,
            "until": (self.now + timedelta(days=said["days_on"])).date(),
            "into": others[said["into"] % len(others)],
            "parts": [
                {"category": w.RUBBISH, "description": "垃圾没有清。"},
                {"category": said["other_part"], "description": "堆物。"},
            ],
            "part": part.pk if part else None,
            "contacted": True, "satisfaction": "satisfied",
        }  # fmt: skip

    def hold(self):
        for issue in self.issues:
            invariants.check(issue)
        ours = [issue.pk for issue in self.issues]
        for child in Issue.objects.filter(split_from__in=ours).exclude(pk__in=ours):
            invariants.check(child)


def run(town, *, examples, length):
    """Let it go; what succeeded, by verb, and how often."""
    machine = type("TownMachine", (Machine,), {"world": town, "did": {}})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=length,
            deadline=None,
            phases=PHASES,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    return machine.did


def replay(town, begin, *turns):
    """A kept sequence, as hypothesis prints it: what began, then rule by rule."""
    machine = type("Kept", (Machine,), {"world": town, "did": {}})()
    try:
        machine.begin(**begin)
        for name, given in turns:
            getattr(machine, name)(**given)
    finally:
        machine.teardown()
