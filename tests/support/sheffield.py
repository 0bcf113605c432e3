"""A city council's real invoices as a company: everything is in BILL, and QuickBooks has only what it must have.

One document is one bill. Lines without a document number are told apart by supplier and invoice number.
"""

from __future__ import annotations

import csv
import gzip
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

Json = dict[str, Any]
Line = dict[str, str]

REPOSITORY = Path(__file__).resolve().parent.parent.parent
MADE_AT = "2017-04-01T09:00:00.000+00:00"


def shared_data(name: str) -> Path:
    """A file of the shared folder of real data; where it isn't there, the test says so."""
    folder = Path(os.environ.get("TIEOUT_SHARED_DATA") or REPOSITORY.parent / "shared" / "data")
    file = folder / name
    if not file.is_file():
        pytest.skip(f"The real data is not here: no {name} in {folder} (TIEOUT_SHARED_DATA names the folder).")
    return file


def documents(file: Path) -> list[list[Line]]:
    """The lines of each document, in the order of the file."""
    found: dict[tuple[str, ...], list[Line]] = {}
    with gzip.open(file, "rt", encoding="utf-8", newline="") as stream:
        for line in csv.DictReader(stream):
            key = (line["doc_no"],) if line["doc_no"] else (line["supplier_name"], line["invoice_no"])
            found.setdefault(key, []).append(line)
    return list(found.values())


def company(file: Path, limit: int | None = None) -> Json:
    """The company in a fixture's shape, of the first `limit` documents or of all."""
    maker = _Maker()
    for lines in islice(documents(file), limit):
        maker.bill(lines)
    return {
        "name": "City Council",
        "console": True,
        "signed_up_on": "2015-01-05",
        "qbo": _qbo(),
        "billcom": maker.collections(),
    }


class _Maker:
    """Collects what the bills refer to as they come."""

    def __init__(self) -> None:
        self.vendors: dict[tuple[str, str], Json] = {}
        self.accounts: dict[str, Json] = {}
        self.classes: dict[str, Json] = {}
        self.bills: list[Json] = []

    def bill(self, lines: list[Line]) -> None:
        first = lines[0]
        self.bills.append(
            {
                "id": f"00n01{len(self.bills):015d}",
                "vendorId": self._vendor(first),
                "dueDate": first["gl_date"],
                "invoice": {"invoiceNumber": first["invoice_no"], "invoiceDate": first["gl_date"]},
                "billLineItems": [self._line(line) for line in lines],
                "approvalStatus": "APPROVED",
                "archived": False,
                "createdTime": MADE_AT,
                "updatedTime": MADE_AT,
            }
        )

    def _line(self, line: Line) -> Json:
        codes = {"chartOfAccountId": self._account(line), "accountingClassId": self._class(line)}
        return {"amount": line["amount"], "description": line["expense_name"], "classifications": codes}

    def _vendor(self, line: Line) -> str:
        """One for each supplier id, by the name it has first; without an id, one for each name."""
        key = (line["supplier_id"], "" if line["supplier_id"] else line["supplier_name"])
        made = self.vendors.setdefault(
            key,
            {
                "id": f"00901{len(self.vendors):015d}",
                "name": line["supplier_name"],
                "address": {"country": "GB"},
                "archived": False,
            },
        )
        return str(made["id"])

    def _account(self, line: Line) -> str:
        code = line["expense_code"]
        made = self.accounts.setdefault(
            code,
            {
                "id": f"0ca01{len(self.accounts):015d}",
                "name": _unused(line["expense_name"], code, self.accounts),
                "account": {"type": "EXPENSE", "number": code},
                "archived": False,
            },
        )
        return str(made["id"])

    def _class(self, line: Line) -> str:
        code = line["business_unit"]
        made = self.classes.setdefault(
            code,
            {
                "id": f"cls01{len(self.classes):015d}",
                "name": _unused(line["business_unit_name"], code, self.classes),
                "archived": False,
            },
        )
        return str(made["id"])

    def collections(self) -> Json:
        return {
            "chart-of-accounts": list(self.accounts.values()),
            "accounting-classes": list(self.classes.values()),
            "vendors": list(self.vendors.values()),
            "bills": self.bills,
            "banks": [
                {"id": "bac01" + "0" * 15, "bankName": "Operating", "accountNumber": "000123451000", "type": "CHECKING"}
            ],
        }


def _unused(name: str, code: str, known: dict[str, Json]) -> str:
    """The council uses one name under several codes, which no chart of accounts and no list of classes allows."""
    return f"{name} {code}" if any(each["name"] == name for each in known.values()) else name


def _qbo() -> Json:
    accounts = (
        ("Operating Checking", "Bank", "Checking"),
        ("Bill.com Money Out Clearing", "Bank", "Checking"),
        ("Undeposited Funds", "Other Current Asset", "UndepositedFunds"),
        ("Accounts Payable (A/P)", "Accounts Payable", "AccountsPayable"),
        ("Uncategorized Expense", "Expense", "OtherMiscellaneousServiceCost"),
    )
    return {
        "CompanyInfo": [{"Id": "1", "SyncToken": "0", "CompanyName": "City Council", "Country": "US"}],
        "Preferences": [_preferences()],
        "Account": list(_accounts(accounts)),
    }


def _accounts(accounts: tuple[tuple[str, str, str], ...]) -> Iterator[Json]:
    for number, (name, kind, subtype) in enumerate(accounts, start=1):
        yield {
            "Id": str(number),
            "SyncToken": "0",
            "Name": name,
            "FullyQualifiedName": name,
            "AccountType": kind,
            "AccountSubType": subtype,
            "Active": True,
            "SubAccount": False,
        }


def _preferences() -> Json:
    return {
        "Id": "1",
        "SyncToken": "0",
        "AccountingInfoPrefs": {"UseAccountNumbers": True, "ClassTrackingPerTxnLine": True},
        "CurrencyPrefs": {"MultiCurrencyEnabled": False, "HomeCurrency": {"value": "USD"}},
    }
