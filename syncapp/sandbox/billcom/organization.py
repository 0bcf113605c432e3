"""One organization: its records, its people, its secrets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from syncapp.sandbox.billcom.declaring import Resource, Right
from syncapp.sandbox.billcom.resources import RESOURCES
from syncapp.sandbox.billcom.tables import Table
from syncapp.sandbox.billcom.values import Row, new_id, stamp

Emit = Callable[[dict[str, Any]], None]
RIGHTS: Mapping[str, frozenset[Right]] = {
    "ADMINISTRATOR": frozenset(Right),
    "ACCOUNTANT": frozenset({Right.USE, Right.COMPANY, Right.PAY}),
    "MEMBER": frozenset({Right.USE}),
    "PARTNER": frozenset({Right.USE}),
    "PURCHASE_REQUESTER": frozenset(),
    "CUSTOM": frozenset({Right.USE}),
}


class Clock(Protocol):
    def now(self) -> datetime: ...


@dataclass(slots=True)
class Context:
    """What all organizations share: the time, the switches, the way out for events, and the count of ids made."""

    clock: Clock
    switches: Any
    emit: Emit
    count: int = 0

    def stamp(self) -> str:
        return stamp(self.clock.now())

    def today(self) -> str:
        return self.clock.now().date().isoformat()

    def make_id(self, prefix: str) -> str:
        self.count += 1
        return new_id(prefix, self.count)


def _tables() -> dict[str, Table]:
    return {name: Table(resource.indexed) for name, resource in RESOURCES.items()}


@dataclass(slots=True)
class Organization:
    id: str
    name: str
    console: bool
    password: str
    token_name: str
    token_value: str
    token_user: str
    details: Row
    rights: dict[str, frozenset[Right]] = field(default_factory=dict)
    policies: list[Row] = field(default_factory=list)
    subscriptions: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    # Files of bills, by their ids.
    documents: dict[str, Row] = field(default_factory=dict)
    # What becomes of payments by itself: their ids, in the order of the day when it does.
    awaited: dict[str, str] = field(default_factory=dict)
    moved_on: str = ""
    tables: dict[str, Table] = field(default_factory=_tables)
    # What follows from the records: the payments and credits of each bill, the payments of each invoice, what each
    # vendor is owed.
    paid_by: dict[str, dict[str, None]] = field(default_factory=dict)
    credited_by: dict[str, dict[str, None]] = field(default_factory=dict)
    received_by: dict[str, dict[str, None]] = field(default_factory=dict)
    owed: dict[str, Decimal] = field(default_factory=dict)

    def table(self, resource: Resource | str) -> Table:
        return self.tables[resource if isinstance(resource, str) else resource.name]

    def row(self, name: str, identifier: str) -> Row:
        return self.tables[name].rows[identifier]

    def rights_of(self, user_id: str) -> frozenset[Right]:
        user = self.tables["users"].get(user_id)
        if user is None or user["archived"]:
            return frozenset()
        role = user.get("role", {})
        return self.rights.get(role.get("id", ""), RIGHTS.get(role.get("type", ""), frozenset()))


def role_rights(role: Mapping[str, Any], given: list[str] | None) -> frozenset[Right]:
    """A custom role may manage the company and its sync where its description says so, or it is loaded with rights."""
    rights = RIGHTS.get(role.get("type", ""), frozenset())
    if given is not None:
        return frozenset(Right(each) for each in given)
    if role.get("type") == "CUSTOM" and "sync" in role.get("description", "").lower():
        return rights | {Right.COMPANY}
    return rights
