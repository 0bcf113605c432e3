"""The transactions: their headers and their lines. Reference: Intuit docs, API reference, one page per entity."""

from __future__ import annotations

from syncapp.sandbox.qbo.declaring import Entity, Kind, VoidBy
from syncapp.sandbox.qbo.entities_lists import ADDRESS, CURRENCY, EMAIL
from syncapp.sandbox.qbo.fields import (
    Anything,
    Choice,
    Day,
    Field,
    Flag,
    Group,
    Lines,
    Many,
    Number,
    Text,
    Whole,
    ref,
    same,
)

LINKS = Many(Group(same(("TxnId", "TxnType", "TxnLineId"), Text(50))))
TAX_DETAIL = Group(
    {
        "TxnTaxCodeRef": ref("TaxCode"),
        "TotalTax": Number(),
        "TaxLine": Many(
            Group(
                {
                    "Id": Text(50),
                    "LineNum": Whole(),
                    "Amount": Number(),
                    "DetailType": Text(50),
                    "TaxLineDetail": Group(
                        {
                            "TaxRateRef": ref("TaxRate"),
                            "PercentBased": Flag(),
                            **same(("TaxPercent", "NetAmountTaxable", "TaxInclusiveAmount"), Number(7)),
                            "OverrideDeltaAmount": Number(),
                        }
                    ),
                }
            )
        ),
    }
)
_PRINT = Choice(("NotSet", "NeedToPrint", "PrintComplete"))
_MAIL = Choice(("NotSet", "NeedToSend", "EmailSent"))
# `HasBeenBilled` is set by the books alone.
_BILLABLE = Choice(("Billable", "NotBillable"))
_TAX_KIND = Choice(("TaxExcluded", "TaxInclusive", "NotApplicable"))

_HEADER: dict[str, Field] = {
    "DocNumber": Text(21),
    "TxnDate": Day(),
    "PrivateNote": Text(4000),
    "DepartmentRef": ref("Department"),
    "CurrencyRef": CURRENCY,
    "ExchangeRate": Number(7),
    "LinkedTxn": LINKS,
    "TxnTaxDetail": TAX_DETAIL,
    "GlobalTaxCalculation": _TAX_KIND,
    "TxnSource": Text(),
    "TransactionLocationType": Text(),
    "CustomField": Anything(),
    "IncludeInAnnualTPAR": Flag(),
}
_MADE = frozenset({"TotalAmt", "Balance", "HomeBalance", "HomeTotalAmt", "RecurDataRef", "TxnStatus", "AttachableRef"})

_LINE: dict[str, Field] = {
    "Id": Text(50),
    "LineNum": Whole(),
    "Description": Text(4000),
    "Amount": Number(),
    "DetailType": Text(50),
    "LinkedTxn": LINKS,
    "CustomField": Anything(),
    "Received": Number(7),
}
_EXPENSE: dict[str, Field] = {
    "CustomerRef": ref("Customer"),
    "ClassRef": ref("Class"),
    "TaxCodeRef": ref("TaxCode"),
    "BillableStatus": _BILLABLE,
    "MarkupInfo": Anything(),
    "TaxInclusiveAmt": Number(),
    "TaxAmount": Number(),
}
# Reference: Intuit docs, expense lines: class inside the detail, location on the header only.
EXPENSE_LINES = Lines(
    {
        "AccountBasedExpenseLineDetail": Group({**_EXPENSE, "AccountRef": ref("Account")}),
        "ItemBasedExpenseLineDetail": Group(
            {
                **_EXPENSE,
                "ItemRef": ref("Item"),
                "Qty": Number(7),
                "UnitPrice": Number(7),
                "PriceLevelRef": Anything(),
            },
            frozenset({"ItemAccountRef"}),
        ),
        "DescriptionOnly": Group({"ServiceDate": Day(), "TaxCodeRef": ref("TaxCode")}),
    },
    Group(_LINE),
)
_SALES: dict[str, Field] = {
    "ItemRef": ref("Item"),
    "ClassRef": ref("Class"),
    "Qty": Number(7),
    "UnitPrice": Number(7),
    "RatePercent": Number(7),
    "TaxCodeRef": ref("TaxCode"),
    "ServiceDate": Day(),
    "TaxInclusiveAmt": Number(),
    "DiscountRate": Number(7),
    "DiscountAmt": Number(),
    "MarkupInfo": Anything(),
    "PriceLevelRef": Anything(),
    "ItemAccountRef": ref("Account"),
}
SALES_LINES = Lines(
    {
        "SalesItemLineDetail": Group(_SALES),
        "SubTotalLineDetail": Group({"ItemRef": Anything()}),
        "DiscountLineDetail": Group(
            {
                "PercentBased": Flag(),
                "DiscountPercent": Number(7),
                "DiscountAccountRef": ref("Account"),
                "ClassRef": ref("Class"),
                "TaxCodeRef": ref("TaxCode"),
                "Discount": Anything(),
            }
        ),
        "DescriptionOnly": Group({"ServiceDate": Day(), "TaxCodeRef": ref("TaxCode")}),
    },
    Group(_LINE),
)
PAYMENT_LINES = Lines({}, Group(_LINE))
DEPOSIT_LINES = Lines(
    {
        "DepositLineDetail": Group(
            {
                "AccountRef": ref("Account"),
                "Entity": ref("Vendor", "Customer", "Employee", keep_type=True),
                "PaymentMethodRef": ref("PaymentMethod"),
                "ClassRef": ref("Class"),
                "CheckNum": Text(21),
                "TxnType": Text(),
                "TaxCodeRef": ref("TaxCode"),
                "TaxApplicableOn": Text(),
            }
        )
    },
    Group(_LINE),
)
JOURNAL_LINES = Lines(
    {
        "JournalEntryLineDetail": Group(
            {
                "PostingType": Choice(("Debit", "Credit")),
                "AccountRef": ref("Account"),
                "Entity": Group(
                    {
                        "Type": Choice(("Vendor", "Customer", "Employee")),
                        "EntityRef": ref("Vendor", "Customer", "Employee", keep_type=True),
                    }
                ),
                "ClassRef": ref("Class"),
                "DepartmentRef": ref("Department"),
                "TaxCodeRef": ref("TaxCode"),
                "TaxApplicableOn": Text(),
                "TaxAmount": Number(),
                "TaxInclusiveAmt": Number(),
                "BillableStatus": _BILLABLE,
            }
        ),
        "DescriptionOnly": Group({"ServiceDate": Day(), "TaxCodeRef": ref("TaxCode")}),
    },
    Group(_LINE),
)
_SALES_FORM: dict[str, Field] = {
    **_HEADER,
    "CustomerRef": ref("Customer"),
    "Line": SALES_LINES,
    "BillAddr": ADDRESS,
    "ShipAddr": ADDRESS,
    "ShipFromAddr": ADDRESS,
    "BillEmail": EMAIL,
    "BillEmailCc": EMAIL,
    "BillEmailBcc": EMAIL,
    "CustomerMemo": Group({"value": Text(1000)}),
    "ClassRef": ref("Class"),
    "PrintStatus": _PRINT,
    "EmailStatus": _MAIL,
    "ApplyTaxAfterDiscount": Flag(),
    "FreeFormAddress": Flag(),
    "ShipDate": Day(),
    "ShipMethodRef": Anything(),
    "TrackingNum": Text(),
    "DeliveryInfo": Anything(),
    "PaymentMethodRef": ref("PaymentMethod"),
    "PaymentRefNum": Text(21),
    "TaxExemptionRef": Anything(),
    "ProjectRef": Anything(),
}
_CARD: dict[str, Field] = {"CreditCardPayment": Anything(), "CheckPayment": Anything(), "PaymentType": Text()}
_NO_LOCATION = frozenset({"DepartmentRef"})

BILL = Entity(
    "Bill",
    Kind.TRANSACTION,
    {
        **_HEADER,
        "VendorRef": ref("Vendor"),
        "APAccountRef": ref("Account"),
        "SalesTermRef": ref("Term"),
        "DueDate": Day(),
        "VendorAddr": ADDRESS,
        "RemitToAddr": ADDRESS,
        "Line": EXPENSE_LINES,
    },
    read_only=_MADE,
    required=("VendorRef", "Line"),
    sparse_required=("VendorRef",),
    indexed=("DocNumber", "VendorRef"),
)
VENDOR_CREDIT = Entity(
    "VendorCredit",
    Kind.TRANSACTION,
    {
        **_HEADER,
        "VendorRef": ref("Vendor"),
        "APAccountRef": ref("Account"),
        "VendorAddr": ADDRESS,
        "Line": EXPENSE_LINES,
    },
    read_only=_MADE,
    required=("VendorRef", "Line"),
    sparse_required=("VendorRef",),
    indexed=("DocNumber", "VendorRef"),
)
BILL_PAYMENT = Entity(
    "BillPayment",
    Kind.TRANSACTION,
    {
        **_HEADER,
        "VendorRef": ref("Vendor"),
        "TotalAmt": Number(least=0),
        "PayType": Choice(("Check", "CreditCard")),
        "CheckPayment": Group({"BankAccountRef": ref("Account"), "PrintStatus": _PRINT, "CheckDetail": Anything()}),
        "CreditCardPayment": Group({"CCAccountRef": ref("Account"), "CCDetail": Anything()}),
        "APAccountRef": ref("Account"),
        "ProcessBillPayment": Flag(),
        "Line": PAYMENT_LINES,
    },
    read_only=_MADE - {"TotalAmt"},
    required=("VendorRef", "TotalAmt", "PayType", "Line"),
    void_by=VoidBy.INCLUDE,
    indexed=("DocNumber", "VendorRef"),
)
PURCHASE = Entity(
    "Purchase",
    Kind.TRANSACTION,
    {
        **_HEADER,
        "PaymentType": Choice(("Cash", "Check", "CreditCard")),
        "AccountRef": ref("Account"),
        "EntityRef": ref("Vendor", "Customer", "Employee", keep_type=True),
        "Credit": Flag(),
        "PrintStatus": _PRINT,
        "RemitToAddr": ADDRESS,
        "PaymentMethodRef": ref("PaymentMethod"),
        "PaymentRefNum": Text(21),
        "Line": EXPENSE_LINES,
    },
    read_only=_MADE,
    required=("PaymentType", "AccountRef", "Line"),
    sparse_required=("PaymentType",),
    void_by=VoidBy.PERSON,
    indexed=("DocNumber", "EntityRef"),
    not_queryable=_NO_LOCATION,
)
INVOICE = Entity(
    "Invoice",
    Kind.TRANSACTION,
    {
        **_SALES_FORM,
        "DueDate": Day(),
        "SalesTermRef": ref("Term"),
        "Deposit": Number(),
        "DepositToAccountRef": ref("Account"),
        **same(
            ("AllowIPNPayment", "AllowOnlinePayment", "AllowOnlineCreditCardPayment", "AllowOnlineACHPayment"), Flag()
        ),
        "EInvoiceStatus": Text(),
    },
    read_only=_MADE | {"InvoiceLink"},
    required=("CustomerRef", "Line"),
    void_by=VoidBy.OPERATION,
    indexed=("DocNumber", "CustomerRef"),
    not_queryable=_NO_LOCATION,
)
PAYMENT = Entity(
    "Payment",
    Kind.TRANSACTION,
    {
        **_HEADER,
        **_CARD,
        "CustomerRef": ref("Customer"),
        "TotalAmt": Number(least=0),
        "DepositToAccountRef": ref("Account"),
        "ARAccountRef": ref("Account"),
        "PaymentMethodRef": ref("PaymentMethod"),
        "PaymentRefNum": Text(21),
        "ProcessPayment": Flag(),
        "TaxExemptionRef": Anything(),
        "Line": PAYMENT_LINES,
    },
    read_only=(_MADE - {"TotalAmt"}) | {"UnappliedAmt"},
    required=("CustomerRef", "TotalAmt"),
    void_by=VoidBy.INCLUDE,
    indexed=("CustomerRef",),
)
SALES_RECEIPT = Entity(
    "SalesReceipt",
    Kind.TRANSACTION,
    {**_SALES_FORM, **_CARD, "DepositToAccountRef": ref("Account")},
    read_only=_MADE,
    required=("Line",),
    void_by=VoidBy.INCLUDE,
    indexed=("DocNumber", "CustomerRef"),
    not_queryable=_NO_LOCATION,
)
CREDIT_MEMO = Entity(
    "CreditMemo",
    Kind.TRANSACTION,
    {**_SALES_FORM, "SalesTermRef": ref("Term"), "InvoiceRef": Anything()},
    read_only=_MADE | {"RemainingCredit"},
    required=("CustomerRef", "Line"),
    void_by=VoidBy.PERSON,
    indexed=("DocNumber", "CustomerRef"),
)
REFUND_RECEIPT = Entity(
    "RefundReceipt",
    Kind.TRANSACTION,
    {**_SALES_FORM, **_CARD, "DepositToAccountRef": ref("Account"), "CheckNum": Text(21)},
    read_only=_MADE,
    required=("DepositToAccountRef", "Line"),
    void_by=VoidBy.PERSON,
    indexed=("DocNumber", "CustomerRef"),
)
DEPOSIT = Entity(
    "Deposit",
    Kind.TRANSACTION,
    {
        **_HEADER,
        "DepositToAccountRef": ref("Account"),
        "CashBack": Group({"AccountRef": ref("Account"), "Amount": Number(), "Memo": Text()}),
        "Line": DEPOSIT_LINES,
    },
    read_only=_MADE,
    required=("DepositToAccountRef", "Line"),
)
TRANSFER = Entity(
    "Transfer",
    Kind.TRANSACTION,
    {**_HEADER, **same(("FromAccountRef", "ToAccountRef"), ref("Account")), "Amount": Number(least=0)},
    read_only=_MADE,
    required=("FromAccountRef", "ToAccountRef", "Amount"),
    void_by=VoidBy.PERSON,
)
JOURNAL_ENTRY = Entity(
    "JournalEntry",
    Kind.TRANSACTION,
    {**_HEADER, "Adjustment": Flag(), "Line": JOURNAL_LINES},
    read_only=_MADE,
    required=("Line",),
    indexed=("DocNumber",),
    not_queryable=_NO_LOCATION,
)

# In the order in which raw data are loaded: what is settled comes before what settles it.
TRANSACTION_ENTITIES = (
    BILL,
    VENDOR_CREDIT,
    INVOICE,
    CREDIT_MEMO,
    SALES_RECEIPT,
    REFUND_RECEIPT,
    PURCHASE,
    JOURNAL_ENTRY,
    TRANSFER,
    BILL_PAYMENT,
    PAYMENT,
    DEPOSIT,
)
