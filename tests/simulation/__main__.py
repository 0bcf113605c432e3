"""``make simulate``: scenarios by their seeds, over both processors; a failing one prints itself and its steps."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Iterable, Iterator

from tests.simulation.report import INVARIANTS, Report


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    if options.year:
        return _year(options.seed or 1)
    if options.planted:
        return _planted(options) if options.seed is None else _planted_again(options.seed)
    if options.seed is not None:
        return _one(options.seed)
    seeds = range(options.first, options.first + options.seeds)
    return _many(seeds, options)


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make simulate")
    parser.add_argument("--seeds", type=int, default=300, help="how many scenarios")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--seed", type=int, help="this one alone, with all its steps; also of planted mistakes")
    parser.add_argument("--year", action="store_true", help="a year of one company, by --seed")
    parser.add_argument("--planted", action="store_true", help="mistakes planted on purpose: each must be caught")
    parser.add_argument("--known", action="store_true", help="begin each mistake with a seed known to catch it")
    parser.add_argument("--processes", type=int, default=min(os.cpu_count() or 1, 4))
    parser.add_argument("--again", action="store_true", help="play the first one twice: it must go the same way")
    parser.add_argument("--most", type=int, default=5, help="stop after so many failing seeds")
    return parser.parse_args(arguments)


def _start() -> None:
    from tests.simulation import start

    start.django_in_memory()


def _play(seed: int) -> Report:
    from tests.simulation.scenarios import play

    return play(seed)


def _one(seed: int) -> int:
    _start()
    report = _play(seed)
    print("\n".join(report.steps))
    print("\n".join(f"!!! {each}" for each in report.violations) or "everything holds")
    return bool(report.violations)


def _year(seed: int) -> int:
    """52 weeks of people, each ending with a sync; then what doesn't agree, the bridges, and what was done."""
    _start()
    from tests.simulation.year import Year

    began, year = time.monotonic(), Year(seed)
    wrong = year.play()
    print("\n".join(year.told()))
    print("\n".join(f"!!! {each}" for each in wrong) or "everything holds")
    print(f"a year in {time.monotonic() - began:.0f} s")
    _explain(wrong)
    return bool(wrong)


def _many(seeds: Iterable[int], options: argparse.Namespace) -> int:
    began, counts, failed = time.monotonic(), Counter[str](), 0
    broken: list[str] = []
    for report in _reports(seeds, options.processes):
        counts.update(report.counts)
        counts["scenarios"] += 1
        if report.violations:
            failed += 1
            broken += report.violations
            _print_failure(report)
            if failed >= options.most:
                break
    if options.again and _play(options.first).steps != _play(options.first).steps:
        print(f"seed {options.first} does not replay")
        failed += 1
    print(f"{counts.pop('scenarios')} scenarios in {time.monotonic() - began:.0f} s: {failed} failed")
    print(", ".join(f"{number} {name}" for name, number in sorted(counts.items())))
    _explain(broken)
    return bool(failed)


def _reports(seeds: Iterable[int], processes: int) -> Iterator[Report]:
    if processes < 2:
        _start()
        yield from map(_play, seeds)
        return
    with multiprocessing.get_context("fork").Pool(processes, _start) as pool:
        yield from pool.imap_unordered(_play, seeds, chunksize=4)


def _planted(options: argparse.Namespace) -> int:
    """Each mistake is played until it is caught; not caught within its number of seeds, the simulation fails."""
    _start()
    from tests.simulation.planted import PLANTED
    from tests.simulation.scenarios import play

    began, missed, broken = time.monotonic(), 0, []
    for name, (_, most, seed) in PLANTED.items():
        first = seed if options.known else 1
        tried = range(first, first + most)
        found = next((report for seed in tried if (report := play(seed, name)).violations), None)
        missed += found is None
        words = f"NOT caught by {most} seeds"
        if found is not None:
            broken.append(found.violations[0])
            words = f"caught by seed {found.seed}, the {found.seed - first + 1}. of {most}: {found.violations[0]}"
        print(f"{name:<24} {textwrap.shorten(words, 150, placeholder=' …')}", flush=True)
    print(f"{len(PLANTED)} mistakes in {time.monotonic() - began:.0f} s: {missed} missed")
    print("make simulate PLANTED=1 SEED=n plays them by that seed, with all steps of what is caught")
    _explain(broken)
    return bool(missed)


def _planted_again(seed: int) -> int:
    """Each mistake by this one seed, with the steps of those that it catches; none caught is a failure."""
    _start()
    from tests.simulation.planted import PLANTED
    from tests.simulation.scenarios import play

    found = {name: report for name in PLANTED if (report := play(seed, name)).violations}
    for name, report in found.items():
        print(f"\n{name} is caught by seed {seed}:")
        _print_steps(report)
    _explain(each for report in found.values() for each in report.violations)
    return not found


def _explain(broken: Iterable[str]) -> None:
    codes = {each.split(" ", 1)[0] for each in broken}
    for code, words in INVARIANTS.items():
        if code in codes:
            print(f"{code}: {words}")


def _print_failure(report: Report) -> None:
    print(f"\nseed {report.seed} fails; make simulate SEED={report.seed} plays it again")
    _print_steps(report)


def _print_steps(report: Report) -> None:
    print("\n".join(f"  {each}" for each in report.steps))
    print("\n".join(f"  !!! {each}" for each in report.violations), flush=True)


if __name__ == "__main__":
    # Sets of texts have an order of their own in each process, unless it is told not to.
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, "-m", "tests.simulation", *sys.argv[1:]])
    sys.exit(main(sys.argv[1:]))
