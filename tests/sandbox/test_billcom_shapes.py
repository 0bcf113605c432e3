"""What the simulated BILL answers has the names and types of the real one's answers, and no others.

``billcom_shapes.json`` holds what is relied on here; where the whole digest of BILL's collection is at hand
(``TIEOUT_SHARED``, or a folder ``shared`` beside the repository), the same answers are held against that too.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from syncapp.sandbox.billcom.values import is_date
from tests.sandbox.billcom_client import ACCOUNT, BANK, COMPANY, CUSTOMER, VENDOR, Client, Sample

HERE = Path(__file__).resolve().parent
SHARED = Path(os.environ.get("TIEOUT_SHARED", HERE.parents[2] / "shared"))
DIGEST = SHARED / "spec" / "bill_v3_shapes.json"
NO_DIGEST = f"The whole digest of BILL's API is not at {DIGEST}; set TIEOUT_SHARED."
LISTS = {"nextPage": "string", "prevPage": "string"}
CLASSIFICATIONS = ("accounting-classes", "departments", "locations", "jobs")
ALL_IDS = {
    "chartOfAccountId": ACCOUNT,
    "customerId": CUSTOMER,
}


def repository_shapes() -> dict[str, dict[str, str]]:
    known = json.loads((HERE / "billcom_shapes.json").read_text(encoding="utf-8"))
    return {
        operation: {f"{prefix}{path}": kind for path, kind in known["shapes"][shape].items()}
        for operation, (shape, prefix) in known["operations"].items()
    }


def whole_digest() -> dict[str, dict[str, str]]:
    operations = json.loads(DIGEST.read_text(encoding="utf-8"))["operations"]
    return {name: each["response_fields"] for name, each in operations.items() if each.get("response_fields")}


class Recorder(Client):
    """A client that keeps every answer under the name of its operation."""

    answers: dict[str, list[Any]]

    def call(self, method: str, path: str, body: Any = None, **query: str) -> tuple[int, Any]:
        status, answer = super().call(method, path, body, **query)
        if status < 400:
            self.answers.setdefault(f"{method} {self.template(path)}", []).append(answer)
        return status, answer

    def template(self, path: str) -> str:
        base = "[connect-events]/v3/" if "events" in self.base else "/v3/"
        return base + re.sub(r"\b(00\w{18}|[a-z0-9]{3}0\w{16})\b", "{}", path)


@pytest.fixture(scope="module")
def answers() -> dict[str, list[Any]]:
    """One of everything, with as many fields as can be."""
    sample = Sample({**COMPANY, "users": [{**each, "id": f"00600000000000000{at}00"} for at, each in users()]})
    plain = sample.log_in_trusted()
    client = Recorder(sample, plain.headers)
    client.answers = {
        "POST /v3/login": [sample.billcom.sessions.shown(next(iter(sample.billcom.sessions.alive.values())))]
    }
    people(client)
    lists(client)
    payables(client)
    receivables(client)
    client.base = "/connect-events/v3/"
    events(client)
    return client.answers


def users() -> Iterator[tuple[int, Any]]:
    return enumerate(COMPANY["users"], 1)


def people(client: Client) -> None:
    client.get("health")
    session = client.get("login/session")
    client.get("roles")
    client.get("users", max="1")
    client.get(f"users/{session['userId']}")
    client.get(f"organizations/{session['organizationId']}")
    client.patch(f"organizations/{session['organizationId']}", {"phone": "4085550199"})
    challenge = client.post("mfa/challenge", {"useBackup": "false"})["challengeId"]
    asked = {"challengeId": challenge, "token": "123456", "device": "tests", "rememberMe": True}
    remembered = client.post("mfa/challenge/validate", asked)
    client.post("mfa/step-up", {"rememberMeId": remembered["rememberMeId"], "device": "tests"})


def lists(client: Client) -> None:
    address = {
        "line1": "1",
        "line2": "2",
        "city": "C",
        "stateOrProvince": "CA",
        "zipOrPostalCode": "9",
        "country": "US",
    }
    info = {"taxId": "1", "taxIdType": "EIN", "track1099": True, "companyName": "C", "combinePayments": False}
    vendor = {"name": "V", "shortName": "v", "address": address, "accountNumber": "7", "email": "v@example.com"}
    vendor |= {"phone": "1", "additionalInfo": info, "paymentInformation": {"payeeName": "V"}}
    client.post("vendors", vendor)
    client.post("vendors/bulk", [vendor])
    client.patch(f"vendors/{VENDOR}", {"phone": "1"})
    client.get(f"vendors/{VENDOR}")
    client.get("vendors", max="1")
    customer = {"name": "N", "email": "n@example.com", "contact": {"firstName": "A"}, "billingAddress": address}
    client.post("customers", {**customer, "shippingAddress": address, "fax": "1", "description": "d"})
    client.get(f"customers/{CUSTOMER}")
    swap(client, f"customers/{CUSTOMER}")
    client.get("customers", max="1")
    bodies: dict[str, Any] = {name: {"name": "N", "shortName": "n", "description": "d"} for name in CLASSIFICATIONS}
    bodies["chart-of-accounts"] = {"name": "N", "description": "d", "account": {"type": "EXPENSE", "number": "1"}}
    bodies["employees"] = {"firstName": "E", "lastName": "F", "shortName": "e"}
    bodies["items"] = {"name": "I", "type": "SERVICE", "price": Decimal("1.5"), "chartOfAccountId": ACCOUNT}
    bodies["items"] |= {"purchaseCost": 1, "taxable": False, "percentage": 1, "purchaseDescription": "p"}
    for name, body in bodies.items():
        classification(client, f"classifications/{name}", body)
    client.get("funding-accounts/banks")
    client.get(f"funding-accounts/banks/{BANK}")
    client.patch(f"funding-accounts/banks/{BANK}", {"chartOfAccountId": ACCOUNT})


def classification(client: Client, path: str, body: Any) -> None:
    made = client.post(path, body)
    client.post(f"{path}/bulk", [{**body, "parentId": made["id"]}])
    client.get(f"{path}/{made['id']}")
    client.patch(f"{path}/{made['id']}", {"shortName": "s"} if "account" not in body else {"description": "e"})
    swap(client, f"{path}/{made['id']}")
    client.get(path, max="1")


def swap(client: Client, path: str) -> None:
    client.post(f"{path}/archive")
    client.post(f"{path}/restore")


def payables(client: Client) -> None:
    ids = {"chartOfAccountId": ACCOUNT, "customerId": CUSTOMER}
    for name, path in (("accountingClassId", "accounting-classes"), ("locationId", "locations"), ("itemId", "items")):
        ids[name] = client.get(f"classifications/{path}")["results"][0]["id"]
    user = client.get("login/session")["userId"]
    rule = {"key": "BILL_AMOUNT", "op": "gte", "values": ["500"]}
    client.post("bill-approvals/policies", {"policyName": "P", "rules": [rule], "approvers": [user]})
    client.get("bill-approvals/policies")
    lines = [{"amount": 600, "quantity": 2, "price": 300, "description": "d", "classifications": ids}]
    header = {"chartOfAccountId": ACCOUNT, "locationId": ids["locationId"]}
    bill = client.bill(billLineItems=lines, description="d", classifications=header, purchaseOrderNumber="1")
    client.get("bill-approvals/pending-user-approvals")
    client.post("bill-approvals/actions", [{"billId": bill["id"], "action": "APPROVE", "comment": "c"}])
    again = {name: bill[name] for name in ("vendorId", "dueDate", "invoice", "billLineItems")}
    client.put(f"bills/{bill['id']}", again)
    client.patch(f"bills/{bill['id']}", {"payFromChartOfAccountId": ACCOUNT})
    client.post("bills/bulk", [{**again, "billLineItems": lines}])
    swap(client, f"bills/{bill['id']}")
    money(client, bill, lines)
    client.get(f"bills/{bill['id']}")
    client.get("bills", max="1")


def money(client: Client, bill: Any, lines: Any) -> None:
    line = {name: lines[0][name] for name in ("amount", "description", "classifications")}
    body: dict[str, Any] = {"vendorId": VENDOR, "referenceNumber": "C", "creditDate": "2026-11-01", "description": "d"}
    body |= {"vendorCreditLineItems": [line], "applyToChartOfAccountId": ACCOUNT}
    credit = client.post("vendor-credits", body)
    client.post("vendor-credits/bulk", [body])
    client.patch(f"vendor-credits/{credit['id']}", {"description": "e"})
    uses = [{"id": credit["id"], "amount": 5}]
    share = {"billId": bill["id"], "amount": 10, "vendorCredits": uses}
    account = {"chartOfAccountId": ACCOUNT}
    more = {"syncReference": "1", "classifications": account, "allowExport": False, "description": "d"}
    recorded = client.record(bill, 0, payments=[share], **more)
    client.get(f"vendor-credits/{credit['id']}")
    client.get("vendor-credits", max="1")
    client.post(f"payments/{recorded['id']}/void", {"type": "VOID_ONLY", "reason": "r"})
    paid = client.pay(bill, 20, transactionNumber="7", description="d")
    client.post(f"payments/{client.pay(bill, 5)['id']}/cancel")
    client.sample.clock.advance(86_400)
    client.headers = client.sample.log_in_trusted().headers
    client.get(f"payments/{paid['id']}")
    client.get("payments", max="1")


def receivables(client: Client) -> None:
    item, tracked = (
        client.get(f"classifications/{path}")["results"][0]["id"] for path in ("items", "accounting-classes")
    )
    codes = {"itemId": item, "accountingClassId": tracked, "chartOfAccountId": ACCOUNT}
    lines = [{"description": "d", "quantity": 2, "price": 50, "classifications": codes}]
    body = {"customer": {"id": CUSTOMER}, "invoiceLineItems": lines, "payToChartOfAccountId": ACCOUNT}
    made = client.post("invoices", {**body, "classifications": {"accountingClassId": tracked}})
    client.patch(f"invoices/{made['id']}", {"dueDate": "2027-01-01"})
    client.put(f"invoices/{made['id']}", body)
    swap(client, f"invoices/{made['id']}")
    paid = {"paymentDate": "2026-11-02", "paymentType": "CHECK", "amount": 60, "description": "d"}
    told = client.post("invoices/record-payment", {**paid, "invoices": [{"id": made["id"], "amount": 60}]})
    client.get(f"invoices/{made['id']}")
    client.get("invoices", max="1")
    client.get(f"receivable-payments/{told['id']}")
    client.get("receivable-payments", max="1")
    memo = {"customerId": CUSTOMER, "referenceNumber": "r", "creditDate": "2026-11-02", "creditMemoLineItems": lines}
    kept = client.post("credit-memos", {**memo, "description": "d", "payToChartOfAccountId": ACCOUNT})
    client.patch(f"credit-memos/{kept['id']}", {"description": "e"})
    client.put(f"credit-memos/{kept['id']}", memo)
    swap(client, f"credit-memos/{kept['id']}")
    owed = client.post("invoices", body)
    uses = [{"invoiceId": owed["id"], "amount": 10}]
    client.sample.billcom.person_save(client.sample.id, "credit-memos", {"id": kept["id"], "usage": uses})
    client.get(f"credit-memos/{kept['id']}")
    client.get("credit-memos", max="1")
    client.post("credit-memos/bulk", [memo])


def events(client: Client) -> None:
    client.headers = {**client.headers, "x-idempotent-key": "key"}
    client.get("events/catalog")
    body = {"name": "n", "status": {"enabled": True}, "events": [{"type": "bill.updated", "version": "1"}]}
    made = client.post("subscriptions", {**body, "notificationUrl": "https://example.com/hook"})
    client.get(f"subscriptions/{made['id']}")
    client.patch(f"subscriptions/{made['id']}", {"name": "m"})
    client.post(f"subscriptions/{made['id']}/security_key")


def flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from flat(each, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for each in value:
            yield from flat(each, f"{path}[]")
    else:
        yield path, value


def fits(value: Any, kind: str) -> bool:
    """Whether a value is of a type of the digest."""
    if "|" in kind:
        return any(fits(value, each) for each in kind.split("|"))
    if kind == "boolean":
        return isinstance(value, bool)
    if kind in ("number", "integer"):
        return isinstance(value, int | (Decimal if kind == "number" else int)) and not isinstance(value, bool)
    if kind == "date-time":
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    return is_date(value) if kind == "date" else isinstance(value, str)


def wrong(answers: dict[str, list[Any]], known: dict[str, dict[str, str]]) -> list[str]:
    """What is answered that the shapes don't know of, or know as something else."""
    shapes = {re.sub(r"\{\w+\}", "{}", name): {**fields, **LISTS} for name, fields in known.items()}
    found = []
    for name, bodies in answers.items():
        if name not in shapes:
            found.append(f"{name}: no such operation")
            continue
        for path, value in (pair for body in bodies for pair in flat(body)):
            kind = shapes[name].get(path)
            if kind is None or not fits(value, kind):
                found.append(f"{name}: {path} = {value!r} is not {kind}")
    return sorted(set(found))


def test_it_answers_in_the_shapes_relied_on(answers: dict[str, list[Any]]) -> None:
    assert len(answers) > 80
    assert wrong(answers, repository_shapes()) == []


@pytest.mark.skipif(not DIGEST.exists(), reason=NO_DIGEST)
def test_it_answers_in_the_shapes_of_the_whole_digest(answers: dict[str, list[Any]]) -> None:
    assert wrong(answers, whole_digest()) == []


@pytest.mark.skipif(not DIGEST.exists(), reason=NO_DIGEST)
def test_the_shapes_relied_on_are_those_of_the_digest() -> None:
    whole = whole_digest()
    for operation, fields in repository_shapes().items():
        assert fields.items() <= whole[operation].items(), operation


def test_a_strange_field_is_noticed(answers: dict[str, list[Any]]) -> None:
    body = {**answers["GET /v3/vendors/{}"][0], "nickname": "x", "archived": "no"}
    assert len(wrong({"GET /v3/vendors/{}": [body]}, repository_shapes())) == 2


def test_every_operation_made_here_answered(answers: dict[str, list[Any]]) -> None:
    for path in ("vendors", "bills", "payments", "customers", "vendor-credits", "classifications/items"):
        assert f"GET /v3/{path}" in answers and f"GET /v3/{path}/{{}}" in answers
