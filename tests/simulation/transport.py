"""The engine's HTTP without a network: each call goes to the sandbox by hand, and anything may happen around it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime
from urllib.parse import parse_qsl, urlsplit

import requests
from requests.structures import CaseInsensitiveDict

from syncapp.gateways.http import Answer, Call, Http
from syncapp.sandbox.http import Request, Response
from syncapp.sandbox.world import Delivery, Sandbox

PATIENCE = 30.0
"""Seconds the engine's HTTP waits for an answer."""


class Wire:
    """What happens around a call; a scenario's trouble is one of these."""

    def before(self, call: Call) -> None:
        """It is about to arrive."""

    def carried_out(self, call: Call, response: Response) -> None:
        """What the product made of it, before anything happens to the answer."""

    def after(self, call: Call) -> None:
        """It was carried out; its answer is not here yet."""

    def refused(self, call: Call) -> None:
        """The product says that there were too many calls, and nobody asked it to."""


class InProcess(Http):
    def __init__(
        self,
        sandbox: Sandbox,
        wire: Wire,
        advance: Callable[[float], None],
        ahead: timedelta = timedelta(),
        seconds: float = 0.2,
    ) -> None:
        super().__init__()
        self.sandbox, self.wire, self.advance, self.ahead, self.seconds = sandbox, wire, advance, ahead, seconds

    def exchange(self, call: Call) -> Answer | Exception:
        self.wire.before(call)
        spoiled = self._hits()
        delivery = self._deliver(call)
        if delivery.response.status == 429 and self._hits() == spoiled:
            self.wire.refused(call)
        self.wire.after(call)
        return self._arrived(call, delivery)

    def _deliver(self, call: Call) -> Delivery:
        answer = self.sandbox._answer

        def heard(side: str, request: Request) -> Response:
            response = answer(side, request)
            self.wire.carried_out(call, response)
            return response

        self.sandbox._answer = heard  # type: ignore[method-assign]
        try:
            return self.sandbox.deliver(request_of(call))
        finally:
            del self.sandbox._answer

    def _hits(self) -> int:
        return sum(fault.hits for fault in self.sandbox.faults.waiting)

    def _arrived(self, call: Call, delivery: Delivery) -> Answer | Exception:
        if delivery.seconds >= PATIENCE:
            self.advance(PATIENCE)
            return requests.ReadTimeout()
        self.advance(delivery.seconds or self.seconds)
        if delivery.dropped:
            return requests.ConnectionError()
        response = delivery.response
        headers = CaseInsensitiveDict({**response.headers, "date": self._date()})
        return Answer(call, response.status, headers, response.body)

    def _date(self) -> str:
        return format_datetime(self.sandbox.clock.now() + self.ahead, usegmt=True)


def request_of(call: Call) -> Request:
    address = urlsplit(call.url)
    query = {**dict(parse_qsl(address.query)), **call.params}
    headers = {name.lower(): value for name, value in call.headers.items()}
    return Request(call.method, address.path, query, headers, call.body)
