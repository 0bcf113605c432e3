"""The whole set-up, clicked through as the guide tells it: from signing in to the result page."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from syncapp.models import Company, RunState, SyncedObject, SyncRun
from syncapp.services import connections, setup
from tests.browser import steps
from tests.browser.conftest import NO_PICTURES, Pictures, Product

pytestmark = pytest.mark.browser


def test_from_signing_in_to_the_result(page: Page, product: Product, pictures: Pictures) -> None:
    shown = product.load("harbor-bakery")
    steps.sign_in(page, product, pictures)
    steps.set_up(page, shown, pictures)

    expect(page.get_by_text("The sync is now connected.")).to_be_visible()
    company = Company.objects.get()
    assert company.setup_step == "done"
    linked = SyncedObject.objects.filter(company=company, billcom_id__isnull=False, qbo_id__isnull=False)
    assert linked.filter(kind="vendor").exists()
    assert not SyncRun.objects.exclude(state=RunState.DONE).exists()
    _look_around(page, pictures)


def _look_around(page: Page, pictures: Pictures) -> None:
    """The guide's second half: Settings, Sync, Preferences, Edit, Save; then Accounting; then Sync and Sync Now."""
    page.get_by_role("link", name="Settings").click()
    pictures.take(page, "settings")
    page.get_by_role("link", name="Sync overview").click()
    expect(page.get_by_role("img", name="Directions of each kind")).to_be_visible()
    pictures.take(page, "overview")
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("link", name="Preferences").first.click()
    pictures.take(page, "sync-preferences")
    page.get_by_role("link", name="Edit").click()
    pictures.take(page, "sync-preferences-edit")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Sync preferences are saved.")).to_be_visible()
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("link", name="Preferences").last.click()
    page.get_by_role("link", name="Edit").click()
    pictures.take(page, "accounting-preferences")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Sync", exact=True).click()
    pictures.take(page, "sync")
    page.get_by_role("link", name="Preview").click()
    expect(page.get_by_text("Nothing is written by looking.")).to_be_visible()
    page.get_by_role("button", name="Read both sides now").click()
    expect(page.get_by_text("Both sides were last read")).to_be_visible(timeout=30_000)
    pictures.take(page, "preview")
    page.get_by_role("button", name="Sync Now").click()
    steps.see_the_result(page)
    expect(page.get_by_text("Nothing had to be written")).to_be_visible()
    page.get_by_role("link", name="Tie-out").click()
    page.get_by_role("button", name="Compare now").click()
    expect(page.get_by_text("Both sides tie out")).to_be_visible(timeout=30_000)
    pictures.take(page, "tie-out")
    page.get_by_role("link", name="Records and runs").click()
    expect(page.get_by_role("heading", name="Held, by reason")).to_be_visible()
    pictures.take(page, "records-and-runs")


@pytest.fixture
def half_way(product: Product) -> dict[str, Any]:
    """A company whose BILL side is connected; what the sandbox said about it."""
    shown = product.load("harbor-bakery")
    company = setup.create_company(
        product.alice, firm=product.firm, name=shown["name"], signed_up_on=date(2020, 1, 1), now=timezone.now()
    )
    billcom = shown["billcom"]
    connections.connect_billcom(
        company,
        product.alice,
        sign_in="sync-token",
        username=billcom["sync_token_name"],
        password=billcom["sync_token_value"],
        organization_id=billcom["organization_id"],
        now=timezone.now(),
    )
    return shown


def test_who_declines_or_is_no_administrator_is_told_what_to_do(
    page: Page, product: Product, half_way: dict[str, Any], pictures: Pictures
) -> None:
    steps.sign_in(page, product, NO_PICTURES)
    page.get_by_role("link", name=half_way["name"], exact=True).click()
    page.get_by_role("link", name="Set Up Sync").click()
    page.get_by_role("button", name="Connect to QuickBooks").click()
    clerk = steps.person_of(page, "Standard User")
    steps.sign_in_at_intuit(page, clerk)
    expect(page.get_by_role("heading", name="You need to be an administrator")).to_be_visible()
    page.get_by_role("button", name="No, thanks").click()
    expect(page.get_by_role("heading", name="QuickBooks is not connected")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("Only a Primary Administrator or Company Administrator")
    pictures.take(page, "quickbooks-declined")
    page.get_by_role("link", name="Try again").click()
    expect(page.get_by_role("button", name="Connect to QuickBooks")).to_be_visible()
    assert not Company.objects.get().connections.filter(side="qbo").exists()


def test_the_progress_page_works_without_scripts(browser: Browser, product: Product, half_way: dict[str, Any]) -> None:
    plain = browser.new_context(java_script_enabled=False)
    page = plain.new_page()
    steps.sign_in(page, product, NO_PICTURES)
    page.goto(f"{product.url}/companies/{Company.objects.get().pk}/connect/quickbooks/")
    page.get_by_role("button", name="Connect to QuickBooks").click()
    steps.authorise(page, half_way, NO_PICTURES)
    # The page reloads itself until the import is over.
    page.get_by_role("link", name="Set Up", exact=True).wait_for(timeout=steps.LONG)
    plain.close()
