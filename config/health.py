"""Whether the web process lives, and whether it can serve."""

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe


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
