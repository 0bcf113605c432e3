"""The explanation of one record: whole values, and names where the products have ids."""

from __future__ import annotations

from django.utils import timezone

from syncapp.models import Company, SyncedObject
from syncapp.services.why import why
from tests.support.syncing import Clock, linked, synced


def explained(row: SyncedObject) -> str:
    return "\n".join(why(row, now=timezone.now()))


def test_a_bill_is_explained_by_names(company: Company, clock: Clock) -> None:
    synced(company, clock)
    bill = next(row for row in linked(company, "bill") if row.qbo_values["lines"])
    vendor = SyncedObject.objects.get(company=company, kind="vendor", qbo_id=bill.qbo_values["vendor"])
    account = bill.qbo_values["lines"][0]["account"]
    label = SyncedObject.objects.get(company=company, kind="account", qbo_id=account).label

    words = explained(bill)

    assert f"{vendor} | {vendor}" in words
    assert label in words
    assert "Decimal(" not in words
    assert str(bill.billcom_values["vendor"]) not in words


def test_long_values_are_not_cut(company: Company, clock: Clock) -> None:
    synced(company, clock)
    vendor = linked(company, "vendor")[0]
    vendor.qbo_values["name"] = "Long " * 40 + "End"

    assert "End" in explained(vendor)


def test_possible_matches_are_named(company: Company, clock: Clock) -> None:
    synced(company, clock)
    row = SyncedObject.objects.filter(company=company, hold_code="proposed-match").first()
    assert row is not None
    match = SyncedObject.objects.get(pk=row.candidates[0])

    words = explained(row)

    assert f"Possible match: {match.full_name} (number {match.pk})" in words
    assert "Next sync: stays held" in words
