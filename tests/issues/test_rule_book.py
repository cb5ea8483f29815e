"""The table and what holds it: nothing outside it succeeds, nothing in it lacks words.

Whatever people do in whatever order is driven by tests/issues/test_rule_machine.py;
here every person tries every verb in every state.
"""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.template.loader import get_template
from django.utils.translation import override

from issues import workflow
from issues.api import shapes
from issues.book import leaving
from issues.forms import VerbForm
from issues.gates import ASKS, WHY
from issues.models import Clock, Issue
from issues.presenter import words
from issues.presenter.said import SAYS
from issues.rules import offers
from issues.services.doing import REASONS, Given
from issues.services.errors import Refused
from issues.services.telling import KINDS, OTHERWISE
from issues.services.verbs import SENTENCES, perform
from issues.views.offers import DECIDING, PLACES
from issues.who import WHO
from issues.workflow import ASKABLE, DONE, NO_CLOCKS, OPEN, RULES, ClockAct, Need, State, Verb
from partyorgs.models import Responsibility
from tests import world as w
from tests.issues import invariants

HOUR = timedelta(hours=1)
LATER = w.NOW + 6 * HOUR
NAMES = [name for name, *_seat in w.PEOPLE] + ["nobody"]


def asked(world, verb, **given):
    issue = world.walk("sign")
    return world.do("unit", verb, issue, at=w.NOW + 2 * HOUR, **given)


def suspended(world):
    given = {"until": date(2026, 5, 1), "reason": "weather"}
    issue = asked(world, "ask_suspension", **given)
    return world.do("leader", "suspend", issue, at=w.NOW + 3 * HOUR)


def ticket(world):
    issue = world.report("street", source="hotline", external_number="RX-1")
    doings = [
        ("street", "accept", {}), ("unit", "sign", {}),
        ("handler", "handle", {"outcome": "fixed", "note": "好了。"}),
        ("branch", "check", {"passed": True}), ("street", "feed_back", {"note": "已办好。"}),
    ]  # fmt: skip
    for name, verb, given in doings:
        if issue.state == "dispatched" and verb == "accept":
            continue
        issue = world.do(name, verb, issue, at=w.NOW + HOUR, **given)
    return issue


def merged(world):
    other = world.report()
    return world.do("street", "merge", world.report(), into=other.number)


WAYS = {
    State.PENDING_VERIFY: lambda world: world.report("street", source="public"),
    State.REPORTED: lambda world: world.report("branch", category=""),
    State.PENDING_DISPATCH: lambda world: world.report(category=w.UNLISTED),
    State.DISPATCHED: lambda world: world.report(),
    State.HANDLING: lambda world: asked(world, "ask_extension", hours=4, reason="weather"),
    State.RETURNED: lambda world: world.walk("return"),
    State.SUSPENDED: suspended,
    State.HANDLED: lambda world: world.walk("sign", "handle"),
    State.PENDING_CALLBACK: ticket,
    State.CLOSED: lambda world: world.walk("sign", "handle", "check", "close"),
    State.CLOSED_UNCHECKED: lambda world: world.do(
        "community", "settle", world.report(category=w.CORRIDOR), note="当场清走了。"
    ),
    State.FORCED_CLOSED: lambda world: world.do(
        "leader", "force_close", world.walk("sign"), reason="cannot_be_done", at=LATER
    ),
    State.REJECTED: lambda world: world.do(
        "street", "reject", world.report("branch", category=""), reason="not_a_matter"
    ),
    State.CANCELLED: lambda world: world.do("street", "cancel", world.report(), reason="void"),
    State.MERGED: merged,
}


def something_for(verb, issue):
    """A value for every need, so that only the rule book is in the way."""
    item = Responsibility.objects.filter(category=issue.category_id).first()
    return Given(
        note="写一句。", reason="no_power" if verb is Verb.RETURN else "写明的理由", unit="roads",
        proposed="roads", item=item.pk if item else None, cell=w.A2, outcome="fixed",
        basis="《条例》", passed=True, way="on_site", category=w.RUBBISH, hours=1,
        until=date(2026, 4, 1), into="QH-260310-AAAAA", valid=True, contacted=True, solved=True,
        satisfaction="satisfied",
        parts=[{"category": w.RUBBISH, "description": "垃圾。"},
               {"category": w.CORRIDOR, "description": "堆物。"}],
    )  # fmt: skip


class TestEverybodyTriesEverything:
    def test_every_state_is_tried(self):
        assert set(WAYS) == set(State)

    @pytest.mark.slow
    @pytest.mark.parametrize("state", State)
    def test_what_is_not_offered_is_refused_and_changes_nothing(self, world, state):
        """Open: done or a field is missing. Grey or not offered: 409, for everybody and always."""
        issue = WAYS[state](world)
        assert issue.state == state
        invariants.check(issue)
        before = (issue.version, issue.event_count, issue.last_hash)
        for name in NAMES:
            scope = world.scope(name, now=LATER)
            fresh = Issue.objects.get(pk=issue.pk)
            offered = {offer.rule.verb: offer.shut for offer in offers(scope, fresh)}
            verbs = list(Verb)
            if not Issue.objects.visible_to(scope).filter(pk=issue.pk).exists():
                # Whoever does not see it finds nothing, whatever they try.
                offered, verbs = {}, [Verb.NOTE, Verb.SIGN, Verb.JOIN, Verb.CANCEL]
            for verb in verbs:
                done = self.attempt(scope, fresh, verb)
                may = verb in offered and not offered[verb]
                assert done is not True or may, (state, name, verb)
                assert not may or done is not False, (state, name, verb)
                if done is not True:
                    fresh.refresh_from_db()
                    assert (fresh.version, fresh.event_count, fresh.last_hash) == before

    def attempt(self, scope, issue, verb):
        """True: done, and taken back. False: refused. None: a field was missing or wrong."""
        given, number = something_for(verb, issue), issue.number
        try:
            with transaction.atomic():
                done = perform(scope=scope, number=number, verb=verb, given=given, now=LATER)
                invariants.check(done)
                transaction.set_rollback(True)
        except (Refused, Issue.DoesNotExist):
            return False
        except ValidationError:
            return None
        return True

    def test_a_no_leads_where_the_table_says(self, world):
        for state, verb, name in (
            (State.PENDING_VERIFY, Verb.VERIFY, "worker"),
            (State.HANDLED, Verb.CHECK, "worker"),
        ):
            issue, rule = WAYS[state](world), RULES[verb]
            given = replace(something_for(verb, issue), passed=False)
            scope = world.scope(name, now=LATER)
            done = perform(scope=scope, number=issue.number, verb=verb, given=given, now=LATER)
            assert done.state == rule.otherwise


class TestTheTable:
    def test_every_open_state_can_be_left_by_somebody(self):
        for state in OPEN:
            ways = [rule for rule in leaving(RULES.values(), state) if not rule.by_itself]
            assert [rule for rule in ways if rule.to not in (None, state)], state

    def test_every_row_is_whole(self):
        assert set(RULES) == set(Verb)
        for rule in RULES.values():
            assert rule.who in WHO
            assert rule.zh
            assert rule.en
            assert set(rule.when) <= set(ASKS)
            assert set(rule.clocks) <= set(ClockAct)
            assert not rule.by_itself or not (rule.needs or rule.apart)
            assert (rule.otherwise is None) or rule.verb in NO_CLOCKS, rule.verb

    def test_whatever_ends_stops_its_clocks(self):
        for rule in RULES.values():
            for target, acts in (
                (rule.to, rule.clocks),
                (rule.otherwise, NO_CLOCKS.get(rule.verb, ())),
            ):
                ends = target is not None and target not in OPEN and rule.sources != {target}
                assert (tuple(acts) == (ClockAct.END,)) == ends, rule.verb

    def test_whatever_takes_up_again_starts_a_clock(self):
        starts = {act for act in ClockAct if act.startswith("start")} | {ClockAct.AGAIN}
        for rule in RULES.values():
            back = rule.sources - OPEN
            if back and rule.to in OPEN:
                assert starts & set(rule.clocks), rule.verb

    def test_what_is_rejected_or_void_is_only_annotated(self):
        """But for the countersignature, which is owed whatever became of the issue."""
        for state in (State.REJECTED, State.CANCELLED):
            verbs = {rule.verb for rule in leaving(RULES.values(), state) if not rule.by_itself}
            assert verbs == {Verb.NOTE, Verb.COUNTERSIGN}
        after = {rule.verb for rule in leaving(RULES.values(), State.CLOSED) if not rule.by_itself}
        assert after == {
            Verb.SURVEY, Verb.RENEW_LINK, Verb.REOPEN, Verb.APPEAL, Verb.WITHDRAW, Verb.EXEMPT,
            Verb.REFUSE, Verb.COUNTERSIGN, Verb.NOTE,
        }  # fmt: skip

    def test_who_looks_at_work_is_apart_from_who_did_it(self):
        looking = {rule.verb for rule in RULES.values() if rule.apart}
        assert looking >= {
            Verb.CHECK, Verb.CLOSE, Verb.SPOT_CHECK, Verb.CALL_BACK, Verb.COUNTERSIGN,
            Verb.FORCE_CLOSE, Verb.EXTEND, Verb.SUSPEND, Verb.EXEMPT, Verb.REFUSE,
        }  # fmt: skip
        assert not looking & set(workflow.WORK)
        assert not DONE & OPEN


class TestWords:
    def test_whom_a_verb_tells_has_a_kind_of_notice_with_its_own_words(self):
        telling = {str(rule.verb) for rule in RULES.values() if rule.tells}
        assert telling <= set(KINDS)
        for kind in {*KINDS.values(), *OTHERWISE.values()}:
            assert get_template(f"notices/kinds/{kind}.html").render({"payload": {}}).strip(), kind

    def test_every_code_has_a_name(self):
        codes = {code for listed in REASONS.values() for code in listed}
        assert codes <= set(words.REASON_NAMES)
        assert set(Clock.Kind) == set(words.CLOCK_NAMES)
        assert {Verb(verb) for verb in SAYS} <= set(Verb)
        for way in workflow.Way:
            assert words.way_name(way)
        for kind in workflow.Asked:
            assert words.asked_name(kind)
        for gate in WHY:
            assert str(WHY[gate]).endswith("。")

    def test_every_need_is_missed_in_words_and_taken_by_page_and_api(self):
        needs = {need for rule in RULES.values() for need in rule.needs}
        assert needs <= set(SENTENCES)
        fields = set(shapes.VerbIn().fields)
        assert {str(need) for need in needs} <= fields
        assert fields == {*Given.__dataclass_fields__}
        for verb in ASKABLE:
            form = VerbForm(verb=verb)
            for need in set(RULES[verb].needs) - {Need.PARTS, Need.CONDITION}:
                assert need in form.fields, (verb, need)
            assert (Need.PARTS in RULES[verb].needs) == bool(form.blocks)

    def test_every_verb_has_its_place_on_a_page(self):
        assert {*PLACES, *DECIDING} == set(ASKABLE)

    @pytest.mark.parametrize("language", ["zh-hans", "en"])
    def test_every_verb_and_state_is_named(self, language):
        with override(language):
            assert all(words.verb_name(verb) for verb in Verb)
            assert all(words.state_name(state) for state in State)


def test_no_verb_takes_a_reason_and_leaves_none_behind(world):
    listed = world.do("street", "cancel", world.report(), reason="void")
    assert listed.events.last().facts["reason"] == "void"
    free = world.do("street", "cancel", world.report(), reason="居民撤回了")
    assert free.events.last().text.text == "居民撤回了"
    # Without a list the reason is always words.
    issue = asked(world, "ask_extension", hours=1, reason="weather")
    refused = world.do("leader", "refuse", issue, reason="工期够用。", at=w.NOW + 3 * HOUR)
    assert refused.events.last().text.text == "工期够用。"


def test_somebody_without_a_cell_is_not_told_of_what_lies_outside_every_cell(world):
    world.user("nobody").posts.create(
        role="cell_lead", organization=world.orgs["home-1"], valid_from=w.START
    )
    issue = world.report(point=w.OUTSIDE)
    sent = world.do("district", "dispatch", issue, unit="roads")
    world.do("other-unit", "sign", sent)
    world.do("other-unit", "handle", sent, outcome="fixed", note="好了")
    assert not world.user("nobody").notices.exists()
