"""The directions, for every cohort and every set of preferences, are those of the sync matrix.

Reference: spec, sync matrix, sections 1 and 2; written down here by hand, not taken from the code.
"""

from __future__ import annotations

from datetime import date
from io import StringIO

import pytest
from django.core.management import call_command

from syncapp.core.schema import Terms
from syncapp.core.sides import Cohort
from syncapp.kinds import KINDS
from syncapp.management.commands.sync_matrix import every_terms
from syncapp.services import overview, setup

# Use Items in Payables decides about the lines of bills; the items themselves serve the sales side, too.
BOTH_ALWAYS = {"account", "vendor", "customer", "item", "sub_customer", "deletion"}
NEVER = {"department", "employee", "merge"}
TO_QUICKBOOKS_ALWAYS = {"vendor_credit", "credit_application", "funds_transfer", "receivable_payment", "check_number"}
TO_BILL_ALWAYS = {"project", "bank_balance", "books_closed_date"}
BY_SWITCH = {"accounting_class": "classes", "location": "locations", "term": "payment_terms"}


def expected(name: str, terms: Terms) -> str:
    """Kinds, and what else the matrix has a row for."""
    for sign, names in (("⇄", BOTH_ALWAYS), ("—", NEVER), ("→Q", TO_QUICKBOOKS_ALWAYS), ("→B", TO_BILL_ALWAYS)):
        if name in names:
            return sign
    if name in BY_SWITCH:
        return "⇄" if getattr(terms, BY_SWITCH[name]) else "—"
    if name == "sales_tax":
        return "→B" if terms.sales_tax else "—"
    if name == "credit_memo" and not terms.credit_memos:
        return "—"
    if name in ("bill", "invoice", "credit_memo"):
        return "→Q" if terms.one_way else "⇄"
    if name == "attachment":
        both = terms.attachments == "both" and not terms.one_way
        return "—" if terms.attachments == "off" else "⇄" if both else "→Q"
    if name == "void":
        return "⇄" if terms.cohort is Cohort.B and not terms.one_way else "→Q"
    assert name == "bill_payment", "a line that this test doesn't know of"
    both = not terms.one_way and (terms.cohort is Cohort.B or terms.two_way_payments)
    return "⇄" if both else "→Q"


def test_every_direction_is_that_of_the_matrix() -> None:
    found = list(every_terms())
    assert len(found) == len(Cohort) * 2**9 * 3
    names = {*KINDS, *(each.name for each in overview.ASPECTS)}
    assert len(names) == len(KINDS) + len(overview.ASPECTS) == 27
    for terms in found:
        signs = {each.name: each.sign for each in overview.lines(terms)}
        assert signs == {name: expected(name, terms) for name in names}


@pytest.mark.parametrize("terms", [Terms(cohort=Cohort.A, one_way=True), Terms(cohort=Cohort.A)])
def test_what_doesn_t_flow_says_which_rule_it_is_and_what_to_do(terms: Terms) -> None:
    stopped = [
        direction
        for each in overview.lines(terms)
        for direction in (each.to_qbo, each.to_billcom)
        if not direction.flows
    ]
    assert stopped
    assert all(direction.rule and direction.why.endswith(".") and "…" not in direction.why for direction in stopped)


def test_the_command_prints_a_line_for_every_set() -> None:
    out = StringIO()
    call_command("sync_matrix", stdout=out)
    head, *printed = out.getvalue().splitlines()
    labels = [each.label for each in overview.lines(Terms(cohort=Cohort.A))]
    assert head.split()[0] == "cohort" and all(label in head for label in labels)
    assert len(printed) == len(Cohort) * 2**9 * 3
    assert printed[0].split()[-1] == "→Q"


@pytest.mark.django_db
@pytest.mark.parametrize("how", [["Harbor"], ["--company", "Harbor"]])
def test_the_command_shows_one_company(how: list[str]) -> None:
    setup.make_company(name="Harbor", firm=None, signed_up_on=date(2020, 1, 1))
    out = StringIO()
    call_command("sync_matrix", *how, stdout=out)
    assert "Departments                       —" in out.getvalue()
    assert "not to BILL: flow-not-in-matrix: QuickBooks Online has no departments." in out.getvalue()
