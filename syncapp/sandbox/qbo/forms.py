"""What the books make of a transaction that is written: defaults, totals, and the rules of each form."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from syncapp.sandbox.qbo import accounts, bodies, lines, links
from syncapp.sandbox.qbo.declaring import VoidBy
from syncapp.sandbox.qbo.entities_lists import BALANCE_SHEET
from syncapp.sandbox.qbo.entities_transactions import TRANSACTION_ENTITIES
from syncapp.sandbox.qbo.fields import ZERO, cents
from syncapp.sandbox.qbo.posting import paid_from
from syncapp.sandbox.qbo.store import Key, Realm, Record, value_of
from syncapp.sandbox.qbo.validation import check_currency
from syncapp.sandbox.qbo.work import Work

#: What a payment settles; made once the payment is kept.
Settled = dict[Key, Decimal]
VOIDABLE = {entity.name: entity.void_by is not VoidBy.NOBODY for entity in TRANSACTION_ENTITIES}


def prepare(work: Work, entity: str, record: Record, old: Record | None) -> Settled:
    """Completes the record in place; says what it settles. Raises Fault."""
    record.setdefault("TxnDate", work.today)
    check_currency(work, record)
    lines.track(work, record)
    if old is not None and is_void(entity, old):
        record.update({name: old[name] for name in _AMOUNTS if name in old})
        return {}
    if "Line" in record:
        record["Line"] = lines.numbered([_copied(line) for line in record["Line"]], old)
    return FORMS[entity](work, record, old) or {}


def _copied(line: Record) -> Record:
    return {name: dict(part) if isinstance(part, dict) else part for name, part in line.items()}


def _key(entity: str, old: Record | None) -> Key | None:
    return (entity, old["Id"]) if old else None


def _check_account(work: Work, id: str, types: tuple[str, ...], element: str) -> None:
    if not accounts.of_type(work.realm, id, types):
        raise bodies.business(f"{element} must be an account of type {' or '.join(types)}", element=element)


def due_date(realm: Realm, record: Record) -> str:
    term = realm.get("Term", value_of(record.get("SalesTermRef"))) or {}
    day = date.fromisoformat(record["TxnDate"])
    if "DayOfMonthDue" in term:
        return _day_of_month(day, int(term["DayOfMonthDue"]), int(term.get("DueNextMonthDays") or 0))
    return (day + timedelta(days=int(term.get("DueDays") or 0))).isoformat()


def _day_of_month(day: date, wanted: int, margin: int) -> str:
    """The wanted day of this month, or of the next where it is too near."""
    for month in (0, 1, 2):
        year, index = divmod(day.month - 1 + month, 12)
        following = date(day.year + year + (index + 1) // 12, (index + 1) % 12 + 1, 1)
        last = (following - timedelta(days=1)).day
        due = date(day.year + year, index + 1, min(wanted, last))
        if due >= day + timedelta(days=margin):
            return due.isoformat()
    return day.isoformat()


def _payable(work: Work, record: Record) -> None:
    if "APAccountRef" not in record:
        vendor = work.realm.get("Vendor", value_of(record["VendorRef"])) or {}
        id = value_of(vendor.get("APAccountRef")) or work.books.account(accounts.PAYABLE)
        account = work.realm.table("Account").rows[id]
        record["APAccountRef"] = {"value": id, "name": account["FullyQualifiedName"]}
    _check_account(work, value_of(record["APAccountRef"]), ("Accounts Payable",), "APAccountRef")


def _total(record: Record, total: Decimal) -> None:
    if total < 0:
        raise bodies.business("The total of a transaction must be zero or more", element="Line")
    record["TotalAmt"] = total


def _balance(work: Work, entity: str, record: Record, old: Record | None) -> None:
    """What is left to settle. What a smaller total no longer holds is taken off its payments (writing.py)."""
    settled = work.realm.settled.get((entity, old["Id"]), {}) if old else {}
    record["Balance"] = max(record["TotalAmt"] - sum(settled.values(), ZERO), ZERO)
    record["LinkedTxn"] = list((old or {}).get("LinkedTxn") or ())


def _bill(work: Work, record: Record, old: Record | None) -> None:
    _payable(work, record)
    _total(record, lines.expense(work, record["Line"]))
    record.setdefault("DueDate", due_date(work.realm, record))
    _balance(work, "Bill", record, old)


def _vendor_credit(work: Work, record: Record, old: Record | None) -> None:
    _payable(work, record)
    _total(record, lines.expense(work, record["Line"]))
    _balance(work, "VendorCredit", record, old)


def _bill_payment(work: Work, record: Record, old: Record | None) -> Settled:
    unapplied_before = old is not None and not old.get("Line")
    if not any(line.get("LinkedTxn") for line in record["Line"]) and not unapplied_before:
        raise bodies.required("Line.LinkedTxn")
    _check_lines(record["Line"])
    outcome = links.settle(work, "BillPayment", record, _key("BillPayment", old))
    _check_total(record, outcome)
    _check_paid_from(work, record)
    _payable_of_bills(work, record, outcome)
    _keep_lines(work, record, outcome)
    return outcome.amounts


def _check_lines(payment_lines: list[Record]) -> None:
    for line in payment_lines:
        if line.get("Amount") is None:
            raise bodies.required("Line.Amount")
        if line["Amount"] < 0:
            raise bodies.business("The amount of a line must not be negative", element="Line.Amount")


def _check_total(record: Record, outcome: links.Settlement) -> None:
    applied = outcome.charges - outcome.credits
    if applied < 0:
        raise bodies.business("Credits cannot be more than what is paid with them", element="Line")
    if applied > record["TotalAmt"] and record.get("PayType"):
        # Reference: spec, behaviour of BILL's sync, section 9, no. 22: what it says.
        detail = f"The amount paid ({record['TotalAmt']}) plus credits ({outcome.credits}) is less than the bills"
        raise bodies.business(f"{detail} ({outcome.charges})", element="TotalAmt")
    if applied > record["TotalAmt"]:
        detail = f"The lines come to {applied}, more than the total of {record['TotalAmt']}"
        raise bodies.business(detail, element="TotalAmt")


def _check_paid_from(work: Work, record: Record) -> None:
    """Reference: Intuit docs, BillPayment: a bank account, or a card; none where credits pay for all."""
    account = paid_from(record)
    if not account and record["TotalAmt"]:
        part = "CheckPayment.BankAccountRef" if record["PayType"] == "Check" else "CreditCardPayment.CCAccountRef"
        raise bodies.business(f"{part}: you must select an account for this transaction", element=part)
    if account:
        wanted = ("Bank",) if record["PayType"] == "Check" else ("Credit Card",)
        _check_account(work, account, wanted, f"{record['PayType']} account")
    if record["PayType"] == "Check":
        record["CheckPayment"] = {"PrintStatus": "NotSet", **record.get("CheckPayment", {})}


def _payable_of_bills(work: Work, record: Record, outcome: links.Settlement) -> None:
    """The account follows the bill, whatever was sent."""
    for entity, id in outcome.amounts:
        bill = work.realm.table(entity).rows[id]
        if "APAccountRef" in bill:
            record["APAccountRef"] = bill["APAccountRef"]
            return
    _payable(work, record)


def _keep_lines(work: Work, record: Record, outcome: links.Settlement) -> None:
    """Of the lines sent, those that hold; a payment of nothing but paid bills comes to nothing.

    Seen in the tests of python-quickbooks: the answer has no lines and the payment is as good as voided."""
    record["Line"] = [{"Amount": line["Amount"], "LinkedTxn": line["LinkedTxn"]} for line in outcome.lines]
    if outcome.already_paid and not outcome.lines:
        record["TotalAmt"] = ZERO
        record["PrivateNote"] = voided_note(record)
    elif outcome.dropped and work.switches.qbo_dropped_link_lowers_total:
        record["TotalAmt"] = max(record["TotalAmt"] - outcome.dropped, ZERO)


def _payment(work: Work, record: Record, old: Record | None) -> Settled:
    record.setdefault("Line", [])
    _check_lines(record["Line"])
    if "ARAccountRef" in record:
        _check_account(work, value_of(record["ARAccountRef"]), ("Accounts Receivable",), "ARAccountRef")
    _deposit_to(work, record)
    outcome = links.settle(work, "Payment", record, _key("Payment", old))
    _check_total(record, outcome)
    _keep_lines(work, record, outcome)
    _check_receivable(work, record, outcome)
    record["UnappliedAmt"] = record["TotalAmt"] - (outcome.charges - outcome.credits)
    return outcome.amounts


def _check_receivable(work: Work, record: Record, outcome: links.Settlement) -> None:
    """Invoices post to the company's own account; what pays them can't post against another one."""
    own = work.books.account(accounts.RECEIVABLE)
    if outcome.amounts and value_of(record.get("ARAccountRef")) not in (None, "", own):
        raise bodies.business("The A/R account of a payment must be the one of its invoices", element="ARAccountRef")


def _deposit_to(work: Work, record: Record) -> None:
    if "DepositToAccountRef" not in record:
        id = work.books.account(accounts.UNDEPOSITED)
        name = work.realm.table("Account").rows[id]["FullyQualifiedName"]
        record["DepositToAccountRef"] = {"value": id, "name": name}
    types = ("Bank", "Other Current Asset", "Credit Card")
    _check_account(work, value_of(record["DepositToAccountRef"]), types, "DepositToAccountRef")


_PAID_BY = {
    "Check": ("Bank",),
    "Cash": ("Bank", "Other Current Asset"),
    "CreditCard": ("Credit Card",),
}


def _purchase(work: Work, record: Record, old: Record | None) -> None:
    if old is not None and old["PaymentType"] != record["PaymentType"]:
        raise bodies.business("PaymentType cannot be changed", element="PaymentType")
    _check_account(work, value_of(record["AccountRef"]), _PAID_BY[record["PaymentType"]], "AccountRef")
    if record["PaymentType"] == "CreditCard":
        record.setdefault("Credit", False)
    else:
        record.pop("Credit", None)
    if record["PaymentType"] == "Check":
        record.setdefault("PrintStatus", "NotSet")
    _total(record, lines.expense(work, record["Line"]))


def _sales(work: Work, record: Record) -> None:
    if not any(line.get("DetailType") in ("SalesItemLineDetail", "DescriptionOnly") for line in record["Line"]):
        raise bodies.required("Line")
    record["Line"], total, taxed = lines.sales(work, record["Line"])
    record["TxnTaxDetail"] = taxes(work, record, taxed)
    _total(record, total + record["TxnTaxDetail"]["TotalTax"])
    for name, value in (("PrintStatus", "NotSet"), ("EmailStatus", "NotSet"), ("ApplyTaxAfterDiscount", False)):
        record.setdefault(name, value)
    _sales_number(work, record)
    _from_customer(work, record)


def taxes(work: Work, record: Record, taxed: Decimal) -> Record:
    """Tax of a US company: by the rates of the code of the whole transaction."""
    sent = record.get("TxnTaxDetail") or {}
    if not work.realm.preference("TaxPrefs", "UsingSalesTax"):
        return {"TotalTax": ZERO}
    code = work.realm.get("TaxCode", value_of(sent.get("TxnTaxCodeRef")))
    if code is None:
        return {**sent, "TotalTax": sent.get("TotalTax", ZERO)}
    parts = [_tax_line(work, detail, taxed) for detail in (code.get("SalesTaxRateList") or {}).get("TaxRateDetail", ())]
    total = sum((part["Amount"] for part in parts), ZERO)
    return {"TxnTaxCodeRef": {"value": code["Id"]}, "TotalTax": total, "TaxLine": parts}


def _tax_line(work: Work, rate_detail: Record, taxed: Decimal) -> Record:
    id = value_of(rate_detail.get("TaxRateRef"))
    percent = Decimal((work.realm.get("TaxRate", id) or {}).get("RateValue") or 0)
    detail = {
        "TaxRateRef": {"value": id},
        "PercentBased": True,
        "TaxPercent": percent,
        "NetAmountTaxable": taxed,
    }
    return {"Amount": cents(taxed * percent / 100), "DetailType": "TaxLineDetail", "TaxLineDetail": detail}


def _sales_number(work: Work, record: Record) -> None:
    """Sales get the next number by themselves, unless the company numbers them."""
    if "DocNumber" in record or work.realm.preference("SalesFormsPrefs", "CustomTxnNumbers"):
        return
    last = work.realm.counters.get("sales number", 1000)
    numbers = work.realm.numbers
    while ("sales", str(last + 1)) in numbers:
        last += 1
    work.realm.counters["sales number"] = last + 1
    record["DocNumber"] = str(last + 1)


def _from_customer(work: Work, record: Record) -> None:
    customer: Record = work.realm.get("Customer", value_of(record.get("CustomerRef"))) or {}
    for name, field in (("BillAddr", "BillAddr"), ("ShipAddr", "ShipAddr"), ("BillEmail", "PrimaryEmailAddr")):
        if name not in record and field in customer:
            record[name] = customer[field]


def _invoice(work: Work, record: Record, old: Record | None) -> None:
    _sales(work, record)
    record.setdefault("DueDate", due_date(work.realm, record))
    _balance(work, "Invoice", record, old)


def _credit_memo(work: Work, record: Record, old: Record | None) -> None:
    _sales(work, record)
    _balance(work, "CreditMemo", record, old)
    record["RemainingCredit"] = record["Balance"]


def _sales_receipt(work: Work, record: Record, old: Record | None) -> None:
    _deposit_to(work, record)
    _sales(work, record)
    record["Balance"] = ZERO


def _refund_receipt(work: Work, record: Record, old: Record | None) -> None:
    _deposit_to(work, record)
    _sales(work, record)
    record["Balance"] = ZERO


def _deposit(work: Work, record: Record, old: Record | None) -> Settled:
    _deposit_to(work, record)
    total = lines.deposit(work, record["Line"], _key("Deposit", old))
    cash_back = record.get("CashBack") or {}
    for name in ("AccountRef", "Amount") if cash_back else ():
        if name not in cash_back:
            raise bodies.required(f"CashBack.{name}")
    _total(record, total - cash_back.get("Amount", ZERO))
    return {wish.target: abs(wish.amount) for wish in links.wishes(record["Line"])}


def _transfer(work: Work, record: Record, old: Record | None) -> None:
    for name in ("FromAccountRef", "ToAccountRef"):
        account: Record = work.realm.get("Account", value_of(record[name])) or {}
        if accounts.classification(account) not in BALANCE_SHEET:
            raise bodies.business(f"{name} must be an account of the balance sheet", element=name)
    if value_of(record["FromAccountRef"]) == value_of(record["ToAccountRef"]):
        raise bodies.business("A transfer goes from one account to another", element="ToAccountRef")


def _journal_entry(work: Work, record: Record, old: Record | None) -> None:
    record.setdefault("Adjustment", False)
    lines.journal(work, record["Line"])


FORMS: dict[str, Callable[[Work, Record, Record | None], Any]] = {
    "Bill": _bill,
    "VendorCredit": _vendor_credit,
    "BillPayment": _bill_payment,
    "Purchase": _purchase,
    "Invoice": _invoice,
    "CreditMemo": _credit_memo,
    "Payment": _payment,
    "SalesReceipt": _sales_receipt,
    "RefundReceipt": _refund_receipt,
    "Deposit": _deposit,
    "Transfer": _transfer,
    "JournalEntry": _journal_entry,
}


# Reference: Intuit docs, voiding: the transaction stays, with nothing in it and a word in its memo.
_AMOUNTS = ("Line", "TotalAmt", "Amount", "Balance", "RemainingCredit", "UnappliedAmt", "TxnTaxDetail")


def is_void(entity: str, record: Record) -> bool:
    """There is nothing left in it to change but its words."""
    noted = str(record.get("PrivateNote") or "").startswith("Voided")
    return noted and VOIDABLE[entity] and not record.get("TotalAmt") and not record.get("Amount")


def voided_note(record: Record) -> str:
    note = str(record.get("PrivateNote") or "")
    return note if note.startswith("Voided") else f"Voided - {note}" if note else "Voided"


def voided(entity: str, record: Record) -> Record:
    zeroed: Record = {**record, "PrivateNote": voided_note(record)}
    for name in ("TotalAmt", "Balance", "RemainingCredit", "UnappliedAmt", "Amount", "HomeBalance"):
        if name in zeroed:
            zeroed[name] = ZERO
    if "TxnTaxDetail" in zeroed:
        zeroed["TxnTaxDetail"] = {"TotalTax": ZERO}
    if entity in ("BillPayment", "Payment"):
        zeroed["Line"] = []
    else:
        zeroed["Line"] = [_empty_line(line) for line in record.get("Line") or ()]
    return zeroed


def _empty_line(line: Record) -> Record:
    kind = line.get("DetailType", "")
    detail = {name: ZERO if name == "Qty" else value for name, value in (line.get(kind) or {}).items()}
    return {**line, "Amount": ZERO, **({kind: detail} if kind in line else {})}
