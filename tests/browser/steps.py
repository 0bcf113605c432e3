"""What a person does, page by page, in the words of the set-up guide."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Page, TimeoutError, expect

from tests.browser.conftest import PASSWORD, Pictures, Product

LONG = 120_000


def sign_in(page: Page, product: Product, pictures: Pictures) -> None:
    page.goto(product.url)
    pictures.take(page, "sign-in")
    page.get_by_label("Login").fill("alice")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Companies")).to_be_visible()


def make_company(page: Page, name: str, pictures: Pictures) -> None:
    pictures.take(page, "companies")
    page.get_by_role("link", name="New company").first.click()
    page.get_by_label("Company name").fill(name)
    pictures.take(page, "new-company")
    page.get_by_role("button", name="Make company").click()
    expect(page.get_by_role("heading", name="Get Started")).to_be_visible()


def connect_billcom(page: Page, shown: Mapping[str, Any], pictures: Pictures) -> None:
    pictures.take(page, "get-started")
    page.get_by_role("link", name="Connect BILL").click()
    page.get_by_label("Sync token").check()
    page.get_by_label("Token name").fill(shown["sync_token_name"])
    page.get_by_label("Token value").fill(shown["sync_token_value"])
    page.get_by_label("Organization ID").fill(shown["organization_id"])
    key = page.get_by_label("Developer key")
    if key.count():
        key.fill(shown["developer_key"])
    pictures.take(page, "connect-bill")
    page.get_by_role("button", name="Connect BILL").click()
    expect(page.get_by_text("BILL is connected")).to_be_visible()


def connect_quickbooks(page: Page, shown: Mapping[str, Any], pictures: Pictures) -> None:
    pictures.take(page, "get-started-sync")
    page.get_by_role("link", name="Set Up Sync").click()
    pictures.take(page, "connect-quickbooks")
    page.get_by_role("button", name="Connect to QuickBooks").click()
    authorise(page, shown, pictures)
    expect(page.get_by_role("heading", name="Import the chart of accounts")).to_be_visible()


def authorise(page: Page, shown: Mapping[str, Any], pictures: Pictures) -> None:
    """Intuit's pages, as the sandbox plays them: Sign in, the choice of company, Connect."""
    email = person_of(page, "Accountant")
    pictures.take(page, "intuit-sign-in")
    sign_in_at_intuit(page, email)
    page.locator(f"input[name=realm][value='{shown['qbo']['realm_id']}']").check()
    pictures.take(page, "intuit-company")
    page.get_by_role("button", name="Connect", exact=True).click()


def person_of(page: Page, role: str) -> str:
    """Somebody with this role, from the list that the sandbox's sign-in page shows."""
    page.get_by_text("People of this sandbox").click()
    row = page.get_by_role("row").filter(has=page.get_by_role("cell", name=role, exact=True)).last
    return row.get_by_role("cell").first.inner_text()


def sign_in_at_intuit(page: Page, email: str) -> None:
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill("sandbox")
    page.get_by_role("button", name="Sign in").click()


def import_accounts(page: Page, pictures: Pictures) -> None:
    pictures.take(page, "import")
    done = page.get_by_role("link", name="Set Up", exact=True)
    done.wait_for(timeout=LONG)
    pictures.take(page, "import-complete")
    done.click()


def choose_accounts(page: Page, pictures: Pictures) -> None:
    expect(page.get_by_role("heading", name="Match bank accounts")).to_be_visible()
    for select in page.locator("form select").all():
        if not select.input_value():
            select.select_option(index=1)
    pictures.take(page, "map-banks")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="Account for uncategorized expenses")).to_be_visible()
    select = page.get_by_label("GL account for uncategorized expenses")
    if not select.input_value():
        select.select_option(index=1)
    pictures.take(page, "uncategorized")
    page.get_by_role("button", name="Next").click()


def first_sync(page: Page, pictures: Pictures) -> None:
    expect(page.get_by_role("heading", name="First full sync")).to_be_visible()
    pictures.take(page, "first-sync")
    page.get_by_role("button", name="Sync now").click()
    with contextlib.suppress(TimeoutError):
        page.locator("progress[value]:not([value='0'])").wait_for(timeout=5_000)
    pictures.take(page, "progress")
    see_the_result(page)
    pictures.take(page, "result")


def sync_now(page: Page, company_url: str) -> None:
    page.goto(f"{company_url}/sync/")
    page.get_by_role("button", name="Sync Now").click()
    see_the_result(page)


def see_the_result(page: Page) -> None:
    """Wait for the run's end, however it ends; then it must have ended well."""
    page.get_by_role("heading", name=re.compile("^The sync (is done|stopped|failed)")).wait_for(timeout=LONG)
    expect(page.get_by_role("heading", level=1)).to_have_text("The sync is done")


def set_up(page: Page, shown: Mapping[str, Any], pictures: Pictures) -> None:
    """Everything from the companies page to the result of the first sync."""
    make_company(page, shown["name"], pictures)
    connect_billcom(page, shown["billcom"], pictures)
    connect_quickbooks(page, shown, pictures)
    import_accounts(page, pictures)
    choose_accounts(page, pictures)
    first_sync(page, pictures)
