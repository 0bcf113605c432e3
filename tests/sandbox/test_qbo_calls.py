"""The calls of the simulated QuickBooks besides single records: query, changes, batch, replays, limits, files."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from syncapp.sandbox.clock import Clock
from syncapp.sandbox.http import Request, decode, encode
from syncapp.sandbox.qbo import Qbo
from syncapp.sandbox.qbo.query import parse
from syncapp.sandbox.switches import Switches
from tests.sandbox.qbo_client import NOON, Caller, Json, account_line, bill, check, gone, invoice, link, sparse


@pytest.fixture
def caller() -> Caller:
    return Caller()


class TestQuery:
    @pytest.mark.parametrize(
        ("text", "ids"),
        [
            ("SELECT * FROM Vendor", ["20", "21"]),
            ("select * from vendor where displayname = 'ACME'", ["20"]),
            ("select * from Vendor where DisplayName like '%sup%'", ["21"]),
            ("select * from Vendor where DisplayName like 'sup%'", []),
            ("select * from Vendor where DisplayName in ('Acme', 'Nobody', 'birch supply')", ["20", "21"]),
            ("select * from Vendor where Id in ('21', '20', '20')", ["20", "21"]),
            ("select * from Vendor where Id = 21", ["21"]),
            ("select * from Vendor ORDERBY DisplayName DESC", ["21", "20"]),
            ("select * from Vendor order by DisplayName asc, Id desc", ["20", "21"]),
            ("select * from Vendor startposition 2 maxresults 1", ["21"]),
            ("select * from Vendor maxresults 1 startposition 3", []),
            ("select *, Sku from Item where Type = 'Service'", ["1"]),
            ("select Id, DisplayName from Vendor where Id = '20';", ["20"]),
            ("select * from Account where AccountType = 'Bank' and Name < 'D'", ["1"]),
            ("select * from Account where AcctNum = ' ' and AccountType = 'Expense'", ["5"]),
            ("select * from Account where Active = false", ["9"]),
            ("select * from Account where Active in (true, false) and AccountType = 'Expense'", ["5", "9"]),
            ("select * from Customer where Job = true", ["31"]),
            ("select * from Customer where ParentRef = '30'", ["31"]),
            ("select * from Customer where FullyQualifiedName = 'coast hotel:kitchen'", ["31"]),
            ("select * from Vendor where (MetaData.CreateTime >= '2026-01-05')", ["20", "21"]),
            ("select * from Vendor where Metadata.LastUpdatedTime > '2026-01-05T12:00:00-08:00'", []),
            ("select * from Vendor where MetaData.LastUpdatedTime > '2026-01-05T11:59:59-0800'", ["20", "21"]),
            ("select * from Vendor where MetaData.LastUpdatedTime >= '2026-01-05T20:00:00Z'", ["20", "21"]),
            ("select * from Preferences", ["1"]),
            ("select * from CompanyInfo", ["1"]),
        ],
    )
    def test_finds(self, caller: Caller, text: str, ids: list[str]) -> None:
        assert caller.ids(text) == ids

    def test_amounts_dates_and_references(self, caller: Caller) -> None:
        caller.post("Bill", bill(account_line(100), TxnDate="2026-01-05", DocNumber="A'1"))
        caller.post("Bill", bill(account_line("99.50"), TxnDate="2026-01-02", vendor="21"))

        assert caller.ids("select * from Bill where TotalAmt > '99.5'") == ["1"]
        assert caller.ids("select * from Bill where TotalAmt <= 99.50") == ["2"]
        assert caller.ids("select * from Bill where Balance > '0' ORDERBY TxnDate") == ["2", "1"]
        assert caller.ids("select * from Bill where VendorRef = '21'") == ["2"]
        assert caller.ids("select * from Bill where TxnDate = CURRENT_DATE") == ["1"]
        assert caller.ids(r"select * from Bill where DocNumber = 'A\'1'") == ["1"]

    def test_the_frame_of_an_answer(self, caller: Caller) -> None:
        answer = caller.query("select * from Vendor startposition 2")
        assert (answer["startPosition"], answer["maxResults"]) == (2, 1)
        assert caller.query("select * from Bill") == {}
        assert caller.query("select count(*) from Account") == {"totalCount": 8}
        assert caller.query("select count(*) from Account where AccountType = 'Bank'") == {"totalCount": 2}

    def test_a_page_has_a_hundred_rows_unless_said(self, caller: Caller) -> None:
        for number in range(120):
            caller.post("Term", {"Name": f"Term {number}"})

        assert len(caller.ids("select * from Term")) == 100
        assert len(caller.ids("select * from Term maxresults 1000")) == 121

    def test_the_statement_may_be_posted(self, caller: Caller) -> None:
        answer = caller.ask("POST", "query", b"select * from Vendor where Id = '20'")

        assert answer["QueryResponse"]["Vendor"][0]["Id"] == "20"
        assert answer["time"]

    def test_the_newest_may_come_first(self, caller: Caller) -> None:
        caller.switches.qbo_newest_first = True

        assert caller.ids("select * from Vendor") == ["21", "20"]
        assert caller.ids("select * from Vendor orderby Id") == ["20", "21"]

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("", "4000"),
            ("select", "4000"),
            ("select * Vendor", "4000"),
            ("select * from Vendor where", "4000"),
            ("select * from Vendor where DisplayName", "4000"),
            ("select * from Vendor where DisplayName = Acme", "4000"),
            ("select * from Vendor where DisplayName = 'A' or DisplayName = 'B'", "4000"),
            ("select * from Vendor where DisplayName != 'A'", "4000"),
            ("select * from Vendor where DisplayName = 'it''s'", "4000"),
            ("select * from Vendor where DisplayName = 'unclosed", "4000"),
            ("select * from Vendor where DisplayName = 'a – b'", "4000"),
            ("select * from Vendor startposition x", "4000"),
            ("select * from Vendor group by Id", "4000"),
            ("delete from Vendor", "4000"),
            ("select * from Shoe", "4001"),
            ("select * from Vendor where Shoe = '1'", "4001"),
            ("select * from Vendor where BillAddr = '1'", "4001"),
            ("select * from Vendor where Id > '1'", "4001"),
            ("select * from Vendor where Balance = 'much'", "4001"),
            ("select * from Vendor where MetaData.CreateTime > 'soon'", "4001"),
            ("select * from Vendor orderby Shoe", "4001"),
            ("select * from Vendor maxresults 1001", "4001"),
            ("select * from Invoice where DepartmentRef = '1'", "4001"),
        ],
    )
    def test_refuses(self, caller: Caller, text: str, code: str) -> None:
        error = caller.refused("GET", "query", query=text)

        assert (error["code"], error["type"]) == (code, "ValidationFault")

    def test_positions_count_from_one(self, caller: Caller) -> None:
        error = caller.refused("GET", "query", query="select * from Vendor startposition 0")

        assert error["Detail"] == "QueryValidationError: value 0 is too small. Min allowed value is 1"

    def test_accents_are_read(self, caller: Caller) -> None:
        made = caller.post("Vendor", {"DisplayName": "Café Noir"})

        assert caller.ids("select * from Vendor where DisplayName = 'café noir'") == [made["Id"]]
        assert parse("select * from Vendor").size == 100


class TestChanges:
    def since(self, caller: Caller, entities: str, **ago: float) -> list[Json]:
        moment = (caller.clock.now() - timedelta(**ago)).isoformat()
        answer = caller.ask("GET", "cdc", entities=entities, changedSince=moment)
        assert answer["time"]
        found: list[Json] = answer["CDCResponse"][0]["QueryResponse"]
        return found

    def test_what_changed(self, caller: Caller) -> None:
        caller.clock.advance(1800)
        made = caller.post("Bill", bill())
        lost = caller.post("Bill", bill())
        caller.clock.advance(60)
        caller.post("Bill", gone(lost), operation="delete")
        found = self.since(caller, "Bill,vendor,Term", minutes=15)

        stub = {
            "status": "Deleted",
            "domain": "QBO",
            "Id": lost["Id"],
            "MetaData": {"LastUpdatedTime": "2026-01-05T12:31:00-08:00"},
        }
        assert found[0] == {"Bill": [made, stub], "startPosition": 1, "maxResults": 2, "totalCount": 2}
        assert [row["Id"] for row in found[1]["Vendor"]] == ["20"]
        assert len(found) == 2

    def test_nothing(self, caller: Caller) -> None:
        caller.clock.advance(1800)

        assert self.since(caller, "Bill,Vendor", minutes=1) == [{}]

    def test_the_second_itself(self, caller: Caller) -> None:
        assert len(self.since(caller, "Vendor", seconds=0)[0]["Vendor"]) == 2
        caller.switches.qbo_cdc_inclusive = False
        assert self.since(caller, "Vendor", seconds=0) == [{}]

    def test_a_deactivated_vendor_is_told_whole(self, caller: Caller) -> None:
        caller.clock.advance(60)
        off = caller.sparse("Vendor", caller.read("Vendor", "20"), Active=False)

        assert self.since(caller, "Vendor", seconds=1)[0]["Vendor"] == [off]

    def test_settings_are_told(self, caller: Caller) -> None:
        caller.clock.advance(60)
        caller.qbo.person_save(caller.realm, "Preferences", {"AccountingInfoPrefs": {"TrackDepartments": False}})
        found = self.since(caller, "CompanyInfo,Preferences", seconds=1)

        assert [list(each)[0] for each in found] == ["Preferences"]

    def test_a_thousand_in_all(self, caller: Caller) -> None:
        for number in range(700):
            caller.post("Term", {"Name": f"Term {number}"})
            caller.post("Class", {"Name": f"Class {number}"})
        found = self.since(caller, "Term,Class", seconds=1)

        assert [len(found[0]["Term"]), len(found[1]["Class"])] == [701, 299]

    def test_changes_are_found_after_the_clock_was_put_back(self, caller: Caller) -> None:
        caller.sparse("Vendor", caller.read("Vendor", "20"), AcctNum="1")
        caller.clock.set(NOON - timedelta(days=2))
        caller.sparse("Vendor", caller.read("Vendor", "21"), AcctNum="1")

        assert {row["Id"] for row in self.since(caller, "Vendor", hours=1)[0]["Vendor"]} >= {"21"}

    @pytest.mark.parametrize(
        ("entities", "since"),
        [("TaxCode", "2026-01-05"), ("Shoe", "2026-01-05"), ("Bill", "soon"), ("Bill", "2025-12-01")],
    )
    def test_refuses(self, caller: Caller, entities: str, since: str) -> None:
        assert caller.refused("GET", "cdc", entities=entities, changedSince=since)["code"] == "4001"

    def test_thirty_days(self, caller: Caller) -> None:
        caller.switches.qbo_cdc_too_old_code = "5000"
        error = caller.refused("GET", "cdc", entities="Bill", changedSince="2025-12-06T11:59:59-08:00")

        assert (error["code"], "30 days" in error["Detail"]) == ("5000", True)
        assert caller.ask("GET", "cdc", entities="Bill", changedSince="2025-12-06T12:00:00-08:00")


class TestBatch:
    def run(self, caller: Caller, *items: Json, **query: str) -> list[Json]:
        answer = caller.ask("POST", "batch", {"BatchItemRequest": list(items)}, **query)
        found: list[Json] = answer["BatchItemResponse"]
        return found

    def test_each_item_has_its_outcome(self, caller: Caller) -> None:
        made = caller.post("Bill", bill())
        found = self.run(
            caller,
            {"bId": "1", "operation": "create", "Vendor": {"DisplayName": "Cedar"}},
            {"bId": "2", "operation": "delete", "Bill": gone({**made, "SyncToken": "7"})},
            {
                "bId": "3",
                "operation": "update",
                "Vendor": {"Id": "20", "SyncToken": "0", "sparse": True, "AcctNum": "1"},
            },
            {"bId": "4", "Query": "select * from Term"},
            {"bId": "5", "operation": "delete", "Bill": gone(made)},
            {"bId": "6", "operation": "create", "Shoe": {}},
            {"bId": "7", "operation": "revert", "Bill": gone(made)},
            {"bId": "8", "Query": "select"},
        )

        assert [item["bId"] for item in found] == list("12345678")
        assert found[0]["Vendor"]["SyncToken"] == "0"
        assert found[1]["Fault"]["Error"][0]["code"] == "5010"
        assert found[1]["Fault"]["type"] == "ValidationFault"
        assert found[2]["Vendor"]["AcctNum"] == "1"
        assert found[3]["QueryResponse"]["Term"][0]["Name"] == "Net 30"
        assert found[4]["Bill"]["status"] == "Deleted"
        assert [found[at]["Fault"]["Error"][0]["code"] for at in (5, 6, 7)] == ["2010", "500", "4000"]

    def test_thirty_items(self, caller: Caller) -> None:
        items = [{"bId": str(number), "Query": "select count(*) from Term"} for number in range(31)]

        assert len(self.run(caller, *items[:30])) == 30
        assert caller.refused("POST", "batch", {"BatchItemRequest": items})["code"] == "6000"
        assert caller.refused("POST", "batch", {})["code"] == "2020"

    def test_a_repeated_batch_is_answered_as_the_first(self, caller: Caller) -> None:
        items = [
            {"bId": "1", "operation": "create", "Vendor": {"DisplayName": "Cedar"}},
            {"bId": "2", "operation": "create", "Vendor": {"DisplayName": "Acme"}},
        ]
        first = self.run(caller, *items, requestid="abc")
        later = self.run(caller, *items, {"bId": "3", "operation": "create", "Term": {"Name": "x"}}, requestid="abc")

        assert later[:2] == first
        assert "Term" in later[2]
        assert caller.query("select count(*) from Vendor") == {"totalCount": 3}

    def test_a_payment_is_voided_by_its_option(self, caller: Caller) -> None:
        made = caller.post("Bill", bill())
        paid = caller.post("BillPayment", check(100, link(100, "Bill", made["Id"])))
        item = {"bId": "1", "operation": "update", "optionsData": "void", "BillPayment": sparse(paid)}

        assert self.run(caller, item)[0]["BillPayment"]["TotalAmt"] == 0

    def test_changes_in_a_batch(self, caller: Caller) -> None:
        asked = {"Entities": "Vendor", "ChangedSince": "2026-01-05T00:00:00Z"}
        found = self.run(caller, {"bId": "1", "CDCQuery": asked})

        assert len(found[0]["CDCResponse"][0]["QueryResponse"][0]["Vendor"]) == 2


class TestRequestIds:
    def test_the_same_id_writes_once(self, caller: Caller) -> None:
        first = caller.send("POST", "vendor", {"DisplayName": "Cedar"}, requestid="r1")
        caller.clock.advance(5)
        again = caller.send("POST", "vendor", {"DisplayName": "Cedar"}, requestid="r1")

        assert again.body == first.body
        assert caller.query("select count(*) from Vendor") == {"totalCount": 3}
        assert caller.code("Vendor", {"DisplayName": "Cedar"}, requestid="r2") == "6240"

    def test_another_body_is_replayed_or_refused(self, caller: Caller) -> None:
        caller.post("Vendor", {"DisplayName": "Cedar"}, requestid="r1")
        assert caller.post("Vendor", {"DisplayName": "Dune"}, requestid="r1")["DisplayName"] == "Cedar"

        caller.switches.qbo_requestid_mismatch = "refuse"
        assert caller.code("Vendor", {"DisplayName": "Dune"}, requestid="r1") == "6000"

    def test_it_is_forgotten_after_a_day(self, caller: Caller) -> None:
        caller.post("Vendor", {"DisplayName": "Cedar"}, requestid="r1")
        caller.switches.qbo_requestid_hours = 0
        caller.clock.advance(1)

        assert caller.code("Vendor", {"DisplayName": "Cedar"}, requestid="r1") == "6240"

    @pytest.mark.parametrize(("kept", "code"), [(False, "2500"), (True, "6240")])
    def test_a_refusal_is_tried_again_unless_switched(self, caller: Caller, kept: bool, code: str) -> None:
        caller.switches.qbo_requestid_keeps_faults = kept
        assert caller.code("Vendor", {"DisplayName": "Acme"}, requestid="r1") == "6240"

        fixed = {"DisplayName": "Dune", "TermRef": {"value": "99"}}
        assert caller.code("Vendor", fixed, requestid="r1") == code

    def test_its_length(self, caller: Caller) -> None:
        assert caller.code("Vendor", {"DisplayName": "Cedar"}, requestid="r" * 51) == "2050"
        assert caller.refused("POST", "batch", {"BatchItemRequest": []}, requestid="r" * 37)["code"] == "2050"


class TestLimits:
    def limited(self) -> Caller:
        caller = Caller()
        caller.switches.enforce_limits = True
        return caller

    def test_ten_a_second(self) -> None:
        caller = self.limited()
        statuses = [caller.send("GET", "vendor/20").status for _ in range(11)]
        assert statuses == [200] * 10 + [429]

        caller.clock.advance(1)
        assert caller.send("GET", "vendor/20").status == 200

    def test_the_refusal_has_shape_b(self) -> None:
        caller = self.limited()
        caller.switches.qbo_retry_after = True
        refused = [caller.send("GET", "vendor/20") for _ in range(11)][-1]
        fault = decode(refused.body)["fault"]

        assert fault["error"][0]["code"] == "3001"
        assert fault["error"][0]["message"].startswith("message=ThrottleExceeded; errorCode=003001")
        assert refused.headers["retry-after"] == "60"

    def test_five_hundred_a_minute_and_forty_batches(self) -> None:
        caller = self.limited()
        for _ in range(500):
            assert caller.send("GET", "vendor/20").status == 200
            caller.clock.advance(0.11)
        assert caller.send("GET", "vendor/20").status == 429

        caller = self.limited()
        for _ in range(40):
            assert caller.send("POST", "batch", {"BatchItemRequest": []}).status == 200
            caller.clock.advance(0.5)
        assert caller.send("POST", "batch", {"BatchItemRequest": []}).status == 429
        assert caller.send("GET", "vendor/20").status == 200

    def test_people_are_not_limited(self) -> None:
        caller = self.limited()
        for number in range(20):
            caller.qbo.person_save(caller.realm, "Vendor", {"DisplayName": f"Vendor {number}"})

    @pytest.mark.parametrize(
        ("method", "path", "metered"),
        [
            ("GET", "vendor/1", True),
            ("GET", "query", True),
            ("POST", "query", True),
            ("POST", "batch", True),
            ("GET", "cdc", True),
            ("GET", "download/1", True),
            ("POST", "vendor", False),
            ("POST", "upload", False),
        ],
    )
    def test_reading_is_metered(self, caller: Caller, method: str, path: str, metered: bool) -> None:
        assert caller.qbo.metered(Request(method, f"/v3/company/{caller.realm}/{path}")) is metered
        assert not caller.qbo.metered(Request("POST", "/oauth2/v1/tokens/bearer"))


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


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"Shoe": []}, "not an entity"),
        ({"Vendor": [{"Id": "1"}]}, "no DisplayName"),
        ({"Vendor": [{"Id": "1", "DisplayName": "A"}, {"Id": "1", "DisplayName": "B"}]}, "twice"),
        ({"Account": [{"Id": "1", "Name": "A", "AccountType": "Shoe"}]}, "AccountType"),
        ({"Bill": [{"Id": "1", "VendorRef": {"value": "1"}, "Line": [account_line(5, account="77")]}]}, "account '77'"),
    ],
)
def test_data_that_are_no_books_are_refused(data: dict[str, list[Json]], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Qbo(Clock(), Switches(), print).load(data, "Odd")


def test_opening_balances_are_what_the_transactions_leave_over() -> None:
    data: dict[str, list[Json]] = {
        "Account": [
            {"Id": "1", "Name": "Checking", "AccountType": "Bank", "CurrentBalance": 500},
            {"Id": "2", "Name": "Visa", "AccountType": "Credit Card", "CurrentBalance": 40},
            {"Id": "3", "Name": "Payable", "AccountType": "Accounts Payable", "CurrentBalance": -10},
            {"Id": "5", "Name": "Rent", "AccountType": "Expense", "CurrentBalance": 0},
        ],
        "Vendor": [{"Id": "20", "DisplayName": "Acme"}],
        "Bill": [{"Id": "1", **bill(account_line(10), TxnDate="2026-01-02")}],
    }
    caller = Caller(data)
    trial = {row["name"]: row["debit"] - row["credit"] for row in caller.qbo.trial_balance(caller.realm)}

    assert trial == {"Checking": 500, "Visa": -40, "Payable": -10, "Rent": 10, "Opening Balance Equity": -460}
    assert [caller.balance(id) for id in ("1", "2", "3")] == [500, 40, -10]
    assert caller.read("Vendor", "20")["Balance"] == 10
