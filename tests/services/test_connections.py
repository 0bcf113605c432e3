"""Connecting: the same company there goes on, another one begins anew or is refused, and nobody shares one."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from syncapp.core.holds import HoldCode
from syncapp.core.sides import Side
from syncapp.gateways import oauth
from syncapp.gateways.billcom import BillcomGateway
from syncapp.models import (
    AccountingPreferences,
    Company,
    Connection,
    ConnectionState,
    Cursor,
    GLMapping,
    GLRole,
    ObjectState,
    Operation,
    OperationState,
    RunScope,
    RunState,
    SetupStep,
    SyncedObject,
    SyncRun,
    Trigger,
    Verb,
)
from syncapp.services import connections, demo, remotes, runs, setup
from syncapp.services.errors import ServiceError
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, choose_accounts, connect, import_accounts, linked, synced

CALLBACK = "http://127.0.0.1:8000/oauth/quickbooks/callback/"


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_superuser("ann", "ann@firm.example", "ann-secret")


@pytest.fixture
def other(sandbox: Sandbox) -> dict[str, Any]:
    """Another company, on both sides."""
    return sandbox.load("generated:seed=10,accounts=12,vendors=2,customers=2,items=1,bills=2")


def _connect_qbo(company: Company, user: User, shown: dict[str, Any], clock: Clock) -> Connection:
    url = connections.start_qbo(company, user, redirect_uri=CALLBACK, now=clock())
    answer = demo.consent(url, shown["qbo"])
    return connections.finish_qbo(
        user,
        state=answer["state"],
        code=answer["code"],
        realm_id=answer["realmId"],
        redirect_uri=CALLBACK,
        now=clock(),
    )


def _connect_billcom(company: Company, user: User, shown: dict[str, Any], clock: Clock) -> Connection:
    billcom = shown["billcom"]
    return connections.connect_billcom(
        company,
        user,
        sign_in="sync-token",
        username=billcom["sync_token_name"],
        password=billcom["sync_token_value"],
        organization_id=billcom["organization_id"],
        developer_key=billcom["developer_key"],
        now=clock(),
    )


def _read_from_billcom(company: Company, clock: Clock) -> SyncedObject:
    """A vendor of BILL that waits for something of QuickBooks, as a first sync that broke off leaves it."""
    waits_for = SyncedObject.objects.of(company, "account").first()
    Cursor.objects.create(company=company, side=Side.BILLCOM, kind="vendor", read_to=clock())
    return SyncedObject.objects.create(
        company=company,
        kind="vendor",
        billcom_id="00901",
        label="Oak Paper",
        state=ObjectState.HELD,
        hold_code=HoldCode.AMBIGUOUS_MATCH,
        waits_for=waits_for,
        candidates=["qbo:7"],
        told_apart=True,
        needs_look=False,
    )


def _bank(company: Company) -> GLMapping:
    account = setup.account_choices(company, GLRole.BANK_ACCOUNT).first()
    return GLMapping.objects.create(company=company, role=GLRole.BANK_ACCOUNT, billcom_bank_id="bac01", account=account)


def _state(company: Company) -> tuple[Any, ...]:
    """All that was read or chosen, to see whether it changed."""
    company.refresh_from_db()
    return (
        company.setup_step,
        list(SyncedObject.objects.filter(company=company).order_by("pk").values_list("pk", "billcom_id", "qbo_id")),
        list(GLMapping.objects.filter(company=company).order_by("pk").values_list("pk", "account")),
        list(Cursor.objects.filter(company=company).order_by("pk").values_list("pk", "read_to")),
        AccountingPreferences.objects.filter(company=company).values().get(),
    )


def test_another_quickbooks_company_begins_anew(
    company: Company, user: User, other: dict[str, Any], clock: Clock
) -> None:
    vendor = _read_from_billcom(company, clock)
    _bank(company)
    Cursor.objects.create(company=company, side=Side.QBO, kind="", read_to=clock())
    AccountingPreferences.objects.filter(company=company).update(
        qbo_classes=True, locations=True, books_closed_on=clock().date(), home_currency="CAD"
    )
    for side in Side:
        company.unread_records.create(kind="vendor", side=side, remote_id="7", why="odd", since=clock())
    waiting = runs.request_run(company, trigger=Trigger.PERSON, now=clock())

    _connect_qbo(company, user, other, clock)

    company.refresh_from_db()
    assert company.setup_step == SetupStep.IMPORT_ACCOUNTS
    assert list(SyncedObject.objects.filter(company=company)) == [vendor]
    vendor.refresh_from_db()
    assert (vendor.state, vendor.hold_code, vendor.waits_for_id, vendor.candidates, vendor.told_apart) == (
        ObjectState.NEW,
        "",
        None,
        [],
        False,
    )
    assert vendor.needs_look
    assert not GLMapping.objects.filter(company=company).exists()
    assert list(Cursor.objects.filter(company=company).values_list("side", flat=True)) == [Side.BILLCOM]
    assert list(company.unread_records.values_list("side", flat=True)) == [Side.BILLCOM]
    assert not SyncRun.objects.filter(pk=waiting.pk).exists()
    read = AccountingPreferences.objects.get(company=company)
    assert (read.qbo_classes, read.books_closed_on, read.home_currency, read.read_at) == (False, None, "", None)
    assert read.locations, "what a person turned on stays"
    assert Connection.objects.get(company=company, side=Side.QBO).remote_id == other["qbo"]["realm_id"]


def test_the_new_quickbooks_company_is_imported(
    sandbox: Sandbox, company: Company, user: User, other: dict[str, Any], clock: Clock
) -> None:
    """Nothing of the old company's is left in the way: the accounts are the new one's alone."""
    _connect_qbo(company, user, other, clock)
    company.refresh_from_db()
    assert import_accounts(company, clock).state == RunState.DONE
    numbers = set(SyncedObject.objects.of(company, "account").values_list("qbo_id", flat=True))
    assert numbers
    assert numbers <= {each["Id"] for each in sandbox.books("qbo", other["qbo"]["realm_id"])["Account"]}


def test_the_same_quickbooks_company_keeps_everything(
    company: Company, user: User, loaded: dict[str, Any], clock: Clock
) -> None:
    _bank(company)
    Cursor.objects.create(company=company, side=Side.QBO, kind="", read_to=clock())
    before = _state(company)
    pk = Connection.objects.get(company=company, side=Side.QBO).pk
    Connection.objects.lost(pk, "withdrawn")
    assert Connection.objects.claim_renewal(pk, uuid.uuid4(), remotes.CLAIM)
    again = _connect_qbo(company, user, loaded, clock)
    assert _state(company) == before
    assert (again.pk, again.state, again.reason) == (pk, ConnectionState.CONNECTED, "")
    assert Connection.objects.get(pk=pk).renewing_until is None


def test_another_bill_organization_wants_its_banks_matched_anew(
    company: Company, user: User, other: dict[str, Any], clock: Clock
) -> None:
    _read_from_billcom(company, clock)
    _bank(company)
    Cursor.objects.create(company=company, side=Side.QBO, kind="", read_to=clock())
    accounts = SyncedObject.objects.of(company, "account").count()
    roles = set(GLMapping.objects.filter(company=company).exclude(role=GLRole.BANK_ACCOUNT).values_list("pk"))

    _connect_billcom(company, user, other, clock)

    company.refresh_from_db()
    assert company.setup_step == SetupStep.MAP_BANKS
    assert not SyncedObject.objects.filter(company=company, billcom_id__isnull=False).exists()
    assert SyncedObject.objects.of(company, "account").count() == accounts
    assert set(GLMapping.objects.filter(company=company).values_list("pk")) == roles
    assert set(Cursor.objects.filter(company=company).values_list("side", flat=True)) == {Side.QBO}


def test_a_waiting_import_outlives_another_bill_organization(
    loaded: dict[str, Any], user: User, other: dict[str, Any], clock: Clock
) -> None:
    company = connect(loaded)
    waiting = runs.request_run(company, trigger=Trigger.SETUP, scope=RunScope.ACCOUNTS, now=clock())
    _connect_billcom(company, user, other, clock)
    company.refresh_from_db()
    assert company.setup_step == SetupStep.IMPORT_ACCOUNTS
    assert SyncRun.objects.filter(pk=waiting.pk).exists()


def test_the_same_bill_organization_keeps_everything(
    company: Company, user: User, loaded: dict[str, Any], clock: Clock
) -> None:
    _read_from_billcom(company, clock)
    _bank(company)
    before = _state(company)
    _connect_billcom(company, user, loaded, clock)
    assert _state(company) == before


def _refused(company: Company, user: User, other: dict[str, Any], clock: Clock, why: str) -> None:
    before = _state(company)
    held = list(company.connections.order_by("pk").values_list("pk", "remote_id", "state"))
    for again in (_connect_qbo, _connect_billcom):
        with pytest.raises(ServiceError) as refusal:
            again(company, user, other, clock)
        assert why in refusal.value.message
        assert "set up a new company" in refusal.value.message
    assert _state(company) == before
    assert list(company.connections.order_by("pk").values_list("pk", "remote_id", "state")) == held


def test_what_is_in_step_binds_the_company(company: Company, user: User, other: dict[str, Any], clock: Clock) -> None:
    synced(company, clock)
    assert linked(company, "vendor")
    _refused(company, user, other, clock, "in step")


@pytest.mark.parametrize(
    ("state", "why"), [(OperationState.IN_DOUBT, "still being written"), (OperationState.DONE, "have been written")]
)
def test_what_was_written_binds_the_company(
    company: Company, user: User, other: dict[str, Any], clock: Clock, state: str, why: str
) -> None:
    Operation.objects.create(
        id=uuid.uuid4(), company=company, kind="vendor", side=Side.QBO, verb=Verb.CREATE, state=state, payload={}
    )
    _refused(company, user, other, clock, why)


def test_a_sync_under_way_keeps_its_companies(
    company: Company, user: User, other: dict[str, Any], clock: Clock
) -> None:
    run = SyncRun.objects.create(company=company, trigger=Trigger.PERSON, state=RunState.RUNNING)
    _refused(company, user, other, clock, "under way")
    # A worker that has just taken the company has not yet written that it runs.
    SyncRun.objects.filter(pk=run.pk).update(state=RunState.WAITING)
    owner = uuid.uuid4()
    fence = Company.objects.take_lease(company.pk, owner, timedelta(minutes=5))
    assert fence is not None
    _refused(company, user, other, clock, "under way")
    Company.objects.give_back_lease(company.pk, owner, fence)
    assert _connect_qbo(company, user, other, clock).remote_id == other["qbo"]["realm_id"]


def test_one_company_there_belongs_to_one_company_here(
    company: Company, user: User, loaded: dict[str, Any], clock: Clock
) -> None:
    second = setup.make_company(name="Second", firm=None, signed_up_on=clock().date())
    for again in (_connect_qbo, _connect_billcom):
        with pytest.raises(ServiceError, match="already connected to another company"):
            again(second, user, loaded, clock)
    assert not second.connections.exists()


def test_a_step_taken_meanwhile_is_not_taken_back(
    loaded: dict[str, Any], company: Company, user: User, clock: Clock
) -> None:
    stale = Company.objects.get(pk=company.pk)
    Company.objects.filter(pk=company.pk).update(setup_step=SetupStep.DONE)
    _connect_billcom(stale, user, loaded, clock)
    company.refresh_from_db()
    assert (company.setup_step, stale.setup_step) == (SetupStep.DONE, SetupStep.DONE)


def test_disconnecting_withdraws_the_last_token(
    sandbox: Sandbox, loaded: dict[str, Any], user: User, clock: Clock
) -> None:
    """The page was opened before a renewal changed the refresh token."""
    company = connect(loaded)
    opened = Connection.objects.get(company=company, side=Side.QBO)
    held = opened.credentials
    Connection.objects.filter(pk=opened.pk).update(credentials={"access": "a", "refresh": "gone"})
    opened.refresh_from_db()
    Connection.objects.filter(pk=opened.pk).update(credentials=held, renewing_until=clock() + remotes.CLAIM)
    sandbox.clear_calls()
    connections.disconnect(opened, user, now=clock())
    assert [call["status"] for call in sandbox.calls() if call["path"].endswith("tokens/revoke")] == [200]
    after = Connection.objects.get(pk=opened.pk)
    assert (after.state, after.credentials, after.renewing_until) == (ConnectionState.DISCONNECTED, None, None)


def test_disconnecting_leaves_a_sign_in_alone_that_was_made_meanwhile(
    loaded: dict[str, Any], user: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While Intuit answers, somebody connects it again."""
    company = connect(loaded)
    opened = Connection.objects.get(company=company, side=Side.QBO)
    anew = {"access": "a2", "refresh": "r2"}
    revoke = oauth.revoke

    def revoke_slowly(*given: Any) -> None:
        revoke(*given)
        Connection.objects.filter(pk=opened.pk).update(credentials=anew)

    monkeypatch.setattr(oauth, "revoke", revoke_slowly)
    with pytest.raises(ServiceError, match="at the same moment"):
        connections.disconnect(opened, user, now=clock())
    after = Connection.objects.get(pk=opened.pk)
    assert (after.state, after.credentials) == (ConnectionState.CONNECTED, anew)


@pytest.mark.parametrize(
    ("sign_in", "entered"),
    [("sync-token", "sync token's name"), ("user", "user's e-mail"), ("console", "API token")],
)
def test_a_refused_sign_in_to_bill_names_what_was_entered(
    user: User, sandbox: Sandbox, loaded: dict[str, Any], clock: Clock, sign_in: str, entered: str
) -> None:
    company = Company.objects.create(name="Northfield Dental")
    with pytest.raises(ServiceError, match=entered):
        connections.connect_billcom(
            company,
            user,
            sign_in=sign_in,
            username=loaded["billcom"]["sync_token_name"],
            password="not the value",
            organization_id=loaded["billcom"]["organization_id"],
            developer_key=loaded["billcom"]["developer_key"],
            now=clock(),
        )
    assert not Connection.objects.filter(company=company).exists()


def _accountant(sandbox: Sandbox, shown: dict[str, Any]) -> tuple[str, str]:
    """A user with the role Accountant: the e-mail and the password."""
    organization = shown["billcom"]["organization_id"]
    users = sandbox.books("billcom", organization)["users"]
    return next(each["email"] for each in users if each["role"]["type"] == "ACCOUNTANT"), shown["billcom"]["password"]


@pytest.mark.parametrize("sign_in", ["console", "user"])
def test_an_accountant_connects_and_syncs(
    loaded: dict[str, Any], user: User, clock: Clock, sandbox: Sandbox, sign_in: str
) -> None:
    """The organization's details are for administrators only; its name is told by the list of organizations."""
    company = setup.make_company(name="Oak & Co", firm=None, signed_up_on=clock().date())
    billcom = loaded["billcom"]
    entered = {
        "console": (billcom["console_email"], billcom["console_api_token"]),
        "user": _accountant(sandbox, loaded),
    }
    username, password = entered[sign_in]

    connection = connections.connect_billcom(
        company,
        user,
        sign_in=sign_in,
        username=username,
        password=password,
        organization_id=billcom["organization_id"],
        developer_key=billcom["developer_key"],
        now=clock(),
    )

    assert (connection.remote_name, connection.state) == (loaded["name"], ConnectionState.CONNECTED)
    assert "ccountant" in connection.role
    _connect_qbo(company, user, loaded, clock)
    assert import_accounts(company, clock).state == RunState.DONE
    company.refresh_from_db()
    choose_accounts(company)
    synced(company, clock)
    in_quickbooks = {each["Id"] for each in sandbox.books("qbo", loaded["qbo"]["realm_id"])["Vendor"]}
    vendors = linked(company, "vendor")
    assert vendors and {each.qbo_id for each in vendors} <= in_quickbooks


def test_a_name_that_nobody_tells_keeps_nobody_out(
    loaded: dict[str, Any], user: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = setup.make_company(name="Oak & Co", firm=None, signed_up_on=clock().date())
    monkeypatch.setattr(BillcomGateway, "organizations", lambda gateway: [{"id": "elsewhere", "name": "Other"}])
    billcom = loaded["billcom"]
    connection = connections.connect_billcom(
        company,
        user,
        sign_in="console",
        username=billcom["console_email"],
        password=billcom["console_api_token"],
        organization_id=billcom["organization_id"],
        developer_key=billcom["developer_key"],
        now=clock(),
    )
    assert (connection.state, connection.remote_name) == (ConnectionState.CONNECTED, "")


def test_the_demonstration_connects_a_firms_client_through_the_console(
    loaded: dict[str, Any], user: User, clock: Clock, settings: Any
) -> None:
    settings.BILLCOM_DEVELOPER_KEY = ""
    company = setup.make_company(name="Oak & Co", firm=None, signed_up_on=clock().date())
    demo.set_up(company, user, loaded, now=clock())
    found = Connection.objects.get(company=company, side=Side.BILLCOM)
    assert (found.sign_in, found.remote_name) == ("console", loaded["name"])
