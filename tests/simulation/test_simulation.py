"""A few scenarios of the simulation, in blocks; ``make simulate SEEDS=n`` plays any number.

Each block is a process of its own, with a database in memory, whatever database the other tests run on.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.planted import PLANTED

ROOT = Path(__file__).resolve().parent.parent.parent
BLOCK, BLOCKS = 20, 4
SECONDS = 600
own_database = pytest.mark.skipif(
    os.environ.get("TIEOUT_TEST_DB") == "postgres", reason="The simulation has a database of its own: run on SQLite."
)


def simulate(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.simulation", "--processes", "1", *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TIEOUT_TEST")}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=SECONDS)


@own_database
@pytest.mark.parametrize("first", range(1, BLOCK * BLOCKS, BLOCK))
def test_whatever_happens_both_sides_tie_out_at_rest_and_a_seed_replays(first: int) -> None:
    played = simulate("--first", str(first), "--seeds", str(BLOCK), *(["--again"] if first == 1 else []))
    assert played.returncode == 0, played.stdout + played.stderr


@own_database
def test_each_planted_mistake_is_caught_within_its_number_of_seeds() -> None:
    played = simulate("--planted", "--known")
    assert played.returncode == 0, played.stdout + played.stderr
    assert played.stdout.count("caught by seed") == len(PLANTED)
