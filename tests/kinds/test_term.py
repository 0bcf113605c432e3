"""Payment terms: both ways where the option is on; BILL has one for each number of days, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from syncapp.core.holds import HoldCode
from syncapp.core.records import Outcome, WriteVerb
from syncapp.core.sides import Side
from syncapp.kinds import KINDS
from tests.kinds.support import (
    BILLCOM,
    LOOKUP,
    QBO,
    body,
    code,
    edited,
    edited_on,
    just_linked,
    lookup,
    only_in,
    planned,
    shown,
    terms,
)

TERM = KINDS["term"]
CREATE, UPDATE = WriteVerb.CREATE, WriteVerb.UPDATE
IN_BILL_ONLY = lookup(without=(("3", QBO),))
IN_QUICKBOOKS_ONLY = lookup(without=(("00p01NET3000000000001", BILLCOM),))


def test_a_term_is_made_with_its_name_and_days() -> None:
    assert body(only_in(QBO, "term"), "term", BILLCOM) == {"name": "Net 30", "daysDue": 30}
    assert body(only_in(BILLCOM, "term"), "term", QBO) == {"Name": "Net 30", "DueDays": 30}


def test_due_on_receipt_is_a_term_of_no_days() -> None:
    """QuickBooks leaves DueDays out where it is zero in some replies."""
    at_once = only_in(QBO, "term", {"Name": "Due on receipt", "DueDays": None})
    assert body(at_once, "term", BILLCOM)["daysDue"] == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"DueDays": None, "DayOfMonthDue": 10, "Type": "DATE_DRIVEN"}, "a day of the month"),
        ({"DiscountPercent": 2, "DiscountDays": 10}, "a discount"),
        ({"DueDays": 1200}, "999"),
        ({"Active": False}, "inactive"),
    ],
)
def test_what_bill_has_no_word_for_stays_in_quickbooks(changes: dict[str, Any], words: str) -> None:
    held = only_in(QBO, "term", changes)
    assert code(held) is HoldCode.FLOW_NOT_IN_MATRIX
    assert held.hold is not None and words in held.hold.describe() and "Nothing to do" in held.hold.fix()


def test_one_that_becomes_what_bill_has_no_word_for_is_held() -> None:
    assert code(edited_on(QBO, "term", {"DiscountPercent": 2, "Name": "2% 10 Net 30"})) is HoldCode.FLOW_NOT_IN_MATRIX


@pytest.mark.parametrize("side", Side)
def test_without_the_option_none_flows(side: Side) -> None:
    held = only_in(side, "term", by=terms(payment_terms=False))
    assert code(held) is HoldCode.FLOW_NOT_IN_MATRIX
    assert held.hold is not None and "Sync Payment Terms" in held.hold.describe()
    assert not TERM.in_use(terms(payment_terms=False))


def test_edits_go_both_ways() -> None:
    there = edited_on(BILLCOM, "term", {"daysDue": 31})
    assert body(there, "term", QBO, current={"Name": "Net 30", "DueDays": 30}) == {"DueDays": 31}
    here = edited_on(QBO, "term", {"Name": "Thirty days"})
    assert body(here, "term", BILLCOM, current={"name": "Net 30"}) == {"name": "Thirty days"}


def test_the_twin_is_found_by_the_days_alone_if_need_be() -> None:
    ours = TERM.keys(shown("term", BILLCOM, {"name": "30 days"}), BILLCOM, LOOKUP)
    theirs = TERM.keys(shown("term", QBO), QBO, LOOKUP)
    assert ours.first != theirs.first and ours.second == theirs.second == "30"


def test_a_term_of_the_same_name_and_other_days_is_proposed_only() -> None:
    ours = TERM.keys(shown("term", BILLCOM, {"daysDue": 45}), BILLCOM, LOOKUP)
    theirs = TERM.keys(shown("term", QBO), QBO, LOOKUP)
    assert (ours.first != theirs.first, ours.second != theirs.second) == (True, True)
    assert ours.proposal == theirs.proposal == "net30"


def test_days_are_compared_as_numbers() -> None:
    assert TERM.keys(shown("term", QBO, {"DueDays": 100}), QBO, LOOKUP).second == "100"


# --- vendors ---------------------------------------------------------------------------------------------------------


def test_a_vendor_carries_its_term() -> None:
    assert body(only_in(BILLCOM, "vendor"), "vendor", QBO)["TermRef"] == {"value": "3"}
    assert body(only_in(QBO, "vendor"), "vendor", BILLCOM)["additionalInfo"]["paymentTermId"] == "00p01NET3000000000001"


def test_without_the_option_a_vendor_goes_without_it() -> None:
    by = terms(payment_terms=False)
    assert "TermRef" not in body(only_in(BILLCOM, "vendor", by=by), "vendor", QBO, by=by)
    assert edited("vendor", None, {"TermRef": {"value": "9"}}, by=by).outcome is Outcome.IN_STEP


def test_a_vendor_does_not_wait_for_a_term_that_is_not_there() -> None:
    """Its bills would wait with it."""
    made = only_in(BILLCOM, "vendor", refs=IN_BILL_ONLY)
    assert planned(made)[0][:2] == (QBO, CREATE)
    assert "TermRef" not in body(made, "vendor", QBO, refs=IN_BILL_ONLY)
    assert "term" not in made.writes[0].changed, "it isn't agreed on either"


def test_a_term_that_can_t_be_carried_over_is_neither_written_nor_agreed_on() -> None:
    decision = edited("vendor", {"additionalInfo.paymentTermId": "00p01OTHER00000000001"}, {"AcctNum": "C-9"})
    assert planned(decision) == [(BILLCOM, UPDATE, ["account_number"])]
    assert "term" not in decision.agreed

    linked = just_linked("vendor", refs=IN_QUICKBOOKS_ONLY)
    assert linked.outcome is Outcome.IN_STEP and "term" not in linked.agreed


def test_a_term_taken_off_a_vendor_goes_over() -> None:
    decision = edited_on(BILLCOM, "vendor", {"additionalInfo.paymentTermId": None})
    sent = body(decision, "vendor", QBO, current={"TermRef": {"value": "3"}})
    assert sent["TermRef"] is None
