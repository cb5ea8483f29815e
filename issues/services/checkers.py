"""Whether anybody at this level may look at a piece of work: people now in post, but its doers.

`issues.rules` says for one person whether they may; this says it of everybody at
once, before the work is on record. The two agree (tests/issues/test_checkers.py).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from issues.models import Issue
from issues.rules import is_relaxed, stands_in_branch, workers_on
from issues.services.turn import Turn
from issues.who import DISPATCHING
from issues.workflow import WORK
from partyorgs.models import Leave, Organization, Post, Role
from partyorgs.queries import stand_ins_for
from partyorgs.rules import CELL_ROLES


@dataclass(frozen=True)
class Level:
    """Who looks at the work at the issue's own level.

    `bound`: its branch does not, for a doer stands in it (一肩挑).
    """

    bound: bool
    check: bool
    close: bool


def level_of(turn: Turn) -> Level:
    """Whether anybody at this level may check, and may close, after what this turn did.

    The cell's workers and the reporter check; the owning branch and the street's
    desk and leaders check and close. Where a doer stands in the branch, and the
    district has not relaxed that, the reporter and the desk alone do. Left out:
    whoever worked on the issue, and who stands in for them; somebody on leave
    counts by the stand-in. Outside every street the level is the district's.
    """
    issue, at = turn.issue, turn.now
    doers = workers_on(issue) | _doers_in(turn)
    bound = stands_in_branch(issue, doers, at=at) and not is_relaxed(issue, at=at)
    closing = _of_desk(issue) if bound else _of_desk(issue) | _of_branch(issue)
    barred = doers | set(stand_ins_for(users=doers, at=at).values())
    close = _anybody(closing, barred=barred, at=at)
    looking = _of_reporter(issue) if bound else _of_cell(issue) | _of_reporter(issue)
    check = close or _anybody(looking, barred=barred, at=at)
    return Level(bound, check, close)


def _doers_in(turn: Turn) -> frozenset[int]:
    """Who works on the issue in this turn, which is not saved yet, and for whom."""
    done = [event for event in turn.events if event.verb in WORK]
    found = {event.actor_id for event in done}
    found |= {event.post.user_id for event in done if event.post}
    return frozenset(key for key in found if key)


def _of_cell(issue: Issue) -> Q:
    """Whoever works in the cell or in a micro-cell of it."""
    here = Q(cell=issue.cell_id) | Q(cell__parent=issue.cell_id)
    return (here if issue.cell_id else Q(pk__in=[])) & Q(role__in=CELL_ROLES)


def _of_reporter(issue: Issue) -> Q:
    """The reporter, in any cell's post."""
    return Q(user=issue.reporter_id, role__in=CELL_ROLES)


def _of_branch(issue: Issue) -> Q:
    """The secretaries of the owning branch and of the committees above it."""
    above, key = set[int](), issue.owner_id
    while key is not None and key not in above:
        above.add(key)
        key = Organization.objects.filter(pk=key).values_list("parent_id", flat=True).first()
    return Q(role=Role.BRANCH_SECRETARY, organization__in=above)


def _of_desk(issue: Issue) -> Q:
    """The desk and the leaders of the street; of a place outside every street the district's."""
    area = issue.street_id or issue.district_id
    return (Q(area=area) | Q(organization__area=area)) & Q(role__in=DISPATCHING)


def _anybody(posts: Q, *, barred: Iterable[int], at: datetime) -> bool:
    """Whether one of these posts has somebody there who may: its holder, else the stand-in."""
    held = Post.objects.valid_at(at).filter(posts, user__is_active=True).order_by()
    holders = set(held.values_list("user_id", flat=True))
    away = Leave.objects.valid_at(at).filter(user__in=holders).order_by()
    absent = dict(away.values_list("user_id", "stand_in_id"))
    standing = stand_ins_for(users=absent, at=at)
    present = (holders - absent.keys()) | set(standing.values())
    return bool(present - set(barred))
