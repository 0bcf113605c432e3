"""`manage.py sync` and `manage.py tie_out`: what they print, what they do, and what they leave alone."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from syncapp.models import Company, Operation, RunState, SyncedObject, SyncRun, Trigger
from syncapp.services import tie_out
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, linked, synced


def said(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def both_books(sandbox: Sandbox, loaded: dict[str, Any]) -> tuple[Any, Any]:
    return (
        sandbox.books("qbo", loaded["qbo"]["realm_id"]),
        sandbox.books("billcom", loaded["billcom"]["organization_id"]),
    )


def our_rows(company: Company) -> list[tuple[Any, ...]]:
    rows = SyncedObject.objects.filter(company=company).order_by("pk")
    return list(rows.values_list("pk", "state", "billcom_id", "qbo_id", "match_key", "hold_code", "needs_look"))


@pytest.mark.parametrize("by", ["name", "pk"])
def test_it_syncs_the_company_and_says_what_it_did(company: Company, by: str) -> None:
    words = said("sync", str(getattr(company, by)))

    run = SyncRun.objects.filter(company=company, trigger=Trigger.COMMAND).get()
    assert run.state == RunState.DONE
    assert "Done. API calls: " in words
    vendors = next(line.split() for line in words.splitlines() if line.startswith("Vendors "))
    sides = [f"vendor.{what}.{side}" for side in ("billcom", "qbo") for what in ("read", "create", "update", "retire")]
    assert vendors[1:9] == [str(run.counts.get(name, 0)) for name in sides]
    assert run.counts["vendor.create.qbo"] > 0
    assert tie_out.tie_out(company, now=timezone.now()).ties


def test_a_second_time_it_writes_nothing(company: Company, sandbox: Sandbox, loaded: dict[str, Any]) -> None:
    said("sync", str(company.pk))
    before = both_books(sandbox, loaded)

    again = json.loads(said("sync", str(company.pk), "--json"))

    assert again["state"] == RunState.DONE
    assert [name for name in again["counts"] if ".read." not in name and ".moved." not in name] == []

    assert both_books(sandbox, loaded) == before


def test_a_sync_that_fails_says_why(company: Company, sandbox: Sandbox) -> None:
    sandbox.fault("qbo", "revoke_consent")

    with pytest.raises(CommandError) as refused:
        said("sync", str(company.pk))

    run = SyncRun.objects.get(company=company, trigger=Trigger.COMMAND)
    assert (run.state, run.stop_code) == (RunState.FAILED, "needs-reconnect")
    assert str(refused.value) == run.message != ""


def test_a_company_that_is_not_set_up_is_refused(company: Company) -> None:
    Company.objects.filter(pk=company.pk).update(setup_step="import-accounts")

    with pytest.raises(CommandError, match="isn't set up yet"):
        said("sync", str(company.pk))


def test_a_preview_reads_both_sides_prints_the_plan_and_writes_nothing_anywhere(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    synced(company, clock)
    address = {"line1": "1 Quay", "city": "Dover", "zipOrPostalCode": "19901", "country": "US"}
    entered = {"name": "Newly Entered Vendor", "address": address}
    sandbox.person("billcom", loaded["billcom"]["organization_id"], "vendors", entered)
    books, operations = both_books(sandbox, loaded), Operation.objects.count()

    words = said("sync", str(company.pk), "--preview")

    assert [line.split() for line in words.splitlines() if "Newly Entered" in line] == [
        ["create", "vendor", "Newly", "Entered", "Vendor", "in", "qbo"]
    ]
    assert "vendor.create.qbo" in words
    assert both_books(sandbox, loaded) == books
    assert Operation.objects.count() == operations


def test_a_preview_of_what_is_in_step_says_so(company: Company, clock: Clock) -> None:
    synced(company, clock)

    words = said("sync", str(company.pk), "--preview")

    assert words.endswith("Nothing would be written; both sides were read just now.\n")


def test_a_preview_of_a_company_that_isnt_set_up_says_so(company: Company) -> None:
    Company.objects.filter(pk=company.pk).update(setup_step="map-banks")

    with pytest.raises(CommandError, match="isn't set up yet"):
        said("sync", str(company.pk), "--preview")


def test_it_explains_one_record_by_any_of_its_ids(company: Company, clock: Clock) -> None:
    synced(company, clock)
    vendor = linked(company, "vendor")[0]

    for name in (str(vendor.billcom_id), str(vendor.qbo_id), str(vendor.pk)):
        words = said("sync", str(company.pk), "--why", "vendor", name)
        assert f"Vendor {vendor} (number {vendor.pk}): In step" in words
        assert f"BILL: {vendor.billcom_id}" in words
        assert f"QuickBooks Online: {vendor.qbo_id}" in words
        assert "Next sync: nothing to do" in words


def test_it_explains_one_record_by_its_name_and_asks_where_several_have_it(company: Company, clock: Clock) -> None:
    synced(company, clock)
    vendor, other = sorted(linked(company, "vendor")[:2], key=lambda row: row.pk)

    assert f"Vendor {vendor} (number {vendor.pk})" in said("sync", str(company.pk), "--why", "Vendors", str(vendor))

    SyncedObject.objects.filter(pk=other.pk).update(label=vendor.label.upper())
    with pytest.raises(CommandError, match=f"More than one vendor .* ids here: {vendor.pk}, {other.pk}"):
        said("sync", str(company.pk), "--why", "vendor", str(vendor))


def test_it_explains_what_is_held_and_what_to_do(company: Company, clock: Clock) -> None:
    synced(company, clock)
    held = SyncedObject.objects.filter(company=company).exclude(hold_code="").first()
    assert held is not None and held.hold is not None

    words = said("sync", str(company.pk), "--why", held.kind, str(held.billcom_id or held.qbo_id))

    assert f"Held ({held.hold_code}): {held.hold.describe()}" in words
    assert f"What to do: {held.hold.fix()}" in words


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--why", "vendor", "no-such-id"), "No vendor has the id no-such-id on either side, or that name or number."),
        (("--why", "unicorn", "1"), "unicorn is no kind. Kinds: "),
        (("--why", "vendor", "99999999999999999999999"), "No vendor has the id"),
    ],
)
def test_what_it_does_not_know_it_says(company: Company, arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        said("sync", str(company.pk), *arguments)


@pytest.mark.parametrize("command", ["sync", "tie_out"])
def test_an_unknown_company_is_named_and_the_known_ones_listed(company: Company, command: str) -> None:
    with pytest.raises(CommandError, match=rf"No company is called Nobody. Known: {company.pk} {company.name}"):
        said(command, "Nobody")


def test_tie_out_lists_every_vendor_and_says_that_both_sides_tie(company: Company, clock: Clock) -> None:
    synced(company, clock)

    words = said("tie_out", str(company.pk))

    found = tie_out.tie_out(company, now=timezone.now())
    listed = [row for compared in found.both for row in compared.rows]
    assert len(words.splitlines()) == len(listed) + len(found.summary()) + 4
    assert all(row.party[:39] in words for row in listed)
    assert "\n".join(found.summary()) in words
    assert words.endswith(f"{found.verdict}\n")


def test_tie_out_ends_with_one_where_they_differ(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    """A bill that a person enters on one side only isn't explained by anything until the next sync."""
    synced(company, clock)
    vendor = next(row for row in linked(company, "vendor") if row.billcom_values["active"])
    line = {"amount": 41.5, "description": "Not synced yet"}
    bill = {
        "vendorId": vendor.billcom_id,
        "dueDate": "2026-03-01",
        "invoice": {"invoiceNumber": "LATE-1", "invoiceDate": "2026-02-01"},
        "billLineItems": [line],
    }
    sandbox.person("billcom", loaded["billcom"]["organization_id"], "bills", bill)
    out = StringIO()

    with pytest.raises(SystemExit) as ended:
        call_command("tie_out", company.name, stdout=out)

    assert ended.value.code == 1
    assert "41.50" in out.getvalue()
    assert out.getvalue().endswith("They do NOT tie out.\n")
