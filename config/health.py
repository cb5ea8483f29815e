"""Whether the web process lives, whether it can serve, and whether the engine lives."""

from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from issues.escalation.state import EngineState, Trouble, engine_state

# Pages of admins ask the database about the engine this often, each process by itself.
ASK_EVERY = 15  # seconds
CACHE_KEY = "engine-state"


@dataclass(frozen=True)
class Remark:
    """A sentence for admins; `url` of the page where it is mended, empty for none."""

    text: str
    url: str = ""


@require_safe
def live(_request: HttpRequest) -> JsonResponse:
    """The process answers; nothing else is asked."""
    return JsonResponse({"live": True})


@require_safe
def ready(_request: HttpRequest) -> JsonResponse:
    """The database answers and its tables are those of this code; 503 when not."""
    try:
        executor = MigrationExecutor(connection)
        waiting = bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except Exception:  # noqa: BLE001 - whatever is wrong with the database, the answer is "no"
        return JsonResponse({"ready": False, "database": False}, status=503)
    answer = {"ready": not waiting, "database": True, "migrated": not waiting}
    return JsonResponse(answer, status=503 if waiting else 200)


@require_safe
def engine(_request: HttpRequest) -> JsonResponse:
    """The engine sweeps, steps are taken and notices leave; 503 when one of them does not.

    Ages are whole seconds, null when there is nothing to be old. Read afresh
    each time, so that a repair shows at the next sweep.
    """
    try:
        state = engine_state(now=timezone.now())
    except Exception:  # noqa: BLE001 - whatever is wrong with the database, the answer is "no"
        return JsonResponse({"ok": False, "database": False}, status=503)
    return JsonResponse(_facts(state), status=200 if state.ok else 503)


def _facts(state: EngineState) -> dict[str, Any]:
    return {
        "ok": state.ok,
        "status": state.status,
        "troubles": [trouble.value for trouble in state.troubles],
        "sweeping": state.sweeping,
        "sweep_age": state.seconds_since(state.swept_at),
        "oldest_due_step_age": state.seconds_since(state.due_since),
        "oldest_unsent_notice_age": state.seconds_since(state.unsent_since),
        "parked": state.parked,
        "undelivered": state.undelivered,
        "audit_age": state.seconds_since(state.audited_at),
        "audit_problems": state.audit_problems,
    }


def engine_trouble() -> list[Remark]:
    """What an admin should know about the engine, in words; empty when all is well."""
    state: EngineState = cache.get_or_set(CACHE_KEY, _state_now, ASK_EVERY)  # type: ignore[assignment]
    dead = [Remark(_sentence(trouble, state)) for trouble in state.troubles]
    return dead + _remarks(state)


def _state_now() -> EngineState:
    return engine_state(now=timezone.now())


def _sentence(trouble: Trouble, state: EngineState) -> str:
    if trouble == Trouble.SWEEP_STOPPED and state.swept_at is None:
        return _("后台还没有巡检过，到期的催办、督办不会进行。请检查后台进程是否已经启动。")
    since = {
        Trouble.SWEEP_STOPPED: state.swept_at,
        Trouble.STEPS_STUCK: state.due_since,
        Trouble.NOTICES_STUCK: state.unsent_since,
    }[trouble]
    words = {
        Trouble.SWEEP_STOPPED: _(
            "后台已 %(minutes)s 分钟没有巡检，到期的催办、督办没有进行。请检查后台进程。"
        ),
        Trouble.STEPS_STUCK: _(
            "有催办或督办到期 %(minutes)s 分钟还没有进行，后台在巡检但没有进展。请查看后台日志。"
        ),
        Trouble.NOTICES_STUCK: _(
            "有通知等了 %(minutes)s 分钟还没有发出。请检查后台进程是否在运行。"
        ),
    }[trouble]
    return words % {"minutes": (state.seconds_since(since) or 0) // 60}


def _remarks(state: EngineState) -> list[Remark]:
    """What is no death of the engine, but waits for a person."""
    found = []
    if state.parked:
        words = ngettext(
            "%(count)s 个时限因出错被搁置，不再自动催办、督办。请查看后台日志。",
            "%(count)s 个时限因出错被搁置，不再自动催办、督办。请查看后台日志。",
            state.parked,
        )
        found.append(Remark(words % {"count": state.parked}, reverse("parked")))
    if state.undelivered:
        words = ngettext(
            "%(count)s 条通知没有送达。请排除原因后重新发送。",
            "%(count)s 条通知没有送达。请排除原因后重新发送。",
            state.undelivered,
        )
        page = reverse("notices_undelivered")
        found.append(Remark(words % {"count": state.undelivered}, page))
    if problems := state.audit_problems:
        words = ngettext(
            "核对发现 %(count)s 处应办未办。请运行 manage.py audit_escalations 查看是哪些问题。",
            "核对发现 %(count)s 处应办未办。请运行 manage.py audit_escalations 查看是哪些问题。",
            problems,
        )
        found.append(Remark(words % {"count": problems}))
    return found
