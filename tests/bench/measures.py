"""What the bench measures, and the target of each. Times are CPU times of one process, told as ratios: x is
`sorted()` of as many random integers as the book has accounts (a million of them, told for a million).

Public: Measure, MEASURES.
"""

from __future__ import annotations

import csv
import gc
import io
import random
import resource
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path as FilePath
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

import adlcalc
from adlcalc.engine.columns import Columns
from adlcalc.engine.events import Deleveraged, Liquidated
from adlcalc.engine.loop import run
from adlcalc.engine.model import Depth, Fund, Liquidity, Path, Scenario
from adlcalc.source import Problems
from adlcalc.source.nodes import Place, Source
from adlcalc.study.plan import Point
from adlcalc.study.points import Work
from adlcalc.study.store import Saved
from adlcalc.sweeping import Sweep, swept
from adlcalc.venues.files import shipped
from adlcalc.venues.rulebook import Rulebook, load_rulebook
from tests.bench.books import crash, cross_book, finer, isolated_book

MILLION = 1_000_000
SCENARIO = FilePath(adlcalc.__file__).parent.parent / "scenarios" / "05-fund-empty-adl.yaml"


class Measure(NamedTuple):
    """what: in words; found: the ratio; target: at most that."""

    what: str
    found: float
    target: float

    @property
    def is_met(self) -> bool:
        return self.found <= self.target


def cpu(work: Callable[[], object], rounds: int = 3) -> float:
    """CPU seconds of the quickest of some rounds: what disturbs a round only adds."""
    best = float("inf")
    for _ in range(rounds):
        gc.collect()
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def in_turn(*works: Callable[[], float], rounds: int = 3) -> list[float]:
    """The least that each of some measurements found, one after the other and all of them again: what slows a
    machine for a while slows the two sides of a ratio alike."""
    found = [[work() for work in works] for _ in range(rounds)]
    return list(map(min, zip(*found, strict=True)))


def ratio(work: Callable[[], object], beside: Callable[[], object], rounds: int = 5) -> float:
    """The median over some rounds of what the work takes beside another, one right after the other: the speed of a
    machine drifts by a third within minutes, and a yardstick that was taken before would measure that."""
    return median(cpu(work, 1) / cpu(beside, 1) for _ in range(rounds))


@cache
def numbers() -> Sequence[int]:
    """A million random integers."""
    r = random.Random(1)
    return [r.randrange(10**12) for _ in range(MILLION)]


def sort() -> None:
    """What x is: sorted() of them."""
    sorted(numbers())


def x(work: Callable[[], object], accounts: int, rounds: int = 5) -> float:
    """In sorted() of as many integers; larger books cost in proportion."""
    return ratio(work, sort, rounds) * MILLION / accounts


def consume(scenario: Scenario) -> None:
    """A run whose events nobody keeps."""
    for _ in run(scenario, accounts=False):
        pass


@cache
def large(accounts: int, steps: int) -> Scenario:
    """The isolated book as columns."""
    one = isolated_book(accounts, steps)
    columns = Columns.of(one.accounts)
    assert columns is not None
    return replace(one, accounts=columns)


# --- large books --------------------------------------------------------------------------------------------


def runs(accounts: int) -> Iterator[Measure]:
    """A crash of a thousand steps, in ten times as many (of another walk more are liquidated, and that is not
    what a step costs), and with funding."""
    one = large(accounts, 1_000)

    def plain() -> None:
        consume(one)

    yield Measure("run, isolated, 1,000 steps, 14 % liquidated (x)", x(plain, accounts), 13)
    longer = replace(one, path=Path({"M": finer(one.path.marks["M"], 10)}))
    yield Measure("ten times the steps, the same way / once", ratio(lambda: consume(longer), plain, 3), 1.2)
    rates = {step: Decimal("0.0001") for step in range(1, 1_000, 100)}
    funded = replace(one, path=Path(one.path.marks, funding={"M": rates}))
    yield Measure("funding on / off", ratio(lambda: consume(funded), plain), 1.5)
    cross = cross_book(max(accounts // 5, 1), 1_000)
    yield Measure("cross, 8 markets, crash (x)", x(lambda: consume(cross), len(cross.accounts), 3), 56)
    yield Measure("an ADL fill on top of a liquidation (x)", x_of_a_fill(one), 53)


def x_of_a_fill(one: Scenario, rounds: int = 5) -> float:
    """What a gap costs more where nobody buys and the fund is empty than where all is sold at once, a fill."""
    thin = replace(one.markets[0], liquidity=Liquidity(Depth.LEVELS))
    path = Path({"M": (Decimal(60_000), Decimal(52_800))})
    gap = replace(one, markets=(thin,), funds=(Fund("fund"),), path=path)
    events = list(run(gap, accounts=False))
    fills = sum(isinstance(event, Deleveraged) for event in events)
    assert any(isinstance(event, Liquidated) for event in events)
    del events
    sold = replace(gap, funds=(Fund("fund", Decimal(10) ** 15),), markets=one.markets)
    found = []
    for _ in range(rounds):
        taken, without, unit = (cpu(work, 1) for work in (lambda: consume(gap), lambda: consume(sold), sort))
        found.append((taken - without) / unit)
    return median(found) * MILLION / max(fills, 1)


def whole_way(accounts: int) -> Iterator[Measure]:
    """CSV to tables, the reading alone, and the memory of who nothing happens to."""
    with TemporaryDirectory() as folder:
        file, text = written(FilePath(folder), accounts)
        adlcalc.load(file)  # what is imported and read once is not the book's

        def read() -> None:
            for _ in csv.reader(io.StringIO(text, newline="")):
                pass

        yield Measure("CSV to accounts / csv.reader", ratio(lambda: adlcalc.load(file), read), 5)
        whole = x(lambda: adlcalc.run(adlcalc.load(file)).to_text(), accounts, 3)
        yield Measure("CSV to tables (x)", whole, 22)
        gc.collect()
        tracemalloc.start()
        loaded = adlcalc.load(file)
        held = tracemalloc.get_traced_memory()[0] / accounts
        tracemalloc.stop()
        assert isinstance(loaded.scenario.accounts, Columns)
        yield Measure("memory of a quiet account (bytes)", held, 150)


def written(folder: FilePath, accounts: int) -> tuple[str, str]:
    """The book as a CSV file and a scenario beside it: the scenario's name, the book's text."""
    rows = ["id,side,size,entry,collateral"]
    for account in isolated_book(accounts, 1).accounts:
        p = account.positions[0]
        rows.append(f"{account.id},{'long' if p.side > 0 else 'short'},{p.size},{p.entry},{p.collateral}")
    text = "\n".join([*rows, ""])
    (folder / "book.csv").write_text(text, encoding="utf-8", newline="")
    marks = ", ".join(map(str, crash(1, 1_000)))
    scenario = folder / "scenario.yaml"
    scenario.write_text(
        f"accounts: {{file: book.csv}}\nmarkets: {{M: {{tick: 0.1, lot: 0.001}}}}\nfund: 1e15\nprices: "
        f"[{marks}]\n",
        encoding="utf-8",
    )
    return str(scenario), text


# --- rulebooks ----------------------------------------------------------------------------------------------


def under(venue: str, accounts: int, steps: int) -> Scenario:
    """The isolated book under a rulebook, with nobody who buys and an empty fund."""
    book = rulebook(venue)
    one = isolated_book(accounts, steps)
    market = replace(
        one.markets[0],
        liquidity=Liquidity(Depth.LEVELS),
        maintenance=book.maintenance("linear", money_unit=one.money_unit, lot=one.markets[0].lot),
    )
    rules = book.engine_rules(["linear"], ["linear"])
    return replace(one, markets=(market,), funds=(Fund("fund"),), rules=rules, venue=venue)


def counted(scenario: Scenario) -> int:
    """How many events a run tells."""
    return sum(1 for _ in run(scenario, accounts=False))


def rulebook(venue: str) -> Rulebook:
    problems = Problems()
    found = load_rulebook(venue, problems, where=Place(Source(venue, "")))
    assert found is not None
    return found


def rulebooks(accounts: int) -> Iterator[Measure]:
    """The slowest of all of them, beside the generic one, as a whole and an event; and the one that grows
    fastest: a round of each says which seem to, and of those the quickest of three in turn decide."""
    ratios, each, growth = [], [], []
    generic = under("generic", accounts, 300)
    plain, told = cpu(lambda: consume(generic)), counted(generic)
    for venue in shipped():
        half, whole = under(venue, accounts // 2, 300), under(venue, accounts, 300)
        seconds, before = in_turn(*map(measured, (whole, half)), rounds=1)
        ratios.append((seconds / plain, venue))
        each.append((seconds / counted(whole) / (plain / told), venue))
        growth.append((seconds / before, venue))
    grown = []
    for _, venue in sorted(growth)[-SEEM:]:
        half, whole = under(venue, accounts // 2, 300), under(venue, accounts, 300)
        seconds, before = in_turn(*map(measured, (whole, half)))
        grown.append((seconds / before, venue))
    yield Measure(f"slowest rulebook / generic ({max(ratios)[1]})", max(ratios)[0], 6)
    yield Measure(f"an event of any rulebook / of generic ({max(each)[1]})", max(each)[0], 6)
    yield Measure(f"twice the accounts / once, any rulebook ({max(grown)[1]})", max(grown)[0], 2.6)


SEEM = 8


def measured(scenario: Scenario) -> Callable[[], float]:
    """What measures a round of its run."""
    return lambda: cpu(lambda: consume(scenario), 1)


# --- small scenarios ----------------------------------------------------------------------------------------


def starts(accounts: int) -> Iterator[Measure]:
    """A small scenario from the command line, beside an interpreter that does nothing."""
    nothing = process([sys.executable, "-c", "pass"])
    small = process([sys.executable, "-m", "adlcalc", "run", str(SCENARIO)])
    yield Measure("run of a small scenario / python -c pass", small / nothing, 20)


def pages(accounts: int) -> Iterator[Measure]:
    """The page of a large book, beside its run from the command line; and its size."""
    with TemporaryDirectory() as folder:
        file, _ = written(FilePath(folder), accounts)
        page = FilePath(folder, "page.html")
        command = [sys.executable, "-m", "adlcalc"]
        plain, drawn = in_turn(
            lambda: process([*command, "run", file, "-q", "-o", f"{folder}/run.txt"], 1),
            lambda: process([*command, "report", file, "-q", "-o", str(page)], 1),
            rounds=5,
        )
        yield Measure("page of the book / its run", drawn / plain, 2)
        yield Measure("megabytes of that page", page.stat().st_size / 1e6, 2)


def process(command: list[str], rounds: int = 5) -> float:
    """CPU seconds of a whole process, the quickest of some."""
    best = float("inf")
    for _ in range(rounds):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return best


TEN_MS = 0.01


def sweeps(accounts: int) -> Iterator[Measure]:
    """What a point of a sweep costs beside its run, if that takes ten milliseconds: CPU time of the process
    that hands out points, keeps and counts them, and of making one where it is worked."""
    with TemporaryDirectory() as folder:
        points = 4_000
        asking = Sweep(
            str(SCENARIO), [f"fund=1..{points}/1"], measures=["fund_paid"], store=f"{folder}/s.sqlite"
        )
        kept: list[tuple[Work, Sequence[Point]]] = []

        def nothing(work: Work, todo: Sequence[Point]) -> Iterator[Saved]:
            kept.append((work, todo))
            return iter(())

        swept(asking, workers=nothing)  # laid out once for all
        ((work, todo),) = kept
        parent = cpu(lambda: swept(replace(asking, store=None, jobs=2)), 1)
        made = todo[points // 2]
        scenario = work.varied(made)
        one = cpu(lambda: [work(made) for _ in range(100)]) - cpu(
            lambda: [work.asked(scenario) for _ in range(100)]
        )
        yield Measure("a sweep's point beside its run of 10 ms", (parent / points + one / 100) / TEN_MS, 0.05)


MEASURES = (whole_way, runs, rulebooks, starts, pages, sweeps)
