"""throw-away"""
from datetime import timedelta
import pytest
from issues.models import *
from issues.rules import allowed, offers
from issues.services.errors import Refused
from issues.workflow import Verb
from issues.escalation.sweep import sweep
from notices.models import Notice
from partyorgs.models import Organization, Post
from tests import world as w
from tests.issues import invariants
HOUR = timedelta(hours=1)

def told(issue, since=0):
    return [(n.kind, n.recipient.username) for n in Notice.objects.filter(subject_key=issue.subject_key, recipient__isnull=False, channel="in_app").select_related("recipient").order_by("pk")]

def offered(world, name, issue, at=w.NOW):
    issue = Issue.objects.get(pk=issue.pk)
    return {str(o.rule.verb): o.shut for o in offers(world.scope(name, now=at), issue)}

def test_settle_hotline(world):
    issue = world.report("street", source="hotline", external_number="H1", category=w.CORRIDOR)
    issue = world.do("street", "accept", issue)
    print("STATE", issue.state, issue.unit, offered(world, "community", issue).get("settle"))
    issue = world.do("community", "settle", issue, note="劝走了。")
    print("SETTLED HOTLINE", issue.state)

def test_who_hears_of_undispatched(world):
    issue = world.report(category=w.UNLISTED, attachments=()) if False else None
    from partyorgs.models import Responsibility
    Responsibility.objects.filter(category__code=w.RUBBISH).update(direct=False)
    issue = world.report()
    print("DISTRICT MATTER", issue.state, issue.unit, issue.level, told(issue))
    issue2 = world.report("street", source="hotline", external_number="H1")
    issue2 = world.do("street", "accept", issue2)
    print("ACCEPTED", issue2.state, issue2.unit, told(issue2))

def test_split_parts(world):
    issue = world.report()
    issue = world.do("unit", "add_part", issue, unit="roads", note="修路面")
    issue = world.do("street", "split", issue, parts=[{"category": w.CORRIDOR, "description": "楼道"}, {"category": w.RUBBISH, "description": "垃圾"}])
    print("SPLIT", issue.state, issue.unit, issue.open_parts)
    invariants.check(issue)

def test_split_critical_called(world):
    night = w.NOW.replace(hour=22)
    issue = world.report(category="C0102", at=night)
    print("CALLED", issue.called_at, issue.critical, issue.state)
    issue = world.do("street", "split", issue, at=night, parts=[{"category": w.CORRIDOR, "description": "楼道"}, {"category": "C0102", "description": "井盖"}])
    print("AFTER", issue.called_at, issue.critical, list(issue.clocks.filter(stopped_at=None).values_list("kind", flat=True)))

def test_lapse_hotline(world):
    # one-person everything: the dispatcher handled
    issue = world.report("street", source="hotline", external_number="H1", category=w.UNLISTED)
    issue = world.do("street", "accept", issue)
    print(issue.state)
    print(offered(world, "street", issue))

def test_merge_reject_public(world):
    issue = world.report("street", source="public")
    print("PUBLIC", issue.state, told(issue), offered(world,"worker",issue), offered(world,"community",issue))
    issue = world.do("worker", "verify", issue, passed=True)
    print(told(issue))

GOOD = {"valid": True, "contacted": True, "solved": True, "satisfaction": "satisfied"}

def small(world):
    """leader is only leader; reporter is street dispatcher (hotline); handled by handler who is branch secretary"""
    return world

def test_bound_branch_todo(world):
    from issues.queries import Filters, issue_page
    # handler also stands in the branch; reporter is the street desk; workers gone
    Post.objects.create(user=world.user("handler"), role="branch_secretary", organization=world.orgs["branch-a"], valid_from=w.START)
    issue = world.report("street", source="inspection", category=w.RUBBISH)
    issue = world.do("street", "accept", issue)
    issue = world.do("unit", "sign", issue)
    issue = world.do("handler", "handle", issue, outcome="fixed", note="好了")
    for name in ("worker","street","leader","branch","district"):
        page = issue_page(scope=world.scope(name), filters=Filters(todo="check"), now=w.NOW)
        print("TODO check", name, [r["number"] for r in page.rows], offered(world,name,issue).get("check"))
    print(told(issue)[-6:])

def test_climbed_todo(world):
    from issues.queries import Filters, issue_page
    Post.objects.filter(role__in=["grid_worker","branch_secretary"]).delete()
    Post.objects.filter(user__username__in=["street"]).delete()
    Post.objects.create(user=world.user("leader"), role="unit_handler", organization=world.orgs["clean"], valid_from=w.START)
    Post.objects.create(user=world.user("worker"), role="partner_x" if False else "steward", cell=world.cells[w.C1], valid_from=w.START)
    issue = world.report("leader", source="inspection")
    issue = world.do("leader", "accept", issue)
    print(issue.state, issue.unit)
    issue = world.do("leader", "sign", issue)
    issue = world.do("leader", "handle", issue, outcome="fixed", note="好了")
    print("CLIMBED?", list(issue.clocks.filter(stopped_at=None).values_list("kind", flat=True)))
    for key in ("check", "todo"):
        page = issue_page(scope=world.scope("district"), filters=Filters(todo=key), now=w.NOW)
        print("TODO", key, [r["number"] for r in page.rows])
    print(told(issue))

def test_callback_flow_pages(world, client):
    issue = world.report("street", source="hotline", external_number="H1")
    issue = world.do("street", "accept", issue)
    issue = world.do("unit", "sign", issue)
    issue = world.do("handler", "handle", issue, outcome="other", note="这样办")
    issue = world.do("colleague", "check", issue, passed=True)
    print(offered(world, "street", issue), offered(world, "branch", issue))
    issue = world.do("branch", "reclassify", issue, outcome="explained")
    issue = world.do("street", "feed_back", issue, note="ok")
    print("after feedback", offered(world, "street", issue), offered(world, "leader", issue))
    token = issue.call_backs.get().token
    page = client.get(f"/callback/{token}/")
    print(page.status_code)
    r = client.post(f"/callback/{token}/", {"contacted": "no", "solved": "no", "satisfaction": "not", "note": "还是脏"})
    print(r.status_code)
    issue.refresh_from_db(); print(issue.state, issue.reworks)
    invariants.check(issue)

def test_reopen_denials(world):
    issue = world.walk("sign","handle","check","close")
    for n in ("worker","colleague","branch","street","handler","unit","leader","outsider","district","community"):
        print("REOPEN", n, offered(world, n, issue, at=w.NOW+5*HOUR).get("reopen"))
    print("late", offered(world,"worker",issue,at=w.NOW+timedelta(days=8)).get("reopen"))

def test_returns_road(world):
    issue = world.report()
    at = w.NOW
    issue = world.do("unit","return",issue,at=at,reason="no_power")
    print("NOPOWER", issue.state, issue.unit, issue.level, issue.returns, told(issue))
    invariants.check(issue)

def test_public_visible(world):
    issue = world.report("street", source="public")
    issue = world.do("worker","verify",issue,passed=False,note="没有看到")
    print(issue.state, told(issue))
    invariants.check(issue)

def test_force_close_open_request(world):
    issue = world.report(condition="T-CLEAN-3")
    world.do("unit","ask_suspension",issue,until=(w.NOW+timedelta(days=9)).date(),reason="waits_for_plan")
    issue = world.do("leader","suspend",issue)
    print(issue.state, issue.due_at, told(issue))
    for n in ("unit","handler","street","leader","branch","worker","community","district","auditor"):
        print("SUSP", n, offered(world,n,issue))
    issue = world.do("leader","force_close",issue,reason="cannot_be_done")
    invariants.check(issue)
    print(told(issue))

def test_joined_tells(world):
    a = world.report("worker"); b = world.report("colleague", description="同一堆垃圾")
    c = world.do("branch","join",b)
    m = world.do("street","merge",b,into=a.number, reason="x")
    print("MERGE", told(b), told(a))
    print(m.state)
    x = world.do("unit","sign",a); x = world.do("handler","handle",a,outcome="fixed",note="ok")
    print("HANDLED b", told(b)); print("a", told(a))
    invariants.check(Issue.objects.get(pk=a.pk)); invariants.check(Issue.objects.get(pk=b.pk))
    for n in ("colleague","worker","street"):
        print(n, offered(world,n,b))
