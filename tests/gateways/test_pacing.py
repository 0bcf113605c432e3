from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncapp.gateways.pacing import Pacer, Pacers


class Clock:
    """Time that passes only when somebody sleeps or works."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.now += seconds


def most_within(moments: list[float], seconds: float) -> int:
    return max(sum(1 for each in moments if start <= each < start + seconds) for start in moments)


def test_it_lets_the_first_ones_through_at_once() -> None:
    clock = Clock()
    pacer = Pacer(10, 500, clock, clock.sleep)
    for _ in range(10):
        with pacer.place():
            pass
    assert clock.slept == 0
    with pacer.place():
        pass
    assert clock.slept == pytest.approx(1.0)


def test_it_keeps_batches_under_their_own_limit() -> None:
    clock = Clock()
    pacer = Pacer(10, 500, clock, clock.sleep)
    for _ in range(41):
        with pacer.place(batch=True):
            clock.now += 0.2
    assert clock.slept >= 60 - 41 * 0.2 - 0.001
    before = clock.slept
    with pacer.place():
        pass
    assert clock.slept == before


@given(
    st.lists(st.tuples(st.booleans(), st.floats(0, 3), st.floats(0, 3)), min_size=1, max_size=80),
    st.integers(1, 4),
    st.integers(1, 12),
)
def test_the_remote_never_counts_too_many(
    calls: list[tuple[bool, float, float]], per_second: int, per_minute: int
) -> None:
    """Wherever between the start and the end of a call the remote notes its time."""
    clock = Clock()
    pacer = Pacer(per_second, per_minute, clock, clock.sleep, batches_per_minute=3)
    arrived, batches = [], []
    for batch, there, back in calls:
        with pacer.place(batch=batch):
            clock.now += there
            arrived.append(clock.now)
            batches += [clock.now] if batch else []
            clock.now += back
    # The remote's clock is a little finer than ours.
    assert most_within(arrived, 0.999) <= per_second
    assert most_within(arrived, 59.999) <= per_minute
    assert not batches or most_within(batches, 59.999) <= 3


def test_threads_share_it() -> None:
    pacer = Pacer(5, 500)
    arrived: list[float] = []

    def work() -> None:
        for _ in range(3):
            with pacer.place():
                arrived.append(time.monotonic())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(arrived) == 12
    assert most_within(arrived, 0.999) <= 5


def test_a_place_is_given_back_after_a_failure() -> None:
    clock = Clock()
    pacer = Pacer(1, 500, clock, clock.sleep)
    with pytest.raises(LookupError), pacer.place():
        raise LookupError
    with pacer.place():
        pass
    assert clock.slept == pytest.approx(1.0)


def test_each_company_has_its_own() -> None:
    pacers = Pacers()
    assert pacers.of("1") is pacers.of("1")
    assert pacers.of("1") is not pacers.of("2")


def test_it_refuses_a_limit_that_would_stop_everything() -> None:
    with pytest.raises(ValueError):
        Pacer(0, 500)


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 2)), min_size=1, max_size=60), st.integers(1, 59))
def test_the_next_process_goes_on_where_the_last_stopped(calls: list[tuple[bool, float]], hand_over: int) -> None:
    """Two processes, whose monotonic clocks have nothing in common, are one to the remote."""
    clock = Clock()
    other = Clock()
    other.now = 5.0
    arrived, batches, pacer = [], [], Pacer(4, 20, clock, clock.sleep, batches_per_minute=3)
    wall, begun = 0.0, clock.now
    for number, (batch, lasts) in enumerate(calls):
        if number == hand_over:
            recent, wall = pacer.recent(), clock.now - begun
            clock, begun = other, other.now
            pacer = Pacer(4, 20, clock, clock.sleep, batches_per_minute=3)
            pacer.remember(recent)
        with pacer.place(batch=batch):
            clock.now += lasts
            moment = wall + clock.now - begun
            arrived.append(moment)
            batches += [moment] if batch else []
    assert most_within(arrived, 0.999) <= 4
    assert most_within(arrived, 59.999) <= 20
    assert not batches or most_within(batches, 59.999) <= 3
