"""Keeps a few programs running together: starts them in order, restarts what dies, ends all of them cleanly.

Each program leads a process group of its own. It is asked to end by SIGTERM to itself alone, so that it can end its
children in its own way; what is left of the group after the grace is killed.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LOOK_SECONDS = 0.5
ASK_SECONDS = 10.0
READY_SECONDS = 60.0
# A program that dies at once is started again ever more slowly.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
STEADY_SECONDS = 60.0
# What has stalled will hardly end by itself.
STALLED_GRACE = 10.0


class NotReady(Exception):
    """A program did not come up; the message says which, and the end of what it wrote."""


@dataclass(frozen=True, kw_only=True)
class Program:
    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    #: What it writes goes here; None: to our own output.
    log: Path | None = None
    #: It is up once this port on the loopback answers; None: as soon as it is started.
    port: int | None = None
    #: Asked now and then, once it has had time to settle: has it stopped doing its work?
    stalled: Callable[[], bool] = lambda: False
    settle: float = 60.0
    grace: float = 15.0


class Running:
    """One program's process, and when it may be started again."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.pause = FIRST_PAUSE
        self.start()

    def start(self) -> None:
        log = self.program.log.open("ab") if self.program.log else None
        try:
            self.process = subprocess.Popen(
                self.program.command,
                env=dict(self.program.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT if log else None,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )
        finally:
            if log:
                log.close()
        self.started_at = time.monotonic()
        self.ask_at = self.started_at + self.program.settle
        self.restart_at: float | None = None

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def wait_until_ready(self, cancelled: Callable[[], bool]) -> None:
        until = time.monotonic() + READY_SECONDS
        while self.program.port is not None and not cancelled():
            if not self.alive or time.monotonic() > until:
                raise NotReady(f"{self.program.name} did not come up. {self.last_words()}".rstrip())
            if answers(self.program.port):
                return
            time.sleep(0.05)

    def last_words(self) -> str:
        if self.program.log is None:
            return ""
        lines = self.program.log.read_text(errors="replace").splitlines()[-15:]
        return "\n".join([f"The end of {self.program.log}:", *lines])

    def has_stalled(self, now: float) -> bool:
        if now < self.ask_at:
            return False
        self.ask_at = now + min(ASK_SECONDS, self.program.settle)
        return self.program.stalled()

    def schedule_restart(self, now: float) -> None:
        steady = now - self.started_at > STEADY_SECONDS
        self.pause = FIRST_PAUSE if steady else min(self.pause * 2, LONGEST_PAUSE)
        self.restart_at = now + self.pause

    def ask_to_end(self) -> None:
        if self.alive:
            self.process.terminate()

    def end(self, until: float) -> None:
        """Wait for it until then; afterwards nothing of its group is left."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=max(0.0, until - time.monotonic()))
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Supervisor:
    def __init__(self, *, say: Callable[[str], object]) -> None:
        self.say = say
        self.running: list[Running] = []
        self._stop = threading.Event()

    def __enter__(self) -> Supervisor:
        self._handlers = {number: signal.signal(number, self._on_signal) for number in STOP_SIGNALS}
        return self

    def __exit__(self, *exception: object) -> None:
        try:
            self.end_all()
        finally:
            for number, handler in self._handlers.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stop.set()

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    def start(self, program: Program) -> None:
        """Start it and wait until it is up, or until we are asked to stop."""
        running = Running(program)
        self.running.append(running)
        running.wait_until_ready(lambda: self.stopping)

    def run_to_end(self, program: Program) -> int:
        """Run a program that ends by itself; what it returned, or 130 when we were asked to stop."""
        running = Running(program)
        self.running.append(running)
        while running.alive and not self._stop.wait(0.05):
            pass
        if running.alive:
            return 130
        self.running.remove(running)
        running.end(time.monotonic())
        return running.process.returncode

    def run(self) -> None:
        """Look after all of them until we are asked to stop."""
        while not self._stop.wait(LOOK_SECONDS):
            for running in self.running:
                self._look_after(running)

    def _look_after(self, running: Running) -> None:
        now = time.monotonic()
        if running.restart_at is not None:
            if now >= running.restart_at:
                running.start()
        elif not running.alive:
            # Whatever the dead one left behind must not work on beside its successor.
            running.end(now)
            running.schedule_restart(now)
            self.say(f"{running.program.name} ended with {running.process.returncode}; it starts again.")
        elif running.has_stalled(now):
            self.say(f"{running.program.name} has stalled; it is ended and starts again.")
            running.ask_to_end()
            running.end(now + min(running.program.grace, STALLED_GRACE))
            running.start()

    def end_all(self) -> None:
        """The last started is asked first; all share one grace."""
        now = time.monotonic()
        for running in reversed(self.running):
            running.ask_to_end()
        for running in reversed(self.running):
            running.end(now + running.program.grace)
        self.running.clear()


def end_with_parent(number: int = signal.SIGTERM) -> None:
    """In a child just before its exec: get this signal when the parent dies, even by SIGKILL. Linux only."""
    if sys.platform == "linux":
        parent_death_signal = 1  # PR_SET_PDEATHSIG of prctl(2)
        ctypes.CDLL(None).prctl(parent_death_signal, number)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port(wanted: int = 0) -> int:
    """The wanted port on the loopback if nobody has it, else any free one."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return int(probe.getsockname()[1])
    raise OSError("No free port on the loopback.")
