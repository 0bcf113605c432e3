"""What a held record's page offers to solve its hold: a link to the very preference, a form for a number or account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse

from syncapp.core.holds import HoldCode
from syncapp.kinds import KINDS
from syncapp.kinds._sales_lines import NO_ITEM
from syncapp.kinds.bill_payment import TWO_WAY
from syncapp.models import GLMapping, GLRole, SyncedObject
from syncapp.services import remedies, terms

PICK = "Pick the account in Sync preferences"
TWO_WAY_FIELD = ("Turn on 2-Way AP Payment Sync in Sync preferences", "two_way_payments")
FIELDS: Mapping[str, tuple[str, str]] = {
    HoldCode.NEEDS_ADDRESS: ("Set the country for vendors without an address", "vendor_country"),
    HoldCode.NEEDS_EMAIL: ("Set the e-mail for customers without one", "customer_email"),
}


@dataclass(frozen=True)
class Remedies:
    """``links``: (words, address). ``renumber_in``: the products in which a number would be written."""

    links: list[tuple[str, str]] = field(default_factory=list)
    renumber_in: str = ""
    number: str = ""
    accounts: list[tuple[int, str]] = field(default_factory=list)
    wanted: list[tuple[str, str]] = field(default_factory=list)
    """What somebody has given it already: (field, value), written by the next sync."""


def offered(row: SyncedObject, *, working: bool) -> Remedies:
    """Nothing to those who may not do it."""
    if not working or not row.hold_code or row.excluded:
        return Remedies()
    sides = remedies.renumbered_in(row)
    accounts = [(each.pk, f"{each.number} {each.label}".strip()) for each in remedies.account_choices(row)]
    return Remedies(
        links=_links(row),
        renumber_in=" and ".join(side.label for side in sides),
        number=row.number,
        accounts=accounts,
        wanted=[(KINDS[row.kind].field_label(name), _shown(row, name, each)) for name, each in row.wanted.items()],
    )


def _shown(row: SyncedObject, name: str, wanted: Mapping[str, Any]) -> str:
    ref = KINDS[row.kind].fields[name].ref
    if not ref:
        return "" if isinstance(wanted["value"], list | bool) else str(wanted["value"])
    named = SyncedObject.objects.of(row.company, ref).filter(**{f"{wanted['side']}_id": wanted["value"]}).first()
    return str(named or wanted["value"])


def _links(row: SyncedObject) -> list[tuple[str, str]]:
    found = _field(row)
    if found is None:
        return []
    words, name = found
    return [(words, reverse("syncapp:edit-preferences", args=[row.company_id]) + (f"#id_{name}" if name else ""))]


def _field(row: SyncedObject) -> tuple[str, str] | None:
    """(words, the preference's name in its form)."""
    facts = row.hold_facts or {}
    if row.hold_code == HoldCode.NEEDS_MAPPING and "role" in facts:
        return PICK, _role(row, str(facts["role"]))
    if row.hold_code == HoldCode.PAID_BEFORE_FIRST_SEEN and row.kind == "bill":
        now = terms.load(row.company)
        return None if now.payments_both_ways or now.one_way else TWO_WAY_FIELD
    if row.hold_code == HoldCode.FLOW_NOT_IN_MATRIX:
        rules = {NO_ITEM: (PICK, GLRole.UNALLOCATED_INCOME.value), TWO_WAY: TWO_WAY_FIELD}
        return rules.get(str(facts.get("rule")))
    return FIELDS.get(row.hold_code)


def _role(row: SyncedObject, words: str) -> str:
    """The form's name of what the hold names in words; "" where the form doesn't have it."""
    role = next((role for role in GLRole if role.label == words), None)
    if role is not None:
        return role.value
    banks = GLMapping.objects.filter(company=row.company_id, role=GLRole.BANK_ACCOUNT)
    named = next((each for each in banks if {each.billcom_bank_id, each.label} & {*_after(words)}), None)
    return f"bank_{named.pk}" if named else ""


def _after(words: str) -> tuple[str, ...]:
    """What names the bank account, after the role: an id in BILL, or the bank and its last digits."""
    named = words.removeprefix(GLRole.BANK_ACCOUNT.label).strip()
    return (named,) if named else ()
