from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from syncapp.management.watchdog import Watchdog

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RETRY = timedelta(minutes=15)
Row = tuple[int, datetime]


@pytest.fixture
def watchdog() -> Watchdog:
    return Watchdog(retry=RETRY, between=timedelta(minutes=2), running=timedelta(minutes=6))


def waiting(pk: int, seconds: int) -> Row:
    return pk, NOW - timedelta(seconds=seconds)


def fetched(pk: int, seconds: int) -> Row:
    return pk, NOW - timedelta(seconds=seconds) + RETRY


@pytest.mark.parametrize(
    ("rows", "stalled"),
    [
        pytest.param([], False, id="nothing to do"),
        pytest.param([waiting(1, 5)], False, id="just queued"),
        pytest.param([waiting(1, 61)], True, id="nobody fetches"),
        pytest.param([waiting(1, 3600), fetched(2, 20)], False, id="a backlog, and a worker at work"),
        pytest.param([waiting(1, 61), fetched(2, 121)], True, id="a backlog, and what was fetched gets nowhere"),
        pytest.param([waiting(1, 59), fetched(2, 121)], False, id="a short wait behind a long task"),
        pytest.param([fetched(1, 300)], False, id="a long task"),
        pytest.param([fetched(1, 361)], True, id="fetched and never done"),
        pytest.param([fetched(1, 361), fetched(2, 5)], True, id="one never done, another just fetched"),
    ],
)
def test_it_tells_a_hung_cluster_from_a_busy_one(watchdog: Watchdog, rows: list[Row], stalled: bool) -> None:
    assert watchdog.stalled(rows, NOW) is stalled


def test_it_speaks_up_once_for_a_task_that_never_ends(watchdog: Watchdog) -> None:
    rows = [fetched(1, 400)]
    assert watchdog.stalled(rows, NOW)
    assert not watchdog.stalled(rows, NOW)
    assert watchdog.stalled([*rows, fetched(2, 400)], NOW)


def test_it_does_not_blame_the_next_cluster_for_what_a_hung_one_had_fetched(watchdog: Watchdog) -> None:
    lost = fetched(1, 121)
    assert watchdog.stalled([lost, waiting(2, 61)], NOW)
    assert not watchdog.stalled([lost], NOW + timedelta(minutes=5))


def test_it_judges_a_task_anew_when_it_is_fetched_again(watchdog: Watchdog) -> None:
    assert watchdog.stalled([fetched(1, 400)], NOW)
    assert not watchdog.stalled([(1, NOW - timedelta(seconds=1))], NOW)
    assert watchdog.stalled([fetched(1, 400)], NOW)
