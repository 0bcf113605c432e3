"""People edit in either product and press Sync Now; where both edited the same thing, the master wins, on record."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from syncapp.models import Company, Conflict, SyncedObject
from tests.browser import steps
from tests.browser.conftest import NO_PICTURES, Pictures, Product

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
