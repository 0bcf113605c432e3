"""The fields that a person can edit without knowing JSON: declared once per kind, read and written by path."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from syncapp.sandbox.billcom.resources import ACCOUNT_TYPES as BILLCOM_TYPES
from syncapp.sandbox.billcom.resources import RESOURCES
from syncapp.sandbox.pages.books import Books, Record, dig
from syncapp.sandbox.pages.markup import Safe, choice, entry
from syncapp.sandbox.qbo.entities_lists import ACCOUNT_TYPES as QBO_TYPES

DETAILS = ("AccountBasedExpenseLineDetail", "ItemBasedExpenseLineDetail")
LINES = {"qbo": "Line", "billcom": "billLineItems"}


@dataclass(frozen=True)
class Input:
    """``of``: the kind of record that it names. A path that begins with "line" leads into the only line."""

    name: str
    label: str
    path: str
    kind: str = "text"
    of: str = ""
    options: tuple[str, ...] = ()
    only_new: bool = False

    @property
    def steps(self) -> list[str]:
        return self.path.split(".")

    @property
    def in_line(self) -> bool:
        return self.path.startswith("line.")


def _address(side: str, group: str) -> tuple[Input, ...]:
    names = ("Line1", "City", "CountrySubDivisionCode", "PostalCode", "Country")
    if side == "billcom":
        names = ("line1", "city", "stateOrProvince", "zipOrPostalCode", "country")
    labels = ("Street", "City", "State", "Postal code", "Country")
    return tuple(
        Input(label.lower().replace(" ", "_"), label, f"{group}.{name}")
        for label, name in zip(labels, names, strict=True)
    )


_NAME = Input("name", "Name", "name")
_PLAIN = (_NAME, Input("description", "Description", "description"))
_PARTY = (
    Input("name", "Display name", "DisplayName"),
    Input("company", "Company", "CompanyName"),
    Input("email", "E-mail", "PrimaryEmailAddr.Address"),
    Input("phone", "Phone", "PrimaryPhone.FreeFormNumber", "tel"),
    *_address("qbo", "BillAddr"),
)
_MEMO = (
    Input("number", "Number", "DocNumber"),
    Input("date", "Date", "TxnDate", "date"),
    Input("memo", "Memo", "PrivateNote"),
)
_QBO_LINE = (
    Input("amount", "Amount", "line.Amount", "number"),
    Input("account", "Account", "line.AccountBasedExpenseLineDetail.AccountRef.value", of="Account"),
    Input("line_class", "Class", "line.AccountBasedExpenseLineDetail.ClassRef.value", of="Class"),
    Input("words", "Line description", "line.Description"),
)
_BILLCOM_LINE = (
    Input("amount", "Amount", "line.amount", "number"),
    Input("account", "Account", "line.classifications.chartOfAccountId", of="chart-of-accounts"),
    Input("line_class", "Class", "line.classifications.accountingClassId", of="accounting-classes"),
    Input("line_location", "Location", "line.classifications.locationId", of="locations"),
    Input("words", "Line description", "line.description"),
)

INPUTS: dict[tuple[str, str], tuple[Input, ...]] = {
    ("qbo", "Vendor"): (
        *_PARTY,
        Input("account_number", "Account no.", "AcctNum"),
        Input("term", "Terms", "TermRef.value", of="Term"),
    ),
    ("qbo", "Customer"): (*_PARTY, Input("parent", "Parent customer", "ParentRef.value", of="Customer")),
    ("qbo", "Employee"): (
        Input("first_name", "First name", "GivenName"),
        Input("last_name", "Last name", "FamilyName"),
        *_PARTY[:1],
    ),
    ("qbo", "Account"): (
        Input("name", "Name", "Name"),
        Input("number", "Number", "AcctNum"),
        Input("type", "Type", "AccountType", options=tuple(QBO_TYPES)),
        Input("parent", "Parent account", "ParentRef.value", of="Account"),
        Input("description", "Description", "Description"),
    ),
    ("qbo", "Class"): (Input("name", "Name", "Name"), Input("parent", "Parent", "ParentRef.value", of="Class")),
    ("qbo", "Department"): (
        Input("name", "Name", "Name"),
        Input("parent", "Parent", "ParentRef.value", of="Department"),
    ),
    ("qbo", "Item"): (
        Input("name", "Name", "Name"),
        Input("type", "Type", "Type", options=("Service", "NonInventory", "Inventory")),
        Input("price", "Price", "UnitPrice", "number"),
        Input("cost", "Cost", "PurchaseCost", "number"),
        Input("income_account", "Income account", "IncomeAccountRef.value", of="Account"),
        Input("expense_account", "Expense account", "ExpenseAccountRef.value", of="Account"),
    ),
    ("qbo", "Term"): (Input("name", "Name", "Name"), Input("days", "Due days", "DueDays", "number")),
    ("qbo", "Bill"): (
        Input("vendor", "Vendor", "VendorRef.value", of="Vendor"),
        *_MEMO,
        Input("due_date", "Due date", "DueDate", "date"),
        Input("location", "Location", "DepartmentRef.value", of="Department"),
        *_QBO_LINE,
    ),
    ("qbo", "VendorCredit"): (Input("vendor", "Vendor", "VendorRef.value", of="Vendor"), *_MEMO, *_QBO_LINE),
    **{
        ("qbo", entity): _MEMO
        for entity in (
            *("BillPayment", "Purchase", "Invoice", "Payment", "SalesReceipt", "CreditMemo", "RefundReceipt"),
            *("Deposit", "Transfer", "JournalEntry"),
        )
    },
    ("qbo", "CompanyInfo"): (
        Input("name", "Company name", "CompanyName"),
        Input("email", "E-mail", "Email.Address"),
        *_address("qbo", "CompanyAddr"),
    ),
    ("qbo", "Preferences"): (Input("closed", "Books closed until", "AccountingInfoPrefs.BookCloseDate", "date"),),
    ("billcom", "payment-terms"): (_NAME, Input("days", "Days due", "daysDue", "number")),
    ("billcom", "vendors"): (
        _NAME,
        Input("company", "Company", "additionalInfo.companyName"),
        Input("email", "E-mail", "email"),
        Input("phone", "Phone", "phone", "tel"),
        *_address("billcom", "address"),
        Input("account_number", "Account no.", "accountNumber"),
        Input("term", "Payment term", "additionalInfo.paymentTermId", of="payment-terms"),
    ),
    ("billcom", "customers"): (
        _NAME,
        Input("company", "Company", "companyName"),
        Input("email", "E-mail", "email"),
        Input("phone", "Phone", "phone", "tel"),
        *_address("billcom", "billingAddress"),
    ),
    ("billcom", "chart-of-accounts"): (
        _NAME,
        Input("number", "Number", "account.number"),
        Input("type", "Type", "account.type", options=BILLCOM_TYPES),
        Input("parent", "Parent account", "parentId", of="chart-of-accounts"),
        Input("description", "Description", "description"),
    ),
    **{("billcom", each): _PLAIN for each in ("accounting-classes", "departments", "locations", "jobs")},
    ("billcom", "employees"): (
        Input("first_name", "First name", "firstName"),
        Input("last_name", "Last name", "lastName"),
    ),
    ("billcom", "items"): (
        _NAME,
        Input("type", "Type", "type", options=("SERVICE", "NON_INVENTORY", "INVENTORY", "OTHER_CHARGE")),
        Input("price", "Price", "price", "number"),
        Input("cost", "Cost", "purchaseCost", "number"),
        Input("income_account", "Income account", "chartOfAccountId", of="chart-of-accounts"),
        Input("expense_account", "Expense account", "expenseChartOfAccountId", of="chart-of-accounts"),
    ),
    ("billcom", "bills"): (
        Input("vendor", "Vendor", "vendorId", of="vendors"),
        Input("number", "Number", "invoice.invoiceNumber"),
        Input("date", "Date", "invoice.invoiceDate", "date"),
        Input("due_date", "Due date", "dueDate", "date"),
        Input("memo", "Memo", "description"),
        *_BILLCOM_LINE,
    ),
    ("billcom", "vendor-credits"): (
        Input("number", "Number", "referenceNumber"),
        Input("date", "Date", "creditDate", "date"),
        Input("memo", "Memo", "description"),
    ),
    ("billcom", "banks"): (
        Input("name", "Name on account", "nameOnAccount"),
        Input("bank", "Bank", "bankName"),
        Input("account", "Account in the books", "chartOfAccountId", of="chart-of-accounts"),
    ),
    ("billcom", "users"): (
        Input("first_name", "First name", "firstName"),
        Input("last_name", "Last name", "lastName"),
        Input("email", "E-mail", "email", only_new=True),
        Input("role", "Role", "roleId", of="roles"),
    ),
}
# A new one of these takes more than the fields above: it is made as JSON.
ONLY_RAW = ("vendor-credits", "banks", "payments", "roles", *RESOURCES.keys() - {each for _, each in INPUTS})


def inputs(books: Books, entity: str, record: Record | None) -> list[Input]:
    """The fields of a record, or of a new one. Those of the line are there where it has just one, of accounts."""
    known = INPUTS.get((books.side, entity), ())
    if record is None:
        return list(known)
    line = only_line(books, record)
    return [each for each in known if not each.only_new and (not each.in_line or line is not None)]


def only_line(books: Books, record: Record) -> Record | None:
    lines = [line for line in record.get(LINES[books.side]) or [] if books.side == "billcom" or _expense(line)]
    if len(lines) != 1 or lines[0].get("DetailType") == DETAILS[1]:
        return None
    return dict(lines[0])


def _expense(line: Record) -> bool:
    return line.get("DetailType") in DETAILS


def value(books: Books, record: Record, each: Input) -> str:
    """As the field shows it."""
    if each.name == "role" and each.path == "roleId":
        return str(dig(record, ("role", "id")) or "")
    found = dig(only_line(books, record), each.steps[1:]) if each.in_line else dig(record, each.steps)
    return "" if found is None else str(found)


def control(books: Books, each: Input, shown: str) -> Safe:
    if each.of:
        options = books.choices(each.of)
        if shown and shown not in dict(options):
            options.append((shown, books.label_of(each.of, shown)))
        return choice(each.name, each.label, options, shown)
    if each.options:
        return choice(each.name, each.label, [(option, option) for option in ("", *each.options)], shown)
    step = "any" if each.kind == "number" else None
    return entry(each.name, each.label, shown, each.kind, step=step)


def changes(books: Books, fields: Sequence[Input], record: Record | None, typed: dict[str, str]) -> Record:
    """What of the record is to be sent: only what the person changed. Raises ValueError."""
    payload: Record = {}
    line = only_line(books, record) if record else _new_line(books)
    changed_line = False
    for each in fields:
        new = typed.get(each.name, "").strip()
        if each.name not in typed or new == (value(books, record, each) if record else ""):
            continue
        if each.in_line and line is not None:
            put(line, each.steps[1:], _read(each, new))
            changed_line = True
        else:
            _take(payload, record or {}, each, new)
    if changed_line and line is not None:
        payload[LINES[books.side]] = [line]
    return payload


def _take(payload: Record, record: Record, each: Input, new: str) -> None:
    top, *below = each.steps
    if below == ["value"]:
        payload[top] = {"value": new} if new else None
    elif not below:
        payload[top] = _read(each, new)
    else:
        # The rest of a group goes with what was changed in it.
        payload.setdefault(top, deepcopy(record.get(top)) or {})
        put(payload[top], below, _read(each, new))


def put(record: Record, steps: Sequence[str], new: Any) -> None:
    *groups, last = steps
    for name in groups:
        record = record.setdefault(name, {})
    if last == "value" and new == "":
        record.clear()
    else:
        record[last] = new


def _read(each: Input, new: str) -> Any:
    if each.kind != "number" or not new:
        return new
    try:
        return Decimal(new)
    except InvalidOperation:
        raise ValueError(f"{each.label}: {new} is not a number") from None


def _new_line(books: Books) -> Record:
    return {} if books.side == "billcom" else {"DetailType": DETAILS[0], DETAILS[0]: {}}
