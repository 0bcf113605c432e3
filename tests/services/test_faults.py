"""Whatever goes wrong on the way: nothing twice, nothing lost, and the class of the error decides what happens next."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from django.utils import timezone

from syncapp.models import (
    Company,
    Connection,
    ConnectionState,
    Operation,
    OperationState,
    RunState,
    SyncedObject,
)
from syncapp.services import tie_out
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, held, linked, sync, synced, writes

# Where a write to each product passes: batches and single writes to QuickBooks, bulk and single creates in BILL.
WRITES = [("qbo", "/batch"), ("qbo", "/vendor"), ("billcom", "/bulk"), ("billcom", "/customers")]
LOST = ["timeout_after", "reset_after", "503_after", "truncated_json", "odd_shape"]
NOT_DONE = ["429", "429_retry_after", "500", "503", "timeout_before", "reset_before"]


def no_doubles(sandbox: Sandbox, loaded: dict[str, Any]) -> None:
    """Judged by the books of both sides, not by our tables."""
    qbo = sandbox.books("qbo", loaded["qbo"]["realm_id"])
    billcom = sandbox.books("billcom", loaded["billcom"]["organization_id"])
    bills = [(each["VendorRef"]["value"], each["DocNumber"]) for each in qbo["Bill"]]
    assert not [key for key, number in Counter(bills).items() if number > 1]
    names = [each["DisplayName"] for each in qbo["Vendor"]]
    assert not [key for key, number in Counter(names).items() if number > 1]
    ours = [(each["vendorId"], each["invoice"]["invoiceNumber"]) for each in billcom["bills"]]
    assert not [key for key, number in Counter(ours).items() if number > 1]
    for collection in ("vendors", "customers"):
        names = [each["name"] for each in billcom[collection]]
        assert not [key for key, number in Counter(names).items() if number > 1], collection


def in_step(company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]) -> None:
    no_doubles(sandbox, loaded)
    assert tie_out.tie_out(company, now=timezone.now()).ties
    assert not Operation.objects.unfinished(company).exists()
    assert "in-doubt" not in held(company)
    clock.wait(300)
    assert writes(synced(company, clock)) == 0


@pytest.mark.parametrize(("side", "path"), WRITES)
@pytest.mark.parametrize("kind", LOST)
def test_a_lost_answer_never_doubles_and_never_loses(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], kind: str, side: str, path: str
) -> None:
    sandbox.fault(side, kind, method="POST", path_contains=path, seconds=0.2, skip=1 if path == "/batch" else 0)

    run = sync(company, clock)

    assert run.state == RunState.DONE, run.message
    in_step(company, clock, sandbox, loaded)


@pytest.mark.parametrize("side", ["qbo", "billcom"])
@pytest.mark.parametrize("kind", NOT_DONE)
def test_what_was_not_done_is_tried_again_later(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], kind: str, side: str
) -> None:
    sandbox.fault(side, kind, seconds=0.2, skip=3)

    run = sync(company, clock)

    assert run.state == RunState.DONE, run.message
    in_step(company, clock, sandbox, loaded)


def test_a_stale_version_is_read_again_and_planned_again(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    synced(company, clock)
    row = next(each for each in linked(company, "vendor") if each.qbo_values["active"])
    organization = loaded["billcom"]["organization_id"]
    sandbox.person("billcom", organization, "vendors", {"id": row.billcom_id, "email": "stale@vendor.example"})
    sandbox.fault("qbo", "stale_token", method="POST", path_contains="/vendor")

    run = synced(company, clock)

    assert run.state == RunState.DONE
    shown = next(each for each in sandbox.books("qbo", loaded["qbo"]["realm_id"])["Vendor"] if each["Id"] == row.qbo_id)
    assert shown["PrimaryEmailAddr"]["Address"] == "stale@vendor.example"


@pytest.mark.parametrize(("side", "kind"), [("qbo", "expire_token"), ("billcom", "session_lost")])
def test_a_token_or_session_that_ran_out_is_renewed_on_the_way(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], side: str, kind: str
) -> None:
    sandbox.fault(side, kind, skip=2)

    run = synced(company, clock)

    assert run.state == RunState.DONE
    assert Connection.objects.get(company=company, side=side).state == ConnectionState.CONNECTED
    in_step(company, clock, sandbox, loaded)


def test_a_revoked_consent_asks_for_a_reconnect_and_says_so(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    synced(company, clock)
    sandbox.fault("qbo", "revoke_consent")

    run = sync(company, clock)

    assert run.state == RunState.FAILED
    assert run.stop_code == "needs-reconnect"
    connection = Connection.objects.get(company=company, side="qbo")
    assert connection.state == ConnectionState.NEEDS_RECONNECT
    assert connection.reason


def test_a_fault_inside_a_200_is_not_taken_for_success(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    sandbox.fault("qbo", "fault_in_200", method="POST", path_contains="/vendor")

    run = sync(company, clock)

    assert run.state == RunState.DONE
    assert run.log.filter(message__contains="Paused").exists()
    in_step(company, clock, sandbox, loaded)


def test_a_refused_record_is_held_with_quickbooks_words_and_the_rest_goes_on(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    organization = loaded["billcom"]["organization_id"]
    synced(company, clock)
    employee = {"GivenName": "Nadia", "FamilyName": "Quill", "DisplayName": "Nadia Quill"}
    sandbox.person("qbo", loaded["qbo"]["realm_id"], "Employee", employee)
    for name in ("Nadia Quill", "Perfectly Fine Vendor"):
        sandbox.person("billcom", organization, "vendors", {"name": name, "address": {"country": "US"}})

    synced(company, clock)

    refused = Operation.objects.get(company=company, state=OperationState.REFUSED)
    row = SyncedObject.objects.get(pk=refused.object_id or 0)
    assert row.hold_code == "name-taken"
    assert row.hold is not None and "QuickBooks Online already has" in row.hold.describe()
    assert SyncedObject.objects.get(company=company, label="Perfectly Fine Vendor").linked


def test_a_link_that_quickbooks_drops_without_an_error_is_noticed(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    sandbox.fault("qbo", "drop_link", method="POST", path_contains="/billpayment")

    sync(company, clock)

    payments = SyncedObject.objects.filter(company=company, kind="bill_payment", hold_code="rejected")
    assert [row.hold.facts["code"] for row in payments if row.hold] == ["accepted in part"]
