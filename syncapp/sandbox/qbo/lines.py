"""The lines of transactions: their ids, what they must have, what the books fill in, and what they add up to."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from syncapp.sandbox.qbo import accounts, bodies
from syncapp.sandbox.qbo.fields import ZERO, cents
from syncapp.sandbox.qbo.posting import OWED, amount_of
from syncapp.sandbox.qbo.store import Record, value_of
from syncapp.sandbox.qbo.validation import MOST_LINES
from syncapp.sandbox.qbo.work import Work

EXPENSE = {"AccountBasedExpenseLineDetail": "AccountRef", "ItemBasedExpenseLineDetail": "ItemRef"}


def numbered(lines: list[Record], old: Record | None) -> list[Record]:
    """A line that names one of the record's line ids is that line; any other is a new one."""
    if len(lines) > MOST_LINES:
        raise bodies.business(f"A transaction can have {MOST_LINES} lines", element="Line")
    known = {str(line["Id"]) for line in (old or {}).get("Line") or () if line.get("Id")}
    highest = max((int(id) for id in known if id.isdigit()), default=0)
    taken: set[str] = set()
    for number, line in enumerate(lines, 1):
        id = str(line.get("Id") or "")
        if id not in known or id in taken:
            highest += 1
            id = str(highest)
        taken.add(id)
        line["Id"], line["LineNum"] = id, number
    return lines


def _detail(line: Record, needed: str) -> Record:
    kind = line["DetailType"]
    detail: Record = line[kind]
    if needed and not value_of(detail.get(needed)):
        raise bodies.required(f"Line.{kind}.{needed}")
    return detail


def _require(line: Record, *names: str) -> None:
    for name in names:
        if line.get(name) is None:
            raise bodies.required(f"Line.{name}")


def check_price(line: Record, detail: Record) -> None:
    if "Qty" in detail and "UnitPrice" in detail and cents(detail["Qty"] * detail["UnitPrice"]) != line["Amount"]:
        raise bodies.amount_mismatch("Line.Amount")


def expense(work: Work, lines: Iterable[Record]) -> Decimal:
    """Reference: Intuit docs, Bill: a line has an account or an item."""
    total = ZERO
    for line in lines:
        _require(line, "DetailType")
        if line["DetailType"] not in EXPENSE:
            continue
        _require(line, "Amount")
        detail = _detail(line, EXPENSE[line["DetailType"]])
        check_price(line, detail)
        _fill_expense(work, detail)
        total += line["Amount"]
    return total


def _fill_expense(work: Work, detail: Record) -> None:
    if "BillableStatus" not in detail:
        billable = "CustomerRef" in detail and work.switches.qbo_customer_line_is_billable
        detail["BillableStatus"] = "Billable" if billable else "NotBillable"
    if detail["BillableStatus"] == "Billable" and "CustomerRef" not in detail:
        raise bodies.business("A billable line needs a customer", element="CustomerRef")
    detail.setdefault("TaxCodeRef", {"value": "NON"})
    track(work, detail)


def track(work: Work, part: Record) -> None:
    """Class and location where the company does not track them."""
    info = work.realm.preferences.get("AccountingInfoPrefs") or {}
    if "ClassRef" in part and not (info.get("ClassTrackingPerTxnLine") or info.get("ClassTrackingPerTxn")):
        _untracked(work, part, "ClassRef")
    if "DepartmentRef" in part and not info.get("TrackDepartments"):
        _untracked(work, part, "DepartmentRef")


def _untracked(work: Work, part: Record, name: str) -> None:
    if work.switches.qbo_untracked == "refused":
        raise feature_off(name)
    if work.switches.qbo_untracked == "dropped":
        del part[name]


def feature_off(name: str) -> bodies.Fault:
    detail = f"Permission denied: {name} belongs to a feature that this company has off"
    return bodies.Fault("5020", "Permission Denied Error", detail, element=name)


def sales(work: Work, lines: list[Record]) -> tuple[list[Record], Decimal, Decimal]:
    """The lines with their subtotal, what they add up to, and how much of it is taxed."""
    kept, subtotal, taxed, off = [], ZERO, ZERO, ZERO
    for line in lines:
        _require(line, "DetailType")
        if line["DetailType"] == "SubTotalLineDetail":
            continue
        kept.append(line)
        if line["DetailType"] == "SalesItemLineDetail":
            subtotal += _sale(work, line)
            taxed += line["Amount"] if value_of(line["SalesItemLineDetail"]["TaxCodeRef"]) == "TAX" else ZERO
    for line in kept:
        off += _discount(line, subtotal) if line["DetailType"] == "DiscountLineDetail" else ZERO
    return [*_subtotalled(kept, subtotal)], subtotal - off, taxed


def _subtotalled(lines: list[Record], subtotal: Decimal) -> list[Record]:
    """The subtotal stands before the discounts. It has no id."""
    discounts = [line for line in lines if line["DetailType"] == "DiscountLineDetail"]
    rest = [line for line in lines if line["DetailType"] != "DiscountLineDetail"]
    return [*rest, {"Amount": subtotal, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}, *discounts]


def _sale(work: Work, line: Record) -> Decimal:
    _require(line, "Amount")
    detail = line["SalesItemLineDetail"]
    check_price(line, detail)
    detail.setdefault("TaxCodeRef", {"value": "NON"})
    item = work.realm.get("Item", value_of(detail.get("ItemRef"))) or {}
    if "ItemAccountRef" not in detail and item.get("IncomeAccountRef"):
        detail["ItemAccountRef"] = item["IncomeAccountRef"]
    track(work, detail)
    return amount_of(line)


def _discount(line: Record, subtotal: Decimal) -> Decimal:
    detail = line["DiscountLineDetail"]
    if detail.get("PercentBased"):
        line["Amount"] = cents(subtotal * Decimal(detail.get("DiscountPercent") or 0) / 100)
    _require(line, "Amount")
    return amount_of(line)


def journal(work: Work, lines: list[Record]) -> None:
    """Reference: https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/journalentry"""
    entries = [line for line in lines if line.get("DetailType") != "DescriptionOnly"]
    if len(entries) < 2:
        raise bodies.required("Line")
    balance = ZERO
    for line in entries:
        _require(line, "DetailType", "Amount")
        detail = _detail(line, "AccountRef")
        if "PostingType" not in detail:
            raise bodies.required("Line.JournalEntryLineDetail.PostingType")
        _check_party(work, detail)
        track(work, detail)
        balance += line["Amount"] if detail["PostingType"] == "Debit" else -line["Amount"]
    if balance:
        words = f"The debits and the credits differ by {abs(balance)}"
        raise bodies.Fault("2300", "Debits and credits do not balance", words, element="Line")


def _check_party(work: Work, detail: Record) -> None:
    account = work.realm.get("Account", value_of(detail["AccountRef"])) or {}
    entity = detail.get("Entity") or {}
    kind = {"Accounts Payable": "Vendor", "Accounts Receivable": "Customer"}.get(str(account.get("AccountType")))
    if kind and (entity.get("Type") != kind or not value_of(entity.get("EntityRef"))):
        raise bodies.business(f"A line on {account.get('AccountType')} needs a {kind}", element="Entity")


def deposit(work: Work, lines: Iterable[Record], key: tuple[str, str] | None) -> Decimal:
    total = ZERO
    for line in lines:
        if line.get("LinkedTxn"):
            _deposit_link(work, line, key)
        else:
            _require(line, "Amount", "DetailType")
            _detail(line, "AccountRef")
        total += line["Amount"]
    return total


def _deposit_link(work: Work, line: Record, key: tuple[str, str] | None) -> None:
    """What was received and not yet deposited is deposited as a whole."""
    link = line["LinkedTxn"][0]
    target = (str(link.get("TxnType")), str(link.get("TxnId")))
    record = work.realm.get(*target)
    if record is None or target[0] not in ("Payment", "SalesReceipt", "RefundReceipt"):
        raise bodies.unknown_reference("Txn", target[1], "Line.LinkedTxn.TxnId")
    if any(source != key for source in work.realm.settled.get(target, ()) if source[0] == "Deposit"):
        raise bodies.deposited(target[1])
    total = amount_of(record, "TotalAmt")
    line["Amount"] = -total if target[0] == "RefundReceipt" else total


def owed_account(work: Work, wanted: str, given: str) -> bool:
    """Whether the account may stand for what is owed (`Accounts Payable`, `Accounts Receivable`)."""
    return wanted in OWED and accounts.of_type(work.realm, given, (wanted,))
