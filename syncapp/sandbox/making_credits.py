"""The vendor credits of a made-up company: most in BILL, some in QuickBooks, some used on a bill."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from syncapp.sandbox.making import Record
from syncapp.sandbox.making_bills import DAYS, FIRST_DAY, NOTHING, Bills, Invoice

USED, QBO_ONLY = 1, 2
"""Of three credits: the second is used on a bill in BILL, the third is in QuickBooks only."""


class Credits(Bills):
    def make(self) -> None:
        super().make()
        known = [vendor for vendor in self.vendors if self.twin("Vendor", vendor)]
        for position in range(self.size.credits if known else 0):
            self._credit(position, known[position % len(known)])

    def _credit(self, position: int, vendor: str) -> None:
        line = replace(self._line(0), customer="", accounting_class="")
        credit = Invoice(
            number=f"CR-{100 + position}",
            vendor=vendor,
            day=FIRST_DAY + timedelta(days=position * DAYS // self.size.credits),
            lines=(line,),
            location="",
            total=line.amount,
            paid=NOTHING,
        )
        if position % 3 == QBO_ONLY:
            self._credit_in_qbo(credit)
        else:
            self._credit_in_billcom(credit, self._use(credit) if position % 3 == USED else None)

    def _credit_in_qbo(self, credit: Invoice) -> None:
        record = {
            "VendorRef": {"value": credit.vendor},
            "DocNumber": credit.number,
            "TxnDate": credit.day.isoformat(),
            "TotalAmt": credit.total,
            "Balance": credit.total,
            "Line": [self._line_in_qbo(number, line) for number, line in enumerate(credit.lines, start=1)],
        }
        self.in_qbo("VendorCredit", record, credit.day)

    def _credit_in_billcom(self, credit: Invoice, use: Record | None) -> None:
        """``use``: the payment that used it, in BILL's shape; it is told which credit that was."""
        record = {
            "vendorId": self.twin("Vendor", credit.vendor),
            "referenceNumber": credit.number,
            "creditDate": credit.day.isoformat(),
            "vendorCreditLineItems": [self._line_in_billcom(line, "") for line in credit.lines],
            "archived": False,
        }
        if use is not None:
            (share,) = use["billPayments"]
            record["usage"] = [{"billId": share["billId"], "amount": credit.total, "paymentId": use["id"]}]
        made = self.in_billcom("vendor-credits", "vcr", record, credit.day)
        if use is not None:
            use["billPayments"][0]["vendorCredits"] = [{"id": made, "amount": credit.total}]

    def _use(self, credit: Invoice) -> Record:
        """A bill of twice as much, in BILL: half of it is money, paid elsewhere and recorded, the rest the credit."""
        line = replace(credit.lines[0], amount=2 * credit.total, words="Delivery")
        bill = replace(
            credit, number=credit.number.replace("CR", "DEL"), lines=(line,), total=line.amount, paid=credit.total
        )
        self._in_billcom_books(bill, USED)
        return self.billcom["payments"][-1]
