"""Vendors, customers, classifications, bank accounts, users: what BILL adds to their plain fields."""

from __future__ import annotations

from syncapp.sandbox.billcom.books import Books, Rules, problem
from syncapp.sandbox.billcom.errors import Refused, duplicate, invalid
from syncapp.sandbox.billcom.values import ZERO, Row, masked

CONNECTED = ("CONNECTED", "CONNECTED_RPPS")
MOST_DAYS = 999
OF_THE_NETWORK = ("name", "address", "email", "phone")


class VendorRules(Rules):
    def prepare(self, books: Books, row: Row, old: Row | None, payload: Row) -> None:
        if old is None:
            payee = {"payeeName": row["name"], "payByType": "CHECK"}
            row["paymentInformation"] = {**payee, **row.get("paymentInformation", {})}
        elif old["networkStatus"] in CONNECTED and books.switches.billcom_network_keeps_vendors:
            changed = [name for name in OF_THE_NETWORK if row.get(name) != old.get(name)]
            if changed:
                raise invalid("Changes don't match this vendor's information in the BILL network.", changed[0])

    def shown(self, books: Books, row: Row, *, reading: bool) -> Row:
        owed = books.organization.owed.get(row["id"], ZERO)
        shown = {**row, "balance": {"amount": owed, "lastUpdatedDate": row["updatedTime"]}}
        tax_id = row.get("additionalInfo", {}).get("taxId")
        if tax_id and books.switches.billcom_mask_tax_id:
            shown["additionalInfo"] = {**row["additionalInfo"], "taxId": masked(tax_id)}
        return shown


class CustomerRules(Rules):
    def shown(self, books: Books, row: Row, *, reading: bool) -> Row:
        return {**row, "balance": {"amount": row.get("balance", {}).get("amount", ZERO)}}


class PaymentTermRules(Rules):
    """One for each number of days. Reference: https://developer.bill.com/docs/payment-terms"""

    def prepare(self, books: Books, row: Row, old: Row | None, payload: Row) -> None:
        row.pop("archived", None)
        days = row["daysDue"]
        if days != int(days) or not 0 <= days <= MOST_DAYS:
            raise invalid(f"daysDue: must be between 0 and {MOST_DAYS}", "daysDue")
        for other in books.organization.tables["payment-terms"]:
            if other["id"] != row["id"] and other["daysDue"] == days:
                raise duplicate(f"daysDue: a payment term of {days} days already exists", "daysDue")


class ClassificationRules(Rules):
    """Accounts, classes and the like. A name is unique in its parent, where it has to be at all."""

    def __init__(self, name: str) -> None:
        self.name = name

    def prepare(self, books: Books, row: Row, old: Row | None, payload: Row) -> None:
        if self.name == "chart-of-accounts":
            row["account"] = {"type": "UNSPECIFIED", **row.get("account", {})}
        above, seen = row.get("parentId"), {row["id"]}
        rows = books.organization.tables[self.name].rows
        while above:
            if above in seen:
                raise Refused(400, problem("must not be the record itself or below it", "parentId"))
            seen.add(above)
            above = rows[above].get("parentId")


class BankRules(Rules):
    def prepare(self, books: Books, row: Row, old: Row | None, payload: Row) -> None:
        if old is not None and old["status"] != "VERIFIED":
            raise invalid("Only a verified bank account can be changed.", "status")

    def shown(self, books: Books, row: Row, *, reading: bool) -> Row:
        number = row.get("accountNumber")
        if not number or not books.switches.billcom_mask_account_number:
            return row
        return {**row, "accountNumber": masked(number)}


class UserRules(Rules):
    """A request names the role by its id, the answer shows the role."""

    def prepare(self, books: Books, row: Row, old: Row | None, payload: Row) -> None:
        row.pop("acceptTermsOfService", None)
        role_id = row.pop("roleId", None)
        if role_id:
            role = books.organization.row("roles", role_id)
            row["role"] = {name: role[name] for name in ("id", "type", "description") if name in role}
