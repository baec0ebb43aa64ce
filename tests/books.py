"""Scenarios for the tests: a short way to write one by hand, and seeded random ones.

Round numbers on purpose: equity exactly at maintenance, ties, prices exactly at bankruptcy and funds that are
exactly enough come up often.

Public: account, scenario, random_scenario, in_cents, as_yaml, as_tree, flow.
"""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from adlcalc.engine.contract import Commission
from adlcalc.engine.model import (
    LONG,
    SHORT,
    Account,
    Contract,
    Depth,
    Fund,
    Liquidity,
    Maintenance,
    Market,
    Path,
    Position,
    Scenario,
    Tier,
)
from adlcalc.engine.rules import DueWhen, MarginRules, Rules

UNIT = Decimal("0.00000001")


def d(x: Any) -> Decimal:
    return Decimal(str(x))


def account(
    name: str, size: Any, entry: Any, collateral: Any = None, balance: Any = 0, market: str = "M"
) -> Account:
    """One position; a negative size is a short; without collateral it is cross."""
    side, size = (LONG, d(size)) if d(size) > 0 else (SHORT, -d(size))
    return Account(
        name,
        (Position(market, side, size, d(entry), None if collateral is None else d(collateral)),),
        d(balance),
    )


def scenario(
    accounts: list[Account], marks: list[Any], fund: Any = 0, *, rate: Any = "0.005", **market: Any
) -> Scenario:
    """One linear market M; `liquidity` may be a number (one size at the mark); `due` is a rule, the rest the
    market's."""
    due = market.pop("due", "at-or-below")
    liquidity = market.pop("liquidity", Liquidity())
    if not isinstance(liquidity, Liquidity):
        liquidity = Liquidity(Depth.LEVELS, ((d(0), d(liquidity)),) if liquidity else ())
    funding = {"M": {k: d(v) for k, v in market.pop("funding", {}).items()}}
    market.setdefault("maintenance", Maintenance((Tier(d(0), d(rate)),)))
    return Scenario(
        markets=(Market("M", liquidity=liquidity, **market),),
        accounts=tuple(accounts),
        path=Path({"M": tuple(d(m) for m in marks)}, funding=funding),
        funds=(Fund("fund", d(fund)),),
        rules=Rules(margin=MarginRules(due=DueWhen(due))),
    )


def _rounded(x: Fraction, unit: Decimal = UNIT) -> Decimal:
    """To the money unit, half even."""
    return Decimal(round(x / Fraction(unit))) * unit


def in_cents(book: Scenario) -> Scenario:
    """The same book in a currency with two decimals, where every fill is rounded."""
    cent = d("0.01")

    def to_cents(p: Position) -> Position:
        return replace(p, collateral=None if p.collateral is None else _rounded(Fraction(p.collateral), cent))

    accounts = tuple(
        replace(a, balance=_rounded(Fraction(a.balance), cent), positions=tuple(map(to_cents, a.positions)))
        for a in book.accounts
    )
    return replace(book, accounts=accounts, money_unit=cent)


def _maintenance(rng: random.Random, inverse: bool) -> Maintenance:
    """A table, and which margin holds the fee of closing."""
    words = [*Commission]
    isolated, cross = (words[1], words[1]) if rng.random() < 0.5 else (rng.choice(words), rng.choice(words))
    return replace(_table(rng, inverse), isolated=isolated, cross=cross)


def _table(rng: random.Random, inverse: bool) -> Maintenance:
    kind = rng.choice(["flat", "flat", "zero", "tiers", "steps", "size", "slope"])
    fee = d(rng.choice(["0", "0", "0.0005", "0.01"]))
    rate = d(rng.choice(["0.005", "0.01", "0.05", "0.1"]))
    if kind == "zero":
        return Maintenance((Tier(d(0), d(0)),), closing_fee=fee)
    if kind == "flat":
        return Maintenance((Tier(d(0), rate),), closing_fee=fee)
    if kind == "slope":
        return Maintenance((Tier(d(0), rate),), slope=d(rng.choice(["0.001", "0.0001"])), closing_fee=fee)
    bounds = [d(b) for b in ("0", *rng.choice([("5", "20"), ("10",), ("1", "4", "9")]))]
    if kind != "size":
        bounds = [b if inverse else b * 100 for b in bounds]
    tiers, deduction = [], d(0)
    for i, bound in enumerate(bounds):
        if i and kind == "tiers":
            deduction += bound * rate
        tiers.append(Tier(bound, rate * (i + 1), deduction))
    by = {"tiers": "notional", "steps": "entry-value", "size": "size"}[kind]
    return Maintenance(tuple(tiers), by=by, closing_fee=fee)


def _liquidity(rng: random.Random) -> Liquidity:
    kind = rng.choice(["unlimited", "none", "levels", "levels", "impact"])
    if kind == "levels":
        distances = sorted(rng.sample([0, 1, 2, 3, 5], rng.randint(1, 3)))
        return Liquidity(Depth.LEVELS, tuple((d(x), d(rng.choice([1, 2, 5, "0.5", 20]))) for x in distances))
    if kind == "impact":
        return Liquidity("impact", impact=d(rng.choice(["0.01", "0.1", "0.5"])))
    return Liquidity("unlimited") if kind == "unlimited" else Liquidity(Depth.LEVELS)


def _marks(rng: random.Random, steps: int) -> tuple[Decimal, ...]:
    """A walk around 100 with gaps, mostly on whole numbers, never below 40."""
    mark, marks = 100, []
    for _ in range(steps):
        marks.append(d(mark if rng.random() < 0.9 else f"{mark}.25"))
        mark = max(40, mark + rng.choice([-25, -15, -10, -5, -4, -2, -1, -1, 0, 1, 1, 2, 4, 5, 10, 15, 30]))
    return tuple(marks)


def _position(rng: random.Random, market: Market, side: int, cross: bool) -> Position:
    size = d(rng.choice([1, 1, 2, 3, 5, 10, "0.5", "0.25"]))
    entry = d(rng.choice([100, 100, 95, 105, 90, 110, 98, 102, 120, 80]))
    leverage = rng.choice([1, 2, 4, 5, 10, 10, 20, 25, 50])
    collateral = None if cross else _rounded(_value(market, size, entry) / leverage)
    return Position(market.name, side, size, entry, collateral)


def _value(market: Market, size: Decimal, price: Decimal) -> Fraction:
    contracts = Fraction(size) * Fraction(market.contract.multiplier)
    return contracts / Fraction(price) if market.contract.kind == "inverse" else contracts * Fraction(price)


def _account(rng: random.Random, name: str, markets: tuple[Market, ...]) -> Account:
    """Isolated, cross or both; sometimes long and short in one market."""
    kind = rng.choice(["isolated", "isolated", "cross", "cross", "mixed"])
    seats = [(m, s) for m in markets for s in (LONG, SHORT)]
    count = 1 if kind == "isolated" and rng.random() < 0.7 else rng.randint(1, min(4, len(seats)))
    seats = rng.sample(seats, count)
    crosses = [kind == "cross" or (kind == "mixed" and rng.random() < 0.5) for _ in seats]
    positions = tuple(_position(rng, m, s, c) for (m, s), c in zip(seats, crosses, strict=True))
    value = sum(
        _value(m, p.size, p.entry) for (m, _), p in zip(seats, positions, strict=True) if p.collateral is None
    )
    balance = _rounded(value / rng.choice([1, 2, 4, 5, 10, 10, 20])) if value else d(rng.choice([0, 0, 10]))
    return Account(name, positions, balance)


def random_scenario(
    seed: int, *, inverse: bool = False, funding: bool = False, most_accounts: int = 30
) -> Scenario:
    """A small book. `inverse`: contracts of both kinds (rounding everywhere); `funding`: rates on some
    steps."""
    rng = random.Random(seed)
    steps = rng.randint(1, 8)
    shared = rng.random() < 0.6
    markets = []
    for name in ("A", "B", "C")[: rng.choice([1, 1, 2, 3])]:
        contract = Contract("linear", d(rng.choice([1, 1, 1, "0.1", 2])))
        if inverse and rng.random() < 0.7:
            contract = Contract("inverse", d(rng.choice([100, 100, 1, 10])))
        lot = d(rng.choice(["0.00000001", "0.001", "0.1", "1"]))
        tick = d(rng.choice(["0.00000001", "0.01", "0.5"]))
        maintenance = _maintenance(rng, contract.kind == "inverse")
        fund = "fund" if shared else name
        markets.append(Market(name, contract, tick, lot, _liquidity(rng), maintenance, fund))
    count = rng.choice([0, 1, 2, 3, 5, 8, 12, rng.randint(1, most_accounts)])
    accounts = tuple(_account(rng, f"u{i}", tuple(markets)) for i in range(count))
    if rng.random() < 0.4:  # twins tie
        accounts += tuple(
            Account(f"{a.id}-twin", a.positions, a.balance) for a in accounts[: rng.randint(0, 4)]
        )
    rates: dict[str, dict[int, Decimal]] = {m.name: {} for m in markets if funding}
    for rate in rates.values():
        rate.update(
            {
                s: d(rng.choice(["0.01", "-0.01", "0.001", "0.05"]))
                for s in range(1, steps)
                if rng.random() < 0.6
            }
        )
    names = ["fund"] if shared else [m.name for m in markets]
    floors = [d(rng.choice([0, 0, 0, 1])) for _ in names]
    funds = tuple(
        Fund(n, f + d(rng.choice([0, 0, 1, 5, 10, 50, 1000])), f) for n, f in zip(names, floors, strict=True)
    )
    return Scenario(
        markets=tuple(markets),
        accounts=accounts,
        path=Path({m.name: _marks(rng, steps) for m in markets}, funding=rates),
        funds=funds,
    )


def as_yaml(book: Scenario) -> str:
    """The scenario as a file of the generic rules (one closing fee for all markets: zero)."""
    return flow(as_tree(book))


def as_tree(book: Scenario) -> dict[str, Any]:
    """What `as_yaml` writes, as dicts, lists and Decimals."""
    markets = {m.name: _market_spec(m) for m in book.markets}
    funds: Any = {f.name: {"balance": f.balance, "floor": f.floor} for f in book.funds}
    top = {
        "venue": "generic",
        "markets": markets,
        "fund": funds.get("fund", funds),
        "accounts": [_account_spec(a) for a in book.accounts],
        "prices": {name: list(marks) for name, marks in book.path.marks.items()},
    }
    rates = {
        name: [given.get(i, 0) for i in range(book.path.steps)]
        for name, given in book.path.funding.items()
        if given
    }
    return {**top, **({"funding": rates} if rates else {})}


def flow(tree: dict[str, Any]) -> str:
    """A file of it: a line a key, and one an event."""
    return "".join(
        f"{key}:\n" + "".join(f"- {_flow(one)}\n" for one in part)
        if key == "events" and part
        else f"{key}: {_flow(part)}\n"
        for key, part in tree.items()
    )


def _flow(x: Any) -> str:
    """YAML on one line; numbers in plain digits."""
    if isinstance(x, dict):
        return "{" + ", ".join(f"{key}: {_flow(part)}" for key, part in x.items()) + "}"
    if isinstance(x, list | tuple):
        return "[" + ", ".join(map(_flow, x)) + "]"
    return f"{x:f}" if isinstance(x, Decimal) else str(x)


def _market_spec(market: Market) -> dict[str, Any]:
    rule, book = market.maintenance, market.liquidity
    ends = [{"up_to": tier.floor} for tier in rule.tiers[1:]] + [{}]
    tiers = [{**end, "rate": tier.rate} for end, tier in zip(ends, rule.tiers, strict=True)]
    slope = {"base_rate": rule.tiers[0].rate, "slope": rule.slope}
    liquidity: Any = {"impact": book.impact} if book.kind == "impact" else list(book.levels) or "none"
    return {
        "contract": market.contract.kind,
        "settles": market.settles,
        "multiplier": market.contract.multiplier,
        "tick": market.tick,
        "lot": market.lot,
        "liquidity": "unlimited" if book.kind == "unlimited" else liquidity,
        "maintenance": slope if rule.slope else {"by": rule.by, "tiers": tiers},
    }


def _account_spec(account: Account) -> dict[str, Any]:
    positions = []
    for p in account.positions:
        margin = (
            {"margin": "cross"}
            if p.collateral is None
            else {"margin": "isolated", "collateral": p.collateral}
        )
        side = "long" if p.side == LONG else "short"
        positions.append({"market": p.market, "side": side, "size": p.size, "entry": p.entry, **margin})
    return {"id": account.id, "balance": account.balance, "positions": positions}
