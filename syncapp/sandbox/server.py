"""The sandbox over HTTP: a thin ASGI application around it, and what goes on beside its requests."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from email.utils import format_datetime
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from syncapp.sandbox.http import Request
from syncapp.sandbox.keeping import Keeper
from syncapp.sandbox.webhooks import ANSWER_SECONDS, Post
from syncapp.sandbox.world import Delivery, Sandbox

POST_EVERY = 0.2
KEEP_ALIVE = 120
EXTENSION = "sandbox"
# SO_LINGER with no time to linger: the client sees a reset, not an end.
RESET = struct.pack("ii", 1, 0)
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Application:
    def __init__(self, world: Sandbox, file: Path | None) -> None:
        self.world = world
        self.keeper = Keeper(world, file) if file is not None else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        beside = [asyncio.create_task(self._notify())]
        if self.keeper is not None:
            beside.append(asyncio.create_task(self.keeper.keep()))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for task in beside:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        if self.keeper is not None:
            self.keeper.end()
        await send({"type": "lifespan.shutdown.complete"})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = await _request(scope, receive)
        try:
            # Refused before it has begun, a call is not ended either: that is told apart by `end` itself.
            delivery = self.world.begin(request) or self.world.deliver(request)
            if delivery.seconds:
                await asyncio.sleep(delivery.seconds)
        finally:
            self.world.end(request)
        if delivery.dropped:
            await _cut(scope["extensions"][EXTENSION]["transport"])
        else:
            await _answer(delivery, send, format_datetime(self.world.clock.now(), usegmt=True))

    async def _notify(self) -> None:
        while True:
            await asyncio.sleep(POST_EVERY)
            for due in self.world.webhooks.due():
                self.world.webhooks.answered(due, await _posted(due))


async def _request(scope: Scope, receive: Receive) -> Request:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    return Request(scope["method"], scope["path"], query, headers, body)


async def _answer(delivery: Delivery, send: Send, date: str) -> None:
    response = delivery.response
    headers = [(name.encode(), value.encode("latin-1", "replace")) for name, value in response.headers.items()]
    headers += [(b"content-length", str(len(response.body)).encode()), (b"date", date.encode())]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


async def _cut(transport: asyncio.Transport) -> None:
    """End the connection without a word, as a fault asked for."""
    with suppress(OSError):
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    transport.abort()
    await asyncio.sleep(0.01)  # The server must have seen it, or it answers 500 for us.


async def _posted(post: Post) -> int:
    """The status of the answer; 0 for none in time. Nothing here waits longer than the real ones do."""
    try:
        return await asyncio.wait_for(_exchange(post), ANSWER_SECONDS)
    except (OSError, ValueError, IndexError, TimeoutError):
        return 0


async def _exchange(post: Post) -> int:
    parts = urlsplit(post.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
    try:
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        lines = [f"POST {path} HTTP/1.1", f"host: {parts.netloc}", "connection: close"]
        lines += [f"{name}: {value}" for name, value in post.headers.items()]
        head = "\r\n".join([*lines, f"content-length: {len(post.body)}", "", ""])
        writer.write(head.encode() + post.body)
        return int((await reader.readline()).split()[1])
    finally:
        writer.close()


class Protocol(HttpToolsProtocol):
    """Hands the application its connection, so that it can cut it."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {EXTENSION: {"transport": self.transport}}


class Server(uvicorn.Server):
    """Says when it is ready, in one line, and nothing else."""

    def __init__(self, config: uvicorn.Config, line: str) -> None:
        super().__init__(config)
        self.line = line

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Being told to end is how it ends well; told twice, it waits for nobody."""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(self.line, flush=True)


def serve(world: Sandbox, listening: socket.socket, file: Path | None) -> None:
    """Until it is told to end; then the state is saved."""
    host, port = listening.getsockname()[:2]
    world.base_url = f"http://{host}:{port}"
    config = uvicorn.Config(
        Application(world, file),
        log_level="critical",
        access_log=False,
        # Of the sandbox's own clock, which may be a virtual one.
        date_header=False,
        loop="uvloop",
        http=Protocol,
        # A client that has just been busy for a while must not find its connection going.
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=2,
    )
    Server(config, f"sandbox ready {world.base_url}").run(sockets=[listening])
