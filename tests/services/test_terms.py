"""What a company has chosen, and what a changed choice does to what is there already."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from syncapp.core.holds import HoldCode
from syncapp.models import AccountingPreferences, Company, Conflict, GLRole, SyncedObject, SyncPreferences
from syncapp.services import setup, terms
from syncapp.services.preferences import save_accounting_preferences
from syncapp.services.preview import preview
from tests.services.test_credit_memos import Credits
from tests.services.test_invoices import Sales
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, import_accounts, linked, synced, writes


@pytest.fixture
def without_classes(company: Company, sandbox: Sandbox, loaded: dict[str, Any]) -> Company:
    """QuickBooks doesn't use classes, nor locations, until somebody says so."""
    off = {"ClassTrackingPerTxn": False, "ClassTrackingPerTxnLine": False, "TrackDepartments": False}
    sandbox.person("qbo", loaded["qbo"]["realm_id"], "Preferences", {"Id": "1", "AccountingInfoPrefs": off})
    return company


def classes_in(side: str, row: SyncedObject) -> list[str]:
    row.refresh_from_db()
    return [line["accounting_class"] for line in getattr(row, f"{side}_values")["lines"]]


def unpaid_without_a_class(company: Company) -> SyncedObject:
    for row in linked(company, "bill"):
        unpaid = row.qbo_values["open"] == row.qbo_values["total"] and row.qbo_values["active"]
        if unpaid and [line["accounting_class"] for line in row.billcom_values["lines"]] == [""]:
            return row
    raise AssertionError("no such bill")


def test_classes_turned_on_reach_bills_that_were_in_step_without_them(
    without_classes: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], admin_user: Any
) -> None:
    company, realm = without_classes, loaded["qbo"]["realm_id"]
    synced(company, clock)
    assert not terms.load(company).classes
    row = unpaid_without_a_class(company)
    shown = next(each for each in sandbox.books("qbo", realm)["Bill"] if each["Id"] == row.qbo_id)
    new = sandbox.person("qbo", realm, "Class", {"Name": "Added later"})
    shown["Line"][0][shown["Line"][0]["DetailType"]]["ClassRef"] = {"value": new["Id"]}
    sandbox.person("qbo", realm, "Bill", {"Id": row.qbo_id, "Line": shown["Line"]})
    assert writes(synced(company, clock)) == 0, "classes aren't in use"

    save_accounting_preferences(company, admin_user, {"classes": True}, now=clock())
    synced(company, clock)

    made = SyncedObject.objects.get(company=company, kind="accounting_class", qbo_id=new["Id"])
    assert made.billcom_id is not None
    assert classes_in("billcom", row) == [made.billcom_id]
    assert writes(synced(company, clock)) == 0


def test_an_edit_not_yet_carried_over_survives_a_switch_that_goes_on(
    without_classes: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], admin_user: Any
) -> None:
    """Whoever is master, and though the lines are compared anew."""
    company, realm = without_classes, loaded["qbo"]["realm_id"]
    synced(company, clock)
    row = unpaid_without_a_class(company)
    shown = next(each for each in sandbox.books("qbo", realm)["Bill"] if each["Id"] == row.qbo_id)
    shown["Line"][0]["Description"] = "Split by the bookkeeper"
    sandbox.person("qbo", realm, "Bill", {"Id": row.qbo_id, "Line": shown["Line"]})

    save_accounting_preferences(company, admin_user, {"classes": True}, now=clock())
    synced(company, clock)

    row.refresh_from_db()
    assert row.billcom_values["lines"][0]["description"] == "Split by the bookkeeper"
    assert not Conflict.objects.filter(object=row).exists()
    assert not [name for own in row.base.values() for name in own if name.startswith("~")]


def test_vendors_without_a_country_get_the_companys_own(company: Company, clock: Clock) -> None:
    assert SyncPreferences.objects.get(company=company).vendor_country == "US"


def test_a_country_that_a_person_took_away_stays_away(company: Company, clock: Clock) -> None:
    SyncPreferences.objects.filter(company=company).update(vendor_country="")

    import_accounts(company, clock)
    synced(company, clock)

    assert SyncPreferences.objects.get(company=company).vendor_country == ""


@pytest.mark.parametrize(
    ("shown", "country"),
    [
        ({"Country": "US"}, "US"),
        ({"CompanyAddr": {"Country": "United Kingdom"}}, "GB"),
        ({"Country": "", "LegalAddr": {"Country": "canada"}}, "CA"),
        ({"Country": "Utopia"}, ""),
        ({}, ""),
    ],
)
def test_quickbooks_shows_the_country_in_several_places(company: Company, shown: dict[str, Any], country: str) -> None:
    SyncPreferences.objects.filter(company=company).update(vendor_country="")
    AccountingPreferences.objects.filter(company=company).update(read_at=None)

    terms.read_company(company, shown)

    assert SyncPreferences.objects.get(company=company).vendor_country == country


def test_cards_are_the_accounts_of_that_type(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    card = {"Name": "Office card", "AccountType": "Credit Card", "AccountSubType": "CreditCard"}
    made = sandbox.person("qbo", loaded["qbo"]["realm_id"], "Account", card)

    synced(company, clock)

    assert made["Id"] in terms.load(company).cards
    accounts = SyncedObject.objects.of(company, "account").filter(qbo_id__in=terms.load(company).cards)
    assert {row.qbo_values["account_type"] for row in accounts} == {"CREDIT_CARD"}


def test_account_numbers_sync_only_while_they_are_shown(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    """Off in QuickBooks: neither compared nor written. On again: they reach what is linked, too."""
    realm, organization = loaded["qbo"]["realm_id"], loaded["billcom"]["organization_id"]

    def shows_numbers(on: bool) -> None:
        used = {"AccountingInfoPrefs": {"UseAccountNumbers": on}}
        sandbox.person("qbo", realm, "Preferences", {"Id": "1", **used})

    def number_there(row: SyncedObject) -> Any:
        found = next(each for each in sandbox.books("qbo", realm)["Account"] if each["Id"] == row.qbo_id)
        return found.get("AcctNum")

    shows_numbers(False)
    synced(company, clock)
    account = {"type": "EXPENSE", "number": "7788"}
    made = sandbox.person("billcom", organization, "chart-of-accounts", {"name": "Numbered", "account": account})
    synced(company, clock)
    row = SyncedObject.objects.get(company=company, kind="account", billcom_id=made["id"])
    assert (row.linked, number_there(row)) == (True, None)
    changed = {"id": made["id"], "account": {**account, "number": "7789"}}
    sandbox.person("billcom", organization, "chart-of-accounts", changed)
    assert writes(synced(company, clock)) == 0

    shows_numbers(True)
    synced(company, clock)
    assert number_there(row) == "7789"
    assert not Conflict.objects.filter(object=row).exists()
    assert writes(synced(company, clock)) == 0


def test_a_bought_item_never_posts_its_sales_to_its_expense_account(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    """And what it is bought for comes when bills have items; it is no item to fall back on for invoices."""
    realm, organization = loaded["qbo"]["realm_id"], loaded["billcom"]["organization_id"]
    sandbox.person("qbo", realm, "Preferences", {"Id": "1", "ProductAndServicesPrefs": {"ForPurchase": False}})
    setup.set_account(company, GLRole.UNALLOCATED_INCOME, None)
    synced(company, clock)
    expense = next(row for row in linked(company, "account") if row.qbo_values["account_type"] == "EXPENSE")
    bought = {"name": "Bought only", "type": "SERVICE", "expenseChartOfAccountId": expense.billcom_id}
    made = sandbox.person("billcom", organization, "items", {**bought, "purchaseCost": 5})
    synced(company, clock)
    row = SyncedObject.objects.get(company=company, kind="item", billcom_id=made["id"])
    assert (row.linked, row.hold_code) == (False, HoldCode.NEEDS_ACCOUNT)

    income = sandbox.person("qbo", realm, "Account", {"Name": "Sales not told", "AccountType": "Income"})
    synced(company, clock)
    chosen = SyncedObject.objects.get(company=company, kind="account", qbo_id=income["Id"])
    setup.set_account(company, GLRole.UNALLOCATED_INCOME, chosen)
    terms.look_again(company)
    synced(company, clock)
    row.refresh_from_db()

    def there() -> dict[str, Any]:
        return next(each for each in sandbox.books("qbo", realm)["Item"] if each["Id"] == row.qbo_id)

    assert there()["IncomeAccountRef"]["value"] == income["Id"]
    assert "ExpenseAccountRef" not in there()
    assert terms.load(company).fallback_item == ""
    assert writes(synced(company, clock)) == 0

    sandbox.person("qbo", realm, "Preferences", {"Id": "1", "ProductAndServicesPrefs": {"ForPurchase": True}})
    synced(company, clock)
    assert (there()["ExpenseAccountRef"]["value"], there()["PurchaseCost"]) == (expense.qbo_id, 5)
    assert there()["IncomeAccountRef"]["value"] == income["Id"]
    assert writes(synced(company, clock)) == 0


def test_terms_are_told_apart_by_their_digest(company: Company) -> None:
    now = terms.load(company)
    assert terms.digest(now) == terms.digest(terms.load(company))
    assert terms.digest(now) != terms.digest(replace(now, cards=frozenset({"7"})))
    assert terms.digest(replace(now, cards=frozenset("123"))) == terms.digest(replace(now, cards=frozenset("321")))


def test_an_item_made_for_unallocated_income_lets_go_what_was_held_for_want_of_one(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    synced(company, clock)
    sales = Sales(company, sandbox, loaded)
    account = {"Name": "Unsorted income", "AccountType": "Income", "AccountSubType": "SalesOfProductIncome"}
    income = sandbox.person("qbo", sales.realm, "Account", account)
    synced(company, clock)
    setup.set_account(company, GLRole.UNALLOCATED_INCOME, sales.row("account", qbo_id=income["Id"]))
    made = sales.in_bill("NI-1", invoiceLineItems=[{"quantity": 1, "price": 25, "description": "Work"}])
    synced(company, clock)
    assert not sales.row(billcom_id=made["id"]).linked

    item = {"Name": "Unsorted", "Type": "Service", "IncomeAccountRef": {"value": income["Id"]}}
    sandbox.person("qbo", sales.realm, "Item", item)
    synced(company, clock)
    assert sales.row(billcom_id=made["id"]).linked


def test_a_corrected_sign_up_day_lets_credit_memos_go(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    Company.objects.filter(pk=company.pk).update(signed_up_on=date(2018, 1, 1))
    company.refresh_from_db()
    synced(company, clock)
    credits = Credits(company, sandbox, loaded)
    memo = credits.memo("SD-1", 32)
    synced(company, clock)
    assert not credits.row("credit_memo", billcom_id=memo["id"]).linked
    Company.objects.filter(pk=company.pk).update(signed_up_on=date(2020, 1, 1))
    company.refresh_from_db()
    assert preview(company, now=clock()).counts["credit_memo.create.qbo"] == 1
    synced(company, clock)
    assert credits.row("credit_memo", billcom_id=memo["id"]).linked
