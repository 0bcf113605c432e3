"""A token or session in use, shared by all threads of a gateway."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Held:
    """Fetched when first needed, then kept: fetching opens a sealed row. `fetch(True)` must give a new one."""

    def __init__(self, fetch: Callable[[bool], str]) -> None:
        self._fetch = fetch
        self._lock = threading.Lock()
        self._value: str | None = None

    def get(self) -> str:
        with self._lock:
            if self._value is None:
                self._value = self._fetch(False)
            return self._value

    def instead_of(self, refused: str) -> str:
        """Another than the refused one: what another thread or worker renewed already, else a new one.

        Of three threads refused at once only one renews: log-ins are counted, and a refresh token serves once.
        """
        with self._lock:
            if self._value == refused:
                self._value = None
                found = self._fetch(False)
                self._value = self._fetch(True) if found == refused else found
            elif self._value is None:
                self._value = self._fetch(True)
            return self._value
