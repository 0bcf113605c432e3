"""The control surface: what a program that drives the sandbox can load, read, change and count."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from syncapp.sandbox import loading
from syncapp.sandbox.generate import FIXTURES
from syncapp.sandbox.http import Request, encode
from syncapp.sandbox.world import Sandbox
from tests.sandbox.frame import Frame


def test_a_loaded_company_comes_with_credentials_of_both_sides(frame: Frame) -> None:
    shown = frame.control("POST", "companies", {"load": "harbor-bakery"})
    assert (shown["name"], shown["console"], shown["signed_up_on"]) == ("Harbor Bakery", True, "2020-05-04")
    assert set(shown["qbo"]) >= {"realm_id", "access_token", "refresh_token", "client_id", "client_secret", "base_url"}
    assert set(shown["billcom"]) >= {
        *("organization_id", "developer_key", "username", "password", "sync_token_name", "sync_token_value"),
        *("console_email", "console_api_token", "base_url"),
    }
    assert [each["name"] for each in frame.control("GET", "companies")] == ["Generated 5", "Harbor Bakery"]


def test_a_company_is_loaded_from_data(frame: Frame) -> None:
    data = {"name": "Ours", "console": False, "signed_up_on": "2022-02-02", "qbo": {}, "billcom": {}}
    shown = frame.control("POST", "companies", {"data": data})
    books = frame.control("GET", f"books/billcom/{shown['billcom']['organization_id']}")
    assert [user["role"]["type"] for user in books["users"]] == ["ADMINISTRATOR"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"load": "no-such"}, "harbor-bakery"),
        ({"load": "generated:colour=7"}, "not colour"),
        ({}, "either"),
        ({"data": {"qbo": []}}, "a company has"),
        ({"data": {"qbo": {"Vendor": "x"}, "billcom": {}}}, "must be a list"),
        ({"data": {"qbo": {"Unicorn": []}, "billcom": {}}}, "not an entity"),
        ([], "must be a JSON object"),
    ],
)
def test_what_cannot_be_loaded_is_said(frame: Frame, body: Any, words: str) -> None:
    assert words in frame.control("POST", "companies", body, status=400)["error"]
    assert len(frame.control("GET", "companies")) == 1


@pytest.mark.parametrize("as_folder", [True, False])
def test_raw_quickbooks_json_gets_an_empty_bill_organization(frame: Frame, tmp_path: Path, as_folder: bool) -> None:
    vendor = {"Id": "7", "DisplayName": "Raw Vendor"}
    account = {"Id": "1", "Name": "Bank", "AccountType": "Bank"}
    place = tmp_path
    if as_folder:
        (tmp_path / "Vendor.json").write_bytes(encode([vendor]))
        (tmp_path / "Account.json").write_bytes(encode({"QueryResponse": {"Account": [account]}}))
    else:
        place = tmp_path / "whole.json"
        place.write_bytes(encode({"Vendor": [vendor], "Account": [account]}))
    shown = frame.control("POST", "companies", {"load": str(place)})
    vendors = frame.control("GET", f"books/qbo/{shown['qbo']['realm_id']}")["Vendor"]
    assert [(each["Id"], each["DisplayName"]) for each in vendors] == [("7", "Raw Vendor")]
    books = frame.control("GET", f"books/billcom/{shown['billcom']['organization_id']}")
    assert Counter(user["role"]["type"] for user in books["users"])["ADMINISTRATOR"] == 1
    assert (len(books["banks"]), len(books["vendors"]), len(books["bills"])) == (1, 0, 0)


def test_the_books_and_the_trial_balance_are_shown(frame: Frame) -> None:
    assert frame.control("GET", f"books/qbo/{frame.realm}")["Bill"]
    assert frame.control("GET", f"books/billcom/{frame.organization}")["bills"]
    balance = frame.control("GET", f"trial_balance/{frame.realm}")
    assert sum(row["debit"] for row in balance) == sum(row["credit"] for row in balance) > 0


def test_an_unknown_company_is_not_there(frame: Frame) -> None:
    for path in ("books/qbo/1", "books/billcom/x", "trial_balance/9"):
        assert "has no company" in frame.control("GET", path, status=404)["error"]
    assert "the side is one of" in frame.control("GET", "books/xero/1", status=400)["error"]
    frame.control("GET", "nothing", status=404)


def test_a_person_edits_in_quickbooks(frame: Frame) -> None:
    vendor = frame.first("qbo", "Vendor")
    path = f"person/qbo/{frame.realm}/Vendor"
    frame.control("POST", f"{path}/{vendor['Id']}", {"PrimaryEmailAddr": {"Address": "new@example.com"}})
    assert frame.control("GET", f"{path}/{vendor['Id']}")["PrimaryEmailAddr"]["Address"] == "new@example.com"
    made = frame.control("POST", path, {"DisplayName": "Made By Hand"})
    gone = frame.control("DELETE", f"{path}/{made['Id']}")
    assert (gone["Active"], gone["DisplayName"]) == (False, "Made By Hand (deleted)")
    assert "6240" in frame.control("POST", path, {"DisplayName": vendor["DisplayName"]}, status=400)["error"]
    frame.control("GET", f"{path}/99999", status=400)


def test_a_person_edits_in_bill(frame: Frame) -> None:
    vendor = frame.first("billcom", "vendors")
    path = f"person/billcom/{frame.organization}"
    saved = frame.control("POST", f"{path}/vendors/{vendor['id']}", {"email": "new@example.com"})
    assert saved["email"] == "new@example.com"
    assert frame.control("DELETE", f"{path}/vendors/{vendor['id']}")["archived"] is True
    assert frame.control("POST", f"{path}/vendors/{vendor['id']}/restore")["archived"] is False
    bill = next(row for row in frame.control("GET", f"{path}/bills") if row["approvalStatus"] != "APPROVED")
    assert frame.control("POST", f"{path}/bills/{bill['id']}/approve")["approvalStatus"] == "APPROVED"
    denied = frame.control("POST", f"{path}/bills/{bill['id']}/approve", {"state": "DENIED"})
    assert denied["approvalStatus"] == "DENIED"


def test_calls_are_counted_by_purse(frame: Frame) -> None:
    frame.qbo("GET", f"companyinfo/{frame.realm}")
    frame.qbo("POST", "vendor", {"DisplayName": "A Write"})
    session = frame.log_in()
    frame.billcom("GET", "vendors", session)
    calls = frame.control("GET", "calls")
    assert [(call["side"], call["purse"], call["status"]) for call in calls] == [
        ("qbo", "metered", 200),
        ("qbo", "free", 200),
        ("billcom", "login", 200),
        ("billcom", "billcom", 200),
    ]
    assert {call["company"] for call in calls} == {frame.realm, frame.organization}
    assert len(frame.control("GET", f"calls?company={frame.organization}")) == 2
    assert frame.control("GET", f"calls?since={calls[3]['at']}") == calls[3:]
    assert frame.control("GET", f"calls?since={calls[3]['at'].replace('+00:00', 'Z')}") == calls[3:]
    assert frame.world.counts(frame.realm) == {"metered": 1, "free": 1}
    frame.control("DELETE", "calls")
    assert frame.control("GET", "calls") == []


def test_the_clock_is_moved(frame: Frame) -> None:
    frame.control("POST", "clock", {"now": "2026-03-01T10:00:00+01:00"})
    assert frame.control("POST", "clock", {"advance": 90}) == {"now": "2026-03-01T09:01:30+00:00", "virtual": True}
    assert frame.qbo("GET", "vendor/1").response.status == 200
    frame.control("POST", "clock", {"advance": 3600})
    assert frame.control("POST", "clock", {"real": True})["virtual"] is False
    assert "offset" in frame.control("POST", "clock", {"now": "2026-03-01T10:00:00"}, status=400)["error"]
    frame.control("POST", "clock", {"later": 1}, status=400)


def test_an_access_token_ends_by_the_clock(frame: Frame) -> None:
    frame.control("POST", "clock", {"advance": 3601})
    assert frame.qbo("GET", f"companyinfo/{frame.realm}").response.status == 401


def test_switches_have_names_and_types(frame: Frame) -> None:
    assert frame.control("POST", "switches", {"latency_ms": 7, "billcom_overpay": True})["latency_ms"] == 7
    assert frame.control("GET", "switches")["billcom_overpay"] is True
    assert "no switch" in frame.control("POST", "switches", {"no_such": 1}, status=400)["error"]
    assert "is a bool" in frame.control("POST", "switches", {"billcom_overpay": "yes"}, status=400)["error"]
    assert frame.qbo("GET", f"companyinfo/{frame.realm}").seconds == 0.007


def test_a_reset_leaves_nothing(frame: Frame) -> None:
    frame.control("POST", "switches", {"latency_ms": 7})
    frame.control("POST", "faults", {"kind": "500"})
    frame.control("POST", "clock", {"now": "2026-03-01T10:00:00Z"})
    frame.qbo("GET", "vendor/1")
    frame.control("POST", "reset", {})
    assert frame.control("GET", "companies") == frame.control("GET", "faults") == frame.control("GET", "calls") == []
    assert frame.control("GET", "switches")["latency_ms"] == 0
    assert frame.control("GET", "clock")["virtual"] is False


def test_more_than_three_calls_at_once_are_too_many_for_bill(frame: Frame) -> None:
    session = frame.log_in()
    asked = [Request("GET", "/billcom/connect/v3/vendors", {}, session) for _ in range(4)]
    refused = [frame.world.begin(each) for each in asked]
    assert [each is None for each in refused] == [True, True, True, False]
    assert refused[3] is not None and b"BDC_1322" in refused[3].response.body
    frame.world.end(asked[0])
    assert frame.world.begin(asked[3]) is None


@pytest.mark.parametrize("name", FIXTURES)
def test_every_fixture_is_in_the_shape_that_is_loaded(name: str) -> None:
    world = Sandbox()
    company = loading.into(world, loading.checked(loading.named(name)))
    assert world.qbo.books(company.qbo["realm_id"])["Bill"]
    assert world.billcom.books(company.billcom["organization_id"])["bills"]
