"""Companies of any size, made by seed: both sides in their own shapes, overlapping in part.

``python -m syncapp.sandbox.generate NAME`` prints a fixture; ``generated:seed=7,bills=5000`` loads one.
"""

from __future__ import annotations

import dataclasses
import sys
from typing import Any

import msgspec

from syncapp.sandbox.http import encode
from syncapp.sandbox.making import Record, Size
from syncapp.sandbox.making_memos import Memos

_SAMPLE: Record = {"overlap": 0.7, "credits": 6, "invoices": 9, "memos": 2}
# The sample companies in fixtures/: how they are made.
FIXTURES: dict[str, Record] = {
    "harbor-bakery": {
        **_SAMPLE,
        "seed": 11,
        "name": "Harbor Bakery",
        "console": True,
        "signed_up_on": "2020-05-04",
    },
    "northfield-dental": {
        **_SAMPLE,
        "seed": 23,
        "name": "Northfield Dental",
        "console": False,
        "signed_up_on": "2019-02-11",
    },
    "lakeside-builders": {
        **_SAMPLE,
        "seed": 37,
        "name": "Lakeside Builders",
        "console": True,
        "signed_up_on": "2018-09-01",
    },
    "fern-street-florist": {
        **_SAMPLE,
        "seed": 53,
        "name": "Fern Street Florist",
        "console": True,
        "signed_up_on": "2021-06-14",
    },
}


def generate(
    seed: int = 1, *, name: str = "", console: bool = True, signed_up_on: str = "2021-03-01", **size: Any
) -> Record:
    """A company in the shape of a fixture; the same numbers always give the same. ``size``: see Size."""
    made = Memos(Size(seed=seed, **size))
    made.make()
    name = name or f"Generated {seed}"
    return {
        "name": name,
        "console": console,
        "signed_up_on": signed_up_on,
        "qbo": {"CompanyInfo": [_info(name)], "Preferences": [_preferences()], **made.qbo},
        "billcom": made.billcom,
    }


def from_text(text: str) -> Record:
    """What "seed=7,bills=5000" asks for. Raises ValueError."""
    wanted: Record = {}
    known = {each.name: each.type for each in dataclasses.fields(Size)}
    for part in filter(None, text.split(",")):
        name, _, value = part.partition("=")
        if name not in known:
            raise ValueError(f"a generated company has {', '.join(known)}, not {name}")
        wanted[name] = float(value) if known[name] == "float" else int(value)
    return generate(**wanted)


def _info(name: str) -> Record:
    address = {
        "Line1": "12 Market St",
        "City": "Oakland",
        "CountrySubDivisionCode": "CA",
        "PostalCode": "94607",
        "Country": "US",
    }
    slug = "".join(sign for sign in name.lower() if sign.isalnum())
    return {
        "Id": "1",
        "SyncToken": "0",
        "CompanyName": name,
        "LegalName": name,
        "CompanyAddr": address,
        "Country": "US",
        "Email": {"Address": f"office@{slug}.example"},
        "FiscalYearStartMonth": "January",
    }


def _preferences() -> Record:
    return {
        "Id": "1",
        "SyncToken": "0",
        "AccountingInfoPrefs": {
            "UseAccountNumbers": True,
            "TrackDepartments": True,
            "ClassTrackingPerTxn": False,
            "ClassTrackingPerTxnLine": True,
        },
        "VendorAndPurchasesPrefs": {"TrackingByCustomer": True, "BillableExpenseTracking": False},
        "ProductAndServicesPrefs": {"ForPurchase": True, "ForSales": True},
        "CurrencyPrefs": {"MultiCurrencyEnabled": False, "HomeCurrency": {"value": "USD"}},
        "SalesFormsPrefs": {"CustomTxnNumbers": True},
        "TaxPrefs": {"UsingSalesTax": False},
        "OtherPrefs": {"NameValue": [{"Name": "VendorAndPurchasesPrefs.WarnDuplicateBillNumber", "Value": "false"}]},
    }


def printed(name: str) -> str:
    """The file of a sample company: compact, so that a change of one record is not a change of a thousand lines."""
    plain = msgspec.json.decode(encode(generate(**FIXTURES[name])))
    return msgspec.json.encode(plain, order="sorted").decode() + "\n"


def main(names: list[str]) -> int:
    if unknown := [name for name in names if name not in FIXTURES]:
        print(f"There is no {', '.join(unknown)}; there are {', '.join(FIXTURES)}.", file=sys.stderr)
        return 2
    for name in names:
        sys.stdout.write(printed(name))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
