"""What the plan or the role doesn't have in BILL is said as that; everything else syncs."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from syncapp.core.holds import HoldCode
from syncapp.core.sides import Side
from syncapp.gateways.billcom import BillcomGateway
from syncapp.gateways.errors import Rejected, Unavailable
from syncapp.kinds import KINDS
from syncapp.models import Company, Level, Operation, RunState, SetupStep, SyncedObject, Trigger
from syncapp.services import applying, holds, overview, runs, terms
from tests.services.test_invoices import Sales
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, linked, synced, writes


@pytest.fixture
def without_invoices(company: Company, sandbox: Sandbox) -> Iterator[None]:
    sandbox.switch(billcom_not_in_plan="invoices,credit-memos")
    yield
    sandbox.switch(billcom_not_in_plan="")


def test_a_plan_without_invoices_syncs_the_rest_and_says_so(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], without_invoices: None
) -> None:
    run = synced(company, clock)
    assert len(linked(company, "bill")) > 5
    told = run.log.filter(level=Level.WARNING, message__contains="BILL doesn't show Invoices")
    assert told.count() == 1 and "permission" in told.get().message

    sales = Sales(company, sandbox, loaded)
    made = sales.in_quickbooks("P-1")
    second = synced(company, clock)
    row = sales.row(qbo_id=made["Id"])
    assert row.hold is not None and row.hold_code == HoldCode.PLAN_OR_ROLE
    assert "Administrator of the BILL account" in row.hold.fix()
    assert not second.log.filter(message__contains="doesn't show").exists(), "once is enough"
    assert writes(synced(company, clock)) == 0

    sandbox.switch(billcom_not_in_plan="")
    third = synced(company, clock)
    row.refresh_from_db()
    assert row.linked and row.hold_code == ""
    assert third.log.filter(message__contains="BILL shows Invoices again").exists()


def test_the_overview_says_which_and_why(
    company: Company, clock: Clock, without_invoices: None, client: Client, admin_user: Any
) -> None:
    synced(company, clock)
    company.refresh_from_db()
    found = {line.name: line for line in overview.lines(terms.load(company))}
    assert (found["invoice"].sign, found["invoice"].to_qbo.rule) == ("—", HoldCode.PLAN_OR_ROLE)
    assert found["bill"].sign == "⇄"
    client.force_login(admin_user)
    page = client.get(reverse("syncapp:overview", args=[company.pk])).content.decode()
    assert "the connected user do this" in page


def test_a_linked_record_waits_with_its_edit_until_bill_shows_it_again(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    synced(company, clock)
    sales = Sales(company, sandbox, loaded)
    made = sales.in_quickbooks("P-2")
    synced(company, clock)
    sandbox.switch(billcom_not_in_plan="invoices")
    try:
        change = {"Id": made["Id"], "DueDate": "2026-12-24", "CustomerRef": made["CustomerRef"]}
        sandbox.person("qbo", sales.realm, "Invoice", {**change, "DocNumber": "P-2"})
        synced(company, clock)
        row = sales.row(qbo_id=made["Id"])
        assert row.hold_code == HoldCode.PLAN_OR_ROLE
    finally:
        sandbox.switch(billcom_not_in_plan="")
    synced(company, clock)
    row = sales.row(qbo_id=made["Id"])
    assert row.hold_code == ""
    assert sales.billcom("invoices")[str(row.billcom_id)]["dueDate"] == "2026-12-24"


def test_what_quickbooks_edition_does_not_have_is_said_as_that() -> None:
    refused = Rejected(
        Side.QBO, "Feature Not Supported", detail="Not available in this edition", status=400, code="5020"
    )
    operation: Any = SimpleNamespace(side=Side.QBO)
    hold = applying.refusal(KINDS["accounting_class"], operation, refused)
    assert hold.code is HoldCode.PLAN_OR_ROLE
    assert "QuickBooks Online doesn't let the connected user" in hold.describe()
    assert "Administrator of the QuickBooks Online account" in hold.fix()


def test_the_set_up_goes_on_where_the_role_does_not_show_bank_accounts(
    company: Company, sandbox: Sandbox, client: Client, admin_user: Any
) -> None:
    Company.objects.filter(pk=company.pk).update(setup_step=SetupStep.MAP_BANKS)
    client.force_login(admin_user)
    address = reverse("syncapp:map-banks", args=[company.pk])
    sandbox.switch(billcom_not_in_plan="banks")
    try:
        page = client.get(address).content.decode()
        assert "BILL doesn&#x27;t show bank accounts to the connected user" in page
        assert "Ask the Administrator" in page and ">Next</button>" in page
        assert client.post(address)["Location"] == reverse("syncapp:uncategorized", args=[company.pk])
    finally:
        sandbox.switch(billcom_not_in_plan="")
    assert Company.objects.get(pk=company.pk).setup_step == SetupStep.UNCATEGORIZED


def test_a_write_in_doubt_waits_until_bill_lists_its_kind_again(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    synced(company, clock)
    sales = Sales(company, sandbox, loaded)
    made, create = sales.in_quickbooks("D-1"), BillcomGateway.create

    def answer_lost(self: BillcomGateway, path: str, payload: dict[str, Any]) -> dict[str, Any]:
        found = create(self, path, payload)
        if path == "invoices":
            raise Unavailable(Side.BILLCOM, "lost", outcome_unknown=True)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(BillcomGateway, "create", answer_lost)
        run = runs.request_run(company, trigger=Trigger.PERSON, now=clock())
        runs.work_slice(run.pk, clock=clock)
    assert Operation.objects.unfinished(company).exists()
    sandbox.switch(billcom_not_in_plan="invoices")
    try:
        assert runs.run_to_end(run, clock=clock, sleep=clock.wait).state == RunState.DONE
        clock.wait(3600)
        synced(company, clock)
        assert Operation.objects.unfinished(company).exists()
    finally:
        sandbox.switch(billcom_not_in_plan="")
    synced(company, clock)
    synced(company, clock)
    assert not Operation.objects.unfinished(company).exists()
    assert sales.row(qbo_id=made["Id"]).linked
    assert [each["invoiceNumber"] for each in sales.billcom("invoices").values()].count("D-1") == 1


def test_what_the_plan_does_not_have_asks_nobody_record_by_record(
    company: Company, clock: Clock, sandbox: Sandbox
) -> None:
    sandbox.switch(billcom_not_in_plan="invoices,credit-memos,customers,receivable-payments")
    try:
        synced(company, clock)
    finally:
        sandbox.switch(billcom_not_in_plan="")
    held = SyncedObject.objects.filter(company=company, hold_code=HoldCode.PLAN_OR_ROLE)
    assert held.count() > 3
    assert not holds.needs_a_person().filter(pk__in=held).exists()
