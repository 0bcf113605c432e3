"""The gateway and the sandbox, each written from BILL's documents on its own, have to understand one another."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from syncapp.gateways.billcom import BillcomCredentials, BillcomGateway, SignIn, login
from syncapp.gateways.errors import BadAnswer, GatewayError, NotFound, Reason, Rejected, Unauthorized, Unavailable
from syncapp.gateways.http import Http
from tests.support.sandbox import Sandbox

ADDRESS = {"line1": "1 Quay", "city": "Oakland", "stateOrProvince": "CA", "zipOrPostalCode": "94607", "country": "US"}
COMPANY = {
    "name": "Gate Works",
    "console": True,
    "signed_up_on": "2019-01-02",
    "qbo": {},
    "billcom": {
        "vendors": [{"name": "Acme Paper", "address": ADDRESS}],
        "chart-of-accounts": [{"name": "Rent", "account": {"type": "EXPENSE", "number": "600"}}],
    },
}
TOKEN = ("sync_token_name", "sync_token_value", SignIn.SYNC_TOKEN)
PERSON = ("username", "password", SignIn.USER)
CONSOLE = ("console_email", "console_api_token", SignIn.CONSOLE)


@pytest.fixture
def company(sandbox: Sandbox) -> Iterator[dict[str, Any]]:
    yield {**sandbox.load(data=COMPANY)["billcom"], "base_url": sandbox.billcom_url}
    sandbox.clear_faults()


def credentials(company: dict[str, Any], how: tuple[str, str, SignIn] = TOKEN) -> BillcomCredentials:
    name, password, sign_in = how
    key, organization = company["developer_key"], company["organization_id"]
    return BillcomCredentials(key, organization, company[name], company[password], sign_in)


class Sessions:
    def __init__(self, http: Http, company: dict[str, Any]) -> None:
        self.http, self.company = http, company
        self.held = ""
        self.log_ins = 0

    def __call__(self, anew: bool) -> str:
        if anew or not self.held:
            self.log_ins += 1
            self.held = login(self.http, self.company["base_url"], credentials(self.company)).session_id
        return self.held


@pytest.fixture
def sessions(http: Http, company: dict[str, Any]) -> Sessions:
    return Sessions(http, company)


@pytest.fixture
def billcom(http: Http, company: dict[str, Any], sessions: Sessions) -> BillcomGateway:
    return BillcomGateway(http, company["base_url"], company["developer_key"], sessions)


def listed(billcom: BillcomGateway, path: str, **more: Any) -> list[dict[str, Any]]:
    return [record for page in billcom.pages(path, **more) for record in page.records]


@pytest.fixture
def vendor(billcom: BillcomGateway) -> dict[str, Any]:
    return listed(billcom, "vendors")[0]


@pytest.fixture
def bill(billcom: BillcomGateway, vendor: dict[str, Any]) -> dict[str, Any]:
    """One that can be sent; its number has to be set."""
    account = listed(billcom, "classifications/chart-of-accounts")[0]
    line = {"amount": Decimal("120.50"), "description": "Reams", "classifications": {"chartOfAccountId": account["id"]}}
    return {"vendorId": vendor["id"], "dueDate": "2026-12-15", "billLineItems": [line]}


def numbered(bill: dict[str, Any], number: str) -> dict[str, Any]:
    return {**bill, "invoice": {"invoiceNumber": number, "invoiceDate": "2026-11-15"}}


@pytest.mark.parametrize("how", [TOKEN, PERSON, CONSOLE])
def test_it_logs_in(http: Http, company: dict[str, Any], how: tuple[str, str, SignIn]) -> None:
    session = login(http, company["base_url"], credentials(company, how))
    assert session.organization_id == company["organization_id"]
    assert session.user_id.startswith("006")


def test_a_wrong_password_and_a_wrong_key_are_told_apart(http: Http, company: dict[str, Any]) -> None:
    right = credentials(company)
    for wrong in (
        BillcomCredentials(right.developer_key, right.organization_id, right.username, "wrong"),
        BillcomCredentials("wrong", right.organization_id, right.username, right.password),
    ):
        with pytest.raises(Unauthorized) as caught:
            login(http, company["base_url"], wrong)
        assert caught.value.reason is Reason.CREDENTIALS


def test_it_knows_the_organization_and_its_people(billcom: BillcomGateway, company: dict[str, Any]) -> None:
    session = billcom.current_session()
    assert session["organizationId"] == company["organization_id"]
    assert billcom.organization(company["organization_id"])["name"] == "Gate Works"
    assert company["organization_id"] in [each["id"] for each in billcom.organizations()]
    user = billcom.user(session["userId"])
    assert user["role"]["id"] in [each["id"] for each in billcom.roles()]
    assert user["id"] in [each["id"] for each in billcom.users()]
    assert isinstance(billcom.bank_accounts(), list)


def test_it_writes_and_reads_back(billcom: BillcomGateway, bill: dict[str, Any]) -> None:
    made = billcom.create("bills", numbered(bill, "A-1"))
    assert made["amount"] == Decimal("120.50")
    lines = [{"id": made["billLineItems"][0]["id"], "amount": Decimal("100")}, {"amount": Decimal("0.05")}]
    assert billcom.put("bills", made["id"], {**numbered(bill, "A-2"), "billLineItems": lines})["amount"] == Decimal(
        "100.05"
    )
    assert billcom.get("bills", made["id"])["invoice"]["invoiceNumber"] == "A-2"
    assert billcom.archive("bills", made["id"])["archived"] is True
    assert billcom.restore("bills", made["id"])["archived"] is False


def test_it_patches(billcom: BillcomGateway, vendor: dict[str, Any]) -> None:
    assert billcom.patch("vendors", vendor["id"], {"email": "paper@acme.example"})["email"] == "paper@acme.example"
    assert billcom.get("vendors", vendor["id"])["name"] == "Acme Paper"


def test_it_writes_in_bulk_and_reads_page_by_page(billcom: BillcomGateway, bill: dict[str, Any]) -> None:
    made = billcom.create_bulk("bills", [numbered(bill, f"B-{number}") for number in range(7)])
    assert [each["invoice"]["invoiceNumber"] for each in made] == [f"B-{number}" for number in range(7)]
    pages = list(billcom.pages("bills", size=3))
    assert [len(page.records) for page in pages] == [3, 3, 1]
    assert {each["id"] for page in pages for each in page.records} == {each["id"] for each in made}
    since = min(each["updatedTime"] for each in made)
    assert len(listed(billcom, "bills", filters=f'updatedTime:gte:"{since}"')) == 7
    again = list(billcom.pages("bills", size=3, page=pages[0].next_page))
    assert [len(page.records) for page in again] == [3, 1]
    assert set(billcom.by_ids("bills", [made[0]["id"], made[6]["id"]])) == {made[0]["id"], made[6]["id"]}


@pytest.mark.parametrize("path", ["vendors", "classifications/chart-of-accounts", "classifications/locations"])
def test_other_kinds_go_in_bulk_too(billcom: BillcomGateway, path: str) -> None:
    records = [{"name": "One", "address": ADDRESS}, {"name": "Two", "address": ADDRESS}]
    if path != "vendors":
        records = [{"name": each["name"]} for each in records]
    assert [each["name"] for each in billcom.create_bulk(path, records)] == ["One", "Two"]


def test_a_bulk_call_is_all_or_nothing(billcom: BillcomGateway, bill: dict[str, Any]) -> None:
    with pytest.raises(Rejected) as caught:
        billcom.create_bulk("bills", [numbered(bill, "C-1"), bill])
    assert caught.value.element.startswith("[1].")
    assert listed(billcom, "bills") == []


def test_it_records_and_voids_a_payment(billcom: BillcomGateway, bill: dict[str, Any]) -> None:
    made = billcom.create("bills", numbered(bill, "P-1"))
    payment = billcom.record_payment(
        {
            "vendorId": made["vendorId"],
            "processDate": "2026-11-20",
            "toPrintCheck": False,
            "payments": [{"billId": made["id"], "amount": Decimal("20.50")}],
            "syncReference": "op-1",
        }
    )
    assert billcom.get("bills", made["id"])["dueAmount"] == Decimal("100")
    assert [each["id"] for each in listed(billcom, "payments")] == [payment["id"]]
    assert billcom.void_payment(payment["id"])["id"] == payment["id"]
    assert billcom.get("bills", made["id"])["dueAmount"] == Decimal("120.50")


def test_refusals_name_the_field(billcom: BillcomGateway) -> None:
    with pytest.raises(Rejected) as caught:
        billcom.create("vendors", {"name": "No Address"})
    assert caught.value.element.startswith("address")
    with pytest.raises(NotFound):
        billcom.get("vendors", "00901NOSUCHVENDOR001")


def test_a_lost_session_is_opened_anew(
    sandbox: Sandbox, billcom: BillcomGateway, sessions: Sessions, vendor: dict[str, Any]
) -> None:
    sandbox.fault("billcom", "session_lost")
    assert billcom.get("vendors", vendor["id"])["id"] == vendor["id"]
    assert sessions.log_ins == 2


def test_never_more_than_three_at_once(billcom: BillcomGateway, vendor: dict[str, Any]) -> None:
    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(lambda _: billcom.get("vendors", vendor["id"]), range(60)))
    assert len(found) == 60


@pytest.mark.parametrize(
    ("fault", "made", "expected"),
    [
        ("500", 0, Unavailable),
        ("503", 0, Unavailable),
        ("503_after", 1, Unavailable),
        ("reset_before", 0, Unavailable),
        ("reset_after", 1, Unavailable),
        ("timeout_before", 0, Unavailable),
        ("timeout_after", 1, Unavailable),
        ("truncated_json", 1, GatewayError),
        ("odd_shape", 1, BadAnswer),
    ],
)
def test_a_write_that_fails_half_way_is_in_doubt(
    sandbox: Sandbox,
    billcom: BillcomGateway,
    vendor: dict[str, Any],
    fault: str,
    made: int,
    expected: type[GatewayError],
) -> None:
    sandbox.fault("billcom", fault, method="POST", path_contains="/v3/vendors", seconds=2)
    with pytest.raises(expected) as caught:
        billcom.create("vendors", {"name": "In Doubt", "address": ADDRESS})
    assert caught.value.outcome_unknown
    assert len([each for each in listed(billcom, "vendors") if each["name"] == "In Doubt"]) == made
