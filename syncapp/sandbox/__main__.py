"""python -m syncapp.sandbox --port N --state FILE [--load NAME …]"""

from __future__ import annotations

import socket
import sys
from argparse import ArgumentParser
from pathlib import Path

from syncapp.sandbox import loading, state
from syncapp.sandbox.server import serve
from syncapp.sandbox.switches import Switches
from syncapp.sandbox.world import Sandbox


def main() -> int:
    parser = ArgumentParser(prog="python -m syncapp.sandbox", description="Both products' APIs, simulated.")
    parser.add_argument("--port", type=int, required=True, help="0 = any that is free")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--state", type=Path, help="the file that keeps its books across restarts")
    parser.add_argument("--load", action="append", default=[], metavar="NAME", help="a company to begin with")
    parser.add_argument("--latency-ms", type=int, default=0, help="how long every API call takes at least")
    options = parser.parse_args()
    world = Sandbox(switches=Switches(latency_ms=options.latency_ms))
    try:
        listening = socket.create_server((options.host, options.port), backlog=1024)
        known = options.state is not None and state.load(world, options.state)
        for name in options.load if not known else []:
            loading.into(world, loading.checked(loading.named(name)))
    except (OSError, OverflowError, ValueError) as error:
        parser.error(str(error))
    serve(world, listening, options.state)
    return 0


if __name__ == "__main__":
    sys.exit(main())
