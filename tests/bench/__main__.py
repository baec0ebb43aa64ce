"""`python -m tests.bench [accounts]`: every ratio with its target; exit code 1 where one is missed.

100,000 accounts when left out; the rulebooks are tried on a tenth of them. Ratios of one process hold
where seconds differ from machine to machine and from hour to hour; on a busy machine they still move by a
quarter.
"""

from __future__ import annotations

import sys

from tests.bench.measures import MEASURES, rulebooks
from tests.bench.side_by_side import SIDE_BY_SIDE


def main() -> int:
    accounts = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    missed = 0
    print(f"{accounts:,} accounts; x: sorted() of as many random integers")
    print(f"{'':58}{'found':>8}{'target':>9}")
    for measure in (*MEASURES, *SIDE_BY_SIDE):
        for one in measure(max(accounts // 10, 2) if measure is rulebooks else accounts):
            missed += not one.is_met
            print(
                f"{one.what:58}{one.found:8.2f}{one.target:9g}{'' if one.is_met else '  MISSED'}", flush=True
            )
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
