"""Numbers, times and bodies beyond anything real: each is refused in words, by the products and by the pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from syncapp.sandbox.http import DEEPEST, Request, decode
from tests.sandbox.frame import Frame

DEEP = b"[" * 3000
HUGE = [b"1e28", b"1e400", b"1e9999999", b"1e99999999999999999999"]
EARLIEST, LATEST = "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-10:00"


def sent(frame: Frame, method: str, path: str, body: bytes, session: dict[str, str] | None = None) -> tuple[int, bytes]:
    bearer = {"authorization": f"Bearer {frame.company.qbo['access_token']}", "accept": "application/json"}
    answer = frame.world.handle(Request(method, path, {}, session or bearer, body))
    return answer.status, answer.body


def test_json_nested_without_end_is_refused(frame: Frame) -> None:
    session = frame.log_in()
    assert sent(frame, "POST", f"/qbo/v3/company/{frame.realm}/vendor", DEEP)[0] == 400
    assert sent(frame, "POST", "/billcom/connect/v3/login", DEEP)[0] == 400
    assert sent(frame, "POST", "/billcom/connect/v3/vendors", DEEP, session)[0] == 400
    status, body = sent(frame, "POST", "/control/faults", DEEP)
    assert status == 400 and b"nested too deeply" in body
    form = urlencode({"sessionId": session["sessionid"], "devKey": session["devkey"], "data": DEEP}).encode()
    assert b"cannot be read" in sent(frame, "POST", "/billcom/api/v2/List/MoneyMovement.json", form)[1]
    raw = frame.submit(f"/ui/qbo/{frame.realm}/Vendor/new", raw=DEEP.decode())
    assert raw.status == 400 and b"nested too deeply" in raw.body


def test_brackets_in_a_text_are_not_nesting() -> None:
    words = '\\"' + "[{" * DEEPEST
    assert Request("POST", "/", body=f'{{"a": "{words}"}}'.encode()).json() == {"a": words.replace("\\", "")}


@pytest.mark.parametrize("number", HUGE)
def test_huge_numbers_are_refused_by_bill(frame: Frame, number: bytes) -> None:
    session, vendor = frame.log_in(), frame.first("billcom", "vendors")["id"].encode()
    before = frame.control("GET", f"books/billcom/{frame.organization}")["bills"]
    for line in (b'"amount": %s' % number, b'"quantity": %s, "price": 99999999' % number):
        body = (
            b'{"vendorId": "%s", "dueDate": "2026-01-01", "billLineItems": [{%s}],'
            b' "invoice": {"invoiceNumber": "1", "invoiceDate": "2026-01-01"}}' % (vendor, line)
        )
        assert sent(frame, "POST", "/billcom/connect/v3/bills", body, session)[0] == 400
    assert frame.control("GET", f"books/billcom/{frame.organization}")["bills"] == before


@pytest.mark.parametrize("number", HUGE)
def test_huge_numbers_are_refused_by_quickbooks(frame: Frame, number: bytes) -> None:
    account = frame.first("qbo", "Account")["Id"].encode()
    item = b'{"Name": "Huge", "Type": "Service", "IncomeAccountRef": {"value": "%s"}, "UnitPrice": %s}'
    status, body = sent(frame, "POST", f"/qbo/v3/company/{frame.realm}/item", item % (account, number))
    assert status == 400 and b"Fault" in body and b"Decimal" not in body
    status, body = sent(
        frame, "POST", f"/qbo/v3/company/{frame.realm}/term", b'{"Name": "Huge", "DueDays": %s}' % number
    )
    assert status == 400 and b"Fault" in body


@pytest.mark.parametrize(
    "statement",
    [
        f"select * from Vendor maxresults {'9' * 5000}",
        f"select * from Vendor startposition {'9' * 5000}",
        "select * from Vendor where Balance > 'NaN'",
        f"select * from Vendor where MetaData.CreateTime > '{EARLIEST}'",
        "select * from Vendor where MetaData.CreateTime > '9999-12-31T23:59:59'",
    ],
)
def test_extreme_queries_are_refused_by_quickbooks(frame: Frame, statement: str) -> None:
    answer = frame.qbo("GET", f"query?{urlencode({'query': statement})}").response
    assert answer.status == 400 and decode(answer.body)["Fault"]["Error"][0]["code"] == "4001"


def test_extreme_times_of_changes_are_refused_by_quickbooks(frame: Frame) -> None:
    for since in (EARLIEST, LATEST):
        asked = urlencode({"entities": "Bill", "changedSince": since})
        assert frame.qbo("GET", f"cdc?{asked}").response.status == 400


@pytest.mark.parametrize(
    "query",
    [
        {"max": "²"},
        {"max": "9" * 5000},
        {"filters": f'updatedTime:gte:"{EARLIEST}"'},
        {"filters": f'updatedTime:gte:"{LATEST}"'},
    ],
)
def test_extreme_lists_are_refused_by_bill(frame: Frame, query: dict[str, str]) -> None:
    assert frame.billcom("GET", f"vendors?{urlencode(query)}", frame.log_in()).response.status == 400


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("clock", {"advance": 1e30}),
        ("clock", {"advance": None}),
        ("clock", {"advance": 1e11}),
        ("clock", {"now": EARLIEST}),
        ("clock", {"now": LATEST}),
        ("faults", {"kind": "429", "seconds": None}),
        ("faults", {"kind": "429", "seconds": 1e30}),
        ("faults", {"kind": "429", "times": 1e30}),
    ],
)
def test_the_clock_and_the_faults_keep_within_reason(frame: Frame, path: str, body: dict[str, Any]) -> None:
    before = frame.world.clock.virtual
    assert frame.control("POST", path, body, status=400)["error"]
    assert frame.world.clock.virtual is before and not frame.world.faults.waiting


def test_odd_page_numbers_show_a_page(frame: Frame) -> None:
    for number in ("²", "9" * 5000, "-1", "0", ""):
        assert "in all" in frame.page(f"/ui/qbo/{frame.realm}/Vendor?page={number}")


def test_odd_entries_are_refused_in_place(frame: Frame) -> None:
    books = frame.control("GET", f"books/billcom/{frame.organization}")
    bill = next(row for row in books["bills"] if row["dueAmount"] and len(row["billLineItems"]) == 1)
    address = f"/ui/billcom/{frame.organization}/bills/{bill['id']}"
    role = f"/ui/billcom/{frame.organization}/roles/{books['roles'][0]['id']}"
    refused = [
        *(frame.submit(address, amount=amount) for amount in ("Infinity", "NaN", "1e30")),
        *(frame.submit(address, do="pay", pay_amount=each, pay_date="2026-01-01") for each in ("Infinity", "1e30")),
        *(frame.submit("/tools", do="advance", seconds=seconds) for seconds in ("1e30", "nan", "inf")),
        frame.submit("/tools", do="add-fault", kind="429", seconds="inf"),
        frame.submit(address, do="raw"),
        *(frame.submit(role, do=act) for act in ("end", "restore")),
    ]
    for answer in refused:
        assert answer.status == 400 and 'role="alert"' in answer.body.decode()
    assert frame.control("GET", f"books/billcom/{frame.organization}") == books
