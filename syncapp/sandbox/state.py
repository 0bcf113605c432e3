"""The sandbox's memory across restarts: one file, written whole and put in place at once."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from syncapp.sandbox.http import decode, encode
from syncapp.sandbox.world import Company, Sandbox


def save(world: Sandbox, file: Path) -> None:
    kept = {
        "companies": [dataclasses.asdict(company) for company in world.companies.values()],
        "qbo": world.qbo.dump(),
        "billcom": world.billcom.dump(),
    }
    fresh = file.with_name(f"{file.name}.new")
    fresh.touch(mode=0o600)
    fresh.write_bytes(encode(kept))
    os.replace(fresh, file)
    world.changed = False


def load(world: Sandbox, file: Path) -> bool:
    """Whether there was anything to load."""
    if not file.is_file():
        return False
    kept = decode(file.read_bytes())
    world.qbo.restore(kept["qbo"])
    world.billcom.restore(kept["billcom"])
    world.companies = {each["id"]: Company(**each) for each in kept["companies"]}
    return True
