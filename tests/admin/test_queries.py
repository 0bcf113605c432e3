"""The number of statements of a list doesn't grow with its rows, and no list loads what makes rows large."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from syncapp.core.sides import Side
from syncapp.models import Company, Conflict, Firm, GLMapping, GLRole, Membership, Role, RunState, SyncRun, Trigger
from tests.admin.support import (
    SCREENS,
    STAFF_SCREENS,
    Cast,
    change,
    changelist,
    make_bill,
    make_operation,
    make_rows,
    text,
)

MORE = 20
HEAVY = ("billcom_raw", "qbo_raw", "qbo_values", "credentials", '"payload"', '"position"')


SCREENS_OF = {"alice": SCREENS, "root": (*SCREENS, *STAFF_SCREENS)}


def more_rows(cast: Cast) -> None:
    """More rows on every screen, each with companies, firms and people of its own."""
    for number in range(MORE):
        name = f"More{number}"
        rows = make_rows(name, cast.firm if number % 2 else Firm.objects.create(name=name))
        Membership.objects.create(user=User.objects.create_user(name), company=rows.company, role=Role.CLERK)


def statements(cast: Cast, name: str, screen: str) -> list[str]:
    client = cast.client(name)
    client.get(changelist(screen))
    with CaptureQueriesContext(connection) as found:
        assert client.get(changelist(screen)).status_code == 200
    return [each["sql"] for each in found.captured_queries]


@pytest.mark.parametrize("name", sorted(SCREENS_OF))
def test_many_rows_cost_no_more_statements_than_few(cast: Cast, name: str) -> None:
    few = {screen: statements(cast, name, screen) for screen in SCREENS_OF[name]}
    more_rows(cast)
    for screen in SCREENS_OF[name]:
        many = statements(cast, name, screen)
        assert len(many) == len(few[screen]), (screen, [sql[-120:] for sql in many[len(few[screen]) :]])
        assert len(many) <= 16
        assert not [(screen, sql) for sql in many for word in HEAVY if word in sql]


def test_a_list_is_counted_once(cast: Cast) -> None:
    counts = [sql for sql in statements(cast, "root", "syncedobject") if sql.startswith("SELECT COUNT(")]

    assert len(counts) == 1


def test_conflicts_over_references_name_them_all_in_one_statement(cast: Cast) -> None:
    def conflict(rows: Any) -> None:
        values = {"base_value": "009v1", "billcom_value": "009v1", "qbo_value": "v1", "kept": Side.QBO}
        Conflict.objects.create(company=rows.company, object=rows.bill, kind="bill", field="vendor", **values)

    conflict(cast.first)
    few = statements(cast, "alice", "conflict")
    for number in range(10):
        conflict(make_rows(f"More{number}", cast.firm))
    assert len(statements(cast, "alice", "conflict")) == len(few)
    shown = text(cast.client("alice").get(changelist("conflict")))
    assert ">Harbor Paper Co<" in shown
    assert ">More3 Paper Co<" in shown


def grown(make: Callable[[int], Any], look: Callable[[], int]) -> tuple[int, int]:
    look()
    few = look()
    for number in range(MORE):
        make(number)
    return few, look()


def test_a_record_s_page_costs_no_more_with_a_long_journal(cast: Cast) -> None:
    client, row = cast.client("alice"), cast.first.bill

    def look() -> int:
        with CaptureQueriesContext(connection) as found:
            assert client.get(change("syncedobject", row)).status_code == 200
        return len(found)

    few, many = grown(lambda number: make_operation(cast.first.company, cast.first.run, row), look)
    assert few == many


def test_a_company_s_page_costs_no_more_with_many_records(cast: Cast) -> None:
    client, company = cast.client("alice"), cast.first.company

    def more(number: int) -> None:
        bill = make_bill(company, f"N{number}") if number == 0 else None
        assert bill is None or bill.pk
        SyncRun.objects.create(company=company, trigger=Trigger.CLOCK, state=RunState.DONE)
        GLMapping.objects.create(company=company, role=GLRole.BANK_ACCOUNT, billcom_bank_id=uuid.uuid4().hex)

    def look() -> int:
        with CaptureQueriesContext(connection) as found:
            assert client.get(change("company", company)).status_code == 200
        return len(found)

    cast.first.bill.delete()
    few, many = grown(more, look)
    assert few == many


def test_a_long_list_of_companies_is_cut_in_the_filter_and_keeps_the_chosen_one(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncapp.admin.shared.CompanyFilter.limit", 5)
    Company.objects.bulk_create(Company(name=f"A{number}", firm=cast.firm) for number in range(10))
    address = changelist("syncedobject", company__id__exact=cast.first.company.pk)

    response = cast.client("alice").get(address)
    company = response.context["cl"].filter_specs[0]
    assert len(company.lookup_choices) == 6
    assert {row.company for row in response.context["cl"].result_list} == {cast.first.company}
