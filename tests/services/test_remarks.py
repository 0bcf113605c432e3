"""What goes over without a part that has no place on the other side, or with one that is lacking: never silently."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from syncapp.core.holds import HoldCode
from syncapp.models import Company, ObjectState, SyncedObject, SyncPreferences, SyncRun
from tests.services.test_letting_go import ADDRESS
from tests.services.test_named_errors import Office
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, synced, writes

JOB, CHECKS = "names a job of BILL", "Checks can't be sent"


@pytest.fixture
def office(company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]) -> Office:
    synced(company, clock)
    return Office(company, sandbox, loaded, clock)


def use_customers(office: Office, on: bool) -> None:
    tracked = {"VendorAndPurchasesPrefs": {"TrackingByCustomer": on}}
    office.there("Preferences", {"Id": "1", **tracked})
    office.sync()


def bill_with_a_job(office: Office, number: str, **codes: str) -> dict[str, Any]:
    job = office.enters("jobs", {"name": f"Floor of {number}"})
    line = office._line(100)
    line["classifications"] |= {"jobId": job["id"], **codes}
    return office.bill(number, billLineItems=[line])


def told(run: SyncRun, words: str) -> int:
    return run.log.filter(message__contains=words).count()


def page_of(client: Client, row: SyncedObject) -> str:
    address = reverse("admin:syncapp_syncedobject_change", args=[row.pk])
    return client.get(address).content.decode().replace("&#x27;", "'")


def test_a_job_that_stays_behind_is_told(office: Office, clock: Clock, admin_client: Client) -> None:
    use_customers(office, on=False)
    made = bill_with_a_job(office, "J-1")

    run = synced(office.company, clock)

    row = office.row("bill", billcom_id=made["id"])
    assert (row.state, told(run, JOB)) == (ObjectState.LINKED, 1)
    assert JOB in page_of(admin_client, row)

    office.there("Bill", {"Id": row.qbo_id, "DueDate": "2026-12-24"})
    run = synced(office.company, clock)
    shown = office.billcom("bills", made["id"])
    assert (shown["dueDate"], told(run, JOB)) == ("2026-12-24", 0)
    assert shown["billLineItems"][0]["classifications"]["jobId"]
    assert writes(synced(office.company, clock)) == 0


def test_a_job_that_is_added_later_is_told_too(office: Office, clock: Clock) -> None:
    use_customers(office, on=False)
    made = office.bill("J-2")
    office.sync()
    job = office.enters("jobs", {"name": "Attic"})
    line = office.billcom("bills", made["id"])["billLineItems"][0]
    codes = {name: value for name, value in line["classifications"].items() if value}
    with_job = {**line, "classifications": {**codes, "jobId": job["id"]}}
    office.enters("bills", {"id": made["id"], "billLineItems": [with_job]})

    run = synced(office.company, clock)

    assert (told(run, JOB), writes(run)) == (1, 0)
    assert told(synced(office.company, clock), JOB) == 0


def test_where_lines_have_customers_a_job_alone_is_asked_about(office: Office, clock: Clock) -> None:
    use_customers(office, on=True)
    customer = next(
        row for row in SyncedObject.objects.of(office.company, "customer") if row.linked and row.qbo_values["active"]
    )
    alone = bill_with_a_job(office, "J-3")
    both = bill_with_a_job(office, "J-4", customerId=str(customer.billcom_id))
    run = synced(office.company, clock)

    held = office.row("bill", billcom_id=alone["id"])
    assert (held.linked, held.hold_code) == (False, HoldCode.FLOW_NOT_IN_MATRIX)
    assert held.hold is not None and JOB in held.hold.describe() and "take the job off" in held.hold.fix()
    there = office.twin("bill", "Bill", both["id"])
    detail = there["Line"][0]["AccountBasedExpenseLineDetail"]
    assert detail["CustomerRef"]["value"] == customer.qbo_id
    assert told(run, f"J-4: A line {JOB}") == 1

    line = alone["billLineItems"][0]
    codes = {"chartOfAccountId": line["classifications"]["chartOfAccountId"], "customerId": customer.billcom_id}
    office.enters(
        "bills", {"id": alone["id"], "billLineItems": [{"id": line["id"], "amount": 100, "classifications": codes}]}
    )
    office.sync()
    held.refresh_from_db()
    assert held.state == ObjectState.LINKED


def test_a_vendor_that_got_only_a_country_cant_be_sent_checks(
    office: Office, clock: Clock, admin_client: Client
) -> None:
    SyncPreferences.objects.filter(company=office.company).update(vendor_country="US")
    made = office.there("Vendor", {"DisplayName": "No Address Inc"})

    run = synced(office.company, clock)

    row = office.row("vendor", qbo_id=made["Id"])
    assert (row.state, told(run, CHECKS)) == (ObjectState.LINKED, 1)
    assert CHECKS in page_of(admin_client, row)
    assert told(synced(office.company, clock), CHECKS) == 0

    place = {"Line1": ADDRESS["line1"], "City": ADDRESS["city"], "Country": "US"}
    office.there("Vendor", {"Id": made["Id"], "BillAddr": place})
    assert told(synced(office.company, clock), CHECKS) == 0
    row.refresh_from_db()
    assert CHECKS not in page_of(admin_client, row)
