"""Ask no faster than a remote allows, so that it never has to refuse."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

# When every place is taken by a call still under way, nobody knows for how long: look again after this.
_LOOK_AGAIN = 0.02
# Less than a clock may be able to tell; waiting for it would never end.
_LEAST_WAIT = 0.001


class _Window:
    """At most `limit` calls in any `seconds`.

    A call counts from its start until `seconds` after its end: wherever in between the remote counted it, its own
    window can't hold more than ours.
    """

    def __init__(self, limit: int, seconds: float) -> None:
        if limit < 1:
            raise ValueError("A limit below one would stop everything.")
        self.limit, self.seconds = limit, seconds
        self.under_way = 0
        self.ended: deque[float] = deque()

    def wait(self, now: float) -> float:
        """Seconds until there may be room; 0 when there is."""
        while self.ended and now - self.ended[0] >= self.seconds:
            self.ended.popleft()
        if self.under_way + len(self.ended) < self.limit:
            return 0.0
        if not self.ended:
            return _LOOK_AGAIN
        return max(self.ended[0] + self.seconds - now, _LEAST_WAIT)

    def add(self, moments: list[float]) -> None:
        """Calls that ended then, made elsewhere."""
        self.ended = deque(sorted([*self.ended, *moments]))


@dataclass(frozen=True, slots=True)
class Recent:
    """How many seconds ago the calls of the last minute ended; batches are among the calls, too."""

    calls: list[float]
    batches: list[float]


class Pacer:
    """The limits of one QuickBooks company. Give every thread that works for the company the same one.

    `recent` and `remember` hand over from one process to the next what the company has been asked lately.

    Reference: https://developer.intuit.com/app/developer/qbo/docs/learn/limits-and-throttles
    """

    def __init__(
        self,
        per_second: int = 10,
        per_minute: int = 500,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        *,
        batches_per_minute: int = 40,
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._calls = [_Window(per_second, 1.0), _Window(per_minute, 60.0)]
        self._batches = [_Window(batches_per_minute, 60.0)]

    @contextmanager
    def place(self, *, batch: bool = False) -> Iterator[None]:
        """Wait for a place, and hold it while the call runs."""
        windows = self._calls + self._batches if batch else self._calls
        while wait := self._take(windows):
            self._sleep(wait)
        try:
            yield
        finally:
            self._give_back(windows)

    def recent(self) -> Recent:
        with self._lock:
            now = self._clock()
            calls, batches = ([now - each for each in windows[-1].ended] for windows in (self._calls, self._batches))
        return Recent([age for age in calls if age < 60], [age for age in batches if age < 60])

    def remember(self, recent: Recent) -> None:
        with self._lock:
            now = self._clock()
            for windows, ages in ((self._calls, recent.calls), (self._batches, recent.batches)):
                for window in windows:
                    window.add([now - age for age in ages if age < window.seconds])

    def _take(self, windows: list[_Window]) -> float:
        with self._lock:
            now = self._clock()
            wait = max(window.wait(now) for window in windows)
            if not wait:
                for window in windows:
                    window.under_way += 1
            return wait

    def _give_back(self, windows: list[_Window]) -> None:
        with self._lock:
            now = self._clock()
            for window in windows:
                window.under_way -= 1
                window.ended.append(now)


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one company, as Intuit documents them."""

    per_second: int = 10
    per_minute: int = 500
    batches_per_minute: int = 40

    def pacer(self) -> Pacer:
        return Pacer(self.per_second, self.per_minute, batches_per_minute=self.batches_per_minute)


DOCUMENTED = Limits()


class Pacers:
    """One Pacer for each company, made when first asked for, the same for every thread of this process.

    `make` makes another than the limits would.
    """

    def __init__(self, make: Callable[[], Pacer] | None = None) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._known: dict[str, Pacer] = {}

    def of(self, company: str, limits: Limits = DOCUMENTED) -> Pacer:
        with self._lock:
            if company not in self._known:
                self._known[company] = (self._make or limits.pacer)()
            return self._known[company]
