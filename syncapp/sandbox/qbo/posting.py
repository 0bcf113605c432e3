"""What each transaction posts to the ledger. A debit is plus, a credit is minus; each transaction sums to nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

from syncapp.sandbox.qbo import accounts
from syncapp.sandbox.qbo.fields import ZERO, cents
from syncapp.sandbox.qbo.store import Key, Realm, Record, value_of

Posting = tuple[str, Decimal, Key | None]
SystemAccount = accounts.SystemAccount
OWED = ("Accounts Payable", "Accounts Receivable")


class Books:
    """A company as the poster sees it; makes the accounts it needs."""

    def __init__(self, realm: Realm, make_account: Callable[[SystemAccount], str]) -> None:
        self.realm = realm
        self._make_account = make_account

    def account(self, wanted: SystemAccount) -> str:
        return accounts.find(self.realm, wanted) or self._make_account(wanted)

    def item(self, id: str) -> Record:
        return self.realm.get("Item", id) or {}

    def postings(self, entity: str, record: Record) -> tuple[Posting, ...]:
        rule = RULES.get(entity)
        if rule is None:
            return ()
        return tuple(posting for posting in rule(self, record) if posting[1])


def amount_of(part: Record, name: str = "Amount") -> Decimal:
    value = part.get(name)
    return cents(value) if value is not None else ZERO


def _name(kind: str, reference: Any) -> Key | None:
    id = value_of(reference)
    return (kind, id) if id else None


def _entity(reference: Any) -> Key | None:
    """A reference that says itself what it names: `{"value": "56", "type": "VENDOR"}`."""
    id = value_of(reference)
    kind = str(reference.get("type") or "").capitalize() if id else ""
    return (kind or "Vendor", id) if id else None


def _details(record: Record, kind: str) -> Iterator[tuple[Record, Record]]:
    return ((line, line[kind]) for line in _flat(record.get("Line") or ()) if kind in line)


def _flat(lines: Iterable[Record]) -> Iterator[Record]:
    for line in lines:
        yield line
        yield from (line.get("GroupLineDetail") or {}).get("Line") or ()


def expense_lines(books: Books, record: Record, name: Key | None, sign: int) -> Iterator[Posting]:
    for line, detail in _details(record, "AccountBasedExpenseLineDetail"):
        account = value_of(detail.get("AccountRef"))
        yield account, sign * amount_of(line), _owed_by(books, account, name)
    for line, detail in _details(record, "ItemBasedExpenseLineDetail"):
        yield bought_for(books, value_of(detail.get("ItemRef"))), sign * amount_of(line), None


def _owed_by(books: Books, account: str, name: Key | None) -> Key | None:
    """A line on an account of debts belongs to the vendor or the customer of the transaction."""
    return name if accounts.of_type(books.realm, account, OWED) else None


def bought_for(books: Books, item_id: str) -> str:
    item = books.item(item_id)
    if item.get("Type") == "Inventory":
        return value_of(item.get("AssetAccountRef")) or books.account(accounts.INVENTORY)
    expense = value_of(item.get("ExpenseAccountRef"))
    return expense or value_of(item.get("IncomeAccountRef")) or books.account(accounts.COST_OF_GOODS)


def sales_lines(books: Books, record: Record, sign: int) -> Iterator[Posting]:
    for line, detail in _details(record, "SalesItemLineDetail"):
        account = value_of(detail.get("ItemAccountRef"))
        item = books.item(value_of(detail.get("ItemRef")))
        account = account or value_of(item.get("IncomeAccountRef")) or books.account(accounts.SALES)
        yield account, sign * amount_of(line), None
        if str(record.get("TxnDate")) >= str(item.get("InvStartDate") or ""):
            yield from _goods(books, item, line, detail, sign)
    for line, detail in _details(record, "DiscountLineDetail"):
        account = value_of(detail.get("DiscountAccountRef")) or books.account(accounts.DISCOUNTS)
        yield account, -sign * amount_of(line), None
    yield from _taxes(books, record, sign)


def _goods(books: Books, item: Record, line: Record, detail: Record, sign: int) -> Iterator[Posting]:
    """Goods that leave the stock become a cost; they have no line of their own. No quantity means one piece."""
    quantity = detail.get("Qty", 1 if amount_of(line) else 0)
    cost = cents(Decimal(quantity) * Decimal(item.get("PurchaseCost") or 0))
    if item.get("Type") != "Inventory" or not cost:
        return
    expense = value_of(item.get("ExpenseAccountRef")) or books.account(accounts.COST_OF_GOODS)
    yield expense, -sign * cost, None
    yield value_of(item.get("AssetAccountRef")) or books.account(accounts.INVENTORY), sign * cost, None


def _taxes(books: Books, record: Record, sign: int) -> Iterator[Posting]:
    taxes = record.get("TxnTaxDetail") or {}
    rest = amount_of(taxes, "TotalTax")
    for line in taxes.get("TaxLine") or ():
        account = accounts.tax_account(books.realm, line)
        if account:
            rest -= amount_of(line)
            yield account, sign * amount_of(line), None
    if rest:
        yield books.account(accounts.TAX_PAYABLE), sign * rest, None


def _bill(books: Books, record: Record, sign: int = 1) -> Iterator[Posting]:
    vendor = _name("Vendor", record.get("VendorRef"))
    payable = value_of(record.get("APAccountRef")) or books.account(accounts.PAYABLE)
    yield payable, -sign * amount_of(record, "TotalAmt"), vendor
    yield from expense_lines(books, record, vendor, sign)


def _vendor_credit(books: Books, record: Record) -> Iterator[Posting]:
    return _bill(books, record, -1)


def paid_from(record: Record) -> str:
    part = record.get("CheckPayment") or {}
    card = record.get("CreditCardPayment") or {}
    return value_of(part.get("BankAccountRef")) or value_of(card.get("CCAccountRef"))


def _bill_payment(books: Books, record: Record) -> Iterator[Posting]:
    total = amount_of(record, "TotalAmt")
    if total:
        payable = value_of(record.get("APAccountRef")) or books.account(accounts.PAYABLE)
        yield payable, total, _name("Vendor", record.get("VendorRef"))
        yield paid_from(record), -total, None


def _purchase(books: Books, record: Record) -> Iterator[Posting]:
    sign = -1 if record.get("Credit") and record.get("PaymentType") == "CreditCard" else 1
    yield value_of(record.get("AccountRef")), -sign * amount_of(record, "TotalAmt"), None
    yield from expense_lines(books, record, _entity(record.get("EntityRef")), sign)


def _owed(books: Books, record: Record, sign: int) -> Iterator[Posting]:
    customer = _name("Customer", record.get("CustomerRef"))
    yield books.account(accounts.RECEIVABLE), sign * amount_of(record, "TotalAmt"), customer
    yield from sales_lines(books, record, -sign)


def _invoice(books: Books, record: Record) -> Iterator[Posting]:
    return _owed(books, record, 1)


def _credit_memo(books: Books, record: Record) -> Iterator[Posting]:
    return _owed(books, record, -1)


def received_in(books: Books, record: Record) -> str:
    return value_of(record.get("DepositToAccountRef")) or books.account(accounts.UNDEPOSITED)


def _payment(books: Books, record: Record) -> Iterator[Posting]:
    total = amount_of(record, "TotalAmt")
    if total:
        receivable = value_of(record.get("ARAccountRef")) or books.account(accounts.RECEIVABLE)
        yield received_in(books, record), total, None
        yield receivable, -total, _name("Customer", record.get("CustomerRef"))


def _sales_receipt(books: Books, record: Record) -> Iterator[Posting]:
    yield received_in(books, record), amount_of(record, "TotalAmt"), None
    yield from sales_lines(books, record, -1)


def _refund_receipt(books: Books, record: Record) -> Iterator[Posting]:
    yield received_in(books, record), -amount_of(record, "TotalAmt"), None
    yield from sales_lines(books, record, 1)


def _deposit(books: Books, record: Record) -> Iterator[Posting]:
    yield value_of(record.get("DepositToAccountRef")), amount_of(record, "TotalAmt"), None
    cash_back = record.get("CashBack") or {}
    if cash_back:
        yield value_of(cash_back.get("AccountRef")), amount_of(cash_back), None
    for line in record.get("Line") or ():
        detail = line.get("DepositLineDetail") or {}
        account = value_of(detail.get("AccountRef")) or _deposited_from(books, line)
        yield account, -amount_of(line), _owed_by(books, account, _entity(detail.get("Entity")))


def _deposited_from(books: Books, line: Record) -> str:
    link: Record = next(iter(line.get("LinkedTxn") or ()), {})
    source = books.realm.get(str(link.get("TxnType")), str(link.get("TxnId"))) or {}
    return received_in(books, source)


def _transfer(books: Books, record: Record) -> Iterator[Posting]:
    yield value_of(record.get("ToAccountRef")), amount_of(record), None
    yield value_of(record.get("FromAccountRef")), -amount_of(record), None


def _journal_entry(books: Books, record: Record) -> Iterator[Posting]:
    for line, detail in _details(record, "JournalEntryLineDetail"):
        sign = 1 if detail.get("PostingType") == "Debit" else -1
        entity = detail.get("Entity") or {}
        name = _name(str(entity.get("Type") or "Vendor"), entity.get("EntityRef"))
        account = value_of(detail.get("AccountRef"))
        yield account, sign * amount_of(line), _owed_by(books, account, name)


def _account(books: Books, record: Record) -> Iterator[Posting]:
    opening = accounts.shown(record, amount_of(record, "OpeningBalance"))
    yield record["Id"], opening, None
    yield books.account(accounts.OPENING_EQUITY), -opening, None


def _item(books: Books, record: Record) -> Iterator[Posting]:
    """The stock an item begins with: the books adjust the inventory, no record shows it."""
    if record.get("Type") == "Inventory":
        worth = cents(Decimal(record.get("QtyOnHand") or 0) * Decimal(record.get("PurchaseCost") or 0))
        yield value_of(record.get("AssetAccountRef")), worth, None
        yield books.account(accounts.OPENING_EQUITY), -worth, None


RULES: dict[str, Callable[[Books, Record], Iterator[Posting]]] = {
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
#: What a list entity posts once, when it is made.
OPENING_RULES: dict[str, Callable[[Books, Record], Iterator[Posting]]] = {"Account": _account, "Item": _item}
