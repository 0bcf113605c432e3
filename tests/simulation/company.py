"""The smallest company that has everything a bill names: it is the same for every seed, people make the rest."""

from __future__ import annotations

from typing import Any

from syncapp.sandbox import generate

KEPT_ACCOUNTS = (
    "Operating Checking",
    "Bill.com Money Out Clearing",
    "Accounts Payable (A/P)",
    "Accounts Receivable (A/R)",
    "Undeposited Funds",
    "Opening Balance Equity",
    "Owner's Equity",
    "Sales",
    "Uncategorized Expense",
    "Advertising",
    "Automobile",
)
# What is sold; both products have it.
HOURS = "Hours"
TAX_CODE = "2"
# Only QuickBooks has it, and only BILL: so the first sync makes accounts on both sides.
ADDED = {"name": "Donations", "account": {"type": "EXPENSE", "number": "6990"}, "archived": False}


def made(console: bool, number: int = 1) -> dict[str, Any]:
    """In the shape of a fixture."""
    whole = generate.generate(
        2 + number, name=f"Simulated {number}", console=console, accounts=0, vendors=0, customers=0, items=0, bills=0
    )
    qbo, billcom = whole["qbo"], whole["billcom"]
    qbo["Account"] = [each for each in qbo["Account"] if each["Name"] in KEPT_ACCOUNTS]
    # As BILL's own sync has made it in the companies that receive money through BILL.
    out = next(each for each in qbo["Account"] if each["Name"] == "Bill.com Money Out Clearing")
    last = max(int(each["Id"]) for each in qbo["Account"])
    money_in = {"Id": str(last + 1), "Name": "Bill.com Money In Clearing", "AcctNum": "1095"}
    qbo["Account"].append({**out, **money_in, "FullyQualifiedName": money_in["Name"]})
    # As QuickBooks has made it where sales tax is used.
    owed = {"Id": str(last + 2), "Name": "Sales Tax Payable", "AcctNum": "2200"}
    owed |= {"AccountType": "Other Current Liability", "AccountSubType": "GlobalTaxPayable"}
    owed["FullyQualifiedName"] = owed["Name"]
    qbo["Account"].append({**out, **owed})
    qbo["Class"], qbo["Department"] = qbo["Class"][:2], qbo["Department"][:2]
    names = {each["Name"] for each in qbo["Account"]}
    billcom["chart-of-accounts"] = [
        each for each in billcom["chart-of-accounts"] if each["name"] in {*names, ADDED["name"]}
    ]
    billcom["vendors"] = []
    sales = next(each for each in qbo["Account"] if each["Name"] == "Sales")
    ours = next(each for each in billcom["chart-of-accounts"] if each["name"] == "Sales")
    item = {"Id": "1", "SyncToken": "0", "Name": HOURS, "Type": "Service", "Active": True}
    item |= {"Taxable": True, "IncomeAccountRef": {"value": sales["Id"]}, "MetaData": dict(sales["MetaData"])}
    qbo["Item"] = [item]
    shown = {"name": HOURS, "type": "SERVICE", "chartOfAccountId": ours["id"], "archived": False, "taxable": True}
    billcom["items"] = [shown]
    qbo["Preferences"] = [{**each, "TaxPrefs": {"UsingSalesTax": True}} for each in qbo["Preferences"]]
    rate = {"Id": "1", "SyncToken": "0", "Name": "State", "RateValue": 8.25, "Active": True}
    rates = {"TaxRateDetail": [{"TaxRateRef": {"value": "1"}, "TaxTypeApplicable": "TaxOnAmount"}]}
    qbo["TaxRate"] = [{**rate, "MetaData": dict(sales["MetaData"])}]
    code = {"Id": TAX_CODE, "SyncToken": "0", "Name": "State", "Active": True, "SalesTaxRateList": rates}
    qbo["TaxCode"] = [{**code, "MetaData": dict(sales["MetaData"])}]
    return whole
