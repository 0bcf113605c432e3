"""How a company is set up: what a new one has, and what of it the API may change."""

from __future__ import annotations

from typing import Any

# Reference: Intuit docs, Preferences: output only.
READ_ONLY = {
    "AccountingInfoPrefs": {"UseAccountNumbers", "BookCloseDate", "FirstMonthOfFiscalYear", "TaxYearMonth"},
    "CurrencyPrefs": {"MultiCurrencyEnabled", "HomeCurrency"},
    "TaxPrefs": {"UsingSalesTax", "PartnerTaxEnabled"},
    "SalesFormsPrefs": {"AutoApplyCredit"},
}


def defaults() -> dict[str, Any]:
    """A company of the Plus edition in the US."""
    return {
        "AccountingInfoPrefs": {
            "FirstMonthOfFiscalYear": "January",
            "UseAccountNumbers": True,
            "TaxYearMonth": "January",
            "ClassTrackingPerTxn": False,
            "ClassTrackingPerTxnLine": True,
            "TrackDepartments": True,
            "DepartmentTerminology": "Location",
            "CustomerTerminology": "Customers",
        },
        "ProductAndServicesPrefs": {
            "ForSales": True,
            "ForPurchase": True,
            "QuantityWithPriceAndRate": True,
            "QuantityOnHand": True,
        },
        "SalesFormsPrefs": {
            "AllowDeposit": True,
            "AllowDiscount": True,
            "AllowEstimates": True,
            "AllowServiceDate": False,
            "AllowShipping": False,
            "AutoApplyCredit": False,
            "AutoApplyPayments": False,
            "CustomTxnNumbers": False,
        },
        "VendorAndPurchasesPrefs": {"BillableExpenseTracking": True, "TrackingByCustomer": True},
        "TimeTrackingPrefs": {"UseServices": True, "BillCustomers": True, "WorkWeekStartDate": "Monday"},
        "TaxPrefs": {"UsingSalesTax": False},
        "CurrencyPrefs": {"MultiCurrencyEnabled": False, "HomeCurrency": {"value": "USD"}},
        "ReportPrefs": {"ReportBasis": "Accrual", "CalcAgingReportFromTxnDate": False},
        "OtherPrefs": {
            "NameValue": [
                {"Name": "VendorAndPurchasesPrefs.UseCustomTxnNumbers", "Value": "false"},
                {"Name": "OtherPrefs.WarnDuplicateBillNumber", "Value": "false"},
                {"Name": "OtherPrefs.WarnDuplicateCheckNumber", "Value": "false"},
                {"Name": "OtherPrefs.WarnDuplicateJournalNumber", "Value": "false"},
                {"Name": "AccountingInfoPrefs.ShowAccountNumbers", "Value": "true"},
            ]
        },
    }


def company_info(name: str) -> dict[str, Any]:
    address = {"Id": "1", "Line1": "1 Main Street", "City": "San Pablo", "CountrySubDivisionCode": "CA",
               "PostalCode": "94806", "Country": "US"}  # fmt: skip
    return {
        "CompanyName": name,
        "LegalName": name,
        "CompanyAddr": address,
        "LegalAddr": address,
        "CustomerCommunicationAddr": address,
        "Country": "US",
        "FiscalYearStartMonth": "January",
        "SupportedLanguages": "en",
        "NameValue": [{"Name": "OfferingSku", "Value": "QuickBooks Online Plus"}],
    }


def writable(fields: dict[str, Any]) -> dict[str, Any]:
    """What a client sends, without what it cannot set."""
    return {
        group: {name: value for name, value in values.items() if name not in READ_ONLY.get(group, ())}
        if isinstance(values, dict)
        else values
        for group, values in fields.items()
    }


def merge_deep(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """What is set is set one by one; what is sent empty goes, as a closing date that is taken back."""
    merged = dict(old)
    for name, value in new.items():
        inner = old.get(name)
        if value is None or value == "":
            merged.pop(name, None)
        else:
            inside = isinstance(value, dict) and isinstance(inner, dict)
            merged[name] = merge_deep(inner or {}, value) if inside else value
    return merged
