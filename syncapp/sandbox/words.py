"""Words that made-up companies are named with. All of them are our own."""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    """One a word; an underscore stands for a blank inside one."""
    return tuple(word.replace("_", " ") for word in text.split())


FIRST_NAMES = _words("""
    Amber Birch Cedar Copper Crescent Eagle Falcon Golden Granite Harbor Iron Ivory Juniper Lakeview Maple Meadow
    Northern Oak Orchard Pacific Pioneer Prairie Quartz Redwood River Sage Silver Summit Timber
""")
TRADES = _words("""
    Supply Foods Produce Dairy Linen Paper Electric Plumbing Cleaning Packaging Freight Media Printing Insurance
    Software Tools Roofing Gravel Lumber Medical Optics Imaging Security Glass Paint Design
""")
FORMS = ("Inc", "LLC", "Co", "Group", "Partners", "& Sons", "")
PEOPLE = _words("""
    Alder Bloom Castor Devlin Ember Fenwick Garnet Hollis Indigo Jasper Kestrel Linden Marlow Nettle Ortega Pascoe
    Quill Rowan Sorrel Tansy Umber Vesper Wilder Yarrow Zeller
""")
PLACES = _words("Cafe Clinic Studio Household Gallery Hotel School Market Theatre Workshop Gardens Kitchen")
JOBS = _words("Spring_Order Remodel Annual_Party Second_Floor Catering Repairs Opening")
STREETS = ("Main St", "Oak Ave", "Mill Rd", "Harbor Way", "2nd St", "Station Rd")
TOWNS = (("Oakland", "CA", "94607"), ("Salem", "OR", "97301"), ("Tacoma", "WA", "98402"), ("Reno", "NV", "89501"))
EXPENSES = _words("""
    Advertising Automobile Bank_Charges Cleaning Computer Dues Education Equipment_Rental Freight Fuel Insurance
    Janitorial Legal_Fees Licenses Linen Maintenance Meals Office_Supplies Parking Payroll_Fees Postage Printing Rent
    Repairs Security Small_Tools Software Storage Subscriptions Supplies Telephone Training Travel Uniforms Utilities
    Waste Website
""")
PARTS = _words("Local Regional Online Seasonal")
WARES = _words("Flour Paint Filters Gloves Brackets Tiles Towels Labels Crates Valves Lamps Ink")
DELIVERIES = _words("Delivery Order Service Subscription Repair Rental")

# Name, QuickBooks' type and subtype, number.
ACCOUNTS = (
    ("Operating Checking", "Bank", "Checking", "1000"),
    ("Payroll Checking", "Bank", "Checking", "1010"),
    ("Bill.com Money Out Clearing", "Bank", "Checking", "1090"),
    ("Accounts Receivable (A/R)", "Accounts Receivable", "AccountsReceivable", "1200"),
    ("Undeposited Funds", "Other Current Asset", "UndepositedFunds", "1250"),
    ("Equipment", "Fixed Asset", "MachineryAndEquipment", "1500"),
    ("Security Deposits", "Other Asset", "SecurityDeposits", "1800"),
    ("Accounts Payable (A/P)", "Accounts Payable", "AccountsPayable", "2000"),
    ("Company Card", "Credit Card", "CreditCard", "2100"),
    ("Sales Tax Payable", "Other Current Liability", "SalesTaxPayable", "2200"),
    ("Term Loan", "Long Term Liability", "NotesPayable", "2500"),
    ("Opening Balance Equity", "Equity", "OpeningBalanceEquity", "3000"),
    ("Owner's Equity", "Equity", "OwnersEquity", "3100"),
    ("Sales", "Income", "SalesOfProductIncome", "4000"),
    ("Services", "Income", "ServiceFeeIncome", "4100"),
    ("Cost of Goods Sold", "Cost of Goods Sold", "SuppliesMaterialsCogs", "5000"),
    ("Uncategorized Expense", "Expense", "OtherMiscellaneousServiceCost", "6999"),
    ("Interest Earned", "Other Income", "InterestEarned", "7000"),
    ("Interest Paid", "Other Expense", "OtherMiscellaneousExpense", "8000"),
)
BILLCOM_TYPES = {
    "Bank": "BANK",
    "Accounts Receivable": "ACCOUNTS_RECEIVABLE",
    "Other Current Asset": "OTHER_CURRENT_ASSET",
    "Fixed Asset": "FIXED_ASSET",
    "Other Asset": "OTHER_ASSET",
    "Accounts Payable": "ACCOUNTS_PAYABLE",
    "Credit Card": "CREDIT_CARD",
    "Other Current Liability": "OTHER_CURRENT_LIABILITY",
    "Long Term Liability": "LONG_TERM_LIABILITY",
    "Equity": "EQUITY",
    "Income": "INCOME",
    "Cost of Goods Sold": "COST_OF_GOODS_SOLD",
    "Expense": "EXPENSE",
    "Other Income": "OTHER_INCOME",
    "Other Expense": "OTHER_EXPENSE",
}
# Each state that a bill's approval can be in; most bills are approved.
APPROVALS = ("APPROVED", "UNASSIGNED", "ASSIGNED", "APPROVED", "APPROVING", "DENIED", "APPROVED")
ROLES = (
    ("ADMINISTRATOR", "Administrator", "Ada"),
    ("ACCOUNTANT", "Accountant", "Alan"),
    ("MEMBER", "Member", "Mia"),
    ("CUSTOM", "Manages company and sync", "Cora"),
    ("CUSTOM", "Reads reports", "Carl"),
)
