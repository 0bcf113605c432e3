"""Records of the simulated QuickBooks: create, read, update, versions, names, references, refusals."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.qbo_client import NOON, Caller, Json, account_line, bill, gone, sparse, whole


@pytest.fixture
def caller() -> Caller:
    return Caller()


def test_a_new_record_is_at_version_zero_with_pacific_times(caller: Caller) -> None:
    vendor = caller.post("Vendor", {"DisplayName": "Cedar Print"})

    assert (vendor["SyncToken"], vendor["domain"], vendor["sparse"], vendor["Active"]) == ("0", "QBO", False, True)
    assert vendor["MetaData"] == {
        "CreateTime": "2026-01-05T12:00:00-08:00",
        "LastUpdatedTime": "2026-01-05T12:00:00-08:00",
    }
    assert vendor["PrintOnCheckName"] == "Cedar Print"
    assert caller.read("Vendor", vendor["Id"]) == vendor


def test_times_are_those_of_summer_in_summer(caller: Caller) -> None:
    caller.clock.set(NOON.replace(month=7))
    caller.token = caller.qbo.oauth.connect(
        caller.realm, caller.credentials["users"][0]["email"], SCOPE, caller.qbo.now
    )[1]

    assert caller.post("Vendor", {"DisplayName": "Cedar"})["MetaData"]["CreateTime"] == "2026-07-05T13:00:00-07:00"
    assert caller.ask("GET", "vendor/20")["time"] == "2026-07-05T13:00:00.000-07:00"


SCOPE = "com.intuit.quickbooks.accounting openid"


def test_every_answer_names_itself(caller: Caller) -> None:
    headers = caller.send("GET", "vendor/20").headers

    assert headers["intuit_tid"] and headers["x-request-id"]
    assert headers["content-type"].startswith("application/json")


def test_empty_properties_are_left_out(caller: Caller) -> None:
    vendor = caller.post("Vendor", {"DisplayName": "Cedar", "CompanyName": "", "AcctNum": None})

    assert not {"CompanyName", "AcctNum", "BillAddr"} & set(vendor)


def test_a_display_name_is_built_of_its_parts(caller: Caller) -> None:
    vendor = caller.post("Vendor", {"Title": "Dr", "GivenName": "Ada", "FamilyName": "Kent"})

    assert vendor["DisplayName"] == "Dr Ada Kent"
    assert caller.refused("POST", "vendor", {"CompanyName": "Nameless"})["code"] == "2020"


class TestUpdates:
    def test_sparse_leaves_what_is_not_sent(self, caller: Caller) -> None:
        vendor = caller.post("Vendor", {"DisplayName": "Cedar", "AcctNum": "7", "CompanyName": "Cedar Inc"})
        changed = caller.sparse("Vendor", vendor, CompanyName="")

        assert (changed["SyncToken"], changed["AcctNum"]) == ("1", "7")
        assert "CompanyName" not in changed

    @pytest.mark.parametrize("empty", ["", None, {"value": ""}])
    def test_what_is_sent_empty_is_emptied(self, caller: Caller, empty: Any) -> None:
        caller.sparse("Vendor", caller.read("Vendor", "20"), AcctNum="7", TermRef={"value": "1"})
        caller.switches.qbo_sparse_keeps_references = True
        assert "TermRef" in caller.sparse("Vendor", caller.read("Vendor", "20"), TermRef=empty)
        caller.switches.qbo_sparse_keeps_references = False
        assert "TermRef" not in caller.sparse("Vendor", caller.read("Vendor", "20"), TermRef=empty)

    def test_null_may_be_nothing(self, caller: Caller) -> None:
        caller.sparse("Vendor", caller.read("Vendor", "20"), AcctNum="7")
        caller.switches.qbo_null_clears = False
        assert caller.sparse("Vendor", caller.read("Vendor", "20"), AcctNum=None)["AcctNum"] == "7"
        assert "AcctNum" not in caller.sparse("Vendor", caller.read("Vendor", "20"), AcctNum="")

    def test_full_empties_what_is_not_sent(self, caller: Caller) -> None:
        vendor = caller.post("Vendor", {"DisplayName": "Cedar", "AcctNum": "7", "PrintOnCheckName": "Cedar Print"})
        changed = caller.post("Vendor", {"Id": vendor["Id"], "SyncToken": "0", "DisplayName": "Cedar"})

        assert "AcctNum" not in changed
        assert changed["PrintOnCheckName"] == "Cedar Print"

    def test_an_old_version_is_stale(self, caller: Caller) -> None:
        vendor = caller.read("Vendor", "20")
        caller.sparse("Vendor", vendor, AcctNum="1")

        error = caller.refused("POST", "vendor", sparse(vendor, AcctNum="2"))
        assert (error["code"], error["type"], error["Message"]) == ("5010", "ValidationFault", "Stale Object Error")
        assert caller.code("Vendor", {"Id": "20", "sparse": True, "AcctNum": "2"}) == "2020"

    def test_a_name_cannot_be_taken_away(self, caller: Caller) -> None:
        vendor = caller.read("Vendor", "20")

        assert caller.sparse("Vendor", vendor, DisplayName="", AcctNum="4")["DisplayName"] == "Acme"

    def test_what_was_read_can_be_sent_back(self, caller: Caller) -> None:
        made = caller.post("Bill", bill(account_line(10), DueDate="2026-02-01", PrivateNote="thanks"))

        again = caller.post("Bill", whole(made))
        assert {**again, "SyncToken": "0", "MetaData": made["MetaData"]} == made

    def test_output_only_properties_are_not_looked_at(self, caller: Caller) -> None:
        vendor = caller.post("Vendor", {"DisplayName": "Cedar", "Balance": 99, "domain": "X", "MetaData": {}})
        made = caller.post("Bill", bill(account_line(10), TotalAmt=77, Balance=77))

        assert vendor["Balance"] == 0
        assert (made["TotalAmt"], made["Balance"]) == (10, 10)

    def test_lines_are_replaced_as_a_whole(self, caller: Caller) -> None:
        made = caller.post("Bill", bill(account_line(10), account_line(20), account_line(30)))
        kept = made["Line"][1] | {"Amount": 25}
        changed = caller.sparse("Bill", made, VendorRef={"value": "20"}, Line=[kept, account_line(5)])

        assert [(line["Id"], line["Amount"]) for line in changed["Line"]] == [("2", 25), ("4", 5)]
        assert changed["TotalAmt"] == 30

    def test_what_is_required_cannot_be_emptied(self, caller: Caller) -> None:
        made = caller.post("Bill", bill())

        assert caller.code("Bill", sparse(made, VendorRef={"value": "20"}, Line=[])) == "2020"
        assert caller.code("Account", sparse(caller.read("Account", "5"), Name="")) == "2020"

    def test_a_sparse_bill_needs_its_vendor(self, caller: Caller) -> None:
        made = caller.post("Bill", bill())

        error = caller.refused("POST", "bill", sparse(made, PrivateNote="x"))
        assert (error["code"], error["element"]) == ("2020", "VendorRef")
        assert caller.sparse("Bill", made, VendorRef={"value": "20"}, PrivateNote="x")["Line"] == made["Line"]


class TestNames:
    @pytest.mark.parametrize("taken", ["acme", "ACME", "Coast hotel", "kitchen"])
    def test_vendors_customers_and_employees_share_their_names(self, caller: Caller, taken: str) -> None:
        error = caller.refused("POST", "vendor", {"DisplayName": taken})

        assert (error["code"], error["Message"]) == ("6240", "Duplicate Name Exists Error")

    def test_blanks_around_a_name_do_not_count(self, caller: Caller) -> None:
        assert caller.code("Vendor", {"DisplayName": " Acme "}) == "6240"
        assert caller.post("Vendor", {"DisplayName": " Cedar "})["DisplayName"] == "Cedar"

    def test_a_rename_frees_the_old_name(self, caller: Caller) -> None:
        caller.sparse("Vendor", caller.read("Vendor", "20"), DisplayName="Acme Two")

        assert caller.post("Customer", {"DisplayName": "Acme"})
        assert caller.code("Customer", {"DisplayName": "acme two"}) == "6240"

    def test_deactivating_adds_a_suffix_and_activating_takes_it_away(self, caller: Caller) -> None:
        off = caller.sparse("Vendor", caller.read("Vendor", "20"), Active=False)
        assert (off["DisplayName"], off["Active"]) == ("Acme (deleted)", False)

        on = caller.sparse("Vendor", off, Active=True)
        assert (on["DisplayName"], on["Active"]) == ("Acme", True)

    @pytest.mark.parametrize("keeps", [True, False])
    def test_what_has_a_balance_stays_active_unless_switched(self, caller: Caller, keeps: bool) -> None:
        caller.switches.qbo_open_balance_keeps_active = keeps
        owed = caller.post("Bill", bill(account_line(70)))

        if keeps:
            assert caller.code("Vendor", sparse(caller.read("Vendor", "20"), Active=False)) == "6000"
            caller.post("Bill", gone(owed), operation="delete")
        assert caller.sparse("Vendor", caller.read("Vendor", "20"), Active=False)["Active"] is False

    def test_the_path_of_a_deactivated_class_has_no_suffix(self, caller: Caller) -> None:
        off = caller.sparse("Class", caller.read("Class", "1"), Active=False)

        assert (off["Name"], off["FullyQualifiedName"]) == ("North (deleted)", "North")

    def test_an_inactive_name_stays_taken_unless_switched(self, caller: Caller) -> None:
        caller.sparse("Vendor", caller.read("Vendor", "20"), Active=False)
        assert caller.code("Vendor", {"DisplayName": "Acme"}) == "6240"

        caller.switches.qbo_inactive_names_stay_taken = False
        assert caller.post("Vendor", {"DisplayName": "Acme"})
        assert caller.code("Vendor", sparse(caller.read("Vendor", "20"), Active=True)) == "6240"

    def test_accounts_differ_by_their_path(self, caller: Caller) -> None:
        assert caller.code("Account", {"Name": "rent", "AccountType": "Expense"}) == "6240"
        below: Json = {"Name": "Rent", "AccountType": "Expense", "SubAccount": True, "ParentRef": {"value": "5"}}
        made = caller.post("Account", below)

        assert (made["FullyQualifiedName"], made["SubAccount"]) == ("Rent:Rent", True)
        assert caller.code("Account", below) == "6240"

    def test_subcustomers_may_differ_by_path_when_switched(self, caller: Caller) -> None:
        other = caller.post("Customer", {"DisplayName": "Dune Cafe"})
        job: Json = {"DisplayName": "Kitchen", "Job": True, "ParentRef": {"value": other["Id"]}}
        assert caller.code("Customer", job) == "6240"

        paths = Caller(qbo_subcustomers_differ_by_path=True)
        paths.post("Customer", {"DisplayName": "Dune Cafe"})
        assert paths.post("Customer", job)["FullyQualifiedName"] == "Dune Cafe:Kitchen"

    def test_a_renamed_parent_renames_the_paths_below(self, caller: Caller) -> None:
        caller.sparse("Customer", caller.read("Customer", "30"), DisplayName="Bay Hotel")
        kitchen = caller.read("Customer", "31")

        assert (kitchen["FullyQualifiedName"], kitchen["SyncToken"]) == ("Bay Hotel:Kitchen", "0")

    def test_five_levels_and_no_circle(self, caller: Caller) -> None:
        parent = "1"
        for level in range(2, 6):
            parent = caller.post("Class", {"Name": f"L{level}", "ParentRef": {"value": parent}})["Id"]
        assert caller.code("Class", {"Name": "L6", "ParentRef": {"value": parent}}) == "6000"

        top = caller.read("Class", "1")
        assert caller.code("Class", sparse(top, SubClass=True, ParentRef={"value": parent})) == "6000"
        assert caller.code("Class", sparse(top, SubClass=True, ParentRef={"value": "1"})) == "6000"

    def test_class_ids_have_nineteen_digits(self) -> None:
        caller = Caller({})

        assert len(caller.post("Class", {"Name": "North"})["Id"]) == 19


class TestReferences:
    def test_they_are_given_their_label(self, caller: Caller) -> None:
        made = caller.post("Bill", bill(account_line(1, account="8", ClassRef={"value": "1", "name": "South"})))
        detail = made["Line"][0]["AccountBasedExpenseLineDetail"]

        assert made["VendorRef"] == {"value": "20", "name": "Acme"}
        assert detail["AccountRef"] == {"value": "8", "name": "Checking:Savings"}
        assert detail["ClassRef"] == {"value": "1", "name": "North"}

    @pytest.mark.parametrize("code", ["610", "2500"])
    def test_inactive_ones_are_refused(self, code: str) -> None:
        caller = Caller(qbo_inactive_reference_code=code)

        error = caller.refused("POST", "bill", bill(account_line(1, account="9")))
        assert error["code"] == code
        assert "inactive" in error["Detail"]

    def test_one_that_is_already_there_may_stay_unless_switched(self, caller: Caller) -> None:
        made = caller.post("Bill", bill())
        caller.sparse("Account", caller.read("Account", "5"), Active=False)
        made = caller.post("Bill", whole(made, PrivateNote="x"))

        caller.switches.qbo_kept_inactive_references_pass = False
        assert caller.code("Bill", whole(made, PrivateNote="y")) == "610"


class TestDefaults:
    def test_a_line_with_a_customer_becomes_billable(self, caller: Caller) -> None:
        made = caller.post("Bill", bill(account_line(1, CustomerRef={"value": "31"}), account_line(1)))
        status = [line["AccountBasedExpenseLineDetail"]["BillableStatus"] for line in made["Line"]]
        assert status == ["Billable", "NotBillable"]

        caller.switches.qbo_customer_line_is_billable = False
        made = caller.post("Bill", bill(account_line(1, CustomerRef={"value": "31"})))
        assert made["Line"][0]["AccountBasedExpenseLineDetail"]["BillableStatus"] == "NotBillable"

    def test_dates_of_a_bill(self, caller: Caller) -> None:
        made = caller.post("Bill", bill(SalesTermRef={"value": "1"}))
        assert (made["TxnDate"], made["DueDate"]) == ("2026-01-05", "2026-02-04")

        date_driven = caller.post("Term", {"Name": "10th", "DayOfMonthDue": 10, "DueNextMonthDays": 9})
        assert (date_driven["Type"], caller.read("Term", "1").get("Type")) == ("DATE_DRIVEN", None)
        made = caller.post("Bill", bill(SalesTermRef={"value": date_driven["Id"]}))
        assert made["DueDate"] == "2026-02-10"

    @pytest.mark.parametrize(("tracking", "kept"), [("kept", True), ("dropped", False)])
    def test_a_class_where_none_is_tracked(self, caller: Caller, tracking: str, kept: bool) -> None:
        caller.qbo.person_save(caller.realm, "Preferences", {"AccountingInfoPrefs": {"ClassTrackingPerTxnLine": False}})
        caller.switches.qbo_untracked = tracking
        made = caller.post("Bill", bill(account_line(1, ClassRef={"value": "1"})))

        assert ("ClassRef" in made["Line"][0]["AccountBasedExpenseLineDetail"]) is kept

    def test_a_class_where_none_is_tracked_can_be_refused(self, caller: Caller) -> None:
        caller.qbo.person_save(caller.realm, "Preferences", {"AccountingInfoPrefs": {"ClassTrackingPerTxnLine": False}})
        caller.switches.qbo_untracked = "refused"

        assert caller.code("Bill", bill(account_line(1, ClassRef={"value": "1"}))) == "5020"
        assert caller.code("Class", {"Name": "South"}) == "5020"

    def test_numbers_of_taxes_are_masked(self, caller: Caller) -> None:
        vendor = caller.post("Vendor", {"DisplayName": "Cedar", "TaxIdentifier": "12-3456789"})
        assert vendor["TaxIdentifier"] == "XXXXXX6789"
        assert caller.post("Vendor", whole(vendor))["TaxIdentifier"] == "XXXXXX6789"

    def test_an_account_opens_with_a_balance(self, caller: Caller) -> None:
        made = caller.post("Account", {"Name": "Safe", "AccountSubType": "CashOnHand", "OpeningBalance": 50})

        assert (made["AccountType"], made["CurrentBalance"], "OpeningBalance" in made) == ("Bank", 50, False)
        equity = caller.query("select * from Account where AccountSubType = 'OpeningBalanceEquity'")["Account"][0]
        assert equity["CurrentBalance"] == -50


class TestSingles:
    def test_company_info(self, caller: Caller) -> None:
        info = caller.ask("GET", f"companyinfo/{caller.realm}")["CompanyInfo"]

        assert (info["Id"], info["CompanyName"]) == ("1", "Harbour Works")
        assert caller.refused("GET", "companyinfo/2")["code"] == "610"
        changed = caller.post("CompanyInfo", {"Id": "1", "SyncToken": "0", "sparse": True, "LegalName": "Harbour Inc"})
        assert (changed["LegalName"], changed["CompanyName"]) == ("Harbour Inc", "Harbour Works")

    def test_preferences_are_changed_by_people(self, caller: Caller) -> None:
        prefs = caller.ask("GET", "preferences")["Preferences"]
        assert "BookCloseDate" not in prefs["AccountingInfoPrefs"]

        caller.qbo.person_save(caller.realm, "Preferences", {"AccountingInfoPrefs": {"BookCloseDate": "2025-12-31"}})
        closed = caller.ask("GET", "preferences")["Preferences"]
        assert closed["AccountingInfoPrefs"] == prefs["AccountingInfoPrefs"] | {"BookCloseDate": "2025-12-31"}
        assert closed["SyncToken"] == "1"

        sent: Json = {"AccountingInfoPrefs": {"BookCloseDate": "2030-01-01", "TrackDepartments": False}}
        after = caller.post("Preferences", sparse(closed, **sent))["AccountingInfoPrefs"]
        assert (after["BookCloseDate"], after["TrackDepartments"]) == ("2025-12-31", False)

        caller.qbo.person_save(caller.realm, "Preferences", {"AccountingInfoPrefs": {"BookCloseDate": ""}})
        assert "BookCloseDate" not in caller.ask("GET", "preferences")["Preferences"]["AccountingInfoPrefs"]


class TestPeople:
    def test_they_save_without_versions_and_calls(self, caller: Caller) -> None:
        made = caller.qbo.person_save(caller.realm, "vendor", {"DisplayName": "Cedar"})
        changed = caller.qbo.person_save(caller.realm, "Vendor", {"Id": made["Id"], "AcctNum": "12"})
        caller.qbo.person_delete(caller.realm, "Vendor", made["Id"])

        assert (changed["DisplayName"], changed["AcctNum"], changed["SyncToken"]) == ("Cedar", "12", "1")
        assert caller.read("Vendor", made["Id"])["DisplayName"] == "Cedar (deleted)"
        assert made["Id"] in [row["Id"] for row in caller.qbo.person_list(caller.realm, "Vendor")]
        assert [event["operation"] for event in caller.events] == ["Create", "Update", "Delete"]

    def test_the_rules_hold_for_them(self, caller: Caller) -> None:
        with pytest.raises(ValueError, match="6240"):
            caller.qbo.person_save(caller.realm, "Vendor", {"DisplayName": "Coast Hotel"})
        with pytest.raises(ValueError, match="610"):
            caller.qbo.person_get(caller.realm, "Vendor", "999")
        with pytest.raises(ValueError, match="no entity"):
            caller.qbo.person_list(caller.realm, "Shoe")

    def test_what_they_get_is_theirs(self, caller: Caller) -> None:
        mine: dict[str, Any] = caller.qbo.person_get(caller.realm, "Vendor", "20")
        mine["DisplayName"] = "Spoiled"
        caller.qbo.books(caller.realm)["Vendor"][0]["DisplayName"] = "Spoiled"

        assert caller.read("Vendor", "20")["DisplayName"] == "Acme"
