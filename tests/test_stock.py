"""What the venue holds, by its sums and in order of prices: the same as looking at every claim."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from bench.books import isolated_book
from books import d
from rules import under_venue

from adlcalc.engine.books.claims import Closing, VenueClaim
from adlcalc.engine.books.fund import FundBook
from adlcalc.engine.books.holdings import Holder, MarketBook
from adlcalc.engine.books.stock import Stock, by_age
from adlcalc.engine.contract import INVERSE, Contract
from adlcalc.engine.loop import run
from adlcalc.engine.model import Depth, Fund, Liquidity, Market
from adlcalc.engine.rules import FundRules
from adlcalc.engine.waterfall import own_name
from adlcalc.ground.numbers import ZERO, exact

UNITS = (d("0.00000001"), d("0.01"), d("0.05"))


def stock_of(rng: random.Random) -> tuple[Stock, list[VenueClaim]]:
    """A side of a random market, and the claims that are put there."""
    unit, side = rng.choice(UNITS), rng.choice([1, -1])
    contract = Contract(INVERSE) if rng.random() < 0.2 else Contract(multiplier=rng.choice([d(1), d("0.1")]))
    market = Market("M", contract=contract, tick=d("0.1"), lot=d("0.001"))
    book = MarketBook(market, 0, unit, FundBook(Fund("fund"), FundRules(), unit), d(100))
    book.mark = d(rng.randrange(900, 1100)) / 10
    stock, claims = Stock(book, side), []
    for number in range(rng.randrange(40)):
        price, size = d(rng.randrange(900, 1100)) / 10, d(rng.randrange(1, 5000)) / 1000
        known = rng.random() < 0.9
        cost = book.value(side * size, price) + (rng.random() < 0.2) * unit
        claim = VenueClaim(Holder("a", 0, ZERO), book, side, price if known else None, size, cost, number)
        claims.append(claim)
        stock.add(claim)
    return stock, claims


def close(stock: Stock, claim: VenueClaim, size: Decimal) -> None:
    """As the ledger does."""
    cost = claim.cost_of(size)
    claim.size -= size
    claim.cost -= cost
    stock.note_closed(claim, size, cost)


@pytest.mark.parametrize("seed", range(60))
def test_the_sums_are_those_of_the_claims(seed: int) -> None:
    """While claims close in part and whole and the mark moves."""
    with exact():
        stands_to_its_claims(random.Random(seed))


def stands_to_its_claims(rng: random.Random) -> None:
    stock, claims = stock_of(rng)
    for _ in range(12):
        open_ones = [claim for claim in claims if claim.size]
        mark = stock.book.mark
        assert sorted(stock.claims(), key=by_age) == open_ones
        assert sorted(stock.reached(), key=by_age) == [one for one in open_ones if one.at_or_beyond(mark)]
        assert stock.contracts == sum((one.size for one in open_ones), ZERO)
        assert stock.pnl() == sum((one.pnl() for one in open_ones), ZERO)
        assert dict(stock.losses()) == {one: -one.pnl() for one in open_ones if one.pnl() < 0}
        for claim in rng.sample(open_ones, min(3, len(open_ones))):
            close(stock, claim, rng.choice([claim.size, claim.size, max(claim.size / 2, d("0.001"))]))
        if rng.random() < 0.5:
            stock.forget_closed()
        stock.book.mark = d(rng.randrange(90000, 110000)).scaleb(rng.choice([-3, -3, -4]))


def counted(monkeypatch: pytest.MonkeyPatch, where: type, *verbs: str) -> Counter[str]:
    """How often these are called from here on."""
    calls: Counter[str] = Counter()

    def counting(name: str, verb: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            calls[name] += 1
            return verb(*args, **options)

        return call

    for name in verbs:
        monkeypatch.setattr(where, name, counting(name, getattr(where, name)))
    return calls


@pytest.mark.slow
def test_a_claim_that_waits_costs_a_step_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody buys: claims wait for hundreds of steps. Each is valued as often as it is told, and where the
    mark has passed its price."""
    one = isolated_book(1_000, 300)
    empty = replace(one.markets[0], liquidity=Liquidity(Depth.LEVELS))
    calls = counted(monkeypatch, Closing, "pnl", "at_or_beyond")
    events = list(run(replace(one, markets=(empty,), funds=(Fund("fund"),)), accounts=False))
    told = Counter(type(event).__name__ for event in events)
    waits = sum(len(getattr(event, "held", ())) for event in events)
    assert waits > 100, "in so many steps something is held"
    assert told["Held"] > 100
    assert calls["pnl"] <= 2 * told["Held"]
    assert calls["at_or_beyond"] <= 10 * told["Liquidated"]


@pytest.mark.slow
def test_an_order_that_nobody_takes_is_not_made_anew_at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody buys, and accounts stay due with their positions: no order is sized for them."""
    one = isolated_book(1_000, 300)
    empty = replace(one.markets[0], liquidity=Liquidity(Depth.LEVELS))
    stuck = under_venue(
        replace(one, markets=(empty,), funds=(Fund("fund"),)), "hyperliquid-hip3", random.Random(1)
    )
    sized: list[object] = []
    monkeypatch.setattr(own_name, "schedule", lambda *args: sized.append(args) or [])
    assert list(run(replace(stuck, markets=(replace(stuck.markets[0], liquidity=empty.liquidity),))))
    assert not sized
    taken = replace(stuck, markets=(replace(stuck.markets[0], liquidity=Liquidity()),))
    assert list(run(taken))
    assert len(sized) > 100, "with somebody who buys they are"
