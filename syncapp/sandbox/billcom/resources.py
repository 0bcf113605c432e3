"""The kinds of records that BILL keeps: a further one is a declaration here.

Reference: https://developer.bill.com/docs/filterable-fields, https://developer.bill.com/docs/sortable-fields
"""

from __future__ import annotations

from collections.abc import Mapping

from syncapp.sandbox.billcom.declaring import Bulk, Resource, Right, Verb
from syncapp.sandbox.billcom.fields import (
    AMOUNT,
    BOOLEAN,
    DATE,
    NUMBER,
    READ_ONLY,
    Field,
    Type,
    choice,
    group,
    reference,
    text,
)

ADDRESS = {
    "line1": text(),
    "line2": text(),
    "city": text(),
    "stateOrProvince": text(),
    "zipOrPostalCode": text(),
    "country": Field(Type.COUNTRY, required=True),
    "countryName": READ_ONLY,
}
OWN = {"id": READ_ONLY, "archived": READ_ONLY, "createdTime": READ_ONLY, "updatedTime": READ_ONLY}
SAME = "eq ne"
RANGE = "gt gte lt lte"
TIMES = {"createdTime": RANGE, "updatedTime": RANGE}
TIME_SORTS = frozenset({"archived", "createdTime", "updatedTime"})
LIST_FILTERS = {"id": "eq ne in", "archived": SAME, **TIMES}
NAMED_FILTERS = {**LIST_FILTERS, "name": "eq sw"}
ACCOUNT_KIND = choice("BUSINESS", "PERSON", "NONE", "UNDEFINED")
EVERY_LINE = {
    "chartOfAccountId": reference("chart-of-accounts"),
    "accountingClassId": reference("accounting-classes"),
    "departmentId": reference("departments"),
    "employeeId": reference("employees"),
    "jobId": reference("jobs"),
    "locationId": reference("locations"),
    "itemId": reference("items"),
    "customerId": reference("customers"),
}
HEADER_NAMES = ("chartOfAccountId", "accountingClassId", "departmentId", "locationId", "itemId")
HEADER = {name: EVERY_LINE[name] for name in HEADER_NAMES}

# What its list can be filtered and sorted by isn't documented, so nothing is taken; nor is there an archive.
# Reference: https://developer.bill.com/docs/payment-terms
PAYMENT_TERMS = Resource(
    name="payment-terms",
    path="organizations/payment-terms",
    prefix="00p",
    label="Payment term",
    fields={
        "id": READ_ONLY,
        "createdTime": READ_ONLY,
        "updatedTime": READ_ONLY,
        "name": text(required=True),
        "daysDue": Field(Type.NUMBER, required=True),
    },
    filters={},
    sorts=frozenset(),
    verbs=frozenset({Verb.LIST, Verb.CREATE, Verb.READ, Verb.PATCH}),
    indexed=("name",),
    right=Right.COMPANY,
)

# Reference: https://developer.bill.com/hc/reference/updatevendor
VENDORS = Resource(
    name="vendors",
    path="vendors",
    prefix="009",
    label="Vendor",
    event="vendor",
    fields={
        **OWN,
        "name": text(100, required=True),
        "shortName": text(40),
        "address": group(ADDRESS, required=True),
        "accountNumber": text(),
        "accountType": ACCOUNT_KIND,
        "email": Field(Type.EMAIL),
        "phone": text(),
        "paymentInformation": group(
            {
                "payeeName": text(),
                "email": READ_ONLY,
                "bankAccount": READ_ONLY,
                "lastPaymentDate": READ_ONLY,
                "payByType": READ_ONLY,
                "payBySubType": READ_ONLY,
                "virtualCard": READ_ONLY,
                "paymentPurpose": READ_ONLY,
            }
        ),
        "additionalInfo": group(
            {
                "taxId": text(),
                "taxIdType": choice("SSN", "EIN", "UNDEFINED"),
                "track1099": BOOLEAN,
                "leadTimeInDays": NUMBER,
                "combinePayments": BOOLEAN,
                "paymentTermId": reference("payment-terms"),
                "companyName": text(),
            }
        ),
        "billCurrency": Field(Type.CURRENCY, create_only=True),
        "balance": READ_ONLY,
        "bankAccountStatus": READ_ONLY,
        "recurringPayments": READ_ONLY,
        "rppsId": READ_ONLY,
        "networkStatus": READ_ONLY,
        "autoPay": READ_ONLY,
    },
    defaults={
        "accountType": "NONE",
        "billCurrency": "USD",
        "bankAccountStatus": "NO_ACCOUNT",
        "recurringPayments": False,
        "networkStatus": "NOT_CONNECTED",
    },
    filters={
        **NAMED_FILTERS,
        "accountType": SAME,
        "address.country": SAME,
        "billCurrency": SAME,
    },
    sorts=TIME_SORTS | {"name", "shortName", "email", "phone", "billCurrency"},
    indexed=("name",),
    bulk=Bulk(20, "vendors", whole=True),
)

# Reference: BILL API, customers
CUSTOMERS = Resource(
    name="customers",
    path="customers",
    prefix="0cu",
    label="Customer",
    fields={
        **OWN,
        "name": text(100, required=True),
        "email": Field(Type.EMAIL, required=True),
        "companyName": text(),
        "contact": group({"firstName": text(), "lastName": text()}),
        "phone": text(),
        "fax": text(),
        "description": text(4000),
        "invoiceCurrency": Field(Type.CURRENCY),
        "accountType": ACCOUNT_KIND,
        "accountNumber": text(),
        "paymentTermId": reference("payment-terms"),
        "billingAddress": group(ADDRESS),
        "shippingAddress": group(ADDRESS),
        "balance": READ_ONLY,
    },
    defaults={"accountType": "NONE", "invoiceCurrency": "USD"},
    filters={
        **NAMED_FILTERS,
        "accountType": SAME,
        "billingAddress.country": SAME,
        "invoiceCurrency": SAME,
    },
    sorts=TIME_SORTS | {"name", "companyName", "email", "phone", "fax", "description", "invoiceCurrency"},
    indexed=("name",),
)


def classification(name: str, prefix: str, label: str, wrapper: str, fields: Mapping[str, Field]) -> Resource:
    """Accounts, classes and the like: the same verbs, and bulk ones for all of them. Reference: BILL API."""
    return Resource(
        name=name,
        path=f"classifications/{name}",
        prefix=prefix,
        label=label,
        fields={**OWN, **fields, "parentId": reference(name)},
        filters=NAMED_FILTERS if "name" in fields else LIST_FILTERS,
        sorts=TIME_SORTS | {"name", "description"},
        indexed=("name",),
        right=Right.COMPANY,
        bulk=Bulk(50, wrapper, frozenset({Verb.CREATE, Verb.PATCH, Verb.ARCHIVE, Verb.RESTORE})),
    )


# Not all of them are documented; the others are those that the older API numbers.
ACCOUNT_TYPES = (
    *("UNSPECIFIED", "BANK", "ACCOUNTS_RECEIVABLE", "OTHER_CURRENT_ASSET", "FIXED_ASSET", "OTHER_ASSET"),
    *("ACCOUNTS_PAYABLE", "CREDIT_CARD", "OTHER_CURRENT_LIABILITY", "LONG_TERM_LIABILITY", "EQUITY"),
    *("INCOME", "OTHER_INCOME", "COST_OF_GOODS_SOLD", "EXPENSE", "OTHER_EXPENSE", "NON_POSTING"),
)
ITEM_TYPES = (
    *("UNSPECIFIED", "SERVICE", "INVENTORY", "INVENTORY_ASSEMBLY", "NON_INVENTORY", "FIXED_ASSET", "OTHER_CHARGE"),
    *("PAYMENT", "DISCOUNT", "SUBTOTAL", "GROUP", "SALES_TAX", "SALES_TAX_GROUP"),
)
PLAIN = {"name": text(required=True), "shortName": text(), "description": text(4000)}
ITEM = {
    **PLAIN,
    "type": choice(*ITEM_TYPES, required=True),
    "price": NUMBER,
    "chartOfAccountId": reference("chart-of-accounts"),
    "expenseChartOfAccountId": reference("chart-of-accounts"),
    "purchaseDescription": text(4000),
    "purchaseCost": NUMBER,
    "taxable": BOOLEAN,
    "percentage": NUMBER,
}
ACCOUNT = {
    "name": text(required=True),
    "description": text(4000),
    "account": group({"type": choice(*ACCOUNT_TYPES), "number": text()}),
}
PERSON = {"firstName": text(), "lastName": text(), "shortName": text()}

BILL_LINE = {
    "id": text(),
    "amount": AMOUNT,
    "quantity": NUMBER,
    "price": NUMBER,
    "description": text(4000),
    "classifications": group(EVERY_LINE),
}
CREDIT_USE = {"id": reference("vendor-credits", required=True), "amount": Field(Type.AMOUNT, required=True)}

# Reference: https://developer.bill.com/hc/reference/createbill, https://developer.bill.com/docs/v3-bills-changes
BILLS = Resource(
    name="bills",
    path="bills",
    prefix="00n",
    label="Bill",
    event="bill",
    fields={
        **OWN,
        "vendorId": reference("vendors", required=True),
        "dueDate": Field(Type.DATE, required=True),
        "invoice": group({"invoiceNumber": text(), "invoiceDate": DATE}, required=True),
        "billLineItems": Field(Type.LINES, required=True, least=1, fields=BILL_LINE),
        "classifications": group(HEADER),
        "paymentTermId": reference("payment-terms"),
        "description": text(4000),
        "payFromChartOfAccountId": reference("chart-of-accounts"),
        "purchaseOrderNumber": text(),
        "billApprovals": BOOLEAN,
        "vendorCredits": Field(Type.LINES, fields=CREDIT_USE),
        **dict.fromkeys(
            (
                "vendorName",
                "amount",
                "fundingAmount",
                "paidAmount",
                "dueAmount",
                "scheduledAmount",
                "creditAmount",
                "exchangeRate",
                "paymentStatus",
                "approvalStatus",
                "approvers",
            ),
            READ_ONLY,
        ),
    },
    defaults={"approvalStatus": "UNASSIGNED"},
    filters={
        **LIST_FILTERS,
        "vendorId": "eq in",
        "dueDate": RANGE,
        "paymentStatus": "eq ne in",
        "payFromChartOfAccountId": "eq in",
        **{f"classifications.{name}": "eq in" for name in HEADER_NAMES},
    },
    sorts=TIME_SORTS | {"fundingAmount", "exchangeRate", "description", "dueDate"},
    indexed=("vendorId",),
    verbs=frozenset(Verb),
    lines="billLineItems",
    line_prefix="bli",
    bulk=Bulk(100, whole=True),
    when_read=frozenset({"vendorName"}),
)

# Reference: https://developer.bill.com/hc/reference/createvendorcredit
VENDOR_CREDITS = Resource(
    name="vendor-credits",
    path="vendor-credits",
    prefix="vcr",
    label="Vendor credit",
    fields={
        **OWN,
        "vendorId": reference("vendors", required=True),
        "referenceNumber": text(100, required=True),
        "creditDate": Field(Type.DATE, required=True),
        "description": text(4000),
        "applyToChartOfAccountId": reference("chart-of-accounts"),
        "applyToBankAccountId": reference("banks"),
        "vendorCreditLineItems": Field(
            Type.LINES,
            required=True,
            least=1,
            fields={name: BILL_LINE[name] for name in ("id", "amount", "description", "classifications")},
        ),
        **dict.fromkeys(("amount", "appliedAmount", "status", "usage"), READ_ONLY),
    },
    filters={**LIST_FILTERS, "vendorId": "eq in"},
    sorts=TIME_SORTS | {"creditDate", "amount", "appliedAmount"},
    indexed=("vendorId",),
    # An archived credit can't be restored.
    verbs=frozenset(Verb) - {Verb.RESTORE},
    lines="vendorCreditLineItems",
    line_prefix="vcl",
    bulk=Bulk(50, "vendorCredits", frozenset({Verb.CREATE, Verb.PATCH, Verb.PUT, Verb.ARCHIVE})),
    when_read=frozenset({"usage"}),
)

INVOICE_LINE_CODES = ("chartOfAccountId", "accountingClassId", "departmentId", "jobId", "locationId", "itemId")
INVOICE_HEADER_NAMES = ("accountingClassId", "departmentId", "jobId", "locationId")

TAXED = ("salesTaxTotal", "salesTaxPercentage")

# Reference: https://developer.bill.com/reference/createinvoice
INVOICES = Resource(
    name="invoices",
    path="invoices",
    prefix="00e",
    label="Invoice",
    event="invoice",
    fields={
        **OWN,
        "customer": group({"id": reference("customers", required=True)}, required=True),
        "invoiceNumber": text(),
        "invoiceDate": DATE,
        "paymentTermId": reference("payment-terms"),
        "dueDate": DATE,
        "invoiceLineItems": Field(
            Type.LINES,
            required=True,
            least=1,
            fields={
                "id": text(),
                "description": text(4000),
                "quantity": NUMBER,
                "price": NUMBER,
                "classifications": group({name: EVERY_LINE[name] for name in INVOICE_LINE_CODES}),
            },
        ),
        "classifications": group({name: EVERY_LINE[name] for name in INVOICE_HEADER_NAMES}),
        "payToChartOfAccountId": reference("chart-of-accounts"),
        "salesTaxItemId": reference("items"),
        "processingOptions": group({"sendEmail": BOOLEAN}),
        **dict.fromkeys(
            (
                *TAXED,
                "customerId",
                "totalAmount",
                "dueAmount",
                "scheduledAmount",
                "creditAmount",
                "status",
                "exchangeRate",
                "payments",
            ),
            READ_ONLY,
        ),
    },
    filters={**LIST_FILTERS, "customerId": "eq in"},
    sorts=TIME_SORTS | {"invoiceNumber", "invoiceDate", "dueDate", "totalAmount"},
    indexed=("customerId", "invoiceNumber"),
    verbs=frozenset(Verb),
    lines="invoiceLineItems",
    line_prefix="00f",
)

# Reference: spec, BILL API 4.3
CREDIT_MEMOS = Resource(
    name="credit-memos",
    path="credit-memos",
    prefix="ccr",
    label="Credit memo",
    fields={
        **OWN,
        "customerId": reference("customers", required=True),
        "referenceNumber": text(100, required=True),
        "creditDate": Field(Type.DATE, required=True),
        "description": text(4000),
        "creditMemoLineItems": Field(
            Type.LINES,
            required=True,
            least=1,
            fields={
                "id": text(),
                "description": text(4000),
                "quantity": NUMBER,
                "price": NUMBER,
                "taxable": BOOLEAN,
                "classifications": group({name: EVERY_LINE[name] for name in INVOICE_LINE_CODES}),
            },
        ),
        "classifications": group({name: EVERY_LINE[name] for name in INVOICE_HEADER_NAMES}),
        "payToChartOfAccountId": reference("chart-of-accounts"),
        "payToBankAccountId": reference("banks"),
        "salesTaxItemId": reference("items"),
        **dict.fromkeys((*TAXED, "amount", "appliedAmount", "status", "usage"), READ_ONLY),
    },
    filters={**LIST_FILTERS, "customerId": "eq in"},
    sorts=TIME_SORTS | {"creditDate", "amount", "appliedAmount"},
    indexed=("customerId",),
    verbs=frozenset(Verb),
    lines="creditMemoLineItems",
    line_prefix="ccl",
    bulk=Bulk(50, "creditMemos", frozenset({Verb.CREATE, Verb.PATCH, Verb.PUT, Verb.ARCHIVE, Verb.RESTORE})),
    when_read=frozenset({"usage"}),
)

# Recorded by a call of its own, never changed after. Reference: BILL API, receivable-payments
RECEIVED = Resource(
    name="receivable-payments",
    path="receivable-payments",
    prefix="0rp",
    label="Receivable payment",
    fields={},
    filters={"id": "eq ne in", "customerId": "eq in", **TIMES},
    sorts=frozenset({"paymentDate", "amount", "createdTime", "updatedTime"}),
    indexed=("customerId",),
    verbs=frozenset({Verb.LIST, Verb.READ}),
)

# Made by calls of their own (pay, record), never by a plain create. Reference: BILL API, payments
PAYMENTS = Resource(
    name="payments",
    path="payments",
    prefix="stp",
    label="Payment",
    event="payment",
    fields={},
    filters={"id": "eq ne in", "vendorId": "eq in", **TIMES},
    sorts=frozenset(
        {"description", "processDate", "amount", "confirmationNumber", "onlinePayment", "disbursementStatus"}
        | {"createdTime", "updatedTime"}
    ),
    indexed=("vendorId",),
    verbs=frozenset({Verb.LIST, Verb.READ}),
    when_read=frozenset({"vendorName"}),
)

# Reference: BILL API, funding-accounts/banks
BANKS = Resource(
    name="banks",
    path="funding-accounts/banks",
    prefix="bac",
    label="Bank account",
    event="bank-account",
    fields={
        **OWN,
        "bankName": text(),
        "nameOnAccount": text(required=True),
        "routingNumber": text(required=True, create_only=True),
        "accountNumber": text(required=True, create_only=True),
        "type": choice("CHECKING", "SAVINGS", required=True, create_only=True),
        "ownerType": choice("BUSINESS", "PERSONAL", required=True),
        "accessToAdmins": BOOLEAN,
        "default": group({"payables": BOOLEAN, "receivables": BOOLEAN}),
        "chartOfAccountId": reference("chart-of-accounts"),
        "status": READ_ONLY,
        "createdBy": READ_ONLY,
    },
    defaults={"status": "PENDING", "accessToAdmins": True, "default": {"payables": False, "receivables": False}},
    filters={**LIST_FILTERS, "bankAccountId": "eq"},
    sorts=TIME_SORTS | {"nameOnAccount", "bankName", "accessToAdmins"},
    verbs=frozenset(Verb) - {Verb.PUT, Verb.RESTORE},
    right=Right.COMPANY,
)

# Reference: BILL API, users and roles
ROLES = Resource(
    name="roles",
    path="roles",
    prefix="0po",
    label="Role",
    fields={
        "type": choice("ADMINISTRATOR", "ACCOUNTANT", "MEMBER", "PARTNER", "PURCHASE_REQUESTER", "CUSTOM"),
        "description": text(),
    },
    filters={"id": "eq ne in", **TIMES},
    sorts=frozenset({"description", "createdTime", "updatedTime"}),
    verbs=frozenset({Verb.LIST, Verb.READ}),
)
USERS = Resource(
    name="users",
    path="users",
    prefix="006",
    label="User",
    fields={
        **OWN,
        "firstName": text(required=True),
        "lastName": text(required=True),
        "email": Field(Type.EMAIL, required=True, create_only=True),
        "roleId": reference("roles", required=True),
        "acceptTermsOfService": BOOLEAN,
        "role": READ_ONLY,
    },
    filters=LIST_FILTERS,
    sorts=TIME_SORTS | {"firstName", "lastName"},
    right=Right.USERS,
    indexed=("email",),
)

RESOURCES: dict[str, Resource] = {
    each.name: each
    for each in (
        ROLES,
        USERS,
        classification("chart-of-accounts", "0ca", "Account", "chartOfAccounts", ACCOUNT),
        classification("accounting-classes", "cls", "Class", "accountingClasses", PLAIN),
        classification("departments", "0de", "Department", "departments", PLAIN),
        classification("locations", "loc", "Location", "locations", PLAIN),
        classification("jobs", "job", "Job", "jobs", PLAIN),
        classification("employees", "emp", "Employee", "employees", PERSON),
        classification("items", "0ii", "Item", "items", ITEM),
        PAYMENT_TERMS,
        VENDORS,
        CUSTOMERS,
        BANKS,
        VENDOR_CREDITS,
        BILLS,
        PAYMENTS,
        INVOICES,
        CREDIT_MEMOS,
        RECEIVED,
    )
}
BY_PATH: dict[str, Resource] = {each.path: each for each in RESOURCES.values()}
