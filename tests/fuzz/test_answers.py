"""Answers that have lost parts or have others instead; ``TIEOUT_FUZZ`` says how many are tried."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.simulation.test_simulation import ROOT, SECONDS, own_database


@own_database
@pytest.mark.parametrize("module", ["tests.fuzz.answers"])
def test_whatever_an_answer_lacks_both_sides_tie_out(module: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TIEOUT_TEST")}
    played = subprocess.run(
        [sys.executable, "-m", module], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=SECONDS
    )
    assert played.returncode == 0, played.stdout + played.stderr
