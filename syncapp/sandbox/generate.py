"""Companies of any size, made by seed: both sides in their own shapes, overlapping in part.

``python -m syncapp.sandbox.generate NAME`` prints a fixture; ``generated:seed=7,bills=5000`` loads one.
"""

from __future__ import annotations

import dataclasses
import random
import sys
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from syncapp.sandbox.http import encode

Record = dict[str, Any]

FIRST_DAY = date(2026, 1, 5)
MADE_AT = "2026-01-02T09:00:00-08:00"
FIRST_NAMES = [
    "Amber",
    "Birch",
    "Cedar",
    "Copper",
    "Crescent",
    "Eagle",
    "Falcon",
    "Golden",
    "Granite",
    "Harbor",
    "Iron",
    "Ivory",
    "Juniper",
    "Lakeview",
    "Maple",
]
FIRST_NAMES += [
    "Meadow",
    "Northern",
    "Oak",
    "Orchard",
    "Pacific",
    "Pioneer",
    "Prairie",
    "Quartz",
    "Redwood",
    "River",
    "Sage",
    "Silver",
    "Summit",
    "Timber",
]
TRADES = [
    "Supply",
    "Foods",
    "Produce",
    "Dairy",
    "Linen",
    "Paper",
    "Electric",
    "Plumbing",
    "Cleaning",
    "Packaging",
    "Freight",
    "Media",
    "Printing",
]
TRADES += [
    "Insurance",
    "Software",
    "Tools",
    "Roofing",
    "Gravel",
    "Lumber",
    "Medical",
    "Dental",
    "Imaging",
    "Security",
    "Glass",
    "Paint",
    "Design",
]
FORMS = ("Inc", "LLC", "Co", "Group", "Partners", "& Sons", "")
PEOPLE = [
    "Alder",
    "Bloom",
    "Castor",
    "Devlin",
    "Ember",
    "Fenwick",
    "Garnet",
    "Hollis",
    "Indigo",
    "Jasper",
    "Kestrel",
    "Linden",
    "Marlow",
    "Nettle",
    "Ortega",
]
STREETS = ("Main St", "Oak Ave", "Mill Rd", "Harbor Way", "2nd St", "Station Rd")
TOWNS = (("Oakland", "CA", "94607"), ("Salem", "OR", "97301"), ("Tacoma", "WA", "98402"), ("Reno", "NV", "89501"))
EXPENSES = [
    "Advertising",
    "Automobile",
    "Bank_Charges",
    "Cleaning",
    "Computer",
    "Dues",
    "Education",
    "Equipment_Rental",
    "Freight",
    "Fuel",
    "Insurance",
    "Janitorial",
    "Legal_Fees",
    "Licenses",
    "Linen",
    "Maintenance",
    "Meals",
    "Office_Supplies",
    "Parking",
    "Payroll_Fees",
    "Postage",
    "Printing",
    "Rent",
    "Repairs",
    "Security",
    "Small_Tools",
    "Software",
    "Storage",
    "Subscriptions",
    "Supplies",
    "Telephone",
    "Training",
    "Travel",
    "Uniforms",
    "Utilities",
    "Waste",
    "Website",
]
PARTS = ("Local", "Regional", "Online", "Seasonal")
APPROVALS = ("APPROVED", "APPROVED", "APPROVED", "UNASSIGNED", "ASSIGNED", "APPROVING", "DENIED")
ACCOUNT_TYPES = {
    "Bank": "BANK",
    "Accounts Receivable": "ACCOUNTS_RECEIVABLE",
    "Accounts Payable": "ACCOUNTS_PAYABLE",
    "Credit Card": "CREDIT_CARD",
    "Other Current Asset": "OTHER_CURRENT_ASSET",
    "Fixed Asset": "FIXED_ASSET",
    "Other Current Liability": "OTHER_CURRENT_LIABILITY",
    "Long Term Liability": "LONG_TERM_LIABILITY",
    "Equity": "EQUITY",
    "Income": "INCOME",
    "Cost of Goods Sold": "COST_OF_GOODS_SOLD",
    "Expense": "EXPENSE",
    "Other Expense": "OTHER_EXPENSE",
}


@dataclass(frozen=True)
class Size:
    """How large, and how much of it is on both sides (``overlap``). ``payments``: share of the bills that are paid."""

    seed: int = 1
    accounts: int = 90
    vendors: int = 26
    customers: int = 29
    items: int = 12
    bills: int = 60
    payments: float = 0.4
    overlap: float = 0.5
    lines: int = 2


def from_text(text: str) -> Record:
    """ "seed=7,bills=5000" and so on. Raises ValueError."""
    wanted: Record = {}
    known = {each.name: each.type for each in dataclasses.fields(Size)}
    for part in filter(None, text.split(",")):
        name, _, value = part.partition("=")
        if name not in known:
            raise ValueError(f"a generated company has {', '.join(known)}, not {name}")
        wanted[name] = float(value) if known[name] == "float" else int(value)
    size = Size(**wanted)
    return generate(size, name=f"Generated {size.seed}")


def generate(size: Size, *, name: str, console: bool = True, signed_up_on: str = "2021-03-01") -> Record:
    """A company in the shape of a fixture; the same size and seed always give the same."""
    maker = _Maker(size)
    maker.make()
    return {
        "name": name,
        "console": console,
        "signed_up_on": signed_up_on,
        "qbo": {"CompanyInfo": [_info(name)], "Preferences": [_preferences()], **maker.qbo},
        "billcom": maker.billcom,
    }


def _info(name: str) -> Record:
    address = {"Id": "1", "Line1": "12 Market St", "City": "Oakland", "CountrySubDivisionCode": "CA", "Country": "US"}
    return {
        "Id": "1",
        "SyncToken": "0",
        "CompanyName": name,
        "LegalName": name,
        "CompanyAddr": address,
        "Country": "US",
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


class _Maker:
    def __init__(self, size: Size) -> None:
        self.size, self.random = size, random.Random(size.seed)
        self.qbo: dict[str, list[Record]] = {}
        self.billcom: dict[str, list[Record]] = {}
        self.next_id = {"qbo": 0, "txn": 0, "billcom": 0}
        self.twins: dict[str, str] = {}

    def make(self) -> None:
        self._accounts()
        self._lists()
        self._vendors()
        self._customers()
        self._items()
        self._people()
        self._bills()

    # --- ids and places ----------------------------------------------------------------------------------------------

    def _in_qbo(self, entity: str, **record: Any) -> str:
        table = self.qbo.setdefault(entity, [])
        space = "txn" if entity in ("Bill", "BillPayment") else "qbo"
        self.next_id[space] += 1
        meta = {"CreateTime": MADE_AT, "LastUpdatedTime": MADE_AT}
        if entity in ("Account", "Item"):
            parent = next((each for each in table if each["Id"] == record.get("ParentRef", {}).get("value")), None)
            above = f"{parent['FullyQualifiedName']}:" if parent else ""
            record["FullyQualifiedName"] = above + record["Name"].removesuffix(" (deleted)")
        table.append({"Id": str(self.next_id[space]), "SyncToken": "0", "MetaData": meta, **record})
        return str(self.next_id[space])

    def _in_billcom(self, collection: str, prefix: str, **record: Any) -> str:
        self.next_id["billcom"] += 1
        remote_id = f"{prefix}{self.size.seed % 1000:04d}{self.next_id['billcom']:013d}"[:20]
        self.billcom.setdefault(collection, []).append({"id": remote_id, **record})
        return remote_id

    def _both(self) -> bool:
        return self.random.random() < self.size.overlap

    def _twin(self, key: str, qbo_id: str, billcom_id: str) -> None:
        self.twins[f"{key}:{qbo_id}"] = billcom_id

    def _billcom_id(self, key: str, qbo_id: str) -> str | None:
        return self.twins.get(f"{key}:{qbo_id}")

    # --- lists -------------------------------------------------------------------------------------------------------

    def _account(
        self, name: str, kind: str, number: str = "", parent: str = "", subtype: str = "", active: bool = True
    ) -> str:
        record: Record = {"Name": name, "AccountType": kind, "Active": active, "SubAccount": bool(parent)}
        record |= {"AcctNum": number} if number else {}
        record |= {"AccountSubType": subtype} if subtype else {}
        record |= {"ParentRef": {"value": parent}} if parent else {}
        return self._in_qbo("Account", **record)

    def _accounts(self) -> None:
        fixed = (
            ("Operating Checking", "Bank", "1000", "Checking"),
            ("Payroll Checking", "Bank", "1010", "Checking"),
            ("Bill.com Money Out Clearing", "Bank", "1090", "Checking"),
            ("Accounts Receivable (A/R)", "Accounts Receivable", "1200", "AccountsReceivable"),
            ("Undeposited Funds", "Other Current Asset", "1250", "UndepositedFunds"),
            ("Equipment", "Fixed Asset", "1500", "MachineryAndEquipment"),
            ("Accounts Payable (A/P)", "Accounts Payable", "2000", "AccountsPayable"),
            ("Company Card", "Credit Card", "2100", "CreditCard"),
            ("Sales Tax Payable", "Other Current Liability", "2200", "SalesTaxPayable"),
            ("Term Loan", "Long Term Liability", "2500", "NotesPayable"),
            ("Opening Balance Equity", "Equity", "3000", "OpeningBalanceEquity"),
            ("Owner's Equity", "Equity", "3100", "OwnersEquity"),
            ("Sales", "Income", "4000", "SalesOfProductIncome"),
            ("Services", "Income", "4100", "ServiceFeeIncome"),
            ("Cost of Goods Sold", "Cost of Goods Sold", "5000", "SuppliesMaterialsCogs"),
            ("Uncategorized Expense", "Expense", "6999", "OtherMiscellaneousServiceCost"),
        )
        ids = {name: self._account(name, kind, number, subtype=subtype) for name, kind, number, subtype in fixed}
        self.bank, self.expense_ids = ids["Operating Checking"], []
        self.income, self.clearing = ids["Services"], ids["Bill.com Money Out Clearing"]
        left, number = self.size.accounts - len(fixed), 6000
        for position in range(left):
            base = EXPENSES[position % len(EXPENSES)].replace("_", " ")
            number += 5
            if position < len(EXPENSES):
                inactive = position % 17 == 16
                name = f"{base} (deleted)" if inactive else base
                made = self._account(name, "Expense", str(number), active=not inactive)
                if not inactive:
                    self.expense_ids.append(made)
            else:
                parent = self.expense_ids[position % len(self.expense_ids)]
                self._account(
                    f"{base} {PARTS[(position // len(EXPENSES)) % 4]} {position}", "Expense", str(number), parent
                )
        for record in list(self.qbo["Account"]):
            if record["Active"] and self._both():
                self._mirror_account(record)
        self._in_billcom(
            "chart-of-accounts", "0ca", name="Donations", account={"type": "EXPENSE", "number": "6990"}, archived=False
        )

    def _mirror_account(self, record: Record) -> None:
        parent = record.get("ParentRef", {}).get("value", "")
        if parent and not self._billcom_id("account", parent):
            return
        account = {"type": ACCOUNT_TYPES[record["AccountType"]], "number": record.get("AcctNum", "")}
        more = {"parentId": self._billcom_id("account", parent)} if parent else {}
        made = self._in_billcom(
            "chart-of-accounts", "0ca", name=record["Name"], account=account, archived=False, **more
        )
        self._twin("account", record["Id"], made)

    def _lists(self) -> None:
        for collection, prefix, entity, names in (
            ("accounting-classes", "cls", "Class", ("Retail", "Wholesale", "Events", "Office")),
            ("locations", "loc", "Department", ("Downtown", "Northside", "Warehouse")),
        ):
            for position, name in enumerate(names):
                flag = {"Class": "SubClass", "Department": "SubDepartment"}[entity]
                made = self._in_qbo(entity, Name=name, FullyQualifiedName=name, Active=True, **{flag: False})
                if position % 2 == 0:
                    self._twin(collection, made, self._in_billcom(collection, prefix, name=name, archived=False))
            self._in_billcom(collection, prefix, name=f"{names[0]} Annex", archived=False)

    def _name(self, position: int) -> str:
        first = FIRST_NAMES[position % len(FIRST_NAMES)]
        trade = TRADES[(position * 7 + position // len(FIRST_NAMES)) % len(TRADES)]
        form = FORMS[position % len(FORMS)]
        round_ = position // (len(FIRST_NAMES) * len(TRADES))
        return " ".join(part for part in (first, trade, form, str(round_) if round_ else "") if part)

    def _address(self, position: int) -> tuple[Record, Record]:
        town, state, postcode = TOWNS[position % len(TOWNS)]
        line = f"{100 + position} {STREETS[position % len(STREETS)]}"
        theirs = {"Line1": line, "City": town, "CountrySubDivisionCode": state, "PostalCode": postcode, "Country": "US"}
        ours = {"line1": line, "city": town, "stateOrProvince": state, "zipOrPostalCode": postcode, "country": "US"}
        return theirs, ours

    def _vendors(self) -> None:
        """On both sides, nearly the same name, on one side only, and a pair that only looks alike."""
        self.vendors: list[str] = []
        for position in range(self.size.vendors):
            name, mail = self._name(position), f"billing{position}@vendor{position}.example"
            theirs, ours = self._address(position)
            inactive = position % 23 == 22
            made = self._in_qbo(
                "Vendor",
                DisplayName=f"{name} (deleted)" if inactive else name,
                CompanyName=name,
                PrimaryEmailAddr={"Address": mail},
                PrimaryPhone={"FreeFormNumber": f"(555) 555-{position % 10000:04d}"},
                BillAddr=theirs,
                Active=not inactive,
                Balance=0,
            )
            if not inactive:
                self.vendors.append(made)
            if not inactive and self._both():
                spelled = (
                    name.upper() if position % 5 == 0 else name.replace(" Inc", ", Inc.") if position % 3 == 0 else name
                )
                self._twin("vendor", made, self._vendor_in_billcom(spelled, mail, ours, name, position))
        for position in range(2):
            self._vendor_in_billcom(
                f"Only In Bill {TRADES[position]}",
                f"bill-only{position}@vendor.example",
                self._address(position)[1],
                "",
                position,
            )
        if self.size.vendors > 5:
            self._in_qbo(
                "Vendor", DisplayName="Beacon Courier", Active=True, PrimaryEmailAddr={"Address": "ap@beacon.example"}
            )
            self._vendor_in_billcom("Beacon Express Delivery", "ap@beacon.example", self._address(3)[1], "", 3)

    def _vendor_in_billcom(self, name: str, mail: str, address: Record, company: str, position: int) -> str:
        more: Record = {"additionalInfo": {"companyName": company}} if company else {}
        phone = f"(555) 555-{position % 10000:04d}"
        return self._in_billcom(
            "vendors",
            "009",
            name=name,
            email=mail,
            phone=phone,
            address=address,
            archived=False,
            billCurrency="USD",
            **more,
        )

    def _customers(self) -> None:
        parents: list[str] = []
        for position in range(self.size.customers):
            name = f"{PEOPLE[position % len(PEOPLE)]} {TRADES[(position * 3) % len(TRADES)]} {position}"
            mail = f"office{position}@customer{position}.example"
            if position % 6 == 5 and parents:
                parent = self.qbo["Customer"][int(parents[-1])]
                record = {
                    "DisplayName": f"Job {position}",
                    "FullyQualifiedName": f"{parent['DisplayName']}:Job {position}",
                }
                record |= {"ParentRef": {"value": parent["Id"]}, "Job": True}
            else:
                record = {"DisplayName": name, "FullyQualifiedName": name, "Job": False}
            email = {} if position % 14 == 13 else {"PrimaryEmailAddr": {"Address": mail}}
            made = self._in_qbo("Customer", Active=True, Balance=0, **record, **email)
            if "ParentRef" not in record:
                parents.append(str(len(self.qbo["Customer"]) - 1))
            if email and self._both():
                full = str(record["FullyQualifiedName"])
                self._twin(
                    "customer", made, self._in_billcom("customers", "0cu", name=full, email=mail, archived=False)
                )

    def _items(self) -> None:
        for position in range(self.size.items):
            name = f"{TRADES[position % len(TRADES)]} service {position}"
            expense = self.expense_ids[position % len(self.expense_ids)]
            self._in_qbo(
                "Item",
                Name=name,
                Type="Service",
                Active=True,
                UnitPrice=Decimal(25 + position),
                IncomeAccountRef={"value": self.income},
                ExpenseAccountRef={"value": expense},
            )

    def _people(self) -> None:
        roles = (
            ("ADMINISTRATOR", "Administrator"),
            ("ACCOUNTANT", "Accountant"),
            ("MEMBER", "Member"),
            ("CUSTOM", "Custom: manage company, sync"),
        )
        for kind, words in roles:
            role = self._in_billcom("roles", "0po", type=kind, description=words)
            shown = {"id": role, "type": kind, "description": words}
            email = f"{kind.lower()}@client.example"
            self._in_billcom("users", "006", firstName=words.split(":")[0], lastName="User", email=email, role=shown)
        for name, number, linked in (("Operating", "000123451000", self.bank), ("Reserve", "000123457788", "")):
            account = self._billcom_id("account", linked) if linked else None
            more = {"chartOfAccountId": account} if account else {}
            self._in_billcom(
                "banks",
                "bac",
                bankName=name,
                accountNumber=number,
                type="CHECKING",
                status="VERIFIED",
                archived=False,
                **more,
            )

    # --- bills and payments ------------------------------------------------------------------------------------------

    def _bills(self) -> None:
        for position in range(self.size.bills):
            paid = self.random.random() < self.size.payments
            where = self.random.random()
            vendor = self.vendors[self.random.randrange(len(self.vendors))]
            twin = self._billcom_id("vendor", vendor)
            lines = self._lines()
            if twin is None or where < 0.35:
                self._bill_in_qbo(position, vendor, lines, paid)
            elif where < 0.7:
                self._bill_in_billcom(position, twin, lines, paid)
            else:
                self._bill_in_qbo(position, vendor, lines, paid=False)
                self._bill_in_billcom(position, twin, lines, paid)

    def _lines(self) -> list[tuple[Decimal, str, str]]:
        count = 1 + self.random.randrange(self.size.lines)
        return [
            (
                Decimal(self.random.randrange(1000, 250000)) / 100,
                self.expense_ids[self.random.randrange(len(self.expense_ids))],
                f"Delivery {self.random.randrange(1, 999)}",
            )
            for _ in range(count)
        ]

    def _day(self, position: int) -> date:
        return FIRST_DAY + timedelta(days=position * 240 // max(self.size.bills, 1))

    def _bill_in_qbo(self, position: int, vendor: str, lines: list[tuple[Decimal, str, str]], paid: bool) -> str:
        day, total = self._day(position), sum((amount for amount, _, _ in lines), Decimal(0))
        shown = [
            {
                "Id": str(number),
                "DetailType": "AccountBasedExpenseLineDetail",
                "Amount": amount,
                "Description": words,
                "AccountBasedExpenseLineDetail": {"AccountRef": {"value": account}, "BillableStatus": "NotBillable"},
            }
            for number, (amount, account, words) in enumerate(lines, start=1)
        ]
        made = self._in_qbo(
            "Bill",
            VendorRef={"value": vendor},
            DocNumber=f"INV-{10000 + position}",
            TxnDate=day.isoformat(),
            DueDate=(day + timedelta(days=30)).isoformat(),
            TotalAmt=total,
            Balance=total,
            Line=shown,
        )
        if paid:
            self._pay_in_qbo(made, vendor, total, day + timedelta(days=20), position)
        return made

    def _pay_in_qbo(self, bill: str, vendor: str, total: Decimal, day: date, position: int) -> None:
        payment = self._in_qbo(
            "BillPayment",
            VendorRef={"value": vendor},
            PayType="Check",
            CheckPayment={"BankAccountRef": {"value": self.bank}},
            TotalAmt=total,
            TxnDate=day.isoformat(),
            DocNumber=str(5000 + position),
            Line=[{"Amount": total, "LinkedTxn": [{"TxnId": bill, "TxnType": "Bill"}]}],
        )
        self.qbo["Bill"][-1] |= {
            "Balance": Decimal(0),
            "LinkedTxn": [{"TxnId": payment, "TxnType": "BillPaymentCheck"}],
        }

    def _bill_in_billcom(self, position: int, vendor: str, lines: list[tuple[Decimal, str, str]], paid: bool) -> str:
        day = self._day(position)
        total = sum((amount for amount, _, _ in lines), Decimal(0))
        shown = []
        for amount, account, words in lines:
            code = self._billcom_id("account", account)
            shown.append(
                {"amount": amount, "description": words, "classifications": {"chartOfAccountId": code} if code else {}}
            )
        made = self._in_billcom(
            "bills",
            "00n",
            vendorId=vendor,
            dueDate=(day + timedelta(days=30)).isoformat(),
            invoice={"invoiceNumber": f"INV-{10000 + position}", "invoiceDate": day.isoformat()},
            billLineItems=shown,
            approvalStatus="APPROVED" if paid else APPROVALS[position % len(APPROVALS)],
            archived=False,
        )
        if paid:
            self._pay_in_billcom(made, vendor, total, day + timedelta(days=20), online=position % 2 == 0)
        return made

    def _pay_in_billcom(self, bill: str, vendor: str, total: Decimal, day: date, *, online: bool) -> None:
        bank = self.billcom["banks"][0]["id"]
        more: Record = {"fundingAccount": {"type": "BANK_ACCOUNT", "id": bank}} if online else {}
        self._in_billcom(
            "payments",
            "stp",
            vendorId=vendor,
            billPayments=[{"billId": bill, "amount": total}],
            amount=total,
            processDate=day.isoformat(),
            onlinePayment=online,
            status="PAID",
            singleStatus="CLEARED",
            disbursementStatus="DONE",
            disbursementType="ACH" if online else "OFFLINE",
            **more,
        )


FIXTURES: dict[str, tuple[Size, Record]] = {
    "harbor-bakery": (Size(seed=11), {"name": "Harbor Bakery", "console": True, "signed_up_on": "2020-05-04"}),
    "northfield-dental": (Size(seed=23), {"name": "Northfield Dental", "console": False, "signed_up_on": "2019-02-11"}),
    "lakeside-builders": (Size(seed=37), {"name": "Lakeside Builders", "console": True, "signed_up_on": "2018-09-01"}),
}


def main(names: list[str]) -> int:
    for name in names:
        if name not in FIXTURES:
            print(f"There is no {name}; there are {', '.join(FIXTURES)}.", file=sys.stderr)
            return 2
        size, about = FIXTURES[name]
        sys.stdout.write(encode(generate(size, **about)).decode() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
