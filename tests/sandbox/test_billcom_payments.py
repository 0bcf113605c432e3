from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from syncapp.sandbox.http import Request, decode, encode
from tests.sandbox.billcom_client import BANK, VENDOR, Client, Failed, Sample

DAY = 86_400


@pytest.fixture
def client() -> Client:
    return Sample().log_in_trusted()


def figures(client: Client, bill: Any) -> tuple[Any, ...]:
    row = client.get(f"bills/{bill['id']}")
    return row["paymentStatus"], row["paidAmount"], row["scheduledAmount"], row["dueAmount"]


def credit(client: Client, amount: float = 40) -> Any:
    body = {"vendorId": VENDOR, "referenceNumber": "C-1", "creditDate": "2026-11-01"}
    return client.post("vendor-credits", {**body, "vendorCreditLineItems": [{"amount": amount}]})


def test_a_sync_token_records_payments_but_makes_none() -> None:
    client = Sample().log_in()
    bill = client.bill(100)
    assert client.record(bill, 100, syncReference="1001")["syncReference"] == "1001"
    with pytest.raises(Failed) as failed:
        client.pay(client.bill(100), 100)
    assert (failed.value.status, failed.value.code) == (403, "BDC_1361")


def test_a_recorded_payment_counts_at_once(client: Client) -> None:
    bill = client.bill(100)
    payment = client.record(bill, 30)
    assert (payment["status"], payment["singleStatus"], payment["onlinePayment"]) == ("PAID", "CLEARED", False)
    assert payment["disbursementType"] == "OFFLINE"
    assert figures(client, bill) == ("PARTIAL_PAYMENT", 30, 0, 70)
    client.record(bill, 70)
    assert figures(client, bill) == ("PAID", 100, 0, 0)


def test_a_recorded_payment_pays_several_bills(client: Client) -> None:
    bills = [client.bill(10), client.bill(20)]
    shares = [{"billId": bill["id"], "amount": bill["amount"]} for bill in bills]
    payment = client.record(bills[0], 0, payments=shares)
    assert (payment["amount"], len(payment["billPayments"]), "billId" in payment) == (30, 2, False)
    assert [figures(client, bill)[0] for bill in bills] == ["PAID", "PAID"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"toPrintCheck": None},
        {"processDate": None},
        {"payments": []},
        {"payments": [{"billId": "00n00000000000000001", "amount": 1}]},
        {"vendorId": "00900000000000000002"},
        {"classifications": {"chartOfAccountId": "0ca00000000000009999"}},
    ],
)
def test_it_refuses_a_wrong_record(client: Client, wrong: Any) -> None:
    bill = client.bill(100)
    with pytest.raises(Failed):
        client.record(bill, 10, **wrong)
    assert figures(client, bill)[0] == "UNPAID"


@pytest.mark.parametrize("amount", [0, -5, 100.01])
def test_it_refuses_a_wrong_amount(client: Client, amount: float) -> None:
    with pytest.raises(Failed):
        client.record(client.bill(100), amount)
    client.sample.switches.billcom_overpay = True
    assert client.record(client.bill(100), 100.01)["amount"] > 100


def test_reading_a_recorded_payment_shows_its_reference_only_by_switch(client: Client) -> None:
    payment = client.record(client.bill(100), 100, syncReference="1001")
    assert "syncReference" not in client.get(f"payments/{payment['id']}")
    client.sample.switches.billcom_payments_show_reference = True
    assert client.get(f"payments/{payment['id']}")["syncReference"] == "1001"


def test_payments_are_found_by_vendor_or_by_time_alone(client: Client) -> None:
    payment = client.record(client.bill(100), 100)
    found = client.get("payments", filters=f"vendorId:eq:{VENDOR}")["results"]
    assert [row["id"] for row in found] == [payment["id"]]
    client.sample.switches.billcom_payments_filter_by_vendor = False
    assert client.call("GET", "payments", filters=f"vendorId:eq:{VENDOR}")[0] == 400


def test_a_payment_goes_its_way_by_the_clock(client: Client) -> None:
    bill = client.bill(100)
    payment = client.pay(bill, 60)
    assert (payment["status"], payment["singleStatus"], payment["onlinePayment"]) == ("SCHEDULED", "SCHEDULED", True)
    assert figures(client, bill) == ("SCHEDULED", 0, 60, 40)
    client.sample.clock.advance(DAY)
    client = client.sample.log_in()
    funded = client.get(f"payments/{payment['id']}")
    assert (funded["status"], funded["singleStatus"]) == ("PAID", "FUNDING_STARTED")
    assert funded["updatedTime"] > payment["updatedTime"]
    assert funded["disbursementInfo"]["checkDisbursement"]["sentDate"] == "2026-11-03"
    client.sample.clock.advance(2 * DAY)
    client = client.sample.log_in()
    assert client.get(f"payments/{payment['id']}")["singleStatus"] == "CLEARED"
    assert figures(client, bill) == ("PARTIAL_PAYMENT", 60, 0, 40)


def test_days_that_nobody_looked_at_are_made_up_for(client: Client) -> None:
    payment = client.pay(client.bill(100), 60)
    client.sample.clock.advance(30 * DAY)
    assert client.sample.log_in().get(f"payments/{payment['id']}")["singleStatus"] == "CLEARED"


def test_due_may_leave_out_what_is_scheduled(client: Client) -> None:
    client.sample.switches.billcom_due_less_scheduled = False
    bill = client.bill(100)
    client.pay(bill, 60)
    assert figures(client, bill) == ("SCHEDULED", 0, 60, 100)


def test_a_payment_moves_the_time_of_its_bill_only_by_switch(client: Client) -> None:
    bill = client.bill(100)
    client.sample.clock.advance(60)
    client.record(bill, 10)
    assert client.get(f"bills/{bill['id']}")["updatedTime"] == bill["updatedTime"]
    client.sample.switches.billcom_payment_touches_bill = True
    client.record(bill, 10)
    assert client.get(f"bills/{bill['id']}")["updatedTime"] > bill["updatedTime"]


def test_many_bills_are_paid_at_once_or_none(client: Client) -> None:
    bills = [client.bill(10), client.bill(20)]
    body = {"processDate": "2026-11-03", "fundingAccount": {"type": "BANK_ACCOUNT", "id": BANK}}
    shares = [{"billId": bill["id"], "amount": bill["amount"]} for bill in bills]
    with pytest.raises(Failed):
        client.post("payments/bulk", {**body, "payments": [shares[0], {**shares[1], "amount": 21}]})
    assert figures(client, bills[0])[0] == "UNPAID"
    assert len(client.post("payments/bulk", {**body, "payments": shares})["payments"]) == 2


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"fundingAccount": {"type": "BANK_ACCOUNT", "id": "bac00000000000000009"}}, "BDC_1143"),
        ({"fundingAccount": None}, "BDC_1000"),
        ({"processDate": "2026-11-01"}, "BDC_1402"),
        ({"billId": "00n00000000000000001"}, "BDC_1143"),
        ({"vendorId": "00900000000000000002"}, "BDC_1143"),
    ],
)
def test_it_refuses_a_wrong_payment(client: Client, wrong: Any, code: str) -> None:
    with pytest.raises(Failed) as failed:
        client.pay(client.bill(100), 10, **wrong)
    assert failed.value.code == code


def test_it_pays_no_more_than_is_due(client: Client) -> None:
    bill = client.bill(100)
    client.pay(bill, 60)
    with pytest.raises(Failed, match="more than what is due"):
        client.pay(bill, 41)


def test_a_bill_is_approved_before_it_is_paid(client: Client) -> None:
    bill = client.bill(100)
    client.sample.billcom.person_approve(client.sample.id, bill["id"], "ASSIGNED")
    with pytest.raises(Failed, match="approved"):
        client.pay(bill, 100)
    client.sample.billcom.person_approve(client.sample.id, bill["id"], "APPROVED")
    client.pay(bill, 100)


def test_only_a_scheduled_payment_is_cancelled(client: Client) -> None:
    bill = client.bill(100)
    payment = client.pay(bill, 100)
    cancelled = client.post(f"payments/{payment['id']}/cancel")
    assert (cancelled["status"], cancelled["singleStatus"]) == ("CANCELLED", "CANCELED")
    assert figures(client, bill) == ("UNPAID", 0, 0, 100)
    assert client.call("POST", f"payments/{payment['id']}/cancel")[0] == 400
    client.sample.clock.advance(5 * DAY)
    assert client.sample.log_in().get(f"payments/{payment['id']}")["status"] == "CANCELLED"


def test_a_void_brings_the_bill_back(client: Client) -> None:
    bill = client.bill(100)
    payment = client.record(bill, 100)
    voided = client.post(f"payments/{payment['id']}/void", {"type": "VOID_ONLY", "reason": "Mistake"})
    assert (voided["status"], voided["singleStatus"]) == ("VOID", "VOIDED")
    assert voided["voidInfo"][0]["status"] == "ACCEPTED"
    assert figures(client, bill) == ("UNPAID", 0, 0, 100)
    assert client.call("POST", f"payments/{payment['id']}/void", {"type": "VOID_ONLY"})[0] == 400
    assert client.call("POST", f"payments/{payment['id']}/void", {"type": "NO"})[0] == 400


def test_a_void_may_take_until_the_next_day(client: Client) -> None:
    client.sample.switches.billcom_void_at_once = False
    bill = client.bill(100)
    payment = client.record(bill, 100)
    pending = client.post(f"payments/{payment['id']}/void", {"type": "VOID_ONLY"})
    assert (pending["status"], pending["singleStatus"]) == ("PAID", "VOID_PENDING")
    assert figures(client, bill)[0] == "PAID"
    client.sample.clock.advance(DAY)
    client = client.sample.log_in()
    assert client.get(f"payments/{payment['id']}")["status"] == "VOID"
    assert figures(client, bill)[0] == "UNPAID"


# Vendor credits


def test_a_credit_covers_a_part_of_a_bill(client: Client) -> None:
    bill, given = client.bill(100), credit(client)
    uses = [{"id": given["id"], "amount": 40}]
    payment = client.record(bill, 60, payments=[{"billId": bill["id"], "amount": 60, "vendorCredits": uses}])
    assert figures(client, bill) == ("PAID", 100, 0, 0)
    row = client.get(f"vendor-credits/{given['id']}")
    assert (row["status"], row["appliedAmount"]) == ("FULLY_APPLIED", 40)
    assert row["usage"] == [{"billId": bill["id"], "paymentId": payment["id"], "amount": 40}]
    client.post(f"payments/{payment['id']}/void", {"type": "VOID_ONLY"})
    assert client.get(f"vendor-credits/{given['id']}")["status"] == "NOT_APPLIED"
    assert figures(client, bill) == ("UNPAID", 0, 0, 100)


def test_a_credit_is_applied_by_the_bill_itself(client: Client) -> None:
    given = credit(client)
    bill = client.bill(100, vendorCredits=[{"id": given["id"], "amount": 15}])
    assert figures(client, bill) == ("PARTIAL_PAYMENT", 15, 0, 85)
    assert client.get(f"vendor-credits/{given['id']}")["status"] == "PARTIALLY_APPLIED"
    with pytest.raises(Failed):
        client.bill(100, vendorCredits=[{"id": given["id"], "amount": 26}])


def test_a_payment_of_credits_alone_goes_by_switch(client: Client) -> None:
    bill, given = client.bill(40), credit(client)
    shares = [{"billId": bill["id"], "amount": 0, "vendorCredits": [{"id": given["id"], "amount": 40}]}]
    client.sample.switches.billcom_credit_only_payment = False
    with pytest.raises(Failed):
        client.record(bill, 0, payments=shares)
    client.sample.switches.billcom_credit_only_payment = True
    assert client.record(bill, 0, payments=shares)["amount"] == 0
    assert figures(client, bill)[0] == "PAID"


def test_an_archived_credit_stays_archived(client: Client) -> None:
    given = credit(client)
    client.post(f"vendor-credits/{given['id']}/archive")
    assert client.call("POST", f"vendor-credits/{given['id']}/restore")[1][0]["code"] == "BDC_1121"
    body = {"applyToChartOfAccountId": "0ca00000000000000001", "applyToBankAccountId": BANK}
    assert client.call("PATCH", f"vendor-credits/{credit(client)['id']}", body)[0] == 400


# Money movements, in the older API


def older(client: Client, name: str = "List/MoneyMovement.json", **data: Any) -> Any:
    form = {"devKey": client.headers["devkey"], "sessionId": client.headers["sessionid"], "data": encode(data).decode()}
    response = client.sample.billcom.handle(Request("POST", f"/api/v2/{name}", {}, {}, urlencode(form).encode()))
    assert response.status == 200
    return decode(response.body)


def test_a_day_of_payments_is_one_movement_of_money(client: Client) -> None:
    for amount in (10, 20):
        client.pay(client.bill(amount), amount)
    client.record(client.bill(5), 5)
    assert older(client)["response_data"] == []
    client.sample.clock.advance(DAY)
    client = client.sample.log_in()
    [moved] = older(client, filters=[{"field": "bankAccountId", "op": "=", "value": BANK}])["response_data"]
    assert (moved["id"][:3], moved["amount"], moved["processDate"]) == ("mmt", 30, "2026-11-03")
    assert [item["name"] for item in moved["moneyMovementItems"]] == ["Acme", "Acme"]
    client.sample.switches.billcom_movement_grouping = "payment"
    assert len(older(client)["response_data"]) == 2
    late = [{"field": "processDate", "op": ">=", "value": "2026-11-04"}]
    assert older(client, filters=late)["response_data"] == []


def test_the_older_api_says_no_with_status_200(client: Client) -> None:
    assert older(client, "List/Bill.json")["response_data"]["error_code"] == "BDC_1121"
    assert older(client, filters=[{"field": "nothing", "op": "=", "value": ""}])["response_status"] == 1
    token = client.sample.log_in()
    client.sample.switches.billcom_sync_token_money_movement = False
    assert older(token)["response_status"] == 1


def test_the_older_api_signs_in(client: Client) -> None:
    company = client.sample.company
    names = (
        ("username", "userName"),
        ("password", "password"),
        ("organization_id", "orgId"),
        ("developer_key", "devKey"),
    )
    form = urlencode({theirs: company[ours] for ours, theirs in names}).encode()
    response = client.sample.billcom.handle(Request("POST", "/api/v2/Login.json", {}, {}, form))
    session = decode(response.body)["response_data"]["sessionId"]
    assert Client(client.sample, {**client.headers, "sessionid": session}).get("login/session")
