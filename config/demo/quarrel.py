"""Units that send work back, and whoever decides: the desk, a conference, a judgement."""

from config.demo import texts
from config.demo.telling import Over, Teller
from config.demo.world import Person, Spot
from issues.workflow import CONFERRED_AT, RAISED_AT, RULES, ClockAct, Verb
from partyorgs.models import Organization, Responsibility

RETURN_REASONS = ("not_ours", "overlapping_duty")
REDISPATCH_REASONS = ("sent_wrong", "unit_asked")
# Of what came back once: nobody wants it, so that it comes back until it is raised.
UNWANTED = 0.03


class Quarrel(Teller):
    """A part of a story: whose work it is."""

    def sent_back_often(self) -> None:
        """Most is returned once; a little until the third return raises it."""
        spot, times = self.scene.spot, self.scene.returns
        if spot is None:
            return
        if not self.scene.staged and self.rng.random() < UNWANTED:
            times = RAISED_AT
        for left in range(times - 1, -1, -1):
            self._sent_back(spot, last=not left, quarrel=times > 1)

    def _sent_back(self, spot: Spot, *, last: bool, quarrel: bool) -> None:
        """The unit returns it, and somebody sends it on: the desk, a conference, a judgement.

        In a quarrel of neighbours the street insists that the community mends it.
        """
        issue, world = self.issue, self.world
        self.step(Verb.RETURN, self.rng.uniform(5, 90))
        others = [body for body in world.neighbours[spot.street] if body.pk != issue.unit_id]
        other = self.rng.choice(others)
        unit = world.desks[spot.community] if quarrel else other
        issue.returns += 1
        proposed = other if unit.pk == issue.unit_id else unit
        reason, item = self.rng.choice(RETURN_REASONS), world.sent(self.scene.leaf, spot).item
        self.done(
            Verb.RETURN, self.clerk, on_behalf=True, text=self.rng.choice(texts.RETURNED),
            facts={"reason": reason, "reasons": [_rests_on(item), _proposed(proposed)]},
        )  # fmt: skip
        self.record.returned(at=self.at, reason=reason, item=item.pk, proposed=proposed.pk)
        if issue.returns == RAISED_AT:
            self.record.raise_level(at=self.at, because="returns")
        verb = {CONFERRED_AT: Verb.CONFER, RAISED_AT: Verb.JUDGE}.get(issue.returns)
        if last and self.scene.stop == Verb.REDISPATCH:
            raise Over
        self.step(verb or Verb.REDISPATCH, self.rng.uniform(5, 100), stops=False)
        self._decide(verb or Verb.REDISPATCH, spot, unit)
        self.step(Verb.SIGN, self.rng.uniform(3, 60))
        self.done(Verb.SIGN, self.clerk, on_behalf=True)

    def _decide(self, verb: Verb, spot: Spot, unit: Organization) -> None:
        """Who decides and what they say of it; late, or judged, an order goes with it."""
        issue, world, record = self.issue, self.world, self.record
        leader = world.leaders[spot.street]
        wrong = unit.pk == issue.unit_id
        late = issue.due_at is not None and issue.due_at <= self.at
        why = {Verb.CONFER: "conferred", Verb.JUDGE: "judged"}.get(verb, "by_hand")
        facts: dict[str, object] = {"reasons": [{"code": why, "unit": unit.name}]}
        if verb is Verb.REDISPATCH:
            facts["reason"] = self.rng.choice(REDISPATCH_REASONS)
        if verb is Verb.JUDGE:
            against = "unit" if wrong else "dispatcher"
            beside = {"code": f"against_{against}", "unit": world.names[issue.unit_id or 0]}
            facts["reasons"] = [{"code": why, "unit": unit.name}, beside]
            facts |= {"reason": "unit_wrong" if wrong else "unit_right", "against": against}
            issue.judged = True
        order = "returns" if issue.returns >= RAISED_AT else late
        acts = tuple(ClockAct(act) for act in RULES[verb].clocks)
        if order:
            facts["order"] = order
            acts = (*acts, ClockAct.START_ANSWER)
        by = self._district_clerk if verb is Verb.JUDGE else self.dispatcher
        self.choose(unit)
        self.done(
            verb, leader if verb is Verb.CONFER else by, facts=facts, clock_acts=acts,
            text=self.rng.choice(texts.REDISPATCHED),
        )  # fmt: skip
        record.decided(verb, at=self.at, unit=unit.pk)

    @property
    def _district_clerk(self) -> Person:
        return self.rng.choice(self.world.crews[self.world.desks[self.world.district.pk].pk].clerks)


def _rests_on(item: Responsibility) -> dict[str, object]:
    return {
        "code": "rests_on", "item": item.pk, "category": item.category.code,
        "leaf": item.category.name_zh, "level": item.level, "area": item.area.name,
        "unit": item.doer.name, "basis": item.basis,
    }  # fmt: skip


def _proposed(unit: Organization) -> dict[str, object]:
    return {"code": "proposed", "unit": unit.name, "unit_code": unit.code}
