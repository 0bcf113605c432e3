"""People edit in either product and press Sync Now; where both edited the same thing, the master wins, on record."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from syncapp.models import Company, Conflict, SyncedObject
from tests.browser import steps
from tests.browser.conftest import NO_PICTURES, Pictures, Product
from tests.services.test_rules import bill_in_qbo

pytestmark = pytest.mark.browser


def test_an_edit_on_one_side_shows_on_the_other(page: Page, product: Product, pictures: Pictures) -> None:
    shown = product.load("harbor-bakery")
    steps.sign_in(page, product, NO_PICTURES)
    steps.set_up(page, shown, NO_PICTURES)
    company = Company.objects.get()
    company_url = f"{product.url}/companies/{company.pk}"
    vendor = _a_linked_vendor(company)
    there = f"{product.sandbox.url}/ui/qbo/{shown['qbo']['realm_id']}/Vendor/{vendor.qbo_id}"
    here = f"{product.sandbox.url}/ui/billcom/{shown['billcom']['organization_id']}/vendors/{vendor.billcom_id}"

    _write(page, there, "from-quickbooks@example.com")
    steps.sync_now(page, company_url)
    assert _read(page, here) == "from-quickbooks@example.com"

    _write(page, here, "from-bill@example.com")
    steps.sync_now(page, company_url)
    assert _read(page, there) == "from-bill@example.com"

    _write(page, here, "kept@example.com")
    _write(page, there, "lost@example.com")
    steps.sync_now(page, company_url)
    pictures.take(page, "result-with-conflict")
    for address in (here, there):
        assert _read(page, address) == "kept@example.com", "BILL is the master"
    conflict = Conflict.objects.get(object=vendor, field="email")
    assert (conflict.billcom_value, conflict.qbo_value) == ("kept@example.com", "lost@example.com")
    page.goto(f"{product.url}/admin/syncapp/conflict/{conflict.pk}/change/")
    for value in ("kept@example.com", "lost@example.com"):
        expect(page.get_by_role("cell", name=value, exact=True)).to_be_visible()
    pictures.take(page, "conflict")


def _a_linked_vendor(company: Company) -> SyncedObject:
    linked = SyncedObject.objects.filter(company=company, kind="vendor", state="linked")
    found = linked.filter(billcom_id__isnull=False, qbo_id__isnull=False).order_by("pk").first()
    assert found is not None
    return found


def _write(page: Page, address: str, email: str) -> None:
    page.goto(address)
    page.locator("[name=email]").fill(email)
    page.locator("[name=email]").press("Enter")
    page.wait_for_load_state()


def _read(page: Page, address: str) -> str:
    page.goto(address)
    return page.locator("[name=email]").input_value()


def test_a_held_record_is_solved_on_its_page_by_keyboard(page: Page, product: Product, pictures: Pictures) -> None:
    shown = product.load("harbor-bakery")
    steps.sign_in(page, product, NO_PICTURES)
    steps.set_up(page, shown, NO_PICTURES)
    company = Company.objects.get()
    made = bill_in_qbo(company, product.sandbox, shown["qbo"]["realm_id"], "")
    steps.sync_now(page, f"{product.url}/companies/{company.pk}")
    bill = SyncedObject.objects.get(company=company, kind="bill", qbo_id=made["Id"])
    _open(page, product, bill)
    pictures.take(page, "held-bill")
    page.get_by_label("New number").press_sequentially("R-77")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The next sync writes R-77")).to_be_visible()
    steps.sync_now(page, f"{product.url}/companies/{company.pk}")
    bill.refresh_from_db()
    assert bill.linked and bill.number == "R-77"

    mapping = SyncedObject.objects.filter(company=company, hold_code="needs-mapping").first()
    assert mapping is not None
    _open(page, product, mapping)
    page.get_by_role("link", name="Pick the account").press("Enter")
    field = page.get_by_label("Default Bank Account in Accounting Software")
    expect(field).to_be_in_viewport()
    expect(page.get_by_text("Default Bank Account in Accounting Software")).to_be_in_viewport()
    pictures.take(page, "preference-to-choose")


def _open(page: Page, product: Product, row: SyncedObject) -> None:
    page.goto(f"{product.url}/admin/syncapp/syncedobject/{row.pk}/change/")
