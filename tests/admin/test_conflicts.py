"""Conflicts: both values by name, which one was kept, and the way back."""

from __future__ import annotations

from decimal import Decimal

from django.urls import reverse

from syncapp.core.sides import Side
from syncapp.models import Conflict, ConflictState
from tests.admin.support import Cast, act, change, changelist, said, text


def decide(cast: Cast, row: Conflict, what: str) -> str:
    address = reverse("admin:syncapp_conflict_decide", args=[row.pk])
    return text(cast.client("alice").post(address, {"what": what}, follow=True))


def test_both_values_and_the_kept_one_are_shown(cast: Cast) -> None:
    page = text(cast.client("bob").get(change("conflict", cast.first.conflict)))

    for words in ("old@Harbor.test", "new@Harbor.test", "other@Harbor.test"):
        assert f"<td>{words}" in page
    assert page.index("new@Harbor.test") < page.index(">kept<") < page.index("other@Harbor.test")


def test_references_and_lines_are_shown_for_reading(cast: Cast) -> None:
    lines = {side: [{"amount": Decimal("5"), "account": each}] for side, each in (("billcom", "0ca1"), ("qbo", "a1"))}
    common = {"company": cast.first.company, "object": cast.first.bill, "kind": "bill", "kept": Side.QBO}
    by_lines = Conflict.objects.create(
        **common, field="lines", base_value=None, billcom_value=lines["billcom"], qbo_value=lines["qbo"]
    )
    by_vendor = Conflict.objects.create(
        **common, field="vendor", base_value="009gone", billcom_value="009v1", qbo_value="v1"
    )

    page = text(cast.client("bob").get(change("conflict", by_lines)))
    assert page.count(">Harbor Supplies</a>") == 2
    assert page.count("5.00") == 2
    page = text(cast.client("bob").get(change("conflict", by_vendor)))
    assert page.count(">Harbor Paper Co</a>") == 2
    assert "009gone" in page
    assert text(cast.client("bob").get(changelist("conflict"))).count("5.00 Harbor Supplies") == 2


def test_a_conflict_is_reviewed(cast: Cast) -> None:
    decide(cast, cast.first.conflict, "review")

    row = Conflict.objects.get(pk=cast.first.conflict.pk)
    assert row.state == ConflictState.REVIEWED
    assert row.closed_by == cast.people["alice"]


def test_the_other_value_is_put_back_with_the_next_sync(cast: Cast) -> None:
    assert "The next sync puts the other value back" in decide(cast, cast.first.conflict, "restore")

    cast.first.vendor.refresh_from_db()
    assert cast.first.vendor.needs_look
    assert cast.first.vendor.wanted == {"email": {"side": "qbo", "value": "other@Harbor.test"}}
    assert "has been restored already" in decide(cast, cast.first.conflict, "restore")


def test_being_there_can_t_be_put_back(cast: Cast) -> None:
    row = Conflict.objects.create(
        company=cast.first.company,
        object=cast.first.vendor,
        kind="vendor",
        field="active",
        billcom_value=False,
        qbo_value=True,
        kept=Side.BILLCOM,
    )

    page = text(cast.client("alice").get(change("conflict", row)))
    assert "Put QuickBooks Online" not in page
    assert "<td>No" in page


def test_a_field_that_is_no_longer_declared_is_still_shown(cast: Cast) -> None:
    Conflict.objects.filter(pk=cast.first.conflict.pk).update(field="fax")

    assert "new@Harbor.test" in text(cast.client("bob").get(change("conflict", cast.first.conflict)))


def test_many_are_reviewed_at_once_and_counted(cast: Cast) -> None:
    response = act(cast.client("alice"), "conflict", "review", cast.first.conflict, cast.second.conflict)
    assert said(response) == ["2 conflicts reviewed."]

    response = act(cast.client("alice"), "conflict", "review", cast.first.conflict)
    assert said(response) == ["None of these is open, or you may only look."]


def test_what_differed_from_the_start_wasn_t_changed_on_both_sides(cast: Cast) -> None:
    row = cast.first.conflict
    assert "Changed on both sides" in text(cast.client("bob").get(change("conflict", row)))

    Conflict.objects.filter(pk=row.pk).update(base_value=None)
    page = text(cast.client("bob").get(change("conflict", row)))
    assert "Differed when the two were linked" in page
    assert "When both last agreed" not in page


def test_a_value_is_restored_only_once_a_sync_has_written_it(cast: Cast) -> None:
    page = decide(cast, cast.first.conflict, "restore")
    assert "Will be put back with the next sync" in page
    assert "Other value restored" not in page

    type(cast.first.vendor).objects.filter(pk=cast.first.vendor.pk).update(wanted={})
    page = text(cast.client("alice").get(change("conflict", cast.first.conflict)))
    assert "Other value restored" in page
    assert ">kept<" not in page
