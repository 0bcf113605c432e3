"""The cast: Alice administers, Bob may only look, Charlie has no access, Dana supports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest
from django.contrib.auth.models import User
from django.test import Client

from syncapp.models import (
    AccountingPreferences,
    Company,
    Firm,
    Membership,
    Role,
    SetupStep,
    SyncedObject,
    SyncPreferences,
)

CHART = {
    "Checking": ("1000", "BANK"),
    "Undeposited Funds": ("1499", "OTHER_CURRENT_ASSET"),
    "Accounts Payable": ("2000", "ACCOUNTS_PAYABLE"),
    "Visa Card": ("2100", "CREDIT_CARD"),
    "Office Supplies": ("6000", "EXPENSE"),
    "Uncategorized Expense": ("6999", "EXPENSE"),
}


@dataclass
class Cast:
    """Who there is, and the company it is about."""

    company: Company
    alice: User
    bob: User
    charlie: User
    dana: User

    def client(self, name: str) -> Client:
        client = Client()
        client.force_login(getattr(self, name))
        return client


def make_company(
    name: str, firm: Firm | None, step: str = SetupStep.DONE, signed_up: date = date(2020, 3, 1)
) -> Company:
    company = Company.objects.create(name=name, firm=firm, setup_step=step, signed_up_on=signed_up)
    SyncPreferences.objects.create(company=company)
    AccountingPreferences.objects.create(company=company)
    return company


def make_chart(company: Company) -> dict[str, SyncedObject]:
    """The imported chart of accounts, by name."""
    return {
        label: SyncedObject.objects.create(
            company=company,
            kind="account",
            qbo_id=str(number),
            label=label,
            number=number,
            qbo_values={"active": True, "account_type": kind},
        )
        for label, (number, kind) in CHART.items()
    }


@pytest.fixture
def cast(db: None) -> Cast:
    firm = Firm.objects.create(name="Alder & Finch")
    other = Firm.objects.create(name="Other Firm")
    company = make_company("Harbor Bakery", firm)
    people = {
        name: User.objects.create_user(name, f"{name}@example.com") for name in ("alice", "bob", "charlie", "dana")
    }
    Membership.objects.create(user=people["alice"], firm=firm, role=Role.ADMINISTRATOR)
    Membership.objects.create(user=people["bob"], company=company, role=Role.CLERK)
    Membership.objects.create(user=people["charlie"], firm=other, role=Role.ADMINISTRATOR)
    Membership.objects.create(user=people["dana"], role=Role.SUPPORT)
    return Cast(company, **people)


@pytest.fixture
def chart(cast: Cast) -> dict[str, SyncedObject]:
    return make_chart(cast.company)
