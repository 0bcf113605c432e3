"""A client of the simulated BILL, in process, and a small company to try things on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from syncapp.sandbox.billcom import Billcom
from syncapp.sandbox.clock import Clock
from syncapp.sandbox.http import Request, decode, encode
from syncapp.sandbox.switches import Switches

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
COMPANY: dict[str, Any] = {
    "chart-of-accounts": [
        {"id": "0ca00000000000000001", "name": "Rent", "account": {"type": "EXPENSE", "number": "6100"}},
        {"id": "0ca00000000000000002", "name": "Checking", "account": {"type": "BANK"}},
    ],
    "vendors": [
        {"id": "00900000000000000001", "name": "Acme", "address": {"country": "US"}},
        {"id": "00900000000000000002", "name": "Bolt", "address": {"country": "US"}, "archived": True},
    ],
    "customers": [{"id": "0cu00000000000000001", "name": "Cora", "email": "cora@example.com"}],
    "banks": [
        {
            "id": "bac00000000000000001",
            "bankName": "Main",
            "nameOnAccount": "Sample",
            "accountNumber": "123456789",
            "routingNumber": "110000000",
            "type": "CHECKING",
            "ownerType": "BUSINESS",
        }
    ],
    "users": [
        {"firstName": "Ada", "lastName": "Min", "email": "ada@example.com", "role": {"type": "ADMINISTRATOR"}},
        {"firstName": "Max", "lastName": "Member", "email": "max@example.com", "role": {"type": "MEMBER"}},
    ],
}
ACCOUNT, VENDOR, ARCHIVED_VENDOR = "0ca00000000000000001", "00900000000000000001", "00900000000000000002"
CUSTOMER, BANK = "0cu00000000000000001", "bac00000000000000001"


@dataclass
class Sample:
    """BILL with one company on a clock that stands still, and the events that came out of it."""

    data: dict[str, Any] = field(default_factory=lambda: COMPANY)
    console: bool = False

    def __post_init__(self) -> None:
        self.clock = Clock()
        self.clock.set(NOON)
        self.switches = Switches()
        self.events: list[dict[str, Any]] = []
        self.billcom = Billcom(self.clock, self.switches, self.events.append)
        self.company = self.billcom.load(self.data, "Sample", self.console)

    @property
    def id(self) -> str:
        return self.company["organization_id"]

    def log_in(self, **body: str) -> Client:
        """By sync token, unless told otherwise."""
        company = self.company
        token = {"username": company["sync_token_name"], "password": company["sync_token_value"]}
        asked = {"organizationId": self.id, "devKey": company["developer_key"], **(body or token)}
        client = Client(self, {"devkey": company["developer_key"]})
        status, answer = client.call("POST", "login", asked)
        if status != 200:
            raise Failed(status, answer)
        client.headers["sessionid"] = answer["sessionId"]
        return client

    def log_in_user(self, email: str = "ada@example.com") -> Client:
        return self.log_in(username=email, password=self.company["password"])

    def log_in_trusted(self) -> Client:
        client = self.log_in_user()
        challenge = client.post("mfa/challenge", {"useBackup": "false"})["challengeId"]
        client.post("mfa/challenge/validate", {"challengeId": challenge, "token": "123456", "device": "tests"})
        return client


class Failed(Exception):
    """BILL said no."""

    def __init__(self, status: int, answer: Any) -> None:
        super().__init__(f"{status}: {answer}")
        self.status = status
        self.code = answer[0].get("code", "") if isinstance(answer, list) else ""
        self.messages = [problem["message"] for problem in answer] if isinstance(answer, list) else []


@dataclass
class Client:
    sample: Sample
    headers: dict[str, str]
    base: str = "/connect/v3/"

    def call(self, method: str, path: str, body: Any = None, **query: str) -> tuple[int, Any]:
        content = encode(body) if body is not None else b""
        response = self.sample.billcom.handle(Request(method, self.base + path, query, self.headers, content))
        return response.status, decode(response.body)

    def _must(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        status, answer = self.call(method, path, body, **query)
        if status >= 400:
            raise Failed(status, answer)
        return answer

    def get(self, path: str, **query: str) -> Any:
        return self._must("GET", path, **query)

    def post(self, path: str, body: Any = None, **query: str) -> Any:
        return self._must("POST", path, body, **query)

    def patch(self, path: str, body: Any) -> Any:
        return self._must("PATCH", path, body)

    def put(self, path: str, body: Any) -> Any:
        return self._must("PUT", path, body)

    def bill(self, *amounts: float, vendor: str = VENDOR, number: str = "A-1", **more: Any) -> Any:
        lines = [{"amount": amount, "classifications": {"chartOfAccountId": ACCOUNT}} for amount in amounts or (100,)]
        invoice = {"invoiceNumber": number, "invoiceDate": "2026-11-01"}
        body = {"vendorId": vendor, "dueDate": "2026-12-01", "invoice": invoice, "billLineItems": lines}
        return self.post("bills", {**body, **more})

    def record(self, bill: Any, amount: float, **more: Any) -> Any:
        shares = [{"billId": bill["id"], "amount": amount}]
        body = {"vendorId": bill["vendorId"], "processDate": "2026-11-02", "toPrintCheck": False, "payments": shares}
        return self.post("bills/record-payment", {**body, **more})

    def pay(self, bill: Any, amount: float, **more: Any) -> Any:
        account = {"type": "BANK_ACCOUNT", "id": BANK}
        body = {"billId": bill["id"], "amount": amount, "fundingAccount": account, "processingOptions": {}}
        return self.post("payments", {"processDate": "2026-11-03", **body, **more})

    def all_pages(self, path: str, **query: str) -> list[Any]:
        found: list[Any] = []
        page = self.get(path, **query)
        while True:
            found += page["results"]
            if "nextPage" not in page:
                return found
            page = self.get(path, **query, page=page["nextPage"])
