"""The calls of the simulated QuickBooks besides single records: query, changes, batch, replays, limits, files."""

from __future__ import annotations

import pytest

from syncapp.sandbox.clock import Clock
from syncapp.sandbox.http import Request, decode
from syncapp.sandbox.qbo import Qbo
from syncapp.sandbox.switches import Switches
from tests.sandbox.qbo_client import Caller, Json, account_line, bill, check, gone, link, sparse


@pytest.fixture
def caller() -> Caller:
    return Caller()


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
