"""What the table "Open positions" costs on a long book: its 50 nearest behind the screen, beside all prices.

    python -m tests.bench.bench_health [accounts]      100,000 accounts when left out

Ratios of one process, and counts of liquidation prices that were worked out, which are the same anywhere.
"""

from __future__ import annotations

import sys
import time

from adlcalc.engine.events import AccountEnded, AccountState
from adlcalc.engine.loop import run
from adlcalc.engine.model import Scenario
from adlcalc.study.health import Health
from tests.bench.books import cross_book, isolated_book


def at_the_end(scenario: Scenario) -> tuple[list[AccountState], float]:
    """The accounts at the end, and the seconds of the run."""
    start = time.process_time()
    states = [event.state for event in run(scenario) if isinstance(event, AccountEnded)]
    return states, time.process_time() - start


def nearest(scenario: Scenario, states: list[AccountState], limit: int) -> tuple[float, int, int]:
    """Seconds; prices worked out; positions."""
    health = Health(scenario)
    start = time.process_time()
    _, count = health.nearest(states, limit)
    return time.process_time() - start, health.worked_out, count


def main() -> None:
    accounts = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    for name, book in (("isolated", isolated_book), ("cross", cross_book)):
        scenario = book(accounts=accounts, steps=10)
        states, whole = at_the_end(scenario)
        few, worked, count = nearest(scenario, states, 50)
        every, _, _ = nearest(scenario, states, 0)
        print(
            f"{name}: {count:,} open positions; the 50 nearest: {worked:,} prices worked out "
            f"({worked / count:.1%}),"
            f" {few / every:.2f} x the time of all of them, {few / whole:.2f} x the run of 10 steps"
        )


if __name__ == "__main__":
    main()
