"""What people will do with a few dozen reports of two months."""

from random import Random

from tests import world as w
from tests.issues.stories import BEGIN, COVER, DESK, LEAVES, LIFT_TRAP, SHED, TABLES, minute


class Plan:
    """A script in the making: one thing after another, some time apart."""

    def __init__(self, rng, at, category="", condition="", who="worker"):
        self.rng, self.at = rng, at
        given = {"category": category} | ({"condition": condition} if condition else {})
        self.rows = [(at, who, "report", given)]
        self.unit = LEAVES[category][1] if category else None
        self.returns = 0

    def then(self, who, verb, *, soon=False, after=None, **given):
        gap = self.rng.choice((6, 40) if soon else (25, 180, 700, 1500, 4200))
        self.at += after or gap + self.rng.randrange(1, 50)
        self.rows.append((self.at, who, verb, given))
        return self

    def sign(self, **more):
        return self.then(DESK[self.unit], "sign", **more)

    def handle(self, **more):
        return self.then(DESK[self.unit], "handle", outcome="fixed", note="已清运。", **more)

    def fail(self, **more):
        return self.then("worker", "check", passed=False, note="还有一半没清。", **more)

    def close(self):
        return self.then("worker", "check", passed=True).then("branch", "close")

    def send_back(self, to, **more):
        self.returns += 1
        return self.then(DESK[self.unit], "return", reason="not_ours", proposed=to, **more)

    def give_back(self, to, **more):
        """Back, and on to where the unit says: by the desk, a conference, the last judgement."""
        self.send_back(to, **more)
        self.unit = to
        who, verb, given = {
            1: ("street", "redispatch", {"reason": "sent_wrong"}),
            2: ("leader", "confer", {"note": "值守台、两家单位会商。"}),
            3: ("district", "judge", {"reason": "unit_right"}),
        }[self.returns]
        return self.then(who, verb, unit=to, **given, **more)


class Plans:
    """A few dozen roads: near and far from the ladder's steps, by day and by night."""

    def __init__(self):
        self.rng = Random(20261201)
        worked = TABLES[1]["default"].worked
        self.days = [at for at in worked if BEGIN <= at < minute(1, 26)]
        self.nights = range(BEGIN, minute(1, 26))

    def plan(self, category="", condition="", *, at=None, who="worker"):
        at = at or self.rng.choice(self.rng.choice((self.days, self.nights)))
        return Plan(self.rng, at, category, condition, who)

    def usual(self):
        for leaf, condition in ((w.RUBBISH, ""), (w.RUBBISH, "T-CLEAN-3"), (w.CORRIDOR, "")):
            yield self.plan(leaf, condition)
            yield self.plan(leaf, condition).sign()
            yield self.plan(leaf, condition).sign().handle().close()
            yield self.plan(leaf, condition).sign().handle().fail().handle().close()
        for leaf in (w.RUBBISH, SHED, COVER):
            yield self.plan(leaf).then("street", "cancel", reason="void")

    def over_new_year(self):
        """Provisional until the notice comes."""
        heap = "T-CLEAN-3"
        for at in (minute(12, 25, 9), minute(12, 14, 11), minute(1, 4, 17, 3)):
            yield self.plan(SHED, at=at)
        for at in (minute(12, 29, 10), minute(12, 30, 23, 50), minute(12, 31, 12, 30)):
            yield self.plan(w.RUBBISH, heap, at=at)
            yield self.plan(w.CORRIDOR, at=at + 1441)
        yield self.plan(w.RUBBISH, heap, at=minute(12, 28, 16, 30)).sign().handle()
        yield self.plan(w.CORRIDOR, "T-SAFE-3", at=minute(12, 30, 13, 7)).sign()
        yield self.plan(w.RUBBISH, at=minute(12, 31, 17, 40)).sign()
        yield self.plan(w.CORRIDOR, at=minute(1, 4, 15)).sign().handle(after=300)
        yield self.plan(w.RUBBISH, at=minute(1, 8, 17, 55))

    def critical(self):
        """A Saturday night, a working morning; heard of, not heard of, redone."""
        yield self.plan(COVER, at=minute(12, 5, 22, 40))
        yield self.plan(COVER, at=minute(12, 9, 10))
        heard = self.plan(COVER, at=minute(1, 2, 3)).then("street", "acknowledge", after=4)
        yield heard.sign().handle()
        redone = self.plan(COVER, at=minute(1, 1, 23)).sign(after=13).handle(soon=True)
        yield redone.fail(soon=True)
        yield self.plan(COVER, at=minute(12, 20, 1)).give_back("roads", after=12)
        yield self.plan(COVER, at=minute(12, 12, 20), who="branch")
        late = self.plan(COVER, at=minute(12, 19, 20), who="branch")
        late.unit = "clean"
        yield late.then("street", "accept", after=8, category=COVER).sign(soon=True)

    def again_and_again(self):
        """Three returns, three reworks, and one more of these."""
        back = self.plan(w.RUBBISH, "T-CLEAN-3", at=minute(12, 2, 9))
        for to in ("roads", "clean", "roads"):
            back.give_back(to, soon=True)
        yield back.sign().handle().close()
        redone = self.plan(w.RUBBISH, at=minute(12, 14, 9)).sign(soon=True).handle(soon=True)
        for _again in range(4):
            redone.fail(soon=True).handle(soon=True)
        yield redone

    def nobody_decides(self):
        """The territory takes it: over a weekend, over New Year, late already, at night."""
        friday = self.plan(w.RUBBISH, "T-CLEAN-3", at=minute(12, 4, 15)).send_back("roads")
        friday.unit = "desk-1"
        yield friday.sign(after=6000).handle().close()
        yield self.plan(w.RUBBISH, "T-CLEAN-3", at=minute(12, 31, 15)).send_back("roads")
        yield self.plan(w.CORRIDOR, at=minute(12, 10, 9)).send_back("roads", after=700)
        yield self.plan(COVER, at=minute(12, 13, 2)).send_back("roads", after=15)
        late = self.plan(w.RUBBISH, at=minute(12, 8, 9)).send_back("roads", after=1500)
        yield late
        decided = self.plan(w.RUBBISH, "T-CLEAN-3", at=minute(12, 16, 9))
        yield decided.send_back("roads", after=30).then(
            "street", "redispatch", unit="roads", reason="unit_asked", after=180
        )

    def at_the_desk(self):
        yield self.plan()
        yield self.plan().then("street", "reject", reason="beyond_duty")
        taken_up = {"category": w.RUBBISH, "condition": "T-CLEAN-2"}
        yield self.plan().then("street", "accept", **taken_up)
        # Late at the desk: the order to it ends with the desk's decision.
        yield self.plan().then("street", "accept", after=6000, **taken_up)
        yield self.plan(w.UNLISTED)
        hand = self.plan(w.UNLISTED).then("street", "dispatch", unit="roads")
        hand.unit = "roads"
        yield hand.sign().handle()

    def more_urgent(self):
        """Than it seemed: by the working clock, and by day and night."""
        more = {"verb": "raise_urgency", "reason": "worse"}
        yield self.plan(w.RUBBISH, "T-CLEAN-3").then("worker", condition="T-CLEAN-2", **more)
        yield self.plan(w.UNLISTED).then("street", condition="T-ROAD-1", **more)
        stairs = self.plan(w.CORRIDOR, at=minute(12, 18, 16))
        yield stairs.then("community", after=200, condition="T-SAFE-1", **more)
        trap = self.plan(w.RUBBISH, at=minute(1, 16, 4)).sign()
        yield trap.then("worker", soon=True, category=LIFT_TRAP, condition="T-TRAP-1", **more)

    def supervised(self):
        """Orders by hand, answered and not."""
        asked = self.plan(w.CORRIDOR, "T-SAFE-3").then("leader", "supervise", reason="important")
        yield asked.then("community", "answer", soon=True, note="正在办。")
        twice = self.plan(SHED).then("leader", "supervise", reason="important")
        yield twice.then("district", "supervise", soon=True, reason="instructed")

    def all(self):
        kinds = (
            self.usual, self.over_new_year, self.critical, self.again_and_again,
            self.nobody_decides, self.at_the_desk, self.more_urgent, self.supervised,
        )  # fmt: skip
        return [plan for kind in kinds for plan in kind()]
