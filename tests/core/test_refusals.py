"""Refusals in the products' words are told by number, with what to do; what nobody knows stays in its own words."""

from __future__ import annotations

import pytest

from syncapp.core.refusals import REFUSALS, explain
from syncapp.core.sides import Side

B, Q = Side.BILLCOM, Side.QBO


@pytest.mark.parametrize(
    ("number", "side", "words"),
    [
        (3, Q, "The vendor on the paid bill does not match the vendor of the payment"),
        (4, Q, "The customer on the paid invoice doesn't match"),
        (7, Q, "Invalid Reference Id : Accounts element id 7 not found"),
        (7, Q, "Object Not Found : Something you're trying to use has been made inactive."),
        (7, Q, "The vendor of this transaction has been deleted"),
        (7, Q, "It can't be changed: the class may already be deleted"),
        (18, Q, "Bill 27 is linked to other transactions: unlink them first"),
        (19, Q, "This payment would result in an overpayment of the bill"),
        (19, Q, "The bill has already been paid"),
        (19, Q, "The amount is more than what is due"),
        (21, Q, "Deposit To account must be of type other current asset"),
        (22, Q, "The amount paid plus credits is less than the bills"),
        (23, Q, "CheckPayment.BankAccountRef: you must select an account for this transaction"),
        (26, Q, "A deposited transaction cannot be changed"),
        (27, Q, "You can't edit this transaction: it is matched to a downloaded transaction"),
        (28, B, "The amount cannot be updated in this approval mode"),
        (29, B, "Changes don't match this vendor's information in the BILL network."),
        (30, Q, "This vendor has a non-zero balance"),
        (32, Q, "The vendor is used in a recurring template"),
        (33, Q, "The vendor is used in unbilled charges"),
        (34, Q, "The account is tied to a Form 1099 box"),
        (35, Q, "Opening Balance Equity cannot have sub-accounts"),
        (38, Q, "You need to specify the account for this item"),
        (39, Q, "A billable expense cannot use this account type"),
        (40, Q, "The purchase cannot be deleted: the linked invoice would be blank"),
        (41, Q, "Categories can't be used in transactions"),
        (42, Q, "A project must be a sub-customer that is billed with its parent"),
        (43, Q, "You can only use one foreign currency per transaction"),
        (44, Q, "Invalid Email Address format"),
        (44, B, "email must not be blank"),
        (46, B, "shipMethod is longer than 16 characters"),
        (47, Q, "Name may not contain any of ':\\t\\n'"),
    ],
)
def test_a_named_refusal_is_known_by_its_words(number: int, side: Side, words: str) -> None:
    found = explain(side, words)
    assert found is not None and found.number == number


@pytest.mark.parametrize(
    ("side", "words"),
    [
        (Q, "Something nobody has seen yet"),
        (B, "The bill has already been paid"),
        (Q, ""),
        (Q, "This class can't be deleted because transactions use it"),
        (Q, "The term cannot be deleted"),
    ],
)
def test_what_nobody_knows_stays_in_its_own_words(side: Side, words: str) -> None:
    assert explain(side, words) is None


def test_each_says_what_it_means_and_what_to_do() -> None:
    assert len({each.number for each in REFUSALS}) == len(REFUSALS)
    for each in REFUSALS:
        assert each.meaning.endswith(".") and each.fix.endswith(".")
        assert "{" not in each.meaning + each.fix
