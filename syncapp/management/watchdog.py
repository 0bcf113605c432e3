"""Has the queue's cluster stopped working without having died?

django-q2's workers read from one in-memory queue under a lock; where the holder of that lock is killed (an
out-of-memory kill will do), the cluster hangs for ever and its own guard sees nothing. The queue's rows show it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta


class Watchdog:
    """Judges by the rows of the queue: (id, lock). A lock in the past waits since then; a fetched row is locked for
    ``retry`` from its fetch on, and goes away when its task is done.

    ``waiting``: how long a row may wait while nothing is fetched. ``between``: how long a busy cluster may take from
    one fetch to the next. ``running``: how long any fetched row may stay.
    """

    def __init__(
        self,
        *,
        retry: timedelta,
        between: timedelta,
        running: timedelta,
        waiting: timedelta = timedelta(seconds=60),
    ) -> None:
        self.retry = retry
        self.between = between
        self.running = running
        self.waiting = waiting
        # Fetched by a cluster that has been judged already, or by one on another host: they stay until their lock
        # lapses, and must not count twice.
        self._judged: set[int] = set()

    def stalled(self, rows: Iterable[tuple[int, datetime]], now: datetime) -> bool:
        rows = list(rows)
        ages = {pk: now - (lock - self.retry) for pk, lock in rows if lock >= now}
        self._judged &= ages.keys()
        overdue = any(age > self.running for pk, age in ages.items() if pk not in self._judged)
        waits_too_long = any(now - lock > self.waiting for _, lock in rows if lock < now)
        busy = any(age <= self.between for age in ages.values())
        stalled = overdue or (waits_too_long and not busy)
        if stalled:
            self._judged = set(ages)
        return stalled
