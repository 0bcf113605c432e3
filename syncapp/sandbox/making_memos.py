"""The credit memos of a made-up company: by turns in QuickBooks and in BILL, none of them applied."""

from __future__ import annotations

from datetime import date

from syncapp.sandbox.making_invoices import Invoices


class Memos(Invoices):
    def make(self) -> None:
        super().make()
        customers = [each for each in self.customers if self.twin("Customer", each)]
        items = [each for each in self.items if self.twin("Item", each)]
        for position in range(self.size.memos if customers and items else 0):
            customer, item = customers[position % len(customers)], items[position % len(items)]
            if position % 2:
                self._memo_in_billcom(position, customer, item)
            else:
                self._memo_in_qbo(position, customer, item)

    def _memo_in_qbo(self, position: int, customer: str, item: str) -> None:
        day, price = self._memo_day(position), self._price(item)
        detail = {"ItemRef": {"value": item}, "Qty": 1, "UnitPrice": price}
        line = {"Id": "1", "DetailType": "SalesItemLineDetail", "Amount": price, "Description": "Returned"}
        record = {
            "CustomerRef": {"value": customer},
            "DocNumber": f"CM-{700 + position}",
            "TxnDate": day,
            "TotalAmt": price,
            "RemainingCredit": price,
            "Balance": price,
            "Line": [{**line, "SalesItemLineDetail": detail}],
        }
        self.in_qbo("CreditMemo", record, date.fromisoformat(day))

    def _memo_in_billcom(self, position: int, customer: str, item: str) -> None:
        day = self._memo_day(position)
        line = {"description": "Returned", "quantity": 1, "price": self._price(item)}
        record = {
            "customerId": self.twin("Customer", customer),
            "referenceNumber": f"CM-{700 + position}",
            "creditDate": day,
            "creditMemoLineItems": [{**line, "classifications": {"itemId": self.twin("Item", item)}}],
            "archived": False,
        }
        self.in_billcom("credit-memos", "ccr", record, date.fromisoformat(day))

    def _memo_day(self, position: int) -> str:
        return self.spread(position, self.size.memos).isoformat()
