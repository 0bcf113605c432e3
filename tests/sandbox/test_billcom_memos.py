"""Credit memos of the simulated BILL: what they are worth, and what people apply them to."""

from __future__ import annotations

from typing import Any

import pytest

from syncapp.sandbox.billcom.errors import Refused
from tests.sandbox.billcom_client import Client, Failed, Sample
from tests.sandbox.test_billcom_invoices import CUSTOMER, invoice, line, received


@pytest.fixture
def client() -> Client:
    return Sample().log_in_trusted()


def memo(client: Client, *lines: dict[str, Any], **more: Any) -> Any:
    head = {"customerId": CUSTOMER, "referenceNumber": "CM-1", "creditDate": "2026-11-01"}
    return client.post("credit-memos", {**head, "creditMemoLineItems": list(lines) or [line(2, 15)], **more})


def applied(client: Client, made: Any, *uses: tuple[Any, float]) -> Any:
    usage = [{"invoiceId": each["id"], "amount": amount} for each, amount in uses]
    organization = next(iter(client.sample.billcom.organizations))
    return client.sample.billcom.person_save(organization, "credit-memos", {"id": made["id"], "usage": usage})


def test_a_line_is_worth_its_quantity_times_its_price(client: Client) -> None:
    made = memo(client, line(3, 33.333), line(1, 0.5))
    assert (float(made["amount"]), made["appliedAmount"], made["status"]) == (100.5, 0, "NOT_APPLIED")
    assert [float(each["amount"]) for each in made["creditMemoLineItems"]] == [100, 0.5]
    assert "usage" not in made
    assert client.get(f"credit-memos/{made['id']}")["usage"] == []


def test_it_needs_a_reference_and_a_line(client: Client) -> None:
    lacking: list[dict[str, Any]] = [{"referenceNumber": None}, {"creditMemoLineItems": []}, {"customerId": "0cu9"}]
    for wrong in lacking:
        with pytest.raises(Failed) as failed:
            memo(client, **wrong)
        assert failed.value.status in (400, 404)


def test_a_put_replaces_the_lines_and_keeps_those_that_are_named(client: Client) -> None:
    made = memo(client, line(1, 10), line(1, 20))
    kept = made["creditMemoLineItems"][1]
    head = {name: made[name] for name in ("customerId", "referenceNumber", "creditDate")}
    changed = client.put(
        f"credit-memos/{made['id']}",
        {**head, "creditMemoLineItems": [{name: kept[name] for name in ("id", "quantity", "price")}, line(2, 5)]},
    )
    assert [each["id"] == kept["id"] for each in changed["creditMemoLineItems"]] == [True, False]
    assert changed["amount"] == 30


def test_it_is_archived_and_restored_unless_it_is_applied(client: Client) -> None:
    made = memo(client)
    client.post(f"credit-memos/{made['id']}/archive")
    assert client.post(f"credit-memos/{made['id']}/restore")["archived"] is False
    applied(client, made, (invoice(client), 10))
    with pytest.raises(Failed):
        client.post(f"credit-memos/{made['id']}/archive")


def test_what_is_applied_lowers_the_invoice_and_is_put_elsewhere_again(client: Client) -> None:
    made, first, second = memo(client), invoice(client), invoice(client)
    applied(client, made, (first, 30))
    shown = client.get(f"invoices/{first['id']}")
    assert (shown["dueAmount"], shown["creditAmount"], shown["status"]) == (70, 30, "PARTIAL_PAYMENT")
    now = client.get(f"credit-memos/{made['id']}")
    assert (now["appliedAmount"], now["status"]) == (30, "FULLY_APPLIED")
    assert now["usage"] == [{"invoiceId": first["id"], "amount": 30}]
    with pytest.raises(Failed):
        client.post(f"invoices/{first['id']}/archive")

    applied(client, made, (second, 20))
    due = [client.get(f"invoices/{each['id']}")["dueAmount"] for each in (first, second)]
    assert (due, client.get(f"credit-memos/{made['id']}")["status"]) == ([100, 80], "PARTIALLY_APPLIED")


def test_no_more_is_applied_than_there_is_or_is_due(client: Client) -> None:
    made, due = memo(client), invoice(client)
    for amount in (31, 0):
        with pytest.raises(Refused):
            applied(client, made, (due, amount))
    received(client, due, 90)
    with pytest.raises(Refused):
        applied(client, made, (due, 20))
