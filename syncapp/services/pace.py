"""How fast QuickBooks was asked for a company, told to the worker that takes over: its limits know no processes."""

from __future__ import annotations

import math
import os
import socket
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from syncapp.gateways.pacing import Recent
from syncapp.models import SyncRun
from syncapp.services import remotes

LONGEST = timedelta(minutes=1)


def keep(run: SyncRun, realm: str, now: datetime) -> None:
    """Write down with the run how often the company was asked in the last minute, second by second."""
    recent = remotes.pacer(realm).recent()
    run.position["pace"] = {
        "by": _this_process(),
        "calls": _by_second(recent.calls, now),
        "batches": _by_second(recent.batches, now),
    }


def take_over(run: SyncRun, realm: str, now: datetime) -> None:
    """Go no faster than if this process had made the calls of the slice before."""
    noted = run.position.pop("pace", None) or _of_the_run_before(run, now)
    if noted and noted["by"] != _this_process():
        recent = Recent(_ages(noted["calls"], now), _ages(noted["batches"], now))
        remotes.pacer(realm).remember(recent)


def _of_the_run_before(run: SyncRun, now: datetime) -> dict[str, Any] | None:
    if run.slices > 1:
        return None
    before = SyncRun.objects.filter(company=run.company_id, finished_at__gte=now - LONGEST).order_by("-finished_at")
    position = before.values_list("position", flat=True).first()
    return position.get("pace") if position else None


def _this_process() -> str:
    return f"{socket.gethostname()} {os.getpid()}"


def _by_second(ages: list[float], now: datetime) -> list[list[int]]:
    """[second, calls]: a call counts from the end of its second, so that none is forgotten too early."""
    return sorted([second, calls] for second, calls in Counter(math.ceil(now.timestamp() - a) for a in ages).items())


def _ages(by_second: list[list[int]], now: datetime) -> list[float]:
    return [max(now.timestamp() - second, 0.0) for second, calls in by_second for _ in range(calls)]
