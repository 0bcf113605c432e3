"""The sandbox's memory across restarts: one file, written whole and put in place at once."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from syncapp.sandbox.http import decode, encode
from syncapp.sandbox.webhooks import Hook
from syncapp.sandbox.world import Company, Sandbox


def save(world: Sandbox, file: Path) -> None:
    """What waits to happen is not kept: calls made, faults, notifications on their way."""
    write(file, kept(world))
    world.changed = False


def write(file: Path, state: dict[str, Any]) -> None:
    fresh = file.with_name(f"{file.name}.new")
    # It holds the credentials of all its companies, made up as they are.
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(encode(state))
    os.replace(fresh, file)


def kept(world: Sandbox) -> dict[str, Any]:
    hook = world.webhooks.hook
    return {
        "companies": [asdict(company) for company in world.companies.values()],
        "qbo": world.qbo.dump(),
        "billcom": world.billcom.dump(),
        "clock": world.clock.dump(),
        "switches": world.switches.shown(),
        "webhooks": {"qbo": asdict(hook) if hook else None, "billcom": world.webhooks.billcom_url},
    }


def load(world: Sandbox, file: Path) -> bool:
    """Whether there was anything to load. Raises ValueError where it can't be read."""
    if not file.is_file():
        return False
    try:
        _restore(world, decode(file.read_bytes()))
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"{file} is no state of this sandbox; remove it to begin anew ({error!r})") from None
    return True


def _restore(world: Sandbox, state: dict[str, Any]) -> None:
    world.clock.restore(state["clock"])
    world.switches.set(state["switches"])
    world.qbo.restore(state["qbo"])
    world.billcom.restore(state["billcom"])
    world.companies = {each["id"]: Company(**each) for each in state["companies"]}
    hook = state["webhooks"]["qbo"]
    world.webhooks.hook = Hook(**hook) if hook else None
    world.webhooks.billcom_url = state["webhooks"]["billcom"]
    world.changed = False
