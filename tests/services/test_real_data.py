"""Real companies' records, with the dirt of real life: nothing is lost, nothing is there twice.

TIEOUT_FULL_DATA=1 takes all of the council's documents instead of the first few thousand.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Count
from django.utils import timezone

from syncapp.gateways import qbo as qbo_gateway
from syncapp.gateways.pacing import Pacer, Pacers
from syncapp.models import Company, ObjectState, Operation, SyncedObject, SyncPreferences
from syncapp.services import tie_out
from tests.support import sheffield
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, held, linked, set_up, synced, writes

DOCUMENTS = 4000
# Of this process's own time, which others on the machine don't lengthen.
MOST_SECONDS = 360


@pytest.fixture(autouse=True)
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox's limits are off, so nobody need wait for them."""
    much = 1_000_000
    monkeypatch.setattr(qbo_gateway, "_PACERS", Pacers(lambda: Pacer(much, much, batches_per_minute=much)))


def opened(shown: dict[str, Any], clock: Clock, settings: Any) -> Company:
    settings.QBO_CLIENT_ID = shown["qbo"]["client_id"]
    settings.QBO_CLIENT_SECRET = shown["qbo"]["client_secret"]
    return set_up(shown, clock)


def nothing_is_left_open(company: Company) -> None:
    """Each record is in step or says why it isn't."""
    objects = SyncedObject.objects.filter(company=company)
    assert not objects.filter(state=ObjectState.HELD, hold_code="").exists()
    assert not objects.filter(state__in=[ObjectState.NEW, ObjectState.PENDING]).exists()
    one_sided = objects.filter(billcom_id__isnull=True) | objects.filter(qbo_id__isnull=True)
    unexplained = one_sided.filter(hold_code="").exclude(state=ObjectState.RETIRED)
    assert not list(unexplained[:5])
    assert not Operation.objects.unfinished(company).exists()


def refusals(company: Company) -> list[str]:
    rejected = SyncedObject.objects.filter(company=company, hold_code="rejected")
    return [f"{row.kind} {row}: {row.hold.describe()}" for row in rejected if row.hold]


@pytest.mark.parametrize("chosen", [{}, {"vendor_country": "US", "customer_email": "office@client.example"}])
def test_intuits_own_sample_company(sandbox: Sandbox, clock: Clock, settings: Any, chosen: dict[str, str]) -> None:
    company = opened(sandbox.load(str(sheffield.shared_data("craigs.json"))), clock, settings)
    SyncPreferences.objects.filter(company=company).update(**chosen)

    synced(company, clock)

    # With a country chosen it is sent, and BILL refuses the two e-mail addresses in its one field.
    assert [words for words in refusals(company) if "National Eye Care: BILL refused it" not in words] == []
    nothing_is_left_open(company)
    assert bool({"needs-address", "needs-email"} & set(held(company))) is not bool(chosen)
    found = tie_out.tie_out(company, now=timezone.now())
    assert found.ties, [row for row in found.payables.rows if row.difference]
    assert found.payables.qbo_open == Decimal("1602.67")
    assert writes(synced(company, clock)) == 0


def test_a_city_councils_invoices(sandbox: Sandbox, clock: Clock, settings: Any) -> None:
    limit = None if os.environ.get("TIEOUT_FULL_DATA") else DOCUMENTS
    data = sheffield.company(sheffield.shared_data("ap_sheffield_bills.csv.gz"), limit)
    shown = sandbox.load(data=data)
    company = opened(shown, clock, settings)
    began, busy = time.monotonic(), time.process_time()

    synced(company, clock)

    took, worked = time.monotonic() - began, time.process_time() - busy
    print(f"\n{len(data['billcom']['bills'])} bills in {took:.0f} s, {worked:.0f} s of them ours. {by_reason(company)}")
    assert worked < MOST_SECONDS
    nothing_is_left_open(company)
    assert SyncedObject.objects.of(company, "bill").count() == len(data["billcom"]["bills"])
    in_quickbooks_once(company, data, sandbox.books("qbo", shown["qbo"]["realm_id"]))


def by_reason(company: Company) -> str:
    """What is held, kind by kind, and how much is not."""
    objects = SyncedObject.objects.filter(company=company).values_list("kind", "hold_code").order_by("kind")
    found = objects.annotate(number=Count("pk"))
    return ", ".join(f"{kind} {code or 'linked'} {number}" for kind, code, number in found)


def in_quickbooks_once(company: Company, data: dict[str, Any], books: dict[str, list[dict[str, Any]]]) -> None:
    """Vendor, number and amount of QuickBooks' bills are those of the linked ones, as often, and no others."""
    sent = {row.billcom_id: row for row in linked(company, "bill")}
    vendors = {row.billcom_id: row.qbo_id for row in linked(company, "vendor")}
    ours = Counter(
        (vendors[bill["vendorId"]], bill["invoice"]["invoiceNumber"][:21], total(bill))
        for bill in data["billcom"]["bills"]
        if bill["id"] in sent
    )
    theirs = Counter(
        (bill["VendorRef"]["value"], bill.get("DocNumber", ""), Decimal(str(bill["TotalAmt"])))
        for bill in books["Bill"]
    )
    assert theirs == ours


def total(bill: dict[str, Any]) -> Decimal:
    return sum((Decimal(line["amount"]) for line in bill["billLineItems"]), Decimal(0))
