"""The whole set-up, clicked through as the guide tells it: from signing in to the result page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from syncapp.models import Company, RunState, SyncedObject, SyncRun
from tests.browser import steps
from tests.browser.conftest import Pictures, Product

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
    expect(page.get_by_text("Nothing has been written.")).to_be_visible()
    pictures.take(page, "preview")
    page.get_by_role("button", name="Sync Now").click()
    steps.see_the_result(page)
    expect(page.get_by_text("Nothing had to be written")).to_be_visible()
