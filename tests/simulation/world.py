"""One scenario: a company, people, syncs, and a rest at the end after which everything must tie out.

A seed decides everything. Import this only after ``start.django_in_memory``.
"""

from __future__ import annotations

import random
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User

from syncapp.models import (
    Company,
    Conflict,
    Connection,
    ConnectionState,
    RunScope,
    RunState,
    SyncPreferences,
    SyncRun,
    Trigger,
)
from syncapp.sandbox import control, loading
from syncapp.sandbox.qbo.people import SCOPE
from syncapp.sandbox.world import Sandbox
from syncapp.services import runs
from tests.simulation import company as companies
from tests.simulation import start
from tests.simulation.books import BILLCOM, DELETED, ENTITIES, LISTS, QBO, SIDES, Books
from tests.simulation.evidence import Heard
from tests.simulation.neighbour import Neighbour
from tests.simulation.notices import Notices
from tests.simulation.ourselves import Ourselves
from tests.simulation.people import CannotBe, Edit, People
from tests.simulation.planted import PLANTED
from tests.simulation.transport import InProcess, Wire
from tests.simulation.trouble import Crash, Trouble, Watch, faults
from tests.support import syncing

MOST_SLICES = 200
MOST_RESTS = 4
# Calls that change no books; of what simulated companies send in batches, only reads are packed that way at rest.
READS = ("/query", "/batch", "/login", "/tokens/bearer")
OTHERWISE: dict[str, Any] = {
    "billcom_paging": "offset",
    "billcom_empty_last_page": True,
    "billcom_null_clears": False,
    "billcom_approval_touches_bill": True,
    "billcom_payment_touches_bill": True,
    "billcom_unique_bill_numbers": True,
    "billcom_unique_names": True,
    "qbo_newest_first": True,
    "qbo_balance_moves_time": False,
    "qbo_cdc_inclusive": False,
    "qbo_requestid_keeps_faults": True,
    "qbo_requestid_mismatch": "refuse",
    "qbo_refresh_rotation_hours": 0,
    "qbo_double_refresh_revokes": True,
    "qbo_retry_after": True,
    "qbo_void_reply": "stub",
    "qbo_paid_bill_stays": True,
    "qbo_null_clears": False,
}


class Violation(AssertionError):
    """An invariant does not hold."""


class World:
    """The company, both products, one clock, and every step that was taken."""

    def __init__(self, seed: int, planted: str = "", preferences: Mapping[str, Any] | None = None) -> None:
        """``preferences``: what the company prefers, where it isn't left to chance."""
        self.seed, self.planted, self.preferred = seed, planted, dict(preferences or {})
        self.chance = random.Random(seed)
        self.steps: list[str] = []
        self.counts: Counter[str] = Counter()
        self.voided: dict[str, str] = {}
        self.broken: list[str] = []
        # Operation -> how often the product carried it out; and everything that was there before anybody did anything.
        self.carried_out: Counter[UUID] = Counter()
        self.at_first: set[tuple[str, str, str]] = set()
        self.restored = False
        # (kind, mark) of what QuickBooks had when a backup was put back and our database had not; and of that, what was
        # deleted before it could be read.
        self.unknown: set[tuple[str, str]] = set()
        self.unseen: set[tuple[str, str]] = set()
        # (kind, id in QuickBooks, field): conflicts that were on record in what a backup has replaced.
        self.forgotten: set[tuple[str, str | None, str]] = set()
        # What each record was like when a backup was made, and how many edits there were when it was put back.
        self.backed_up: dict[tuple[str, str, str], Any] = {}
        self.edits_before = 0
        self.heard = Heard()
        self.neighbour: Neighbour | None = None
        self.trouble: Trouble | None = None
        self.dead = False
        self.sandbox = Sandbox()
        self.sandbox.clock.set(start.BEGINNING)
        # Our clock and the products' don't agree to the second.
        self.skew = timedelta(seconds=self.chance.choice((0, 0, -50, 50)))
        # Nor do the machines of one product: some answer with a time that is ahead of what they note on records.
        self.ahead = timedelta(seconds=self.chance.choice((0, 0, 20, 60)))
        # Fast answers have the limits met, slow ones the ends of slices and leases.
        self.seconds = self.chance.choice((0.02, 0.2, 0.2, 3.0))

    def __enter__(self) -> World:
        start.empty_database()
        self._replaced = start.Replaced()
        self.heard.__enter__()
        try:
            self._begin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _begin(self) -> None:
        start.virtual(self._replaced, self.now, self.advance)
        start.told_ahead(self._replaced, self.ahead)
        if self.planted:
            PLANTED[self.planted].mistake(self._replaced)
        self._replaced.set(uuid, "uuid4", start.numbered_ids(random.Random(self.seed)))
        for name, value in unknown(self.chance).items():
            setattr(self.sandbox.switches, name, value)
            self.step(f"{name} is {value}")
        # What is to be caught needs its trouble.
        self.pages_are_small = self.chance.random() < 0.25 or bool(self.planted)
        if self.pages_are_small:
            size = self.chance.choice((2, 4))
            self.step(f"pages of {size}")
            start.small_pages(self._replaced, size=size, most_changes=12)
        self._make_company()

    def __exit__(self, *error: object) -> None:
        self._replaced.undo()
        self.heard.__exit__(*error)

    # --- time --------------------------------------------------------------------------------------------------------

    def now(self) -> datetime:
        return self.sandbox.clock.now() + self.skew

    def advance(self, seconds: float) -> None:
        self.sandbox.clock.advance(seconds)

    # --- the company -------------------------------------------------------------------------------------------------

    def _make_company(self) -> None:
        console = self.chance.random() < 0.6
        loaded = loading.into(self.sandbox, companies.made(console))
        shown = control.shown(self.sandbox, loaded)
        self.secrets = _secrets(shown)
        self.realm, self.organization = shown["qbo"]["realm_id"], shown["billcom"]["organization_id"]
        settings.QBO_CLIENT_ID = shown["qbo"]["client_id"]
        settings.QBO_CLIENT_SECRET = shown["qbo"]["client_secret"]
        self.company = syncing.connect(shown)
        Connection.objects.filter(side=QBO).update(access_expires_at=self.now() + timedelta(minutes=55))
        if self.chance.random() < 0.3:
            self.neighbour = Neighbour(self.sandbox, console)
        self.boss = User.objects.create(username="boss", is_superuser=True)
        self.ourselves = Ourselves(self)
        self.people = People(self.sandbox, {BILLCOM: self.organization, QBO: self.realm}, self.chance, self.books)
        run = runs.request_run(self.company, trigger=Trigger.SETUP, scope=RunScope.ACCOUNTS, now=self.now())
        self.work_off(run)
        self.company.refresh_from_db()
        syncing.choose_accounts(self.company)
        syncing.choose_banks(
            self.company, (each["id"] for each in self.sandbox.billcom.books(self.organization)["banks"])
        )
        self._choose_preferences()
        books = self.books()
        self.at_first = {(side, kind, each.id) for side in SIDES for kind in ENTITIES for each in books.all(side, kind)}
        self.notices = Notices(self) if self.chance.random() < 0.3 else None

    def _choose_preferences(self) -> None:
        self.preferences = {
            "approved_only": self.chance.random() < 0.15,
            "one_way": self.chance.random() < 0.1,
            "two_way_payments": self.chance.random() < 0.6,
            "credits_at_once": self.chance.random() < 0.3,
            "transfer_per": self.chance.choice(("day", "day", "payment")),
            "master": self.chance.choice((BILLCOM, QBO)),
            "vendor_country": "US",
            "customer_email": "nobody@client.example",
            **self.preferred,
        }
        SyncPreferences.objects.filter(company=self.company).update(**self.preferences)
        clocks = f"skew={self.skew.total_seconds():.0f} s, ahead={self.ahead.seconds} s"
        self.step(f"company: console={self.company.firm_id is not None}, {clocks}, ")
        self.steps[-1] += ", ".join(f"{name}={value}" for name, value in self.preferences.items() if value)

    def books(self) -> Books:
        billcom, qbo = self.sandbox.billcom.books(self.organization), self.sandbox.qbo.books(self.realm)
        for raw in (*qbo["BillPayment"], *qbo["Payment"]):
            if amount := float(raw["TotalAmt"]):
                self.voided[raw["Id"]] = f"{amount:.2f}"
        return Books(billcom, qbo, self.voided)

    # --- steps -------------------------------------------------------------------------------------------------------

    def step(self, words: str) -> None:
        self.steps.append(f"{self.sandbox.clock.now():%m-%d %H:%M:%S} {words}")

    def person(self, *, during_sync: bool = False) -> None:
        if words := self.people.act(during_sync=during_sync):
            self.counts["edits"] += 1
            self.step(f"in between {words}" if during_sync else words)
            self.advance(1)

    def contest(self) -> None:
        """Somebody in BILL changes what was changed in QuickBooks, just after BILL was read."""
        try:
            self.step(f"in between billcom: {self.people.contest(BILLCOM)}")
        except (CannotBe, ValueError, LookupError):
            return

    def many_bills(self) -> None:
        """Somebody in QuickBooks enters a pile of them: more than a page."""
        try:
            self.people.new_party(QBO, "vendor")
            for _ in range(self.chance.randrange(2, 9)):
                self.step(f"qbo: {self.people.new_bill(QBO)}")
        except (CannotBe, ValueError, LookupError):
            return

    def delete_bill(self) -> None:
        """Somebody in QuickBooks deletes a bill while bills are read page by page."""
        try:
            self.step(f"in between qbo: {self.people.delete_bill(QBO)}")
        except (CannotBe, ValueError, LookupError):
            return

    def troubled_sync(self, hard: float) -> None:
        """A sync in which anything may go wrong, and what people do about it afterwards."""
        self.trouble = Trouble(self, self.chance, hard)
        asked = faults(self.chance, self.chance.choice((0, 0, 1, 1, 2, 3)))
        self.sandbox.faults.waiting[:] = asked
        run = self.sync()
        for fault in asked:
            if fault.hits:
                self.counts[f"fault {fault.kind}"] += fault.hits
                self.step(f"it met {fault.hits} x {fault.kind} at {fault.side}")
        self.sandbox.faults.waiting.clear()
        self.trouble = None
        self.step(f"the sync ended: {run.state} {run.message}"[:150])
        self._connect_again()

    def sync(self) -> SyncRun:
        """Ask for a sync and work it off."""
        run = runs.request_run(Company.objects.get(pk=self.company.pk), trigger=Trigger.PERSON, now=self.now())
        self.counts["syncs"] += 1
        self.step("sync")
        return self.work_off(run)

    def work_off(self, run: SyncRun) -> SyncRun:
        if self.unknown:
            self.unseen, self.unknown = self.unknown - self._marks(QBO), set()
        for _ in range(MOST_SLICES):
            more = self.slice(run)
            run.refresh_from_db()
            if not run.active:
                return run
            if not more:
                self._wait(run)
        raise Violation(f"The run did not end within {MOST_SLICES} slices: {run.phase}")

    def _wait(self, run: SyncRun) -> None:
        """Until the run may go on, or until a dead worker's lease has lapsed."""
        paused = (run.not_before - self.now()).total_seconds() if run.not_before else 0.0
        self.advance(max(paused, settings.LEASE_SECONDS if run.position.get("open") else 0.0) + 1.0)

    def slice(self, run: SyncRun) -> bool:
        trouble = self.trouble
        if trouble is not None:
            trouble.run, trouble.deposed = run, False
        wire = trouble or Watch(self)
        http = self.http(wire)
        try:
            with trouble.over_database() if trouble else nullcontext():
                return runs.work_slice(run.pk, clock=self.now, http=http)
        except Crash:
            return False
        finally:
            self.dead = False

    def http(self, wire: Wire) -> InProcess:
        return InProcess(self.sandbox, wire, self.advance, self.ahead, self.seconds)

    def take_over(self, run: SyncRun) -> None:
        """The lease lapses, and another worker does what it can in the meantime."""
        self.advance(settings.LEASE_SECONDS + self.chance.randrange(1, 600))
        http = self.http(Watch(self))
        for _ in range(self.chance.randrange(1, 6)):
            run.refresh_from_db()
            if not run.active:
                return
            if not runs.work_slice(run.pk, clock=self.now, http=http):
                self._wait(SyncRun.objects.get(pk=run.pk))

    def rival(self, run: SyncRun) -> None:
        """Another worker is told of the same run while its holder is at work: it must leave it alone."""
        self.counts["rivals"] += 1
        http = self.http(Watch(self))
        if runs.work_slice(run.pk, clock=self.now, http=http) or http.calls:
            self.broken.append("Two workers worked on one company at once.")

    @contextmanager
    def unharmed(self) -> Iterator[None]:
        """What others do is not hit by this worker's crashes."""
        trouble, self.trouble = self.trouble, None
        kept = (trouble.crash_at_commit, trouble.commits) if trouble else (0, 0)
        if trouble:
            trouble.crash_at_commit = 0
        try:
            yield
        finally:
            self.trouble = trouble
            if trouble:
                trouble.crash_at_commit, trouble.commits = kept

    def _connect_again(self) -> None:
        """A person signs in anew where we have lost our access."""
        for lost in Connection.objects.filter(company=self.company, state=ConnectionState.NEEDS_RECONNECT):
            self.counts["reconnects"] += 1
            self.step(f"a person connects {lost.side} again")
            if lost.side == QBO:
                realm = self.sandbox.qbo.realms[self.realm]
                realm.demoted.clear()
                grant, access = self.sandbox.qbo.oauth.connect(
                    realm.id, realm.users[0].email, SCOPE, self.sandbox.qbo.now
                )
                lost.credentials = {"access": access, "refresh": grant.refresh_token}
                lost.access_expires_at = self.now() + timedelta(minutes=55)
                self.secrets += [access, grant.refresh_token]
            lost.state, lost.reason = ConnectionState.CONNECTED, ""
            lost.save()

    def lose_a_day(self) -> None:
        """Last night's database is put back after a day whose changes have all been synced."""
        self._all_synced()
        backup, there, listed = start.copy(), self._marks(QBO), self._listed()
        self.backed_up = self._values()
        for _ in range(self.chance.randrange(1, 6)):
            self.person()
        self._all_synced()
        known = Conflict.objects.filter(company=self.company).values_list("kind", "object__qbo_id", "field")
        self.forgotten |= set(known)
        signed_in = list(Connection.objects.filter(company=self.company))
        start.put_back(backup)
        for each in signed_in:
            each.save()
        self.restored, self.edits_before = True, len(self.people.edits)
        self.unknown = self._marks(QBO) - there
        # What came since is on both sides and linked with nothing: renamed on one of them, it would rightly be two.
        self.people.twins |= self._listed() - listed
        self.counts["backups restored"] += 1
        self.step("the database of before is put back")

    def _marks(self, side: str) -> set[tuple[str, str]]:
        books = self.books()
        return {(kind, each.mark) for kind in DELETED for each in books.live(side, kind)}

    def _values(self) -> dict[tuple[str, str, str], Any]:
        books = self.books()
        live = [(kind, each) for kind in ENTITIES for each in books.live(QBO, kind)]
        return {(kind, each.mark, name): value for kind, each in live for name, value in each.values.items()}

    def turned_back(self, edit: Edit) -> bool:
        """Entered after a backup was put back, and the same as in the backup: it looks like no edit at all."""
        was = self.backed_up.get((edit.kind, edit.mark, edit.field))
        return edit.number >= self.edits_before and was is not None and was == edit.value

    def _listed(self) -> set[str]:
        books = self.books()
        return {each.mark for side in SIDES for kind in LISTS for each in books.live(side, kind)}

    def _all_synced(self) -> None:
        for _ in range(MOST_RESTS):
            before = len(self.sandbox.calls)
            self.advance(600)
            self.sync()
            if not any(writes(islice(self.sandbox.calls, before, None))):
                return

    def rest(self) -> None:
        """Edits have stopped and nothing goes wrong any more."""
        self.sandbox.faults.waiting.clear()
        self.ourselves.make_good()
        self.step("everybody rests")
        self._rest()
        if self.chance.random() < 0.5:
            self.ourselves.bring_back()
            if self.ourselves.wanted:
                self._rest()

    def _rest(self) -> None:
        for number in range(MOST_RESTS):
            before = len(self.sandbox.calls)
            self.advance(3600)
            run = self.sync()
            if number and run.state != RunState.DONE:
                raise Violation(f"A sync in all quiet ended as {run.state}: {run.message}")
            if not number:
                # Tokens that a sleeping worker has brought may be dead already, and only their next use tells.
                self._connect_again()
            if number and not any(writes(islice(self.sandbox.calls, before, None))):
                return

    def quiet_sync_calls(self) -> list[dict[str, Any]]:
        """The calls of one more sync."""
        before = len(self.sandbox.calls)
        self.advance(3600)
        run = self.sync()
        if run.state != RunState.DONE:
            raise Violation(f"The last sync ended as {run.state}: {run.message}")
        return list(islice(self.sandbox.calls, before, None))


def writes(calls: Iterable[dict[str, Any]]) -> Iterator[str]:
    for call in calls:
        if call["method"] != "GET" and not call["path"].endswith(READS):
            yield f"{call['method']} {call['path']}"


def unknown(chance: random.Random) -> dict[str, Any]:
    """What nobody knows of the real products: mostly as it is likely, now and then one of them otherwise."""
    found = {}
    for name, value in OTHERWISE.items():
        if chance.random() < 0.08:
            found[name] = value
    return found


def _secrets(shown: dict[str, Any]) -> list[str]:
    names = ("access_token", "refresh_token", "sync_token_value", "developer_key", "client_secret", "password")
    return [shown[side][name] for side in (QBO, BILLCOM) for name in names if shown[side].get(name)]
