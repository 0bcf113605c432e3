"""What is sent again is what was sent, and what waited is gone on with."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from syncapp.core.holds import HoldCode
from syncapp.models import Company, Operation, OperationState, SyncedObject
from syncapp.services import links
from tests.services.test_between import names_in_qbo, new_vendor
from tests.services.test_lost_answers import lose_the_first
from tests.services.test_rules import expense_line
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, linked, sync, synced, writes


def test_a_repeat_is_the_same_request_to_the_byte(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where QuickBooks minds: a request id stands for one body."""
    synced(company, clock)
    sandbox.switch(qbo_requestid_mismatch="refuse")
    try:
        new_vendor(sandbox, loaded, "Repeated Rope")
        with monkeypatch.context() as lost:
            lose_the_first(lost)
            sync(company, clock)
        synced(company, clock)
    finally:
        sandbox.switch(qbo_requestid_mismatch="replay")

    made = Operation.objects.get(company=company, object__label="Repeated Rope", side="qbo")
    assert (made.state, made.error_words) == (OperationState.DONE, "")
    assert names_in_qbo(sandbox, loaded).count("Repeated Rope") == 1


def test_what_waited_for_a_half_follows_when_it_is_linked_again(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], admin_user: User
) -> None:
    synced(company, clock)
    vendor = next(row for row in linked(company, "vendor") if row.qbo_values["active"])
    kept, part = links.unlink(vendor, admin_user)
    reference, number = {"value": vendor.qbo_id}, "WAITED-1"
    bill = {"VendorRef": reference, "DocNumber": number, "TxnDate": "2026-10-01", "Line": [expense_line(company, 12)]}
    made = sandbox.person("qbo", loaded["qbo"]["realm_id"], "Bill", bill)
    synced(company, clock)
    row = SyncedObject.objects.get(company=company, kind="bill", qbo_id=made["Id"])
    assert (row.hold_code, row.waits_for_id) == (HoldCode.WAITS_FOR, kept.pk)

    links.link(kept, part, admin_user)
    synced(company, clock)

    row.refresh_from_db()
    assert (row.hold_code, row.linked) == ("", True)
    assert writes(synced(company, clock)) == 0
