"""The whole demo in one call, and whether it stands already."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from config.demo import naming
from config.demo.district import found
from config.demo.drawing import Size
from config.demo.duty import keep_watch
from config.demo.issues import HISTORY, MANY, make_issues
from config.demo.notices import tell_demo_accounts
from config.demo.scenes import is_staged
from config.demo.showcase import show
from config.demo.world import World
from grid.models import Area
from issues.services.ladders import seed_ladders
from matters.importing import read_folder
from matters.management.commands.import_matters import DATA
from matters.services import save_matters
from worktime.models import DEFAULT, Calendar

Say = Callable[[str], None]
# The district is older than its first report.
PATIENCE_MS = 180_000
HEAD_START = timedelta(days=60)


def is_empty() -> bool:
    return not Area.objects.exists()


def is_demo() -> bool:
    """Whether the demo district stands in this database, and nothing else."""
    code, name = naming.DISTRICT
    districts = Area.objects.filter(level=Area.Level.DISTRICT)
    return (
        set(districts.values_list("code", "name")) == {(code, name)}
        and User.objects.filter(is_demo=True).exists()
    )


def build(*, size: Size, issues: int, seed: int, until: datetime, say: Say) -> bool:
    """Make the district and its issues up to `until`; False when the database is not empty.

    The district is stored as a whole or not at all, and so are its issues when
    there are few; many go in chunks, see `config.demo.issues`.
    """
    _wait_patiently()
    with transaction.atomic():
        # Of two that build at once the second waits here, and finds what the first has made.
        Calendar.objects.select_for_update().filter(code=DEFAULT).first()
        if not is_empty():
            return False
        say(_("正在画 %(name)s 的街道、社区和网格……") % {"name": naming.DISTRICT[1]})
        since = until - HISTORY - HEAD_START
        save_matters(matters=read_folder(DATA))
        seed_ladders(now=since)
        rng = Random(seed)  # noqa: S311 - a demo, not a secret
        district = found(size=size, rng=rng, since=since, until=until)
        say(
            _("已建立 %(cells)d 个网格、%(units)d 个组织、%(users)d 个账号、%(items)d 条权责清单。")
            % {
                "cells": len(district.cells),
                "units": len(district.bodies.made),
                "users": len(district.roster.users),
                "items": len(district.items),
            }
        )
        keep_watch(district, until=until)
        world = World(district, seed=seed)
        if issues <= MANY:
            _issues(world, issues, seed, until, say)
    if issues > MANY:
        _issues(world, issues, seed, until, say)
    return True


def _wait_patiently() -> None:
    """A district takes longer to build than a writer of SQLite usually waits for another."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}")


def _issues(world: World, count: int, seed: int, until: datetime, say: Say) -> None:
    shown = 0

    def progress(made: int, total: int) -> None:
        nonlocal shown
        if made * 10 // total > shown or made == total:
            shown = made * 10 // total
            say(_("问题 %(made)d / %(total)d") % {"made": made, "total": total})

    if count:
        make_issues(
            world=world, count=count, seed=seed, until=until,
            prefix=settings.NUMBER_PREFIX, progress=progress,
        )  # fmt: skip
    shown_too = show(world=world, seed=seed, until=until) if is_staged(count) else []
    if shown_too:
        say(_("另有 %(count)d 个问题，展示各种不常见的办理方式。") % {"count": len(shown_too)})
    tell_demo_accounts(world=world, until=until, told=shown_too)
