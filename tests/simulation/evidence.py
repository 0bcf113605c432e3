"""What is kept beside the books while a scenario runs: every call with its time, every line that was logged."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

# Reference: Intuit docs, limits and throttles; BILL docs, API rate limits.
MINUTE, SECOND, HOUR = timedelta(minutes=1), timedelta(seconds=1), timedelta(hours=1)
QBO_LIMITS = ((MINUTE, 500, ""), (SECOND, 10, ""), (MINUTE, 40, "/batch"))
BILLCOM_LIMITS = ((HOUR, 20_000, ""), (HOUR, 200, "/login"))


def passed_limits(calls: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Windows of time in which a company, or our key at BILL, called more often than it may."""
    qbo: dict[str, list[dict[str, Any]]] = {}
    for call in calls:
        if call["side"] == "qbo" and call["company"]:
            qbo.setdefault(call["company"], []).append(call)
    for company, own in qbo.items():
        for window, most, ending in QBO_LIMITS:
            yield from _passed(f"QuickBooks company {company}", own, window, most, ending)
    billcom = [call for call in calls if call["side"] == "billcom"]
    for window, most, ending in BILLCOM_LIMITS:
        yield from _passed("BILL", billcom, window, most, ending)


def _passed(whose: str, calls: Sequence[dict[str, Any]], window: timedelta, most: int, ending: str) -> Iterator[str]:
    recent: deque[datetime] = deque()
    for call in calls:
        if not call["path"].endswith(ending):
            continue
        at = datetime.fromisoformat(call["at"])
        while recent and recent[0] <= at - window:
            recent.popleft()
        recent.append(at)
        if len(recent) > most:
            yield f"I11 {whose}: {len(recent)} calls {ending} within {window} at {at:%H:%M:%S}"
            return


class Heard(logging.Handler):
    """Keeps what the product logs, down to what a support engineer would turn on."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self._logger = logging.getLogger("syncapp")
        self._before = (self._logger.level, self._logger.propagate)

    def __enter__(self) -> Heard:
        self._logger.setLevel(logging.DEBUG)
        self._logger.propagate = False
        self._logger.addHandler(self)
        return self

    def __exit__(self, *error: object) -> None:
        self._logger.removeHandler(self)
        self._logger.level, self._logger.propagate = self._before

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))
