"""A token or session in use, shared by all threads of a gateway."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Held:
    """`fetch(False)` gives the one in use, and is asked before every call; `fetch(True)` gives a new one."""

    def __init__(self, fetch: Callable[[bool], str]) -> None:
        self._fetch = fetch
        self._lock = threading.Lock()

    def get(self) -> str:
        return self._fetch(False)

    def instead_of(self, refused: str) -> str:
        """Another than the refused one: what another thread or worker renewed already, else a new one.

        Of three threads refused at once only one renews: log-ins are counted, and a refresh token serves once.
        """
        with self._lock:
            found = self._fetch(False)
            return self._fetch(True) if found == refused else found
