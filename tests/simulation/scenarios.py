"""What one seed does: a few steps of people, trouble, syncs and time, the rest, and the verdict."""

from __future__ import annotations

import traceback

from tests.simulation.invariants import broken
from tests.simulation.report import Report
from tests.simulation.world import Violation, World

MINUTES = (1, 10, 60, 600)
DAYS = (1, 3, 20, 40)


def play(seed: int, planted: str = "") -> Report:
    world = World(seed, planted)
    report = Report(seed, world.steps, counts=world.counts)
    try:
        with world:
            _play(world)
            report.violations = [*world.broken, *broken(world)]
    except Violation as found:
        report.violations = [*world.broken, str(found)]
    except Exception:  # Whatever it was: the seed has found it.
        report.violations = [*world.broken, traceback.format_exc()]
    return report


def _play(world: World) -> None:
    for _ in range(world.chance.randrange(5, 13)):
        world.person()
    if world.pages_are_small:
        world.many_bills()
    hard = world.chance.choice((0.0, 0.5, 1.0, 2.0))
    if world.planted:
        # What is to be caught needs its trouble; with nothing planted these scenarios must hold, too.
        hard = 3.0
    for _ in range(world.chance.randrange(2, 6)):
        for _ in range(world.chance.randrange(1, 5)):
            world.person()
        world.troubled_sync(hard)
        if world.chance.random() < 0.3:
            world.ourselves.act()
        _time_passes(world)
        if world.chance.random() < 0.04:
            world.lose_a_day()
    world.rest()


def _time_passes(world: World) -> None:
    long = world.chance.random() < 0.15
    minutes = world.chance.choice(DAYS) * 24 * 60 if long else world.chance.choice(MINUTES)
    world.advance(minutes * 60)
    world.step(f"{minutes} minutes later")
    if world.notices is not None:
        world.notices.arrive()
