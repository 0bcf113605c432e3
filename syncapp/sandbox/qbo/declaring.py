"""What an entity is: the words its declaration is written in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from syncapp.sandbox.qbo.fields import Field, Found, Group, Many, Ref, Text


class Kind(StrEnum):
    LIST = "list"
    TRANSACTION = "transaction"
    SINGLE = "single"
    FILE = "file"


class VoidBy(StrEnum):
    """How the API is asked to void; a person can also void what the API cannot."""

    OPERATION = "operation=void"
    INCLUDE = "operation=update&include=void"
    PERSON = "only a person can"
    NOBODY = ""


#: Kept by the books and sent with every record; a client that echoes them is not refused, they are not looked at.
SYSTEM = frozenset({"domain", "sparse", "status", "MetaData", "time", "Id", "SyncToken"})
NAMES = "names"
TRANSACTIONS = "transactions"


@dataclass(frozen=True)
class Entity:
    name: str
    kind: Kind
    fields: Mapping[str, Field]
    #: Output only: dropped from what a client sends.
    read_only: frozenset[str] = frozenset()
    required: tuple[str, ...] = ()
    #: Needed even when the update is sparse.
    sparse_required: tuple[str, ...] = ()
    #: What cannot be cleared by sending it empty.
    lasting: frozenset[str] = frozenset()
    #: Which counter its ids come from: transactions share one, names (vendor, customer, employee) share one.
    id_space: str = ""
    first_id: int = 1
    #: The field a person calls it by; "" has none.
    name_field: str = ""
    #: The flag that says "has a parent", where the entity is a tree.
    sub_flag: str = ""
    #: How fault 2500 calls it.
    family: str = ""
    void_by: VoidBy = VoidBy.NOBODY
    creatable: bool = True
    api_writable: bool = True
    in_cdc: bool = True
    #: Header fields that find records at once: `DocNumber`, `VendorRef`.
    indexed: tuple[str, ...] = ()
    #: Declared, but not a property for queries.
    not_queryable: frozenset[str] = field(default_factory=frozenset)

    @property
    def path(self) -> str:
        return self.name.lower()

    @property
    def is_list(self) -> bool:
        return self.kind is Kind.LIST

    @property
    def is_transaction(self) -> bool:
        return self.kind is Kind.TRANSACTION

    @cached_property
    def space(self) -> str:
        return self.id_space or (TRANSACTIONS if self.is_transaction else self.name)

    @cached_property
    def payload(self) -> Group:
        return Group(self.fields, SYSTEM | self.read_only)

    @cached_property
    def queryable(self) -> dict[str, str]:
        """Property as a query may spell it (lower case) -> the path it stands for."""
        plain = [name for name, kind in self.fields.items() if not isinstance(kind, (Group, Many))]
        names = {"Id", "SyncToken", "Active", *plain, *self.read_only} - self.not_queryable - {"LinkedTxn"}
        names -= set() if self.is_list or "Active" in self.fields else {"Active"}
        paths = {name.lower(): name for name in names}
        for name in ("CreateTime", "LastUpdatedTime"):
            paths[f"metadata.{name.lower()}"] = f"MetaData.{name}"
        return paths

    @cached_property
    def reference_fields(self) -> frozenset[str]:
        return frozenset(name for name, kind in self.fields.items() if isinstance(kind, Ref))

    def read(self, payload: object, found: Found) -> dict[str, object]:
        taken: dict[str, object] = self.payload.take(payload, "", found)
        return taken


NO_COLON = ":\t\n"
NAME = Text(100, ":")
