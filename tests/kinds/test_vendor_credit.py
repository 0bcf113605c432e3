"""Vendor credits: from BILL to QuickBooks, without customers, and not once they are applied."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from syncapp.core.holds import HoldCode
from syncapp.core.planning import decide
from syncapp.core.records import Outcome, Seen, WriteVerb
from syncapp.core.schema import Raw
from syncapp.core.sides import Cohort, Side
from syncapp.kinds import KINDS
from tests.kinds.support import (
    BILLCOM,
    LOOKUP,
    QBO,
    TERMS,
    body,
    code,
    edited,
    edited_on,
    just_linked,
    only_in,
    payload,
    planned,
    shown,
    terms,
    view,
)

CREDIT = KINDS["vendor_credit"]
CREATE, UPDATE, RETIRE = WriteVerb.CREATE, WriteVerb.UPDATE, WriteVerb.RETIRE
KIND = "vendor_credit"


def lines(**codes: str) -> list[Raw]:
    """BILL's two lines, these classifications on the first."""
    found = list(payload(KIND, BILLCOM)["vendorCreditLineItems"])
    found[0]["classifications"] = {**found[0]["classifications"], **codes}
    return found


# --- which way -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cohort", Cohort)
@pytest.mark.parametrize("one_way", [True, False])
def test_it_goes_to_quickbooks_in_every_company(cohort: Cohort, one_way: bool) -> None:
    by = terms(cohort=cohort, one_way=one_way, two_way_payments=not one_way)
    assert planned(only_in(BILLCOM, KIND, by=by)) == [(QBO, CREATE, sorted(CREDIT.compared))]
    held = only_in(QBO, KIND, by=by)
    assert (code(held), held.writes) == (HoldCode.FLOW_NOT_IN_MATRIX, ())
    assert held.hold and "BILL to QuickBooks Online only" in held.hold.describe() and "exclude" in held.hold.fix()


def test_it_arrives_as_bill_has_it() -> None:
    sent = body(only_in(BILLCOM, KIND), KIND, QBO)
    assert (sent["VendorRef"], sent["DocNumber"]) == ({"value": "56"}, "CR-2026/07")
    assert (sent["TxnDate"], sent["PrivateNote"]) == ("2026-03-20", "Returned pipe")
    assert sent["DepartmentRef"] == {"value": "4"}
    assert sent["APAccountRef"] == {"value": "33"}
    assert [
        (line["Amount"], line["AccountBasedExpenseLineDetail"]["AccountRef"]["value"]) for line in sent["Line"]
    ] == [
        (40, "63"),
        (20, "61"),
    ]


def test_a_line_without_an_account_posts_to_the_unallocated_one() -> None:
    sent = body(only_in(BILLCOM, KIND, {"vendorCreditLineItems": lines(chartOfAccountId="")}), KIND, QBO)
    assert sent["Line"][0]["AccountBasedExpenseLineDetail"]["AccountRef"] == {"value": "99"}


@pytest.mark.parametrize("change", [{"PrivateNote": "changed"}, {"TxnDate": "2026-03-21"}, {"status": "Deleted"}])
def test_what_is_changed_in_quickbooks_is_held_and_bill_left_alone(change: dict[str, Any]) -> None:
    decision = edited_on(QBO, KIND, change)
    assert (code(decision), decision.writes) == (HoldCode.FLOW_NOT_IN_MATRIX, ())


def test_an_edit_in_bill_follows_sparsely() -> None:
    decision = edited(KIND, {"creditDate": "2026-03-22"})
    assert planned(decision) == [(QBO, UPDATE, ["date"])]
    assert body(decision, KIND, QBO, current=payload(KIND, QBO)) == {"TxnDate": "2026-03-22"}


def test_an_archived_credit_is_deleted_in_quickbooks() -> None:
    assert planned(edited(KIND, {"archived": True})) == [(QBO, RETIRE, ["active"])]


# --- holds -----------------------------------------------------------------------------------------------------------


def test_bill_does_not_tell_the_approval_so_a_person_does() -> None:
    """Reference: spec, BILL API 3.3: v3 exposes no approval state for vendor credits."""
    held = only_in(BILLCOM, KIND, by=terms(approved_only=True))
    assert code(held) is HoldCode.NOT_APPROVED
    assert held.hold and "doesn't tell" in held.hold.describe() and "include it" in held.hold.fix()

    known = Seen(1, view(KIND, BILLCOM), None, included=True)
    decision = decide(CREDIT, known, terms(approved_only=True), LOOKUP)
    assert planned(decision) == [(QBO, CREATE, sorted(CREDIT.compared))]


def test_what_a_bill_tells_is_not_said_by_a_person() -> None:
    unapproved = Seen(1, view("bill", BILLCOM, {"approvalStatus": "ASSIGNED"}), None, included=True)
    assert code(decide(KINDS["bill"], unapproved, terms(approved_only=True), LOOKUP)) is HoldCode.NOT_APPROVED


@pytest.mark.parametrize("approved_only", [True, False])
def test_a_customer_on_a_line_holds_it(approved_only: bool) -> None:
    change = {"vendorCreditLineItems": lines(customerId="0cu01ORCHARD00000001")}
    for decision in (
        only_in(BILLCOM, KIND, change, by=terms(approved_only=approved_only)),
        edited(KIND, change, by=terms(approved_only=approved_only)),
    ):
        assert (code(decision), decision.writes) == (HoldCode.FLOW_NOT_IN_MATRIX, ())
        assert decision.hold and "customer" in decision.hold.describe()


def test_where_customers_are_not_used_nothing_is_said_of_them() -> None:
    change = {"vendorCreditLineItems": lines(customerId="0cu01ORCHARD00000001")}
    decision = only_in(BILLCOM, KIND, change, by=terms(customers_in_payables=False))
    assert decision.outcome is Outcome.WRITE
    sent = body(decision, KIND, QBO, by=terms(customers_in_payables=False))
    assert "CustomerRef" not in str(sent)


def test_several_locations_hold_it() -> None:
    change = {"vendorCreditLineItems": lines(locationId="loc01HARBOUR00000001")}
    assert code(only_in(BILLCOM, KIND, change)) is HoldCode.MIXED_LOCATIONS
    assert only_in(BILLCOM, KIND, change, by=terms(locations=False)).outcome is Outcome.WRITE


def test_a_credit_of_nothing_is_not_sent() -> None:
    decision = only_in(BILLCOM, KIND, {"amount": 0, "vendorCreditLineItems": []})
    assert code(decision) is HoldCode.ZERO_AMOUNT


def test_nothing_is_written_into_closed_books() -> None:
    by = terms(books_closed_on=date(2026, 3, 20))
    assert code(only_in(BILLCOM, KIND, by=by)) is HoldCode.BOOKS_CLOSED
    assert code(edited(KIND, {"archived": True}, by=by)) is HoldCode.BOOKS_CLOSED


@pytest.mark.parametrize(("ours", "theirs"), [({"appliedAmount": 10}, {}), ({}, {"Balance": 50})])
def test_what_has_been_applied_stays_as_it_is(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    decision = edited(KIND, {**ours, "creditDate": "2026-03-22"}, theirs)
    assert (code(decision), decision.writes) == (HoldCode.FLOW_NOT_IN_MATRIX, ())
    assert decision.hold and "applied" in decision.hold.describe()


def test_quickbooks_may_not_say_what_is_left() -> None:
    """Reference: Intuit docs, VendorCredit: Balance may be missing; then all of it is left."""
    assert shown(KIND, QBO, {"Balance": None})["open"] == Decimal(60)


# --- twins -----------------------------------------------------------------------------------------------------------


def test_the_same_credit_on_both_sides_is_linked_and_in_step() -> None:
    assert just_linked(KIND).outcome is Outcome.IN_STEP


def test_where_they_differ_bill_counts() -> None:
    by = replace(TERMS, master=Side.QBO)
    decision = just_linked(KIND, {"creditDate": "2026-03-22"}, by=by)
    assert planned(decision) == [(QBO, UPDATE, ["date"])]
    assert [clash.kept for clash in decision.clashes] == [BILLCOM]


def test_it_is_known_by_vendor_and_number_also_when_it_is_gone() -> None:
    alive = CREDIT.keys(shown(KIND, BILLCOM), BILLCOM, LOOKUP)
    assert alive.first and alive == CREDIT.keys(shown(KIND, QBO), QBO, LOOKUP)
    gone = CREDIT.keys(shown(KIND, BILLCOM, {"archived": True}), BILLCOM, LOOKUP)
    assert gone == alive
