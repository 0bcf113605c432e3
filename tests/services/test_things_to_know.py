"""The end of the set-up guide, "Things to know": said on the pages where a person needs it. Each names its sentence."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from syncapp.models import Company, SetupStep, SyncPreferences


def shown(client: Client, page: str, company: Company) -> str:
    answer = client.get(reverse(f"syncapp:{page}", args=[company.pk]))
    assert answer.status_code == 200
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", answer.content.decode())).split())


@pytest.mark.parametrize("page", ["get-started", "overview"])
def test_the_pages_say_what_plan_and_role_have_to_do_with_it(company: Company, admin_client: Client, page: str) -> None:
    """If you wish to get access, review the plans and upgrade, or contact the Administrator; fees may change."""
    words = shown(admin_client, page, company)
    assert "may not belong to the company’s BILL plan, or to the role of the user" in words
    assert "review BILL’s plans and upgrade, or ask the Administrator of the BILL account" in words
    assert "the monthly fees for users may change" in words


@pytest.mark.parametrize("page", ["get-started", "first-sync", "overview"])
def test_the_pages_say_which_invoices_come_before_the_first_sync_is_started(
    company: Company, admin_client: Client, page: str
) -> None:
    """The last 90 days from the first set-up; an older one by Edit and then Save."""
    Company.objects.filter(pk=company.pk).update(setup_step=SetupStep.FIRST_SYNC)
    words = shown(admin_client, page, company)
    assert "only those created or updated within the 90 days before the first set-up of the sync" in words
    assert re.search(r"older one.* Edit and then Save on it in QuickBooks Online", words)


@pytest.mark.parametrize("page", ["get-started", "first-sync", "overview"])
def test_where_no_invoice_comes_nothing_is_said_of_ninety_days(
    company: Company, admin_client: Client, page: str
) -> None:
    SyncPreferences.objects.filter(company=company).update(one_way=True)
    Company.objects.filter(pk=company.pk).update(setup_step=SetupStep.FIRST_SYNC)
    assert "90 days" not in shown(admin_client, page, company)
