"""What goes wrong in a sync: people in between, faults, crashes at calls and commits, and a worker that falls asleep.

All of it is planned before the sync begins, from the scenario's own chance, so that a seed replays exactly.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.db import connection

from syncapp.core.sides import Side
from syncapp.gateways.http import Call, Purse
from syncapp.models import SyncRun
from syncapp.sandbox.faults import Fault, FaultKind
from syncapp.sandbox.http import Response
from tests.simulation.journal import carried_out, unjournalled
from tests.simulation.transport import Wire

if TYPE_CHECKING:
    from tests.simulation.world import World

MOST_CALLS = 30
ON_QBO_ONLY = {FaultKind.DROP_LINK, FaultKind.STALE_TOKEN, FaultKind.DEMOTE_USER}
SELDOM = {FaultKind.REVOKE_CONSENT, FaultKind.DEMOTE_USER}


def changes_books(call: Call) -> bool:
    return call.write and call.purse not in (Purse.OAUTH, Purse.LOGIN)


class Crash(BaseException):
    """The worker's process is killed. Nothing may catch it, and nothing is done after it."""


class Watch(Wire):
    """Sees every call of a worker, and tells what no worker may do."""

    def __init__(self, world: World) -> None:
        self.world = world
        # Another worker has taken the company over since.
        self.deposed = False

    def before(self, call: Call) -> None:
        self.world.counts["calls"] += 1
        if connection.in_atomic_block:
            self.world.broken.append(f"A database transaction is open around {call.method} {call.url}")
        if changes_books(call):
            self._check_write(call)

    def _check_write(self, call: Call) -> None:
        with self.world.unharmed():
            if wrong := unjournalled(self.world.company, call):
                self.world.broken.append(f"I10 {wrong}")
        # A late write to QuickBooks repeats what its request id has done; BILL would do it twice.
        if self.deposed and call.side is Side.BILLCOM:
            self.world.broken.append(f"A worker that has lost its lease begins {call.method} {call.url}")

    def carried_out(self, call: Call, response: Response) -> None:
        if changes_books(call):
            with self.world.unharmed():
                self.world.carried_out.update(carried_out(self.world.company, call, response))

    def refused(self, call: Call) -> None:
        self.world.broken.append(f"I11 {call.side} refused {call.method} {call.url} because of too many calls")


class Trouble(Watch):
    """The calls of one sync by their numbers, and what happens at each."""

    def __init__(self, world: World, chance: random.Random, hard: float = 1.0) -> None:
        super().__init__(world)
        self.number = 0
        self.writes = 0
        self.run: SyncRun | None = None
        self.edits = {chance.randrange(MOST_CALLS): chance.random() < 0.5 for _ in range(chance.choice((0, 1, 2, 4)))}
        self.crash_at = self._maybe(chance, 0.3 * hard)
        self.crash_at_write = self._maybe(chance, 0.15 * hard, 6)
        self.crash_at_commit = self._maybe(chance, 0.25 * hard, 60)
        self.crash_before = chance.random() < 0.5
        self.sleep_at = self._maybe(chance, 0.15 * hard)
        self.sleep_at_write = self._maybe(chance, 0.25 * hard, 8)
        self.contested = chance.random() < 0.4
        self.rival_at = self._maybe(chance, 0.2)
        # What comes after a deleted record moves up, and may slip between two pages.
        self.deletes_paged = chance.random() < 0.4
        self.commits = 0

    @staticmethod
    def _maybe(chance: random.Random, likely: float, most: int = MOST_CALLS) -> int:
        """A number from 1 on, or 0 for never; both drawn each time, so that nothing else shifts."""
        number, drawn = chance.randrange(1, most), chance.random()
        return number if drawn < likely else 0

    # --- calls -------------------------------------------------------------------------------------------------------

    def before(self, call: Call) -> None:
        self._alive()
        self.number += 1
        self.writes += changes_books(call)
        super().before(call)
        if self.edits.get(self.number):
            self._person(call)
        if self._dies_at(call) and self.crash_before:
            self.crash("before a call")
        # A write to BILL that comes late is carried out late, and BILL has nothing to tell it by.
        if self._sleeps_at(call) and self.crash_before and not (changes_books(call) and call.side is Side.BILLCOM):
            self._sleep(call)

    def after(self, call: Call) -> None:
        if self.rival_at == self.number and self.run is not None and not self.deposed:
            with self.world.unharmed():
                self.world.rival(self.run)
        if self.edits.get(self.number) is False:
            self._person(call)
        if self.deletes_paged and _reads_bills(call):
            self.deletes_paged = False
            with self.world.unharmed():
                self.world.delete_bill()
        if self.contested and call.side is Side.BILLCOM and call.method == "GET" and call.url.endswith("/payments"):
            # The last list of the reading: all the rest has been read, and nothing been written yet.
            self.contested = False
            with self.world.unharmed():
                self.world.contest()
        if self._dies_at(call):
            self.crash("after a call")
        if self._sleeps_at(call):
            self._sleep(call)

    def _dies_at(self, call: Call) -> bool:
        return self.crash_at == self.number or (changes_books(call) and self.crash_at_write == self.writes)

    def _sleeps_at(self, call: Call) -> bool:
        if self.deposed or self.run is None:
            return False
        return self.sleep_at == self.number or (changes_books(call) and self.sleep_at_write == self.writes)

    def _person(self, call: Call) -> None:
        # Between our last look and a write to BILL nothing can be noticed: BILL has no versions.
        if call.side is Side.BILLCOM and (_is_last_look(call) or (changes_books(call) and call.method != "POST")):
            return
        with self.world.unharmed():
            self.world.person(during_sync=True)

    def _sleep(self, call: Call) -> None:
        """This worker stops for longer than its lease lasts; another one takes over, and then this one goes on."""
        assert self.run is not None
        self.deposed = True
        self.world.counts["takeovers"] += 1
        self.world.step(f"the worker sleeps at call {self.number} ({call.method} {call.side})")
        with self.world.unharmed():
            self.world.take_over(self.run)
        self.world.step("the worker wakes up")

    # --- crashes -----------------------------------------------------------------------------------------------------

    def crash(self, words: str) -> None:
        self.world.dead = True
        self.world.counts["crashes"] += 1
        self.world.step(f"crash {words}, call {self.number}")
        raise Crash

    def _alive(self) -> None:
        if self.world.dead:
            raise Crash

    def statement(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        """Around every statement: the dead send none, and one that commits by itself is a commit."""
        self._alive()
        alone = not connection.in_atomic_block and not sql.lstrip().upper().startswith(("SELECT", "BEGIN", "SAVE"))
        if not alone:
            return execute(sql, params, many, context)
        self.commits += 1
        if self.commits == self.crash_at_commit and self.crash_before:
            self.crash("before a statement")
        done = execute(sql, params, many, context)
        if self.commits == self.crash_at_commit:
            self.crash("after a statement")
        return done

    def commit(self, original: Callable[[], None]) -> None:
        self.commits += 1
        if self.commits == self.crash_at_commit and self.crash_before:
            connection.rollback()
            self.crash("before a commit")
        original()
        if self.commits == self.crash_at_commit:
            self.crash("after a commit")

    @contextmanager
    def over_database(self) -> Iterator[None]:
        """The crashes at commits, for one slice."""
        original = connection.commit
        connection.commit = lambda: self.commit(original)  # type: ignore[method-assign]
        try:
            with connection.execute_wrapper(self.statement):
                yield
        finally:
            del connection.commit


def faults(chance: random.Random, number: int) -> list[Fault]:
    found = []
    for _ in range(number):
        kind = chance.choice(list(FaultKind))
        if kind in SELDOM and chance.random() < 0.7:
            kind = FaultKind.RESET_AFTER
        side = "qbo" if kind in ON_QBO_ONLY else chance.choice(("qbo", "billcom"))
        # Half of them aim at writes; reads are most of the calls.
        write = chance.random() < 0.5
        method = "POST" if write else ""
        skip = chance.randrange(4 if write else 15)
        times = chance.choice((1, 1, 1, 2, 5))
        found.append(Fault(kind, side=side, method=method, skip=skip, times=times, seconds=40.0))
    return found


def _reads_bills(call: Call) -> bool:
    """A page of QuickBooks' bills, among others."""
    return call.side is Side.QBO and b'"Query"' in (call.body or b"") and b"from bill " in call.body.lower()


def _is_last_look(call: Call) -> bool:
    """The reading by ids just before a write."""
    return call.method == "GET" and "id:in" in str(call.params.get("filters", ""))
