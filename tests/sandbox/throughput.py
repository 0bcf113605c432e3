"""How many requests a second the sandbox answers on one core: ``python -m tests.sandbox.throughput [SECONDS]``.

A command, not a test: what it measures is the machine's as much as ours.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from tests.support.sandbox import Sandbox, running_sandbox

CONNECTIONS = 8
BILLCOM_CONNECTIONS = 3
WANTED = 2000

Make = Callable[[int], bytes]


def request(method: str, path: str, headers: dict[str, str], body: Any = None) -> bytes:
    content = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "host: sandbox", "accept: application/json", "content-type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, f"content-length: {len(content)}", "", ""]).encode() + content


async def answered(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    await reader.readexactly(int(length.partition(b":")[2]))
    return int(head[9:12])


async def ask(port: int, make: Make, numbers: count[int], until: float, tally: dict[int, int]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < until:
        writer.write(make(next(numbers)))
        status = await answered(reader)
        tally[status] = tally.get(status, 0) + 1
    writer.close()


async def measure(port: int, make: Make, connections: int, seconds: float) -> dict[int, int]:
    tally: dict[int, int] = {}
    numbers, until = count(), time.perf_counter() + seconds
    await asyncio.gather(*(ask(port, make, numbers, until, tally) for _ in range(connections)))
    return tally


def cpu_seconds(process: int) -> float:
    """What a process has used of a core so far: a fair measure also where other work shares the machine."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def works(sandbox: Sandbox) -> dict[str, tuple[Make, int]]:
    """What is asked, by name, and over how many connections."""
    company = sandbox.load("harbor-bakery")
    qbo, billcom = company["qbo"], company["billcom"]
    bearer = {"authorization": f"Bearer {qbo['access_token']}"}
    realm = f"/qbo/v3/company/{qbo['realm_id']}"
    keys = ("username", "password")
    body = {**{name: billcom[name] for name in keys}, "organizationId": billcom["organization_id"]}
    login = sandbox._session.post(
        f"{sandbox.billcom_url}/v3/login", json={**body, "devKey": billcom["developer_key"]}, timeout=30
    )
    session = {"devKey": billcom["developer_key"], "sessionId": login.json()["sessionId"]}
    vendor = sandbox.books("qbo", qbo["realm_id"])["Vendor"][0]["Id"]
    address = {
        "line1": "1 Main St",
        "city": "Salem",
        "stateOrProvince": "OR",
        "zipOrPostalCode": "97301",
        "country": "US",
    }
    return {
        "qbo read": (lambda n: request("GET", f"{realm}/vendor/{vendor}", bearer), CONNECTIONS),
        "qbo create": (
            lambda n: request("POST", f"{realm}/vendor", bearer, {"DisplayName": f"Vendor number {n}"}),
            CONNECTIONS,
        ),
        "billcom list": (
            lambda n: request("GET", "/billcom/connect/v3/vendors?max=20", session),
            BILLCOM_CONNECTIONS,
        ),
        "billcom create": (
            lambda n: request(
                "POST", "/billcom/connect/v3/vendors", session, {"name": f"Vendor number {n}", "address": address}
            ),
            BILLCOM_CONNECTIONS,
        ),
    }


def main(seconds: float) -> int:
    slow = 0
    with running_sandbox() as sandbox:
        sandbox.switch(enforce_limits=False)
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(sandbox.process.pid, cores[:1])
        os.sched_setaffinity(0, cores[-1:])
        port = int(sandbox.url.rpartition(":")[2])
        for name, (make, connections) in works(sandbox).items():
            before = cpu_seconds(sandbox.process.pid)
            tally = asyncio.run(measure(port, make, connections, seconds))
            answers = sum(tally.values())
            rate = answers / (cpu_seconds(sandbox.process.pid) - before)
            slow += rate < WANTED
            seen = f"{answers / seconds:6.0f} a second here"
            print(f"{name:16} {rate:6.0f} a core-second {seen}  answers {dict(sorted(tally.items()))}", flush=True)
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 3.0))
