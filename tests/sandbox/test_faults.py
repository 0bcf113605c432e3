"""Faults asked for beforehand: which calls they meet, what the client sees, and whether anything was done."""

from __future__ import annotations

from typing import Any

import pytest

from syncapp.sandbox.faults import MEANINGS, FaultKind
from syncapp.sandbox.http import decode
from tests.sandbox.frame import Frame

VENDOR = {"DisplayName": "Fault Vendor"}
ADDRESS = {"line1": "1 Main St", "city": "Salem", "stateOrProvince": "OR", "zipOrPostalCode": "97301", "country": "US"}


def vendors(frame: Frame) -> list[str]:
    return [row["DisplayName"] for row in frame.control("GET", f"books/qbo/{frame.realm}")["Vendor"]]


def fault(frame: Frame, kind: str, **more: Any) -> None:
    frame.control("POST", "faults", {"kind": kind, **more})


def test_a_fault_waits_for_the_calls_it_is_meant_for(frame: Frame) -> None:
    fault(frame, "500", side="qbo", method="post", path_contains="/Vendor", skip=1, times=2)
    assert frame.qbo("GET", "vendor/1").response.status == 200
    assert frame.qbo("POST", "account", {}).response.status == 400
    statuses = [frame.qbo("POST", "vendor", {"DisplayName": f"V {n}"}).response.status for n in range(4)]
    assert statuses == [200, 500, 500, 200]
    (shown,) = frame.control("GET", "faults")
    assert (shown["times"], shown["hits"]) == (0, 2)
    frame.control("DELETE", "faults")
    assert frame.control("GET", "faults") == []


def test_a_fault_may_be_of_one_company(frame: Frame) -> None:
    other = frame.control("POST", "companies", {"load": "generated:seed=6,accounts=30,vendors=2,bills=2"})
    fault(frame, "503", company=other["qbo"]["realm_id"])
    assert frame.qbo("GET", "vendor/1").response.status == 200
    fault(frame, "503", company=frame.realm)
    assert frame.qbo("GET", "vendor/1").response.status == 503


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"kind": "earthquake"},
        {"kind": "500", "side": "xero"},
        {"kind": "500", "when": 1},
        {"kind": "500", "times": "2"},
    ],
)
def test_what_is_no_fault_is_refused(frame: Frame, wrong: dict[str, Any]) -> None:
    frame.control("POST", "faults", wrong, status=400)


@pytest.mark.parametrize(
    ("kind", "status", "dropped", "done"),
    [
        ("429", 429, False, False),
        ("429_retry_after", 429, False, False),
        ("500", 500, False, False),
        ("503", 503, False, False),
        ("503_after", 503, False, True),
        ("timeout_before", None, True, False),
        ("timeout_after", None, True, True),
        ("reset_before", None, True, False),
        ("reset_after", None, True, True),
        ("truncated_json", 200, False, True),
        ("odd_shape", 200, False, True),
        ("slow", 200, False, True),
        ("fault_in_200", 200, False, False),
        ("expire_token", 401, False, False),
        ("revoke_consent", 403, False, False),
        ("session_lost", 401, False, False),
    ],
)
def test_what_a_client_of_quickbooks_sees(
    frame: Frame, kind: str, status: int | None, dropped: bool, done: bool
) -> None:
    fault(frame, kind, side="qbo", seconds=3)
    delivery = frame.qbo("POST", "vendor", VENDOR)
    assert delivery.dropped is dropped
    assert status is None or delivery.response.status == status
    assert ("Fault Vendor" in vendors(frame)) is done
    assert delivery.seconds == (3.0 if kind in ("timeout_before", "timeout_after", "slow") else 0.0)


@pytest.mark.parametrize(
    ("kind", "status", "done"),
    [
        ("429", 429, False),
        ("500", 500, False),
        ("503_after", 503, True),
        ("odd_shape", 201, True),
        ("fault_in_200", 200, False),
        ("session_lost", 401, False),
        ("expire_token", 401, False),
    ],
)
def test_what_a_client_of_bill_sees(frame: Frame, kind: str, status: int, done: bool) -> None:
    session = frame.log_in()
    fault(frame, kind, side="billcom")
    answer = frame.billcom("POST", "vendors", session, {"name": "Fault Vendor", "address": ADDRESS}).response
    assert answer.status == status
    names = [row["name"] for row in frame.control("GET", f"books/billcom/{frame.organization}")["vendors"]]
    assert ("Fault Vendor" in names) is done


def test_a_refusal_looks_like_the_products_own(frame: Frame) -> None:
    fault(frame, "429_retry_after")
    answer = frame.qbo("GET", "vendor/1").response
    assert decode(answer.body)["fault"]["error"][0]["code"] == "003001"
    assert answer.headers["retry-after"]
    session = frame.log_in()
    fault(frame, "429")
    assert decode(frame.billcom("GET", "vendors", session).response.body)[0]["code"] == "BDC_1322"


def test_half_an_answer_is_no_json(frame: Frame) -> None:
    fault(frame, "truncated_json")
    with pytest.raises(ValueError, match="truncated"):
        decode(frame.qbo("GET", "vendor/1").response.body)


def test_somebody_else_saves_the_record_just_before(frame: Frame) -> None:
    vendor = frame.first("qbo", "Vendor")
    update = {"Id": vendor["Id"], "SyncToken": vendor["SyncToken"], "sparse": True, "AcctNum": "7"}
    fault(frame, "stale_token")
    refused = frame.qbo("POST", "vendor", update).response
    assert refused.status == 400 and decode(refused.body)["Fault"]["Error"][0]["code"] == "5010"


def test_quickbooks_leaves_out_a_link_without_a_word(frame: Frame) -> None:
    bill = next(row for row in frame.control("GET", f"books/qbo/{frame.realm}")["Bill"] if row["Balance"])
    bank = frame.first("qbo", "Account")["Id"]
    payment = {
        "VendorRef": bill["VendorRef"],
        "PayType": "Check",
        "CheckPayment": {"BankAccountRef": {"value": bank}},
        "TotalAmt": bill["Balance"],
        "Line": [{"Amount": bill["Balance"], "LinkedTxn": [{"TxnId": bill["Id"], "TxnType": "Bill"}]}],
    }
    fault(frame, "drop_link", path_contains="billpayment")
    answer = frame.qbo("POST", "billpayment", payment).response
    assert answer.status == 200 and not decode(answer.body)["BillPayment"].get("Line")
    again = frame.control("GET", f"person/qbo/{frame.realm}/Bill/{bill['Id']}")
    assert again["Balance"] == bill["Balance"]


def test_whoever_connected_is_no_administrator_any_more(frame: Frame) -> None:
    fault(frame, "demote_user", side="qbo")
    assert decode(frame.qbo("GET", "vendor/1").response.body)["Fault"]["Error"][0]["code"] == "120"
    session = frame.log_in()
    fault(frame, "demote_user", side="billcom")
    body = {"name": "New", "account": {"type": "EXPENSE"}}
    assert frame.billcom("POST", "classifications/chart-of-accounts", session, body).response.status == 403


def test_calls_that_went_wrong_are_counted_too(frame: Frame) -> None:
    for kind in ("500", "timeout_before", "timeout_after", "fault_in_200"):
        fault(frame, kind)
        frame.qbo("GET", "vendor/1")
    assert [call["status"] for call in frame.control("GET", "calls")] == [500, 0, 200, 200]


def test_every_fault_is_told_in_words() -> None:
    assert set(MEANINGS) == set(FaultKind)
