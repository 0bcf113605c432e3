"""Where the records of one company lie. A record is never changed in place: a change is a new dict in its stead,
so that an answer already given, a snapshot and the replay of a request may keep the old one without a copy."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import Any

from syncapp.sandbox.qbo.declaring import TRANSACTIONS, Entity
from syncapp.sandbox.qbo.entities import ENTITIES

Record = dict[str, Any]
Key = tuple[str, str]


def value_of(reference: Any) -> str:
    """The id in a reference, "" for none."""
    return str(reference.get("value") or "") if isinstance(reference, dict) else ""


def id_order(id: str) -> tuple[int, str]:
    return (int(id), "") if id.isdigit() else (0, id)


class Table:
    """The records of one entity, found by id, by the fields it declares as indexed, and in the order of change."""

    def __init__(self, entity: Entity) -> None:
        self.entity = entity
        self.rows: dict[str, Record] = {}
        #: Ids, deleted ones too, the one changed last at the end; with its place in time, which never goes back, and
        #: the second of the change by the clock, which may have been put back.
        self.changes: dict[str, tuple[int, int]] = {}
        self.deleted: dict[str, Record] = {}
        self.indexes: dict[str, dict[str, dict[str, None]]] = {name: {} for name in entity.indexed}
        self.inactive = 0
        #: False when a record stands behind one with a higher id.
        self.in_id_order = True
        self._highest: tuple[int, str] = (-1, "")
        self._latest = 0

    def put(self, record: Record, second: int) -> None:
        id = record["Id"]
        old = self.rows.get(id)
        if old is None:
            self._count_id(id)
        else:
            self._unindex(old)
        self.rows[id] = record
        self._index(record)
        self.note(id, second)

    def swap(self, record: Record) -> None:
        """A new record in the place of the old, where no indexed field differs."""
        self.rows[record["Id"]] = record

    def reindex(self, record: Record) -> None:
        """A new record in the place of the old, at its place in time."""
        self._unindex(self.rows[record["Id"]])
        self.rows[record["Id"]] = record
        self._index(record)

    def note(self, id: str, second: int) -> None:
        self._latest = max(self._latest, second)
        self.changes.pop(id, None)
        self.changes[id] = (self._latest, second)

    def remove(self, id: str, stub: Record, second: int) -> None:
        self._unindex(self.rows.pop(id))
        self.deleted[id] = stub
        self.note(id, second)

    def changed_since(self, second: int, *, inclusive: bool = True) -> list[str]:
        """Ids changed since then, the earliest first."""
        found = []
        for id in reversed(self.changes):
            place, changed = self.changes[id]
            if place < second:
                break
            if changed > second or (changed == second and inclusive):
                found.append(id)
        found.reverse()
        return found

    def page(self, start: int, size: int) -> list[Record]:
        return list(islice(self.rows.values(), start, start + size))

    def find(self, name: str, value: str) -> Iterator[Record]:
        return (self.rows[id] for id in self.indexes[name].get(value.casefold(), ()))

    def __iter__(self) -> Iterator[Record]:
        return iter(self.rows.values())

    def _count_id(self, id: str) -> None:
        order = id_order(id)
        self.in_id_order = self.in_id_order and order > self._highest
        self._highest = max(self._highest, order)

    def _index(self, record: Record) -> None:
        self.inactive += record.get("Active") is False
        for name, index in self.indexes.items():
            if value := _index_value(record.get(name)):
                index.setdefault(value, {})[record["Id"]] = None

    def _unindex(self, record: Record) -> None:
        self.inactive -= record.get("Active") is False
        for name, index in self.indexes.items():
            if value := _index_value(record.get(name)):
                ids = index[value]
                del ids[record["Id"]]
                if not ids:
                    del index[value]


def _index_value(value: Any) -> str:
    return value_of(value) if isinstance(value, dict) else str(value or "").casefold()


@dataclass(frozen=True, slots=True)
class User:
    """A person who can sign in at Intuit and has a role in a company."""

    email: str
    name: str
    role: str
    #: "" = the accountant, who is in every company.
    realm: str = ""

    def administers(self, realm: Realm) -> bool:
        return self.role in ADMINS and self.realm in ("", realm.id) and self.email not in realm.demoted


ADMINS = ("Primary Admin", "Company Admin", "Accountant")


@dataclass
class Window:
    """When the last calls were, for the throttles. Not kept over a restart."""

    second: deque[float] = field(default_factory=deque)
    minute: deque[float] = field(default_factory=deque)
    batches: deque[float] = field(default_factory=deque)


@dataclass
class Realm:
    """One company and its books."""

    id: str
    name: str
    tables: dict[str, Table] = field(default_factory=lambda: {name: Table(kind) for name, kind in ENTITIES.items()})
    counters: dict[str, int] = field(default_factory=dict)
    users: list[User] = field(default_factory=list)
    #: Who is no administrator any more.
    demoted: set[str] = field(default_factory=set)
    #: What each record posts to the ledger: (account, debit as plus, vendor or customer).
    postings: dict[Key, tuple[tuple[str, Decimal, Key | None], ...]] = field(default_factory=dict)
    account_balances: dict[str, Decimal] = field(default_factory=dict)
    name_balances: dict[Key, Decimal] = field(default_factory=dict)
    #: What is settled: bill -> {payment: amount}, and the same seen from the payment.
    settled: dict[Key, dict[Key, Decimal]] = field(default_factory=dict)
    settles: dict[Key, dict[Key, Decimal]] = field(default_factory=dict)
    #: The names of vendors, customers and employees, and the paths of the other lists.
    names: dict[tuple[str, str], dict[Key, None]] = field(default_factory=dict)
    #: Document numbers in use: (scope, number).
    numbers: dict[tuple[str, str], dict[Key, None]] = field(default_factory=dict)
    system_accounts: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    replays: dict[str, Any] = field(default_factory=dict)
    window: Window = field(default_factory=Window)
    #: What keeps records from being changed or taken away, by its name.
    obstacles: dict[Key, str] = field(default_factory=dict)
    #: How many payments to come lose their links without a word.
    drop_links: int = 0

    def table(self, name: str) -> Table:
        return self.tables[name]

    def get(self, name: str, id: str) -> Record | None:
        return self.tables[name].rows.get(id) if name in self.tables else None

    def next_id(self, entity: Entity) -> str:
        number = self.counters.get(entity.space, entity.first_id - 1) + 1
        self.counters[entity.space] = number
        return str(number)

    def count_ids(self) -> None:
        """After raw data were loaded: new ids come after the highest in use."""
        for name, table in self.tables.items():
            entity = ENTITIES[name]
            numbers = [int(id) for id in (*table.rows, *table.deleted) if id.isdigit()]
            highest = max(numbers, default=0)
            self.counters[entity.space] = max(self.counters.get(entity.space, 0), highest)
            if not numbers and entity.first_id > 1:
                self.counters.pop(entity.space, None)
        self.counters.setdefault(TRANSACTIONS, 0)

    @property
    def preferences(self) -> Record:
        return self.tables["Preferences"].rows["1"]

    def preference(self, group: str, name: str) -> Any:
        return (self.preferences.get(group) or {}).get(name)

    def other_preference(self, name: str) -> bool:
        """One of `OtherPrefs`, by the last part of its name. There, booleans are texts."""
        pairs = (self.preferences.get("OtherPrefs") or {}).get("NameValue") or []
        return any(
            str(pair.get("Name", "")).rpartition(".")[2] == name and str(pair.get("Value")).lower() == "true"
            for pair in pairs
        )

    @property
    def home_currency(self) -> Record:
        home = self.preference("CurrencyPrefs", "HomeCurrency") or {"value": "USD"}
        return {"value": home["value"], "name": CURRENCY_NAMES.get(home["value"], home["value"])}


CURRENCY_NAMES = {"USD": "United States Dollar", "CAD": "Canadian Dollar", "GBP": "British Pound Sterling"}
