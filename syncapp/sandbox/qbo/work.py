"""One change to the books of one company: the moment it happens at, and the few ways to leave a mark."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from syncapp.sandbox.qbo import times
from syncapp.sandbox.qbo.accounts import SystemAccount, classification
from syncapp.sandbox.qbo.entities import ENTITIES
from syncapp.sandbox.qbo.fields import ZERO
from syncapp.sandbox.qbo.posting import Books
from syncapp.sandbox.qbo.store import Realm, Record
from syncapp.sandbox.qbo.switches import QboSwitches


@dataclass
class Work:
    realm: Realm
    switches: QboSwitches
    now: datetime
    emit: Callable[[dict[str, Any]], None]
    #: A person at QuickBooks may do what the API may not.
    by_person: bool = False
    include: frozenset[str] = frozenset()
    stamp: str = field(init=False)
    second: int = field(init=False)
    books: Books = field(init=False)

    def __post_init__(self) -> None:
        self.stamp = times.stamp(self.now)
        self.second = int(self.now.timestamp())
        self.books = Books(self.realm, self.make_account)

    @property
    def today(self) -> str:
        return times.today(self.now)

    def new(self, entity: str, fields: Record) -> Record:
        id = self.realm.next_id(ENTITIES[entity])
        meta = {"CreateTime": self.stamp, "LastUpdatedTime": self.stamp}
        return {**fields, "domain": "QBO", "sparse": False, "Id": id, "SyncToken": "0", "MetaData": meta}

    def renewed(self, record: Record, old: Record) -> Record:
        """The next version of a record."""
        meta = {**old["MetaData"], "LastUpdatedTime": self.stamp}
        token = str(int(old["SyncToken"]) + 1)
        return {**record, "domain": "QBO", "sparse": False, "Id": old["Id"], "SyncToken": token, "MetaData": meta}

    def put(self, entity: str, record: Record) -> None:
        self.realm.table(entity).put(record, self.second)

    def event(self, entity: str, id: str, operation: str) -> None:
        at = self.now.isoformat()
        self.emit(
            {"side": "qbo", "company": self.realm.id, "entity": entity, "id": id, "operation": operation, "at": at}
        )

    def bump(self, entity: str, id: str, changes: Record) -> None:
        """Something about a record changed that makes a new version of it: a bill that is paid."""
        old = self.realm.table(entity).rows[id]
        self.realm.table(entity).swap(self.renewed({**old, **changes}, old))
        self.realm.table(entity).note(id, self.second)
        self.event(entity, id, "Update")

    def touch(self, entity: str, id: str, changes: Record) -> None:
        """Something changed that moves the time of a record and not its version: a vendor's balance.

        Reference: https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/vendor (its sample
        was updated after it was created, with SyncToken 0)."""
        table = self.realm.table(entity)
        changed = {**table.rows[id], **changes}
        if self.switches.qbo_balance_moves_time:
            changed["MetaData"] = {**changed["MetaData"], "LastUpdatedTime": self.stamp}
            table.note(id, self.second)
        table.swap(changed)

    def make_account(self, wanted: SystemAccount) -> str:
        """QuickBooks makes the accounts it needs when it first needs them."""
        account = self.new("Account", system_account(self.realm, wanted))
        self.put("Account", account)
        self.realm.names.setdefault(("Account", wanted.name.casefold()), {})["Account", account["Id"]] = None
        self.realm.system_accounts[wanted.name] = account["Id"]
        self.event("Account", account["Id"], "Create")
        return str(account["Id"])


def system_account(realm: Realm, wanted: SystemAccount) -> Record:
    account: Record = {
        "Name": wanted.name,
        "SubAccount": False,
        "FullyQualifiedName": wanted.name,
        "Active": True,
        "AccountType": wanted.type,
        "AccountSubType": wanted.subtype,
        "CurrentBalance": ZERO,
        "CurrentBalanceWithSubAccounts": ZERO,
        "CurrencyRef": realm.home_currency,
    }
    account["Classification"] = classification(account)
    return account
