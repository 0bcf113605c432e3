"""What one slice of a run carries with it."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings

from syncapp.core.schema import Terms
from syncapp.gateways.billcom import BillcomGateway
from syncapp.gateways.http import Http
from syncapp.gateways.qbo import QboGateway
from syncapp.models import Company, Level, SyncLogEntry, SyncRun


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

    def hold_lease(self) -> None:
        """Renew the lease, or raise LeaseLost; asked before every write to a product."""
        until = self.clock() + timedelta(seconds=settings.LEASE_SECONDS)
        if not Company.objects.renew_lease(self.company.pk, self.owner, self.fence, until):
            raise LeaseLost

    def note(self, message: str, *, kind: str = "", level: Level = Level.INFO) -> None:
        """One line for the run's log, saved with the slice's next save."""
        self.notes.append(
            SyncLogEntry(run=self.run, company=self.company, at=self.clock(), level=level, kind=kind, message=message)
        )

    def count(self, kind: str, what: str, number: int = 1) -> None:
        if number:
            self.counts[f"{kind}.{what}"] += number
