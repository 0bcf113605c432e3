"""The balances, kept from what is posted: of accounts, of vendors and customers, and of those above them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from syncapp.sandbox.qbo import accounts, times
from syncapp.sandbox.qbo.fields import ZERO
from syncapp.sandbox.qbo.posting import OPENING_RULES, Posting
from syncapp.sandbox.qbo.store import Key, Realm, Record, value_of
from syncapp.sandbox.qbo.work import Work

K = TypeVar("K")


def post(work: Work, entity: str, record: Record) -> None:
    """Takes back what the record posted before and posts what it says now."""
    _replace(work, (entity, record["Id"]), work.books.postings(entity, record))


def unpost(work: Work, entity: str, id: str) -> None:
    _replace(work, (entity, id), ())


def post_opening(work: Work, entity: str, record: Record) -> None:
    rule = OPENING_RULES.get(entity)
    if rule is not None:
        _replace(work, (entity, record["Id"]), tuple(posting for posting in rule(work.books, record) if posting[1]))


def _replace(work: Work, key: Key, new: tuple[Posting, ...]) -> None:
    realm = work.realm
    old = realm.postings.pop(key, ())
    if new:
        realm.postings[key] = new
    by_account, by_name = differences(old, new)
    for account, amount in by_account.items():
        move_account(work, account, amount)
    for name, amount in by_name.items():
        move_name(work, name, amount)


def differences(old: Iterable[Posting], new: Iterable[Posting]) -> tuple[dict[str, Decimal], dict[Key, Decimal]]:
    by_account: dict[str, Decimal] = {}
    by_name: dict[Key, Decimal] = {}
    for sign, postings in ((-1, old), (1, new)):
        for account, amount, name in postings:
            by_account[account] = by_account.get(account, ZERO) + sign * amount
            if name is not None:
                by_name[name] = by_name.get(name, ZERO) + sign * amount
    return _moved(by_account), _moved(by_name)


def _moved(amounts: dict[K, Decimal]) -> dict[K, Decimal]:
    return {key: amount for key, amount in amounts.items() if amount}


def move_account(work: Work, id: str, amount: Decimal) -> None:
    realm = work.realm
    realm.account_balances[id] = realm.account_balances.get(id, ZERO) + amount
    account = realm.table("Account").rows[id]
    if not accounts.on_balance_sheet(account):
        return
    change = accounts.shown(account, amount)
    work.touch(
        "Account", id, {"CurrentBalance": account.get("CurrentBalance", ZERO) + change} | _with_sub(account, change)
    )
    for above in ancestors(realm, "Account", account):
        work.touch("Account", above["Id"], _with_sub(above, change))


def _with_sub(account: Record, change: Decimal) -> Record:
    return {"CurrentBalanceWithSubAccounts": account.get("CurrentBalanceWithSubAccounts", ZERO) + change}


def move_name(work: Work, name: Key, amount: Decimal) -> None:
    realm = work.realm
    realm.name_balances[name] = realm.name_balances.get(name, ZERO) + amount
    kind, id = name
    record = realm.get(kind, id)
    if record is None or kind not in ("Vendor", "Customer"):
        return
    change = -amount if kind == "Vendor" else amount
    balance = {"Balance": record.get("Balance", ZERO) + change}
    work.touch(kind, id, balance | (_with_jobs(record, change) if kind == "Customer" else {}))
    for above in ancestors(realm, kind, record) if kind == "Customer" else ():
        work.touch(kind, above["Id"], _with_jobs(above, change))


def _with_jobs(customer: Record, change: Decimal) -> Record:
    return {"BalanceWithJobs": customer.get("BalanceWithJobs", ZERO) + change}


def ancestors(realm: Realm, entity: str, record: Record) -> Iterator[Record]:
    """Parents, the nearest first. A circle ends where it closes, with the record itself."""
    seen: set[str] = set()
    above = realm.get(entity, value_of(record.get("ParentRef")))
    while above is not None and above["Id"] not in seen:
        seen.add(above["Id"])
        yield above
        above = realm.get(entity, value_of(above.get("ParentRef")))


def trial_balance(realm: Realm, now: datetime) -> list[dict[str, Any]]:
    """Every account that was posted to. Income and expenses of earlier years have become retained earnings."""
    totals = _totals(realm, fiscal_year_start(realm, now))
    rows = []
    for id, amount in totals.items():
        account = realm.table("Account").rows[id]
        rows.append(
            {
                "account_id": id,
                "name": account["FullyQualifiedName"],
                "type": account["AccountType"],
                "debit": max(amount, ZERO),
                "credit": max(-amount, ZERO),
            }
        )
    return rows


def _totals(realm: Realm, year_start: str) -> dict[str, Decimal]:
    totals: dict[str, Decimal] = {}
    of_earlier_years = ZERO
    lasting = {account["Id"] for account in realm.table("Account") if accounts.on_balance_sheet(account)}
    for (entity, id), postings in realm.postings.items():
        earlier = _day(realm, entity, id) < year_start
        for account, amount, _ in postings:
            if earlier and account not in lasting:
                of_earlier_years += amount
                totals.setdefault(account, ZERO)
            else:
                totals[account] = totals.get(account, ZERO) + amount
    retained = accounts.find(realm, accounts.RETAINED)
    if of_earlier_years and retained:
        totals[retained] = totals.get(retained, ZERO) + of_earlier_years
    return totals


def _day(realm: Realm, entity: str, id: str) -> str:
    record = realm.get(entity, id) or {}
    return str(record.get("TxnDate") or "")


def fiscal_year_start(realm: Realm, now: datetime) -> str:
    today = times.today(now)
    month = MONTHS.get(str(realm.preference("AccountingInfoPrefs", "FirstMonthOfFiscalYear")), "01")
    year = int(today[:4]) - (today[5:7] < month)
    return f"{year}-{month}-01"


MONTHS = {
    name: f"{number:02}"
    for number, name in enumerate(
        (
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ),
        1,
    )  # fmt: skip
}
