"""What of a scenario can be turned, by the name that --set has for it, and the scenario that it is then.

    fund, fund.NAME, fund.balance, fund.floor, fund.peak        in money units
    prices.N, prices.MARKET.N                                   the mark of a step, in ticks
    prices*, prices.MARKET*                                     all marks times a factor, in thousandths
    prices+, prices.MARKET+                                     all marks and a shift, in ticks
    liquidity, markets.MARKET.liquidity                         what the book takes in a step, in lots
    accounts.ID.leverage, .collateral, .balance, .size, .entry  in hundredths, money units, lots, ticks
    accounts.ID.stop, .take_profit                              in ticks

Of leverage and collateral a position has one: the other takes its place where it is turned.

These are turned in the scenario that is loaded. Everything else that is one number (a fee, a rate, a rule) is
turned by loading the file anew with --set, which takes longer.

What a file could not say is refused with the words that it would be refused with.

Public: Knob, Reload, knob_of, quoted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, DecimalException

from adlcalc.engine.columns import ids_of
from adlcalc.engine.formulas.margin import initial_collateral, lines_of, maintenance_margin, value
from adlcalc.engine.happenings import Standing
from adlcalc.engine.model import Account, Depth, Liquidity, Market, Position, Scenario
from adlcalc.ground.numbers import ONE, ZERO, D, divide, exact, round_to, show
from adlcalc.scenario.belongs import SEVERAL, belongs
from adlcalc.scenario.faults import LEAST_LEVERAGE, amount_faults, digits_fault, order_faults, tier_fault
from adlcalc.scenario.limits import max_leverage
from adlcalc.scenario.loading import Origin
from adlcalc.scenario.overrides import parts_of, with_points
from adlcalc.scenario.path_schema import FORM_KEYS
from adlcalc.scenario.schema import FUND_KEYS, ScenarioFile
from adlcalc.source.keys import keys_of
from adlcalc.source.problems import Problem, ScenarioErrors, closest_hint, quote

HUNDREDTH, THOUSANDTH = D("0.01"), D("0.001")
OF_POSITION = ("leverage", "collateral", "size", "entry", "stop", "take_profit")
OTHER = {"leverage": "collateral", "collateral": "leverage"}
ORDERS = ("stop", "take_profit")
Turn = Callable[[Scenario, "Knob", Decimal], Scenario]


@dataclass(frozen=True, slots=True)
class Knob:
    """Something to turn. what: in words; unit: a step of it; now: what it is; low, high: the range where none
    is asked for; settings: as --set names it, where it does; kind, of, key: which one it is;
    replaces: the key that gives way to it."""

    name: str
    what: str
    unit: Decimal
    now: Decimal | None
    low: Decimal | None
    high: Decimal | None
    settings: tuple[str, ...]
    kind: str
    of: tuple[str, ...] = ()
    at: int = 0
    key: str = ""
    replaces: str = ""

    @property
    def fund(self) -> str | None:
        """The fund whose balance it is, if it is one."""
        return self.of[0] if self.kind == "fund" and self.key == "balance" else None

    def turned(self, scenario: Scenario, to: Decimal) -> Scenario:
        """The scenario with it at that value; ScenarioErrors where no file could say so."""
        with exact():
            return TURNS[self.kind](scenario, self, to)

    def said(self, to: Decimal) -> list[list[str]]:
        """The ways in which --set says it; the last ones where what it replaces is set too, and would stay."""
        plain = [[f"{name}={show(to)}"] for name in self.settings]
        gone = [f"{name.removesuffix(self.key)}{self.replaces}=null" for name in self.settings]
        return plain + ([[one, *way] for one, way in zip(gone, plain, strict=True)] if self.replaces else [])

    def in_steps_of(self, unit: Decimal) -> Knob:
        """The same with another step."""
        return replace(self, unit=unit)

    def fault(self, message: str, hint: str = "") -> ScenarioErrors:
        """That it cannot be so."""
        return ScenarioErrors([Problem(f"--vary {self.name}", 0, 0, 0, message, hint)])


@dataclass(frozen=True, slots=True)
class Reload:
    """Something that only the file can say: it is loaded anew each time."""

    name: str
    unit: Decimal
    origin: Origin
    what: str = ""
    now: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    fund: str | None = None

    @property
    def settings(self) -> tuple[str, ...]:
        """As --set names it."""
        return (self.name,)

    def said(self, to: Decimal) -> list[list[str]]:
        """The one way in which --set says it."""
        return [[f"{self.name}={show(to)}"]]

    def turned(self, scenario: Scenario, to: Decimal) -> Scenario:
        """The scenario that is loaded with it at that value; of what was turned before, nothing is left."""
        return self.origin.load(f"{self.name}={show(to)}").scenario


# --- turning ------------------------------------------------------------------------------------------------


def _fund(scenario: Scenario, knob: Knob, to: Decimal) -> Scenario:
    """The balance, floor or peak of a fund."""
    funds = []
    for fund in scenario.funds:
        if fund.name == knob.of[0]:
            if to < 0:
                raise knob.fault(f"must be zero or more, not {show(to)}")
            fund = replace(fund, **{knob.key: to})  # type: ignore[arg-type]  # a key of numbers
            if fund.peak is not None and fund.peak < fund.balance:
                raise knob.fault(f"the peak is {show(fund.peak)}, less than the balance {show(fund.balance)}")
        funds.append(fund)
    return replace(scenario, funds=tuple(funds))


def _with_marks(scenario: Scenario, knob: Knob, marks: Mapping[str, tuple[Decimal, ...]]) -> Scenario:
    """Other marks: above zero, and the first of them no less than the tick."""
    ticks = {market.name: market.tick for market in scenario.markets}
    for name, path in marks.items():
        lowest = min(path)
        if lowest <= 0:
            raise knob.fault(f"must be greater than zero, not {show(lowest)}")
        if path[0] < ticks[name]:
            raise knob.fault(
                f"the tick of market {quote(name)} is {show(ticks[name])}, more than its first price "
                f"{show(path[0])}"
            )
    return replace(scenario, path=replace(scenario.path, marks={**scenario.path.marks, **marks}))


def _price(scenario: Scenario, knob: Knob, to: Decimal) -> Scenario:
    """The mark of a step."""
    path = scenario.path.marks[knob.of[0]]
    return _with_marks(scenario, knob, {knob.of[0]: (*path[: knob.at], to, *path[knob.at + 1 :])})


def _scaled(scenario: Scenario, knob: Knob, to: Decimal) -> Scenario:
    """All marks times a factor, half even to the tick."""
    ticks = {market.name: market.tick for market in scenario.markets}
    marks = {
        name: tuple(round_to(mark * to, ticks[name]) for mark in scenario.path.marks[name])
        for name in knob.of
    }
    return _with_marks(scenario, knob, marks)


def _shifted(scenario: Scenario, knob: Knob, to: Decimal) -> Scenario:
    """All marks and a shift."""
    marks = {name: tuple(mark + to for mark in scenario.path.marks[name]) for name in knob.of}
    return _with_marks(scenario, knob, marks)


def _liquidity(scenario: Scenario, knob: Knob, to: Decimal) -> Scenario:
    """A book that takes so much at the mark, at every step."""
    if to < 0:
        raise knob.fault("must be zero or more")
    book = Liquidity(Depth.LEVELS, ((ZERO, to),) if to else ())
    markets = (replace(one, liquidity=book) if one.name == knob.of[0] else one for one in scenario.markets)
    changing = {name: by_step for name, by_step in scenario.path.liquidity.items() if name != knob.of[0]}
    path = replace(scenario.path, liquidity=changing)
    return replace(scenario, markets=tuple(markets), path=path)


def _account(scenario: Scenario, knob: Knob, to: Decimal) -> Scenario:
    """A number of an account or of one of its positions."""

    def turned(account: Account) -> Account:
        if account.id != knob.of[0]:
            return account
        if knob.key == "balance":
            if to < 0 and not any(one.collateral is None for one in account.positions):
                raise knob.fault(
                    f"'balance' of account {quote(account.id)} must be zero or more, not {show(to)}"
                )
            return replace(account, balance=to)
        positions = list(account.positions)
        positions[knob.at] = _position(scenario, knob, account.id, positions[knob.at], to)
        return replace(account, positions=tuple(positions))

    # the one account is put in its place: a large book is not walked through for each value
    at = next(i for i, one in enumerate(scenario.accounts) if one.id == knob.of[0])
    accounts = (*scenario.accounts[:at], turned(scenario.accounts[at]), *scenario.accounts[at + 1 :])
    return replace(scenario, accounts=accounts)


def _position(scenario: Scenario, knob: Knob, account: str, old: Position, to: Decimal) -> Position:
    """A position with another size, entry, leverage or collateral; a chosen leverage stays, and what it asks
    for follows."""
    market = next(one for one in scenario.markets if one.name == old.market)
    if knob.key == "collateral":
        old = replace(old, leverage=None)
    new = replace(old, **{knob.key: to})  # type: ignore[arg-type]  # a key of numbers
    if to < 0 or (not to and knob.key != "collateral"):
        raise knob.fault(
            f"must be {'zero or more' if knob.key == 'collateral' else 'greater than zero'}, not {show(to)}"
        )
    own = None if new.leverage is not None else new.collateral
    found = list(amount_faults(account, market, new.size, new.leverage, own, scenario.money_unit))
    if not found:
        try:
            cost = value(market.contract, new.side * new.size, new.entry, scenario.money_unit)
            if old.collateral is not None and new.leverage is not None:
                new = replace(new, collateral=initial_collateral(cost, new.leverage, scenario.money_unit))
            limit = max_leverage(market.maintenance, new.size, abs(cost))
            if new.leverage is not None and limit is not None and new.leverage > limit:
                found = [tier_fault(account, market, new.leverage, limit)]
        except DecimalException:
            found = [digits_fault(account)]
    if found:
        raise knob.fault(found[0].message, found[0].hint)
    return new


def _order(scenario: Scenario, knob: Knob, to: Decimal) -> Scenario:
    """The stop or the take-profit of a position; the orders stay in the order of the file."""
    if to <= 0:
        raise knob.fault(f"must be greater than zero, not {show(to)}")
    account = next(one for one in scenario.accounts if one.id == knob.of[0])
    position = account.positions[knob.at]
    of = (account.id, position.market, position.side)
    standing = {one[:3]: one for one in scenario.orders}
    old = standing.get(of, Standing(*of, None, None))
    new = old._replace(stop=to) if knob.key == "stop" else old._replace(take_profit=to)
    for fault in order_faults(account.id, position.side, new.stop, new.take_profit):
        raise knob.fault(fault.message, fault.hint)
    standing[of] = new
    held = ((one.id, each.market, each.side) for one in scenario.accounts for each in one.positions)
    return replace(scenario, orders=tuple(standing[each] for each in held if each in standing))


TURNS: Mapping[str, Turn] = {
    "fund": _fund,
    "price": _price,
    "scaled": _scaled,
    "shifted": _shifted,
    "liquidity": _liquidity,
    "account": _account,
    "order": _order,
}


# --- finding ------------------------------------------------------------------------------------------------


def knob_of(name: str, scenario: Scenario) -> Knob | None:
    """The knob of that name; None where only the file can be set so. ScenarioErrors where it names what the
    scenario has not, or what is no number."""
    parts = parts_of(name.strip().rstrip("*+"))
    if parts is None:
        raise _unknown(
            name, "it is no name of a value", "for example fund, prices.2 or accounts.alice.leverage"
        )
    keys = {*keys_of(ScenarioFile), *FINDERS}
    if parts[0] not in keys:
        raise _unknown(
            name,
            f"unknown key {quote(parts[0])} in the scenario",
            belongs(parts, ids_of(scenario.accounts), [one.name for one in scenario.markets])
            or closest_hint(parts[0], sorted(keys))
            or "for example fund, prices.2 or accounts.alice.leverage",
        )
    found = FINDERS.get(parts[0])
    return None if found is None else found(name.strip(), parts[1:], scenario)


def _unknown(name: str, message: str, hint: str = "") -> ScenarioErrors:
    hint = with_points(name) or hint
    return ScenarioErrors([Problem(f"--vary {name}", 0, 0, 0, message, hint)])


def _one_of(name: str, what: str, wanted: str, known: Iterable[str]) -> str:
    """A name, if the scenario has it."""
    names = list(dict.fromkeys(known))
    if wanted not in names:
        raise _unknown(name, f"there is no {what} {quote(wanted)}", closest_hint(wanted, names))
    return wanted


def _find_fund(name: str, parts: list[str], scenario: Scenario) -> Knob:
    """fund, fund.KEY, fund.NAME, fund.NAME.KEY."""
    names = [fund.name for fund in scenario.funds]
    shared = names == ["fund"]
    of = names[0] if shared else ""
    if not shared:
        if not parts:
            raise _unknown(name, "there are several funds", f"fund.{names[0]}, ...")
        of = _one_of(name, "fund", parts[0], names)
        parts = parts[1:]
    key = _one_of(name, "value of a fund", ".".join(parts) or "balance", sorted(FUND_KEYS))
    prefix = "fund" if shared else f"fund.{quoted(of)}"
    settings = (prefix, f"{prefix}.balance") if key == "balance" else (f"{prefix}.{key}",)
    fund = next(one for one in scenario.funds if one.name == of)
    what = ("the fund" if shared else f"the fund of {of}") if key == "balance" else f"the {key} of the fund"
    return Knob(
        name, what, scenario.money_unit, getattr(fund, key), ZERO, None, settings, "fund", (of,), key=key
    )


def _find_price(name: str, parts: list[str], scenario: Scenario) -> Knob | None:
    """prices.N, prices.MARKET.N; with * or + at the end all marks. What a path is made of (prices.to of a
    ramp, prices.volatility of a walk) only the file can say."""
    names = [market.name for market in scenario.markets]
    if FORM_KEYS.intersection(parts[1:2] if parts[:1] and parts[0] in names else parts[:1]):
        return None
    marks = scenario.path.marks
    if name[-1] in "*+":
        of = tuple(_one_of(name, "market", one, names) for one in parts) or tuple(names)
        where = "" if len(of) == len(names) else f" of {of[0]}"
        if name.endswith("*"):
            return Knob(name, f"all prices{where}, times", THOUSANDTH, ONE, None, None, (), "scaled", of)
        unit = max(market.tick for market in scenario.markets if market.name in of)
        return Knob(name, f"all prices{where}, and", unit, ZERO, None, None, (), "shifted", of)
    settings: tuple[str, ...]
    if len(parts) == 1 and len(names) == 1:
        market, step, settings = (
            names[0],
            parts[0],
            (f"prices.{parts[0]}", f"prices.{quoted(names[0])}.{parts[0]}"),
        )
    elif len(parts) == 2:
        market, step = _one_of(name, "market", parts[0], names), parts[1]
        settings = (f"prices.{quoted(market)}.{step}",) + ((f"prices.{step}",) if len(names) == 1 else ())
    else:
        raise _unknown(
            name, "it is no price", "prices.STEP, or prices.MARKET.STEP where there are several markets"
        )
    last = scenario.path.steps - 1
    if not (step.isascii() and step.isdigit() and int(step) <= last):
        raise _unknown(name, f"there is no step {quote(step)}", f"the steps are 0 to {last}")
    at, tick = int(step), next(one.tick for one in scenario.markets if one.name == market)
    where = f" of {market}" if len(names) > 1 else ""
    high = 2 * max(marks[market])
    return Knob(
        name,
        f"the mark{where} at step {at}",
        tick,
        marks[market][at],
        tick,
        high,
        settings,
        "price",
        (market,),
        at,
    )


def _find_liquidity(name: str, parts: list[str], scenario: Scenario) -> Knob | None:
    """liquidity, markets.MARKET.liquidity."""
    names = [market.name for market in scenario.markets]
    if name.startswith("markets"):
        if len(parts) != 2 or parts[1] != "liquidity":
            return None
        of = _one_of(name, "market", parts[0], names)
    elif parts or len(names) > 1:
        raise _unknown(name, SEVERAL, f"markets.{names[0]}.liquidity")
    else:
        of = names[0]
    market = next(one for one in scenario.markets if one.name == of)
    book = market.liquidity
    at_mark = (
        of not in scenario.path.liquidity
        and book.kind == Depth.LEVELS
        and all(not distance for distance, _ in book.levels)
    )
    now = sum((size for _, size in book.levels), ZERO) if at_mark else None
    most = sum(
        (one.size for account in scenario.accounts for one in account.positions if one.market == of), ZERO
    )
    what = "the depth of the book" + (f" of {of}" if len(names) > 1 else "")
    settings: tuple[str, ...] = (f"markets.{quoted(of)}.liquidity",)
    settings += ("liquidity",) if len(names) == 1 else ()
    return Knob(name, what, market.lot, now, ZERO, most or None, settings, "liquidity", (of,))


def _find_account(name: str, parts: list[str], scenario: Scenario) -> Knob | None:
    """accounts.ID.KEY, accounts.ID.positions.N.KEY."""
    if len(parts) < 2:
        raise _unknown(name, "it is no number", "accounts.ID.leverage, for example")
    ids = [account.id for account in scenario.accounts]
    who = parts[0]
    if who not in ids and who.isdigit() and int(who) < len(ids):
        who = ids[int(who)]
    who = _one_of(name, "account", who, ids)
    account = scenario.accounts[ids.index(who)]
    of, rest = f"accounts.{quoted(who)}", parts[1:]
    if rest == ["balance"]:
        settings: tuple[str, ...] = (f"{of}.balance",)
        high = _most_balance(scenario, account)
        return Knob(
            name, "the balance of "
            f"{who}", scenario.money_unit, account.balance, ZERO, high, settings, "account",
            (who,), key="balance",
        )  # fmt: skip
    at = 0
    if rest[0] == "positions" and len(rest) == 3 and rest[1].isdigit():
        at, rest = int(rest[1]), rest[2:]
    elif len(account.positions) > 1 and rest[0] in OF_POSITION:
        raise _unknown(
            name, f"account {quote(who)} has several positions", f"{of}.positions.0.{rest[0]}, ..."
        )
    if len(rest) != 1 or at >= len(account.positions) or rest[0] not in OF_POSITION:
        known = [f"{of}.{key}" for key in ("balance", *OF_POSITION)]
        raise _unknown(
            name, "there is no such number", closest_hint(name, known) or f"{of}.leverage, for example"
        )
    key = rest[0]
    return _of_position(name, who, key, at, scenario, (f"{of}.{key}", f"{of}.positions.{at}.{key}"))


def _of_position(
    name: str, who: str, key: str, at: int, scenario: Scenario, settings: tuple[str, ...]
) -> Knob:
    """A number of a position that it has; its collateral follows from a leverage where it has one."""
    position = next(one for one in scenario.accounts if one.id == who).positions[at]
    market = next(one for one in scenario.markets if one.name == position.market)
    if key == "collateral" and position.collateral is None:
        raise _unknown(
            name, "a cross position has no collateral of its own", f"accounts.{quoted(who)}.balance"
        )
    unit = {"leverage": HUNDREDTH, "collateral": scenario.money_unit, "size": market.lot}.get(
        key, market.tick
    )
    what = f"the {key.replace('_', '-')} of {who}" + (
        f" in {position.market}" if len(scenario.markets) > 1 else ""
    )
    low = LEAST_LEVERAGE if key == "leverage" else ZERO if key == "collateral" else unit
    if key in ORDERS:
        of = (who, position.market, position.side)
        now = next((getattr(one, key) for one in scenario.orders if one[:3] == of), None)
        return Knob(name, what, unit, now, low, 2 * position.entry, settings, "order", (who,), at, key)
    has = (
        "leverage"
        if position.leverage is not None
        else "collateral"
        if position.collateral is not None
        else ""
    )
    replaces = has if has and OTHER.get(key) == has else ""
    what += f" instead of its {has}" if replaces else ""
    what += ", its leverage kept" if key == "size" and has == "leverage" and position.collateral else ""
    now, high = getattr(position, key), _most(scenario, market, position, key)
    return Knob(name, what, unit, now, low, high, settings, "account", (who,), at, key, replaces)


def _most(scenario: Scenario, market: Market, position: Position, key: str) -> Decimal:
    """Up to where a number of a position is looked through: the entry value as collateral; the leverage of
    the tier, or that at which it would be due at its entry; twice the size and the entry."""
    if key in ("size", "entry"):
        return 2 * D(getattr(position, key))
    cost = abs(value(market.contract, position.side * position.size, position.entry, scenario.money_unit))
    if key == "collateral":
        return cost
    limit = max_leverage(market.maintenance, position.size, cost)
    if limit is not None:
        return limit
    isolated = position.collateral is not None
    needed = maintenance_margin(lines_of(market.maintenance, position.size, cost, isolated=isolated), cost)
    return divide(cost, needed) if needed else D(100)


def _most_balance(scenario: Scenario, account: Account) -> Decimal | None:
    """Up to where a balance is looked through: the entry value of the cross positions that stand on it, or
    twice itself; None where it is of several currencies."""
    markets = {market.name: market for market in scenario.markets}
    held = [(markets[one.market], one) for one in account.positions if one.collateral is None]
    if len({market.settles for market, _ in held}) > 1:
        return None
    costs = (
        abs(value(market.contract, one.side * one.size, one.entry, scenario.money_unit))
        for market, one in held
    )
    return max(sum(costs, ZERO), 2 * account.balance) or None


def quoted(name: str) -> str:
    """A name as a part of a path."""
    return f'"{name}"' if "." in name else name


FINDERS: Mapping[str, Callable[[str, list[str], Scenario], Knob | None]] = {
    "fund": _find_fund,
    "prices": _find_price,
    "liquidity": _find_liquidity,
    "markets": _find_liquidity,
    "accounts": _find_account,
}
