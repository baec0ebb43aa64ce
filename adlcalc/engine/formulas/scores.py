"""Scores: small named rules of one position that order the queue, highest first.

A score gets the amounts of `Inputs` and returns one exact quotient (60 digits: equal fractions give equal
scores, and different ones differ there for all amounts the engine accepts). Most are products of ratios,
which are written once, here: the function that works them out, the formula that `explain` puts numbers into
and the bounds by which the grid of long queues opens its cells are made from them. The others have their
formula beside them. Where equity is
zero or less, leverage has no number: a winner then stands before everybody, a loser behind everybody.

pnl% is on the entry value, ROE (return on equity) on the initial margin. `adlcalc venues --rules adl.score`
lists them; a scenario may bring its own, see venues/expression.py. A new score is one entry here.

Public: Inputs, Score, SCORES, INFINITE, WITHOUT, STILL, Bounds, most_of, in_words.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from inspect import getdoc
from operator import itemgetter
from typing import Any, NamedTuple

from adlcalc.engine.formulas.worked import Worked
from adlcalc.ground.numbers import ONE, ZERO, D, divide

INFINITE = D("1E+300")
"""Stands for leverage without equity: first in any queue of winners, last (a score of zero) among losers."""


class Inputs(NamedTuple):
    """What a score may look at, at the marks. Money in the settlement currency, equity with pending funding.

    pnl: unrealized. entry_value: |cost|. notional: at the mark. equity, exposure (the notional that it
    carries), maintenance and balance (equity without unrealized pnl) are those of the position if isolated,
    of the account with all its cross positions if cross. initial_margin: entry value / chosen leverage; where
    none was chosen the collateral (isolated) or the entry value (cross).
    """

    pnl: Decimal
    entry_value: Decimal
    notional: Decimal
    equity: Decimal
    exposure: Decimal
    maintenance: Decimal = ZERO
    balance: Decimal = ZERO
    initial_margin: Decimal = ONE
    size: Decimal = ONE
    side: int = 1
    entry: Decimal = ONE
    mark: Decimal = ONE


PNL, EQUITY, MAINTENANCE, INITIAL_MARGIN = "pnl", "equity", "maintenance", "initial_margin"
STILL = frozenset(("entry_value", INITIAL_MARGIN, "size", "side", "entry"))
"""The amounts that no mark moves: of a position that nothing happens to they stay as they are."""
AMOUNT = re.compile(r"\[(\w+)\]")
"""An amount of `Inputs` in a formula."""

Ratio = tuple[str, str]
"""Two amounts of `Inputs`, by name: above, below."""
Bounds = tuple[float, float]
"""Of an amount of several positions: none has less, and none has more."""
Most = Callable[[Mapping[str, Bounds]], float]
"""The bound of a score: no position scores more whose amounts, by their names and per contract, lie between
those, and which are all winners (pnl > 0), or all losers; `contracts` are how many they have."""


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """A rule that orders a queue. meaning: what it is and where it comes from; formula: what it is for such
    amounts, with their names in brackets; reads: the amounts of `Inputs` that it looks at. most: its bound,
    where it has one, by which head.py's grid finds the first. ratios: the ratios that a winner's is the
    product of, where it is one. Two scores of one name are the same."""

    name: str
    meaning: str
    of: Callable[[Inputs], Decimal]
    formula: Callable[[Inputs], str]
    reads: frozenset[str]
    most: Most | None = None
    ratios: tuple[Ratio, ...] = ()

    @property
    def is_still(self) -> bool:
        """Does no mark move it?"""
        return self.reads <= STILL

    def __call__(self, x: Inputs) -> Decimal:
        return self.of(x)

    def worked(self, x: Inputs) -> Worked:
        """The score with how it was worked out."""
        formula = self.formula(x)
        parts = tuple(D(getattr(x, name)) for name in AMOUNT.findall(formula))
        return Worked("score", self.of(x), AMOUNT.sub(_in_words, formula), parts)

    def __str__(self) -> str:
        return self.name

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and isinstance(other, Score) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __reduce__(self) -> tuple[Any, ...]:
        return _by_name, (self.name,)


# --- how one is made ----------------------------------------------------------------------------------------


def product(name: str, *ratios: str, meaning: str, turned: bool = True) -> Score:
    """The score that is the product of ratios, each 'above / below'; turned: a loser's second one is turned
    over."""
    pairs = tuple((above, below) for above, _, below in (ratio.partition(" / ") for ratio in ratios))
    places = [Inputs._fields.index(amount) for pair in pairs for amount in pair]
    reads, amounts = frozenset((PNL, *(amount for pair in pairs for amount in pair))), itemgetter(*places)
    if len(pairs) == 1:
        of, formula = _ratio(amounts), _ratio_formula(pairs[0])
        losers_below = pairs[0][0] == PNL and pairs[0][1] != EQUITY  # a debt below a loss is above zero
    else:
        of, formula = _ratios(amounts, turned), _ratios_formula(pairs, turned)
        losers_below = pairs[0][0] == PNL
    return Score(name, meaning, of, formula, reads, most_of(pairs, losers_below), pairs)


def most_of(ratios: tuple[Ratio, ...], losers_below: bool) -> Most:
    """The bound of a score that is at most the product of such ratios: the upper ones over the lower ones.
    losers_below: no loser's is above zero."""

    def most(x: Mapping[str, Bounds]) -> float:
        if losers_below and x[PNL][1] <= 0:
            return 0
        bound: float = 1
        negative = 0
        for above, below in ratios:
            divisor = x[below][0]
            if divisor <= 0:
                return math.inf
            negative += x[above][0] < 0
            bound *= max(x[above][1], 0) / divisor
        return bound if negative < 2 else math.inf

    return most


def _ratio(amounts: Callable[[Inputs], Any]) -> Callable[[Inputs], Decimal]:
    def of(x: Inputs) -> Decimal:
        above, below = amounts(x)
        return divide(above, below) if below else _without_equity(x)

    return of


def _ratio_formula(pair: Ratio) -> Callable[[Inputs], str]:
    return lambda x: _over(pair) if getattr(x, pair[1]) else WITHOUT


def _ratios(amounts: Callable[[Inputs], Any], turned: bool) -> Callable[[Inputs], Decimal]:
    """One division, so that equal fractions are equal scores."""

    def of(x: Inputs) -> Decimal:
        above, below, more, equity = amounts(x)
        turns = turned and x.pnl < 0
        if equity <= 0 or not below or (turns and not more):
            return _without_equity(x)
        return divide(above * equity, below * more) if turns else divide(above * more, below * equity)

    return of


def _ratios_formula(pairs: tuple[Ratio, ...], turned: bool) -> Callable[[Inputs], str]:
    first, (more, equity) = pairs

    def formula(x: Inputs) -> str:
        turns = turned and x.pnl < 0
        if getattr(x, equity) <= 0 or not getattr(x, first[1]) or (turns and not getattr(x, more)):
            return WITHOUT
        return f"{_over(first)} x {_over((equity, more) if turns else (more, equity))}"

    return formula


def _over(pair: Ratio) -> str:
    return f"[{pair[0]}] / [{pair[1]}]"


def in_words(formula: str) -> str:
    """A formula without brackets: 'pnl / entry value x exposure / equity'."""
    return AMOUNT.sub(lambda amount: _in_words(amount)[1:-1], formula)


def _in_words(amount: re.Match[str]) -> str:
    return f"[{amount[1].replace('_', ' ')}]"


WITHOUT = "the sign of the pnl [pnl] without end, for there is no number at equity [equity]"
"""What stands for the formula where a ratio has no number."""


def _without_equity(x: Inputs) -> Decimal:
    return INFINITE if x.pnl > 0 else (-INFINITE if x.pnl < 0 else ZERO)


# --- the scores ---------------------------------------------------------------------------------------------


def binance_2019(x: Inputs) -> Decimal:
    """max(0, pnl) / max(1, wallet balance) x maintenance / (wallet balance + pnl), 0 where that sum is zero
    or less.

    The 1 is in the settlement currency. Source: Binance announcement 360033525471, September 2019. Aster's is
    the same."""
    if x.pnl <= 0 or x.equity <= 0:
        return ZERO
    return divide(x.pnl * x.maintenance, max(ONE, x.balance) * x.equity)


_most_binance_2019 = most_of(((PNL, "balance"), (MAINTENANCE, EQUITY)), losers_below=True)


def _binance_2019(x: Inputs) -> str:
    if x.pnl <= 0:
        return "max(0, [pnl])"
    if x.equity <= 0:
        return "max(0, [equity])"
    return "[pnl] / max(1, [balance]) x [maintenance] / [equity]"


def hyperliquid_directional(x: Inputs) -> Decimal:
    """As `hyperliquid`, but entry price / mark price for shorts, so that the ratio is above one for every
    winner."""
    above, below = (x.mark, x.entry) if x.side > 0 else (x.entry, x.mark)
    return divide(above * x.notional, below * x.equity) if x.equity > 0 else _without_equity(x)


def _hyperliquid_directional(x: Inputs) -> str:
    prices = ("mark", "entry") if x.side > 0 else ("entry", "mark")
    return f"{_over(prices)} x [notional] / [equity]" if x.equity > 0 else WITHOUT


def _most_hyperliquid_directional(x: Mapping[str, Bounds]) -> float:
    prices = ("mark", "entry") if x["side"][0] > 0 else ("entry", "mark")
    return most_of((prices, ("notional", EQUITY)), losers_below=False)(x)


def entry_price(x: Inputs) -> Decimal:
    """Shorts with the highest entry price first, longs with the lowest (their score is its negative). Source:
    Dango, Gate until 2021."""
    return -x.entry if x.side > 0 else x.entry


def size(x: Inputs) -> Decimal:
    """The largest position first."""
    return x.size


def _worked_out(
    name: str,
    function: Callable[[Inputs], Decimal],
    formula: Callable[[Inputs], str],
    reads: str,
    most: Most | None = None,
) -> Score:
    """The score that a function is; its docstring says what it is."""
    return Score(name, getdoc(function) or "", function, formula, frozenset(reads.split()), most)


_ALL = (
    product(
        "generic", "pnl / entry_value", "exposure / equity",
        meaning="pnl / entry value x leverage for winners, divided by it for losers; leverage = notional / "
        "equity, of the position (isolated) or of the account (cross).",
    ),
    product(
        "bitmex", "pnl / entry_value", "notional / equity",
        meaning="pnl / entry value x effective leverage for winners, divided by it for losers. Effective "
        "leverage = |mark value| / (mark value - bankrupt value), which is the position's notional "
        "/ the equity behind it. Source: BitMEX, What is Auto-Deleveraging. MEXC has the same "
        "words.",
    ),
    product(
        "binance", "pnl / notional", "notional / equity",
        meaning="pnl / notional x notional / (wallet balance + pnl) for winners, divided by it for losers. "
        "A winner's score is so pnl / equity. Source: Binance FAQ 360033525471 as it stood in "
        "December 2025.",
    ),
    _worked_out(
        "binance-2019", binance_2019, _binance_2019, "pnl equity maintenance balance", _most_binance_2019
    ),
    product(
        "bybit", "pnl / entry_value", "notional / equity",
        meaning="Leveraged return: Bybit's help center names it without its algebra, BitMEX's stands in for "
        "it.",
    ),
    product(
        "kucoin", "pnl / entry_value", "notional / equity",
        meaning="Return on entry value x effective leverage for winners, divided by it for losers; "
        "effective leverage = position value / (margin + pnl), cross: / cross margin balance. "
        "Source: KuCoin support 26686471898009, December 2025.",
    ),
    product(
        "okx", "pnl / initial_margin", "exposure / equity",
        meaning="Position pnl% x effective leverage, highest first; pnl% on the initial margin "
        "(`uplRatio`). Source: OKX, Introduction to auto-deleveraging, August 2025. It does not say "
        "what the leverage of a cross account is or how losers rank: as in generic.",
    ),
    product(
        "okx-old", "pnl / initial_margin", "maintenance / equity",
        meaning="pnl ratio / margin ratio for winners, x margin ratio for losers; pnl ratio on the initial "
        "margin, margin ratio = equity / maintenance margin, of the position (isolated) or the "
        "account (cross). Source: OKX, 2020 to 2024, and its copies.",
    ),
    product(
        "htx", "pnl / initial_margin", "maintenance / equity",
        meaning="Profit rate / margin ratio for winners, x margin ratio for losers, of the position or of "
        "the account; profit rate on the initial margin. HTX's margin ratio, with its adjustment "
        "factor, is taken as equity / maintenance. Source: HTX support 64914554002695.",
    ),
    product(
        "bitget", "pnl / entry_value", "maintenance / equity",
        meaning="ROI x maintenance margin rate for winners, divided by it for losers; ROI = pnl / entry "
        "value, rate = maintenance / equity. Source: Bitget support 12560603800805, September 2025.",
    ),
    product(
        "gate", "pnl / entry_value", "maintenance / equity",
        meaning="Return rate and maintenance margin ratio: Gate (futures logic 22082, November 2025) names "
        "the two and gives no formula; Bitget's product of them stands in. Until 2021 Gate ranked "
        "by `entry-price`.",
    ),
    product(
        "hyperliquid", "mark / entry", "notional / equity", turned=False,
        meaning="mark price / entry price x notional / account value, to the letter: a short in profit has "
        "mark / entry below one, so of two shorts the less profitable one comes first. Source: "
        "Hyperliquid documentation, Auto-deleveraging.",
    ),
    _worked_out(
        "hyperliquid-directional", hyperliquid_directional, _hyperliquid_directional,
        "pnl notional equity side entry mark", _most_hyperliquid_directional,
    ),
    product(
        "pnl-percent", "pnl / entry_value",
        meaning="pnl / entry value. Source: Bitfinex, What is Termination: the highest percentage gain "
        "first.",
    ),
    product("roe", "pnl / initial_margin", meaning="Return on equity: pnl / initial margin."),
    _worked_out("entry-price", entry_price, lambda x: "-[entry]" if x.side > 0 else "[entry]", "side entry"),
    _worked_out("size", size, lambda _: "[size]", "size"),
)  # fmt: skip
SCORES: Mapping[str, Score] = {score.name: score for score in _ALL}


def _by_name(name: str) -> Score:
    """What a pickled score is made from."""
    return SCORES[name]
