"""The list entities: what each holds, and how long. Reference: Intuit docs, API reference, one page per entity."""

from __future__ import annotations

from syncapp.sandbox.qbo.declaring import NAME, NAMES, NO_COLON, Entity, Kind
from syncapp.sandbox.qbo.fields import (
    Anything,
    Choice,
    Day,
    Email,
    Field,
    Flag,
    Group,
    Many,
    Number,
    Text,
    Whole,
    ref,
    same,
)

ADDRESS = Group(
    same(("Line1", "Line2", "Line3", "Line4", "Line5"), Text(500))
    | same(("City", "Country", "CountrySubDivisionCode"), Text(255))
    | same(("PostalCode", "PostalCodeSuffix", "CountryCode", "County"), Text(30))
    | same(("Id", "Lat", "Long", "Note", "Tag", "Type"), Text())
)
PHONE = Group(
    same(("DeviceType", "CountryCode", "AreaCode", "ExchangeCode", "Extension", "Tag", "Id"), Text(30))
    | {"FreeFormNumber": Text(30), "Default": Flag()}
)
EMAIL = Group({"Address": Email(100), "Default": Flag(), "Tag": Text(), "Id": Text()})
WEB = Group({"URI": Text(1000), "Default": Flag(), "Tag": Text(), "Id": Text()})
CURRENCY = ref("CompanyCurrency")

_PERSON: dict[str, Field] = {
    "Title": Text(16, NO_COLON),
    "Suffix": Text(16, NO_COLON),
    **same(("GivenName", "MiddleName", "FamilyName"), Text(100, NO_COLON)),
    "DisplayName": Text(500, NO_COLON),
    "PrintOnCheckName": Text(110, NO_COLON),
    "Active": Flag(),
    "PrimaryPhone": PHONE,
    "Mobile": PHONE,
}
_CONTACT: dict[str, Field] = {
    "CompanyName": Text(100),
    "PrimaryEmailAddr": EMAIL,
    "AlternatePhone": PHONE,
    "Fax": PHONE,
    "WebAddr": WEB,
    "BillAddr": ADDRESS,
    "OtherContactInfo": Anything(),
    "CurrencyRef": CURRENCY,
    "CustomField": Anything(),
    "Source": Text(),
}

ACCOUNT_TYPES = {
    "Bank": ("Asset", "Checking"),
    "Accounts Receivable": ("Asset", "AccountsReceivable"),
    "Other Current Asset": ("Asset", "OtherCurrentAssets"),
    "Fixed Asset": ("Asset", "OtherFixedAssets"),
    "Other Asset": ("Asset", "OtherLongTermAssets"),
    "Accounts Payable": ("Liability", "AccountsPayable"),
    "Credit Card": ("Liability", "CreditCard"),
    "Other Current Liability": ("Liability", "OtherCurrentLiabilities"),
    "Long Term Liability": ("Liability", "OtherLongTermLiabilities"),
    "Equity": ("Equity", "OwnersEquity"),
    "Income": ("Revenue", "SalesOfProductIncome"),
    "Cost of Goods Sold": ("Expense", "SuppliesMaterialsCogs"),
    "Expense": ("Expense", "OtherMiscellaneousServiceCost"),
    "Other Income": ("Revenue", "OtherMiscellaneousIncome"),
    "Other Expense": ("Expense", "OtherMiscellaneousExpense"),
    "Non-Posting": ("", "NonPosting"),
}
BALANCE_SHEET = ("Asset", "Liability", "Equity")

ACCOUNT = Entity(
    "Account",
    Kind.LIST,
    {
        "Name": Text(100, '":'),
        "AcctNum": Text(20, ":"),
        "Description": Text(100),
        "AccountType": Choice(tuple(ACCOUNT_TYPES)),
        "AccountSubType": Text(100),
        "ParentRef": ref("Account"),
        "SubAccount": Flag(),
        "CurrencyRef": CURRENCY,
        "TaxCodeRef": ref("TaxCode"),
        "TxnLocationType": Text(),
        "Active": Flag(),
        "OpeningBalance": Number(),
        "OpeningBalanceDate": Day(),
    },
    read_only=frozenset(
        {"FullyQualifiedName", "Classification", "CurrentBalance", "CurrentBalanceWithSubAccounts", "AccountAlias"}
    ),
    required=("Name",),
    name_field="Name",
    sub_flag="SubAccount",
    family="Accounts",
    indexed=("Name", "FullyQualifiedName"),
)
CLASS = Entity(
    "Class",
    Kind.LIST,
    {"Name": NAME, "ParentRef": ref("Class"), "SubClass": Flag(), "Active": Flag()},
    read_only=frozenset({"FullyQualifiedName"}),
    required=("Name",),
    first_id=5_000_000_000_000_000_001,
    name_field="Name",
    sub_flag="SubClass",
    family="Klasses",
    indexed=("Name", "FullyQualifiedName"),
)
DEPARTMENT = Entity(
    "Department",
    Kind.LIST,
    {
        "Name": NAME,
        "ParentRef": ref("Department"),
        "SubDepartment": Flag(),
        "Address": ADDRESS,
        "Active": Flag(),
    },
    read_only=frozenset({"FullyQualifiedName"}),
    required=("Name",),
    first_id=5_000_000_000_000_000_001,
    name_field="Name",
    sub_flag="SubDepartment",
    family="Depts",
    indexed=("Name", "FullyQualifiedName"),
)
VENDOR = Entity(
    "Vendor",
    Kind.LIST,
    {
        **_PERSON,
        **_CONTACT,
        "AcctNum": Text(100),
        "TaxIdentifier": Text(20),
        "TaxReportingBasis": Text(),
        "GSTIN": Text(15),
        "BusinessNumber": Text(10),
        "HasTPAR": Flag(),
        "Vendor1099": Flag(),
        "T4AEligible": Flag(),
        "T5018Eligible": Flag(),
        "TermRef": ref("Term"),
        "APAccountRef": ref("Account"),
        "BillRate": Number(),
        "CostRate": Number(),
        "VendorPaymentBankDetail": Anything(),
    },
    read_only=frozenset({"Balance", "V4IDPseudonym"}),
    lasting=frozenset({"DisplayName", "PrintOnCheckName"}),
    id_space=NAMES,
    name_field="DisplayName",
    family="Names",
    indexed=("DisplayName",),
)
CUSTOMER = Entity(
    "Customer",
    Kind.LIST,
    {
        **_PERSON,
        **_CONTACT,
        "Job": Flag(),
        "ParentRef": ref("Customer"),
        "BillWithParent": Flag(),
        "IsProject": Flag(),
        "ShipAddr": ADDRESS,
        "SalesTermRef": ref("Term"),
        "PaymentMethodRef": ref("PaymentMethod"),
        "PreferredDeliveryMethod": Choice(("Print", "Email", "None")),
        "Taxable": Flag(),
        "DefaultTaxCodeRef": ref("TaxCode"),
        "CustomerTypeRef": ref("CustomerType"),
        "ARAccountRef": ref("Account"),
        "TaxExemptionReasonId": Text(),
        "PrimaryTaxIdentifier": Text(20),
        "SecondaryTaxIdentifier": Text(20),
        "Notes": Text(2000),
        "ResaleNum": Text(16),
        "OpenBalanceDate": Day(),
    },
    read_only=frozenset(
        {"FullyQualifiedName", "Level", "Balance", "BalanceWithJobs", "ClientEntityId", "V4IDPseudonym"}
    ),
    lasting=frozenset({"DisplayName", "PrintOnCheckName"}),
    id_space=NAMES,
    name_field="DisplayName",
    sub_flag="Job",
    family="Names",
    indexed=("DisplayName", "FullyQualifiedName"),
)
EMPLOYEE = Entity(
    "Employee",
    Kind.LIST,
    {
        **_PERSON,
        "PrimaryAddr": ADDRESS,
        "PrimaryEmailAddr": EMAIL,
        "EmployeeNumber": Text(100),
        "EmployeeType": Text(),
        "SSN": Text(20),
        "Gender": Text(),
        "Organization": Flag(),
        "BillableTime": Flag(),
        "BillRate": Number(),
        "CostRate": Number(),
        **same(("BirthDate", "HiredDate", "ReleasedDate"), Day()),
    },
    read_only=frozenset({"V4IDPseudonym"}),
    required=("GivenName", "FamilyName"),
    id_space=NAMES,
    name_field="DisplayName",
    family="Names",
    indexed=("DisplayName",),
)
ITEM = Entity(
    "Item",
    Kind.LIST,
    {
        "Name": NAME,
        "Type": Choice(("Service", "NonInventory", "Inventory", "Category")),
        "Description": Text(4000),
        "PurchaseDesc": Text(1000),
        "Sku": Text(100),
        "UnitPrice": Number(7),
        "PurchaseCost": Number(7),
        "RatePercent": Number(7),
        **same(("Active", "Taxable", "SubItem", "SalesTaxIncluded", "PurchaseTaxIncluded", "TrackQtyOnHand"), Flag()),
        **same(("IncomeAccountRef", "ExpenseAccountRef", "AssetAccountRef", "COGSAccountRef"), ref("Account")),
        **same(("SalesTaxCodeRef", "PurchaseTaxCodeRef"), ref("TaxCode")),
        "ParentRef": ref("Item"),
        "PrefVendorRef": ref("Vendor"),
        "ClassRef": ref("Class"),
        "QtyOnHand": Number(7),
        "ReorderPoint": Number(7),
        "InvStartDate": Day(),
        **same(("AbatementRate", "ReverseChargeRate"), Number(7)),
        **same(("ServiceType", "ItemCategoryType", "TaxClassificationRef"), Anything()),
    },
    read_only=frozenset({"FullyQualifiedName", "Level", "AvgCost"}),
    required=("Name", "Type"),
    name_field="Name",
    sub_flag="SubItem",
    family="Items",
    indexed=("Name", "FullyQualifiedName"),
)
TERM = Entity(
    "Term",
    Kind.LIST,
    {
        "Name": Text(31),
        "DueDays": Whole(0, 999),
        "DiscountDays": Whole(0, 999),
        "DiscountPercent": Number(7, 0, 100),
        **same(("DayOfMonthDue", "DiscountDayOfMonth"), Whole(1, 31)),
        "DueNextMonthDays": Whole(0, 999),
        "Active": Flag(),
    },
    read_only=frozenset({"Type"}),
    required=("Name",),
    name_field="Name",
    family="Terms",
    indexed=("Name",),
)
PAYMENT_METHOD = Entity(
    "PaymentMethod",
    Kind.LIST,
    {"Name": Text(31), "Type": Choice(("CREDIT_CARD", "NON_CREDIT_CARD")), "Active": Flag()},
    required=("Name",),
    name_field="Name",
    family="PaymentMethods",
    indexed=("Name",),
)
# Reference: Intuit docs, change data capture: not for TaxAgency, TaxCode and TaxRate.
# Tax codes and rates are made through another service; to this API they are read-only.
TAX_CODE = Entity(
    "TaxCode",
    Kind.LIST,
    {
        "Name": Text(100),
        "Description": Text(),
        **same(("Active", "Taxable", "TaxGroup", "Hidden"), Flag()),
        "SalesTaxRateList": Group({"TaxRateDetail": Many(Anything())}),
        "PurchaseTaxRateList": Group({"TaxRateDetail": Many(Anything())}),
        "TaxCodeConfigType": Text(),
    },
    required=("Name",),
    name_field="Name",
    family="TaxCodes",
    api_writable=False,
    in_cdc=False,
    indexed=("Name",),
)
TAX_RATE = Entity(
    "TaxRate",
    Kind.LIST,
    {
        "Name": Text(100),
        "Description": Text(),
        "Active": Flag(),
        "RateValue": Number(7),
        "AgencyRef": ref("TaxAgency"),
        "TaxReturnLineRef": Anything(),
        "EffectiveTaxRate": Anything(),
        **same(("SpecialTaxType", "DisplayType"), Text()),
    },
    required=("Name",),
    name_field="Name",
    family="TaxRates",
    api_writable=False,
    in_cdc=False,
)
TAX_AGENCY = Entity(
    "TaxAgency",
    Kind.LIST,
    {
        "DisplayName": Text(100),
        "TaxTrackedOnSales": Flag(),
        "TaxTrackedOnPurchases": Flag(),
        **same(("TaxRegistrationNumber", "LastFileDate"), Text()),
    },
    read_only=frozenset({"TaxAgencyConfig"}),
    required=("DisplayName",),
    name_field="DisplayName",
    family="TaxAgencies",
    in_cdc=False,
)

LISTS = (
    ACCOUNT,
    CLASS,
    DEPARTMENT,
    TERM,
    PAYMENT_METHOD,
    TAX_AGENCY,
    TAX_RATE,
    TAX_CODE,
    VENDOR,
    CUSTOMER,
    EMPLOYEE,
    ITEM,
)
