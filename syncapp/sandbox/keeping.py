"""Saving the state beside the requests: large books take seconds to write, and no request should wait for them."""

from __future__ import annotations

import asyncio
import gc
import os
import time
from pathlib import Path

from syncapp.sandbox import state
from syncapp.sandbox.world import Sandbox

EVERY = 2.0
# Writing takes at most this share of one core.
SHARE = 0.2


class Keeper:
    """Writes what has changed, every few seconds: as a copy of the process, in which nothing moves any more."""

    def __init__(self, world: Sandbox, file: Path) -> None:
        self.world, self.file = world, file
        self.writer = 0

    async def keep(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            if self.world.changed:
                await asyncio.sleep(await self._write() / SHARE)

    async def _write(self) -> float:
        """How many seconds it took."""
        began = time.monotonic()
        self.world.changed = False
        if not hasattr(os, "fork"):
            state.save(self.world, self.file)
            return time.monotonic() - began
        self.writer = os.fork()
        if self.writer == 0:
            self._write_and_die()
        while os.waitpid(self.writer, os.WNOHANG) == (0, 0):
            await asyncio.sleep(0.05)
        self.writer = 0
        return time.monotonic() - began

    def _write_and_die(self) -> None:
        # A connection that the server ends meanwhile must end: held open here, it would swallow the next request.
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        # Collecting would touch, and so copy, all of the memory that the two still share.
        gc.disable()
        try:
            state.save(self.world, self.file)
        finally:
            os._exit(0)

    def end(self) -> None:
        """The last one waits for nobody: the server is down."""
        if self.writer:
            os.waitpid(self.writer, 0)
        if self.world.changed:
            state.save(self.world, self.file)
