"""`population:`: further accounts, behind those that are listed: made up block by block, or of a CSV file.

A block balances what stands before it: the accounts that are listed, the blocks above it, and itself.

Public: build_population, names_made_up, MOST_MADE.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, DecimalException
from fractions import Fraction
from itertools import pairwise, repeat
from math import gcd
from typing import Any, NamedTuple

from adlcalc.engine.columns import Columns, decimals, ids_of
from adlcalc.engine.formulas.margin import initial_collateral, valuer
from adlcalc.engine.model import LONG, SHORT, Account, Market, Position, side_name
from adlcalc.ground.how_far import how_far
from adlcalc.ground.numbers import ONE, ZERO, D, round_to, show
from adlcalc.paths.populations import Drawing, Drawn, Population, Quantiles, Weights, scaled
from adlcalc.scenario.book import build_book
from adlcalc.scenario.draft import RESERVED_IDS, Draft, name_fault
from adlcalc.scenario.faults import LEAST_LEVERAGE, market_fault
from adlcalc.scenario.limits import max_leverage
from adlcalc.scenario.schema import BookFile, PopulationSpec
from adlcalc.source.nodes import Map, Path, Scalar
from adlcalc.source.number import DIGITS, LIMIT_EXPONENT, NumberError, number_of
from adlcalc.source.problems import quote

MOST_MADE = 1_000_000
MOST_FOR_NOTHING = 10_000
"""Accounts of a block that are made though the scenario is refused, for the faults that only they show."""
HUNDREDTH = D("0.01")
AT = "population"
Fixed = tuple[list[int], int]
"""Numbers as integers of 10**-digits, and how many digits."""


def build_population(
    draft: Draft,
    given: BookFile | Mapping[str, PopulationSpec],
    listed: Sequence[Account],
    markets: Mapping[str, Market],
    unit: Decimal,
) -> Sequence[Account]:
    """The accounts that are listed, and behind them those of `population` that are sound."""
    if isinstance(given, BookFile):
        book = build_book(draft, given, markets, unit, key=AT)
        for twice in sorted({*ids_of(listed)} & {*ids_of(book)}):
            message = f"account {quote(twice)} is listed, and in the file of the population too"
            draft.add((AT, "file"), message, "leave one of the two out")
        return _joined(listed, [book], markets)
    blocks: list[_Block] = []
    left, held = MOST_MADE, _held(listed)
    for name, spec in given.items():
        left -= spec.count
        if left < 0:
            message = (
                f"'count' of {quote(name)} is {spec.count:,}; at most {MOST_MADE:,} accounts are made "
                "up in all"
            )
            draft.add((AT, name, "count"), message, "a larger book comes from a CSV file")
    for name, spec in given.items():
        _check_name(draft, name, spec, listed)
        if left < 0:  # what is refused is not made
            continue
        block = _Maker(draft, name, spec, markets, unit).block(held)
        if block is not None:
            blocks.append(block)
    return _joined(listed, blocks, markets)


def names_made_up(population: object) -> Iterator[str]:
    """The ids of all blocks as they are written, those of faulty ones included."""
    for name, block in population.items.items() if isinstance(population, Map) else ():
        count = block.items.get("count") if isinstance(block, Map) else None
        try:
            number = number_of(count.text) if isinstance(count, Scalar) else ZERO
        except NumberError:
            continue
        yield from (f"{name}-{i}" for i in range(1, int(min(number, D(MOST_MADE))) + 1))


def _check_name(draft: Draft, name: str, spec: PopulationSpec, listed: Sequence[Account]) -> None:
    """A name that ids can begin with, and none of these ids is listed."""
    if fault := name_fault(f"{name}-{spec.count}", reserved=RESERVED_IDS) or name_fault(name):
        draft.problems.add(draft.key(AT, name), f"the name of population {quote(name)} {fault}")
    begins = f"{name}-"
    for one in ids_of(listed):
        number = one[len(begins) :] if one.startswith(begins) else ""
        if number.isascii() and number.isdigit() and number[0] != "0" and int(number) <= spec.count:
            message = f"account {quote(one)} is listed, and made up by population {quote(name)} too"
            draft.problems.add(draft.key(AT, name), message, "give the population another name")
            return


def _held(listed: Sequence[Account]) -> dict[str, Fraction]:
    """Longs less shorts of each market, in contracts."""
    held: dict[str, Fraction] = {}
    if isinstance(listed, Columns):
        size = listed.sums().size
        return {listed.market: Fraction(size[LONG]) - Fraction(size[SHORT])}
    for account in listed:
        for one in account.positions:
            held[one.market] = held.get(one.market, Fraction(0)) + one.side * Fraction(one.size)
    return held


class _Block(NamedTuple):
    """Accounts of one position each in one market. money: what stands behind each."""

    market: str
    ids: list[str]
    longs: bytes
    sizes: Fixed
    entries: Fixed
    leverages: Fixed
    money: Fixed
    crosses: bytes

    def accounts(self) -> Iterator[Account]:
        """As objects."""
        columns = [
            [D(x).scaleb(-digits) for x in values]
            for values, digits in (self.sizes, self.entries, self.leverages, self.money)
        ]
        for name, long, cross, size, entry, leverage, money in zip(
            self.ids, self.longs, self.crosses, *columns, strict=True
        ):
            side = LONG if long else SHORT
            position = Position(self.market, side, size, entry, None if cross else money, leverage)
            yield Account(name, (position,), money if cross else ZERO)


class _Maker:
    """One block. `ok` is False once `problems` says why it is not made."""

    def __init__(
        self, draft: Draft, name: str, spec: PopulationSpec, markets: Mapping[str, Market], unit: Decimal
    ) -> None:
        self.draft, self.name, self.spec, self.markets, self.unit = draft, name, spec, markets, unit
        self.path: Path = (AT, name)
        self.before = len(draft.problems)

    def block(self, held: dict[str, Fraction]) -> _Block | None:
        """The accounts; what they hold is added to `held`."""
        market, spec = self._market(), self.spec
        if market is None:
            return None
        long = self._words("side", spec.side, "long", "short")
        size = self._spread("size", market.lot, f"the lot of market {quote(market.name)}")
        entry = self._spread("entry", market.tick, f"the tick of market {quote(market.name)}")
        leverage = self._spread("leverage", HUNDREDTH, "the step of leverages")
        cross = self._words("margin", spec.margin, "cross", "isolated")
        if len(self.draft.problems) > (self.before if spec.count <= MOST_FOR_NOTHING else 0):
            return None
        assert size is not None
        assert entry is not None
        assert leverage is not None
        made = Population(self.name, spec.seed, spec.count, long, size, entry, leverage, cross).drawn()
        lot = Fraction(market.lot)
        if spec.balanced:
            balanced = self._balanced(made, market, held.get(market.name, Fraction(0)))
            if balanced is None:
                return None
            made = balanced
        own = made.held(True) - made.held(False)
        held[market.name] = held.get(market.name, Fraction(0)) + own * lot
        return self._backed(made, market)

    # --- what is drawn from ---------------------------------------------------------------------------------

    def _market(self) -> Market | None:
        if self.spec.market is None:
            if len(self.markets) == 1:
                return next(iter(self.markets.values()))
            message = f"population {quote(self.name)} does not say in which market"
            self.draft.add(self.path, message, f"market: one of {', '.join(self.markets)}")
            return None
        if self.spec.market not in self.markets:
            fault = market_fault(self.spec.market, self.markets)
            self.draft.add((*self.path, "market"), fault.message, fault.hint)
        return self.markets.get(self.spec.market)

    def _words(self, key: str, given: Any, yes: str, no: str) -> Drawing:
        """1 for `yes`, 0 for `no`."""
        if given is None:
            return Weights([1, 0], [Fraction(1), Fraction(1)])
        if isinstance(given, str):
            return Weights([int(given == yes)], [Fraction(1)])
        weights = [Fraction(getattr(given, yes)), Fraction(getattr(given, no))]
        if not any(weights):
            self._add((key,), "has no weight above zero", f"{{{yes}: 1, {no}: 1}}")
        return Weights([1, 0], weights)

    def _spread(self, key: str, step: Decimal, grid: str) -> Drawing | None:
        """A number, weights or quantiles, in steps."""
        given: Any = getattr(self.spec, key)
        if isinstance(given, Decimal):
            return Weights([self._steps((key,), given, step, grid)], [Fraction(1)])
        if isinstance(given, dict):
            return self._weights(key, given, step, grid)
        parts = [part for part, _ in given]
        if len(given) < 2 or parts[0] != 0 or parts[-1] != 1:
            self._add(
                (key,), "must begin with a part of 0 and end with one of 1", f"{key}: [[0, 1], [1, 20]]"
            )
            return None
        for i, ((part, low), (above, high)) in enumerate(pairwise(given), 1):
            if above <= part:
                self._add((key, i), f"must have a part above {show(part)}, not {show(above)}")
            elif high < low:
                message = f"must have a number of at least {show(low)}, not {show(high)}"
                self._add((key, i), message, "more of the accounts are below a larger number")
        if len(self.draft.problems) > self.before:
            return None
        least = Fraction(step)
        return Quantiles([(Fraction(part), Fraction(number) / least) for part, number in given], 1)

    def _weights(self, key: str, given: dict[str, Decimal], step: Decimal, grid: str) -> Drawing | None:
        """{number: weight}."""
        values = []
        for text in given:
            place = self.draft.key(*self.path, key, text)
            try:
                number = number_of(text)
            except NumberError as error:
                self.draft.problems.add(place, f"a number of {quote(key)} {error.message}", error.hint)
                continue
            if number <= 0:
                message = f"a number of {quote(key)} must be greater than zero, not {show(number)}"
                self.draft.problems.add(place, message)
                continue
            values.append(self._steps((key, text), number, step, grid, place))
        if not any(given.values()):
            self._add((key,), "has no weight above zero", "{5: 2, 10: 1}: two of three have 5")
        if len(self.draft.problems) > self.before:
            return None
        return Weights(values, [Fraction(weight) for weight in given.values()])

    def _steps(self, path: Path, number: Decimal, step: Decimal, grid: str, place: Any = None) -> int:
        """A number that is written, in whole steps: it is not rounded behind anybody's back."""
        steps, rest = divmod(Fraction(number), Fraction(step))
        if rest:
            message = (
                f"{quote(path[0])} of population {quote(self.name)} has {show(number)}, no multiple of "
                f"{show(step)}, {grid}"
            )
            near = [show(step * n) for n in (int(steps), int(steps) + 1) if n]
            hint = f"write {' or '.join(near)}"
            self.draft.problems.add(place or self.draft.node(*self.path, *path), message, hint)
        return int(steps)

    def _add(self, path: Path, message: str, hint: str = "") -> None:
        """What is wrong with a value of the block."""
        what = quote(path[0]) if len(path) == 1 else f"item {int(path[1]) + 1} of {quote(path[0])}"
        self.draft.add((*self.path, *path), f"{what} of population {quote(self.name)} {message}", hint)

    # --- the accounts ---------------------------------------------------------------------------------------

    def _balanced(self, made: Drawn, market: Market, held: Fraction) -> Drawn | None:
        """So that longs and shorts of the market, those before included, are equal: the side that lacks
        contracts gets more; where the block has nobody on it, its other side less."""
        before, rest = divmod(held, Fraction(market.lot))
        if rest:
            why = f"the sizes before it are no whole lots of {show(market.lot)}"
            self._cannot_balance(market, why, "write these in whole lots, or give the market a finer lot")
            return None
        has = {long: made.held(long) for long in (True, False)}
        more = int(before) + has[True] - has[False]
        if not more:
            return made
        lacks_longs = more < 0
        side = lacks_longs if has[lacks_longs] else not lacks_longs
        found = scaled(made, side, has[side] + (abs(more) if side == lacks_longs else -abs(more)))
        if found is None:
            why = f"it has no {side_name(LONG if lacks_longs else SHORT)}"
            hint = "side: {long: 1, short: 1}, or more contracts of the other side before it"
            self._cannot_balance(market, why, hint)
        return found

    def _cannot_balance(self, market: Market, why: str, hint: str) -> None:
        self._add(("balanced",), f"cannot balance market {quote(market.name)}: {why}", hint)

    def _backed(self, made: Drawn, market: Market) -> _Block | None:
        """With what stands behind each: entry value / leverage. No leverage above that of the tier."""
        value, unit = valuer(market.contract, self.unit), self.unit
        limited = any(tier.max_leverage for tier in market.maintenance.tiers)
        leverages, money, cut = made.leverages, [], 0
        sizes, entries = _fixed(made.sizes, market.lot), _fixed(made.entries, market.tick)
        try:
            for i, (size, entry) in enumerate(zip(_numbers(sizes), _numbers(entries), strict=True)):
                if not i % 1_000:
                    how_far("account", i, self.spec.count)
                cost = value(size, entry)
                leverage = D(leverages[i]).scaleb(-2)
                limit = max_leverage(market.maintenance, size, abs(cost)) if limited else None
                if limit is not None and leverage > limit:
                    leverage = max(LEAST_LEVERAGE, round_to(limit, HUNDREDTH, "ROUND_FLOOR"))
                    leverages[i], cut = int(leverage.scaleb(2)), cut + 1
                money.append(initial_collateral(cost, leverage, unit))
            how_far("account", self.spec.count, self.spec.count)
        except DecimalException:
            money.append(ONE.scaleb(LIMIT_EXPONENT))
        if not all(map(_is_readable, (sizes, entries))) or max(money) >= ONE.scaleb(LIMIT_EXPONENT):
            message = f"population {quote(self.name)}: size x entry has more digits than can be held exactly"
            self.draft.problems.add(
                self.draft.key(*self.path), message, "use fewer digits, or a coarser lot and tick"
            )
            return None
        if cut:
            who = f"{cut:,} of {self.spec.count:,} accounts of population {quote(self.name)}"
            message = f"{who} have less leverage than was drawn"
            self.draft.problems.note(
                self.draft.node(*self.path, "leverage"), message, "their tiers allow no more"
            )
        digits = decimals(unit)
        ids = [f"{self.name}-{i}" for i in range(1, self.spec.count + 1)]
        backed = _shortened([int(one.scaleb(digits)) for one in money], digits)
        return _Block(
            market.name, ids, made.longs, sizes, entries, _shortened(leverages, 2), backed, made.crosses
        )


def _fixed(counts: Sequence[int], step: Decimal) -> Fixed:
    """So many steps each."""
    digits = decimals(step)
    each = int(step.scaleb(digits))
    return _shortened([each * count for count in counts], digits)


def _shortened(values: list[int], digits: int) -> Fixed:
    """Without the zeros at the end that all of them have."""
    common = gcd(*values) or 1
    less = next((n for n in range(digits) if common % 10 ** (n + 1)), digits)
    return ([one // 10**less for one in values] if less else values), digits - less


def _numbers(fixed: Fixed) -> Iterator[Decimal]:
    return (D(x).scaleb(-fixed[1]) for x in fixed[0])


def _is_readable(fixed: Fixed) -> bool:
    """Could a file write all of them?"""
    values, digits = fixed
    return bool(max(values) < 10 ** min(DIGITS, LIMIT_EXPONENT + digits))


def _joined(
    listed: Sequence[Account], more: Sequence[_Block | Sequence[Account]], markets: Mapping[str, Market]
) -> Sequence[Account]:
    """All of them: as columns, where every one can be."""
    parts = [*([listed if isinstance(listed, Columns) else Columns.of(listed)] if listed else ()), *more]
    columns = Columns(next(iter(markets)))
    if len(markets) == 1 and all(map(_is_plain, parts)):
        try:
            for one in parts:
                if isinstance(one, Columns):
                    _add_columns(columns, one)
                elif isinstance(one, _Block):
                    columns.add(one.ids, one.longs, one.sizes, one.entries, one.money, one.leverages)
        except OverflowError:  # plain accounts have room for it
            pass
        else:
            return columns
    found = [*listed]
    for block in more:
        found += block.accounts() if isinstance(block, _Block) else block
    return found


def _is_plain(part: _Block | Sequence[Account] | None) -> bool:
    """One isolated position each."""
    return not any(part.crosses) if isinstance(part, _Block) else isinstance(part, Columns)


def _add_columns(columns: Columns, more: Columns) -> None:
    """Those of other columns; a leverage of 0 where none was chosen."""
    sizes, entries, collaterals, leverages = more.sizes, more.entries, more.collaterals, more.leverages
    columns.add(
        more.ids,
        bytes(more.longs),
        (sizes.values, sizes.digits),
        (entries.values, entries.digits),
        (collaterals.values, collaterals.digits),
        (leverages.values, leverages.digits) if len(leverages) else (repeat(0, len(more)), 0),
    )
