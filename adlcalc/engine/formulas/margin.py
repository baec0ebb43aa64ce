"""What a position is worth, what margin it needs, and at which prices that changes. Pure functions of
numbers.

Notation: s = +1 long, -1 short; q size; m contract multiplier; P price; n = notional, the size of the value
at the mark. Two contracts, one algebra: a linear value rises by s per unit of notional (n = q m P), an
inverse one by -s (n = q m / P).

Public: value, valuer, notional, commission, fee_inside, lines_of, maintenance_margin,
notional_at_maintenance, hurt_both_ways, price_of_notional, price_of_value, Quotes, quotes,
initial_collateral; rises, worth."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import cache, lru_cache
from operator import attrgetter

from adlcalc.engine.contract import (
    BY_NOTIONAL,
    BY_SIZE,
    LINEAR,
    OF_ENTRY,
    PER_CONTRACT,
    BankruptcyPrice,
    Commission,
    Contract,
    Maintenance,
)
from adlcalc.engine.formulas.worked import Worked, rounded
from adlcalc.ground.numbers import (
    CEILING,
    DOWN,
    FLOOR,
    HALF_EVEN,
    ONE,
    UP,
    ZERO,
    D,
    divide,
    quantizer,
    round_to,
    rounder,
)
from adlcalc.ground.objects import record

Lines = tuple[tuple[Decimal, Decimal], ...]
"""Maintenance margin as lines (rate, deduction): the largest of rate x n - deduction."""


def value(contract: Contract, signed_size: Decimal, price: Decimal, unit: Decimal) -> Decimal:
    """What closing `signed_size` at `price` brings: s q m P (linear) or -s q m / P (inverse), rounded once,
    half even, to the money unit.

    With rounding 'per-contract' the value of one contract is rounded, then multiplied (BitMEX's inverse
    contracts)."""
    return valuer(contract, unit)(signed_size, price)


@cache
def valuer(contract: Contract, unit: Decimal) -> Callable[[Decimal, Decimal], Decimal]:
    """`value` for one contract and money unit: made once, called often."""
    money, multiplier, linear = rounder(unit), contract.multiplier, contract.kind == LINEAR
    quantize = quantizer(unit)
    if contract.rounding == PER_CONTRACT:
        if linear:
            return lambda signed_size, price: signed_size * money(multiplier * price)
        return lambda signed_size, price: -signed_size * money(divide(multiplier, price))
    if not linear:
        return lambda signed_size, price: money(divide(-signed_size * multiplier, price))
    if multiplier == 1 and quantize is not None:  # by far the most frequent: one call less
        return lambda signed_size, price: quantize(signed_size * price, unit)
    return lambda signed_size, price: money(signed_size * multiplier * price)


def notional(contract: Contract, size: Decimal, price: Decimal, unit: Decimal) -> Decimal:
    """|value| of `size` at `price`."""
    return abs(value(contract, size, price, unit))


def initial_collateral(entry_value: Decimal, leverage: Decimal, unit: Decimal) -> Decimal:
    """Isolated margin of a position opened with a chosen leverage: |entry value| / leverage, half even to the
    money unit."""
    return round_to(divide(abs(entry_value), leverage), unit, HALF_EVEN)


def commission(rule: Maintenance, *, isolated: bool) -> Decimal:
    """The rate of the closing fee that counts against a position (rule margin.commission).

    maintenance: due at equity <= maintenance margin + fee. none, and both-sides of an isolated position,
    whose margin + fee meets maintenance margin + fee: no fee counts. A cross account has no margin of a
    position that the fee could stand in too, so there it counts. Sources: BitMEX, a position row of 2018
    (posComm in posMargin and in posMaint); Bybit, inverse contracts of 2020: isolated without a fee, cross
    with it."""
    if isolated:
        return rule.closing_fee if rule.isolated == IN_MAINTENANCE else ZERO
    return ZERO if rule.cross == NO_COMMISSION else rule.closing_fee


def lines_of(rule: Maintenance, size: Decimal, entry_value: Decimal, *, isolated: bool) -> Lines:
    """The maintenance lines of a position of `size` and `entry_value` (money, either sign).

    power: one rate, that of the position's size or entry value. by='notional': every tier is a line.
    by='entry-value' | 'size': the one tier the position falls in, for its whole notional. on='entry': that
    tier's rate x entry value - deduction, whatever the mark; the closing fee is of the notional at the
    mark."""
    slope, fee = rule.slope * size, commission(rule, isolated=isolated)
    extra = fee + slope
    if rule.power is not None and size:
        basis = size if rule.power.of == BY_SIZE else abs(entry_value)
        rate = max(rule.tiers[0].rate, power_rate(rule.power.factor, basis, rule.power.exponent))
        if rule.on == OF_ENTRY:
            return ((fee, -rate * abs(entry_value)),)
        return ((rate + fee, ZERO),)
    if rule.by == BY_NOTIONAL:
        return tuple((tier.rate + extra, tier.deduction) for tier in rule.tiers)
    tier = rule.tiers[tier_index(rule, size, entry_value)]
    if rule.on == OF_ENTRY:
        return ((fee, tier.deduction - (tier.rate + slope) * abs(entry_value)),)
    return ((tier.rate + extra, ZERO),)


RATE_PLACES = 12
"""Decimals of a rate that is worked out: finer than any that is printed, and few enough that its products
with other rates and with values stay within sixty digits."""


@lru_cache(maxsize=4096)
def power_rate(factor: Decimal, basis: Decimal, exponent: Decimal) -> Decimal:
    """factor x basis ^ exponent, rounded once, half even, to RATE_PLACES decimals. Sources: FTX, 0.0006 x
    size ^ 0.5 of the maintenance fraction; Drift, margin ratio by the root of the size; Orderly, IMR factor x
    notional ^ 0.8.

    It is the q-th root of a fraction, for exponent = p / q, worked in whole numbers: no float, and no digit
    that hangs on a library's pow."""
    p, q = exponent.as_integer_ratio()
    under = Fraction(factor) ** q * Fraction(basis) ** p * 10 ** (RATE_PLACES * q)
    root = whole_root(under.numerator // under.denominator, q)
    half = (2 * root + 1) ** q * under.denominator  # of the next whole number, to the power of q
    twice = 2**q * under.numerator
    root += twice > half or (twice == half and root % 2 == 1)
    return D(f"{root}E-{RATE_PLACES}")


def whole_root(n: int, q: int) -> int:
    """The largest whole number whose q-th power is at most n."""
    if n < 2:
        return n
    guess = 1 << -(-n.bit_length() // q)
    while True:
        better = ((q - 1) * guess + n // guess ** (q - 1)) // q
        if better >= guess:
            return guess
        guess = better


def tier_index(rule: Maintenance, size: Decimal, entry_value: Decimal) -> int:
    """Which tier a position falls in by its entry value or size: the last whose floor it has reached."""
    basis = size if rule.by == BY_SIZE else abs(entry_value)
    return max(bisect_right(rule.tiers, basis, key=attrgetter("floor")) - 1, 0)


def maintenance_margin(lines: Lines, n: Decimal) -> Decimal:
    """max over the lines of rate x n - deduction (convex tiers: the largest line is the tier that n falls
    in)."""
    if len(lines) == 1:
        return lines[0][0] * n - lines[0][1]
    return max(rate * n - deduction for rate, deduction in lines)


def notional_at_maintenance(lines: Lines, direction: int, cash: Decimal) -> Decimal | None:
    """The notional at which cash + direction x n = maintenance margin(n); None where no positive notional
    does it.

    direction = +1 where the value rises with the notional (linear long, inverse short), -1 where it falls.
    +1: n (1 - rate) + deduction >= -cash on every line, so the largest of the lines' solutions. On a line of
    rate 1 or more that inequality does not begin at a notional but ends at one (rate > 1), or holds for all
    of them or for none (rate 1): where nothing is left of the lines' common solutions, no notional is safe,
    and there is none. -1: n (1 + rate) - deduction <= cash on every line, so the smallest."""
    if len(lines) == 1 and lines[0][0] < 1:
        rate, deduction = lines[0]
        n = divide(-cash - deduction, ONE - rate) if direction > 0 else divide(cash + deduction, ONE + rate)
    elif direction > 0:
        n = max(
            (divide(-cash - deduction, ONE - rate) for rate, deduction in lines if rate < 1), default=ZERO
        )
        if any(n * (rate - ONE) > cash + deduction for rate, deduction in lines if rate >= 1):
            return None
    else:
        n = min(divide(cash + deduction, ONE + rate) for rate, deduction in lines)
    return n if n > 0 else None


def hurt_both_ways(lines: Lines) -> bool:
    """May a move in the position's own favor bring it to its maintenance margin?

    From a rate of 1 on the maintenance margin rises as fast as the value, or faster (Deribit from 19,800
    contracts on, the upper risk steps of BitMEX, any rate with a steep slope), so that such a position has no
    one price that it is safe beyond."""
    for rate, _ in lines:  # noqa: SIM110  (any() of a generator costs thrice as much, for every position)
        if rate >= 1:
            return True
    return False


def price_of_notional(contract: Contract, size: Decimal, n: Decimal) -> Decimal:
    """The price at which `size` has notional n: n / (q m), inverse q m / n."""
    if contract.kind == LINEAR:
        return divide(n, size * contract.multiplier)
    return divide(size * contract.multiplier, n)


@cache
def ticker(tick: Decimal, rounding: str) -> Callable[[Decimal], Decimal]:
    """A computed price as a multiple of the tick, in a direction.

    It is first taken half even to a trillionth of the tick, so that the quotient of quotients which lies on a
    tick stays there."""
    finest = ONE.scaleb(tick.adjusted() - 12)  # the power of ten below a trillionth of the tick
    exact_enough, near, quantize = rounder(finest), quantizer(finest), quantizer(tick, rounding)
    if near is not None and quantize is not None:  # by far the most frequent: two calls less
        return lambda price: quantize(near(price, finest), tick)
    to_multiple = rounder(tick, rounding)
    return lambda price: to_multiple(exact_enough(price))


def price_of_value(contract: Contract, signed_size: Decimal, target: Decimal) -> Decimal | None:
    """The price at which closing `signed_size` brings `target`, unrounded; None where none does (inverse,
    target of the wrong sign)."""
    if contract.kind == LINEAR:
        return divide(target, signed_size * contract.multiplier)
    if not target or (target > 0) == (signed_size > 0):
        return None
    return divide(-signed_size * contract.multiplier, target)


class Quotes:
    """The prices of one side of a market, as its venue tells them. rises: does the value of a position rise
    with its notional? (Linear long, inverse short.) one: is the multiplier 1? one_by_one: is
    the value of a contract at a bankruptcy price rounded? to_bankruptcy, to_liquidation:
    which way those prices go to the tick, where the venue says nothing against the account: a long's up, a
    short's down. in_favor: may that of a bankruptcy price be in favor of the account?"""

    __slots__ = (
        "_bankruptcy",
        "_liquidation",
        "contract",
        "in_favor",
        "linear",
        "one",
        "one_by_one",
        "rises",
        "side",
        "tick",
        "to_bankruptcy",
        "to_liquidation",
        "unit",
    )

    def __init__(self, contract: Contract, side: int, tick: Decimal, unit: Decimal) -> None:
        self.contract, self.side, self.tick, self.unit = contract, side, tick, unit
        self.rises = rises(contract, side)
        self.linear, self.one = contract.kind == LINEAR, contract.multiplier == ONE
        against = CEILING if side > 0 else FLOOR
        self.one_by_one = contract.bankruptcy_price == ONE_BY_ONE
        self.in_favor = contract.bankruptcy_price in ROUNDINGS
        self.to_bankruptcy = ROUNDINGS.get(contract.bankruptcy_price, against)
        self.to_liquidation = ROUNDINGS.get(contract.liquidation_price, against)
        self._bankruptcy = ticker(tick, self.to_bankruptcy)
        self._liquidation = ticker(tick, self.to_liquidation)

    def __repr__(self) -> str:
        return f"quotes{self.contract, self.side, self.tick, self.unit}"

    def __reduce__(self) -> tuple[Callable[..., Quotes], tuple[object, ...]]:
        """In another process they are made again."""
        return quotes, (self.contract, self.side, self.tick, self.unit)

    def liquidation_price(self, size: Decimal, lines: Lines, cash: Decimal) -> Decimal | None:
        """Mark at which equity equals maintenance margin: cash + value(P) = maintenance(P), everything else
        held fixed.

        `cash` is all equity but this position's value at the mark (isolated: collateral - entry value), less
        the other positions' maintenance. None: no price does it."""
        n = notional_at_maintenance(lines, 1 if self.rises else -1, cash)
        if n is None:
            return None
        price = self._liquidation(price_of_notional(self.contract, size, n))
        return price if price > 0 else None

    def bankruptcy_price(self, size: Decimal, target: Decimal, fee: Decimal) -> Decimal | None:
        """The price at which closing the position leaves nothing of its margin: value(P) = target.

        target = entry value - collateral (isolated), or value at the mark - the position's share of the
        account's equity (cross). fee: the rate that is inside (`fee_inside`)."""
        contract, signed_size = self.contract, size if self.side > 0 else -size
        if fee:
            target = with_fee(target, fee)
        if self.one_by_one:
            signed_size, target = D(self.side), value_of_one(size, target, self.unit)
        if self.linear and self.one:  # by far the most frequent
            price: Decimal | None = divide(target, signed_size)
        else:
            price = price_of_value(contract, signed_size, target)
        if price is None:
            return None
        price = self._bankruptcy(price)
        return price if self.linear or price > ZERO else None

    def bankruptcy_worked(self, size: Decimal, price: Decimal, what: str, n: Decimal) -> Worked:
        """How that price came about: `size` has the notional n there, which is called `what`: n / (q m),
        inverse q m / n."""
        held = (size,) if self.one else (size, self.contract.multiplier)
        amounts = (n, *held) if self.linear else (*held, n)
        formula = _price_formula(self.linear, self.one, what)
        return record(Worked, ("bankruptcy price", price, formula, amounts, self.tick, self.to_bankruptcy))


@cache
def quotes(contract: Contract, side: int, tick: Decimal, unit: Decimal) -> Quotes:
    """Those of a side: made once, asked often."""
    return Quotes(contract, side, tick, unit)


def fee_inside(contract: Contract, rule: Maintenance, *, isolated: bool) -> Decimal:
    """The rate of the closing fee that is inside a bankruptcy price: the contract's, but none where the
    margin holds the fee beside what may be lost (commission both-sides). Source: Bybit, inverse contracts of
    2020: entry x leverage / (leverage + 1) isolated, (1 + fee) Q / (Q / entry + balance) cross, for a
    long."""
    return ZERO if isolated and rule.isolated == BOTH_SIDES else contract.bankruptcy_fee


def with_fee(target: Decimal, fee: Decimal) -> Decimal:
    """The value that leaves `target` when the closing fee is paid out of it: target / (1 - f), of a value
    below zero (what closing costs) target / (1 + f). Source: Bybit, bankruptcy price of inverse cross
    positions, 2020; Gate and OKX price it in likewise."""
    return divide(target, ONE - fee if target > 0 else ONE + fee) if fee else target


def value_of_one(size: Decimal, target: Decimal, unit: Decimal) -> Decimal:
    """The (signed) value of one contract at the bankruptcy price, in whole money units, the account being
    left no less than nothing."""
    return round_to(divide(target, size), unit, CEILING)


ONE_BY_ONE = BankruptcyPrice.PER_CONTRACT
IN_MAINTENANCE, NO_COMMISSION, BOTH_SIDES = Commission.MAINTENANCE, Commission.NONE, Commission.BOTH_SIDES
ROUNDINGS: Mapping[str, str] = {"down": DOWN, "up": UP, "nearest": HALF_EVEN}


# --- how prices are told ------------------------------------------------------------------------------------


def rises(contract: Contract, side: int) -> bool:
    """Does the position's value rise with its notional? (Linear long, inverse short.)"""
    return (side > 0) == (contract.kind == LINEAR)


def worth(contract: Contract, size: Decimal, price: Decimal, unit: Decimal) -> Worked:
    """The notional of a fill: q m P (linear) or q m / P (inverse), rounded once; `per-contract` that of one
    contract."""
    m = contract.multiplier
    one, parts = ("[price]", (price,)) if m == 1 else ("[multiplier] x [price]", (m, price))
    if contract.kind != LINEAR:
        one, parts = "[multiplier] / [price]", (m, price)
    if contract.rounding == PER_CONTRACT:
        each = value(contract, ONE, price, unit)
        return Worked("value", abs(each) * size, f"[size] x rounded({one})", (size, *parts), unit)
    exactly = size * m * price if contract.kind == LINEAR else divide(size * m, price)
    return rounded("value", f"[size] x {one}", (size, *parts), exactly, unit)


@cache
def _price_formula(linear: bool, one: bool, what: str) -> str:
    """The formula of a bankruptcy price in words; one: the multiplier is 1."""
    held = "[size]" if one else "[size] x [multiplier]"
    if not linear:
        return f"{held} / {what}"
    return f"{what} / {held if one else f'({held})'}"
