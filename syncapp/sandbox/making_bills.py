"""The bills and payments of a made-up company: on one side, on the other, and on both with the same lines."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import cycle

from syncapp.sandbox import words
from syncapp.sandbox.making import Lists, Record

FIRST_DAY = date(2026, 1, 5)
DAYS = 300
DUE_DAYS, PAID_DAYS = 30, 20
ONE_IN_PARTS = 7
HALF = Decimal("0.5")
NOTHING = Decimal(0)
CENT = Decimal("0.01")
OPENING = Decimal("250000.00")


@dataclass(frozen=True)
class Line:
    """``customer`` and the rest are ids in QuickBooks; empty for none."""

    amount: Decimal
    account: str
    words: str
    accounting_class: str = ""
    customer: str = ""
    item: str = ""
    quantity: int = 0


@dataclass(frozen=True)
class Invoice:
    """A vendor's bill as it came in the mail: what both sides know of it."""

    number: str
    vendor: str
    day: date
    lines: tuple[Line, ...]
    location: str
    total: Decimal
    # How much of it has been paid, in QuickBooks and in BILL.
    paid: Decimal

    @property
    def due(self) -> date:
        return self.day + timedelta(days=DUE_DAYS)

    @property
    def paid_on(self) -> date:
        return self.day + timedelta(days=PAID_DAYS)


class Bills(Lists):
    def make(self) -> None:
        super().make()
        self.approvals = cycle(words.APPROVALS)
        self._opening()
        for position in range(self.size.bills):
            self._bill(position)

    def _opening(self) -> None:
        """The bank has money before anything is paid from it."""
        lines = [
            {
                "Id": str(position),
                "DetailType": "JournalEntryLineDetail",
                "Amount": OPENING,
                "JournalEntryLineDetail": {"PostingType": side, "AccountRef": {"value": self.account_ids[account]}},
            }
            for position, (side, account) in enumerate((("Debit", "Operating Checking"), ("Credit", "Owner's Equity")))
        ]
        day = FIRST_DAY - timedelta(days=4)
        self.in_qbo("JournalEntry", {"TxnDate": day.isoformat(), "DocNumber": "OPENING", "Line": lines}, day)

    def _bill(self, position: int) -> None:
        """Half of what is not on both sides is in QuickBooks only; so is all of a vendor that BILL doesn't know.

        Of what is on both sides, the one or other is paid on one side only.
        """
        vendor = self.either(self.vendors)
        if not vendor:
            return
        both, in_qbo = self.on_both(), self.random.random() < HALF
        invoice = self._invoice(position, vendor)
        known = bool(self.twin("Vendor", vendor))
        shared = known and both
        if both or in_qbo or not known:
            unpaid_here = shared and position % 3 == 0
            self._in_qbo_books(replace(invoice, paid=NOTHING) if unpaid_here else invoice, position)
        if known and (both or not in_qbo):
            unpaid_there = shared and position % 12 == 1
            self._in_billcom_books(replace(invoice, paid=NOTHING) if unpaid_there else invoice, position)

    def _invoice(self, position: int, vendor: str) -> Invoice:
        lines = tuple(self._line(position) for _ in range(1 + self.random.randrange(self.size.lines)))
        total = sum((line.amount for line in lines), NOTHING)
        paid = NOTHING
        if self.random.random() < self.size.payments:
            paid = (total * HALF).quantize(CENT) if position % ONE_IN_PARTS == 0 else total
        return Invoice(
            number=f"INV-{10000 + position}",
            vendor=vendor,
            day=FIRST_DAY + timedelta(days=position * DAYS // max(self.size.bills, 1)),
            lines=lines,
            location=self.either(self.locations) if position % 4 == 0 else "",
            total=total,
            paid=paid,
        )

    def _line(self, position: int) -> Line:
        item = self.either(self.items) if position % 10 == 9 else ""
        quantity = 1 + self.random.randrange(9)
        cents = self.random.randrange(1000, 250000)
        return Line(
            amount=self._cost(item) * quantity if item else Decimal(cents).scaleb(-2),
            account=self.either(self.expenses),
            words=f"{self.either(words.DELIVERIES)} {self.random.randrange(1, 999)}",
            accounting_class=self.either(self.classes) if position % 3 == 0 else "",
            customer=self.either(self.customers) if position % 8 == 5 else "",
            item=item,
            quantity=quantity if item else 0,
        )

    def _cost(self, item: str) -> Decimal:
        cost: Decimal = self.qbo["Item"][int(item) - 1]["PurchaseCost"]
        return cost

    # --- QuickBooks --------------------------------------------------------------------------------------------------

    def _in_qbo_books(self, invoice: Invoice, position: int) -> None:
        bill: Record = {
            "VendorRef": {"value": invoice.vendor},
            "DocNumber": invoice.number,
            "TxnDate": invoice.day.isoformat(),
            "DueDate": invoice.due.isoformat(),
            "TotalAmt": invoice.total,
            "Balance": invoice.total - invoice.paid,
            "Line": [self._line_in_qbo(number, line) for number, line in enumerate(invoice.lines, start=1)],
        }
        bill |= {"DepartmentRef": {"value": invoice.location}} if invoice.location else {}
        made = self.in_qbo("Bill", bill, invoice.day)
        if invoice.paid:
            payment = self._payment_in_qbo(invoice, made, by_card=position % 9 == 4)
            self.qbo["Bill"][-1]["LinkedTxn"] = [{"TxnId": payment[0], "TxnType": payment[1]}]

    def _line_in_qbo(self, number: int, line: Line) -> Record:
        detail: Record = {"BillableStatus": "NotBillable"}
        detail |= {"CustomerRef": {"value": line.customer}} if line.customer else {}
        detail |= {"ClassRef": {"value": line.accounting_class}} if line.accounting_class else {}
        kind = "ItemBasedExpenseLineDetail" if line.item else "AccountBasedExpenseLineDetail"
        if line.item:
            detail |= {"ItemRef": {"value": line.item}, "Qty": line.quantity, "UnitPrice": self._cost(line.item)}
        else:
            detail |= {"AccountRef": {"value": line.account}}
        return {"Id": str(number), "DetailType": kind, "Amount": line.amount, "Description": line.words, kind: detail}

    def _payment_in_qbo(self, invoice: Invoice, bill: str, *, by_card: bool) -> tuple[str, str]:
        bank, card = self.account_ids["Operating Checking"], self.account_ids["Company Card"]
        means: Record = {"PayType": "Check", "CheckPayment": {"BankAccountRef": {"value": bank}}}
        if by_card:
            means = {"PayType": "CreditCard", "CreditCardPayment": {"CCAccountRef": {"value": card}}}
        payment = {
            "VendorRef": {"value": invoice.vendor},
            **means,
            "TotalAmt": invoice.paid,
            "TxnDate": invoice.paid_on.isoformat(),
            "DocNumber": invoice.number.replace("INV-", "P"),
            "Line": [{"Amount": invoice.paid, "LinkedTxn": [{"TxnId": bill, "TxnType": "Bill"}]}],
        }
        made = self.in_qbo("BillPayment", payment, invoice.paid_on)
        return made, "BillPaymentCreditCard" if by_card else "BillPaymentCheck"

    # --- BILL --------------------------------------------------------------------------------------------------------

    def _in_billcom_books(self, invoice: Invoice, position: int) -> None:
        vendor = self.twin("Vendor", invoice.vendor)
        bill = {
            "vendorId": vendor,
            "dueDate": invoice.due.isoformat(),
            "invoice": {"invoiceNumber": invoice.number, "invoiceDate": invoice.day.isoformat()},
            "billLineItems": [self._line_in_billcom(line, invoice.location) for line in invoice.lines],
            "approvalStatus": "APPROVED" if invoice.paid else next(self.approvals),
            "archived": False,
        }
        made = self.in_billcom("bills", "00n", bill, invoice.day)
        if invoice.paid:
            self._payment_in_billcom(invoice, made, vendor, online=position % 2 == 0)

    def _line_in_billcom(self, line: Line, location: str) -> Record:
        codes = {
            "chartOfAccountId": "" if line.item else self.twin("Account", line.account),
            "itemId": self.twin("Item", line.item),
            "accountingClassId": self.twin("Class", line.accounting_class),
            "locationId": self.twin("Department", location),
            "customerId": self.twin("Customer", line.customer),
        }
        shown: Record = {"amount": line.amount, "description": line.words}
        if codes["itemId"]:
            shown |= {"quantity": line.quantity, "price": self._cost(line.item)}
        return {**shown, "classifications": {name: code for name, code in codes.items() if code}}

    def _payment_in_billcom(self, invoice: Invoice, bill: str, vendor: str, *, online: bool) -> None:
        """Through BILL from its first bank account, or paid elsewhere and recorded."""
        payment: Record = {
            "vendorId": vendor,
            "billPayments": [{"billId": bill, "amount": invoice.paid}],
            "amount": invoice.paid,
            "processDate": invoice.paid_on.isoformat(),
            "onlinePayment": online,
            "status": "PAID",
            "singleStatus": "CLEARED",
            "disbursementStatus": "DONE",
            "disbursementType": "ACH" if online else "OFFLINE",
        }
        if online:
            payment["fundingAccount"] = {"type": "BANK_ACCOUNT", "id": self.billcom["banks"][0]["id"]}
        self.in_billcom("payments", "stp", payment, invoice.paid_on)
