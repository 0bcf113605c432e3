"""AP payments: BILL to QuickBooks; the other way in cohort B or with 2-Way AP Payment Sync; recorded, never updated."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from syncapp.core.holds import HoldCode
from syncapp.core.matching import Candidate, pair_up
from syncapp.core.records import Outcome, WriteVerb
from syncapp.core.schema import Keys, Raw, Target
from syncapp.core.sides import Cohort, Side
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
    payload,
    planned,
    shown,
    terms,
)

PAYMENT = KINDS["bill_payment"]
CREATE, UPDATE, RETIRE = WriteVerb.CREATE, WriteVerb.UPDATE, WriteVerb.RETIRE
A, B = Cohort.A, Cohort.B

#: A payment that BILL sends: no account, no reference, a confirmation.
ONLINE: dict[str, Any] = {
    "onlinePayment": True,
    "syncReference": None,
    "classifications": None,
    "disbursementType": "CHECK",
    "allowExport": None,
}
VOIDED: dict[str, Any] = {"TotalAmt": 0, "Line": [], "PrivateNote": "Voided - entered twice"}
TWO_BILLS = lookup()
TWO_BILLS.targets |= {
    ("bill", side, remote_id): Target(77, "00n02", "146", "BW-2")
    for side, remote_id in ((BILLCOM, "00n02"), (QBO, "146"))
}


def shares(*parts: tuple[str, str]) -> list[Raw]:
    return [
        {"id": f"blp{number}", "billId": bill, "amount": Decimal(amount)} for number, (bill, amount) in enumerate(parts)
    ]


def links(*parts: tuple[str, str], kind: str = "Bill") -> list[Raw]:
    return [{"Amount": Decimal(amount), "LinkedTxn": [{"TxnId": bill, "TxnType": kind}]} for bill, amount in parts]


# --- which way -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cohort", Cohort)
@pytest.mark.parametrize("one_way", [True, False])
def test_a_payment_of_bill_always_goes_to_quickbooks(cohort: Cohort, one_way: bool) -> None:
    assert planned(only_in(BILLCOM, "bill_payment", by=terms(cohort=cohort, one_way=one_way)))[0][:2] == (QBO, CREATE)


@pytest.mark.parametrize(
    ("cohort", "two_way", "one_way", "held"),
    [
        (A, False, False, HoldCode.FLOW_NOT_IN_MATRIX),
        (A, True, False, None),
        (B, False, False, None),
        (B, True, False, None),
        (A, True, True, HoldCode.ONE_WAY),
        (A, False, True, HoldCode.ONE_WAY),
        (B, True, True, HoldCode.ONE_WAY),
    ],
)
def test_a_payment_of_quickbooks_comes_by_cohort_and_preference(
    cohort: Cohort, two_way: bool, one_way: bool, held: HoldCode | None
) -> None:
    by = terms(cohort=cohort, two_way_payments=two_way, one_way=one_way)
    decision = only_in(QBO, "bill_payment", by=by)
    assert code(decision) is held
    assert bool(decision.writes) is (held is None)


@pytest.mark.parametrize("change", [{"TxnDate": "2026-04-11"}, VOIDED])
def test_what_quickbooks_changes_on_a_payment_is_shown_where_it_does_not_flow(change: dict[str, Any]) -> None:
    decision = edited_on(QBO, "bill_payment", change, by=terms(cohort=A))
    assert (code(decision), decision.writes) == (HoldCode.FLOW_NOT_IN_MATRIX, ())


# --- to QuickBooks ---------------------------------------------------------------------------------------------------


def test_a_payment_through_bill_comes_out_of_the_clearing_account() -> None:
    sent = body(only_in(BILLCOM, "bill_payment", ONLINE), "bill_payment", QBO)
    assert sent == {
        "VendorRef": {"value": "56"},
        "TxnDate": "2026-04-10",
        "TotalAmt": Decimal("415.50"),
        "PayType": "Check",
        "CheckPayment": {"BankAccountRef": {"value": "98"}},
        "PrivateNote": "BILL payment P26041000 - 0012, check 5113",
        "Line": [{"Amount": Decimal("415.50"), "LinkedTxn": [{"TxnId": "145", "TxnType": "Bill"}]}],
    }


@pytest.mark.parametrize(("shown_as", "held"), [(False, HoldCode.EXCLUDED), (True, None), (None, None)])
def test_one_made_outside_goes_over_unless_its_tick_is_off(shown_as: bool | None, held: HoldCode | None) -> None:
    assert code(only_in(BILLCOM, "bill_payment", {"allowExport": shown_as})) is held


def test_a_payment_made_outside_comes_out_of_the_account_named_on_it() -> None:
    sent = body(only_in(BILLCOM, "bill_payment"), "bill_payment", QBO)
    assert sent["CheckPayment"] == {"BankAccountRef": {"value": "35"}}
    assert sent["DocNumber"] == "5113"
    assert "PrivateNote" not in sent


def test_a_payment_made_outside_that_names_no_account_comes_out_of_the_default_bank() -> None:
    """BILL shows the account only in the answer to the recording. Reference: BILL API, record AP payment."""
    bare = {"classifications": None, "syncReference": None}
    sent = body(only_in(BILLCOM, "bill_payment", bare), "bill_payment", QBO)
    assert sent["CheckPayment"] == {"BankAccountRef": {"value": "97"}}
    assert "DocNumber" not in sent


@pytest.mark.parametrize(
    ("change", "role"),
    [
        (ONLINE, "Money Out Clearing Account"),
        ({"classifications": None}, "Default Bank Account in Accounting Software"),
    ],
)
def test_the_account_it_needs_is_asked_for(change: dict[str, Any], role: str) -> None:
    held = only_in(BILLCOM, "bill_payment", change, by=terms(accounts={}))
    assert code(held) is HoldCode.NEEDS_MAPPING
    assert held.hold and role in held.hold.describe()


def test_a_long_reference_is_cut_to_what_a_check_number_may_have() -> None:
    sent = body(
        only_in(BILLCOM, "bill_payment", {"syncReference": "REF-0001, REF-0002, REF-0003"}), "bill_payment", QBO
    )
    assert sent["DocNumber"] == "REF-0001, REF-0002, R"


def test_a_payment_of_several_bills_is_one_payment_with_a_line_for_each() -> None:
    change = {"billPayments": shares(("00n01BILL00000000001", "300.00"), ("00n02", "115.50"))}
    sent = body(only_in(BILLCOM, "bill_payment", change, refs=TWO_BILLS), "bill_payment", QBO)
    paid = [(line["LinkedTxn"][0]["TxnId"], line["Amount"]) for line in sent["Line"]]
    assert paid == [("145", Decimal("300.00")), ("146", Decimal("115.50"))]


def test_it_waits_for_the_bills_it_pays() -> None:
    held = only_in(BILLCOM, "bill_payment", refs=lookup(without=(("145", QBO),)))
    assert code(held) is HoldCode.WAITS_FOR
    assert held.hold and "bill BW-2026/0311" in held.hold.describe()


def test_it_waits_for_approval() -> None:
    assert code(only_in(BILLCOM, "bill_payment", {"status": "APPROVING"})) is HoldCode.NOT_APPROVED
    assert only_in(BILLCOM, "bill_payment", {"status": "SCHEDULED"}).outcome is Outcome.WRITE


CREDIT = "vcr01CREDIT000000001"


def with_credit(share: str, amount: str, used: str = "10.00") -> dict[str, Any]:
    """In BILL: money of ``amount``, and a credit used besides, on the one bill."""
    shared = shares(("00n01BILL00000000001", share))
    shared[0]["vendorCredits"] = [{"id": CREDIT, "amount": Decimal(used)}]
    return {"billPayments": shared, "amount": Decimal(amount)}


@pytest.mark.parametrize("share", ["405.50", "415.50"])
def test_credits_that_a_payment_uses_go_with_it(share: str) -> None:
    """Whether the share of the bill says the money alone or all that settles it."""
    sent = body(only_in(BILLCOM, "bill_payment", with_credit(share, "405.50")), "bill_payment", QBO)
    assert sent["TotalAmt"] == Decimal("405.50")
    assert sent["Line"] == links(("145", "415.50")) + links(("160", "10.00"), kind="VendorCredit")
    assert sent["CheckPayment"]["BankAccountRef"]


def test_a_credit_that_covers_a_bill_is_a_payment_of_nothing() -> None:
    """Reference: spec, sync matrix, section 3."""
    sent = body(only_in(BILLCOM, "bill_payment", with_credit("0", "0", "415.50")), "bill_payment", QBO)
    assert (sent["TotalAmt"], sent["PayType"], sent["CheckPayment"]) == (0, "Check", {"PrintStatus": "NotSet"})
    assert sent["Line"] == links(("145", "415.50")) + links(("160", "415.50"), kind="VendorCredit")


def test_a_payment_waits_for_the_credit_it_uses() -> None:
    refs = lookup(without=(("160", QBO),))
    held = only_in(BILLCOM, "bill_payment", with_credit("405.50", "405.50"), refs=refs)
    assert code(held) is HoldCode.WAITS_FOR
    assert held.hold and "vendor credit CR-2026/07" in held.hold.describe()


def test_one_credit_on_two_bills_is_one_line_in_quickbooks() -> None:
    shared = shares(("00n01BILL00000000001", "300.00"), ("00n01BILL00000000001", "100.00"))
    for share in shared:
        share["vendorCredits"] = [{"id": CREDIT, "amount": 5}]
    values = shown("bill_payment", BILLCOM, {"billPayments": shared, "amount": 400})
    assert values["credits_used"] == [{"credit": CREDIT, "amount": 10}]
    assert [line["amount"] for line in values["paid"]] == [305, 105]


def test_a_payment_with_credits_is_not_recorded_in_bill() -> None:
    lines = links(("145", "425.50")) + links(("160", "10.00"), kind="VendorCredit")
    held = only_in(QBO, "bill_payment", {"Line": lines}, by=terms(cohort=B))
    assert (code(held), held.writes) == (HoldCode.FLOW_NOT_IN_MATRIX, ())
    assert held.hold and "vendor credits" in held.hold.describe() and "exclude" in held.hold.fix()


def test_a_payment_of_a_journal_entry_is_held() -> None:
    lines = links(("145", "400.00")) + links(("7", "15.50"), kind="JournalEntry")
    held = only_in(QBO, "bill_payment", {"Line": lines}, by=terms(cohort=B))
    assert code(held) is HoldCode.FLOW_NOT_IN_MATRIX
    assert held.hold and "journal entries" in held.hold.describe()


def test_the_same_payment_with_credits_on_both_sides_is_in_step() -> None:
    ours = with_credit("415.50", "405.50")
    theirs = {
        "TotalAmt": Decimal("405.50"),
        "Line": links(("145", "415.50")) + links(("160", "10"), kind="VendorCredit"),
    }
    assert just_linked("bill_payment", ours, theirs).outcome is Outcome.IN_STEP


@pytest.mark.parametrize(("side", "change"), [(BILLCOM, {"billPayments": []}), (QBO, {"Line": []})])
def test_a_payment_of_no_bill_is_held(side: Side, change: dict[str, Any]) -> None:
    assert code(only_in(side, "bill_payment", change, by=terms(cohort=B))) is HoldCode.FLOW_NOT_IN_MATRIX


def test_nothing_is_written_into_closed_books() -> None:
    by = terms(books_closed_on=date(2026, 4, 10))
    assert code(only_in(BILLCOM, "bill_payment", by=by)) is HoldCode.BOOKS_CLOSED
    voided = edited("bill_payment", {"status": "VOID"}, by=by)
    assert code(voided) is HoldCode.BOOKS_CLOSED
    assert voided.hold is not None
    assert "voided in BILL, but still stands" in voided.hold.describe()
    assert "Change the date" not in voided.hold.fix()
    assert only_in(BILLCOM, "bill_payment", by=terms(books_closed_on=date(2026, 4, 9))).outcome is Outcome.WRITE


def test_a_rescheduled_payment_moves_in_quickbooks() -> None:
    decision = edited("bill_payment", {"processDate": "2026-04-13"})
    assert planned(decision) == [(QBO, UPDATE, ["date"])]
    assert body(decision, "bill_payment", QBO, current=payload("bill_payment", QBO)) == {"TxnDate": "2026-04-13"}


# --- to BILL ---------------------------------------------------------------------------------------------------------


def test_it_is_recorded_in_bill_and_not_exported_again() -> None:
    sent = body(only_in(QBO, "bill_payment", by=terms(cohort=B)), "bill_payment", BILLCOM)
    assert sent == {
        "vendorId": "00901BRIGHT000000001",
        "processDate": "2026-04-10",
        "toPrintCheck": False,
        "payments": [{"billId": "00n01BILL00000000001", "amount": Decimal("415.50")}],
        "allowExport": False,
        "classifications": {"chartOfAccountId": "0ca01CHECKING0000001"},
        "syncReference": "5113",
    }


def test_what_is_recorded_says_no_account_that_bill_does_not_have() -> None:
    change = {"CheckPayment": None, "CreditCardPayment": {"CCAccountRef": {"value": "41"}}, "DocNumber": None}
    sent = body(only_in(QBO, "bill_payment", change, by=terms(cohort=B)), "bill_payment", BILLCOM)
    assert "classifications" not in sent and "syncReference" not in sent


def test_a_card_payment_names_its_card_account() -> None:
    change = {"PayType": "CreditCard", "CheckPayment": None, "CreditCardPayment": {"CCAccountRef": {"value": "35"}}}
    assert shown("bill_payment", QBO, change)["account"] == "35"


@pytest.mark.parametrize("change", [{"TxnDate": "2026-04-11"}, {"TotalAmt": 400, "Line": links(("145", "400.00"))}])
def test_what_was_recorded_is_never_updated_in_bill(change: dict[str, Any]) -> None:
    decision = edited_on(QBO, "bill_payment", change, by=terms(cohort=B))
    assert (code(decision), decision.writes) == (HoldCode.FLOW_NOT_IN_MATRIX, ())


def test_a_reference_that_changes_later_concerns_nobody() -> None:
    assert edited_on(QBO, "bill_payment", {"DocNumber": "9"}, by=terms(cohort=B)).outcome is Outcome.IN_STEP


# --- voids -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "gone", [{"status": "VOID"}, {"status": "CANCELLED"}, {"singleStatus": "VOIDED"}, {"singleStatus": "CANCELED"}]
)
@pytest.mark.parametrize("cohort", Cohort)
def test_a_void_in_bill_is_a_void_in_quickbooks(gone: dict[str, Any], cohort: Cohort) -> None:
    assert planned(edited("bill_payment", gone, by=terms(cohort=cohort))) == [(QBO, RETIRE, ["active"])]


@pytest.mark.parametrize(
    "status", ["VOID_PENDING", "FUNDING_STARTED", "SOMETHING_NEW", "DISBURSEMENT_FAILED_ACTION_NEEDED"]
)
def test_a_status_that_is_not_a_void_is_none(status: str) -> None:
    assert edited("bill_payment", {"singleStatus": status}).outcome is Outcome.IN_STEP


@pytest.mark.parametrize(
    ("cohort", "two_way", "online", "flows"),
    [(B, False, False, True), (B, False, True, False), (A, True, False, False), (A, False, False, False)],
)
def test_a_void_in_quickbooks_flows_for_payments_made_outside_in_cohort_b(
    cohort: Cohort, two_way: bool, online: bool, flows: bool
) -> None:
    by = terms(cohort=cohort, two_way_payments=two_way)
    decision = edited("bill_payment", {"onlinePayment": online}, VOIDED, by=by)
    assert planned(decision) == ([(BILLCOM, RETIRE, ["active"])] if flows else [])
    assert (decision.hold is None) is flows


def test_a_voided_payment_is_known_by_its_zero_and_its_note() -> None:
    assert shown("bill_payment", QBO, VOIDED)["active"] is False
    assert shown("bill_payment", QBO, {"status": "Deleted"})["active"] is False
    assert shown("bill_payment", QBO, {"TotalAmt": 0, "PrivateNote": "Credit applied"})["active"] is True
    assert shown("bill_payment", QBO, {"PrivateNote": "void check 5112"})["active"] is True


@pytest.mark.parametrize(("side", "change"), [(BILLCOM, {"status": "VOID"}), (QBO, VOIDED)])
def test_voided_before_its_first_sync_it_never_syncs(side: Side, change: dict[str, Any]) -> None:
    assert only_in(side, "bill_payment", change, by=terms(cohort=B)).outcome is Outcome.RETIRED


def test_voided_on_both_sides_needs_nothing() -> None:
    decision = edited("bill_payment", {"status": "VOID"}, VOIDED)
    assert (decision.outcome, decision.writes) == (Outcome.RETIRED, ())


def test_a_voided_payment_never_comes_back() -> None:
    decision = just_linked("bill_payment", {"status": "VOID"}, by=terms(cohort=B))
    assert (decision.writes, code(decision)) == ((), HoldCode.FLOW_NOT_IN_MATRIX)


# --- what it pays ----------------------------------------------------------------------------------------------------


def pays(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Any:
    return just_linked("bill_payment", ours, theirs, refs=TWO_BILLS)


def test_the_order_of_the_bills_it_pays_means_nothing() -> None:
    """Of two equal shares neither side knows which comes first."""
    half = ("207.75", "207.75")
    for bills in (("145", "146"), ("146", "145")):
        ours = {"billPayments": shares(("00n01BILL00000000001", half[0]), ("00n02", half[1]))}
        decision = pays(ours, {"Line": links(*zip(bills, half, strict=True))})
        assert (decision.outcome, decision.writes, decision.clashes) == (Outcome.IN_STEP, (), ())


def test_other_shares_are_a_difference() -> None:
    ours = {"billPayments": shares(("00n01BILL00000000001", "300.00"), ("00n02", "115.50"))}
    decision = pays(ours, {"Line": links(("145", "115.50"), ("146", "300.00"))})
    assert [clash.field for clash in decision.clashes] == ["paid"]


def keys(side: Side, changes: dict[str, Any] | None = None) -> Keys:
    return PAYMENT.keys(shown("bill_payment", side, changes), side, LOOKUP)


def test_its_twin_has_the_vendor_the_date_the_total_and_the_bills() -> None:
    assert keys(BILLCOM).first == keys(QBO).first != ""
    assert keys(QBO, {"TxnDate": "2026-04-11"}).first != keys(BILLCOM).first
    assert keys(QBO, {"TotalAmt": 1}).first != keys(BILLCOM).first
    other = PAYMENT.keys(shown("bill_payment", QBO, {"Line": links(("146", "415.50"))}), QBO, TWO_BILLS)
    assert other.first not in ("", keys(BILLCOM).first)


@pytest.mark.parametrize(
    ("side", "change"),
    [
        (QBO, {"VendorRef": {"value": "57"}}),
        (QBO, {"Line": links(("999", "415.50"))}),
    ],
)
def test_what_is_void_or_pays_nothing_known_has_no_twin(side: Side, change: dict[str, Any]) -> None:
    assert keys(side, change) == Keys()


def test_what_was_voided_in_bill_is_only_ever_proposed_for_the_one_in_quickbooks() -> None:
    assert keys(BILLCOM, {"status": "VOID"}) == Keys(proposal=keys(QBO).first)
    assert keys(QBO).proposal == keys(QBO).first


def test_what_was_voided_in_quickbooks_is_only_ever_proposed_for_the_one_in_bill() -> None:
    """It shows no amount any more, so vendor and date have to do; what is gone is never linked."""
    voided = keys(QBO, VOIDED)
    assert voided == Keys(second=keys(BILLCOM).second)
    gone = Candidate(2, QBO, voided, active=False, gone=True)
    found = pair_up([Candidate(1, BILLCOM, keys(BILLCOM)), gone], "vendor and number")
    assert (found.links, [hold.code for hold, _ in found.holds.values()]) == ([], [HoldCode.PROPOSED_MATCH])
    assert list(found.holds) == [1]


def test_what_has_lost_its_bills_in_quickbooks_is_only_ever_proposed() -> None:
    """QuickBooks may drop the link to a bill without a word: the payment is there all the same."""
    bare = keys(QBO, {"Line": []})
    assert (bare.first, bare.proposal) == ("", keys(BILLCOM).proposal)
    assert keys(BILLCOM).proposal not in ("", keys(QBO).proposal)


def test_two_products_show_no_payment_as_paid_by_both() -> None:
    """The same payment recorded in both before they were connected is one pair, not two payments."""
    decision = just_linked("bill_payment")
    assert (decision.outcome, decision.writes) == (Outcome.IN_STEP, ())
