"""Whom bills and payments are with, and what a record had before a write: what people look for later."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

from syncapp.admin.written import written
from syncapp.models import Company, Operation, SyncedObject, Verb
from tests.services.test_edits import a_vendor, edit_billcom, in_step
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, linked, synced

__all__ = ["in_step"]


def test_bills_and_payments_name_their_vendor_whichever_side_they_came_from(in_step: Company) -> None:
    transactions = SyncedObject.objects.filter(company=in_step, kind__in=("bill", "bill_payment"))
    vendors = {row.pk: row for row in SyncedObject.objects.filter(company=in_step, kind="vendor")}

    assert transactions
    for row in transactions:
        assert row.party_id is not None, row
        vendor = vendors[row.party_id]
        for side in ("billcom", "qbo"):
            if values := getattr(row, f"{side}_values"):
                assert values["vendor"] == vendor.remote_id(side)


def test_a_bill_is_found_by_the_name_its_vendor_has_now(
    in_step: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], admin_client: Client
) -> None:
    bill = next(row for row in linked(in_step, "bill") if row.party and row.party.linked)
    assert bill.party is not None
    edit_billcom(sandbox, loaded, "vendors", id=bill.party.billcom_id, name="Quarry & Daughters")
    synced(in_step, clock)

    page = admin_client.get(
        reverse("admin:syncapp_syncedobject_changelist"), {"q": "quarry daughters", "kind__exact": "bill"}
    )

    assert bill in page.context["cl"].result_list
    assert {row.party_id for row in page.context["cl"].result_list} == {bill.party_id}
    assert page.content.decode().count("Quarry &amp; Daughters") == len(page.context["cl"].result_list)


def test_the_journal_tells_what_a_field_had_before(
    in_step: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    row = a_vendor(in_step)
    earlier = row.qbo_values["email"]
    edit_billcom(sandbox, loaded, "vendors", id=row.billcom_id, email="later@vendor.example")
    synced(in_step, clock)

    line = next(each for each in written(Operation.objects.get(object=row, verb=Verb.UPDATE)) if each.label == "E-mail")

    assert line.before is not None
    assert (line.before.text, line.after.text) == (earlier, "later@vendor.example")
