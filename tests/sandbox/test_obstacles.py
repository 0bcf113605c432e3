"""What keeps a QuickBooks record from being changed or taken away, where a person has said that something does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from syncapp.sandbox import state
from syncapp.sandbox.world import Sandbox
from tests.sandbox.frame import Frame


def obstruct(frame: Frame, record: dict[str, Any], obstacle: str, status: int = 200) -> Any:
    path = f"person/qbo/{frame.realm}/Vendor/{record['Id']}/obstruct"
    return frame.control("POST", path, {"obstacle": obstacle}, status=status)


def save(frame: Frame, record: dict[str, Any], **change: Any) -> Any:
    now = frame.control("GET", f"person/qbo/{frame.realm}/Vendor/{record['Id']}")
    sparse = {"Id": now["Id"], "SyncToken": now["SyncToken"], "sparse": True, "DisplayName": now["DisplayName"]}
    return frame.qbo("POST", "vendor", {**sparse, **change}).response


@pytest.mark.parametrize(("obstacle", "changes"), [("recurring", True), ("matched", False)])
def test_the_api_meets_it_and_a_person_doesnt(frame: Frame, obstacle: str, changes: bool) -> None:
    vendor = frame.first("qbo", "Vendor")
    obstruct(frame, vendor, obstacle)
    assert (save(frame, vendor, AcctNum="9").status == 200) is changes
    refused = save(frame, vendor, Active=False)
    assert refused.status == 400 and b"6000" in refused.body
    frame.control("DELETE", f"person/qbo/{frame.realm}/Vendor/{vendor['Id']}")


def test_it_is_taken_away_again_and_kept_over_a_restart(frame: Frame, tmp_path: Path) -> None:
    made = frame.control("POST", f"person/qbo/{frame.realm}/Vendor", {"DisplayName": "Owed nothing"})
    vendor = made.get("record", made)
    obstruct(frame, vendor, "balance")
    state.save(frame.world, tmp_path / "state.json")
    world = Sandbox()
    assert state.load(world, tmp_path / "state.json")
    later = Frame(world, world.companies[frame.company.id])
    assert save(later, vendor, Active=False).status == 400
    obstruct(later, vendor, "")
    assert save(later, vendor, Active=False).status == 200


def test_only_known_ones_of_records_that_are_there(frame: Frame) -> None:
    vendor = frame.first("qbo", "Vendor")
    assert "an obstacle is one of" in obstruct(frame, vendor, "mood", 400)["error"]
    obstruct(frame, {"Id": "99999"}, "balance", 404)
