"""Vendors: both ways, found by name; BILL wants a country; the BILL network and tax ids have rules of their own."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from syncapp.core.holds import HoldCode
from syncapp.core.matching import Candidate, pair_up
from syncapp.core.planning import decide
from syncapp.core.records import Outcome, Seen, WriteVerb
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
    in_step,
    just_linked,
    only_in,
    payload,
    planned,
    shown,
    terms,
    view,
)

VENDOR = KINDS["vendor"]
CREATE, UPDATE, RETIRE, RESTORE = WriteVerb.CREATE, WriteVerb.UPDATE, WriteVerb.RETIRE, WriteVerb.RESTORE
NO_ADDRESS: dict[str, Any] = {"BillAddr": None}


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("one_way", [True, False])
def test_a_vendor_goes_both_ways_even_under_one_way(side: Side, one_way: bool) -> None:
    assert planned(only_in(side, "vendor", by=terms(one_way=one_way)))[0][:2] == (side.other, CREATE)


# --- address ---------------------------------------------------------------------------------------------------------


def test_a_vendor_without_address_is_held_where_no_country_is_set() -> None:
    held = only_in(QBO, "vendor", NO_ADDRESS)
    assert code(held) is HoldCode.NEEDS_ADDRESS
    assert code(only_in(QBO, "vendor", {"BillAddr.Country": None})) is HoldCode.NEEDS_ADDRESS


def test_a_vendor_without_address_gets_the_companys_country() -> None:
    sent = body(only_in(QBO, "vendor", NO_ADDRESS, by=terms(vendor_country="US")), "vendor", BILLCOM)
    assert sent["address"] == {"country": "US"}


def test_the_companys_country_never_replaces_the_vendors_own() -> None:
    sent = body(only_in(QBO, "vendor", {"BillAddr.Country": "CA"}, by=terms(vendor_country="US")), "vendor", BILLCOM)
    assert sent["address"]["country"] == "CA"


def test_a_country_that_bill_has_already_is_not_asked_for_again() -> None:
    """The preference may be off by now: what is edited has nothing to do with it."""
    was = in_step(VENDOR, shown("vendor", BILLCOM), shown("vendor", QBO, NO_ADDRESS))
    pair = Seen(1, view("vendor", BILLCOM), view("vendor", QBO, {**NO_ADDRESS, "AcctNum": "C-1"}), was)
    decision = decide(VENDOR, pair, terms(vendor_country=""), LOOKUP)
    assert planned(decision) == [(BILLCOM, UPDATE, ["account_number"])]
    assert decision.hold is None


def test_the_filled_in_country_does_not_flow_back() -> None:
    decision = just_linked("vendor", {"address": {"country": "US"}}, NO_ADDRESS, by=terms(vendor_country="US"))
    assert not any("address_country" in write.changed for write in decision.writes if write.side is BILLCOM)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("USA", "US"),
        ("United States", "US"),
        ("us", "US"),
        ("U.S.A.", "US"),
        ("Canada", "CA"),
        ("Atlantis", "Atlantis"),
    ],
)
def test_a_country_is_two_letters_where_we_know_it(written: str, meant: str) -> None:
    assert shown("vendor", QBO, {"BillAddr.Country": written})["address_country"] == meant


def test_another_spelling_of_the_country_is_no_edit() -> None:
    assert edited_on(QBO, "vendor", {"BillAddr.Country": "usa"}).outcome is Outcome.IN_STEP


def test_an_address_is_written_whole_and_keeps_its_third_line() -> None:
    decision = edited("vendor", {"address.line1": "15 Mill Lane"})
    assert planned(decision) == [(QBO, UPDATE, ["address_line1"])]
    sent = body(decision, "vendor", QBO, current=payload("vendor", QBO))
    assert set(sent) == {"BillAddr"}
    assert sent["BillAddr"]["Line1"] == "15 Mill Lane"
    assert sent["BillAddr"]["Line3"] == "c/o Harbour Works"
    assert sent["BillAddr"]["City"] == "Fairhaven"


def test_an_address_line_taken_away_is_emptied() -> None:
    decision = edited_on(QBO, "vendor", {"BillAddr.Line2": None})
    assert body(decision, "vendor", BILLCOM, current=payload("vendor", BILLCOM))["address"]["line2"] == ""


# --- tax ids, 1099 ---------------------------------------------------------------------------------------------------


def test_a_tax_id_fills_what_is_empty_in_quickbooks() -> None:
    decision = edited("vendor", {"additionalInfo.taxId": "04-9999999"}, {"TaxIdentifier": None})
    assert body(decision, "vendor", QBO, current={})["TaxIdentifier"] == "04-9999999"


def test_a_tax_id_never_overwrites_one() -> None:
    assert edited("vendor", {"additionalInfo.taxId": "04-9999999"}).writes == ()


@pytest.mark.parametrize("masked", ["*****6789", "XXXXXX6789", "xxx-xx-6789"])
def test_a_masked_tax_id_is_written_nowhere(masked: str) -> None:
    """It would replace the number by its mask."""
    assert "taxId" not in str(body(only_in(QBO, "vendor", {"TaxIdentifier": masked}), "vendor", BILLCOM))
    sent = body(only_in(BILLCOM, "vendor", {"additionalInfo.taxId": masked}), "vendor", QBO)
    assert "TaxIdentifier" not in sent
    assert just_linked("vendor", {"additionalInfo.taxId": masked}, {"TaxIdentifier": None}).writes == ()


def test_writing_beside_the_tax_id_leaves_it_alone() -> None:
    """They share an object in BILL."""
    decision = edited_on(QBO, "vendor", {"Vendor1099": False})
    sent = body(decision, "vendor", BILLCOM, current=payload("vendor", BILLCOM, {"additionalInfo.taxId": "*****6789"}))
    kept = {"companyName": "Brightwater Plumbing LLC", "paymentTermId": "00p01NET3000000000001"}
    assert sent == {"additionalInfo": {**kept, "track1099": False}}


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["BRIGHTWATER PLUMBING", "Brightwater-Plumbing.", "Brightwater  Plumbing"])
def test_its_twin_has_the_same_name_but_for_case_spaces_and_punctuation(name: str) -> None:
    ours, theirs = shown("vendor", BILLCOM), shown("vendor", QBO, {"DisplayName": name})
    assert VENDOR.keys(ours, BILLCOM, LOOKUP).first == VENDOR.keys(theirs, QBO, LOOKUP).first


def test_the_same_email_is_only_ever_a_proposal() -> None:
    ours = VENDOR.keys(shown("vendor", BILLCOM), BILLCOM, LOOKUP)
    theirs = VENDOR.keys(shown("vendor", QBO, {"DisplayName": "Bright & Co"}), QBO, LOOKUP)
    assert ours.first != theirs.first and ours.second != theirs.second
    assert ours.proposal == theirs.proposal == "billing@brightwater.example"


@pytest.mark.parametrize("suffix", [" (deleted)", " (Deleted)"])
def test_the_mark_of_an_inactive_vendor_is_no_rename(suffix: str) -> None:
    """Reference: Intuit docs, names of deactivated list records."""
    gone = {
        "Active": False,
        "DisplayName": f"Brightwater Plumbing{suffix}",
        "CompanyName": f"Brightwater Plumbing LLC{suffix}",
    }
    assert planned(edited_on(QBO, "vendor", gone)) == [(BILLCOM, RETIRE, ["active"])]
    assert shown("vendor", QBO, gone) == {**shown("vendor", QBO), "active": False}


def test_a_vendor_that_does_not_say_so_is_active() -> None:
    assert shown("vendor", QBO, {"Active": None})["active"] is True
    assert shown("vendor", BILLCOM, {"archived": None})["active"] is True


def test_a_long_name_is_cut_for_bill_and_found_again() -> None:
    long = "Northern and Southern Harbour Authorities Joint Procurement Office for Building Materials, Ltd and Partners"
    write = only_in(QBO, "vendor", {"DisplayName": long}).writes[0]
    assert write.values["name"] == long[:100].rstrip()
    made = shown("vendor", BILLCOM, {"name": write.values["name"]})
    assert VENDOR.keys(write.values, BILLCOM, LOOKUP).first == VENDOR.keys(made, BILLCOM, LOOKUP).first


# --- the rest --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "held"), [("CONNECTED", True), ("CONNECTED_RPPS", True), ("PENDING", False), ("NOT_CONNECTED", False)]
)
def test_a_vendor_of_the_bill_network_refuses_edits_from_quickbooks(status: str, held: bool) -> None:
    decision = edited("vendor", {"networkStatus": status}, {"PrimaryPhone.FreeFormNumber": "(555) 010-0000"})
    assert (code(decision) is HoldCode.FLOW_NOT_IN_MATRIX) is held
    assert bool(decision.writes) is not held


def test_a_vendor_of_the_bill_network_still_goes_to_quickbooks() -> None:
    decision = edited("vendor", {"networkStatus": "CONNECTED", "phone": "(555) 010-0000"})
    assert planned(decision) == [(QBO, UPDATE, ["phone"])]


@pytest.mark.parametrize(("side", "path"), [(BILLCOM, "billCurrency"), (QBO, "CurrencyRef.value")])
def test_a_vendor_in_another_currency_is_held(side: Side, path: str) -> None:
    """QuickBooks fixes a vendor's currency when it is made, and its bills would arrive with the wrong value."""
    held = only_in(side, "vendor", {path: "EUR"})
    assert code(held) is HoldCode.CURRENCY
    assert held.hold and "EUR" in held.hold.describe()
    assert only_in(side, "vendor", {path: "EUR"}, by=terms(home_currency="EUR")).outcome is Outcome.WRITE


def test_a_vendor_goes_inactive_and_comes_back_on_both_sides() -> None:
    assert planned(edited("vendor", {"archived": True})) == [(QBO, RETIRE, ["active"])]
    assert planned(edited_on(QBO, "vendor", {"Active": False})) == [(BILLCOM, RETIRE, ["active"])]


def test_a_vendor_stays_where_something_is_open_on_it() -> None:
    """By what that side shows itself: QuickBooks would write the difference off."""
    there = edited("vendor", {"archived": True}, {"Balance": Decimal("12.50")})
    here = edited("vendor", {"balance.amount": Decimal(3)}, {"Active": False})
    for held, words in ((there, "QuickBooks Online shows 12.50"), (here, "BILL shows 3.00")):
        assert (held.writes, code(held)) == ((), HoldCode.REJECTED)
        assert held.hold and words in held.hold.describe()
    assert planned(edited("vendor", {"archived": True, "balance.amount": Decimal(3)})) == [(QBO, RETIRE, ["active"])]


def test_an_inactive_vendor_is_brought_over_with_the_first_sync() -> None:
    assert only_in(QBO, "vendor", {"Active": False}).outcome is Outcome.WRITE


@pytest.mark.parametrize("moved", [{"Balance": 12, "SyncToken": "9"}, {"TermRef": {"value": "9"}}, {"WebAddr": None}])
def test_what_is_not_mapped_is_no_edit(moved: dict[str, Any]) -> None:
    """A balance that moves touches the record's time without an edit."""
    assert edited_on(QBO, "vendor", moved).outcome is Outcome.IN_STEP


def test_when_first_linked_a_blank_is_filled_from_the_other_side() -> None:
    decision = just_linked("vendor", {"phone": None}, {"PrimaryEmailAddr": None})
    assert sorted(planned(decision)) == [(BILLCOM, UPDATE, ["phone"]), (QBO, UPDATE, ["email"])]
    assert decision.clashes == ()


def test_when_first_linked_two_values_are_a_conflict_that_the_master_wins() -> None:
    for master in Side:
        decision = just_linked("vendor", {"phone": "1"}, by=terms(master=master))
        assert planned(decision) == [(master.other, UPDATE, ["phone"])]
        assert [(clash.field, clash.kept) for clash in decision.clashes] == [("phone", master)]


def test_the_master_of_a_kind_comes_before_that_of_the_company() -> None:
    by = terms(master=Side.BILLCOM, masters={"vendor": Side.QBO, "customer": Side.BILLCOM})
    decision = just_linked("vendor", {"phone": "1"}, by=by)
    assert [(clash.field, clash.kept) for clash in decision.clashes] == [("phone", Side.QBO)]


@pytest.mark.parametrize(
    ("name", "tax_id", "alike"),
    [
        ("Alder Holdings LLC", "XXXXXX6789", True),
        ("Alder Holdings LLC", "12-3456789", True),
        ("Alder Holdings LLC", "XXXXXX6780", False),
        ("Birch Holdings LLC", "XXXXXX6789", False),
        ("Alder Holdings LLC", "XX", False),
        ("Alder Holdings LLC", "", False),
    ],
)
def test_what_looks_like_the_same_tax_id_is_only_proposed(name: str, tax_id: str, alike: bool) -> None:
    ours = shown("vendor", BILLCOM, {"name": "Alder & Co", "email": None, "additionalInfo.taxId": "12-3456789"})
    theirs = shown("vendor", QBO, {"DisplayName": name, "PrimaryEmailAddr": None, "TaxIdentifier": tax_id})
    candidates = [
        Candidate(each, side, VENDOR.keys(values, side, LOOKUP))
        for each, (side, values) in enumerate(((BILLCOM, ours), (QBO, theirs)))
    ]

    found = pair_up(candidates, VENDOR.matched_by, VENDOR.exact_keys)

    assert found.links == []
    assert {hold.code for hold, _ in found.holds.values()} == ({HoldCode.PROPOSED_MATCH} if alike else set())
