"""What a product refuses in words that nobody has explained: what was tried, its own words, and the ways out."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from syncapp.core.holds import HoldCode
from syncapp.models import Company, ObjectState
from syncapp.services import links
from tests.services.test_named_errors import is_held_and_shown
from tests.services.test_named_errors_more import Desk
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, synced, writes


def test_a_bill_that_is_paid_in_bill_and_deleted_in_quickbooks_says_what_was_tried_and_how_to_get_out(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], admin_client: Client, admin_user: User
) -> None:
    synced(company, clock)
    desk = Desk(company, sandbox, loaded, clock)
    made = desk.bill("E-0")
    desk.sync()
    payment = desk.pays_outside(made)
    row = desk.row("bill", billcom_id=made["id"])
    desk.inactivates("Bill", row)
    desk.sync()

    is_held_and_shown(row, admin_client, HoldCode.REJECTED, "tried to take it away in BILL, and BILL refused", "Remove")
    assert row.hold is not None and "archived" in row.hold.facts["words"]
    assert writes(synced(company, clock)) == 0

    sandbox.person_voids("billcom", desk.organization, "payments", payment["id"])
    links.retry(type(row).objects.filter(pk=row.pk), admin_user)
    desk.sync()
    row.refresh_from_db()
    assert (row.state, row.hold_code) == (ObjectState.RETIRED, "")
    assert desk.billcom("bills", made["id"])["archived"] is True
