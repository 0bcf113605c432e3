"""A company from nothing to in step: both sides tie out, and a second sync writes nothing."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from syncapp.core.matching import normalise
from syncapp.kinds import KINDS
from syncapp.models import Company, Conflict, ObjectState, Operation, OperationState, SyncedObject
from syncapp.services import terms, tie_out
from syncapp.services.preview import preview
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, held, linked, synced, writes


def test_it_brings_both_sides_into_step(company: Company, clock: Clock) -> None:
    run = synced(company, clock)

    assert run.progress == 100
    found = tie_out.tie_out(company, now=timezone.now())
    assert found.ties, [row for row in found.payables.rows if row.difference]
    assert found.payables.billcom_open > 0


def test_a_second_sync_writes_nothing(company: Company, clock: Clock) -> None:
    synced(company, clock)

    assert writes(synced(company, clock)) == 0


def test_nothing_is_held_without_a_reason(company: Company, clock: Clock) -> None:
    synced(company, clock)

    assert not SyncedObject.objects.filter(company=company, state=ObjectState.HELD, hold_code="").exists()
    assert not SyncedObject.objects.filter(company=company, state__in=[ObjectState.NEW, ObjectState.PENDING]).exists()
    assert "rejected" not in held(company), _refusals(company)


def _refusals(company: Company) -> list[str]:
    rejected = SyncedObject.objects.filter(company=company, hold_code="rejected")
    return [f"{row.kind} {row}: {row.hold.describe()}" for row in rejected if row.hold]


def test_every_write_is_in_the_journal_with_its_outcome(company: Company, clock: Clock) -> None:
    synced(company, clock)

    states = set(Operation.objects.filter(company=company).values_list("state", flat=True))
    assert states == {OperationState.DONE}


def test_nearly_equal_names_are_linked_and_stay_as_each_side_writes_them(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    synced(company, clock)

    names = [(row.billcom_values["name"], row.qbo_values["name"]) for row in linked(company, "vendor")]
    assert any(ours != theirs for ours, theirs in names)
    assert all(normalise(ours) == normalise(theirs) for ours, theirs in names)
    assert not Conflict.objects.filter(company=company, field="name").exists()


def test_a_preview_shows_the_plan_and_leaves_everything_as_it_was(company: Company, clock: Clock) -> None:
    synced(company, clock)
    SyncedObject.objects.filter(company=company, kind="vendor").update(needs_look=True)
    before = list(SyncedObject.objects.filter(company=company).values_list("pk", "state", "match_key", "needs_look"))

    found = preview(company, now=timezone.now())

    assert found.rows == []
    after = list(SyncedObject.objects.filter(company=company).values_list("pk", "state", "match_key", "needs_look"))
    assert after == before


def test_an_idle_sync_costs_one_metered_call_and_one_call_per_kind(
    company: Company, clock: Clock, settings: Any
) -> None:
    synced(company, clock)
    clock.wait(600)
    synced(company, clock)
    clock.wait(600)

    run = synced(company, clock)

    assert run.calls.get("metered") == 1
    used = [kind for kind in KINDS.values() if kind.in_use(terms.load(company)) and not kind.billcom.derived]
    assert run.calls.get("billcom") == len({kind.billcom.path for kind in used})
    assert "login" not in run.calls
