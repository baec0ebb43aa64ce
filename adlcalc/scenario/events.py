"""`events:` -> what the engine is told of each step.

Public: build_events.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, DecimalException
from typing import Any

from adlcalc.engine.formulas.margin import value
from adlcalc.engine.happenings import FundMoney, Halt, Happening, Margin, Money, Settlement, Trade
from adlcalc.engine.model import LONG, SHORT, Account, Fund, Market, side_name
from adlcalc.ground.numbers import ZERO
from adlcalc.scenario.draft import Draft
from adlcalc.scenario.events_schema import (
    DepositSpec,
    FundDepositSpec,
    HaltSpec,
    MarginSpec,
    SettleSpec,
    TradeSpec,
    WithdrawSpec,
)
from adlcalc.scenario.faults import Fault, amount_faults, digits_fault, market_fault, needs_money
from adlcalc.source.problems import closest_hint, quote

SIDES = {"long": LONG, "short": SHORT}


def build_events(
    draft: Draft,
    markets: Mapping[str, Market],
    funds: Sequence[Fund],
    accounts: Sequence[Account],
    steps: int,
    unit: Decimal,
) -> dict[int, tuple[Happening, ...]]:
    """By step, in the order of the file."""
    if not draft.file.events:
        return {}
    named = {getattr(spec, "account", None) for spec in draft.file.events}
    known = {one.id: one for one in accounts if one.id in named}
    reader = _Reader(draft, markets, [fund.name for fund in funds], known, accounts, unit)
    found: dict[int, list[Happening]] = {}
    for i, spec in sorted(enumerate(draft.file.events), key=lambda one: one[1].step):  # as they come about
        if spec.step >= steps:
            message = f"step {spec.step} is beyond the path"
            draft.add(("events", i, "step"), message, f"steps are 0 to {steps - 1}")
        one = reader.read(i, spec)
        if one is not None:
            found.setdefault(spec.step, []).append(one)
    return {step: tuple(several) for step, several in found.items()}


class _Reader:
    """What an event may name."""

    def __init__(
        self,
        draft: Draft,
        markets: Mapping[str, Market],
        funds: Sequence[str],
        known: Mapping[str, Account],
        accounts: Sequence[Account],
        unit: Decimal,
    ) -> None:
        self.draft, self.markets, self.funds = draft, markets, funds
        self.known, self.accounts, self.unit = known, accounts, unit
        self.currencies = {
            name: markets[account.positions[0].market].settles
            for name, account in known.items()
            if account.positions and account.positions[0].market in markets
        }
        self.opened: dict[tuple[str, str, int], bool] = {}  # positions that trades open: isolated?
        # what accounts hold as far as the file tells: a trade closes what is on the other side first
        self.sizes: dict[tuple[str, str, int], Decimal] = {}
        for name, account in known.items():
            for one in account.positions:
                place = name, one.market, one.side
                self.sizes[place] = self.sizes.get(place, ZERO) + one.size

    def read(self, i: int, spec: Any) -> Happening | None:
        """One event; None where `problems` says why not."""
        account = getattr(spec, "account", None)
        if account is not None and account not in self.known:
            self._tell(i, "account", f"there is no account {quote(account)}", self._near(account))
            return None
        if isinstance(spec, DepositSpec):
            self._money(i, "deposit", account, spec.deposit)
            return Money(spec.account, spec.deposit)
        if isinstance(spec, WithdrawSpec):
            self._money(i, "withdraw", account, spec.withdraw)
            return Money(spec.account, -spec.withdraw)
        if isinstance(spec, FundDepositSpec):
            self._money(i, "deposit", spec.fund, spec.deposit)
            if spec.fund in self.funds:
                return FundMoney(spec.fund, spec.deposit)
            self._tell(i, "fund", f"there is no fund {quote(spec.fund)}", closest_hint(spec.fund, self.funds))
            return None
        market = self._market(i, spec)
        if market is None:
            return None
        if isinstance(spec, TradeSpec):
            return self._trade(i, spec, market)
        if isinstance(spec, MarginSpec):
            return self._margin(i, spec, market)
        if isinstance(spec, SettleSpec):
            return Settlement(market.name, spec.settle)
        assert isinstance(spec, HaltSpec)
        return Halt(market.name, spec.halt)

    def _trade(self, i: int, spec: TradeSpec, market: Market) -> Trade | None:
        """A fill, on a market that settles in the account's currency."""
        one, side = spec.trade, SIDES[spec.trade.side]
        path = ("events", i, "trade")
        found: list[Fault] = [*amount_faults(spec.account, market, one.size, one.leverage, None, self.unit)]
        currency = self.currencies.setdefault(spec.account, market.settles)
        if currency != market.settles:
            message = f"account {quote(spec.account)} has money of {quote(currency)}, "
            message += f"and market {quote(market.name)} settles in {quote(market.settles)}"
            self.draft.add(path, message, "one account, one currency")
        try:
            value(market.contract, one.size, one.price or market.tick, self.unit)
        except DecimalException:
            found.append(digits_fault(spec.account))
        for fault in found:
            self.draft.add(path if fault.key is None else (*path, fault.key), fault.message, fault.hint)
        own = self._held(spec.account, market, side)
        key = spec.account, market.name, side
        isolated = own if own is not None else self.opened.get(key)
        if isolated is None:
            isolated = one.margin == "isolated" if one.margin else self._first_isolated(spec.account)
        elif one.margin is not None and (one.margin == "isolated") != isolated:
            held = "isolated" if isolated else "cross"
            message = f"the {one.side} position of {quote(spec.account)} in {quote(market.name)} is {held}"
            self.draft.add((*path, "margin"), message, "a position has one kind of margin")
        self.opened[key] = isolated
        other = spec.account, market.name, -side
        closed = min(self.sizes.get(other, ZERO), one.size)
        self.sizes[other] = self.sizes.get(other, ZERO) - closed
        self.sizes[key] = self.sizes.get(key, ZERO) + one.size - closed
        return Trade(spec.account, market.name, side, one.size, one.price, one.leverage, isolated)

    def _margin(self, i: int, spec: MarginSpec, market: Market) -> Margin | None:
        """To an isolated position that the account begins with, or that a trade before has opened."""
        self._money(i, "margin", spec.account, spec.margin)
        sides = [SIDES[spec.side]] if spec.side else [LONG, SHORT]
        held = {side: self._held(spec.account, market, side) for side in sides}
        held = {
            side: self.opened.get((spec.account, market.name, side)) if one is None else one
            for side, one in held.items()
        }
        there = [side for side, one in held.items() if one is not None]
        if len(there) > 1:  # of two that may be there at all the one that is, where the file tells
            open_now = [side for side in there if self.sizes.get((spec.account, market.name, side))]
            there = open_now if len(open_now) == 1 else there
        of = f"account {quote(spec.account)}"
        if len(there) > 1:
            self._tell(
                i, "account", f"{of} may hold either side of {quote(market.name)}", "side: long or short"
            )
        elif not there:
            what = f"{spec.side} position" if spec.side else "position"
            self._tell(i, "account", f"{of} has no {what} in market {quote(market.name)}")
        elif not held[there[0]]:
            message = f"the {side_name(there[0])} position of {of} in {quote(market.name)} is cross"
            self._tell(i, "margin", message, "its margin is the balance: deposit or withdraw")
        else:
            return Margin(spec.account, market.name, there[0], spec.margin)
        return None

    def _held(self, account: str, market: Market, side: int) -> bool | None:
        """Is the position that the account begins with isolated? None: there is none."""
        for position in self.known[account].positions:
            if (position.market, position.side) == (market.name, side):
                return position.collateral is not None
        return None

    def _first_isolated(self, account: str) -> bool:
        positions = self.known[account].positions
        return not positions or positions[0].collateral is not None

    def _market(self, i: int, spec: Any) -> Market | None:
        if spec.market is None:
            if len(self.markets) == 1:
                return next(iter(self.markets.values()))
            message = f"event {i + 1} does not say in which market"
            self.draft.add(("events", i), message, f"market: one of {', '.join(self.markets)}")
        elif spec.market not in self.markets:
            fault = market_fault(spec.market, self.markets)
            self._tell(i, "market", fault.message, fault.hint)
        return self.markets.get(spec.market)

    def _money(self, i: int, key: str, of: str | None, amount: Decimal) -> None:
        for fault in needs_money(key, f"event {i + 1} ({of})", amount, self.unit):
            self._tell(i, key, fault.message, fault.hint)

    def _near(self, account: str) -> str:
        return closest_hint(account, [one.id for one in self.accounts])

    def _tell(self, i: int, key: str, message: str, hint: str = "") -> None:
        self.draft.add(("events", i, key), message, hint)
