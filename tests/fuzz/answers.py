"""``python -m tests.fuzz.answers``: syncs whose answers have lost parts or have others; both sides must still tie out.

In a process of its own, over the simulation's world: the sandbox in process, a database in memory, a virtual clock.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulation import start

start.django_in_memory()

from syncapp.gateways.http import Answer, Call  # noqa: E402
from syncapp.sandbox.world import Delivery  # noqa: E402
from tests.simulation.invariants import broken  # noqa: E402
from tests.simulation.transport import InProcess, Wire  # noqa: E402
from tests.simulation.world import Violation, World  # noqa: E402

GONE = "gone"
ODD: list[Any] = [GONE, None, True, -1, 1.5, 10**400, {}, [], [[]], {"a": {}}, "\0", "\ud800", "9" * 5000]
NEXT = "nextPage"
MOST_CALLS = 30


@dataclass(frozen=True)
class Spoilt:
    """The answer of one call of the sync: at the end of ``path`` (which child, level by level) stands ``value``."""

    call: int
    path: tuple[int, ...]
    value: Any


class Spoiling(InProcess):
    """Answers arrive spoilt; what was asked for has been done."""

    world: SpoiltWorld

    def _arrived(self, call: Call, delivery: Delivery) -> Answer | Exception:
        answer = super()._arrived(call, delivery)
        self.world.number += 1
        spoilt = self.world.spoilt.get(self.world.number)
        if spoilt is None or isinstance(answer, Exception):
            return answer
        self.world.step(f"{call.method} {call.url} is spoilt: {spoilt}")
        return Answer(answer.call, answer.status, answer.headers, spoil(answer.body, spoilt))


def spoil(body: bytes, spoilt: Spoilt) -> bytes:
    try:
        whole = json.loads(body)
    except ValueError:
        return body
    if not spoilt.path or not isinstance(whole, dict | list):
        return json.dumps(spoilt.value).encode()
    place, found = whole, []
    for step in spoilt.path:
        if not isinstance(place, dict | list) or not place:
            break
        key = sorted(place)[step % len(place)] if isinstance(place, dict) else step % len(place)
        found.append((place, key))
        place = place[key]
    if found:
        place, key = found[-1]
        if key == NEXT and spoilt.value in (GONE, None):
            pass  # A list that has ended is no other than one that says so.
        elif spoilt.value == GONE and isinstance(place, dict):
            # Only from objects: a record that a list leaves out is one that isn't there, and nobody could tell.
            del place[key]
        elif spoilt.value != GONE and not _another_truth(place[key], spoilt.value):
            place[key] = spoilt.value
    return json.dumps(whole).encode()


def _another_truth(said: Any, spoilt: Any) -> bool:
    """Another text in a text's place, or a list without the records that were in it: nobody could tell."""
    if isinstance(said, list) and spoilt == []:
        return True
    return isinstance(said, str) and isinstance(spoilt, str | int | float)


class SpoiltWorld(World):
    def __init__(self, seed: int, spoilt: list[Spoilt]) -> None:
        super().__init__(seed)
        self.wanted = {each.call: each for each in spoilt}
        self.spoilt: dict[int, Spoilt] = {}
        self.number = 0

    def http(self, wire: Wire) -> InProcess:
        found = Spoiling(self.sandbox, wire, self.advance, self.ahead, self.seconds)
        found.world = self
        return found

    def play(self) -> None:
        for _ in range(4):
            self.person()
        if self.seed % 2:
            self.sync()
            for _ in range(4):
                self.person()
        self.spoilt_sync()
        self.rest()

    def spoilt_sync(self) -> None:
        self.number, self.spoilt = 0, self.wanted
        run = self.sync()
        self.spoilt = {}
        self.step(f"the sync ended: {run.state} {run.message}"[:200])
        self._connect_again()


def play(seed: int, spoilt: list[Spoilt]) -> list[str]:
    """What does not hold afterwards."""
    world = SpoiltWorld(seed, spoilt)
    with world:
        try:
            world.play()
            wrong = [*world.broken, *broken(world)]
        except Violation as found:
            wrong = [*world.broken, str(found)]
    return [*wrong, *world.steps] if wrong else []


spoils = st.builds(
    Spoilt,
    st.integers(1, MOST_CALLS),
    st.lists(st.integers(0, 40), max_size=6).map(tuple),
    st.sampled_from(ODD),
)


@settings(
    max_examples=int(os.environ.get("TIEOUT_FUZZ", "40")),
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.integers(1, 50), st.lists(spoils, min_size=1, max_size=4))
def whatever_an_answer_lacks_nothing_is_doubled_or_lost(seed: int, spoilt: list[Spoilt]) -> None:
    assert play(seed, spoilt) == []


if __name__ == "__main__":
    whatever_an_answer_lacks_nothing_is_doubled_or_lost()
    sys.exit(0)
