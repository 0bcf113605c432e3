"""Attachments of the simulated QuickBooks, faults made on purpose, and what survives a restart."""

from __future__ import annotations

from typing import Any

import pytest

from syncapp.sandbox.http import Request, decode, encode
from syncapp.sandbox.qbo import Qbo
from tests.sandbox.qbo_client import Caller, Json, account_line, bill, check, gone, invoice, link, sparse


@pytest.fixture
def caller() -> Caller:
    return Caller()


class TestFiles:
    NOTE: Json = {"Note": "signed", "AttachableRef": [{"EntityRef": {"type": "Bill", "value": "1"}}]}

    def upload(self, caller: Caller, name: str, content: bytes, meta: Json) -> Any:
        body = (
            b'--B\r\nContent-Disposition: form-data; name="file_metadata_0"\r\nContent-Type: application/json\r\n\r\n'
            + encode(meta)
            + f'\r\n--B\r\nContent-Disposition: form-data; name="file_content_0"; filename="{name}"\r\n'.encode()
            + b"Content-Type: text/plain\r\n\r\n"
            + content
            + b"\r\n--B--\r\n"
        )
        sent = {"content-type": "multipart/form-data; boundary=B"}
        response = caller.send("POST", "upload", body, headers=sent)
        return decode(response.body)["AttachableResponse"][0]

    def test_a_note(self, caller: Caller) -> None:
        made = caller.post("Attachable", self.NOTE)

        found = "select * from Attachable where AttachableRef.EntityRef.Type = 'bill' and "
        assert caller.ids(found + "AttachableRef.EntityRef.value = '1'") == [made["Id"]]
        assert caller.ids(found + "AttachableRef.EntityRef.value = '2'") == []
        assert caller.code("Attachable", sparse(made, Note="x")) == "500"
        assert caller.code("Attachable", {"Category": "Other"}) == "2020"
        caller.post("Attachable", gone(made), operation="delete")
        assert caller.query("select * from Attachable") == {}

    def test_a_file_goes_up_and_comes_down(self, caller: Caller) -> None:
        made = self.upload(caller, "bill.txt", b"hello\r\n", self.NOTE)["Attachable"]
        assert (made["FileName"], made["Size"], made["ContentType"]) == ("bill.txt", 7, "text/plain")

        address = caller.send("GET", f"download/{made['Id']}").body.decode()
        path, _, until = address.removeprefix("http://localhost:80/qbo").partition("?until=")
        assert caller.qbo.handle(Request("GET", path, {"until": until})).body == b"hello\r\n"
        caller.clock.advance(901)
        assert caller.qbo.handle(Request("GET", path, {"until": until})).status == 403

    def test_not_every_type_is_taken(self, caller: Caller) -> None:
        assert self.upload(caller, "page.html", b"x", {})["Fault"]["Error"][0]["code"] == "6041"


class TestMischief:
    def misbehave(self, caller: Caller, kind: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {caller.token}", "accept": "application/json"}
        whole = f"/v3/company/{caller.realm}/{path}"
        request = Request(method, whole, {}, headers, encode(body) if body is not None else b"")
        response = caller.qbo.misbehave(kind, request, lambda: caller.qbo.handle(request))
        return response.status, decode(response.body)

    def test_a_version_moves_under_a_write(self, caller: Caller) -> None:
        change = {"Id": "20", "SyncToken": "0", "sparse": True, "AcctNum": "1"}
        status, answer = self.misbehave(caller, "stale_token", "POST", "vendor", change)
        assert (status, answer["Fault"]["Error"][0]["code"]) == (400, "5010")

        batch = {"BatchItemRequest": [{"bId": "1", "operation": "update", "Vendor": {**change, "SyncToken": "1"}}]}
        _, answer = self.misbehave(caller, "stale_token", "POST", "batch", batch)
        assert answer["BatchItemResponse"][0]["Fault"]["Error"][0]["code"] == "5010"

    def test_a_token_ends(self, caller: Caller) -> None:
        status, answer = self.misbehave(caller, "expire_token", "GET", "vendor/20")

        assert (status, answer["fault"]["error"][0]["code"], answer["fault"]["type"]) == (401, "3200", "AUTHENTICATION")

    def test_consent_is_withdrawn(self, caller: Caller) -> None:
        status, answer = self.misbehave(caller, "revoke_consent", "GET", "vendor/20")

        assert (status, answer["fault"]["error"][0]["code"]) == (403, "3100")

    @pytest.mark.parametrize("wanted", [400, 401])
    def test_the_one_who_connected_is_no_administrator_any_more(self, caller: Caller, wanted: int) -> None:
        caller.switches.qbo_lost_access_status = wanted
        status, answer = self.misbehave(caller, "demote_user", "GET", "vendor/20")

        assert (status, answer["Fault"]["Error"][0]["code"]) == (wanted, "120")

    def test_a_fault_with_status_200(self, caller: Caller) -> None:
        status, answer = self.misbehave(caller, "fault_in_200", "POST", "vendor", {"DisplayName": "Cedar"})

        assert (status, answer["Fault"]["Error"][0]["code"]) == (200, "10000")
        assert caller.query("select count(*) from Vendor") == {"totalCount": 2}

    def test_links_fall_off(self, caller: Caller) -> None:
        made = caller.post("Bill", bill())
        payload = check(100, link(100, "Bill", made["Id"]))
        status, answer = self.misbehave(caller, "drop_link", "POST", "billpayment", payload)

        assert (status, answer["BillPayment"]["Line"]) == (200, [])


def test_everything_survives_a_restart() -> None:
    before = Caller()
    paid = before.post("Bill", bill(DocNumber="7"))
    before.post("BillPayment", check(60, link(60, "Bill", paid["Id"])), requestid="r1")
    before.post("Invoice", invoice())
    lost = before.post("Bill", bill())
    before.post("Bill", gone(lost), operation="delete")
    before.post("Vendor", {"DisplayName": "Cedar"})

    after = Caller()
    after.qbo = Qbo(before.clock, before.switches, after.events.append)
    after.qbo.restore(decode(encode(before.qbo.dump())))
    after.clock, after.realm, after.token = before.clock, before.realm, before.token

    assert after.qbo.books(after.realm) == before.qbo.books(before.realm)
    assert after.qbo.trial_balance(after.realm) == before.qbo.trial_balance(before.realm)
    changed = {"entities": "Bill,BillPayment,Vendor", "changedSince": "2026-01-05"}
    assert after.ask("GET", "cdc", **changed) == before.ask("GET", "cdc", **changed)
    assert after.code("Customer", {"DisplayName": "cedar"}) == "6240"
    assert after.post("BillPayment", check(60, link(60, "Bill", paid["Id"])), requestid="r1")["Id"] == "2"
    assert after.post("Bill", bill())["Id"] == before.post("Bill", bill())["Id"]
    paying = after.read("BillPayment", "2")
    after.post("BillPayment", gone(paying), operation="delete")
    assert after.read("Bill", paid["Id"])["Balance"] == 100


def test_a_company_of_nothing_can_be_worked_in() -> None:
    caller = Caller({})
    vendor = caller.post("Vendor", {"DisplayName": "Acme"})
    account = caller.post("Account", {"Name": "Rent", "AccountType": "Expense"})
    made = caller.post("Bill", bill(account_line(5, account=account["Id"]), vendor=vendor["Id"]))

    assert made["APAccountRef"]["name"] == "Accounts Payable (A/P)"
    assert caller.qbo.companies() == [(caller.realm, "Harbour Works")]
