"""How open positions stand: liquidation price, bankruptcy price, maintenance margin, distance, and the margin
ratio of their units. A pure function of an account as the engine tells it and of the scenario, so that any
step can be asked.

    margin ratio   maintenance margin / equity of the unit; `inf` at an equity of zero or less
    distance       |mark - liquidation price| / mark; 0 where the unit is due

Public: OpenPosition, Health, Nearest, SHOWN, FAR, ratio_text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from heapq import heappush, heappushpop
from typing import NamedTuple

from adlcalc.engine.columns import ids_of
from adlcalc.engine.contract import PER_CONTRACT, Contract
from adlcalc.engine.events import AccountState, PositionState
from adlcalc.engine.formulas import health, margin
from adlcalc.engine.model import Kind, Market, Scenario
from adlcalc.engine.rules import Orders, OwnName, Share
from adlcalc.engine.waterfall.facts import Facts, Observer
from adlcalc.engine.waterfall.liquidation import is_due
from adlcalc.ground.numbers import CEILING, FLOOR, ONE, ZERO, D, divide, exact, round_to, show

SHOWN = D("0.00000001")
"""Quotients are rounded half even to this where they are shown."""
FAR = D("Infinity")
CLOSE = D("1E-24")
"""What the screen's quotients are rounded to, to the safe side: far more than their division rounds."""
OURS = ("rest of market", "venue")


class OpenPosition(NamedTuple):
    """A position that is still open, and how it stands. margin: 'isolated' or 'cross'; equity and
    unit_maintenance are those of its margin unit, None (like all that follows from them) for what no account
    holds: the rest of the market, the venue. due_there: the unit is due at the liquidation price itself, and
    not only from the next tick beyond it on."""

    account: str
    market: str
    side: int
    size: Decimal
    entry: Decimal
    mark: Decimal
    unrealized_pnl: Decimal
    collateral: Decimal | None
    margin: str | None = None
    equity: Decimal | None = None
    maintenance_margin: Decimal | None = None
    unit_maintenance: Decimal | None = None
    liquidation_price: Decimal | None = None
    bankruptcy_price: Decimal | None = None
    due: bool = False
    due_there: bool = False

    @property
    def margin_ratio(self) -> Decimal | None:
        """Maintenance margin / equity, to 60 digits."""
        return ratio(self.equity, self.unit_maintenance)

    @property
    def distance(self) -> Decimal | None:
        """|mark - liquidation price| / mark, to 60 digits; 0 where it is due, None where no mark makes it
        so."""
        if self.due:
            return ZERO
        return (
            None
            if self.liquidation_price is None
            else divide(abs(self.mark - self.liquidation_price), self.mark)
        )

    @property
    def ratio_text(self) -> str | None:
        """The ratio as data."""
        return ratio_text(self.margin_ratio)

    @property
    def shown_distance(self) -> Decimal | None:
        """The distance as data."""
        distance = self.distance
        return None if distance is None else round_to(distance, SHOWN)


def ratio(equity: Decimal | None, maintenance: Decimal | None) -> Decimal | None:
    """Margin ratio of a unit; None where there is none."""
    if equity is None or maintenance is None:
        return None
    return divide(maintenance, equity) if equity > 0 else FAR


def ratio_text(x: Decimal | None) -> str | None:
    """'0.35', 'inf'."""
    return None if x is None else "inf" if x == FAR else show(round_to(x, SHOWN))


class _Leg(NamedTuple):
    """A position with its value at the mark, its lines, and what they ask of it."""

    position: PositionState
    value: Decimal
    lines: margin.Lines
    maintenance: Decimal


class _Unit(NamedTuple):
    """What is liquidated together."""

    isolated: bool
    cash: Decimal
    equity: Decimal
    maintenance: Decimal
    due: bool
    legs: Sequence[_Leg]


class Health:
    """The health of a scenario's accounts. `worked_out` counts liquidation prices: the measure of the
    screen."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._markets = {market.name: market for market in scenario.markets}
        self._lines = {  # of the markets where they are the same for all isolated, or all cross positions
            (one.name, isolated): margin.lines_of(one.maintenance, ZERO, ZERO, isolated=isolated)
            for one in scenario.markets
            if one.maintenance.of_all
            for isolated in (True, False)
        }
        method = scenario.rules.liquidation.method
        size = method.size if isinstance(method, OwnName) else None
        self._all_of_the_equity = isinstance(size, Orders) and size.share == Share.ALL
        self.worked_out = 0

    def of(self, state: AccountState) -> tuple[OpenPosition, ...]:
        """The open positions of an account, in its order."""
        if not self._has_margin(state):
            return tuple(_plain(state, one) for one in state.positions)
        found = {
            id(leg.position): self._told(state, unit, leg) for unit in self._units(state) for leg in unit.legs
        }
        return tuple(found[id(one)] for one in state.positions)

    def nearest(self, states: Iterable[AccountState], limit: int = 0) -> tuple[list[OpenPosition], int]:
        """The `limit` open positions (0: all) that are nearest to their liquidation, nearest first, ties in
        the given order; and how many there are.

        Only a unit that may be nearer than those that were found has its prices worked out: equity beyond
        maintenance margin changes by at most Q (1 + the highest rate) for a unit of x = m P or m / P
        (formulas/health.py), so no mark that makes the unit due is nearer than _at_least() says."""
        kept: list[
            tuple[Decimal, int, OpenPosition]
        ] = []  # a heap, the farthest of those that are kept first
        count = 0
        with exact():
            for state in states:
                if not state.positions or not self._has_margin(state):
                    continue
                for unit in self._units(state):
                    for leg in unit.legs:
                        count += 1
                        full = limit and len(kept) == limit
                        if full and self._at_least(unit, leg.position.market) >= -kept[0][0]:
                            continue
                        told = self._told(state, unit, leg)
                        distance = told.distance
                        entry = (-(FAR if distance is None else distance), -count, told)
                        if not full:
                            heappush(kept, entry)
                        else:
                            heappushpop(kept, entry)
        return [entry[2] for entry in sorted(kept, key=lambda entry: (-entry[0], -entry[1]))], count

    def lines_of(self, market: Market) -> margin.Lines | None:
        """The maintenance lines of all isolated positions of a market, where they have the same."""
        return self._lines.get((market.name, True))

    # --- units ----------------------------------------------------------------------------------------------

    def _has_margin(self, state: AccountState) -> bool:
        """Is it an account of the scenario? What the engine keeps for itself has no margin."""
        if state.status == "backstop":
            return False
        return not state.account.startswith(OURS) or state.account in ids_of(self._scenario.accounts)

    def units(self, state: AccountState) -> list[tuple[Decimal, Decimal]]:
        """(equity, maintenance margin) of each margin unit that is open."""
        return (
            [(unit.equity, unit.maintenance) for unit in self._units(state)]
            if self._has_margin(state)
            else []
        )

    def _units(self, state: AccountState) -> list[_Unit]:
        positions = state.positions
        units = [self._unit(one.collateral, [one]) for one in positions if one.collateral is not None]
        cross = [one for one in positions if one.collateral is None]
        if cross:
            units.append(self._unit(None, cross, state.balance))
        return units

    def _unit(
        self, collateral: Decimal | None, positions: Sequence[PositionState], balance: Decimal = ZERO
    ) -> _Unit:
        cash = balance if collateral is None else collateral
        equity, needed, legs = cash, ZERO, []
        for one in positions:
            lines = self._lines.get((one.market, collateral is not None))
            if lines is None:
                rule = self._markets[one.market].maintenance
                lines = margin.lines_of(rule, one.size, one.cost, isolated=collateral is not None)
            value = one.cost + one.unrealized_pnl
            maintenance = margin.maintenance_margin(lines, abs(value))
            cash += one.pending - one.cost
            equity += one.pending + one.unrealized_pnl
            needed += maintenance
            legs.append(_Leg(one, value, lines, maintenance))
        return _Unit(
            collateral is not None, cash, equity, needed, is_due(self._scenario.rules, equity, needed), legs
        )

    # --- prices ---------------------------------------------------------------------------------------------

    def _told(self, state: AccountState, unit: _Unit, leg: _Leg) -> OpenPosition:
        self.worked_out += 1
        one, market = leg.position, self._markets[leg.position.market]
        price = self._liquidation_price(unit, market, one.side)
        return _plain(state, one)._replace(
            margin="isolated" if unit.isolated else "cross",
            equity=unit.equity,
            maintenance_margin=leg.maintenance,
            unit_maintenance=unit.maintenance,
            liquidation_price=price,
            bankruptcy_price=self._bankruptcy_price(unit, leg, market),
            due=unit.due,
            due_there=price is not None and self._is_due_at(price, unit, market),
        )

    def _is_due_at(self, price: Decimal, unit: _Unit, market: Market) -> bool:
        """Is the unit due at another mark of a market, as the engine would find it there?"""
        equity, needed = unit.equity, unit.maintenance
        for leg in unit.legs:
            one = leg.position
            if one.market == market.name:
                value = margin.value(market.contract, one.side * one.size, price, self._scenario.money_unit)
                equity += value - leg.value
                needed += margin.maintenance_margin(leg.lines, abs(value)) - leg.maintenance
        return is_due(self._scenario.rules, equity, needed)

    def _quotes(self, market: Market, side: int) -> margin.Quotes:
        return margin.quotes(market.contract, side, market.tick, self._scenario.money_unit)

    def _liquidation_price(self, unit: _Unit, market: Market, side: int) -> Decimal | None:
        """With the other markets held."""
        cash, legs = unit.cash, []
        for leg in unit.legs:
            if leg.position.market == market.name:
                legs.append(health.Leg(leg.position.side * leg.position.size, leg.lines))
            else:
                cash += leg.value - leg.maintenance
        return health.liquidation_price(self._quotes(market, side), legs, cash)

    def _bankruptcy_price(self, unit: _Unit, leg: _Leg, market: Market) -> Decimal | None:
        """The price at which its share of the equity is gone; None where none above zero does it."""
        one = leg.position
        if self._all_of_the_equity:
            target = leg.value - unit.equity
        else:
            values, needed = [each.value for each in unit.legs], [each.maintenance for each in unit.legs]
            target = health.bankrupt_values(unit.cash, values, needed)[unit.legs.index(leg)]
        fee = margin.fee_inside(market.contract, market.maintenance, isolated=unit.isolated)
        price = self._quotes(market, one.side).bankruptcy_price(one.size, target, fee)
        return price if price is not None and price > 0 else None

    def _at_least(self, unit: _Unit, market: str) -> Decimal:
        """No mark of the market that makes the unit due is nearer, as a share of the mark."""
        one, whole, unsure = self._markets[market], ZERO, ZERO
        mark = next(leg.position.mark for leg in unit.legs if leg.position.market == market)
        for leg in unit.legs:
            if leg.position.market == market:
                steepest = ONE + max(rate for rate, _ in leg.lines)
                error = self._rounding(one.contract, leg.position.size) * steepest
                whole += abs(leg.value) * steepest + error
                unsure += error
        left = unit.equity - unit.maintenance - unsure
        if left <= 0 or whole <= 0:
            return ZERO if left <= 0 else FAR
        # so much in 1 / P is less in P where P falls
        share = divide(left, whole + left if one.contract.kind == Kind.INVERSE else whole)
        # the price is told to the tick, up to one nearer
        return round_to(share, CLOSE, FLOOR) - round_to(divide(one.tick, mark), CLOSE, CEILING) - CLOSE

    def _rounding(self, contract: Contract, size: Decimal) -> Decimal:
        """The most that a value is rounded by, and more."""
        unit = self._scenario.money_unit
        return unit * (size + ONE) if contract.rounding == PER_CONTRACT else unit


def _plain(state: AccountState, one: PositionState) -> OpenPosition:
    return OpenPosition(
        state.account, one.market, one.side, one.size, one.entry, one.mark, one.unrealized_pnl, one.collateral
    )


class Nearest(Observer):
    """The positions of a step that are nearest to their liquidation, as margin looks at them: nobody has been
    liquidated at its marks yet. `count`: how many are open (of the accounts that were asked for; all of them
    where none was)."""

    def __init__(self, scenario: Scenario, step: int, accounts: Collection[str] = (), limit: int = 0) -> None:
        self._health, self._step, self._accounts, self._limit = (
            Health(scenario),
            step,
            frozenset(accounts),
            limit,
        )
        self.found: list[OpenPosition] = []
        self.count = 0

    def marked(self, facts: Facts) -> None:
        """The marks of a step have moved."""
        if facts.step == self._step:
            self.found, self.count = self._health.nearest(facts.accounts(self._accounts or None), self._limit)
