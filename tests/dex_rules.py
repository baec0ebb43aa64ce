"""Rules of decentralized venues that a case can call one by one, on accounts as these venues keep them.

A venue's test book gives cash with the entry values folded in: `cash` {account: money} and `positions`
{account: {market: signed size}}, at `marks` {market: price}. `closed` is the account that is closed, `market`
its position (the first one otherwise); `rules` replaces rules of the venue, {section: {rule: value}}; `mmr`
and `max_leverage` are those of every market.

Public: DEX_RULES.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from adlcalc.engine.books.holdings import Holding, Unit
from adlcalc.engine.events import BookFilled, Deleveraged, Skipped
from adlcalc.engine.loop import begin_step, one_step
from adlcalc.engine.model import Account, Fund, Liquidity, Maintenance, Market, Path, Position, Scenario, Tier
from adlcalc.engine.queue import counterparty
from adlcalc.engine.rules import Charge, Fillable, Orders, OwnName, Rules
from adlcalc.engine.waterfall import own_name
from adlcalc.engine.waterfall.orders import limit_price, surplus_fee
from adlcalc.engine.waterfall.stages import stages_of
from adlcalc.engine.waterfall.state import State, Used
from adlcalc.ground.numbers import ONE, ZERO, D
from adlcalc.source import Problems
from adlcalc.source.document import read_value
from adlcalc.source.nodes import Place, Source
from adlcalc.venues.rulebook import load_rulebook

Values = Mapping[str, Any]
MICRO = D("0.000001")


def number(text: str) -> Decimal:
    return D(text.replace("_", ""))


def rules_of(values: Values) -> Rules:
    """The venue's rules with those of the case over them."""
    problems = Problems()
    given = read_value(Source("case", json.dumps(values.get("rules", {})), excerpt=False), problems)
    book = load_rulebook(
        values["venue"],
        problems,
        where=Place(Source("case", "", excerpt=False)),
        overrides=given,
        strict=False,
    )
    problems.raise_if_any()
    assert book is not None
    return book.engine_rules(("linear",), ())


def orders_of(state: State) -> Orders:
    """The rules of the venue's orders."""
    method = state.rules.liquidation.method
    assert isinstance(method, OwnName)
    assert isinstance(method.size, Orders)
    return method.size


def scenario_of(values: Values) -> Scenario:
    """The test book as a scenario: everybody enters at the mark, and the balance is the equity."""
    marks = {name: number(mark) for name, mark in values["marks"].items()}
    leverage = number(values["max_leverage"]) if "max_leverage" in values else None
    maintenance = Maintenance((Tier(ZERO, number(values.get("mmr", "0.1")), max_leverage=leverage),))
    markets = []
    for name in marks:
        asks, bids = (values.get(side, {}).get(name, ()) for side in ("asks", "bids"))
        levels = [(number(price) - marks[name], number(size)) for price, size in asks]
        levels += [(marks[name] - number(price), number(size)) for price, size in bids]
        tick, liquidity = number(values.get("tick", "0.00000001")), Liquidity("levels", tuple(levels))
        markets.append(Market(name, tick=tick, liquidity=liquidity, maintenance=maintenance))
    accounts = []
    for id, held in values["positions"].items():
        sizes = {name: number(size) for name, size in held.items()}
        equity = number(values["cash"][id]) + sum((size * marks[name] for name, size in sizes.items()), ZERO)
        positions = tuple(
            Position(name, 1 if size > 0 else -1, abs(size), marks[name]) for name, size in sizes.items()
        )
        accounts.append(Account(id, positions, equity))
    fund = (Fund("fund", number(values.get("fund", "0"))),)
    path = Path({name: (mark,) for name, mark in marks.items()})
    return Scenario(tuple(markets), tuple(accounts), path, fund, rules_of(values), money_unit=MICRO)


def opened(values: Values) -> State:
    """The state at the marks, before anything is worked."""
    scenario = scenario_of(values)
    state = State(scenario, index=False)
    list(begin_step(state, scenario.path, 0))
    for book in state.ledger.markets.values():  # the case gives one side of each book; the other one is empty
        other = state.book_side(book, 1 if book.name in values.get("asks", {}) else -1)
        while (offer := other.next()) and offer.size:
            other.take(offer.size)
    return state


def closed(state: State, values: Values) -> tuple[Unit, Holding]:
    """The account that is closed, and its position."""
    unit = next(unit for unit in state.ledger.units if unit.holder.id == values["closed"])
    return unit, next(h for h in unit.holdings if h.book.name == values.get("market", h.book.name))


def told(state: State, events: list[Any]) -> dict[str, Any]:
    """What came of it: fills, who was passed over, everybody's cash (equity less the value of what is left),
    what is left."""
    fills = [
        {"with": e.account, "size": e.size, "price": e.price} for e in events if isinstance(e, Deleveraged)
    ]
    refused = [e.account for e in events if isinstance(e, Skipped)]
    cash = {
        h.id: h.equity() - sum((p.value() for p in h.holdings if p.size), ZERO) for h in state.ledger.holders
    }
    left = {h.id: {p.book.name: p.signed_size for p in h.holdings if p.size} for h in state.ledger.holders}
    booked = sum((e.size for e in events if isinstance(e, BookFilled)), ZERO)
    funds = next(iter(state.ledger.funds.values())).balance
    return {"fills": fills, "refused": refused, "cash": cash, "left": left, "booked": booked, "fund": funds}


def deleverage(values: Values) -> dict[str, Any]:
    """Close the position, or `size` of it, against the other side, whatever the account's equity."""
    state = opened(values)
    unit, holding = closed(state, values)
    due = own_name.unit_due(unit)
    claim = own_name.own_order(state, due, holding)
    claim = claim.of_size(number(values["size"])) if "size" in values else claim
    return told(state, list(own_name.against_queue(state, due, claim)))


def work(values: Values) -> dict[str, Any]:
    """One step of the venue's waterfall."""
    state = opened(values)
    return told(state, list(one_step(state, stages_of(state.rules))))


def quote(values: Values) -> Decimal:
    """The money that the position, or `size` of it, brings at its bankruptcy price."""
    state = opened(values)
    unit, holding = closed(state, values)
    claim = own_name.own_order(state, own_name.unit_due(unit), holding)
    return claim.cost_of(number(values["size"]) if "size" in values else holding.size)


def fillable(values: Values) -> Decimal | None:
    """The limit of the liquidation order."""
    state = opened(values)
    unit, holding = closed(state, values)
    return limit_price(orders_of(state).limit, own_name.unit_due(unit), holding, None)


def fund_delta(values: Values) -> Decimal:
    """What the fund gets (+) or pays (-) when all of the position is filled at `price`."""
    state = opened(values)
    unit, holding = closed(state, values)
    claim = own_name.own_order(state, own_name.unit_due(unit), holding)
    proceeds = holding.side * holding.size * number(values["price"])
    result = proceeds - claim.cost_of(holding.size)
    return (
        result
        if result < 0
        else surplus_fee(orders_of(state).charge or Charge(), claim, proceeds, result, MICRO)[-1].result
    )


def fund_covers(values: Values) -> Decimal:
    """1 where the fund can pay `amount`, else 0."""
    state = opened(values)
    unit, holding = closed(state, values)
    claim = own_name.own_order(state, own_name.unit_due(unit), holding)
    limit = orders_of(state).limit
    assert isinstance(limit, Fillable)
    return ONE if own_name.fund_covers(limit, claim, number(values["amount"]), Used()) else ZERO


def may_move(values: Values) -> Decimal:
    """1 where an account may go from `before` to `after`, each equity and maintenance margin, `initial`
    margin after; else 0."""
    (equity, maintenance), (after, maintenance_after) = (
        [number(x) for x in values[key]] for key in ("before", "after")
    )
    initial = number(values["initial"]) if "initial" in values else None
    return ONE if counterparty.may_move(equity, maintenance, after, maintenance_after, initial) else ZERO


DEX_RULES: dict[str, Callable[[Values], Any]] = {
    "venue.deleverage": deleverage,
    "venue.work": work,
    "venue.bankruptcy_quote": quote,
    "venue.limit": fillable,
    "venue.fund_delta": fund_delta,
    "venue.fund_covers": fund_covers,
    "venue.may_move": may_move,
}
