"""Another company of the same firm and world, with books that look the same: nothing of it may ever be touched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from syncapp.core.matching import normalise
from syncapp.models import Connection, SyncedObject
from syncapp.sandbox import control, loading
from syncapp.sandbox.world import Sandbox
from tests.simulation import company as companies
from tests.simulation.books import BILLCOM, QBO
from tests.simulation.payloads import ADDRESS, QBO_ADDRESS
from tests.support import syncing

NUMBER = 2


class Neighbour:
    def __init__(self, sandbox: Sandbox, console: bool) -> None:
        self.sandbox = sandbox
        shown = control.shown(sandbox, loading.into(sandbox, companies.made(console, NUMBER)))
        self.ids = {BILLCOM: shown["billcom"]["organization_id"], QBO: shown["qbo"]["realm_id"]}
        self.company = syncing.connect(shown, name="Neighbour")
        self._live_alike()
        self._calls = len(sandbox.calls)
        self._before = self._looks()

    def _live_alike(self) -> None:
        """The names that people next door use, on both sides and in our tables, waiting to be looked at."""
        for number in range(1, 4):
            name = f"V{number:04d} Oak"
            ours = self.sandbox.billcom.person_save(self.ids[BILLCOM], "vendors", {"name": name, "address": ADDRESS})
            theirs = self.sandbox.qbo.person_save(
                self.ids[QBO], "Vendor", {"DisplayName": name, "BillAddr": QBO_ADDRESS}
            )
            key = normalise(name)
            for field, remote_id in (("billcom_id", ours["id"]), ("qbo_id", theirs["Id"])):
                SyncedObject.objects.create(
                    company=self.company, kind="vendor", label=name, match_key=key, **{field: remote_id}
                )

    def _looks(self) -> str:
        """Books, rows and sign-ins, as one text."""
        books: list[Any] = [
            self.sandbox.billcom.books(self.ids[BILLCOM]),
            self.sandbox.qbo.books(self.ids[QBO]),
            list(SyncedObject.objects.filter(company=self.company).order_by("pk").values()),
            list(Connection.objects.filter(company=self.company).order_by("pk").values()),
        ]
        return json.dumps(books, default=str, sort_keys=True)

    def disturbed(self) -> Iterator[str]:
        if self._looks() != self._before:
            yield "I8 the books, rows or sign-ins of the company next door have changed"
        called = {call["company"] for call in list(self.sandbox.calls)[self._calls :]}
        if called & set(self.ids.values()):
            yield "I8 the company next door was called"
