"""How long a run takes, as ratios to `sorted()` of a million random integers measured in the same process.

    python -m tests.bench.bench_engine [accounts [steps]]      1,000,000 accounts and 1,000 steps when left out

Absolute seconds differ from machine to machine and from hour to hour; ratios of one process hold.
"""

from __future__ import annotations

import random
import sys
import time

from adlcalc.engine.events import Deleveraged, Liquidated
from adlcalc.engine.loop import run
from adlcalc.engine.model import Scenario
from tests.bench.books import isolated_book


def seconds_to_sort() -> float:
    """sorted() of a million random integers, best of three."""
    r = random.Random(1)
    numbers = [r.randrange(10**12) for _ in range(1_000_000)]
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        sorted(numbers)
        best = min(best, time.process_time() - start)
    return best


def seconds_to_run(scenario: Scenario) -> tuple[float, dict[str, int]]:
    """One run, its events consumed and counted."""
    counts = {"liquidated": 0, "deleveraged": 0, "evaluations": 0}
    start = time.process_time()
    for event in run(scenario, accounts=False):
        counts["liquidated"] += type(event) is Liquidated
        counts["deleveraged"] += type(event) is Deleveraged
    counts["evaluations"] = event.evaluations  # the last event is Ended
    return time.process_time() - start, counts


def main() -> None:
    accounts = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    steps = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000
    unit = seconds_to_sort()
    first = None
    for n in (steps, 10 * steps):
        seconds, counts = seconds_to_run(isolated_book(accounts, n))
        share = counts["evaluations"] / (accounts * n)
        print(
            f"{accounts:,} accounts x {n:,} steps: {seconds / unit:.1f} x sorted(1,000,000 integers), {seconds:.1f} s,",
            end=" ",
        )
        print(f"{counts['liquidated']:,} liquidated, {share:.4%} of account-steps evaluated")
        if first is not None:
            print(f"ten times the steps: {seconds / first:.2f} x the time")
        first = seconds


if __name__ == "__main__":
    main()
