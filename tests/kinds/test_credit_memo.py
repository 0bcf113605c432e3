"""Credit memos: both ways since 2019, and not once they are applied."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from syncapp.core.holds import HoldCode
from syncapp.core.records import WriteVerb
from syncapp.core.sides import Cohort, Side
from syncapp.kinds import KINDS
from tests.kinds.support import (
    BILLCOM,
    QBO,
    body,
    code,
    edited_on,
    only_in,
    payload,
    planned,
    terms,
)

MEMO = KINDS["credit_memo"]
KIND = "credit_memo"
CREATE, UPDATE, RETIRE = WriteVerb.CREATE, WriteVerb.UPDATE, WriteVerb.RETIRE


@pytest.mark.parametrize("cohort", Cohort)
def test_it_goes_both_ways_and_with_one_way_sync_to_quickbooks(cohort: Cohort) -> None:
    by = terms(cohort=cohort)
    assert planned(only_in(BILLCOM, KIND, by=by)) == [(QBO, CREATE, sorted(MEMO.compared))]
    assert planned(only_in(QBO, KIND, by=by)) == [(BILLCOM, CREATE, sorted(MEMO.compared))]
    by = terms(cohort=cohort, one_way=True)
    assert planned(only_in(BILLCOM, KIND, by=by)) == [(QBO, CREATE, sorted(MEMO.compared))]
    assert code(only_in(QBO, KIND, by=by)) == HoldCode.ONE_WAY


@pytest.mark.parametrize("side", Side)
def test_of_companies_that_started_earlier_none_goes_anywhere(side: Side) -> None:
    held = only_in(side, KIND, by=terms(credit_memos=False))
    assert (code(held), held.writes) == (HoldCode.FLOW_NOT_IN_MATRIX, ())
    assert held.hold is not None and "2019" in held.hold.describe() and "by hand" in held.hold.fix()


@pytest.mark.parametrize(
    ("side", "changes", "wanted"),
    [
        (QBO, {"DocNumber": None}, HoldCode.NEEDS_NUMBER),
        (QBO, {"RemainingCredit": 100, "Balance": 100}, HoldCode.FLOW_NOT_IN_MATRIX),
        (QBO, {"TotalAmt": 0, "RemainingCredit": 0, "Balance": 0, "Line": []}, HoldCode.FLOW_NOT_IN_MATRIX),
        (QBO, {"TotalAmt": 240}, HoldCode.FLOW_NOT_IN_MATRIX),
        (QBO, {"CurrencyRef": {"value": "EUR"}}, HoldCode.CURRENCY),
        (BILLCOM, {"amount": 0, "creditMemoLineItems": []}, HoldCode.FLOW_NOT_IN_MATRIX),
        (BILLCOM, {"amount": 240}, HoldCode.FLOW_NOT_IN_MATRIX),
    ],
)
def test_what_does_not_go_over(side: Side, changes: dict[str, Any], wanted: HoldCode) -> None:
    assert code(only_in(side, KIND, changes)) == wanted


def test_what_is_applied_in_bill_goes_to_quickbooks_all_the_same() -> None:
    """There nothing is applied, so the customer owes the same."""
    assert planned(only_in(BILLCOM, KIND, {"appliedAmount": 30})) == [(QBO, CREATE, sorted(MEMO.compared))]


def test_in_a_closed_month_it_waits() -> None:
    held = only_in(BILLCOM, KIND, by=terms(books_closed_on=date(2026, 3, 31)))
    assert code(held) == HoldCode.BOOKS_CLOSED


def test_an_edit_replaces_the_whole_memo_in_bill_and_keeps_what_is_not_ours() -> None:
    ours = payload(KIND, BILLCOM)
    sent = body(edited_on(QBO, KIND, {"TxnDate": "2026-03-21"}), KIND, BILLCOM, current=ours)
    assert sent["creditDate"] == "2026-03-21"
    assert [each["id"] for each in sent["creditMemoLineItems"]] == [each["id"] for each in ours["creditMemoLineItems"]]
    for name in ("customerId", "referenceNumber", "description", "payToChartOfAccountId", "classifications"):
        assert sent[name] == ours[name]
    assert not {"amount", "appliedAmount", "status", "usage"} & sent.keys()


def test_what_is_taken_away_on_one_side_goes_on_the_other() -> None:
    assert planned(edited_on(BILLCOM, KIND, {"archived": True})) == [(QBO, RETIRE, ["active"])]
    assert planned(edited_on(QBO, KIND, {"status": "Deleted"})) == [(BILLCOM, RETIRE, ["active"])]


@pytest.mark.parametrize(("side", "used"), [(QBO, {"RemainingCredit": 130.5}), (BILLCOM, {"appliedAmount": 100})])
def test_once_it_is_applied_it_changes_no_more(side: Side, used: dict[str, Any]) -> None:
    changed = {"TxnDate": "2026-03-21"} if side is QBO else {"creditDate": "2026-03-21"}
    held = edited_on(side, KIND, {**used, **changed})
    assert (code(held), held.writes) == (HoldCode.FLOW_NOT_IN_MATRIX, ())
