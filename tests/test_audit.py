"""The audit stops a run when a posting is wrong: each verb of the ledger is broken for real, in money and in
contracts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from books import account, d
from books import scenario as book_of

from adlcalc.engine.books.audit import Audit
from adlcalc.engine.books.claims import Backstop, VenueClaim
from adlcalc.engine.books.holdings import Holding
from adlcalc.engine.books.ledger import AuditError, Ledger
from adlcalc.engine.loop import run
from adlcalc.engine.model import Fund, Market, Path, Provider, Scenario
from adlcalc.engine.rules import BackstopRules, Providers, Rules
from adlcalc.engine.waterfall.state import State
from adlcalc.ground.numbers import exact

ONE_UNIT = Decimal("0.00000001")

BOOK = """\
markets: {M: {liquidity: 1}}
fund: 5
accounts:
  - {id: alice, side: long,  size: 3, entry: 100, leverage: 10}
  - {id: bob,   side: short, size: 2, entry: 100, leverage: 2}
  - {id: carol, side: short, size: 1, entry: 100, margin: cross, balance: 90}
  - {id: zoe, side: long, size: 1, entry: 90, collateral: 80}
funding: {M: [0, 0.01, 0, 0]}
prices: [100, 99, 86, 80]
"""
"""At step 2 alice is taken over at 90.0...: the book takes one contract at 86, the fund pays, bob and carol
are deleveraged."""


def less(x: Any) -> Any:
    return x - ONE_UNIT


def broken_rest(ledger: Ledger, book: Any, size: Decimal, value: Decimal) -> None:
    """The book's side is given one unit less than was paid."""
    book.rest_size += size
    book.rest_cost += less(value)


def lost_contracts(ledger: Ledger, book: Any, size: Decimal, value: Decimal) -> None:
    """The book's side pays, and has no contracts for it."""
    book.rest_cost += value


def more_contracts(ledger: Ledger, book: Any, size: Decimal, value: Decimal) -> None:
    book.rest_size += size + size
    book.rest_cost += value


def after(verb: Callable[..., Any], harm: Callable[..., None]) -> Callable[..., Any]:
    """The verb as it is, and then some harm to what it was done to."""

    def broken(*args: Any, **options: Any) -> Any:
        result = verb(*args, **options)
        harm(*args, **options)
        return result

    return broken


def unpaid(ledger: Ledger, holding: Holding, *_: Any, **__: Any) -> None:
    holding.holder.balance -= ONE_UNIT


def grown(ledger: Ledger, holding: Holding, *_: Any, **__: Any) -> None:
    holding.signed_size += ONE_UNIT
    holding.size = abs(holding.signed_size)


def dearer(ledger: Ledger, claim: VenueClaim, *_: Any, **__: Any) -> None:
    claim.cost += ONE_UNIT
    ledger.claims.append(claim) if claim not in ledger.claims else None


def smaller(ledger: Ledger, claim: VenueClaim, *_: Any, **__: Any) -> None:
    claim.size -= min(claim.size, ONE_UNIT)


def generous(ledger: Ledger, claim: VenueClaim, result: Decimal, why: str) -> None:
    if result:
        claim.book.fund.balance += ONE_UNIT


BREAKAGES: dict[str, tuple[type, str, Callable[..., Any], str, str]] = {
    "the book is paid a unit too little": (Ledger, "to_rest", broken_rest, "money 0.00000001", "contracts 0"),
    "the book has no contracts": (Ledger, "to_rest", lost_contracts, "money 0", "contracts -"),
    "the book has twice the contracts": (Ledger, "to_rest", more_contracts, "money 0", "contracts 1 in M"),
    "a counterparty loses a unit": (
        Ledger,
        "close_part",
        after(Ledger.close_part, unpaid),
        "money -0.0000000",
        "contracts 0",
    ),
    "a counterparty keeps a contract": (
        Ledger,
        "close_part",
        after(Ledger.close_part, grown),
        "money 0",
        "contracts ",
    ),
    "a claim costs a unit more": (Ledger, "close", after(Ledger.close, dearer), "money -", "contracts 0"),
    "a claim loses contracts": (Ledger, "close", after(Ledger.close, smaller), "", "contracts "),
    "funding takes a unit from nobody": (
        Ledger,
        "settle_funding",
        after(Ledger.settle_funding, unpaid),
        "money -",
        "contracts 0",
    ),
    "the fund is given a unit by nobody": (
        Ledger,
        "post_result",
        after(Ledger.post_result, generous),
        "money 0.0",
        "contracts 0",
    ),
}


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_a_broken_posting_stops_the_run(
    breakage: str, adlcalc: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 70, on standard error the step and by how much, and no page that could be believed."""
    where, verb, instead, money, contracts = BREAKAGES[breakage]
    assert adlcalc("run", "-", stdin=BOOK.encode()).code == 0
    monkeypatch.setattr(where, verb, instead)
    result = adlcalc("run", "-", stdin=BOOK.encode())
    assert result.code == 70
    assert result.out == ""
    assert "step 2: the audit does not close" in result.err, result.err
    assert money in result.err, result.err
    assert contracts in result.err, result.err
    assert "alice" in result.err
    assert "bug" in result.err


def test_the_step_that_is_named_is_the_one_that_broke(
    adlcalc: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """zoe, who is taken over at step 3 only, and whose posting alone is wrong."""

    def wrong(ledger: Ledger, holding: Holding, *_: Any, **__: Any) -> None:
        if holding.holder.id == "zoe":
            holding.holder.balance += 7

    text = BOOK.replace("collateral: 80", "collateral: 8")
    monkeypatch.setattr(Ledger, "new_claim", after_claim(wrong))
    result = adlcalc("run", "-", stdin=text.replace("[100, 99, 86, 80]", "[100, 99, 89, 82]").encode())
    assert result.code == 70
    assert "step 3: the audit does not close: money 7, contracts 0" in result.err, result.err


def after_claim(harm: Callable[..., None]) -> Callable[..., Any]:
    plain = Ledger.new_claim

    def broken(ledger: Ledger, number: int, holding: Holding, *rest: Any) -> Any:
        claim = plain(ledger, number, holding, *rest)
        harm(ledger, holding)
        return claim

    return broken


def two_markets() -> Scenario:
    owners = (account("a", 1, 100, 100, market="A"), account("b", -1, 100, 100, market="B"))
    return Scenario(
        (Market("A"), Market("B")), owners, Path({"A": (d(100),), "B": (d(100),)}), (Fund("fund", d(1)),)
    )


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        ({"A": 1, "B": -3}, "contracts -3 in B"),
        ({"A": -3, "B": 1}, "contracts -3 in A"),
        ({"B": 2}, "contracts 2 in B"),
        ({"A": 1}, "contracts 1 in A"),
    ],
)
def test_the_worst_market_is_named(harm: dict[str, int], told: str) -> None:
    with exact():
        state = State(two_markets(), index=True)
        audit = Audit(state.ledger)
        assert audit.step(0) == (0, 0)
        for name, size in harm.items():
            state.ledger.markets[name].rest_size += size
        with pytest.raises(AuditError, match=told):
            audit.step(1)


def test_at_the_end_everybody_is_added_up_touched_or_not() -> None:
    """What was changed without the ledger's knowing escapes the step's audit, and not the last one."""
    with exact():
        state = State(two_markets(), index=True)
        audit = Audit(state.ledger)
        state.ledger.holders[0].balance += 1
        assert audit.step(0) == (0, 0)
        with pytest.raises(
            AuditError, match="step 0: the audit does not close: money 1, contracts 0 in A; touched: nobody"
        ):
            audit.everybody(0)
        state.ledger.holders[0].balance -= 1
        assert audit.everybody(0) == (0, 0)
        state.ledger.holders[1].holdings[0].signed_size += 1
        with pytest.raises(AuditError, match="contracts 1 in B"):
            audit.everybody(0)


def test_a_backstop_is_audited_too(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Ledger.to_backstop

    def twice(self: Ledger, backstop: Backstop, book: Any, size: Decimal, cost: Decimal) -> None:
        plain(self, backstop, book, size + size, cost)

    one = book_of([account("a", 2, 100, 10), account("b", -2, 100, 100)], [100, 90], liquidity=0)
    one = replace(
        one, rules=Rules(backstop=BackstopRules(Providers())), providers=(Provider("p", "M", d(1)),)
    )
    assert list(run(one))
    monkeypatch.setattr(Ledger, "to_backstop", twice)
    with pytest.raises(AuditError, match=r"step 1: .* contracts 1 in M"):
        list(run(one))
