"""What must be so of every issue at every moment, worked out from its rows alone."""

from issues.chain import faults
from issues.models import Assignment, Clock, Issue, Request, Return

ENDED = {"closed", "closed_unchecked", "forced_closed", "rejected", "cancelled", "merged"}
MAIN = {
    "pending_verify": {"verify"},
    "reported": {"accept"},
    "pending_dispatch": {"dispatch"},
    "dispatched": {"handle"},
    "handling": {"handle"},
    "returned": {"handle"},
    "suspended": {"handle"},
    "handled": {"check", "climbed"},
    "pending_callback": {"callback"},
}
AT_WORK = {"dispatched", "handling", "returned", "suspended", "handled", "pending_callback"}
# Work, and looking at work: nobody does the second on what they did the first.
WORKED = {"handle", "settle", "act_first", "complete_part"}
LOOKED = {
    "check", "close", "reclassify", "spot_check", "call_back", "survey", "force_close",
    "countersign",
}  # fmt: skip
GRANTED = {"extend", "suspend", "exempt", "refuse"}
ASKED = {"ask_extension", "ask_suspension", "appeal"}
# Where a request can wait: about work for as long as it is worked on, an appeal afterwards.
WAITS_IN = {
    "extension": {"dispatched", "handling"}, "suspension": {"dispatched", "handling"},
    "appeal": {"closed", "closed_unchecked", "forced_closed"},
}  # fmt: skip


def check(issue):
    """Assert everything; `issue` is read afresh."""
    issue = Issue.objects.get(pk=issue.pk)
    events = list(issue.events.select_related("text", "post").order_by("seq"))
    one_main_clock(issue)
    one_lead_unit(issue)
    timeline_agrees(issue, events)
    nobody_checks_own_work(events)
    counters_are_right(issue, events)
    requests_agree(issue)
    returns_agree(issue)
    parts_agree(issue)


def one_main_clock(issue):
    """Never an open issue without a running or paused clock, never two of them."""
    running = list(issue.clocks.filter(stopped_at=None))
    main = [clock for clock in running if clock.kind in Clock.MAIN]
    assert issue.is_open == (issue.state not in ENDED)
    if not issue.is_open:
        left = {clock.kind for clock in running}
        assert left <= {"approve", "countersign"}, (issue.state, left)
        assert "approve" not in left or issue.asked == "appeal"
        assert issue.due_at is None
        return
    assert len(main) == 1, (issue.state, [clock.kind for clock in main])
    clock = main[0]
    assert clock.kind in MAIN[issue.state], (issue.state, clock.kind)
    assert (clock.paused_at is not None) == (issue.state == "suspended")
    if clock.paused_at is None:
        assert issue.due_at == clock.due_at
    else:
        assert issue.due_at == issue.suspended_until == clock.next_at
    sides = {clock.kind: clock for clock in running if clock.kind not in Clock.MAIN}
    assert (issue.answer_due_at is not None) == ("answer" in sides)
    assert (issue.called_at is not None) == ("duty" in sides)
    assert ("decide" in sides) == (issue.state == "returned")
    assert ("countersign" in sides) <= (issue.countersign_by is not None)


def one_lead_unit(issue):
    leads = list(Assignment.objects.filter(issue=issue, role="lead", ended_at=None))
    if issue.state in AT_WORK:
        assert [lead.unit_id for lead in leads] == [issue.unit_id], issue.state
    elif issue.state in ENDED:
        assert not leads
    else:
        assert len(leads) <= 1


def timeline_agrees(issue, events):
    assert issue.event_count == len(events)
    assert not list(faults(issue, events))
    assert events[-1].to_state == issue.state
    for earlier, later in zip(events, events[1:], strict=False):
        assert earlier.to_state == later.from_state
        assert earlier.at <= later.at


def persons(event):
    """Who did it and, where they stood in, for whom."""
    return {event.actor_id, event.post.user_id if event.post else event.actor_id} - {None}


def nobody_checks_own_work(events):
    worked, asked = set(), set()
    for event in events:
        if event.verb in LOOKED:
            assert not persons(event) & worked, (event.verb, event.seq)
        if event.verb in GRANTED:
            assert not persons(event) & asked, (event.verb, event.seq)
            asked = set()
        if event.verb in WORKED:
            worked |= persons(event)
        if event.verb in ASKED:
            asked = persons(event)


def counters_are_right(issue, events):
    verbs = [event.verb for event in events]
    reworks = [
        event for event in events
        if event.verb == "reopen"
        or (event.verb in {"check", "spot_check", "call_back", "survey"}
            and event.to_state in {"handling", "reported"})
    ]  # fmt: skip
    assert issue.returns == verbs.count("return")
    assert issue.returns <= 3
    assert issue.reworks == len(reworks), verbs
    assert issue.extensions == verbs.count("extend") <= 2
    assert issue.suspensions == verbs.count("suspend") <= 1
    lapsed = issue.requests.filter(kind="appeal", state="lapsed").count()
    assert verbs.count("appeal") - lapsed == issue.appealed
    assert not issue.exempt or issue.was_late
    assert issue.judged == judged(events)


def judged(events):
    """Whether the last word still holds: not for another matter, nor once the desk decides anew."""
    holds = False
    for event in events:
        reasons = [reason["code"] for reason in event.facts.get("reasons", ())]
        refiled = (
            event.verb == "split" and event.facts["from_category"] != event.facts["to_category"]
        )
        if event.verb == "judge":
            holds = True
        elif event.verb == "unmerge" or refiled or "deserted" in reasons:
            holds = False
    return holds


def requests_agree(issue):
    waiting = list(Request.objects.filter(issue=issue, state="waiting"))
    assert [request.kind for request in waiting] == [issue.asked] * bool(issue.asked)
    clocks = issue.clocks.filter(kind="approve", stopped_at=None)
    assert clocks.count() == len(waiting)
    assert not issue.asked or issue.state in WAITS_IN[issue.asked]


def returns_agree(issue):
    undecided = Return.objects.filter(issue=issue, decided_at=None).count()
    assert undecided == (issue.state == "returned"), (issue.state, undecided)
    assert Return.objects.filter(issue=issue).count() == issue.returns


def parts_agree(issue):
    parts = Assignment.objects.filter(issue=issue, ended_at=None, done_at=None).exclude(part="")
    assert issue.open_parts == parts.count()
    if issue.state in {"closed", "closed_unchecked"}:
        assert not issue.open_parts
    assert (issue.merged_into_id is not None) == (issue.state == "merged")
