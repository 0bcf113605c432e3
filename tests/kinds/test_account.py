"""Accounts: both ways, parents first, active and inactive; what QuickBooks makes itself is never touched."""

from __future__ import annotations

from typing import Any

import pytest

from syncapp.core.holds import HoldCode
from syncapp.core.matching import Candidate, pair_up
from syncapp.core.planning import decide
from syncapp.core.records import Outcome, Seen, WriteVerb
from syncapp.core.schema import Account, Keys, Lookup
from syncapp.core.sides import Side
from syncapp.kinds import KINDS
from syncapp.kinds.account import TYPES, uses_of
from tests.kinds.support import (
    BILLCOM,
    LOOKUP,
    QBO,
    TERMS,
    body,
    code,
    edited,
    edited_on,
    in_step,
    just_linked,
    lookup,
    only_in,
    payload,
    planned,
    shown,
    terms,
    view,
)

ACCOUNT = KINDS["account"]
CREATE, UPDATE, RETIRE = WriteVerb.CREATE, WriteVerb.UPDATE, WriteVerb.RETIRE
SPECIAL: list[tuple[Side, dict[str, Any]]] = [
    (QBO, {"AccountType": "Accounts Payable", "AccountSubType": "AccountsPayable"}),
    (QBO, {"AccountType": "Accounts Receivable", "AccountSubType": "AccountsReceivable"}),
    (QBO, {"AccountType": "Equity", "AccountSubType": "OpeningBalanceEquity", "Name": "Opening Balance Equity"}),
    (QBO, {"AccountType": "Other Current Asset", "AccountSubType": "UndepositedFunds", "Name": "Undeposited Funds"}),
    (QBO, {"AccountType": "Equity", "AccountSubType": "RetainedEarnings", "Name": "Retained Earnings"}),
    (BILLCOM, {"account.type": "ACCOUNTS_PAYABLE"}),
    (BILLCOM, {"account.type": "ACCOUNTS_RECEIVABLE"}),
    (BILLCOM, {"account.type": "EQUITY", "name": "Opening balance equity"}),
    (BILLCOM, {"account.type": "OTHER_CURRENT_ASSET", "name": "Undeposited Funds"}),
]


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("active", [True, False])
def test_an_account_goes_both_ways_active_or_not(side: Side, active: bool) -> None:
    change = {"archived": not active} if side is BILLCOM else {"Active": active}
    assert planned(only_in(side, "account", change, by=terms(one_way=True)))[0][:2] == (side.other, CREATE)


# --- special accounts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("side", "change"), SPECIAL)
def test_what_quickbooks_makes_itself_is_never_created(side: Side, change: dict[str, Any]) -> None:
    held = only_in(side, "account", change)
    assert (code(held), held.writes) == (HoldCode.FLOW_NOT_IN_MATRIX, ())


@pytest.mark.parametrize(("ours", "theirs"), [(SPECIAL[5][1], SPECIAL[0][1]), (SPECIAL[8][1], SPECIAL[3][1])])
def test_special_accounts_are_linked_whatever_they_are_called(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    one = ACCOUNT.keys(shown("account", BILLCOM, ours), BILLCOM, LOOKUP)
    other = ACCOUNT.keys(shown("account", QBO, {**theirs, "AcctNum": "2000", "Name": "Otherwise"}), QBO, LOOKUP)
    assert one.first == other.first


@pytest.mark.parametrize(
    "edit", [{"name": "Renamed"}, {"description": "x"}, {"parentId": "0ca01SALES0000000001"}, {"archived": True}]
)
def test_a_special_account_is_neither_renamed_nor_made_inactive(edit: dict[str, Any]) -> None:
    payable = {"account.type": "ACCOUNTS_PAYABLE"}
    theirs = {"AccountType": "Accounts Payable", "AccountSubType": "AccountsPayable"}
    assert edited("account", {**payable, **edit}, theirs).writes == ()
    assert just_linked("account", {**payable, **edit}, theirs).writes == ()


# --- types -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ours", "theirs"), TYPES.items())
def test_every_type_has_its_word_on_both_sides(ours: str, theirs: str) -> None:
    assert shown("account", QBO, {"AccountType": theirs})["account_type"] == ours
    if ours not in ("ACCOUNTS_PAYABLE", "ACCOUNTS_RECEIVABLE"):
        assert body(only_in(BILLCOM, "account", {"account.type": ours}), "account", QBO)["AccountType"] == theirs
        assert body(only_in(QBO, "account", {"AccountType": theirs}), "account", BILLCOM)["account"]["type"] == ours


@pytest.mark.parametrize("type_", [None, "UNSPECIFIED", "SOMETHING_NEW"])
def test_an_account_without_a_usable_type_is_held(type_: str | None) -> None:
    """BILL can do without one, QuickBooks can't."""
    held = only_in(BILLCOM, "account", {"account.type": type_})
    assert code(held) is HoldCode.FLOW_NOT_IN_MATRIX
    assert held.hold and "type" in held.hold.describe()


def test_a_type_is_never_changed_afterwards() -> None:
    assert edited("account", {"account.type": "OTHER_EXPENSE"}).writes == ()
    sent = body(
        edited("account", {"account.type": "BANK", "description": "x"}), "account", QBO, current=payload("account", QBO)
    )
    assert "AccountType" not in sent


# --- full updates ----------------------------------------------------------------------------------------------------


def test_an_update_repeats_what_a_full_update_would_empty() -> None:
    """Reference: Intuit docs, Account: full update only."""
    assert {"name", "number", "description", "account_type", "parent"} <= set(ACCOUNT.qbo.always)
    sent = body(edited("account", {"description": "x"}), "account", QBO, current=payload("account", QBO))
    assert sent["AccountSubType"] == "RentOrLeaseOfBuildings"


def test_a_new_account_leaves_its_detail_type_to_quickbooks() -> None:
    assert "AccountSubType" not in body(only_in(BILLCOM, "account"), "account", QBO)


# --- parents ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("side", "missing"), [(BILLCOM, ("60", QBO)), (QBO, ("0ca01OCCUPANCY000001", BILLCOM))])
def test_it_waits_for_its_parent(side: Side, missing: tuple[str, Side]) -> None:
    held = only_in(side, "account", refs=lookup(without=(missing,)))
    assert code(held) is HoldCode.WAITS_FOR
    assert held.hold and "account Occupancy" in held.hold.describe()


def test_a_sub_account_says_so() -> None:
    sent = body(only_in(BILLCOM, "account"), "account", QBO)
    assert (sent["ParentRef"], sent["SubAccount"]) == ({"value": "60"}, True)
    assert "SubAccount" not in body(only_in(BILLCOM, "account", {"parentId": None}), "account", QBO)


def test_a_sub_account_that_becomes_its_own_leaves_its_parent() -> None:
    sent = body(edited("account", {"parentId": None}), "account", QBO, current=payload("account", QBO))
    assert (sent["ParentRef"], sent["SubAccount"]) == (None, False)
    back = body(edited_on(QBO, "account", {"ParentRef": None}), "account", BILLCOM, current=payload("account", BILLCOM))
    assert back == {"parentId": ""}


def test_an_account_with_money_on_it_or_one_that_is_used_stays() -> None:
    gone, money = {"archived": True}, {"CurrentBalance": 70}
    assert planned(edited("account", gone, money)) == [(QBO, RETIRE, ["active"])]  # An expense account's is a year's.

    bank = {"account.type": "BANK"}, {"AccountType": "Bank"}
    base = in_step(ACCOUNT, shown("account", BILLCOM, bank[0]), shown("account", QBO, bank[1]))
    pair = Seen(1, view("account", BILLCOM, {**bank[0], **gone}), view("account", QBO, {**bank[1], **money}), base)
    held = decide(ACCOUNT, pair, TERMS, LOOKUP)
    assert held.hold and "70.00 on it" in held.hold.describe()

    used = terms(accounts={"card": Account(1, "1")}, banks={"bac": Account(1, "1")})
    held = edited("account", gone, by=used)
    assert held.hold and "uses it as card, the account of a BILL bank account" in held.hold.describe()


def test_what_stood_for_banks_is_in_use_though_several_are_inactive() -> None:
    first, second = Account(7, "70"), Account(8, "80")
    by = terms(inactive=(("bank-account", first), ("bank-account", second)))
    assert [uses_of(each.key, by) for each in (first, second)] == [["the account of a BILL bank account"]] * 2
    assert uses_of(9, by) == []


@pytest.mark.parametrize("side", Side)
def test_numbers_are_in_use_only_where_quickbooks_shows_them(side: Side) -> None:
    off = terms(account_numbers=False)
    number = {"account.number": "7788"} if side is BILLCOM else {"AcctNum": "7788"}
    for by, used in ((TERMS, True), (off, False)):
        assert ("7788" in str(body(only_in(side, "account", number, by=by), "account", side.other, by=by))) is used
        assert bool(edited_on(side, "account", number, by=by).writes) is used


def test_a_balance_that_moves_is_no_edit() -> None:
    assert edited_on(QBO, "account", {"CurrentBalance": 999, "SyncToken": "8"}).outcome is Outcome.IN_STEP


# --- twins -----------------------------------------------------------------------------------------------------------


def keys(side: Side, changes: dict[str, Any] | None = None, refs: Lookup = LOOKUP) -> Keys:
    return ACCOUNT.keys(shown("account", side, changes), side, refs)


def twins(ours: Keys, theirs: Keys) -> bool:
    return bool(pair_up([Candidate(1, BILLCOM, ours), Candidate(2, QBO, theirs)], "name").links)


@pytest.mark.parametrize(
    ("ours", "theirs", "linked"),
    [
        ({}, {}, True),
        ({}, {"Name": "RENT OR LEASE"}, True),
        ({"account.number": None}, {}, True),
        ({}, {"AcctNum": None}, True),
        ({"account.number": None}, {"AcctNum": None}, True),
        ({"account.number": "6011"}, {}, True),
        ({"parentId": None}, {}, True),
        ({"parentId": None, "account.number": None}, {"AcctNum": None}, False),
        ({"name": "Rent"}, {}, False),
        ({"name": "Rent", "account.number": None}, {"AcctNum": None}, False),
    ],
)
def test_its_twin_has_number_and_name_or_else_the_name_within_the_parent(
    ours: dict[str, Any], theirs: dict[str, Any], linked: bool
) -> None:
    """Account numbers are often shown on one side only."""
    assert twins(keys(BILLCOM, ours), keys(QBO, theirs)) is linked


def test_a_parent_nobody_knows_is_no_key() -> None:
    assert keys(BILLCOM, {"account.number": None}, Lookup()) == Keys()


def test_an_account_goes_inactive_on_both_sides() -> None:
    assert planned(edited("account", {"archived": True})) == [(QBO, RETIRE, ["active"])]
    assert planned(edited_on(QBO, "account", {"Active": False, "Name": "Rent or lease (deleted)"})) == [
        (BILLCOM, RETIRE, ["active"])
    ]
