"""The sandbox over HTTP: a thin ASGI application around it, and the loop that keeps its file."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import uvicorn

from syncapp.sandbox import state
from syncapp.sandbox.http import Request
from syncapp.sandbox.world import Delivery, Sandbox

SAVE_EVERY = 2.0
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Application:
    def __init__(self, world: Sandbox, file: Path | None) -> None:
        self.world, self.file = world, file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        keeper = asyncio.create_task(self._keep())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        keeper.cancel()
        with suppress(asyncio.CancelledError):
            await keeper
        self._save()
        await send({"type": "lifespan.shutdown.complete"})

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(SAVE_EVERY)
            self._save()

    def _save(self) -> None:
        if self.file is not None and self.world.changed:
            state.save(self.world, self.file)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = await _request(scope, receive)
        done = self.world.begin(request)
        try:
            delivery = self.world.deliver(request)
            if delivery.seconds:
                await asyncio.sleep(delivery.seconds)
        finally:
            done()
        await _answer(delivery, send)


async def _request(scope: Scope, receive: Receive) -> Request:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    return Request(scope["method"], scope["path"], query, headers, body)


async def _answer(delivery: Delivery, send: Send) -> None:
    if delivery.dropped:
        raise ConnectionResetError  # The server closes the connection without a word.
    response = delivery.response
    headers = [(name.encode(), value.encode("latin-1", "replace")) for name, value in response.headers.items()]
    headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


class Server(uvicorn.Server):
    """Says when it is ready, in one line, and nothing else."""

    def __init__(self, config: uvicorn.Config, line: str) -> None:
        super().__init__(config)
        self.line = line

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(self.line, flush=True)


def serve(world: Sandbox, host: str, port: int, file: Path | None) -> None:
    """Until it is told to end; then the state is saved."""
    world.base_url = f"http://{host}:{port}"
    config = uvicorn.Config(
        Application(world, file),  # type: ignore[arg-type]
        host=host,
        port=port,
        log_level="critical",
        access_log=False,
        loop="uvloop",
        http="httptools",
        timeout_graceful_shutdown=2,
    )
    Server(config, f"sandbox ready {world.base_url}").run()
