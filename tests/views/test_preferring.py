"""Sync preferences and Accounting preferences: view, Edit, Save; what is greyed, and what is confirmed by typing."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.urls import reverse

from syncapp.models import AccountingPreferences, Company, GLMapping, GLRole, SyncedObject, SyncPreferences
from tests.views.conftest import Cast, make_chart

ONE_WAY = "Enable 1-Way Transactions Sync"


def _edit(cast: Cast) -> str:
    return reverse("syncapp:edit-preferences", args=[cast.company.pk])


def _stored(cast: Cast) -> SyncPreferences:
    return SyncPreferences.objects.get(company=cast.company)


def _form(cast: Cast, **changed: Any) -> dict[str, Any]:
    """The form as the edit page shows it, with something changed, as a browser would send it."""
    page = cast.client("alice").get(_edit(cast))
    form = page.context["form"]
    sent = {name: form[name].value() for name in form.fields if not form.fields[name].disabled}
    sent = {**sent, **changed}
    return {name: value for name, value in sent.items() if value not in (None, False, "")}


def test_every_field_of_the_guide_is_there_in_its_order(cast: Cast, chart: dict[str, SyncedObject]) -> None:
    GLMapping.objects.create(
        company=cast.company, role=GLRole.BANK_ACCOUNT, billcom_bank_id="bac1", label="First Bank ****4821"
    )
    page = cast.client("bob").get(reverse("syncapp:preferences", args=[cast.company.pk]))
    labels = [value.label for value in page.context["values"]]
    wanted = [
        "Sync Automatically",
        "Sync Only Approved Bills and Vendor Credits",
        ONE_WAY,
        "Enable 2-Way AP Payment Sync",
        "Unallocated Expense Account",
        "Default Bank Account in Accounting Software",
        "Deposit To Account",
        "GL Account For Bank Account First Bank ****4821",
        "Master In Case of Conflict",
    ]
    assert [label for label in labels if label in wanted] == wanted


def test_the_accounts_come_from_the_imported_chart(cast: Cast, chart: dict[str, SyncedObject]) -> None:
    form = cast.client("alice").get(_edit(cast)).context["form"]
    offered = {name: [label for value, label in form.fields[name].choices if value] for name in form.keys}
    assert offered["unallocated-expense"] == ["6000 Office Supplies", "6999 Uncategorized Expense"]
    assert offered["default-bank"] == ["1000 Checking", "2100 Visa Card"]


def test_edit_and_save(cast: Cast, chart: dict[str, SyncedObject]) -> None:
    sent = _form(cast, master="qbo", two_way_payments="on", **{"default-bank": chart["Checking"].pk})
    sent.pop("sync_automatically")
    answer = cast.client("alice").post(_edit(cast), sent)
    assert answer["Location"] == reverse("syncapp:preferences", args=[cast.company.pk])
    stored = _stored(cast)
    assert (stored.master, stored.two_way_payments, stored.sync_automatically) == ("qbo", True, False)
    assert cast.company.gl_mappings.get(role=GLRole.DEFAULT_BANK).account == chart["Checking"]


def test_an_account_of_another_company_is_refused(cast: Cast, chart: dict[str, SyncedObject]) -> None:
    other = make_chart(Company.objects.create(name="Other"))
    answer = cast.client("alice").post(_edit(cast), _form(cast, **{"default-bank": other["Checking"].pk}))
    assert "default-bank" in answer.context["form"].errors
    assert not GLMapping.objects.exists()


def test_an_account_that_no_longer_fits_is_shown_and_kept(cast: Cast, chart: dict[str, SyncedObject]) -> None:
    old = chart["Checking"]
    GLMapping.objects.create(company=cast.company, role=GLRole.DEFAULT_BANK, account=old)
    SyncedObject.objects.filter(pk=old.pk).update(qbo_values={"active": False, "account_type": "BANK"})
    assert "Checking (no longer fits)" in cast.client("alice").get(_edit(cast)).content.decode()
    cast.client("alice").post(_edit(cast), _form(cast, master="qbo"))
    assert cast.company.gl_mappings.get(role=GLRole.DEFAULT_BANK).account == old


@pytest.mark.parametrize("wrong", ["1A", "XX", "UK"])
def test_a_wrong_country_is_said_next_to_it(cast: Cast, wrong: str) -> None:
    answer = cast.client("alice").post(_edit(cast), _form(cast, vendor_country=wrong))
    assert set(answer.context["form"].errors) == {"vendor_country"}
    cast.client("alice").post(_edit(cast), _form(cast, vendor_country="us"))
    assert _stored(cast).vendor_country == "US"


@pytest.mark.parametrize(
    ("name", "label"), [("one_way", ONE_WAY), ("approved_only", "Sync Only Approved Bills and Vendor Credits")]
)
def test_what_is_irreversible_is_turned_on_by_typing_its_name(cast: Cast, name: str, label: str) -> None:
    client = cast.client("alice")
    asked = client.post(_edit(cast), _form(cast, master="qbo", **{name: "on"}))
    assert "This cannot be undone" in asked.content.decode()
    assert "It touches no record that is here now" in asked.content.decode()
    assert not asked.context["confirmation"].errors
    assert not getattr(_stored(cast), name)
    assert _stored(cast).master == "billcom", "nothing is saved before the confirmation"

    hidden = {field.html_name: field.value() for field in asked.context["form"]}
    again = {key: value for key, value in hidden.items() if value is not None} | {"confirming": "1"}
    wrong = client.post(_edit(cast), {**again, f"confirm_{name}": "yes"})
    assert "This is not its name" in wrong.content.decode()
    empty = client.post(_edit(cast), again)
    assert empty.context["confirmation"].errors
    assert not getattr(_stored(cast), name)

    client.post(_edit(cast), {**again, f"confirm_{name}": label})
    assert getattr(_stored(cast), name)
    assert _stored(cast).master == "qbo", "the rest of the form came along"


def test_going_back_keeps_the_rest_of_the_form_and_saves_nothing(cast: Cast, chart: dict[str, SyncedObject]) -> None:
    client, bank = cast.client("alice"), str(chart["Checking"].pk)
    asked = client.post(_edit(cast), _form(cast, master="qbo", one_way="on", **{"default-bank": bank}))
    hidden = {field.html_name: field.value() for field in asked.context["form"]}
    sent = {key: value for key, value in hidden.items() if value not in (None, False)}

    back = client.post(_edit(cast), {**sent, "confirming": "1", "back": "1", "confirm_one_way": ONE_WAY})

    form = back.context["form"]
    assert (form["master"].value(), form["default-bank"].value()) == ("qbo", bank)
    assert back.context["editing"]
    assert not GLMapping.objects.exists()
    assert (_stored(cast).master, _stored(cast).one_way) == ("billcom", False)


def test_a_kind_can_have_a_master_of_its_own(cast: Cast) -> None:
    client = cast.client("alice")
    page = client.get(_edit(cast)).content.decode()
    assert "Master for Vendors" in page and "Master for Funds transfers" not in page
    client.post(_edit(cast), _form(cast, master_vendor="qbo"))
    assert (_stored(cast).master, _stored(cast).masters) == ("billcom", {"vendor": "qbo"})
    shown = client.get(reverse("syncapp:preferences", args=[cast.company.pk])).content.decode()
    assert "Master for Vendors" in shown and "Master for Customers" not in shown
    assert client.post(_edit(cast), _form(cast, master_vendor="both")).context["form"].errors
    client.post(_edit(cast), _form(cast, master_vendor=""))
    assert _stored(cast).masters == {}


def test_what_is_on_for_good_is_greyed_and_stays_on(cast: Cast) -> None:
    SyncPreferences.objects.filter(company=cast.company).update(approved_only=True)
    page = cast.client("alice").get(_edit(cast))
    assert page.context["form"].fields["approved_only"].disabled
    assert "cannot be turned off" in page.content.decode()
    cast.client("alice").post(_edit(cast), _form(cast, master="qbo"))
    assert _stored(cast).approved_only
    assert _stored(cast).master == "qbo"


def test_two_way_payments_are_greyed_when_one_way_is_on(cast: Cast) -> None:
    SyncPreferences.objects.filter(company=cast.company).update(one_way=True)
    page = cast.client("alice").get(_edit(cast))
    assert "Greyed because 1-Way Transactions Sync is on." in page.content.decode()
    cast.client("alice").post(_edit(cast), {**_form(cast), "two_way_payments": "on"})
    assert not _stored(cast).two_way_payments


def test_two_way_payments_are_fixed_on_for_a_direct_company_of_today(cast: Cast) -> None:
    Company.objects.filter(pk=cast.company.pk).update(firm=None, signed_up_on=date(2020, 1, 1))
    cast.alice.is_superuser = True
    cast.alice.save()
    field = cast.client("alice").get(_edit(cast)).context["form"].fields["two_way_payments"]
    assert field.disabled
    assert field.initial is True
    assert "Always on" in field.why


def test_accounting_switches_of_quickbooks_are_locked(cast: Cast) -> None:
    AccountingPreferences.objects.filter(company=cast.company).update(qbo_classes=True)
    address = reverse("syncapp:edit-accounting-preferences", args=[cast.company.pk])
    client = cast.client("alice")
    form = client.get(address).context["form"]
    assert form.fields["classes"].disabled
    assert [field.label for field in form] == [
        "Show Account Numbers",
        "Use Locations",
        "Use Classes",
        "Use Customer/Jobs in Payables",
        "Use Items in Payables",
    ]
    client.post(address, {"locations": "on"})
    stored = AccountingPreferences.objects.get(company=cast.company)
    assert stored.uses("classes")
    assert stored.locations
    assert not stored.account_numbers
