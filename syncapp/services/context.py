"""What one slice of a run carries with it."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from syncapp.core.schema import Terms
from syncapp.gateways.billcom import BillcomGateway
from syncapp.gateways.http import Http
from syncapp.gateways.qbo import QboGateway
from syncapp.models import Company, Level, SyncLogEntry, SyncRun
from syncapp.services import terms


class LeaseLost(Exception):
    """Another worker has the company now: nothing more may be written by this one."""


class Stopped(Exception):
    """A guard stopped the run before it wrote; a person can let it pass."""

    def __init__(self, code: str, what: str) -> None:
        super().__init__(what)
        self.code, self.what = code, what


class Paused(Exception):
    """Go on later: a limit was met or a product doesn't answer."""

    def __init__(self, seconds: float, why: str) -> None:
        super().__init__(why)
        self.seconds, self.why = seconds, why


@dataclass
class Remotes:
    """Both gateways over one HTTP client, which counts the calls."""

    http: Http
    qbo: QboGateway
    billcom: BillcomGateway


@dataclass
class Context:
    """One slice: the company, its run, the way to both products, and the lease that allows writing."""

    company: Company
    run: SyncRun
    remotes: Remotes
    terms: Terms
    clock: Callable[[], datetime]
    owner: uuid.UUID
    fence: int
    out_of_time: Callable[[], bool]
    counts: Counter[str] = field(default_factory=Counter)
    notes: list[SyncLogEntry] = field(default_factory=list)
    cursors: dict[str, datetime] = field(default_factory=dict)
    """How far BILL's kinds have been read and stored; saved with the slice's next save."""
    unread: dict[tuple[str, str], set[str]] | None = None
    """What couldn't be read, once it was asked for (``storing.unread``)."""
    lease_renewed: float | None = None
    """When, by ``time.monotonic``."""

    def hold_lease(self) -> None:
        """Raise LeaseLost unless the company is ours for long enough; asked before every write to a product.

        Nobody can have taken it within a fraction of its life since it was renewed, so the database isn't asked then.
        """
        if not self.surely_ours(settings.LEASE_SECONDS / 4):
            self.confirm_lease()

    def surely_ours(self, seconds: float) -> bool:
        """Whether the lease was renewed less than ``seconds`` ago. Asks no database, so any thread may call it."""
        return self.lease_renewed is not None and time.monotonic() - self.lease_renewed <= seconds

    def confirm_lease(self) -> None:
        """Renew the lease, or raise LeaseLost. Inside a transaction nobody else can take it before its end."""
        before = time.monotonic()
        ttl = timedelta(seconds=settings.LEASE_SECONDS)
        if not Company.objects.renew_lease(self.company.pk, self.owner, self.fence, ttl):
            raise LeaseLost
        self.lease_renewed = before

    def keep_place(self) -> None:
        """Save where the run is, at once: whoever goes on after a crash goes on from there."""
        with transaction.atomic():
            self.confirm_lease()
            SyncRun.objects.filter(pk=self.run.pk).update(position=self.run.position)

    def refresh_terms(self) -> None:
        """Take over what people have chosen meanwhile."""
        self.terms = terms.load(self.company)

    def note(self, message: str, *, kind: str = "", level: Level = Level.INFO) -> None:
        """One line for the run's log, saved with the slice's next save."""
        self.notes.append(
            SyncLogEntry(run=self.run, company=self.company, at=self.clock(), level=level, kind=kind, message=message)
        )

    def count(self, kind: str, what: str, number: int = 1) -> None:
        if number:
            self.counts[f"{kind}.{what}"] += number
