"""One company of one product, as the pages see it: the same few things can be done in both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from syncapp.sandbox.billcom.resources import RESOURCES
from syncapp.sandbox.qbo.declaring import VoidBy
from syncapp.sandbox.qbo.entities import ENTITIES

if TYPE_CHECKING:
    from syncapp.sandbox.world import Sandbox

Record = dict[str, Any]

_NAMES = {
    "qbo": ("DisplayName", "FullyQualifiedName", "Name", "DocNumber", "CompanyName", "FileName"),
    "billcom": (
        "name",
        "invoice.invoiceNumber",
        "referenceNumber",
        "nameOnAccount",
        "email",
        "shortName",
        "description",
    ),
}
# What people call it, where the API's word is another.
_PLURALS = {
    "Account": "Chart of accounts",
    "Class": "Classes",
    "Department": "Locations",
    "Bill": "Bills",
    "BillPayment": "Bill payments",
    "CompanyInfo": "Company",
    "Preferences": "Preferences",
    "Item": "Products and services",
    "JournalEntry": "Journal entries",
    "TaxAgency": "Tax agencies",
    "Purchase": "Expenses",
    "banks": "Bank accounts",
}


def dig(record: Any, path: Iterable[str]) -> Any:
    for name in path:
        record = record.get(name) if isinstance(record, dict) else None
    return record


@dataclass(frozen=True)
class Books:
    world: Sandbox
    side: str
    company: str

    @property
    def product(self) -> Any:
        return self.world.qbo if self.side == "qbo" else self.world.billcom

    @property
    def there(self) -> bool:
        return self.company in dict(self.product.companies())

    @property
    def name(self) -> str:
        return str(dict(self.product.companies())[self.company])

    @property
    def address(self) -> str:
        return f"/ui/{self.side}/{self.company}"

    @property
    def key(self) -> str:
        return "Id" if self.side == "qbo" else "id"

    # --- what there is -----------------------------------------------------------------------------------------------

    def entities(self) -> list[str]:
        return list(ENTITIES if self.side == "qbo" else RESOURCES)

    def plural(self, entity: str) -> str:
        if entity in _PLURALS:
            return _PLURALS[entity]
        if self.side == "billcom":
            return entity.replace("-", " ").capitalize()
        spaced = "".join(f" {sign.lower()}" if sign.isupper() else sign for sign in entity).strip().capitalize()
        return f"{spaced}s"

    def singular(self, entity: str) -> str:
        if self.side == "billcom":
            return RESOURCES[entity].label
        return {"Department": "Location"}.get(entity, entity)

    def table(self, entity: str) -> Mapping[str, Record]:
        """The records themselves by id, not to be changed: there may be very many."""
        if self.side == "qbo":
            rows: Mapping[str, Record] = self.world.qbo.realms[self.company].table(entity).rows
            return rows
        return self.world.billcom.organizations[self.company].tables[entity].rows

    def get(self, entity: str, id: str) -> Record | None:
        if id not in self.table(entity):
            return None
        record: Record = self.product.person_get(self.company, entity, id)
        return record

    def label(self, record: Record) -> str:
        found = (dig(record, path.split(".")) for path in _NAMES[self.side])
        return str(next(filter(None, found), record[self.key]))

    def label_of(self, entity: str, id: str) -> str:
        record = self.table(entity).get(id)
        return self.label(record) if record else id

    def choices(self, entity: str) -> list[tuple[str, str]]:
        """For a field that names another record: all that are in use."""
        rows = [row for row in self.table(entity).values() if self.in_use(row)]
        named = sorted(((row[self.key], self.label(row)) for row in rows), key=lambda each: each[1].casefold())
        return [("", "–"), *named]

    def in_use(self, record: Record) -> bool:
        return bool(record.get("Active", True)) and not record.get("archived")

    # --- what can be done --------------------------------------------------------------------------------------------

    def can_void(self, entity: str) -> bool:
        return entity == "payments" if self.side == "billcom" else ENTITIES[entity].void_by is not VoidBy.NOBODY

    def can_change(self, entity: str) -> bool:
        """A payment through BILL stands as it was made."""
        return self.side == "qbo" or entity != "payments"

    def can_end(self, entity: str) -> bool:
        """Delete, make inactive, archive."""
        if self.side == "billcom":
            return entity not in ("roles", "payments")
        return ENTITIES[entity].is_list or ENTITIES[entity].is_transaction

    def end_words(self, entity: str) -> str:
        if self.side == "billcom":
            return "Archive"
        return "Make inactive" if ENTITIES[entity].is_list else "Delete"

    def name_field(self, entity: str) -> str:
        """What a record can't be without; QuickBooks itself keeps the old one without a word."""
        return "name" if self.side == "billcom" else ENTITIES[entity].name_field

    def with_sub_flag(self, entity: str, payload: Record) -> Record:
        """QuickBooks' screens send whether a record has a parent together with the parent."""
        flag = ENTITIES[entity].sub_flag if self.side == "qbo" else ""
        return {**payload, flag: bool(payload["ParentRef"])} if flag and "ParentRef" in payload else payload

    def save(self, entity: str, payload: Record) -> Record:
        saved: Record = self.product.person_save(self.company, entity, payload)
        return saved
