"""The sandbox's clock: the real one, or one that stands until it is moved."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

FIRST, LAST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2999, 12, 31, tzinfo=UTC)


def _checked(moment: datetime) -> datetime:
    if not FIRST <= moment <= LAST:
        raise ValueError(f"the clock goes from {FIRST.year} to {LAST.year}")
    return moment.astimezone(UTC)


class Clock:
    """Aware UTC. Virtual once it has been set; `advance` moves the real one ahead by as much."""

    def __init__(self) -> None:
        self._at: datetime | None = None
        self._ahead = timedelta()

    def now(self) -> datetime:
        return self._at if self._at is not None else datetime.now(UTC) + self._ahead

    def monotonic(self) -> float:
        """Seconds for the throttles; follows the virtual clock where there is one."""
        if self._at is not None:
            return self._at.timestamp()
        return time.monotonic() + self._ahead.total_seconds()

    def set(self, moment: datetime) -> None:
        """Stand at this moment until moved. Raises ValueError outside of what books can be dated."""
        self._at = _checked(moment)

    def advance(self, seconds: float) -> None:
        """Raises ValueError as `set` does."""
        try:
            by = timedelta(seconds=seconds)
            at = _checked(self.now() + by)
        except OverflowError:
            raise ValueError(f"the clock can't be moved by {seconds} seconds") from None
        if self._at is not None:
            self._at = at
        else:
            self._ahead += by

    def real(self) -> None:
        """Back to the real time."""
        self._at, self._ahead = None, timedelta()

    def dump(self) -> dict[str, Any]:
        return {"at": self._at.isoformat() if self._at else "", "ahead": self._ahead.total_seconds()}

    def restore(self, kept: dict[str, Any]) -> None:
        self._at = datetime.fromisoformat(kept["at"]) if kept["at"] else None
        self._ahead = timedelta(seconds=float(kept["ahead"]))

    @property
    def virtual(self) -> bool:
        return self._at is not None
