"""The sandbox in process with one small company in it, and short ways to ask it things."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from syncapp.sandbox import loading
from syncapp.sandbox.http import Request, Response, decode, encode
from syncapp.sandbox.world import Delivery, Sandbox

SMALL = "generated:seed=5,accounts=30,vendors=8,customers=6,items=3,bills=12,overlap=0.8"


@dataclass
class Frame:
    world: Sandbox
    company: loading.Company

    @property
    def realm(self) -> str:
        return str(self.company.qbo["realm_id"])

    @property
    def organization(self) -> str:
        return str(self.company.billcom["organization_id"])

    # --- as a program that drives the sandbox ---

    def control(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        path, _, query = path.partition("?")
        content = b"" if body is None else encode(body)
        asked = Request(method, f"/control/{path}", dict(parse_qsl(query)), {}, content)
        answer = self.world.handle(asked)
        assert answer.status == status, answer.body
        return decode(answer.body)

    # --- as a client of the products ---

    def deliver(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Delivery:
        path, _, query = path.partition("?")
        content = b"" if body is None else encode(body)
        return self.world.deliver(Request(method, path, dict(parse_qsl(query)), headers or {}, content))

    def qbo(self, method: str, path: str, body: Any = None) -> Delivery:
        headers = {"authorization": f"Bearer {self.company.qbo['access_token']}", "accept": "application/json"}
        return self.deliver(method, f"/qbo/v3/company/{self.realm}/{path}", body, headers)

    def log_in(self) -> dict[str, str]:
        """The headers of a session."""
        keys = self.company.billcom
        body = {
            "username": keys["username"],
            "password": keys["password"],
            "organizationId": self.organization,
            "devKey": keys["developer_key"],
        }
        answer = self.deliver("POST", "/billcom/connect/v3/login", body)
        assert answer.response.status == 200, answer.response.body
        return {"devkey": keys["developer_key"], "sessionid": decode(answer.response.body)["sessionId"]}

    def billcom(self, method: str, path: str, session: dict[str, str], body: Any = None) -> Delivery:
        return self.deliver(method, f"/billcom/connect/v3/{path}", body, session)

    # --- as a person in front of the pages ---

    def page(self, address: str, status: int = 200) -> str:
        path, _, query = address.partition("?")
        answer = self.world.handle(Request("GET", path, dict(parse_qsl(query))))
        assert answer.status == status, answer.body.decode()
        return answer.body.decode()

    def submit(self, address: str, **fields: Any) -> Response:
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return self.world.handle(Request("POST", address, {}, headers, urlencode(fields).encode()))

    def first(self, side: str, entity: str) -> Any:
        """The first record of its kind that is in use."""
        company = self.realm if side == "qbo" else self.organization
        rows = self.control("GET", f"person/{side}/{company}/{entity}")
        return next(row for row in rows if row.get("Active", True) and not row.get("archived"))


def framed() -> Frame:
    world = Sandbox()
    return Frame(world, loading.into(world, loading.named(SMALL)))
