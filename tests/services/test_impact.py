"""Before an irreversible preference is turned on, a person sees how many records it touches, by kind."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from syncapp.models import AccountingPreferences, Company, ObjectState, SyncPreferences
from syncapp.services.impact import impact
from tests.admin.support import make_object


@pytest.fixture
def company(db: None) -> Company:
    found = Company.objects.create(name="Harbor Bakery")
    SyncPreferences.objects.create(company=found)
    AccountingPreferences.objects.create(company=found)
    return found


def bill(company: Company, number: int, *, on: str = "bq", approval: str = "APPROVED", active: bool = True) -> None:
    values = {"number": str(number), "approval": approval, "active": active}
    make_object(
        company,
        "bill",
        number=str(number),
        billcom_id=f"00n{number}" if "b" in on else None,
        billcom_values=values if "b" in on else None,
        qbo_id=str(number) if "q" in on else None,
        qbo_values=values if "q" in on else None,
        state=ObjectState.LINKED if on == "bq" else ObjectState.NEW,
    )


def told(company: Company, *names: str) -> list[tuple[int, str, str]]:
    return [(each.records, each.kind.name, each.words) for each in impact(company, names)]


def test_one_way_counts_what_will_no_longer_come_to_bill(company: Company) -> None:
    for number in range(3):
        bill(company, number)
    bill(company, 7, on="q")
    bill(company, 8, on="b")

    assert told(company, "one_way") == [
        (3, "bill", "in both products: what is changed in QuickBooks Online stays there."),
        (1, "bill", "in QuickBooks Online only: they never come to BILL."),
    ]


def test_approved_only_counts_what_isn_t_approved(company: Company) -> None:
    bill(company, 1)
    bill(company, 2, approval="ASSIGNED")
    bill(company, 3, on="b", approval="UNASSIGNED")
    bill(company, 4, on="b", approval="DENIED")
    bill(company, 5, on="b", approval="DENIED", active=False)
    bill(company, 6, on="q")

    assert told(company, "approved_only") == [
        (2, "bill", "in BILL only and not approved: they wait there until they are."),
        (1, "bill", "in both products and not approved: edits made in BILL wait until they are."),
    ]


def test_approved_only_counts_the_credits_of_which_bill_tells_no_approval(company: Company) -> None:
    for number, qbo_id in (("1", None), ("2", None), ("3", "77")):
        values = {"number": number, "active": True}
        make_object(
            company, "vendor_credit", number=number, billcom_id=f"vcr{number}", billcom_values=values, qbo_id=qbo_id
        )
    assert told(company, "approved_only") == [
        (2, "vendor_credit", "in BILL only: BILL doesn't tell which are approved, so they wait until included."),
        (1, "vendor_credit", "in both products: edits made in BILL wait until included, one by one."),
    ]


def test_what_touches_nothing_says_so(company: Company) -> None:
    assert told(company, "one_way", "approved_only") == []


def test_its_statements_don_t_grow_with_the_records(company: Company) -> None:
    counts = []
    for start in (0, 100):
        for number in range(start, start + 20):
            bill(company, number)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            told(company, "one_way", "approved_only")
        counts.append(len(seen))
    assert counts[0] == counts[1]
