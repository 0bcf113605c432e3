"""Calls to BILL that may go on at the same time: three for an organization."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

from syncapp.gateways.billcom import AT_ONCE

__all__ = ["AT_ONCE", "at_once"]


T = TypeVar("T")
R = TypeVar("R")


def at_once(act: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """What ``act`` makes of each, in order; of one alone in this thread."""
    if len(items) == 1:
        return [act(items[0])]

    def in_thread(item: T) -> R:
        try:
            return act(item)
        finally:
            connection.close()  # A renewed session was saved from this thread.

    with ThreadPoolExecutor(min(AT_ONCE, len(items))) as pool:
        return list(pool.map(in_thread, items))
