"""The steps of the set-up, from the company to the button Sync now."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from syncapp import tasks
from syncapp.models import (
    AccountingPreferences,
    Company,
    GLMapping,
    GLRole,
    Membership,
    RunScope,
    RunState,
    SetupStep,
    SyncedObject,
    SyncPreferences,
    SyncRun,
    Trigger,
)
from syncapp.services import remotes, setup
from tests.views.conftest import Cast


def _address(cast: Cast, name: str) -> str:
    return reverse(f"syncapp:{name}", args=[cast.company.pk])


def _at(cast: Cast, step: SetupStep) -> Client:
    Company.objects.filter(pk=cast.company.pk).update(setup_step=step)
    return cast.client("alice")


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[SyncRun]:
    """The runs handed to a worker."""
    runs: list[SyncRun] = []
    monkeypatch.setattr(tasks, "enqueue", runs.append)
    return runs


def test_a_firm_administrator_makes_a_company(cast: Cast) -> None:
    client = cast.client("alice")
    address = reverse("syncapp:new-company")
    assert client.get(address).status_code == 200
    client.post(address, {"name": "Elm Books", "firm": cast.company.firm_id, "signed_up_on": "2021-02-03"})
    made = Company.objects.get(name="Elm Books")
    assert (made.firm, str(made.signed_up_on), made.setup_step) == (cast.company.firm, "2021-02-03", "connect-bill")
    assert SyncPreferences.objects.filter(company=made).exists()
    assert AccountingPreferences.objects.filter(company=made).exists()


def test_a_company_without_a_firm_is_its_makers(cast: Cast) -> None:
    cast.client("alice").post(
        reverse("syncapp:new-company"), {"name": "Direct", "firm": "", "signed_up_on": "2021-02-03"}
    )
    made = Company.objects.get(name="Direct")
    assert made.firm is None
    assert Membership.objects.get(company=made).user == cast.alice
    assert SyncPreferences.objects.get(company=made).two_way_payments, "always on for a direct company of today"


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"name": "Harbor Bakery"}, "name"),
        ({"signed_up_on": "2999-01-01"}, "signed_up_on"),
        ({"firm": "other"}, "firm"),
        ({"name": ""}, "name"),
    ],
)
def test_a_wrong_company_is_said_next_to_the_field(cast: Cast, given: dict[str, Any], wrong: str) -> None:
    foreign = Membership.objects.get(user=cast.charlie).firm_id
    sent = {"name": "New", "firm": cast.company.firm_id, "signed_up_on": "2021-02-03", **given}
    sent["firm"] = foreign if sent["firm"] == "other" else sent["firm"]
    answer = cast.client("alice").post(reverse("syncapp:new-company"), sent)
    assert set(answer.context["form"].errors) == {wrong}
    assert Company.objects.count() == 1


@pytest.mark.parametrize("who", ["bob", "dana"])
def test_others_make_no_companies(cast: Cast, who: str) -> None:
    client = cast.client(who)
    assert client.get(reverse("syncapp:new-company")).status_code == 403
    assert "New company" not in client.get(reverse("syncapp:home")).content.decode()


def test_home_shows_ones_own_companies_only(cast: Cast) -> None:
    assert "Harbor Bakery" in cast.client("bob").get(reverse("syncapp:home")).content.decode()
    assert "Harbor Bakery" not in cast.client("charlie").get(reverse("syncapp:home")).content.decode()
    found = cast.client("dana").get(reverse("syncapp:home"), {"q": "harbor"})
    assert "Harbor Bakery" in found.content.decode()


def test_home_costs_the_same_for_many_companies(cast: Cast, django_assert_max_num_queries: Any) -> None:
    client = cast.client("alice")
    client.get(reverse("syncapp:home"))
    for number in range(40):
        Company.objects.create(name=f"Client {number}", firm=cast.company.firm)
    with django_assert_max_num_queries(10):
        client.get(reverse("syncapp:home"))


@pytest.mark.parametrize(
    ("step", "button", "leads_to"),
    [
        (SetupStep.CONNECT_BILLCOM, "Connect BILL", "connect-bill"),
        (SetupStep.CONNECT_QBO, "Set Up Sync", "connect-quickbooks"),
        (SetupStep.IMPORT_ACCOUNTS, "Set Up Sync", "import"),
        (SetupStep.MAP_BANKS, "Set Up Sync", "map-banks"),
        (SetupStep.UNCATEGORIZED, "Set Up Sync", "uncategorized"),
        (SetupStep.FIRST_SYNC, "Set Up Sync", "first-sync"),
    ],
)
def test_get_started_leads_to_the_step_that_is_next(cast: Cast, step: SetupStep, button: str, leads_to: str) -> None:
    page = _at(cast, step).get(_address(cast, "get-started")).content.decode()
    assert "Sync accounting software" in page
    assert f'href="{_address(cast, leads_to)}">{button}</a>' in page


def test_when_all_is_set_up_get_started_leads_to_the_preferences(cast: Cast) -> None:
    page = cast.client("alice").get(_address(cast, "get-started")).content.decode()
    assert _address(cast, "preferences") in page
    assert "Set Up Sync" not in page


def test_the_import_page_goes_from_progress_to_set_up(
    cast: Cast, woken: list[SyncRun], django_capture_on_commit_callbacks: Any
) -> None:
    client = _at(cast, SetupStep.IMPORT_ACCOUNTS)
    assert "Import the chart of accounts</button>" in client.get(_address(cast, "import")).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(_address(cast, "import"))
    run = SyncRun.objects.get()
    assert woken == [run]
    assert (run.scope, run.trigger) == (RunScope.ACCOUNTS, Trigger.SETUP)
    page = client.get(_address(cast, "import")).content.decode()
    assert reverse("syncapp:progress-json", args=[cast.company.pk, run.pk]) in page
    assert 'aria-live="polite"' in page
    assert "<noscript><meta http-equiv" in page
    SyncRun.objects.update(state=RunState.DONE)
    assert f'href="{_address(cast, "map-banks")}">Set Up</a>' in client.get(_address(cast, "import")).content.decode()


def test_a_failed_import_says_why_and_can_be_repeated(cast: Cast) -> None:
    client = _at(cast, SetupStep.IMPORT_ACCOUNTS)
    SyncRun.objects.create(
        company=cast.company,
        scope=RunScope.ACCOUNTS,
        trigger=Trigger.SETUP,
        state=RunState.FAILED,
        message="No answer.",
    )
    page = client.get(_address(cast, "import")).content.decode()
    assert "No answer." in page
    assert "Import again</button>" in page


@pytest.fixture
def bank(cast: Cast, chart: dict[str, SyncedObject], monkeypatch: pytest.MonkeyPatch) -> GLMapping:
    """One bank account in BILL, with a proposal."""
    mapping = GLMapping.objects.create(
        company=cast.company,
        role=GLRole.BANK_ACCOUNT,
        billcom_bank_id="bac1",
        label="First Bank ****4821",
        account=chart["Checking"],
    )
    monkeypatch.setattr(setup, "bank_mappings", lambda company, now: [mapping])
    return mapping


def test_the_proposal_is_filled_in_and_next_goes_on(
    cast: Cast, chart: dict[str, SyncedObject], bank: GLMapping
) -> None:
    client = _at(cast, SetupStep.MAP_BANKS)
    form = client.get(_address(cast, "map-banks")).context["form"]
    field = form[f"bank_{bank.pk}"]
    assert field.label == "GL Account For Bank Account First Bank ****4821"
    assert field.initial == chart["Checking"].pk
    answer = client.post(_address(cast, "map-banks"), {f"bank_{bank.pk}": chart["Visa Card"].pk})
    assert answer["Location"] == _address(cast, "uncategorized")
    bank.refresh_from_db()
    assert bank.account == chart["Visa Card"]


@pytest.mark.parametrize(
    ("name", "number", "proposed"),
    [
        ("Operating Bank", "****9999", "Operating Checking"),
        ("Harbor Bank", "****1000", "Checking"),
        ("Harbor Bank", "****9999", None),
        ("Checking Bank", "****9999", None),
    ],
)
def test_a_bank_account_is_proposed_by_number_or_telling_word(
    cast: Cast,
    chart: dict[str, SyncedObject],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    number: str,
    proposed: str | None,
) -> None:
    class Billcom:
        def bank_accounts(self) -> list[dict[str, str]]:
            return [{"id": "bac1", "bankName": name, "accountNumber": number}, {"id": "bac2", "bankName": "Other"}]

    SyncedObject.objects.create(
        company=cast.company,
        kind="account",
        qbo_id="77",
        label="Operating Checking",
        number="1010",
        qbo_values={"active": True, "account_type": "BANK"},
    )
    monkeypatch.setattr(remotes, "open_billcom", lambda *args: Billcom())
    form = _at(cast, SetupStep.MAP_BANKS).get(_address(cast, "map-banks")).context["form"]
    mapping = GLMapping.objects.get(billcom_bank_id="bac1")
    assert (str(mapping.account.label) if mapping.account else None) == proposed
    assert form[f"bank_{mapping.pk}"].initial == mapping.account_id


def test_a_bank_needs_an_account_of_the_right_type(cast: Cast, chart: dict[str, SyncedObject], bank: GLMapping) -> None:
    client = _at(cast, SetupStep.MAP_BANKS)
    for wrong in ("", chart["Office Supplies"].pk, 999999, "abc"):
        answer = client.post(_address(cast, "map-banks"), {f"bank_{bank.pk}": wrong})
        assert answer.context["form"].errors


def test_one_account_for_two_bank_accounts_is_taken_with_a_warning(
    cast: Cast, chart: dict[str, SyncedObject], bank: GLMapping, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = GLMapping.objects.create(
        company=cast.company, role=GLRole.BANK_ACCOUNT, billcom_bank_id="bac2", label="Reserve"
    )
    monkeypatch.setattr(setup, "bank_mappings", lambda company, now: [bank, second])
    client, address = _at(cast, SetupStep.MAP_BANKS), _address(cast, "map-banks")
    checking, card = chart["Checking"].pk, chart["Visa Card"].pk

    same = client.post(address, {f"bank_{bank.pk}": checking, f"bank_{second.pk}": checking}, follow=True)
    apart = client.post(address, {f"bank_{bank.pk}": checking, f"bank_{second.pk}": card}, follow=True)

    assert "post to the same GL account" in same.content.decode()
    assert "post to the same GL account" not in apart.content.decode()


def test_no_bank_account_is_fine(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "bank_mappings", lambda company, now: [])
    client = _at(cast, SetupStep.MAP_BANKS)
    assert "There is no bank account in BILL." in client.get(_address(cast, "map-banks")).content.decode()
    assert client.post(_address(cast, "map-banks"))["Location"] == _address(cast, "uncategorized")


def test_uncategorized_expenses_get_their_account(cast: Cast, chart: dict[str, SyncedObject]) -> None:
    client = _at(cast, SetupStep.UNCATEGORIZED)
    form = client.get(_address(cast, "uncategorized")).context["form"]
    assert form["account"].initial == chart["Uncategorized Expense"].pk
    answer = client.post(_address(cast, "uncategorized"), {"account": chart["Office Supplies"].pk})
    assert answer["Location"] == _address(cast, "first-sync")
    assert cast.company.gl_mappings.get(role=GLRole.UNALLOCATED_EXPENSE).account == chart["Office Supplies"]


def test_a_step_that_is_not_reached_yet_is_refused_in_words(cast: Cast, chart: dict[str, SyncedObject]) -> None:
    client = _at(cast, SetupStep.CONNECT_BILLCOM)
    page = client.post(_address(cast, "uncategorized"), {"account": chart["Office Supplies"].pk}).content.decode()
    assert "An earlier step of the set-up" in page
    assert "An earlier step of the set-up" in client.get(_address(cast, "map-banks")).content.decode()


def test_sync_now_asks_for_the_master_and_starts_the_first_sync(cast: Cast, woken: list[SyncRun]) -> None:
    client = _at(cast, SetupStep.FIRST_SYNC)
    assert "Sync now</button>" in client.get(_address(cast, "first-sync")).content.decode()
    answer = client.post(_address(cast, "first-sync"), {"master": "qbo"})
    run = SyncRun.objects.get()
    assert (run.scope, run.trigger, run.started_by) == (RunScope.FULL, Trigger.SETUP, cast.alice)
    assert answer["Location"] == reverse("syncapp:progress", args=[cast.company.pk, run.pk])
    assert SyncPreferences.objects.get(company=cast.company).master == "qbo"
