"""What several runs cost beside one, several processes beside one, and adlcalc beside lrvx (PyPI, optional).

Public: SIDE_BY_SIDE.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path as FilePath
from tempfile import TemporaryDirectory

import adlcalc
from adlcalc.engine.model import Depth, Fund, Liquidity, Path, Scenario
from adlcalc.scenario.expand import made_up as lines
from adlcalc.study.compare import Under, applicable, choices_of, compare
from tests.bench.books import PLENTY, crash
from tests.bench.measures import SCENARIO, Measure, consume, cpu, in_turn, large, process

GAP = (Decimal(60_000), Decimal(52_800))
MOST_COMPARED = 20_000
FILES = 21


def compared(accounts: int) -> Iterator[Measure]:
    """Every policy on one book, measured, beside the same runs without a measure."""
    one = large(min(accounts, MOST_COMPARED), 31)
    thin = replace(one.markets[0], liquidity=Liquidity(Depth.LEVELS))
    one = replace(one, markets=(thin,), funds=(Fund("fund"),))
    policies = choices_of(applicable(one))
    plain = together = 0.0
    for choice in policies:
        alone, told = in_turn(
            partial(cpu, partial(consume, Under(choice)(one)), 1),
            lambda choice=choice: cpu(lambda: [*compare(one, [choice])], 1),
            rounds=2,
        )
        plain, together = plain + alone, together + told
    yield Measure(f"compare of {len(policies)} policies / their runs alone", together / plain, 1.5)


def checked(accounts: int) -> Iterator[Measure]:
    """`check` of files that take hardly longer than nothing, by eight processes at most and by one."""
    with TemporaryDirectory() as folder:
        for i in range(FILES):
            shutil.copy(SCENARIO, FilePath(folder, f"{i}.yaml"))
        one, eight = (
            process([sys.executable, "-m", "adlcalc", "check", folder, "-q", "--jobs", jobs])
            for jobs in ("1", "8")
        )
    yield Measure(f"check of {FILES} files, --jobs 8 / one", eight / one, 1.1)


def made_up(accounts: int) -> Iterator[Measure]:
    """A population, beside its CSV file."""
    block = f"{{count: {accounts}, size: [[0, 0.001], [1, 10]], entry: [[0, 59_000], [1, 61_000]], leverage: {{5: 1, 20: 1}}}}"
    rest = "markets: {M: {tick: 0.1, lot: 0.001}}\nprices: [60_000, 50_000]\n"
    with TemporaryDirectory() as folder:
        drawn, listed = FilePath(folder, "drawn.yaml"), FilePath(folder, "listed.yaml")
        drawn.write_text(f"population: {{p: {block}}}\n{rest}", encoding="utf-8")
        FilePath(folder, "book.csv").write_text("".join(lines(adlcalc.load(drawn))), encoding="utf-8")
        listed.write_text(f"accounts: {{file: book.csv}}\n{rest}", encoding="utf-8")
        ratio = cpu(lambda: adlcalc.load(drawn)) / cpu(lambda: adlcalc.load(listed))
    yield Measure("a population / its CSV, to accounts", ratio, 2)


def begun(accounts: int) -> Iterator[Measure]:
    """The command line before it does anything."""
    nothing = process([sys.executable, "-c", "pass"])
    yield Measure(
        "adlcalc --version / python -c pass",
        process([sys.executable, "-m", "adlcalc", "--version"]) / nothing,
        4,
    )


def beside_lrvx(accounts: int) -> Iterator[Measure]:
    """The same books in lrvx, which is written in C++ and in floats: a gap of 12 % with nobody who buys and
    an empty fund, and a crash of a thousand steps."""
    try:
        import lrvx  # type: ignore[import-not-found, unused-ignore]  # optional: pip install lrvx
    except ImportError:
        print("lrvx is not installed (pip install lrvx): its rows are left out")
        return
    one = large(accounts, 1_000)
    rows = [
        (i, p.side * float(p.size), float(p.entry), float(p.collateral or 0))
        for i, p in enumerate((account.positions[0] for account in one.accounts), 1)
    ]

    def theirs(marks: tuple[Decimal, ...], fund: float) -> None:
        engine = lrvx.LiquidationEngine()
        engine.add_tier(0, 0.005)
        engine.set_insurance_fund_capital(fund)
        engine.set_adl_enabled(True)
        engine.set_adl_ranking("binance")
        engine.set_max_cascade_depth(1)
        for i, size, entry, collateral in rows:
            engine.open_position(i, 1, size, entry, collateral)
        for mark in marks:
            engine.on_mark(1, float(mark))

    def ours(marks: tuple[Decimal, ...], liquidity: Liquidity, fund: Decimal) -> Scenario:
        market = replace(one.markets[0], liquidity=liquidity)
        return replace(one, markets=(market,), funds=(Fund("fund", fund),), path=Path({"M": marks}))

    gap = ours(GAP, Liquidity(Depth.LEVELS), Decimal(0))
    yield Measure(
        "a gap of 12 % / in lrvx", cpu(lambda: consume(gap), 2) / cpu(lambda: theirs(GAP, 0.0), 2), 2
    )
    marks = crash(1, 1_000)
    long = ours(marks, Liquidity(), PLENTY)
    yield Measure(
        "a crash of 1,000 steps / in lrvx",
        cpu(lambda: consume(long), 2) / cpu(lambda: theirs(marks, 1e15), 2),
        1,
    )


SIDE_BY_SIDE = (compared, checked, made_up, begun, beside_lrvx)
