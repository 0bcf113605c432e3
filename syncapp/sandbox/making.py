"""The lists of a made-up company: accounts, vendors, customers and so on, on both sides and partly on both."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from syncapp.sandbox import words

Record = dict[str, Any]

LISTED_ON = date(2026, 1, 2)
SPACES = {
    **dict.fromkeys(("Bill", "VendorCredit", "BillPayment", "JournalEntry"), "transaction"),
    **dict.fromkeys(("Vendor", "Customer"), "name"),
}
ALWAYS_ON_BOTH = ("Operating Checking", "Sales")
FEWEST_ACCOUNTS = len(words.ACCOUNTS) + 3
# One in so many is out of use.
INACTIVE_ACCOUNT, INACTIVE_VENDOR = 17, 23


@dataclass(frozen=True)
class Size:
    """How large, and how much of it is on both sides (``overlap``). ``payments``: share of the bills that are paid."""

    seed: int = 1
    accounts: int = 90
    vendors: int = 26
    customers: int = 29
    items: int = 12
    bills: int = 60
    payments: float = 0.4
    overlap: float = 0.5
    lines: int = 2
    credits: int = 0
    invoices: int = 0
    memos: int = 0


class Lists:
    """Fills ``qbo`` and ``billcom``, each in its own shapes. ``twins`` says what stands for what."""

    def __init__(self, size: Size) -> None:
        self.size, self.random = size, random.Random(size.seed)
        self.qbo: dict[str, list[Record]] = {}
        self.billcom: dict[str, list[Record]] = {}
        self.used: Counter[str] = Counter()
        self.twins: dict[tuple[str, str], str] = {}
        self.account_ids: dict[str, str] = {}
        self.expenses: list[str] = []
        self.vendors: list[str] = []
        self.customers: list[str] = []
        self.items: list[str] = []
        self.classes: list[str] = []
        self.locations: list[str] = []

    def make(self) -> None:
        self._people()
        self._accounts()
        self._tracked()
        self._vendors()
        self._customers()
        self._items()
        self._banks()

    # --- ids, places, twins ------------------------------------------------------------------------------------------

    def in_qbo(self, entity: str, record: Record, day: date = LISTED_ON) -> str:
        """Transactions share their ids, and so do names; any other list has its own: the same id means many things."""
        space = SPACES.get(entity, entity)
        self.used[space] += 1
        made_at = f"{day.isoformat()}T09:00:00-08:00"
        made = str(self.used[space])
        meta = {"CreateTime": made_at, "LastUpdatedTime": made_at}
        self.qbo.setdefault(entity, []).append({"Id": made, "SyncToken": "0", "MetaData": meta, **record})
        return made

    def in_billcom(self, collection: str, prefix: str, record: Record, day: date = LISTED_ON) -> str:
        self.used["billcom"] += 1
        made = f"{prefix}{self.size.seed % 1000:04d}{self.used['billcom']:013d}"
        made_at = f"{day.isoformat()}T17:00:00.000+00:00"
        common = {"id": made, "createdTime": made_at, "updatedTime": made_at}
        self.billcom.setdefault(collection, []).append({**common, **record})
        return made

    def on_both(self) -> bool:
        return self.random.random() < self.size.overlap

    def twin(self, entity: str, qbo_id: str) -> str:
        """What stands for it in BILL; nothing for what is in QuickBooks only."""
        return self.twins.get((entity, qbo_id), "")

    def either(self, choices: Sequence[str]) -> str:
        return choices[self.random.randrange(len(choices))] if choices else ""

    # --- accounts ----------------------------------------------------------------------------------------------------

    def _accounts(self) -> None:
        for name, kind, subtype, number in words.ACCOUNTS:
            self.account_ids[name] = self._account(name, kind, number, subtype=subtype)
        wanted = max(self.size.accounts, FEWEST_ACCOUNTS) - len(words.ACCOUNTS)
        top = words.EXPENSES[:wanted]
        ids: dict[str, str] = {}
        for position, name in enumerate(top):
            active = position % INACTIVE_ACCOUNT != INACTIVE_ACCOUNT - 1
            made = self._account(name, "Expense", str(6010 + 10 * position), active=active)
            if active:
                ids[name] = made
        self.expenses = list(ids.values())
        for position in range(wanted - len(top)):
            self._sub_account(position, ids)
        for record in self.qbo["Account"]:
            if record["Active"] and (record["Name"] in ALWAYS_ON_BOTH or self.on_both()):
                self._account_in_billcom(record)
        donations = {"name": "Donations", "account": {"type": "EXPENSE", "number": "6990"}, "archived": False}
        self.in_billcom("chart-of-accounts", "0ca", donations)

    def _sub_account(self, position: int, above: dict[str, str]) -> None:
        turn, at = divmod(position, len(above))
        name, parent = list(above.items())[at]
        part = words.PARTS[turn % len(words.PARTS)]
        again = f" {turn // len(words.PARTS) + 1}" if turn >= len(words.PARTS) else ""
        made = self._account(f"{name} {part}{again}", "Expense", str(6500 + position), parent=parent)
        self.expenses.append(made)

    def _account(
        self, name: str, kind: str, number: str, *, subtype: str = "", parent: str = "", active: bool = True
    ) -> str:
        record: Record = {"Name": name, "AccountType": kind, "AcctNum": number, "Active": active}
        record["SubAccount"] = bool(parent)
        record |= {"AccountSubType": subtype} if subtype else {}
        record |= {"ParentRef": {"value": parent}} if parent else {}
        if not active:
            # QuickBooks adds this to the name of what is made inactive.
            record["Name"] = f"{name} (deleted)"
        return self.in_qbo("Account", record)

    def _account_in_billcom(self, record: Record) -> None:
        above = record.get("ParentRef", {}).get("value", "")
        parent = self.twin("Account", above)
        if above and not parent:
            return
        shown: Record = {
            "name": record["Name"],
            "account": {"type": words.BILLCOM_TYPES[record["AccountType"]], "number": record["AcctNum"]},
            "archived": False,
        }
        shown |= {"parentId": parent} if parent else {}
        self.twins["Account", record["Id"]] = self.in_billcom("chart-of-accounts", "0ca", shown)

    # --- classes, locations ------------------------------------------------------------------------------------------

    def _tracked(self) -> None:
        names = ("Retail", "Wholesale", "Events", "Office")
        self.classes = self._track("Class", "accounting-classes", "cls", names)
        self.locations = self._track("Department", "locations", "loc", ("Downtown", "Northside", "Warehouse"))
        below = {"Name": "Weddings", "SubClass": True, "ParentRef": {"value": self.classes[2]}, "Active": True}
        self.in_qbo("Class", below)

    def _track(self, entity: str, collection: str, prefix: str, names: Sequence[str]) -> list[str]:
        """Every other one on both sides, and one in BILL only."""
        made = []
        for position, name in enumerate(names):
            made.append(self.in_qbo(entity, {"Name": name, f"Sub{entity}": False, "Active": True}))
            if position % 2 == 0:
                twin = self.in_billcom(collection, prefix, {"name": name, "archived": False})
                self.twins[entity, made[-1]] = twin
        self.in_billcom(collection, prefix, {"name": f"{names[0]} Annex", "archived": False})
        return made

    # --- vendors -----------------------------------------------------------------------------------------------------

    def _vendors(self) -> None:
        """On both sides, nearly the same name, on one side only, and some that can't be told apart for sure."""
        for position in range(self.size.vendors):
            self._vendor(position)
        for position in range(2):
            mail = f"bill-only{position}@vendor.example"
            self._vendor_in_billcom(f"Only In Bill {words.TRADES[position]}", mail, position)
        if self.size.vendors <= 5:
            return
        # The same e-mail under another name; two of the same name.
        self._vendor_in_qbo("Beacon Courier", "ap@beacon.example", 3)
        self._vendor_in_billcom("Beacon Express Delivery", "ap@beacon.example", 3)
        self._vendor_in_qbo("Lantern Staffing", "office@lantern.example", 4)
        self._vendor_in_billcom("Lantern Staffing", "north@lantern.example", 4)
        self._vendor_in_billcom("LANTERN STAFFING", "south@lantern.example", 5)

    def _vendor(self, position: int) -> None:
        name, mail = _vendor_name(position), f"billing{position}@vendor{position}.example"
        active = position % INACTIVE_VENDOR != INACTIVE_VENDOR - 1
        made = self._vendor_in_qbo(name, mail, position, active=active)
        if not active:
            return
        self.vendors.append(made)
        if self.on_both():
            self.twins["Vendor", made] = self._vendor_in_billcom(_spelled(name, position), mail, position, name)

    def _vendor_in_qbo(self, name: str, mail: str, position: int, *, active: bool = True) -> str:
        line, (town, state, postcode) = _address(position)
        return self.in_qbo(
            "Vendor",
            {
                "DisplayName": name if active else f"{name} (deleted)",
                "CompanyName": name,
                "PrimaryEmailAddr": {"Address": mail},
                "PrimaryPhone": {"FreeFormNumber": _phone(position)},
                "BillAddr": {
                    "Line1": line,
                    "City": town,
                    "CountrySubDivisionCode": state,
                    "PostalCode": postcode,
                    "Country": "US",
                },
                "Vendor1099": False,
                "Active": active,
            },
        )

    def _vendor_in_billcom(self, name: str, mail: str, position: int, company: str = "") -> str:
        line, (town, state, postcode) = _address(position)
        shown: Record = {
            "name": name,
            "email": mail,
            "phone": _phone(position),
            "address": {
                "line1": line,
                "city": town,
                "stateOrProvince": state,
                "zipOrPostalCode": postcode,
                "country": "US",
            },
            "accountType": "BUSINESS",
            "billCurrency": "USD",
            "archived": False,
        }
        shown |= {"additionalInfo": {"companyName": company}} if company else {}
        return self.in_billcom("vendors", "009", shown)

    # --- customers ---------------------------------------------------------------------------------------------------

    def _customers(self) -> None:
        """Every sixth is a job of an earlier one; every fourteenth has no e-mail, which BILL would want."""
        tops: list[str] = []
        names: dict[str, str] = {}
        for position in range(self.size.customers):
            mail = "" if position % 14 == 13 else f"office{position}@customer{position}.example"
            parent = tops[position // 6 - 1] if position % 6 == 5 and position // 6 <= len(tops) else ""
            name = words.JOBS[position // 6 % len(words.JOBS)] if parent else _customer_name(position)
            if parent:
                name = f"{name} {position}"
            made = self._customer_in_qbo(name, mail, parent)
            if not parent:
                tops.append(made)
            self.customers.append(made)
            names[made] = name
            if mail and self.on_both():
                full = f"{names[parent]}:{name}" if parent else name
                shown = {"name": full, "email": mail, "invoiceCurrency": "USD", "archived": False}
                self.twins["Customer", made] = self.in_billcom("customers", "0cu", shown)

    def _customer_in_qbo(self, name: str, mail: str, parent: str) -> str:
        record: Record = {"DisplayName": name, "Job": bool(parent), "Active": True}
        record |= {"ParentRef": {"value": parent}, "BillWithParent": False} if parent else {}
        record |= {"PrimaryEmailAddr": {"Address": mail}} if mail else {}
        return self.in_qbo("Customer", record)

    # --- items, people, banks ----------------------------------------------------------------------------------------

    def _items(self) -> None:
        for position in range(self.size.items):
            turn, at = divmod(position, len(words.WARES))
            name = f"{words.WARES[at]} {turn + 1}" if turn else words.WARES[at]
            expense = self.expenses[position % len(self.expenses)]
            record = {
                "Name": name,
                "Type": "Service" if position % 3 else "NonInventory",
                "UnitPrice": Decimal(25 + position % 200),
                "PurchaseCost": Decimal(10 + position % 90),
                "IncomeAccountRef": {"value": self.account_ids["Sales"]},
                "ExpenseAccountRef": {"value": expense},
                "Active": True,
            }
            self.items.append(self.in_qbo("Item", record))
            income, cost = self.twin("Account", self.account_ids["Sales"]), self.twin("Account", expense)
            if income and cost and self.on_both():
                shown = {
                    "name": name,
                    "type": "SERVICE" if position % 3 else "NON_INVENTORY",
                    "price": record["UnitPrice"],
                    "purchaseCost": record["PurchaseCost"],
                    "chartOfAccountId": income,
                    "expenseChartOfAccountId": cost,
                    "archived": False,
                }
                self.twins["Item", self.items[-1]] = self.in_billcom("items", "0ii", shown)

    def _people(self) -> None:
        for kind, words_for_it, first in words.ROLES:
            role = self.in_billcom("roles", "0po", {"type": kind, "description": words_for_it})
            user = {
                "firstName": first,
                "lastName": "Example",
                "email": f"{first.lower()}@client.example",
                "role": {"id": role, "type": kind, "description": words_for_it},
                "archived": False,
            }
            self.in_billcom("users", "006", user)

    def _banks(self) -> None:
        for name, number, account in (
            ("Operating", "000123451000", "Operating Checking"),
            ("Reserve", "000123457788", ""),
        ):
            shown: Record = {
                "bankName": f"{name} Bank",
                "nameOnAccount": name,
                "routingNumber": "121000358",
                "accountNumber": number,
                "type": "CHECKING",
                "ownerType": "BUSINESS",
                "status": "VERIFIED",
                "archived": False,
            }
            code = self.twin("Account", self.account_ids.get(account, ""))
            self.in_billcom("banks", "bac", {**shown, "chartOfAccountId": code} if code else shown)


def _pick(position: int, first: Sequence[str], second: Sequence[str]) -> tuple[str, str, int]:
    """A pair that does not come twice before all have been; and how often all have been."""
    turn, at = divmod(position, len(first))
    return first[at], second[(turn + at) % len(second)], turn // len(second)


def _vendor_name(position: int) -> str:
    first, trade, again = _pick(position, words.FIRST_NAMES, words.TRADES)
    form = words.FORMS[position % len(words.FORMS)]
    return " ".join(part for part in (first, trade, form, str(again + 1) if again else "") if part)


def _customer_name(position: int) -> str:
    person, place, again = _pick(position, words.PEOPLE, words.PLACES)
    return f"{person} {place} {again + 1}" if again else f"{person} {place}"


def _spelled(name: str, position: int) -> str:
    """As somebody else would type it."""
    if position % 5 == 0:
        return name.upper()
    return name.replace(" Inc", ", Inc.").replace(" LLC", ", LLC") if position % 3 == 0 else name


def _address(position: int) -> tuple[str, tuple[str, str, str]]:
    return f"{100 + position} {words.STREETS[position % len(words.STREETS)]}", words.TOWNS[position % len(words.TOWNS)]


def _phone(position: int) -> str:
    return f"(555) 555-{position % 10000:04d}"
