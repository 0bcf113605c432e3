"""The sync overview says what flows for this company, in a picture and in words."""

from __future__ import annotations

from datetime import date

import pytest
from django.urls import reverse

from syncapp.kinds import KINDS
from syncapp.models import AccountingPreferences, Company, Membership, Role, SyncPreferences
from tests.views.conftest import Cast


def page(cast: Cast) -> str:
    return cast.client("bob").get(reverse("syncapp:overview", args=[cast.company.pk])).content.decode()


def test_every_kind_is_in_the_picture_and_in_the_table(cast: Cast) -> None:
    shown = page(cast)
    for kind in KINDS.values():
        assert shown.count(f'class="kind">{kind.plural}</text>') == 2
        assert f'<th scope="row">{kind.plural}</th>' in shown


@pytest.mark.parametrize(("one_way", "drawn"), [(True, 1), (False, 2)])
def test_arrows_follow_the_preferences(cast: Cast, one_way: bool, drawn: int) -> None:
    SyncPreferences.objects.filter(company=cast.company).update(one_way=one_way, two_way_payments=True)
    AccountingPreferences.objects.get_or_create(company=cast.company)
    lines = [line for line in page(cast).splitlines() if "<line" in line and "Bills to " in line]
    assert len(lines) == 2
    assert sum('class="flows"' in line for line in lines) == drawn


def test_it_tells_what_is_decided_record_by_record(cast: Cast) -> None:
    SyncPreferences.objects.filter(company=cast.company).update(approved_only=True)
    AccountingPreferences.objects.update_or_create(
        company=cast.company, defaults={"books_closed_on": date(2025, 12, 31)}
    )
    shown = page(cast)
    assert "once it is approved in BILL" in shown
    assert "closed up to 31 Dec 2025" in shown


CONSOLE = "<h2>Accounts under accountant consoles or signed up before 9/15/17</h2>"
DIRECT = "<h2>Accounts signed up after 9/15/17 not created under an accountant console</h2>"


def stops(shown: str, what: str) -> bool:
    (line,) = [line for line in shown.splitlines() if f"<title>{what}" in line]
    return 'class="stops"' in line


def test_a_direct_company_and_one_under_a_console_differ(cast: Cast) -> None:
    shown = page(cast)
    assert CONSOLE in shown and stops(shown, "Bill payments to BILL") and stops(shown, "Voids of payments to BILL")
    Company.objects.filter(pk=cast.company.pk).update(firm=None, signed_up_on=date(2024, 1, 1))
    Membership.objects.get_or_create(user=cast.bob, company=cast.company, defaults={"role": Role.CLERK})
    shown = page(cast)
    assert DIRECT in shown
    assert not stops(shown, "Bill payments to BILL") and not stops(shown, "Voids of payments to BILL")


def test_the_other_cohort_is_shown_for_comparison(cast: Cast) -> None:
    assert "?cohort=B" in page(cast)
    address = reverse("syncapp:overview", args=[cast.company.pk])
    other = cast.client("bob").get(address, {"cohort": "B"}).content.decode()
    assert DIRECT in other and "how Harbor Bakery syncs" in other and not stops(other, "Bill payments to BILL")
    odd = cast.client("bob").get(address, {"cohort": "²"}).content.decode()
    assert CONSOLE in odd and "how Harbor Bakery syncs" not in odd


def test_a_direct_company_is_compared_without_two_way_payments(cast: Cast) -> None:
    Company.objects.filter(pk=cast.company.pk).update(firm=None, signed_up_on=date(2024, 1, 1))
    Membership.objects.get_or_create(user=cast.bob, company=cast.company, defaults={"role": Role.CLERK})
    SyncPreferences.objects.filter(company=cast.company).update(two_way_payments=True)
    address = reverse("syncapp:overview", args=[cast.company.pk])
    other = cast.client("bob").get(address, {"cohort": "A"}).content.decode()
    assert CONSOLE in other and stops(other, "Bill payments to BILL")
    assert "with 2-Way AP Payment Sync as it is there from the start" in other


def test_what_never_syncs_is_there_with_its_reason(cast: Cast) -> None:
    shown = page(cast)
    for name in ("Departments", "Employees", "Merges"):
        assert stops(shown, f"{name} to BILL") and stops(shown, f"{name} to QuickBooks Online")
    assert "QuickBooks Online has no departments." in shown
