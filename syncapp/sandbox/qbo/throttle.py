"""How often a company may be called.

Reference: https://developer.intuit.com/app/developer/qbo/docs/learn/limits-and-throttles"""

from __future__ import annotations

from collections import deque

from syncapp.sandbox.qbo import bodies
from syncapp.sandbox.qbo.store import Window

PER_MINUTE = 500
PER_SECOND = 10
BATCHES_PER_MINUTE = 40
WAIT = 60


def admit(window: Window, now: float, *, batch: bool) -> None:
    """Counts a call, or refuses it. What is refused is not counted."""
    minute = _recent(window.minute, now - 60)
    second = _recent(window.second, now - 1)
    batches = _recent(window.batches, now - 60)
    if minute >= PER_MINUTE or second >= PER_SECOND or (batch and batches >= BATCHES_PER_MINUTE):
        raise bodies.throttled()
    window.minute.append(now)
    window.second.append(now)
    if batch:
        window.batches.append(now)


def _recent(calls: deque[float], since: float) -> int:
    while calls and calls[0] <= since:
        calls.popleft()
    return len(calls)
