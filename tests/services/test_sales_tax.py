"""Sales tax: QuickBooks' tax codes come to BILL, and with them what is sold with tax, to the cent."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from syncapp.core.holds import HoldCode
from syncapp.core.sides import Side
from syncapp.gateways.billcom import BillcomGateway
from syncapp.gateways.errors import Unavailable
from syncapp.models import Company, ObjectState, SyncedObject, Trigger
from syncapp.services import links, runs, tie_out
from tests.services.test_invoices import Sales
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, synced, writes

DAY = "2026-10-02"


class Taxed(Sales):
    def enters(self, entity: str, record: dict[str, Any]) -> dict[str, Any]:
        return self.sandbox.person("qbo", self.realm, entity, record)

    def uses_tax(self, *, on: bool = True) -> None:
        self.enters("Preferences", {"Id": "1", "TaxPrefs": {"UsingSalesTax": on}})

    def code(self, name: str, *rates: float) -> str:
        """A tax code of these rates, in percent."""
        made = [self.enters("TaxRate", {"Name": f"{name} {each}", "RateValue": each, "Active": True}) for each in rates]
        details = [{"TaxRateRef": {"value": each["Id"]}, "TaxTypeApplicable": "TaxOnAmount"} for each in made]
        code = {"Name": name, "Taxable": True, "Active": True, "SalesTaxRateList": {"TaxRateDetail": details}}
        return str(self.enters("TaxCode", code)["Id"])

    def sold(self, number: str, code: str, *lines: tuple[float, str], entity: str = "Invoice") -> dict[str, Any]:
        """``lines``: amount, and TAX or NON."""
        item = {"value": self.one("item").qbo_id}
        return self.enters(
            entity,
            {
                "CustomerRef": {"value": self.one("customer").qbo_id},
                "DocNumber": number,
                "TxnDate": DAY,
                **({"DueDate": "2026-11-01"} if entity == "Invoice" else {}),
                "TxnTaxDetail": {"TxnTaxCodeRef": {"value": code}},
                "Line": [
                    {
                        "Amount": amount,
                        "Description": "Work",
                        "DetailType": "SalesItemLineDetail",
                        "SalesItemLineDetail": {"ItemRef": item, "TaxCodeRef": {"value": taxed}},
                    }
                    for amount, taxed in lines
                ],
            },
        )

    def items(self) -> dict[str, dict[str, Any]]:
        found = self.sandbox.books("billcom", self.organization)["items"]
        return {each["name"]: each for each in found if each["type"] == "SALES_TAX"}

    def there(self, entity: str, row: SyncedObject) -> dict[str, Any]:
        return self.billcom(entity)[str(row.billcom_id)]

    def makes_items(self, *, taxable: bool) -> None:
        change = {"Id": self.one("item").qbo_id, "Taxable": taxable}
        self.enters("Item", {**self.qbo("Item")[str(change["Id"])], **change})


@pytest.fixture
def taxed(company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]) -> Taxed:
    synced(company, clock)
    found = Taxed(company, sandbox, loaded)
    found.uses_tax()
    found.makes_items(taxable=True)
    return found


def test_a_code_with_its_rates_is_made_changed_and_taken_away(company: Company, clock: Clock, taxed: Taxed) -> None:
    code = taxed.code("Nevada", 6.85, 1.415)
    synced(company, clock)
    made = taxed.items()["Nevada"]
    assert (made["percentage"], made["archived"]) == (8.265, False)
    assert writes(synced(company, clock)) == 0

    taxed.enters("TaxCode", {"Id": code, "Name": "Nevada state"})
    synced(company, clock)
    assert "Nevada state" in taxed.items()

    taxed.enters("TaxCode", {"Id": code, "Active": False})
    synced(company, clock)
    assert taxed.items()["Nevada state"]["archived"]
    assert writes(synced(company, clock)) == 0


def test_one_of_the_same_name_in_bill_is_linked_and_gets_the_rate(company: Company, clock: Clock, taxed: Taxed) -> None:
    item = {"name": "Nevada", "type": "SALES_TAX", "percentage": 5}
    taxed.sandbox.person("billcom", taxed.organization, "items", item)
    taxed.code("Nevada", 8.25)
    synced(company, clock)
    assert taxed.items()["Nevada"]["percentage"] == 8.25
    assert taxed.row("sales_tax").linked


def test_one_of_bill_alone_stays_there_and_says_why(company: Company, clock: Clock, taxed: Taxed) -> None:
    item = {"name": "Oregon", "type": "SALES_TAX", "percentage": 0}
    taxed.sandbox.person("billcom", taxed.organization, "items", item)
    synced(company, clock)
    row = taxed.row("sales_tax")
    assert row.hold is not None and "from QuickBooks Online to BILL only" in row.hold.describe()
    assert "under Taxes" in row.hold.fix()


@pytest.mark.parametrize(("entity", "kind", "path"), [
    ("Invoice", "invoice", "invoices"),
    ("CreditMemo", "credit_memo", "credit-memos"),
])  # fmt: skip
def test_what_is_sold_with_tax_comes_with_the_same_total(
    company: Company, clock: Clock, taxed: Taxed, entity: str, kind: str, path: str
) -> None:
    made = taxed.sold("T-1", taxed.code("Nevada", 6.85, 1.415), (33.33, "TAX"), (10.01, "TAX"), entity=entity)
    assert made["TotalAmt"] == 46.92
    synced(company, clock)

    row = taxed.row(kind, qbo_id=made["Id"])
    assert row.linked, row.hold
    there = taxed.there(path, row)
    assert (there["salesTaxTotal"], there["salesTaxPercentage"]) == (3.58, 8.265)
    assert there["totalAmount" if entity == "Invoice" else "amount"] == 46.92
    assert there["salesTaxItemId"] == taxed.items()["Nevada"]["id"]
    assert writes(synced(company, clock)) == 0

    other = taxed.code("Utah", 10)
    taxed.enters(entity, {**made, "TxnTaxDetail": {"TxnTaxCodeRef": {"value": other}}})
    synced(company, clock)
    there = taxed.there(path, row)
    assert there["totalAmount" if entity == "Invoice" else "amount"] == 47.67
    assert writes(synced(company, clock)) == 0


def test_what_bill_would_tax_otherwise_is_held_with_both_figures(company: Company, clock: Clock, taxed: Taxed) -> None:
    made = taxed.sold("T-2", taxed.code("Nevada", 10), (100, "TAX"), (50, "NON"))
    synced(company, clock)
    row = taxed.row(qbo_id=made["Id"])
    assert row.hold_code == HoldCode.FLOW_NOT_IN_MATRIX and row.hold is not None
    assert "Its sales tax is 10.00, and in BILL it would come to 15.00" in row.hold.describe()
    assert "taxable" in row.hold.fix()


def test_what_bill_reckoned_otherwise_after_all_is_said(company: Company, clock: Clock, taxed: Taxed) -> None:
    taxed.sandbox.switch(billcom_tax_by_line=True)
    try:
        made = taxed.sold("T-3", taxed.code("Nevada", 8.25), (0.99, "TAX"), (0.99, "TAX"), (0.99, "TAX"))
        synced(company, clock)
    finally:
        taxed.sandbox.switch(billcom_tax_by_line=False)
    row = taxed.row(qbo_id=made["Id"])
    assert row.linked and row.state == ObjectState.HELD and row.hold is not None
    assert "BILL took it with a total of 3.21, and it is 3.22 in QuickBooks Online" in row.hold.describe()


def test_tax_of_bill_stays_there_and_can_be_linked(company: Company, clock: Clock, taxed: Taxed) -> None:
    code = taxed.code("Nevada", 10)
    synced(company, clock)
    made = taxed.in_bill("T-4", 1, 100, salesTaxItemId=taxed.items()["Nevada"]["id"])
    assert made["totalAmount"] == 110
    synced(company, clock)
    row = taxed.row(billcom_id=made["id"])
    assert row.hold is not None and "sales tax in BILL" in row.hold.describe()

    taxed.sold("T-4", code, (100, "TAX"))
    synced(company, clock)
    row = taxed.row(billcom_id=made["id"])
    assert row.linked and not row.hold_code


def test_the_lines_of_what_is_taxed_are_changed_in_quickbooks(company: Company, clock: Clock, taxed: Taxed) -> None:
    made = taxed.sold("T-5", taxed.code("Nevada", 10), (100, "TAX"))
    synced(company, clock)
    row = taxed.row(qbo_id=made["Id"])
    there = taxed.there("invoices", row)
    line = {**there["invoiceLineItems"][0], "price": 200}
    change = {"id": there["id"], "customer": {"id": there["customerId"]}, "invoiceLineItems": [line]}
    taxed.sandbox.person("billcom", taxed.organization, "invoices", change)
    synced(company, clock)
    row.refresh_from_db()
    assert row.hold is not None and "what is taxed is changed in QuickBooks Online" in row.hold.describe()
    assert taxed.qbo("Invoice")[made["Id"]]["TotalAmt"] == 110


def test_without_sales_tax_nothing_of_it_is_read(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    found = Taxed(company, sandbox, loaded)
    found.code("Nevada", 8.25)
    synced(company, clock)
    assert not SyncedObject.objects.filter(company=company, kind="sales_tax").exists()
    assert "Nevada" not in found.items()
    invoice = found.sold("T-6", "", (100, "NON"))
    synced(company, clock)
    assert found.row(qbo_id=invoice["Id"]).linked

    found.uses_tax()
    synced(company, clock)
    assert found.items()["Nevada"]["percentage"] == 8.25
    found.uses_tax(on=False)
    synced(company, clock)
    assert writes(synced(company, clock)) == 0


def metered(sandbox: Sandbox, realm: str) -> int:
    return sum(call["purse"] == "metered" for call in sandbox.calls(realm))


def test_a_daily_sync_with_nothing_sold_asks_for_no_codes(company: Company, clock: Clock, taxed: Taxed) -> None:
    """By itself once a week, or when something is sold with tax; and whenever a person asks for a sync."""
    taxed.code("Nevada", 8.25)
    synced(company, clock)

    def by_itself() -> int:
        taxed.sandbox.clear_calls()
        run = runs.request_run(company, trigger=Trigger.CLOCK, now=clock())
        runs.run_to_end(run, clock=clock, sleep=clock.wait)
        return metered(taxed.sandbox, taxed.realm)

    assert by_itself() == 1
    made = taxed.sold("T-7", taxed.code("Utah", 4.85), (100, "TAX"))
    assert by_itself() == 3  # The changes, the codes, and the balances, since something was read.
    assert taxed.row(qbo_id=made["Id"]).linked
    assert by_itself() == 1
    taxed.sandbox.clear_calls()
    synced(company, clock)
    assert metered(taxed.sandbox, taxed.realm) == 2


def test_both_sides_tie_out_with_tax(
    company: Company, clock: Clock, taxed: Taxed, admin_user: User, client: Any
) -> None:
    made = taxed.sold("T-8", taxed.code("Nevada", 8.25), (120, "TAX"))
    synced(company, clock)
    found = tie_out.tie_out(company, now=clock())
    assert found.ties, found.summary()
    client.force_login(admin_user)
    page = client.get(reverse("admin:syncapp_syncedobject_change", args=[taxed.row(qbo_id=made["Id"]).pk]))
    assert "Sales tax" in page.content.decode() and "9.90" in page.content.decode()
    assert SyncedObject.objects.filter(company=company, kind="sales_tax").exclude(hold_code="").count() == 0
    assert links.retry(SyncedObject.objects.filter(kind="sales_tax"), admin_user) == 0
    assert Decimal(str(taxed.there("invoices", taxed.row(qbo_id=made["Id"]))["dueAmount"])) == Decimal("129.90")


@pytest.fixture
def by_line(sandbox: Sandbox) -> Iterator[None]:
    """BILL rounds the tax line by line, which QuickBooks doesn't."""
    sandbox.switch(billcom_tax_by_line=True)
    yield
    sandbox.switch(billcom_tax_by_line=False)


@pytest.mark.parametrize("entity", ["Invoice", "CreditMemo"])
def test_a_line_that_is_no_longer_taxed_is_held_where_bill_taxes_it(
    company: Company, clock: Clock, taxed: Taxed, entity: str
) -> None:
    """BILL taxes a line by its item, so its total would stay the old one without a word."""
    code = taxed.code("Nevada", 10)
    made = taxed.sold("T-1", code, (100, "TAX"), (50, "TAX"), entity=entity)
    synced(company, clock)
    lines = [each for each in made["Line"] if each["DetailType"] == "SalesItemLineDetail"]
    lines[1]["SalesItemLineDetail"]["TaxCodeRef"] = {"value": "NON"}
    now = taxed.enters(entity, {**taxed.qbo(entity)[made["Id"]], "Line": lines})
    assert now["TotalAmt"] == 160

    synced(company, clock)
    row = taxed.row("invoice" if entity == "Invoice" else "credit_memo", qbo_id=made["Id"])
    assert row.hold is not None
    assert "sales tax is 10.00" in row.hold.describe() and "15.00" in row.hold.describe()
    assert writes(synced(company, clock)) == 0


def test_a_change_that_bill_reckons_otherwise_is_held(
    company: Company, clock: Clock, taxed: Taxed, by_line: None
) -> None:
    made = taxed.sold("T-1", taxed.code("Nevada", 8.25), (100, "TAX"))
    synced(company, clock)
    assert taxed.row(qbo_id=made["Id"]).hold_code == ""
    detail = made["Line"][0]["SalesItemLineDetail"]
    line = {"Amount": 0.99, "Description": "Work", "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    taxed.enters("Invoice", {**taxed.qbo("Invoice")[made["Id"]], "Line": [line] * 3})

    synced(company, clock)
    row = taxed.row(qbo_id=made["Id"])
    assert (taxed.there("invoices", row)["totalAmount"], taxed.qbo("Invoice")[made["Id"]]["TotalAmt"]) == (3.21, 3.22)
    assert row.hold is not None and "Tax" in row.hold.describe()
    assert writes(synced(company, clock)) == 0


def test_one_that_is_found_after_a_lost_answer_is_compared_too(
    company: Company, clock: Clock, taxed: Taxed, by_line: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = BillcomGateway.create
    lost: list[str] = []

    def answer_lost(self: BillcomGateway, path: str, payload: dict[str, Any]) -> dict[str, Any]:
        made = create(self, path, payload)
        if path == "invoices" and not lost:
            lost.append(made["id"])
            raise Unavailable(Side.BILLCOM, "lost", outcome_unknown=True)
        return made

    monkeypatch.setattr(BillcomGateway, "create", answer_lost)
    made = taxed.sold("T-3", taxed.code("Nevada", 8.25), (0.99, "TAX"), (0.99, "TAX"), (0.99, "TAX"))
    synced(company, clock)
    clock.wait(7200)
    synced(company, clock)
    row = taxed.row(qbo_id=made["Id"])
    assert lost == [row.billcom_id]
    assert row.hold is not None and "Tax" in row.hold.describe()
