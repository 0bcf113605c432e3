"""What a company has chosen, and what a changed choice does to what is there already."""

from __future__ import annotations

from typing import Any

import pytest

from syncapp.models import AccountingPreferences, Company, Conflict, SyncedObject, SyncPreferences
from syncapp.services import terms
from syncapp.services.preferences import save_accounting_preferences
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
