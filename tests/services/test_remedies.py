"""What a held record lacks is given to it on its page, written by the next sync, and then it goes over."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from syncapp.core.holds import HoldCode
from syncapp.kinds import KINDS
from syncapp.models import (
    AccountingPreferences,
    Company,
    GLMapping,
    GLRole,
    Membership,
    ObjectState,
    Operation,
    Role,
    SyncedObject,
    SyncPreferences,
    UnreadRecord,
)
from syncapp.services import links, planning, remedies, setup, terms
from syncapp.services.errors import ServiceError
from tests.services.test_invoices import Sales
from tests.services.test_rules import bill_in_qbo
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, linked, synced, writes


@pytest.fixture
def sales(company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]) -> Sales:
    synced(company, clock)
    return Sales(company, sandbox, loaded)


def _decide(client: Client, row: SyncedObject, **data: Any) -> str:
    address = reverse("admin:syncapp_syncedobject_decide", args=[row.pk])
    return client.post(address, data, follow=True).content.decode()


def _page(client: Client, row: SyncedObject) -> str:
    return client.get(reverse("admin:syncapp_syncedobject_change", args=[row.pk])).content.decode()


def _without_number(sales: Sales, clock: Clock) -> tuple[dict[str, Any], SyncedObject]:
    """A bill that was entered in QuickBooks without a number, and its row: held."""
    made = bill_in_qbo(sales.company, sales.sandbox, sales.realm, "")
    synced(sales.company, clock)
    row = sales.row("bill", qbo_id=made["Id"])
    assert row.hold_code == HoldCode.NEEDS_NUMBER
    return made, row


def _bill_in_bill(sales: Sales, of: dict[str, Any], number: str, day: str) -> dict[str, Any]:
    """One of the same vendor and amount as that of QuickBooks."""
    vendor = sales.row("vendor", qbo_id=of["VendorRef"]["value"])
    account = next(each for each in linked(sales.company, "account") if each.qbo_values["account_type"] == "EXPENSE")
    given = {
        "vendorId": vendor.billcom_id,
        "invoice": {"invoiceNumber": number, "invoiceDate": day},
        "dueDate": "2026-11-01",
        "billLineItems": [{"amount": 120, "classifications": {"chartOfAccountId": account.billcom_id}}],
    }
    made: dict[str, Any] = sales.sandbox.person("billcom", sales.organization, "bills", given)
    return made


def _clerk(company: Company) -> Client:
    user = User.objects.create_user("clerk", "clerk@example.com")
    Membership.objects.create(user=user, company=company, role=Role.CLERK)
    client = Client()
    client.force_login(user)
    return client


def test_a_bill_without_a_number_gets_one_in_quickbooks_and_goes_over(
    company: Company, clock: Clock, sales: Sales, admin_client: Client
) -> None:
    made, row = _without_number(sales, clock)
    assert "Renumber</button>" in _page(admin_client, row)

    assert "The next sync writes <strong>R-1</strong>" in _decide(admin_client, row, what="renumber", number=" R-1 ")
    synced(company, clock)

    row.refresh_from_db()
    assert (row.hold_code, row.linked, row.wanted) == ("", True, {})
    assert sales.qbo("Bill")[made["Id"]]["DocNumber"] == "R-1"
    assert sales.qbo("Bill")[made["Id"]]["Line"] == made["Line"]
    assert sales.billcom("bills")[str(row.billcom_id)]["invoice"]["invoiceNumber"] == "R-1"
    verbs = Operation.objects.filter(object=row).order_by("planned_at").values_list("side", "verb")
    assert list(verbs) == [("qbo", "update"), ("billcom", "create")]
    assert writes(synced(company, clock)) == 0


def test_a_number_that_a_bill_of_bill_has_already_links_the_two(
    company: Company, clock: Clock, sales: Sales, admin_user: User
) -> None:
    made, row = _without_number(sales, clock)
    before = len(sales.billcom("bills"))
    there = _bill_in_bill(sales, made, "R-2", made["TxnDate"])
    remedies.renumber(row, admin_user, "R-2")
    synced(company, clock)
    assert sales.row("bill", billcom_id=there["id"]).qbo_id == made["Id"]
    assert len(sales.billcom("bills")) == before + 1
    assert writes(synced(company, clock)) == 0


def test_a_number_in_another_spelling_is_the_same_number(
    company: Company, clock: Clock, sales: Sales, admin_user: User
) -> None:
    made, row = _without_number(sales, clock)
    before = len(sales.qbo("Bill")), len(sales.billcom("bills"))
    remedies.renumber(row, admin_user, "r 40")
    there = _bill_in_bill(sales, made, "R-40", "2026-09-01")
    synced(company, clock)
    assert (len(sales.qbo("Bill")), len(sales.billcom("bills"))) == (before[0], before[1] + 1)
    assert sales.row("bill", billcom_id=there["id"]).qbo_id == made["Id"]
    assert writes(synced(company, clock)) == 0


def test_a_number_that_waited_for_something_else_still_finds_its_twin(
    company: Company, clock: Clock, sales: Sales, admin_user: User
) -> None:
    made, row = _without_number(sales, clock)
    before = len(sales.qbo("Bill")), len(sales.billcom("bills"))
    remedies.renumber(row, admin_user, "R-41")
    # What holds it meanwhile, as where it couldn't be read, takes nothing of what it was given.
    SyncedObject.objects.filter(pk=row.pk).update(hold_code=HoldCode.WAITS_FOR)
    there = _bill_in_bill(sales, made, "R-41", "2026-09-01")
    synced(company, clock)
    assert (len(sales.qbo("Bill")), len(sales.billcom("bills"))) == (before[0], before[1] + 1)
    assert sales.row("bill", billcom_id=there["id"]).qbo_id == made["Id"]


def test_a_number_that_was_emptied_on_one_side_is_written_to_both(
    company: Company, clock: Clock, sales: Sales, admin_user: User
) -> None:
    made = sales.in_quickbooks("R-3")
    synced(company, clock)
    row = sales.row(qbo_id=made["Id"])
    change = {"Id": made["Id"], "DocNumber": "", "CustomerRef": made["CustomerRef"]}
    sales.sandbox.person("qbo", sales.realm, "Invoice", change)
    synced(company, clock)
    row.refresh_from_db()
    assert row.linked and row.hold_code == HoldCode.NEEDS_NUMBER
    remedies.renumber(row, admin_user, "R-4")
    synced(company, clock)
    row.refresh_from_db()
    assert row.hold_code == ""
    assert sales.qbo("Invoice")[made["Id"]]["DocNumber"] == "R-4"
    assert sales.billcom("invoices")[str(row.billcom_id)]["invoiceNumber"] == "R-4"
    assert writes(synced(company, clock)) == 0


def test_closed_books_hold_a_number_back(company: Company, clock: Clock, sales: Sales, admin_user: User) -> None:
    made, row = _without_number(sales, clock)
    remedies.renumber(row, admin_user, "R-5")
    books = {"AccountingInfoPrefs": {"BookCloseDate": "2026-10-31"}}
    sales.sandbox.person("qbo", sales.realm, "Preferences", {"Id": "1", **books})
    synced(company, clock)
    row.refresh_from_db()
    assert row.hold_code == HoldCode.BOOKS_CLOSED
    assert not sales.qbo("Bill")[made["Id"]].get("DocNumber")
    assert not Operation.objects.filter(object=row).exists()


@pytest.mark.parametrize("number", ["", "  ", "x" * 22])
def test_a_number_that_cant_be_one_is_refused(
    company: Company, clock: Clock, sales: Sales, admin_user: User, number: str
) -> None:
    made = bill_in_qbo(company, sales.sandbox, sales.realm, "")
    synced(company, clock)
    with pytest.raises(ServiceError):
        remedies.renumber(sales.row("bill", qbo_id=made["Id"]), admin_user, number)
    with pytest.raises(ServiceError, match="isn't one that is held"):
        remedies.renumber(sales.one("bill"), admin_user, "R-6")


def test_an_item_without_an_account_gets_one_in_bill_and_goes_over(
    company: Company, clock: Clock, sales: Sales, admin_client: Client
) -> None:
    made = sales.sandbox.person("billcom", sales.organization, "items", {"name": "R-7", "type": "SERVICE"})
    synced(company, clock)
    row = sales.row("item", billcom_id=made["id"])
    assert row.hold_code == HoldCode.NEEDS_ACCOUNT
    account = next(each for each in linked(company, "account") if each.qbo_values["account_type"] == "INCOME")
    assert f'<option value="{account.pk}">' in _page(admin_client, row)

    said = _decide(admin_client, row, what="choose-account", account=account.pk)
    assert f"The next sync writes <strong>{account}</strong>" in said
    synced(company, clock)

    row.refresh_from_db()
    assert (row.hold_code, row.linked) == ("", True)
    assert sales.qbo("Item")[str(row.qbo_id)]["IncomeAccountRef"]["value"] == account.qbo_id
    assert sales.billcom("items")[str(row.billcom_id)]["chartOfAccountId"] == account.billcom_id
    assert writes(synced(company, clock)) == 0


def test_who_may_only_look_is_offered_and_given_nothing(
    company: Company, clock: Clock, sales: Sales, admin_user: User
) -> None:
    made, row = _without_number(sales, clock)
    clerk = _clerk(company)
    assert "Renumber" not in _page(clerk, row)
    assert "but not change its records" in _decide(clerk, row, what="renumber", number="R-8")
    row.refresh_from_db()
    assert row.wanted == {}
    mapped = SyncedObject.objects.filter(pk=row.pk)
    mapped.update(hold_code="needs-mapping", hold_facts={"role": "Card Account"})
    assert "#id_card" not in _page(clerk, row)


@pytest.mark.parametrize(
    ("kind", "code", "facts", "field"),
    [
        ("bill_payment", "needs-mapping", {"role": "Money Out Clearing Account"}, "money-out-clearing"),
        ("bill_payment", "needs-mapping", {"role": "Card Account"}, "card"),
        ("funds_transfer", "needs-mapping", {"role": "GL Account For Bank Account bac9"}, "bank_{bank}"),
        ("funds_transfer", "needs-mapping", {"role": "GL Account For Bank Account Reserve ****7788"}, "bank_{bank}"),
        ("vendor", "needs-address", {}, "vendor_country"),
        ("customer", "needs-email", {}, "customer_email"),
        ("bill", "paid-before-first-seen", {}, "two_way_payments"),
    ],
)
def test_a_hold_that_a_preference_solves_leads_to_its_field(
    company: Company, clock: Clock, admin_client: Client, kind: str, code: str, facts: dict[str, str], field: str
) -> None:
    AccountingPreferences.objects.get_or_create(company=company)
    bank = GLMapping.objects.create(
        company=company,
        role=GLRole.BANK_ACCOUNT,
        billcom_bank_id="bac9",
        label="Reserve ****7788",
        account=setup.account_choices(company, GLRole.BANK_ACCOUNT).first(),
    )
    row = SyncedObject.objects.create(
        company=company, kind=kind, billcom_id="x", state=ObjectState.HELD, hold_code=code, hold_facts=facts,
        billcom_values={},
    )  # fmt: skip
    name = field.format(bank=bank.pk)
    edit = reverse("syncapp:edit-preferences", args=[company.pk])
    assert f'href="{edit}#id_{name}"' in _page(admin_client, row)
    assert f'id="id_{name}"' in admin_client.get(edit).content.decode()


def test_a_pair_whose_new_number_is_taken_is_renumbered_on_both_sides(
    company: Company, clock: Clock, sales: Sales, admin_user: User
) -> None:
    made = sales.in_bill("A-1")
    synced(company, clock)
    mine = sales.one("customer").qbo_id
    other = next(each for each in linked(company, "customer") if each.qbo_values["active"] and each.qbo_id != mine)
    sales.in_quickbooks("B-2", 71, CustomerRef={"value": other.qbo_id})
    change = {"id": made["id"], "customer": {"id": made["customerId"]}, "invoiceNumber": "B-2"}
    lines = {"invoiceLineItems": made["invoiceLineItems"]}
    sales.sandbox.person("billcom", sales.organization, "invoices", {**change, **lines})
    synced(company, clock)
    row = sales.row(billcom_id=made["id"])
    assert row.hold_code == HoldCode.NUMBER_TAKEN

    remedies.renumber(row, admin_user, "C-9")
    synced(company, clock)
    row.refresh_from_db()
    assert (row.hold_code, row.wanted) == ("", {})
    assert sales.qbo("Invoice")[str(row.qbo_id)]["DocNumber"] == "C-9"
    assert sales.billcom("invoices")[made["id"]]["invoiceNumber"] == "C-9"
    assert writes(synced(company, clock)) == 0


def test_an_item_that_lacks_its_income_account_is_offered_no_others(
    company: Company, clock: Clock, sales: Sales, admin_user: User
) -> None:
    GLMapping.objects.filter(company=company, role=GLRole.UNALLOCATED_INCOME).delete()
    bought_by = next(each for each in linked(company, "account") if each.qbo_values["account_type"] == "EXPENSE")
    item = {"name": "R-7", "type": "SERVICE", "expenseChartOfAccountId": bought_by.billcom_id}
    made = sales.sandbox.person("billcom", sales.organization, "items", item)
    synced(company, clock)
    row = sales.row("item", billcom_id=made["id"])
    assert row.hold_code == HoldCode.NEEDS_ACCOUNT
    types = {each.billcom_values["account_type"] for each in remedies.account_choices(row)}
    assert types and types <= {"INCOME", "OTHER_INCOME"}
    with pytest.raises(ServiceError):
        remedies.choose_account(row, admin_user, bought_by.pk)


def test_a_number_that_was_given_to_what_is_deleted_meanwhile_is_forgotten(
    company: Company, clock: Clock, sales: Sales, admin_user: User
) -> None:
    made, row = _without_number(sales, clock)
    remedies.renumber(row, admin_user, "R-11")
    sales.sandbox.person_deletes("qbo", sales.realm, "Bill", made["Id"])
    assert writes(synced(company, clock)) == 0
    row.refresh_from_db()
    assert (row.state, row.wanted) == (ObjectState.RETIRED, {})


def test_a_number_given_to_what_is_excluded_then_keeps_nothing_else_out(
    company: Company, clock: Clock, sales: Sales, admin_user: User
) -> None:
    made, row = _without_number(sales, clock)
    remedies.renumber(row, admin_user, "R-9")
    links.exclude(SyncedObject.objects.filter(pk=row.pk), admin_user)
    row.refresh_from_db()
    assert row.wanted == {}
    account = next(each for each in linked(company, "account") if each.qbo_values["account_type"] == "EXPENSE")
    vendor = sales.row("vendor", qbo_id=made["VendorRef"]["value"])
    other = {
        "vendorId": vendor.billcom_id,
        "invoice": {"invoiceNumber": "R-9", "invoiceDate": "2026-10-01"},
        "dueDate": "2026-11-01",
        "billLineItems": [{"amount": 55, "classifications": {"chartOfAccountId": account.billcom_id}}],
    }
    theirs = sales.sandbox.person("billcom", sales.organization, "bills", other)
    synced(company, clock)
    assert sales.row("bill", billcom_id=theirs["id"]).linked


def test_with_only_approved_a_bill_of_quickbooks_gets_its_number(
    company: Company, clock: Clock, sales: Sales, admin_user: User
) -> None:
    """Whether it is approved in BILL is no question for one that isn't there."""
    SyncPreferences.objects.filter(company=company).update(approved_only=True)
    made = bill_in_qbo(company, sales.sandbox, sales.realm, "")
    synced(company, clock)
    remedies.renumber(sales.row("bill", qbo_id=made["Id"]), admin_user, "R-20")
    synced(company, clock)
    assert sales.row("bill", qbo_id=made["Id"]).linked


def test_with_one_way_nothing_is_renumbered_in_bill(
    company: Company, clock: Clock, sales: Sales, admin_user: User
) -> None:
    SyncPreferences.objects.filter(company=company).update(one_way=True)
    mine = sales.one("customer").qbo_id
    other = next(each for each in linked(company, "customer") if each.qbo_values["active"] and each.qbo_id != mine)
    sales.in_quickbooks("B-2", 71, CustomerRef={"value": other.qbo_id})
    synced(company, clock)
    made = sales.in_bill("B-2")
    synced(company, clock)
    row = sales.row(billcom_id=made["id"])
    assert (row.hold_code, remedies.renumbered_in(row)) == (HoldCode.NUMBER_TAKEN, [])
    with pytest.raises(ServiceError):
        remedies.renumber(row, admin_user, "C-1")


def test_a_given_number_is_kept_while_the_record_can_t_be_read(
    company: Company, clock: Clock, sales: Sales, admin_user: User
) -> None:
    made, row = _without_number(sales, clock)
    remedies.renumber(row, admin_user, "R-12")
    UnreadRecord.objects.create(
        company=company, kind="bill", side="qbo", remote_id=made["Id"], why="Date is missing", since=clock()
    )
    row.refresh_from_db()
    plan = planning.make(company, KINDS["bill"], [row], terms.load(company))
    hold = plan.decisions[row.pk].hold
    assert hold is not None and "can't be read just now" in hold.describe()
    assert plan.rows[row.pk].wanted["number"]["value"] == "R-12"
