"""A company that moves to another worker is asked no faster than if it had stayed."""

from __future__ import annotations

from typing import Any

import pytest

from syncapp.gateways import qbo
from syncapp.gateways.pacing import Pacers
from syncapp.models import Company, RunState, Trigger
from syncapp.services import pace, remotes, runs
from tests.support.syncing import Clock, synced


@pytest.fixture
def another_process(monkeypatch: pytest.MonkeyPatch) -> Any:
    """From here on, this process is another one: it knows nothing of what was called before."""

    def now() -> None:
        monkeypatch.setattr(pace, "_this_process", lambda: "another")
        monkeypatch.setattr(qbo, "_PACERS", Pacers())

    return now


def lately(company: Company) -> tuple[int, int]:
    recent = remotes.pacer(company.connection("qbo").remote_id).recent()
    return len(recent.calls), len(recent.batches)


def test_the_next_run_elsewhere_counts_what_the_last_has_called(
    company: Company, clock: Clock, another_process: Any
) -> None:
    synced(company, clock)
    calls, batches = lately(company)
    assert calls > batches > 0
    another_process()
    assert lately(company) == (0, 0)
    run = synced(company, clock)
    made = run.calls.get("metered", 0) + run.calls.get("free", 0)
    assert made and lately(company)[0] == calls + made


def test_the_next_slice_elsewhere_counts_what_the_last_has_called(
    company: Company, clock: Clock, another_process: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs.request_run(company, trigger=Trigger.PERSON, now=clock())
    monkeypatch.setattr(runs._Slice, "out_of_time", lambda slice_: True)
    assert runs.work_slice(run.pk, clock=clock)
    calls = lately(company)[0]
    another_process()
    runs.work_slice(run.pk, clock=clock)
    run.refresh_from_db()
    assert calls and lately(company)[0] >= calls
    monkeypatch.undo()
    assert runs.run_to_end(run, clock=clock, sleep=clock.wait).state == RunState.DONE


def test_what_was_called_here_counts_once(company: Company, clock: Clock) -> None:
    synced(company, clock)
    calls = lately(company)[0]
    run = synced(company, clock)
    assert lately(company)[0] == calls + run.calls.get("metered", 0) + run.calls.get("free", 0)


def test_what_is_older_than_a_minute_is_forgotten(company: Company, clock: Clock, another_process: Any) -> None:
    synced(company, clock)
    another_process()
    clock.wait(61)
    run = synced(company, clock)
    assert lately(company)[0] == run.calls.get("metered", 0) + run.calls.get("free", 0)


def test_the_limits_are_settings(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qbo, "_PACERS", Pacers())
    settings.QBO_CALLS_A_SECOND, settings.QBO_CALLS_A_MINUTE, settings.QBO_BATCHES_A_MINUTE = 3, 50, 4
    pacer = remotes.pacer("1")
    assert [window.limit for window in (*pacer._calls, *pacer._batches)] == [3, 50, 4]
    assert remotes.pacer("1") is pacer
