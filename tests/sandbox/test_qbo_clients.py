"""Clients that know nothing of us, held against the simulated QuickBooks over HTTP: python-quickbooks, intuit-oauth."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from intuitlib.client import AuthClient
from intuitlib.enums import Scopes
from intuitlib.exceptions import AuthClientError
from quickbooks import QuickBooks
from quickbooks.batch import batch_create, batch_delete, batch_update
from quickbooks.cdc import change_data_capture
from quickbooks.exceptions import (
    AuthorizationException,
    ObjectNotFoundException,
    QuickbooksException,
    ValidationException,
)
from quickbooks.objects.account import Account
from quickbooks.objects.attachable import Attachable
from quickbooks.objects.base import AttachableRef, EmailAddress, PhoneNumber
from quickbooks.objects.bill import Bill
from quickbooks.objects.billpayment import BillPayment, BillPaymentLine, CheckPayment
from quickbooks.objects.company_info import CompanyInfo
from quickbooks.objects.customer import Customer
from quickbooks.objects.department import Department
from quickbooks.objects.detailline import (
    AccountBasedExpenseLine,
    AccountBasedExpenseLineDetail,
    ItemBasedExpenseLine,
    ItemBasedExpenseLineDetail,
    SalesItemLine,
    SalesItemLineDetail,
)
from quickbooks.objects.invoice import Invoice
from quickbooks.objects.item import Item
from quickbooks.objects.payment import Payment, PaymentLine
from quickbooks.objects.preferences import Preferences
from quickbooks.objects.term import Term
from quickbooks.objects.trackingclass import Class
from quickbooks.objects.vendor import Vendor
from quickbooks.objects.vendorcredit import VendorCredit

from tests.sandbox.qbo_client import COMPANY
from tests.support.sandbox import Sandbox, sandbox

__all__ = ["sandbox"]

BACK = "http://127.0.0.1:9/callback"
DATA = {"name": "Harbour Works", "console": True, "signed_up_on": "2020-01-01", "qbo": COMPANY, "billcom": {}}

Json = dict[str, Any]


@pytest.fixture
def company(sandbox: Sandbox) -> Iterator[Json]:
    sandbox.switch(enforce_limits=False)
    yield sandbox.load(data=DATA)["qbo"]
    sandbox.switch(enforce_limits=True, qbo_refresh_rotation_hours=24, qbo_double_refresh_revokes=False)
    sandbox.clear_faults()
    sandbox.clock(real=True)


def auth_client(sandbox: Sandbox, company: Json, **more: Any) -> AuthClient:
    discovery = f"{sandbox.url}/qbo/.well-known/openid_configuration"
    client = AuthClient(company["client_id"], company["client_secret"], BACK, discovery, **more)
    client.trust_env = False
    return client


@pytest.fixture
def auth(sandbox: Sandbox, company: Json) -> Iterator[AuthClient]:
    tokens = {"access_token": company["access_token"], "refresh_token": company["refresh_token"]}
    client = auth_client(sandbox, company, **tokens)
    yield client
    client.close()


@pytest.fixture
def qb(sandbox: Sandbox, company: Json, auth: AuthClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[QuickBooks]:
    # The library under it wants https, which the sandbox on the loopback has not.
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    client = QuickBooks(
        auth_client=auth,
        refresh_token=company["refresh_token"],
        company_id=company["realm_id"],
        minorversion=75,
        use_decimal=True,
    )
    client.api_url_v3 = f"{sandbox.url}/qbo/v3"
    client.session.trust_env = False
    yield client
    client.session.close()


def account(qb: QuickBooks, id: str) -> Any:
    return Account.get(id, qb=qb).to_ref()


def new_bill(qb: QuickBooks, amount: Decimal, vendor: str = "20", number: str = "") -> Bill:
    line = AccountBasedExpenseLine()
    line.Amount = amount
    line.AccountBasedExpenseLineDetail = AccountBasedExpenseLineDetail()
    line.AccountBasedExpenseLineDetail.AccountRef = account(qb, "5")
    bill = Bill()
    bill.VendorRef = Vendor.get(vendor, qb=qb).to_ref()
    bill.DocNumber = number
    bill.Line = [line]
    return bill


class TestRecords:
    def test_a_vendor_is_made_read_changed_and_found(self, qb: QuickBooks) -> None:
        vendor = Vendor()
        vendor.DisplayName = "Cedar Print"
        vendor.PrimaryEmailAddr = EmailAddress()
        vendor.PrimaryEmailAddr.Address = "mail@cedar.example"
        vendor.PrimaryPhone = PhoneNumber()
        vendor.PrimaryPhone.FreeFormNumber = "555 0100"
        made = vendor.save(qb=qb)
        assert (made.SyncToken, made.Balance) == ("0", 0)

        made.CompanyName = "Cedar & Sons"
        assert made.save(qb=qb).SyncToken == "1"
        found = Vendor.filter(DisplayName="Cedar Print", Active=True, qb=qb)
        assert [each.CompanyName for each in found] == ["Cedar & Sons"]
        assert found[0].PrimaryEmailAddr.Address == "mail@cedar.example"
        assert Vendor.count("DisplayName LIKE 'cedar%'", qb=qb) == 1

    def test_lists(self, qb: QuickBooks) -> None:
        assert {each.Name for each in Account.all(qb=qb)} >= {"Checking", "Rent", "Savings"}
        assert [each.Name for each in Item.all(order_by="Name", qb=qb)] == ["Bolt", "Hours"]
        assert [each.DisplayName for each in Customer.choose(["30", "31"], qb=qb)] == ["Coast Hotel", "Kitchen"]
        assert Department.all(qb=qb)[0].Name == "Main Street"
        assert Term.query("SELECT * FROM Term", qb=qb)[0].DueDays == 30
        assert CompanyInfo.all(qb=qb)[0].CompanyName == "Harbour Works"
        assert Preferences.get(qb=qb).AccountingInfoPrefs.TrackDepartments is True

    def test_an_account_and_a_class(self, qb: QuickBooks) -> None:
        made = Account()
        made.Name, made.AccountType, made.AcctNum = "Postage", "Expense", "6100-200-10"
        assert made.save(qb=qb).FullyQualifiedName == "Postage"
        parent = Class.all(qb=qb)[0]
        child = Class()
        child.Name, child.ParentRef, child.SubClass = "East", parent.to_ref(), True
        assert child.save(qb=qb).FullyQualifiedName == "North:East"

    def test_what_is_refused_is_told(self, qb: QuickBooks) -> None:
        vendor = Vendor()
        vendor.DisplayName = "Acme"
        with pytest.raises(QuickbooksException) as taken:
            vendor.save(qb=qb)
        assert taken.value.error_code == 6240
        with pytest.raises(ObjectNotFoundException):
            Bill.get("999", qb=qb)
        with pytest.raises(ValidationException):
            Vendor.query("SELECT * FROM Shoe", qb=qb)
        stale = Vendor.get("20", qb=qb)
        Vendor.get("20", qb=qb).save(qb=qb)
        with pytest.raises(QuickbooksException) as refused:
            stale.save(qb=qb)
        assert refused.value.error_code == 5010

    def test_the_same_request_writes_once(self, qb: QuickBooks) -> None:
        vendor = Vendor()
        vendor.DisplayName = "Cedar Print"

        assert vendor.save(qb=qb, request_id="r1").Id == vendor.save(qb=qb, request_id="r1").Id

    def test_a_token_that_ended(self, qb: QuickBooks, sandbox: Sandbox) -> None:
        sandbox.fault("qbo", "expire_token")
        with pytest.raises(AuthorizationException):
            Vendor.get("20", qb=qb)

        qb.auth_client.refresh()
        qb._start_session()
        qb.session.trust_env = False
        assert Vendor.get("20", qb=qb).DisplayName == "Acme"


class TestBooks:
    def test_a_bill_is_paid_and_the_payment_voided(self, qb: QuickBooks) -> None:
        bill = new_bill(qb, Decimal("100.50"), number="A-1").save(qb=qb)
        payment = BillPayment()
        payment.PayType, payment.TotalAmt = "Check", Decimal("100.50")
        payment.VendorRef = bill.VendorRef
        payment.CheckPayment = CheckPayment()
        payment.CheckPayment.BankAccountRef = account(qb, "1")
        line = BillPaymentLine()
        line.Amount, line.LinkedTxn = Decimal("100.50"), [bill.to_linked_txn()]
        payment.Line = [line]
        paid = payment.save(qb=qb)

        found = Bill.get(bill.Id, qb=qb)
        assert (found.Balance, found.LinkedTxn[0].TxnId) == (0, paid.Id)
        paid.void(qb=qb)
        again = BillPayment.get(paid.Id, qb=qb)
        assert (again.TotalAmt, again.Line, again.PrivateNote) == (0, [], "Voided")
        assert Bill.get(bill.Id, qb=qb).Balance == Decimal("100.50")

    def test_a_bill_changes_and_is_deleted(self, qb: QuickBooks) -> None:
        bill = new_bill(qb, Decimal(10)).save(qb=qb)
        item = ItemBasedExpenseLine()
        item.Amount = Decimal("25.50")
        item.ItemBasedExpenseLineDetail = ItemBasedExpenseLineDetail()
        item.ItemBasedExpenseLineDetail.ItemRef = Item.get("2", qb=qb).to_ref()
        item.ItemBasedExpenseLineDetail.Qty, item.ItemBasedExpenseLineDetail.UnitPrice = 3, Decimal("8.50")
        bill.Line.append(item)
        changed = bill.save(qb=qb)
        assert (changed.TotalAmt, changed.SyncToken, len(changed.Line)) == (Decimal("35.50"), "1", 2)

        changed.delete(qb=qb)
        with pytest.raises(ObjectNotFoundException):
            Bill.get(bill.Id, qb=qb)

    def test_a_vendor_credit(self, qb: QuickBooks) -> None:
        credit = VendorCredit()
        credit.VendorRef, credit.Line = Vendor.get("20", qb=qb).to_ref(), new_bill(qb, Decimal(30)).Line

        assert credit.save(qb=qb).TotalAmt == 30
        assert Vendor.get("20", qb=qb).Balance == -30

    def test_an_invoice_is_paid(self, qb: QuickBooks) -> None:
        line = SalesItemLine()
        line.Amount, line.SalesItemLineDetail = 100, SalesItemLineDetail()
        line.SalesItemLineDetail.ItemRef = Item.get("1", qb=qb).to_ref()
        line.SalesItemLineDetail.Qty, line.SalesItemLineDetail.UnitPrice = 1, 100
        line.SalesItemLineDetail.ServiceDate = None
        invoice = Invoice()
        invoice.CustomerRef, invoice.Line = Customer.get("30", qb=qb).to_ref(), [line]
        made = invoice.save(qb=qb)
        assert (made.TotalAmt, made.Balance) == (100, 100)

        payment, paying = Payment(), PaymentLine()
        payment.CustomerRef, payment.TotalAmt = made.CustomerRef, 100
        paying.Amount, paying.LinkedTxn = 100, [made.to_linked_txn()]
        payment.Line = [paying]
        assert payment.save(qb=qb).UnappliedAmt == 0
        assert Invoice.get(made.Id, qb=qb).Balance == 0

    def test_an_attachment(self, qb: QuickBooks) -> None:
        bill = new_bill(qb, Decimal(10)).save(qb=qb)
        file, ref = Attachable(), AttachableRef()
        ref.EntityRef = bill.to_ref()
        file.AttachableRef = [ref]
        file.FileName, file.ContentType, file._FileBytes = "bill.txt", "text/plain", b"hello"
        made = file.save(qb=qb)

        assert made.FileName == "bill.txt"
        assert [each.Size for each in Attachable.all(qb=qb)] == [5]


class TestBulk:
    def test_a_batch_of_creates_updates_and_deletes(self, qb: QuickBooks) -> None:
        bills = [new_bill(qb, Decimal(number)) for number in (1, 2, 3)]
        made = batch_create(bills, qb=qb)
        assert [each.TotalAmt for each in made.successes] == [1, 2, 3]

        for bill in made.successes:
            bill.PrivateNote = "checked"
        made.successes[0].SyncToken = "9"
        changed = batch_update(made.successes, qb=qb)
        assert [each.PrivateNote for each in changed.successes] == ["checked"] * 2
        assert [fault.Error[0].code for fault in changed.faults] == ["5010"]
        deleted = batch_delete(changed.successes, qb=qb)
        assert len(deleted.successes) == 2
        assert Bill.count(qb=qb) == 1

    def test_changes_are_told(self, qb: QuickBooks) -> None:
        bill = new_bill(qb, Decimal(5)).save(qb=qb)
        new_bill(qb, Decimal(6)).save(qb=qb).delete(qb=qb)
        since = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
        changes = change_data_capture([Bill, Vendor, Term], since, qb=qb)

        assert [(each.Id, each.to_dict().get("status")) for each in changes.Bill] == [
            (bill.Id, None),
            (str(int(bill.Id) + 1), "Deleted"),
        ]
        assert {each.DisplayName for each in changes.Vendor} == {"Acme", "Birch Supply"}

    def test_the_limits(self, qb: QuickBooks, sandbox: Sandbox) -> None:
        sandbox.switch(enforce_limits=True)
        time.sleep(1)
        with pytest.raises(QuickbooksException, match="429"):
            for _ in range(60):
                Vendor.get("20", qb=qb)


class TestSigningIn:
    def connected(self, sandbox: Sandbox, company: Json, address: str, role: str) -> requests.Response:
        """What a person does in a browser, without looking at the pages."""
        asked = dict(parse_qsl(urlsplit(address).query))
        email = next(user["email"] for user in company["users"] if user["role"] == role)
        with requests.Session() as browser:
            browser.trust_env = False
            signed = {"step": "sign-in", "email": email, "password": company["password"]}
            page = browser.post(address, data={**asked, **signed}, timeout=30)
            ticket = page.text.partition('name="ticket" value="')[2].partition('"')[0]
            chosen = {"step": "connect", "ticket": ticket, "realm": company["realm_id"]}
            return browser.post(address, data=asked | chosen, timeout=30, allow_redirects=False)

    def test_the_whole_way(self, sandbox: Sandbox, company: Json) -> None:
        client = auth_client(sandbox, company)
        address = client.get_authorization_url([Scopes.ACCOUNTING, Scopes.OPENID, Scopes.EMAIL])
        back = self.connected(sandbox, company, address, "Company Admin")
        answer = dict(parse_qsl(urlsplit(back.headers["location"]).query))
        assert (answer["state"], answer["realmId"]) == (client.state_token, company["realm_id"])

        client.get_bearer_token(answer["code"], realm_id=answer["realmId"])
        assert client.expires_in == 3600
        assert client.get_user_info().json()["email"].startswith("admin@")
        old = client.access_token
        client.refresh()
        assert client.access_token != old
        assert client.revoke()
        with pytest.raises(AuthClientError) as refused:
            client.refresh()
        assert refused.value.status_code == 400
        client.close()

    def test_a_clerk_is_turned_away(self, sandbox: Sandbox, company: Json) -> None:
        client = auth_client(sandbox, company)
        address = client.get_authorization_url([Scopes.ACCOUNTING])
        page = self.connected(sandbox, company, address, "Standard User")

        assert page.status_code == 200
        client.close()

    def test_a_refresh_token_is_used_by_one_only(self, sandbox: Sandbox, auth: AuthClient) -> None:
        sandbox.switch(qbo_refresh_rotation_hours=0)
        old = auth.refresh_token
        auth.refresh()
        assert auth.refresh_token != old
        with pytest.raises(AuthClientError, match="invalid_grant|400"):
            auth.refresh(refresh_token=old)

    def test_a_wrong_secret(self, sandbox: Sandbox, company: Json) -> None:
        client = auth_client(sandbox, {**company, "client_secret": "guess"}, refresh_token=company["refresh_token"])
        with pytest.raises(AuthClientError) as refused:
            client.refresh()

        assert refused.value.status_code == 401
        client.close()
