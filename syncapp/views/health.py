"""For load balancers and monitors: does the database answer, and does a worker take tasks?"""

from __future__ import annotations

from datetime import timedelta

from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from syncapp import tasks

# A task that nobody has taken for this long: no worker is running, or the one there is hangs.
TOO_OLD = timedelta(minutes=5)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    try:
        now = timezone.now()
        since = tasks.oldest_waiting(now)
    except DatabaseError:
        return JsonResponse({"ok": False, "database": "does not answer"}, status=503)
    waits = now - since if since else timedelta()
    late = waits > TOO_OLD
    answer = {"ok": not late, "database": "ok", "oldest_task_waits_seconds": int(waits.total_seconds())}
    return JsonResponse(answer, status=503 if late else 200)
