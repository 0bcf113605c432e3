"""A real company, loaded: its trial balance must be the one that QuickBooks itself gave for it.

The data are not part of the repository. Their folder is named by TIEOUT_SHARED_DATA; without it they are looked for
next to the repository, and these tests say that they did not run where they are not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from syncapp.sandbox.clock import Clock
from syncapp.sandbox.http import decode
from syncapp.sandbox.qbo import Qbo
from syncapp.sandbox.switches import Switches

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parent.parent.parent
DATA = Path(os.environ.get("TIEOUT_SHARED_DATA") or ROOT.parent / "shared" / "data")
MISSING = "The real QuickBooks company (craigs.json) is not there: name its folder in TIEOUT_SHARED_DATA."
REPORTED_ON = datetime(2024, 5, 29, 22, 0, tzinfo=UTC)

pytestmark = pytest.mark.skipif(not (DATA / "craigs.json").is_file(), reason=MISSING)


def read(name: str) -> Json:
    found: Json = decode((DATA / name).read_bytes())
    return found


def loaded(data: dict[str, list[Json]]) -> tuple[Qbo, str]:
    clock = Clock()
    clock.set(REPORTED_ON)
    qbo = Qbo(clock, Switches(), lambda event: None)
    return qbo, qbo.load(data, "Craig")["realm_id"]


def reported() -> dict[str, Decimal]:
    """The trial balance of the report: account -> debit as plus."""
    return {row["ColData"][0]["id"]: _amount(row["ColData"]) for row in _rows()}


def _rows() -> Iterator[Json]:
    return (row for row in read("craigs_reports.json")["TrialBalance"]["Rows"]["Row"] if "ColData" in row)


def _amount(columns: list[Json]) -> Decimal:
    return Decimal(columns[1]["value"] or 0) - Decimal(columns[2]["value"] or 0)


def trial(qbo: Qbo, realm: str) -> dict[str, Decimal]:
    return {row["account_id"]: row["debit"] - row["credit"] for row in qbo.trial_balance(realm)}


def without_zero(balances: dict[str, Decimal]) -> dict[str, Decimal]:
    return {account: amount for account, amount in balances.items() if amount}


def entries() -> list[Json]:
    """What the ledger has and no entity of the API tells, as journal entries."""
    return [_entry(each) for each in read("craigs_provenance.json")["gl_only_transactions"]]


def _entry(transaction: Json) -> Json:
    amounts = [(each["acct"], Decimal(str(each["amt"]))) for each in transaction["postings"]]
    debit, credit = (amounts[0], amounts[1]) if amounts[0][1] > 0 else (amounts[1], amounts[0])
    lines = [_line("Debit", debit[0], abs(debit[1])), _line("Credit", credit[0], abs(credit[1]))]
    return {"Id": transaction["Id"], "TxnDate": transaction["date"], "Line": lines}


def _line(side: str, account: str, amount: Decimal) -> Json:
    detail = {"PostingType": side, "AccountRef": {"value": account}}
    return {"DetailType": "JournalEntryLineDetail", "Amount": amount, "JournalEntryLineDetail": detail}


def test_the_trial_balance_is_the_real_one() -> None:
    """On every account: the balance sheet, the income and the expenses of the year, and what earlier years retained."""
    qbo, realm = loaded(read("craigs.json"))

    assert without_zero(trial(qbo, realm)) == without_zero(reported())


def test_with_every_transaction_nothing_is_left_to_open_with() -> None:
    """Sales-tax payments and opening stock have no entity; as journal entries they explain the last cent."""
    data = read("craigs.json")
    data["JournalEntry"] += entries()
    for account in data["Account"]:
        del account["CurrentBalance"]
    qbo, realm = loaded(data)

    assert without_zero(trial(qbo, realm)) == without_zero(reported())


def test_the_records_are_what_was_loaded() -> None:
    data = read("craigs.json")
    qbo, realm = loaded(data)
    books = qbo.books(realm)

    assert {name: len(rows) for name, rows in books.items() if rows} == {name: len(rows) for name, rows in data.items()}
    for name in ("Bill", "Invoice", "Vendor", "Customer", "Account", "Payment"):
        found = {row["Id"]: row for row in books[name]}
        for row in data[name]:
            kept = found[row["Id"]]
            assert {field: kept.get(field) for field in FIELDS if field in row} == shown(row)


FIELDS = (
    "SyncToken",
    "MetaData",
    "FullyQualifiedName",
    "DisplayName",
    "TotalAmt",
    "Balance",
    "BalanceWithJobs",
    "CurrentBalance",
    "CurrentBalanceWithSubAccounts",
    "UnappliedAmt",
    "LinkedTxn",
)


def shown(row: Json) -> Json:
    return {field: row[field] for field in FIELDS if field in row}


def test_everything_loaded_can_be_found_by_a_query() -> None:
    qbo, realm = loaded(read("craigs.json"))
    open_bills = [row["Id"] for row in qbo.person_list(realm, "Bill") if row["Balance"]]

    assert open_bills == ["19", "44", "78", "108", "126"]
