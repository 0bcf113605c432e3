"""Requests that say who they are: the second of the same name gets the first one's answer, and nothing is done again.

Reference: https://blogs.intuit.com/2015/04/06/15346/ (RequestID)"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha1
from typing import Any

from syncapp.sandbox.qbo import bodies
from syncapp.sandbox.qbo.work import Work

LONGEST = 50
LONGEST_OF_BATCH = 36
LONGEST_ITEM = 10
#: So many are kept over a restart of the sandbox.
SAVED = 2000


@dataclass(frozen=True, slots=True)
class Replay:
    second: int
    print: str
    answer: Any


def fingerprint(body: bytes) -> str:
    return sha1(body, usedforsecurity=False).hexdigest()


def once(work: Work, name: str, print: str, do: Callable[[], Any]) -> Any:
    """Does it, unless the same name has been seen; keeps what came of it, a refusal only where the switch says so."""
    seen = _seen(work, name)
    if seen is not None:
        if seen.print != print and work.switches.qbo_requestid_mismatch == "refuse":
            raise bodies.business("The requestid was used for another request", element="requestid")
        if isinstance(seen.answer, bodies.Fault):
            raise seen.answer
        return seen.answer
    try:
        answer = do()
    except bodies.Fault as fault:
        if work.switches.qbo_requestid_keeps_faults:
            work.realm.replays[name] = Replay(work.second, print, fault)
        raise
    work.realm.replays[name] = Replay(work.second, print, answer)
    return answer


def _seen(work: Work, name: str) -> Replay | None:
    replays = work.realm.replays
    oldest = work.second - int(timedelta(hours=work.switches.qbo_requestid_hours).total_seconds())
    while replays:
        first = next(iter(replays))
        if replays[first].second >= oldest:
            break
        del replays[first]
    found: Replay | None = replays.get(name)
    return found if found is None or found.second >= oldest else None


def check_length(name: str, *, batch: bool) -> None:
    limit = LONGEST_OF_BATCH if batch else LONGEST
    if len(name) > limit:
        raise bodies.too_long("requestid", limit, len(name))
