from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from syncapp.management import supervisor as module
from syncapp.management.supervisor import NotReady, Program, Supervisor, free_port

ROOT = Path(__file__).resolve().parent.parent

#: Writes its pid and a child's into the folder it is given, then sleeps.
FAMILY = """
import os, pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path(sys.argv[1], str(os.getpid())).write_text(str(child.pid))
time.sleep(600)
"""
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + FAMILY


def python(source: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", source, *arguments]


def family(folder: Path, source: str = FAMILY) -> Program:
    return Program(name="family", command=python(source, str(folder)), grace=0.5)


def parents(folder: Path) -> list[int]:
    """The pids of the programs started so far, once each has said who its child is."""
    return sorted((int(file.name) for file in folder.iterdir() if file.read_text()), key=lambda pid: born(folder, pid))


def born(folder: Path, pid: int) -> float:
    return (folder / str(pid)).stat().st_mtime


def child(folder: Path, parent: int) -> int:
    return int((folder / str(parent)).read_text())


def alive(pid: int) -> bool:
    """A zombie that nobody has reaped yet no longer lives."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(*pids: int) -> bool:
    return not any(alive(pid) for pid in pids)


def until(condition: Callable[[], object], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "It did not come about."
        time.sleep(0.02)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(said: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Supervisor]:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(module, "ASK_SECONDS", 0.02)
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.02)
    with Supervisor(say=said.append) as running:
        yield running


def run_while(supervisor: Supervisor, story: Callable[[], None]) -> None:
    """Let it look after its programs while the story goes on elsewhere, then ask it to stop."""
    failures: list[BaseException] = []

    def tell() -> None:
        try:
            story()
        except BaseException as error:
            failures.append(error)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=tell)
    thread.start()
    supervisor.run()
    thread.join()
    assert failures == []


def test_it_starts_a_dead_program_again_and_leaves_none_of_its_children(
    supervisor: Supervisor, said: list[str], tmp_path: Path
) -> None:
    def story() -> None:
        until(lambda: parents(tmp_path))
        (first,) = parents(tmp_path)
        os.kill(first, signal.SIGKILL)
        until(lambda: len(parents(tmp_path)) == 2)
        until(lambda: gone(child(tmp_path, first)))

    supervisor.start(family(tmp_path))
    run_while(supervisor, story)
    assert said == ["family ended with -9; it starts again."]


def test_it_starts_a_stalled_program_again(supervisor: Supervisor, said: list[str], tmp_path: Path) -> None:
    def story() -> None:
        until(lambda: len(parents(tmp_path)) == 2)
        first, second = parents(tmp_path)
        until(lambda: gone(first, child(tmp_path, first)))
        assert alive(second)

    verdicts = iter([False, True])
    supervisor.start(replace(family(tmp_path), stalled=lambda: next(verdicts, False), settle=1.0))
    run_while(supervisor, story)
    assert said == ["family has stalled; it is ended and starts again."]


def test_it_waits_ever_longer_for_a_program_that_dies_at_once(supervisor: Supervisor) -> None:
    supervisor.start(Program(name="brief", command=python("")))
    (running,) = supervisor.running
    pauses = []
    for _ in range(12):
        running.schedule_restart(running.started_at)
        pauses.append(running.pause)
    assert pauses[:3] == [0.04, 0.08, 0.16]
    assert pauses[-1] == module.LONGEST_PAUSE
    running.schedule_restart(running.started_at + module.STEADY_SECONDS + 1)
    assert running.pause == 0.02


@pytest.mark.parametrize("source", [FAMILY, STUBBORN], ids=["willing", "stubborn"])
def test_it_leaves_nothing_running(said: list[str], tmp_path: Path, source: str) -> None:
    with Supervisor(say=said.append) as supervisor:
        supervisor.start(family(tmp_path, source))
        until(lambda: parents(tmp_path))
    (parent,) = parents(tmp_path)
    until(lambda: gone(parent, child(tmp_path, parent)))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_ends_on_a_signal_and_puts_the_handlers_back(said: list[str], number: int) -> None:
    before = signal.getsignal(number)
    with Supervisor(say=said.append) as supervisor:
        os.kill(os.getpid(), number)
        supervisor.run()
        assert supervisor.stopping
    assert signal.getsignal(number) is before


def test_it_waits_until_a_program_answers(supervisor: Supervisor) -> None:
    port = free_port()
    source = "import http.server, sys, time; time.sleep(0.3); http.server.test(port=int(sys.argv[1]), bind='127.0.0.1')"
    supervisor.start(Program(name="web", command=python(source, str(port)), port=port, log=Path(os.devnull)))
    assert module.answers(port)


def test_it_says_what_a_program_wrote_that_did_not_come_up(supervisor: Supervisor, tmp_path: Path) -> None:
    program = Program(
        name="web", command=python("print('no such table')"), port=free_port(), log=tmp_path / "web.log", grace=0.1
    )
    with pytest.raises(NotReady, match="(?s)web did not come up.*no such table"):
        supervisor.start(program)


def test_it_hands_on_what_a_program_returned(supervisor: Supervisor) -> None:
    assert supervisor.run_to_end(Program(name="once", command=python("raise SystemExit(3)"))) == 3
    assert supervisor.running == []


def test_it_picks_another_port_where_the_wanted_one_is_taken() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        wanted = taken.getsockname()[1]
        assert free_port(wanted) not in {0, wanted}


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux ends a child with its parent.")
def test_its_programs_do_not_outlive_it(tmp_path: Path) -> None:
    source = (
        "import sys; from pathlib import Path; from tests.test_supervisor import family, Supervisor\n"
        "with Supervisor(say=print) as s: s.start(family(Path(sys.argv[1]))); s.run()"
    )
    process = subprocess.Popen(python(source, str(tmp_path)), cwd=ROOT)
    until(lambda: parents(tmp_path))
    process.kill()
    process.wait()
    (parent,) = parents(tmp_path)
    until(lambda: gone(parent))
    os.kill(child(tmp_path, parent), signal.SIGKILL)
