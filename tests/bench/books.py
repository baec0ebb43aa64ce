"""Large books for the benchmarks and the counts: seeded, plain, and the same on every machine.

Public: crash, finer, isolated_book, cross_book.
"""

from __future__ import annotations

import random
from decimal import Decimal
from itertools import pairwise

from adlcalc.engine.model import Account, Fund, Market, Path, Position, Scenario

PLENTY = Decimal(10) ** 15


def crash(seed: int, steps: int, start: str = "60000", fall: str = "0.994") -> tuple[Decimal, ...]:
    """A random walk (0.2 % a step where there are 1,000, as wide for any number), with a fall over 20 steps
    at three fifths."""
    r, price, marks = random.Random(seed), Decimal(start), []
    width = (Decimal(1000) / steps).sqrt()
    for step in range(steps):
        marks.append(price.quantize(Decimal("0.1")))
        price *= 1 + width * r.randint(-34, 34) / 10000
        if steps * 3 <= step * 5 < steps * 3 + 100:
            price *= Decimal(fall)
    return tuple(marks)


def finer(marks: tuple[Decimal, ...], times: int) -> tuple[Decimal, ...]:
    """The same way in so many times the steps: the others lie evenly between two marks, so that it goes no
    further, and the same accounts are liquidated."""
    steps = range(times)
    between = (a + (b - a) * i / times for a, b in pairwise(marks) for i in steps)
    return (*(mark.quantize(Decimal("0.1")) for mark in between), marks[-1])


def isolated_book(accounts: int, steps: int) -> Scenario:
    """One market, one isolated position an account, leverage from 1 to 50; the book and the fund take
    everything."""
    r = random.Random(7)
    book = []
    for i in range(accounts):
        side = 1 if i % 2 == 0 else -1
        size = Decimal(r.randrange(1, 10_000)).scaleb(-3)
        entry = Decimal(r.randrange(590_000, 610_000)).scaleb(-1)
        leverage = min(50, 1 + int(r.lognormvariate(1.2, 1.0)))
        collateral = (size * entry / leverage).quantize(Decimal("0.01"))
        book.append(Account(f"a{i}", (Position("M", side, size, entry, collateral),)))
    market = Market("M", tick=Decimal("0.1"), lot=Decimal("0.001"))
    return Scenario((market,), tuple(book), Path({"M": crash(1, steps)}), (Fund("fund", PLENTY),))


def cross_book(accounts: int, steps: int, markets: int = 8) -> Scenario:
    """Cross accounts with one to four positions in eight markets that fall together."""
    r = random.Random(11)
    names = [f"M{i}" for i in range(markets)]
    marks = {
        name: crash(100 + i, steps, "1000", str(Decimal("0.992") - Decimal(i) / 2000))
        for i, name in enumerate(names)
    }
    book = []
    for i in range(accounts):
        held = r.sample(names, r.choice([1, 1, 2, 2, 3, 4]))
        positions = tuple(
            Position(
                name,
                r.choice([1, 1, -1]),
                Decimal(r.randrange(1, 500)).scaleb(-1),
                Decimal(r.randrange(9800, 10200)).scaleb(-1),
            )
            for name in held
        )
        notional = sum((p.size * p.entry for p in positions), Decimal(0))
        leverage = min(40, 1 + int(r.lognormvariate(1.2, 0.9)))
        book.append(Account(f"c{i}", positions, (notional / leverage).quantize(Decimal("0.01"))))
    listed = tuple(Market(name, tick=Decimal("0.1"), lot=Decimal("0.1")) for name in names)
    return Scenario(listed, tuple(book), Path(marks), (Fund("fund", PLENTY),))
