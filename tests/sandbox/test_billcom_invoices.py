from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.billcom_client import Client, Failed, Sample

CUSTOMER = "0cu00000000000000001"


@pytest.fixture
def client() -> Client:
    return Sample().log_in_trusted()


def line(quantity: float, price: float) -> dict[str, Any]:
    return {"quantity": quantity, "price": price, "description": "d"}


def invoice(client: Client, *lines: dict[str, Any], **more: Any) -> Any:
    return client.post(
        "invoices", {"customer": {"id": CUSTOMER}, "invoiceLineItems": list(lines) or [line(2, 50)], **more}
    )


def received(client: Client, made: Any, share: float, paid: float = 0) -> Any:
    """``paid``: the whole payment, where it is not the invoice's share alone."""
    body = {"paymentDate": "2026-11-02", "paymentType": "CHECK", "amount": paid or share}
    return client.post("invoices/record-payment", {**body, "invoices": [{"id": made["id"], "amount": share}]})


def test_the_customer_is_written_as_an_object_and_shown_flat(client: Client) -> None:
    made = invoice(client, processingOptions={"sendEmail": False})
    assert made["customerId"] == CUSTOMER
    assert {"customer", "processingOptions"} & made.keys() == set()
    with pytest.raises(Failed) as failed:
        client.post("invoices", {"customerId": CUSTOMER, "invoiceLineItems": [line(1, 1)]})
    assert failed.value.status == 400


def test_a_line_is_worth_its_quantity_times_its_price(client: Client) -> None:
    made = invoice(client, line(3, 33.333), line(1, 0.5))
    assert (float(made["totalAmount"]), float(made["dueAmount"]), made["status"]) == (100.5, 100.5, "OPEN")
    with pytest.raises(Failed):
        invoice(client, {"description": "no price"})


def test_number_and_dates_come_by_themselves_and_a_number_is_there_once(client: Client) -> None:
    first, second = invoice(client), invoice(client)
    assert first["invoiceNumber"] != second["invoiceNumber"]
    assert first["invoiceDate"] == first["dueDate"]
    with pytest.raises(Failed) as failed:
        invoice(client, invoiceNumber=first["invoiceNumber"])
    assert (failed.value.status, failed.value.code) == (422, "BDC_1171")
    client.post(f"invoices/{first['id']}/archive")
    assert invoice(client, invoiceNumber=first["invoiceNumber"])["invoiceNumber"] == first["invoiceNumber"]


def test_a_put_replaces_the_lines_and_keeps_those_that_are_named(client: Client) -> None:
    made = invoice(client, line(1, 10), line(1, 20))
    kept = made["invoiceLineItems"][1]
    changed = client.put(
        f"invoices/{made['id']}", {"customer": {"id": CUSTOMER}, "invoiceLineItems": [kept, line(2, 5)]}
    )
    assert [each["id"] == kept["id"] for each in changed["invoiceLineItems"]] == [True, False]
    assert changed["totalAmount"] == 30


def test_what_is_received_counts_at_once(client: Client) -> None:
    made = invoice(client)
    told = received(client, made, 30, paid=40)
    assert (told["unappliedAmount"], told["invoices"][0]["payments"][0]["amount"]) == (10, 30)
    shown = client.get(f"invoices/{made['id']}")
    assert (shown["status"], shown["dueAmount"]) == ("PARTIAL_PAYMENT", 70)
    payment = client.get(f"receivable-payments/{told['id']}")
    assert payment["invoicePayments"] == [{"invoiceId": made["id"], "amount": 30, "paymentDate": "2026-11-02"}]
    received(client, made, 70)
    assert client.get(f"invoices/{made['id']}")["status"] == "PAID_IN_FULL"
    assert len(client.get("receivable-payments")["results"]) == 2


@pytest.mark.parametrize("amounts", [(101, 101), (50, 40)])
def test_no_more_is_received_than_is_due_or_was_paid(client: Client, amounts: tuple[float, float]) -> None:
    made = invoice(client)
    with pytest.raises(Failed) as failed:
        received(client, made, *amounts)
    assert failed.value.status == 400


def test_an_invoice_with_payments_stays_and_the_payment_is_voided_by_a_person(client: Client) -> None:
    made = invoice(client)
    told = received(client, made, 100)
    with pytest.raises(Failed):
        client.post(f"invoices/{made['id']}/archive")
    assert client.call("POST", f"receivable-payments/{told['id']}/void")[0] == 404
    billcom, organization = client.sample.billcom, client.get("login/session")["organizationId"]
    assert billcom.person_void(organization, "receivable-payments", told["id"])["status"] == "VOID"
    shown = client.get(f"invoices/{made['id']}")
    assert (shown["status"], shown["dueAmount"], "payments" in shown) == ("OPEN", 100, False)
    assert client.post(f"invoices/{made['id']}/archive")["archived"] is True
