"""The invoices of a made-up company: in QuickBooks, in BILL, on both sides, and some that a customer has paid."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from syncapp.sandbox.making import Record
from syncapp.sandbox.making_bills import DAYS, DUE_DAYS, FIRST_DAY, PAID_DAYS
from syncapp.sandbox.making_credits import Credits

QBO_ONLY, BOTH = 0, 1
"""Of three invoices: the first is in QuickBooks only, the second on both sides, the third in BILL and paid there."""


class Invoices(Credits):
    def make(self) -> None:
        super().make()
        customers = [each for each in self.customers if self.twin("Customer", each)]
        items = [each for each in self.items if self.twin("Item", each)]
        for position in range(self.size.invoices if customers and items else 0):
            self._invoice_of(position, customers[position % len(customers)], items[position % len(items)])

    def _invoice_of(self, position: int, customer: str, item: str) -> None:
        number, quantity, price = f"S-{500 + position}", 1 + position % 4, self._price(item)
        if position % 3 in (QBO_ONLY, BOTH):
            self._invoice_in_qbo(position, number, customer, item, quantity * price)
        if position % 3 == QBO_ONLY:
            return
        made = self._invoice_in_billcom(position, number, customer, item, quantity)
        if position % 3 != BOTH:
            self._received(position, made, customer, quantity * price)

    def _price(self, item: str) -> Decimal:
        price: Decimal = self.qbo["Item"][int(item) - 1]["UnitPrice"]
        return price

    def _days(self, position: int) -> tuple[str, str, str]:
        """Its own, when it is due, and when it is paid."""
        day = self.spread(position, self.size.invoices)
        due, paid = day + timedelta(days=DUE_DAYS), day + timedelta(days=PAID_DAYS)
        return day.isoformat(), due.isoformat(), paid.isoformat()

    @staticmethod
    def spread(position: int, number: int) -> date:
        """The day of this one of so many, over the year."""
        return FIRST_DAY + timedelta(days=position * DAYS // number)

    def _invoice_in_qbo(self, position: int, number: str, customer: str, item: str, amount: Decimal) -> None:
        day, due, _ = self._days(position)
        price = self._price(item)
        detail = {"ItemRef": {"value": item}, "Qty": amount / price, "UnitPrice": price}
        line = {"Id": "1", "DetailType": "SalesItemLineDetail", "Amount": amount, "Description": "Sold"}
        record: Record = {
            "CustomerRef": {"value": customer},
            "DocNumber": number,
            "TxnDate": day,
            "DueDate": due,
            "TotalAmt": amount,
            "Balance": amount,
            "Line": [{**line, "SalesItemLineDetail": detail}],
        }
        self.in_qbo("Invoice", record, date.fromisoformat(day))

    def _invoice_in_billcom(self, position: int, number: str, customer: str, item: str, quantity: int) -> str:
        day, due, _ = self._days(position)
        line = {"description": "Sold", "quantity": quantity, "price": self._price(item)}
        record = {
            "customerId": self.twin("Customer", customer),
            "invoiceNumber": number,
            "invoiceDate": day,
            "dueDate": due,
            "invoiceLineItems": [{**line, "classifications": {"itemId": self.twin("Item", item)}}],
            "archived": False,
        }
        return self.in_billcom("invoices", "00e", record, date.fromisoformat(day))

    def _received(self, position: int, invoice: str, customer: str, amount: Decimal) -> None:
        """Outside BILL, and recorded there."""
        _, _, paid = self._days(position)
        record = {
            "customerId": self.twin("Customer", customer),
            "amount": amount,
            "paymentDate": paid,
            "invoicePayments": [{"invoiceId": invoice, "amount": amount, "paymentDate": paid}],
            "receivablesType": "CHECK",
            "status": "PAID",
            "onlinePayment": False,
            "description": "",
        }
        self.in_billcom("receivable-payments", "0rp", record, date.fromisoformat(paid))
