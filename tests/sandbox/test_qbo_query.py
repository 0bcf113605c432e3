"""Reading from the simulated QuickBooks: queries, and what has changed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from syncapp.sandbox.qbo.query import parse
from tests.sandbox.qbo_client import NOON, Caller, Json, account_line, bill, gone


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

    @pytest.mark.parametrize(
        ("since", "ids"),
        [
            ("2026-01-05T12:01:00-08:00", [2, 3, 4, 5]),
            ("2026-01-05T20:01:00Z", [2, 3, 4, 5]),
            ("2026-01-05T21:01:00+01:00", [2, 3, 4, 5]),
            ("2026-01-05T12:01:00", [2, 3, 4, 5]),
            ("2026-01-05T12:01:01-08:00", [4, 5]),
            ("2026-01-05T12:02:01-08:00", []),
        ],
    )
    def test_pages_by_time_of_creation(self, caller: Caller, since: str, ids: list[int]) -> None:
        """Two a minute; that the first ones are edited meanwhile moves nothing."""
        made = []
        for number in range(6):
            made.append(caller.post("Class", {"Name": f"Class {9 - number}"}))
            caller.clock.advance(60 * (number % 2))
        text = f"select * from Class where MetaData.CreateTime >= '{since}' ORDERBY MetaData.CreateTime"
        found: list[str] = []
        for start in (1, 4, 7):
            found += caller.ids(f"{text} STARTPOSITION {start} MAXRESULTS 3")
            caller.sparse("Class", caller.read("Class", made[2]["Id"]), Name=f"Edited {start}")
        assert found == [made[at]["Id"] for at in ids]

    def test_pages_by_time_of_creation_hold_the_inactive_where_asked(self, caller: Caller) -> None:
        caller.clock.advance(1)
        made = [caller.post("Class", {"Name": f"Class {number}"}) for number in range(4)]
        caller.sparse("Class", made[1], Active=False)
        ids = [row["Id"] for row in made]
        text = "select * from Class where {} MetaData.CreateTime >= '2026-01-05T12:00:01-08:00'"
        text += " ORDERBY MetaData.CreateTime {} STARTPOSITION 1 MAXRESULTS 3"
        assert caller.ids(text.format("", "")) == [ids[0], *ids[2:]]
        assert caller.ids(text.format("Active IN (true,false) AND", "")) == ids[:3]
        caller.clock.advance(1)
        last = caller.post("Class", {"Name": "Last"})["Id"]
        assert caller.ids(text.format("Active IN (true,false) AND", "DESC")) == [last, *ids[:2]]

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
            ("select * from Vendor where MetaData.CreateTime >= '2026-01-05T12:00:00 08:00'", "4001"),
            ("select * from Vendor where MetaData.CreateTime >= '2026-01-05 12:00 pm'", "4001"),
            ("select * from Vendor where MetaData.CreateTime >= 2026-01-05", "4000"),
            ("select * from Vendor where CreateTime >= '2026-01-05'", "4001"),
            ("select * from Vendor startposition 1 orderby Id", "4000"),
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

    def test_the_deleted_count_among_the_thousand(self, caller: Caller) -> None:
        """The oldest changes come, and a shorter time brings the rest."""
        caller.clock.advance(60)
        early = [caller.post("Bill", bill()) for _ in range(300)]
        for each in early:
            caller.post("Bill", gone(each), operation="delete")
        for number in range(300):
            caller.post("Term", {"Name": f"Term {number}"})
        caller.clock.advance(60)
        late = [caller.post("Bill", bill()) for _ in range(800)]
        for each in late[700:]:
            caller.post("Bill", gone(each), operation="delete")

        found = self.since(caller, "Bill,Term", seconds=100)
        bills = found[0]["Bill"]
        assert len(found) == 1 and len(bills) == found[0]["totalCount"] == 1000
        assert [row.get("status") for row in bills[:300]] == ["Deleted"] * 300
        assert {row["Id"] for row in bills[:300]} == {row["Id"] for row in early}
        rest = self.since(caller, "Bill,Term", seconds=0)
        assert {row["Id"] for row in rest[0]["Bill"]} == {row["Id"] for row in late}
        assert [row["Id"] for row in rest[0]["Bill"] if row.get("status")] == [row["Id"] for row in late[700:]]

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
