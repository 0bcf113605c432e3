from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.billcom_client import ACCOUNT, COMPANY, VENDOR, Client, Failed, Sample


@pytest.fixture
def client() -> Client:
    return Sample().log_in_user()


def body_of(bill: Any) -> dict[str, Any]:
    return {name: bill[name] for name in ("vendorId", "dueDate", "invoice", "billLineItems")}


def test_a_bill_adds_up(client: Client) -> None:
    bill = client.bill(120.5, -20.25)
    assert (bill["amount"], bill["dueAmount"], bill["paymentStatus"]) == (
        Decimal("100.25"),
        Decimal("100.25"),
        "UNPAID",
    )
    assert [line["id"][:3] for line in bill["billLineItems"]] == ["bli", "bli"]
    assert bill["approvalStatus"] == "UNASSIGNED"
    assert "vendorName" not in bill
    assert client.get(f"bills/{bill['id']}")["vendorName"] == "Acme"


@pytest.mark.parametrize(
    ("line", "amount"),
    [
        ({"quantity": 3, "price": Decimal("1.255")}, Decimal("3.77")),
        ({"quantity": 3, "price": 1, "amount": 5}, 5),
        ({"amount": 0}, 0),
    ],
)
def test_an_amount_or_else_quantity_times_price(client: Client, line: Any, amount: Any) -> None:
    assert client.bill(billLineItems=[line])["amount"] == amount


@pytest.mark.parametrize(
    "wrong",
    [
        {"vendorId": None},
        {"dueDate": None},
        {"dueDate": "12/01/2026"},
        {"invoice": None},
        {"billLineItems": []},
        {"billLineItems": [{"description": "no amount"}]},
        {"billLineItems": [{"amount": "5"}]},
        {"billLineItems": [{"amount": Decimal("5.001")}]},
        {"billLineItems": [{"amount": -5}]},
        {"billLineItems": [{"amount": 5, "classifications": {"chartOfAccountId": "0ca00000000000009999"}}]},
        {"description": "d" * 4001},
    ],
)
def test_it_refuses_a_wrong_bill(client: Client, wrong: Any) -> None:
    with pytest.raises(Failed) as failed:
        client.bill(**{"vendorId": VENDOR, **wrong})
    assert failed.value.status == 400
    assert client.get("bills")["results"] == []


def test_a_patch_edits_lines_by_id_and_leaves_the_others(client: Client) -> None:
    bill = client.bill(10, 20)
    first, second = bill["billLineItems"]
    patched = client.patch(f"bills/{bill['id']}", {"billLineItems": [{"id": second["id"], "amount": 25}]})
    assert [line["amount"] for line in patched["billLineItems"]] == [10, 25]
    assert patched["billLineItems"][1]["classifications"] == {"chartOfAccountId": ACCOUNT}
    assert patched["amount"] == 35
    for line in ({"amount": 1}, {"id": "bli00000000000000001", "amount": 1}):
        with pytest.raises(Failed):
            client.patch(f"bills/{bill['id']}", {"billLineItems": [line]})
    assert first["amount"] == 10


def test_a_put_replaces_the_lines(client: Client) -> None:
    bill = client.bill(10, 20)
    kept = bill["billLineItems"][1]
    replaced = client.put(f"bills/{bill['id']}", {**body_of(bill), "billLineItems": [kept, {"amount": 7}]})
    assert [line["amount"] for line in replaced["billLineItems"]] == [20, 7]
    assert replaced["billLineItems"][0]["id"] == kept["id"]
    assert (replaced["id"], replaced["createdTime"]) == (bill["id"], bill["createdTime"])
    with pytest.raises(Failed):
        client.put(f"bills/{bill['id']}", {**body_of(bill), "billLineItems": [{"id": "bli1", "amount": 7}]})


def test_a_put_leaves_nothing_that_it_does_not_name(client: Client) -> None:
    bill = client.bill(10, description="Old")
    assert "description" not in client.put(f"bills/{bill['id']}", body_of(bill))


def test_100_bills_at_once_or_none(client: Client) -> None:
    bodies = [{**body_of(client.bill(1)), "billLineItems": [{"amount": 1}]} for _ in range(100)]
    assert len(client.post("bills/bulk", bodies)) == 100
    with pytest.raises(Failed):
        client.post("bills/bulk", [*bodies, bodies[0]])
    with pytest.raises(Failed):
        client.post("bills/bulk", [bodies[0], {**bodies[1], "vendorId": "00900000000000009999"}])
    assert len(client.all_pages("bills")) == 200


def test_it_lists_the_bills_of_a_vendor(client: Client) -> None:
    other = client.post("vendors", {"name": "Other", "address": {"country": "US"}})["id"]
    mine, theirs = client.bill(1), client.bill(2, vendor=other)
    found = client.get("bills", filters=f'vendorId:in:"{other}"')["results"]
    assert [row["id"] for row in found] == [theirs["id"]]
    client.patch(f"bills/{mine['id']}", {"vendorId": other})
    assert len(client.get("bills", filters=f"vendorId:eq:{other}")["results"]) == 2
    assert client.get(f"vendors/{other}")["balance"]["amount"] == 3
    assert client.get(f"vendors/{VENDOR}")["balance"]["amount"] == 0


def test_numbers_may_be_used_twice(client: Client) -> None:
    client.bill(1, number="A-1")
    client.bill(1, number="A-1")
    client.sample.switches.billcom_unique_bill_numbers = True
    with pytest.raises(Failed) as failed:
        client.bill(1, number="a-1")
    assert (failed.value.status, failed.value.code) == (422, "BDC_1171")


def test_a_vendors_balance_follows_its_bills(client: Client) -> None:
    first = client.bill(100)
    client.bill(50)
    client.record(first, 30)
    assert client.get(f"vendors/{VENDOR}")["balance"]["amount"] == 120
    bill = client.bill(5)
    client.post(f"bills/{bill['id']}/archive")
    assert client.get(f"vendors/{VENDOR}")["balance"]["amount"] == 120


@pytest.mark.parametrize(
    ("mode", "recode", "rename", "reprice"),
    [("coding", True, False, False), ("none", False, False, False), ("all", True, True, True)],
)
def test_what_may_change_on_a_paid_bill(mode: str, recode: bool, rename: bool, reprice: bool) -> None:
    client = Sample().log_in_user()
    bill = client.bill(100)
    client.record(bill, 40)
    client.sample.switches.billcom_paid_bill_edits = mode
    line = bill["billLineItems"][0]["id"]
    edits = [
        ({"billLineItems": [{"id": line, "description": "Coded"}], "description": "Memo"}, recode),
        ({"invoice": {"invoiceNumber": "B-9"}}, rename),
        ({"billLineItems": [{"id": line, "amount": 60}]}, reprice),
    ]
    for edit, allowed in edits:
        assert (client.call("PATCH", f"bills/{bill['id']}", edit)[0] == 200) is allowed, edit


def test_a_paid_bill_is_not_archived_unless_the_switch_says_so(client: Client) -> None:
    bill = client.bill(100)
    client.record(bill, 40)
    assert client.call("POST", f"bills/{bill['id']}/archive")[0] == 400
    client.sample.switches.billcom_archive_paid_bill = True
    assert client.post(f"bills/{bill['id']}/archive")["archived"] is True


# Approvals


@pytest.fixture
def approving() -> Sample:
    """Bills of 500 and more want Max, then Ada."""
    users = [{**user, "id": f"0060000000000000000{at}"} for at, user in enumerate(COMPANY["users"])]
    rule = {"key": "BILL_AMOUNT", "op": "gte", "values": ["500"]}
    policy = {"policyName": "Large", "rules": [rule], "approvers": [users[1]["id"], users[0]["id"]]}
    return Sample({**COMPANY, "users": users, "policies": [policy]})


def approve(client: Client, bill: Any, action: str = "APPROVE") -> int:
    return client.call("POST", "bill-approvals/actions", [{"billId": bill["id"], "action": action, "comment": ""}])[0]


def test_a_policy_assigns_approvers_who_act_in_turn(approving: Sample) -> None:
    ada, max_ = approving.log_in_user("ada@example.com"), approving.log_in_user("max@example.com")
    assert ada.bill(499)["approvalStatus"] == "UNASSIGNED"
    bill = ada.bill(500)
    assert (bill["approvalStatus"], len(bill["approvers"])) == ("ASSIGNED", 2)
    assert ada.get("bill-approvals/pending-user-approvals")["bills"] == []
    assert [each["billId"] for each in max_.get("bill-approvals/pending-user-approvals")["bills"]] == [bill["id"]]
    assert approve(ada, bill) == 400
    assert approve(max_, bill) == 200
    assert ada.get(f"bills/{bill['id']}")["approvalStatus"] == "APPROVING"
    assert approve(ada, bill) == 200
    assert ada.get(f"bills/{bill['id']}")["approvalStatus"] == "APPROVED"


def test_a_denied_bill_stays_denied(approving: Sample) -> None:
    ada, max_ = approving.log_in_user("ada@example.com"), approving.log_in_user("max@example.com")
    bill = ada.bill(600)
    assert approve(max_, bill, "DENY") == 200
    assert ada.get(f"bills/{bill['id']}")["approvalStatus"] == "DENIED"
    assert approve(ada, bill) == 400


def test_an_approval_moves_the_time_of_a_bill_only_by_switch(approving: Sample) -> None:
    max_ = approving.log_in_user("max@example.com")
    bill, later = max_.bill(600), max_.bill(700)
    approving.clock.advance(60)
    approve(max_, bill)
    assert max_.get(f"bills/{bill['id']}")["updatedTime"] == bill["updatedTime"]
    approving.switches.billcom_approval_touches_bill = True
    approve(max_, later)
    assert max_.get(f"bills/{later['id']}")["updatedTime"] > later["updatedTime"]


@pytest.mark.parametrize(("mode", "memo", "amount"), [("all", 200, 200), ("no-amount", 200, 400), ("none", 400, 400)])
def test_what_may_change_on_an_approved_bill(approving: Sample, mode: str, memo: int, amount: int) -> None:
    client = approving.log_in_user()
    bill = client.bill(600)
    approving.billcom.person_approve(approving.id, bill["id"])
    approving.switches.billcom_approved_bill_edits = mode
    line = bill["billLineItems"][0]["id"]
    assert client.call("PATCH", f"bills/{bill['id']}", {"description": "Memo"})[0] == memo
    edit = {"billLineItems": [{"id": line, "amount": 700}]}
    assert client.call("PATCH", f"bills/{bill['id']}", edit)[0] == amount


def test_an_edit_may_ask_the_approvers_again(approving: Sample) -> None:
    client = approving.log_in_user()
    approving.switches.billcom_edit_resets_approval = True
    bill = client.bill(600)
    approving.billcom.person_approve(approving.id, bill["id"])
    line = bill["billLineItems"][0]["id"]
    again = client.patch(f"bills/{bill['id']}", {"billLineItems": [{"id": line, "amount": 700}]})
    assert (again["approvalStatus"], again["approvers"][0]["status"]) == ("ASSIGNED", "WAITING")


def test_policies_come_and_go(approving: Sample) -> None:
    client = approving.log_in_user()
    policy = client.get("bill-approvals/policies")[0]
    client._must("DELETE", f"bill-approvals/policies/{policy['id']}")
    assert client.bill(600)["approvalStatus"] == "UNASSIGNED"
    assert client.call("POST", "bill-approvals/policies", {"policyName": "X"})[0] == 400
