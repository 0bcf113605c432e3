"""The sandbox's memory: after a restart it is the same sandbox."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from syncapp.sandbox import state
from syncapp.sandbox.world import Sandbox
from tests.sandbox.frame import Frame


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state.json"


def again(frame: Frame, file: Path) -> Frame:
    state.save(frame.world, file)
    world = Sandbox()
    assert state.load(world, file)
    return Frame(world, world.companies[frame.company.id])


def everything(frame: Frame) -> Any:
    paths = ("companies", f"books/qbo/{frame.realm}", f"books/billcom/{frame.organization}", "switches", "clock")
    return [frame.control("GET", path) for path in (*paths, f"trial_balance/{frame.realm}", "webhooks")]


def test_everything_is_there_again(frame: Frame, file: Path) -> None:
    frame.control("POST", "clock", {"now": "2026-03-01T10:00:00Z"})
    frame.control("POST", "switches", {"latency_ms": 3})
    frame.control(
        "POST", "webhooks", {"qbo": {"url": "http://127.0.0.1:9/q"}, "billcom": {"url": "http://127.0.0.1:9"}}
    )
    frame.control("POST", f"person/qbo/{frame.realm}/Vendor", {"DisplayName": "After The Load"})
    before = everything(frame)
    restarted = again(frame, file)
    assert everything(restarted) == before


def test_tokens_and_sessions_go_on(frame: Frame, file: Path) -> None:
    session = frame.log_in()
    restarted = again(frame, file)
    assert restarted.qbo("GET", "vendor/1").response.status == 200
    assert restarted.billcom("GET", "vendors", session).response.status == 200


def test_ids_go_on_where_they_were(frame: Frame, file: Path) -> None:
    path = f"person/qbo/{frame.realm}/Vendor"
    before = frame.control("POST", path, {"DisplayName": "One"})
    after = again(frame, file).control("POST", path, {"DisplayName": "Two"})
    assert int(after["Id"]) == int(before["Id"]) + 1


def test_nobody_else_may_read_it(frame: Frame, file: Path) -> None:
    state.save(frame.world, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in file.parent.iterdir()] == ["state.json"]


def test_a_file_that_is_none_of_ours_is_refused(file: Path) -> None:
    assert not state.load(Sandbox(), file)
    for text in ("", "{}", '{"companies": 7}', "[1"):
        file.write_text(text)
        with pytest.raises(ValueError, match="no state of this sandbox"):
            state.load(Sandbox(), file)


def test_reading_is_no_reason_to_save_a_clean_world(frame: Frame, file: Path) -> None:
    state.save(frame.world, file)
    frame.control("GET", "companies")
    frame.page("/")
    assert not frame.world.changed
    frame.qbo("POST", "vendor", {"DisplayName": "Something Happened"})
    assert frame.world.changed
