"""What the products' refusals mean and what to do about them, in words a person can act on.

QuickBooks and BILL refuse with a sentence of their own, in many wordings; ``explain`` knows the named ones by words
that all of them have, the most telling first. Reference: spec, behaviour of BILL's sync, section 9: the numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from re import Pattern

from syncapp.core.sides import Side


@dataclass(frozen=True)
class Refusal:
    """``number``: of the named error. ``side``: who refuses, None = either. ``told_by``: what its words contain."""

    number: int
    told_by: Pattern[str]
    meaning: str
    fix: str
    side: Side | None = Side.QBO


def _told_by(pattern: str) -> Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


RETRY = "then retry."
BRING_BACK = "or bring it back in BILL (Restore), " + RETRY
REFUSALS: tuple[Refusal, ...] = (
    Refusal(
        27,
        _told_by(r"matched to a|downloaded transaction"),
        "In QuickBooks Online it is matched to a downloaded bank transaction, and what is matched can't be changed.",
        f"Undo the match on QuickBooks' Banking page, {RETRY} Or make the change there by hand and exclude this one.",
    ),
    Refusal(
        26,
        _told_by(r"deposited transaction|been deposited|\bdeposit(ed)?\b.*can(not|'t) be changed"),
        "In QuickBooks Online the payment is in a bank deposit already, and what is deposited can't be changed.",
        f"Take it out of the deposit in QuickBooks Online, {RETRY}",
    ),
    Refusal(
        40,
        _told_by(r"would be (left )?blank|linked invoice"),
        "A line of it was billed to a customer in QuickBooks Online, and that invoice would be left empty.",
        f"Take the line off the invoice there, or delete the invoice, {RETRY}",
    ),
    Refusal(
        32,
        _told_by(r"recurring|scheduled payment"),
        "QuickBooks Online doesn't let it go: a recurring template or a scheduled payment uses it.",
        f"Take it out of the template (Settings, Recurring transactions), {BRING_BACK}",
    ),
    Refusal(
        33,
        _told_by(r"unbilled|pending charges"),
        "QuickBooks Online doesn't let it go: unbilled charges name it.",
        f"Bill or delete those charges in QuickBooks Online, {BRING_BACK}",
    ),
    Refusal(
        34,
        _told_by(r"\b1099\b"),
        "QuickBooks Online doesn't let the account go: it is tied to a box of Form 1099.",
        f"Take it off the box in QuickBooks' 1099 setup, {BRING_BACK}",
    ),
    Refusal(
        35,
        _told_by(r"opening balance equity|OpeningBalanceEquity"),
        "It touches Opening Balance Equity, which QuickBooks Online makes once itself, without sub-accounts.",
        "Use another account, or give it another type in BILL. What the account was used for stays as it is.",
    ),
    Refusal(
        30,
        _told_by(r"non-?zero balance|has a balance|open balance"),
        "QuickBooks Online doesn't let it go: something is still owed on it, there or because of a difference.",
        f"Settle what is open in QuickBooks Online, {BRING_BACK}",
    ),
    Refusal(
        19,
        _told_by(r"overpay|more than .*(due|open|balance|left)|exceeds?.*(balance|amount due)|already been paid"),
        "In QuickBooks Online less is open than BILL has paid or applied: it was paid or credited there as well.",
        "If the same payment was entered there by hand, void it there, or link the two on this page; then retry.",
    ),
    Refusal(
        22,
        _told_by(r"less than .*bills?|credits cannot be more|amount paid.*credits"),
        "In QuickBooks Online the amount paid and the credits used come to less than the bills they pay: a credit that "
        "was used in BILL was used for something else there, or isn't there.",
        "Find the credit in QuickBooks Online: take it off what it was used for there, or enter it if it is missing, "
        "then retry. Or void the payment in BILL, and pay the bill without the credit.",
    ),
    Refusal(
        21,
        _told_by(r"deposit ?to.*must be"),
        "The Deposit To Account has a type that QuickBooks Online doesn't take deposits in.",
        "Choose a Bank or Other Current Asset account as Deposit To Account in Sync preferences, then retry.",
    ),
    Refusal(
        23,
        _told_by(
            r"must select an account|bank account (is )?required|account of type bank|BankAccountRef|missing bank"
        ),
        "QuickBooks Online wants a bank account for the payment, and the chosen one is missing, inactive or isn't one.",
        "Choose active accounts for banks, clearing and the default bank in Sync preferences, then retry.",
    ),
    Refusal(
        39,
        _told_by(r"billable"),
        "A line is billable to a customer, and QuickBooks Online doesn't take it with this account or customer.",
        f"Make the line not billable in QuickBooks Online, or choose another account for it, {RETRY}",
    ),
    Refusal(
        41,
        _told_by(r"categor(y|ies) can(not|'t)|type category"),
        "An item is a category in QuickBooks Online, and categories can't be used in transactions.",
        f"Choose an item that isn't a category, {RETRY}",
    ),
    Refusal(
        42,
        _told_by(r"\bproject\b"),
        "It is a project in QuickBooks Online, and a project stays a sub-customer that is billed with its parent.",
        "Change it in QuickBooks Online; the next sync takes it over.",
    ),
    Refusal(
        43,
        _told_by(r"currenc(y|ies)"),
        "The currencies of the record, its vendor or customer and its account don't go together.",
        f"Use a vendor or customer, and accounts, in the record's currency, {RETRY}",
    ),
    Refusal(
        44,
        _told_by(r"e-?mail"),
        "An e-mail address is missing, or it isn't one: one address is wanted, and nothing else in the field.",
        f"Enter one valid address on the record, {RETRY}",
        side=None,
    ),
    Refusal(
        46,
        _told_by(r"ship ?(via|method)"),
        "Ship via is longer than BILL takes.",
        "Shorten it in QuickBooks Online, then retry.",
        side=None,
    ),
    Refusal(
        38,
        _told_by(r"account (on|for|of) this item|IncomeAccountRef|ExpenseAccountRef"),
        "The item has no account that QuickBooks Online can post it to.",
        f"Give the item an income account, and an expense account if it is bought, {RETRY}",
    ),
    Refusal(
        29,
        _told_by(r"BILL network|information in the .*network"),
        "The vendor is connected in the BILL network, and its own people keep its name and addresses.",
        "Make QuickBooks Online show what BILL shows, or end the connection in BILL, then retry.",
        side=Side.BILLCOM,
    ),
    Refusal(
        28,
        _told_by(r"approv"),
        "The bill is approved in BILL, or being approved, and what was approved can't be changed from outside.",
        "Change it in BILL, or have the approval taken back there, then retry.",
        side=Side.BILLCOM,
    ),
    Refusal(
        3,
        _told_by(r"vendor.*(does(n't| not)|must) (match|be the same)|of another vendor"),
        "The payment's vendor isn't the vendor of the bill on the other side: it was changed or merged there.",
        f"Give the bill the same vendor on both sides, {RETRY}",
        side=None,
    ),
    Refusal(
        4,
        _told_by(r"customer.*(does(n't| not)|must) (match|be the same)|different customers|of another customer"),
        "The payment's customer isn't the customer of the invoice on the other side: it was changed or merged there.",
        f"Give the invoice the same customer on both sides, {RETRY}",
        side=None,
    ),
    Refusal(
        18,
        _told_by(r"linked to other transactions|unlink them first"),
        "QuickBooks Online keeps it, because a payment or a credit is linked to it there.",
        f"Void or delete that payment in QuickBooks Online, or take this off it, {RETRY}",
    ),
    Refusal(
        7,
        _told_by(
            r"element id .* not found|object not found|made inactive|is inactive|not active|"
            # Nothing that "can't be deleted": that one is there.
            r"been deleted|was deleted|already be deleted"
        ),
        "It names something that was deleted or made inactive in QuickBooks Online: itself, its vendor or customer, an "
        "account, an item, a class or a location.",
        f"Make that active again there (its list, Include inactive), or choose another on the record, {RETRY}",
    ),
    Refusal(
        47,
        _told_by(r"may not contain|special character|zip|postal"),
        "It has characters, or a ZIP code, that aren't taken there.",
        f"Correct the field that is named, {RETRY}",
        side=None,
    ),
)


def explain(side: Side, words: str) -> Refusal | None:
    """What a refusal of ``side`` in these words is, if it is one of the named."""
    return next((each for each in REFUSALS if each.side in (None, side) and each.told_by.search(words)), None)
