"""The directions, for every cohort and every set of preferences, are those of the sync matrix.

Reference: spec, sync matrix, sections 1 and 2; written down here by hand, not taken from the code.
"""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command

from syncapp.core.schema import Terms
from syncapp.core.sides import Cohort
from syncapp.kinds import KINDS
from syncapp.management.commands.sync_matrix import every_terms
from syncapp.services import overview

# Use Items in Payables decides about the lines of bills; the items themselves serve the sales side, too.
LISTS_ALWAYS = {"account", "vendor", "customer", "item"}


def expected(kind: str, terms: Terms) -> str:
    if kind in LISTS_ALWAYS:
        return "⇄"
    if kind == "accounting_class":
        return "⇄" if terms.classes else "—"
    if kind == "location":
        return "⇄" if terms.locations else "—"
    if kind == "sales_tax":
        return "→B" if terms.sales_tax else "—"
    if kind == "credit_memo" and not terms.credit_memos:
        return "—"
    if kind in ("bill", "invoice", "credit_memo"):
        return "→Q" if terms.one_way else "⇄"
    if kind in ("vendor_credit", "funds_transfer", "receivable_payment"):
        return "→Q"
    assert kind == "bill_payment", "a kind that this test doesn't know of"
    both = not terms.one_way and (terms.cohort is Cohort.B or terms.two_way_payments)
    return "⇄" if both else "→Q"


def test_every_direction_is_that_of_the_matrix() -> None:
    found = list(every_terms())
    assert len(found) == len(Cohort) * 2**8
    for terms in found:
        assert {each.kind.name: each.sign for each in overview.flows(terms)} == {
            name: expected(name, terms) for name in KINDS
        }


@pytest.mark.parametrize("terms", [Terms(cohort=Cohort.A, one_way=True), Terms(cohort=Cohort.A)])
def test_what_doesn_t_flow_says_which_rule_it_is_and_what_to_do(terms: Terms) -> None:
    stopped = [
        direction
        for each in overview.flows(terms)
        for direction in (each.to_qbo, each.to_billcom)
        if not direction.flows
    ]
    assert stopped
    assert all(direction.rule and direction.why.endswith(".") and "…" not in direction.why for direction in stopped)


def test_the_command_prints_a_line_for_every_set() -> None:
    out = StringIO()
    call_command("sync_matrix", stdout=out)
    head, *lines = out.getvalue().splitlines()
    assert head.endswith(" ".join(f"{kind.label:<19}" for kind in KINDS.values()).rstrip())
    assert len(lines) == len(Cohort) * 2**8
