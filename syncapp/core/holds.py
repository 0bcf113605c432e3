"""Why a record is not synced yet, in words a person can act on.

Every screen, log line and export uses these codes; a hold never exists without one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class HoldCode(StrEnum):
    NOT_APPROVED = "not-approved"
    ZERO_AMOUNT = "zero-amount"
    NEEDS_NUMBER = "needs-number"
    NEEDS_ADDRESS = "needs-address"
    NEEDS_EMAIL = "needs-email"
    NEEDS_ACCOUNT = "needs-account"
    NEEDS_MAPPING = "needs-mapping"
    PAID_BEFORE_FIRST_SEEN = "paid-before-first-seen"
    OLDER_THAN_90_DAYS = "older-than-90-days"
    ONE_WAY = "one-way"
    FLOW_NOT_IN_MATRIX = "flow-not-in-matrix"
    WAITS_FOR = "waits-for"
    AMBIGUOUS_MATCH = "ambiguous-match"
    PROPOSED_MATCH = "proposed-match"
    BOOKS_CLOSED = "books-closed"
    CURRENCY = "currency"
    MIXED_LOCATIONS = "mixed-locations"
    NAME_TAKEN = "name-taken"
    NUMBER_TAKEN = "number-taken"
    REJECTED = "rejected"
    IN_DOUBT = "in-doubt"
    EXCLUDED = "excluded"
    PLAN_OR_ROLE = "plan-or-role"
    TOO_MANY_CHANGES = "too-many-changes"


WHOLE_KIND = "whole_kind"
"""A fact of holds: nothing of the kind is available, so nobody can do anything about this one record."""
ACT = "act"
"""The fact of a hold by a rule that asks somebody to do something, though by its code there may be nothing to do:
``ALWAYS``, or ``IF_IN_BOTH`` where it settles something that is in both products.
"""
ALWAYS, IF_IN_BOTH = "always", "if-in-both"


TRIED = {"create": "make it", "update": "change it", "retire": "take it away", "restore": "make it active again"}
"""The fact "tried" of a refusal, by the verb of the write."""


@dataclass(frozen=True)
class HoldText:
    """What a hold means and what to do about it; ``{name}`` places are filled from the hold's facts."""

    title: str
    meaning: str
    fix: str


TEXTS: Mapping[HoldCode, HoldText] = {
    HoldCode.NOT_APPROVED: HoldText(
        "Not approved yet",
        "Only what is approved in BILL goes over, and this is {approval} there.",
        "Have it approved in BILL; the next sync brings it over.",
    ),
    HoldCode.ZERO_AMOUNT: HoldText(
        "Total is zero",
        "Bills with a total of zero are never sent to QuickBooks Online.",
        "Give the bill an amount, or archive it in BILL.",
    ),
    HoldCode.NEEDS_NUMBER: HoldText(
        "No number",
        "BILL needs a number on every bill, invoice and credit memo, and this one has none in QuickBooks Online.",
        "Enter a number in QuickBooks Online and sync again.",
    ),
    HoldCode.NEEDS_ADDRESS: HoldText(
        "No country",
        "BILL needs a country in every address, a vendor's above all, and this record shows none.",
        "Enter it in QuickBooks Online, or set a country for addresses without one in Sync preferences.",
    ),
    HoldCode.NEEDS_EMAIL: HoldText(
        "No e-mail address",
        "BILL needs an e-mail address for every customer, and this customer has none.",
        "Enter one in QuickBooks Online, or set the company's own fallback address in Sync preferences.",
    ),
    HoldCode.NEEDS_ACCOUNT: HoldText(
        "No account",
        "{what} has no account, and what is sold or bought by it would post nowhere.",
        "Choose the account on the record, then sync again.",
    ),
    HoldCode.NEEDS_MAPPING: HoldText(
        "Account not chosen",
        "No active QuickBooks account is chosen for: {role}.",
        "Choose the account in Sync preferences, then sync again.",
    ),
    HoldCode.PAID_BEFORE_FIRST_SEEN: HoldText(
        "Paid before it was first seen",
        "This bill was already partly or fully paid in QuickBooks Online when it was first read.",
        "Nothing to do, unless you want it in BILL: then include it, which needs 2-Way AP Payment Sync.",
    ),
    HoldCode.OLDER_THAN_90_DAYS: HoldText(
        "Older than 90 days",
        "It was last changed in QuickBooks Online on {touched}, more than 90 days before this sync was set up.",
        "Include it, or choose Edit and then Save on it in QuickBooks Online; the next sync brings it to BILL.",
    ),
    HoldCode.ONE_WAY: HoldText(
        "One-way sync",
        "1-Way Transactions Sync is on: transactions don't go from QuickBooks Online to BILL.",
        "Make the change in BILL instead. The setting can't be turned off again.",
    ),
    HoldCode.FLOW_NOT_IN_MATRIX: HoldText(
        "Doesn't sync this way",
        "{rule}",
        "Make the change in {to_make_it_in} instead, or exclude the record.",
    ),
    HoldCode.WAITS_FOR: HoldText(
        "Waits for another record",
        "It refers to {target}, which isn't in both products yet.",
        "Solve what holds {target}; this record follows by itself.",
    ),
    HoldCode.AMBIGUOUS_MATCH: HoldText(
        "Several possible matches",
        "More than one record on the two sides has the same {by}, so it isn't clear which belong together.",
        "Rename or renumber the ones that differ, or link the right pair by hand.",
    ),
    HoldCode.PROPOSED_MATCH: HoldText(
        "Possible match",
        "A record that looks like this one exists on the other side ({by}).",
        "Link the two, or say that they are different.",
    ),
    HoldCode.BOOKS_CLOSED: HoldText(
        "Books are closed",
        "Its date is on or before the date the books are closed in QuickBooks Online.",
        "Change the date, or open the books in QuickBooks Online, then sync again.",
    ),
    HoldCode.CURRENCY: HoldText(
        "Currency differs",
        "The currency {currency} can't be used here.",
        "Use a vendor in the right currency.",
    ),
    HoldCode.MIXED_LOCATIONS: HoldText(
        "Several locations",
        "QuickBooks Online keeps one location per bill or credit, and the lines of this one name several.",
        "Use one location on all lines or split it in BILL, or use the first line's location for QuickBooks Online.",
    ),
    HoldCode.NAME_TAKEN: HoldText(
        "Name already in use",
        "{side} already has a record with this name: {words}",
        "Rename one of the two; QuickBooks Online allows a name only once among vendors, customers and employees.",
    ),
    HoldCode.NUMBER_TAKEN: HoldText(
        "Number already in use",
        "{side} already has a transaction with this number: {words}",
        "Change the number on one of the two.",
    ),
    HoldCode.REJECTED: HoldText(
        "Refused",
        'The sync tried to {tried} in {side}, and {side} refused it with the words "{words}" ({code}).',
        "There are three ways out. Remove in {side} what it names there, then retry. Or change the record in the other "
        "product so that {side} takes it, or so that both show the same again; then retry. Or exclude the record, and "
        "each product keeps what it has.",
    ),
    HoldCode.IN_DOUBT: HoldText(
        "Outcome not known yet",
        "The answer to a write to {side} was lost, so it isn't known yet whether it was carried out.",
        "Nothing to do: the next sync looks before it writes again.",
    ),
    HoldCode.EXCLUDED: HoldText(
        "Excluded",
        "{by} excluded this record from the sync.",
        "Include it again if it should sync.",
    ),
    HoldCode.PLAN_OR_ROLE: HoldText(
        "Not available",
        "{side} doesn't let the connected user do this: {words}",
        "Ask the Administrator of the {side} account for the plan or the role that allows it, then retry.",
    ),
    HoldCode.TOO_MANY_CHANGES: HoldText(
        "Too many changes at once",
        "The sync stopped before writing, because {what}.",
        "Check that this is right, then let it pass on the run's page.",
    ),
}


@dataclass(frozen=True)
class Hold:
    """A reason and its facts. ``waits_for`` is the key of the SyncedObject it waits for, if any."""

    code: HoldCode
    facts: Mapping[str, str] = field(default_factory=dict)
    waits_for: int | None = None

    def describe(self) -> str:
        """The meaning with its facts filled in; a missing fact shows as an ellipsis. A case may have its own."""
        return self.facts.get("meaning") or TEXTS[self.code].meaning.format_map(_Facts(self.facts))

    def fix(self) -> str:
        """What to do; a rule that has a remedy of its own says it in the fact "fix"."""
        return self.facts.get("fix") or TEXTS[self.code].fix.format_map(_Facts(self.facts))


class _Facts(dict[str, str]):
    def __missing__(self, key: str) -> str:
        # Refusals of before don't tell.
        return "write it" if key == "tried" else "…"
