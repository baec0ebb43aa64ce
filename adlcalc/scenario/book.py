"""Accounts of a CSV file: columns id, side, size, entry and market, leverage, collateral, margin, balance,
owner, stop, take_profit, exempt; one row a position.

Rows of one id are one account, wherever they stand; its balance and owner are on its first row, empty or
the same on the others; it is exempt where any of them says so. Made for a million rows: columns become
numbers at once, and a cell's place in the file is looked up only for an error.

Public: build_book, first_market.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, DecimalException
from itertools import repeat
from typing import TypeVar

from adlcalc.engine.columns import Columns, integers
from adlcalc.engine.formulas.margin import initial_collateral, valuer
from adlcalc.engine.happenings import Standing
from adlcalc.engine.model import LONG, SHORT, Account, Market, Position
from adlcalc.ground.numbers import ZERO, D, show
from adlcalc.scenario.currencies import account_faults
from adlcalc.scenario.draft import LONGEST_NAME, RESERVED_IDS, Draft, name_fault
from adlcalc.scenario.faults import (
    LEAST_LEVERAGE,
    Fault,
    amount_faults,
    balance_faults,
    digits_fault,
    margin_faults,
    market_fault,
    needs_money,
    order_faults,
    tier_fault,
    twice_fault,
)
from adlcalc.scenario.limits import max_leverage
from adlcalc.scenario.schema import BookFile
from adlcalc.source.problems import Problems, closest_hint, quote
from adlcalc.source.table import Chunk, Table, fixed_numbers, numbers_of, numbers_or_gaps

T = TypeVar("T")
REQUIRED = ("id", "side", "size", "entry")
COLUMNS = (
    *REQUIRED, "market", "leverage", "collateral", "margin", "balance", "owner", "stop", "take_profit",
    "exempt",
)  # fmt: skip
SIDES = {"long": LONG, "short": SHORT}
IS_LONG = {"long": 1, "short": 0}
IS_EXEMPT = {"true": True, "false": False, "": False}
IS_CROSS = {"isolated": False, "cross": True, "": False}
MOST = 100
"""Faulty rows after which the reading ends."""


def build_book(
    draft: Draft, spec: BookFile, markets: Mapping[str, Market], unit: Decimal, *, key: str = "accounts"
) -> Sequence[Account]:
    """The accounts of the file, in the order in which their ids first appear. key: that names the file."""
    table = Table(draft.companion(spec.file, draft.node(key, "file")))
    before = len(draft.problems)
    _check_columns(table, draft.problems, markets)
    if len(draft.problems) > before:
        return []
    book = _Book(table, draft.problems, markets, unit)
    for chunk in table.chunks(draft.problems):
        book.take(chunk)
        if len(draft.problems) > before + MOST:
            break
        draft.owners.update(book.owners(chunk))
        draft.exempt.update(book.exempt(chunk))
        draft.orders.extend(book.orders(chunk))
    found = book.accounts()
    if not found and len(draft.problems) == before:
        message = f"{quote(spec.file)} has no rows: there is nobody to whom anything could happen"
        draft.problems.note(draft.node(key, "file"), message)
    return found


def first_market(draft: Draft, spec: BookFile, *, key: str) -> str | None:
    """The market of the first row, if the book has such a column: what names the market where nothing else
    does."""
    table = Table(draft.companion(spec.file, draft.node(key, "file")))
    if table.names.count("market") != 1:
        return None
    chunk = next(table.chunks(Problems()), None)
    return next(filter(None, chunk.columns["market"]), None) if chunk is not None else None


ELSEWHERE = "adlcalc import book FILE reads tables with other names"


def _check_columns(table: Table, problems: Problems, markets: Mapping[str, Market]) -> None:
    """Every column known, given once, none missing."""
    separator = next((one for one in ";\t|" if table.names[0].count(one) > 1), None)
    if separator and len(table.names) == 1:
        shown = "tabs" if separator == "\t" else quote(separator)
        problems.add(
            table.header_place(None), f"the cells are separated by {shown}, not by commas", ELSEWHERE
        )
        return
    for name in dict.fromkeys(table.names):
        if table.names.count(name) > 1:
            problems.add(table.header_place(name), f"column {quote(name)} is given twice")
        elif name not in COLUMNS:
            problems.add(
                table.header_place(name), f"unknown column {quote(name)}", closest_hint(name, COLUMNS)
            )
    missing = [name for name in REQUIRED if name not in table.names]
    if "market" not in table.names and len(markets) > 1:
        missing.append("market")
    if missing:
        columns = f"column{'s' * (len(missing) > 1)} {', '.join(quote(name) for name in missing)}"
        problems.add(
            table.header_place(None),
            f"the header has no {columns}",
            f"the columns are {', '.join(COLUMNS)}; {ELSEWHERE}",
        )


class _Book:
    """The accounts so far: where each id stands, its positions, its balance."""

    def __init__(
        self, table: Table, problems: Problems, markets: Mapping[str, Market], unit: Decimal
    ) -> None:
        self.table, self.problems, self.markets, self.unit = table, problems, markets, unit
        self.settles = {market.name: market.settles for market in markets.values()}
        self.values = {market.name: valuer(market.contract, unit) for market in markets.values()}
        self.limited = any(
            tier.max_leverage for market in markets.values() for tier in market.maintenance.tiers
        )
        self.slots: dict[str, int] = {}
        self.positions: list[tuple[Position, ...]] = []
        self.several: dict[
            int, dict[tuple[str, int], Position]
        ] = {}  # slot -> its positions, where a further row came
        self.balances: list[Decimal | None] = []

        one = len(markets) == 1 and "market" not in table.names
        self.columns: Columns | None = Columns(next(iter(markets))) if one else None
        self.known: set[str] = set()

    def accounts(self) -> Sequence[Account]:
        """What has been read."""
        if self.columns is not None and len(self.columns):
            return self.columns
        for slot, positions in self.several.items():
            self.positions[slot] = tuple(positions.values())
        rows = zip(self.slots, self.positions, self.balances, strict=True)
        return [Account(name, positions, balance or ZERO) for name, positions, balance in rows]

    def take(self, chunk: Chunk) -> None:
        """Add the rows of a chunk: its columns first, then row by row what concerns several cells."""
        if self.columns is not None:
            if self._take_plain(chunk, self.columns):
                return
            self._unfold(self.columns)
        before = len(self.problems)
        only = next(iter(self.markets.values()))
        ids = self._ids(chunk)
        markets = self._choices(
            chunk, "market", self.markets if len(self.markets) > 1 else {**self.markets, "": only}, only
        )
        sides = self._choices(chunk, "side", SIDES, LONG)
        crosses = self._choices(chunk, "margin", IS_CROSS, False)
        sizes, entries = self._positive(chunk, "size"), self._positive(chunk, "entry")
        leverages = self._optional(chunk, "leverage", above_zero=True)
        collaterals = self._optional(chunk, "collateral", above_zero=False)
        balances = self._optional(chunk, "balance")
        if len(self.problems) > before:
            return
        unit, values, slots, held, limited = self.unit, self.values, self.slots, self.positions, self.limited
        odd = self._has_odd_amounts(sizes, leverages, collaterals, balances)
        rows = zip(
            ids, markets, sides, crosses, sizes, entries, leverages, collaterals, balances, strict=False
        )
        for i, (name, market, side, cross, size, entry, leverage, collateral, balance) in enumerate(rows):
            if cross or balance is not None or (leverage is None) == (collateral is None):
                known = balance if balance is not None else self._balance_of(name)
                self._tell(chunk, i, margin_faults(name, cross, leverage, collateral))
                self._tell(chunk, i, balance_faults(name, cross, known))
            if odd:
                self._tell(chunk, i, amount_faults(name, market, size, leverage, collateral, unit))
                self._tell(chunk, i, needs_money("balance", f"account {quote(name)}", balance, unit))
            try:
                cost = values[market.name](size, entry)
                if leverage is not None and not cross:
                    collateral = initial_collateral(cost, leverage, unit)
            except DecimalException:
                self._tell(chunk, i, [digits_fault(name)])
                continue
            if limited and leverage is not None:
                limit = max_leverage(market.maintenance, size, abs(cost))
                if limit is not None and leverage > limit:
                    self._tell(chunk, i, [tier_fault(name, market, leverage, limit)])
            position = Position(market.name, side, size, entry, collateral, leverage)
            slot = slots.setdefault(name, len(held))
            if slot == len(held):
                held.append((position,))
                self.balances.append(balance)
            else:
                self._add(chunk, i, slot, name, position, balance)

    def _take_plain(self, chunk: Chunk, columns: Columns) -> bool:
        """Add a chunk of sound rows of one isolated position each as they are; False, and nothing added,
        where any row is something else. What is wrong with it is told by `take`."""
        cells, unit = chunk.columns, self.unit
        market = next(iter(self.markets.values()))
        ids, known = cells["id"], self.known
        if not set(cells["side"]) <= SIDES.keys() or not set(cells.get("margin", ())) <= {"", "isolated"}:
            return False
        if any(cells.get("balance", ())) or not self._are_plain_names(ids):
            return False
        sizes = fixed_numbers(cells["size"], columns.sizes.digits)
        entries = fixed_numbers(cells["entry"], columns.entries.digits)
        by_leverage = any(cells.get("leverage", ()))
        if by_leverage == any(cells.get("collateral", ())):
            return False
        if len(columns) and by_leverage != bool(len(columns.leverages)):
            return False
        money = fixed_numbers(
            cells["leverage" if by_leverage else "collateral"],
            (columns.leverages if by_leverage else columns.collaterals).digits,
        )
        if sizes is None or entries is None or money is None:
            return False
        least = integers([market.lot])
        if min(sizes[0]) * 10 ** least[1] < least[0][0] * 10 ** sizes[1] or min(entries[0]) <= 0:
            return False
        leverages = None
        if by_leverage:
            found = self._collaterals(market, sizes, entries, money)
            if found is None:
                return False
            leverages, money = money, found
        elif min(money[0]) < 0 or money[1] > integers([unit])[1] or unit.as_tuple().digits != (1,):
            return False
        before = len(known)
        known.update(ids)
        if len(known) != before + len(ids):
            return False
        try:
            columns.add(ids, bytes(map(IS_LONG.__getitem__, cells["side"])), sizes, entries, money, leverages)
        except OverflowError:
            return False
        return True

    def _collaterals(
        self,
        market: Market,
        sizes: tuple[list[int], int],
        entries: tuple[list[int], int],
        leverages: tuple[list[int], int],
    ) -> tuple[list[int], int] | None:
        """What stands behind positions whose leverage is given, by the rule itself; None where one is not
        allowed."""
        value, unit, found = self.values[market.name], self.unit, []
        for size, entry, times in zip(sizes[0], entries[0], leverages[0], strict=True):
            q, leverage = D(size).scaleb(-sizes[1]), D(times).scaleb(-leverages[1])
            if leverage < LEAST_LEVERAGE:
                return None
            cost = value(q, D(entry).scaleb(-entries[1]))
            if self.limited:
                limit = max_leverage(market.maintenance, q, abs(cost))
                if limit is not None and leverage > limit:
                    return None
            found.append(initial_collateral(cost, leverage, unit))
        try:
            return integers(found)
        except OverflowError:  # plain accounts have room for it
            return None

    def _unfold(self, columns: Columns) -> None:
        """From here on as plain accounts: some row is no lone isolated position, or is faulty."""
        for account in columns:
            self.slots[account.id] = len(self.positions)
            self.positions.append(account.positions)
            self.balances.append(None)
        self.columns, self.known = None, set()

    def owners(self, chunk: Chunk) -> dict[str, str]:
        """Whose an account is, of those whose first row says it."""
        found: dict[str, str] = {}
        for i, (name, owner) in enumerate(
            zip(chunk.columns["id"], chunk.columns.get("owner", ()), strict=False)
        ):
            if not owner:
                continue
            if fault := name_fault(owner):
                self._tell(chunk, i, [Fault("owner", f"owner {quote(owner)} {fault}")])
            elif found.setdefault(name, owner) != owner:
                self._tell(
                    chunk, i, [Fault("owner", f"account {quote(name)} has another owner on its first row")]
                )
        return found

    def exempt(self, chunk: Chunk) -> Iterator[str]:
        """Who is never liquidated."""
        if "exempt" in chunk.columns:
            said = self._choices(chunk, "exempt", IS_EXEMPT, False)
            yield from (name for name, so in zip(chunk.columns["id"], said, strict=False) if so)

    def orders(self, chunk: Chunk) -> Iterator[Standing]:
        """The stops and take-profits of its rows, in their order."""
        cells = chunk.columns
        if not any(any(cells.get(column, ())) for column in ("stop", "take_profit")):
            return
        only = next(iter(self.markets))
        names = cells.get("market") or repeat(only)
        stops = self._optional(chunk, "stop", above_zero=True)
        profits = self._optional(chunk, "take_profit", above_zero=True)
        rows = zip(cells["id"], names, cells["side"], stops, profits, strict=False)
        for i, (name, market, word, stop, profit) in enumerate(rows):
            if stop is not None or profit is not None:
                side = SIDES.get(word, LONG)  # another word is told of already
                self._tell(chunk, i, order_faults(name, side, stop, profit))
                yield Standing(name, market or only, side, stop, profit)

    def _add(
        self, chunk: Chunk, i: int, slot: int, name: str, position: Position, balance: Decimal | None
    ) -> None:
        """A further row of an account."""
        if balance is not None and balance != self.balances[slot]:
            self._tell(
                chunk, i, [Fault("balance", f"account {quote(name)} has another balance on its first row")]
            )
        several = self.several.setdefault(
            slot, {(first.market, first.side): first for first in self.positions[slot]}
        )
        if several.setdefault((position.market, position.side), position) is not position:
            self._tell(chunk, i, [twice_fault(name, position)._replace(key="id")])
        first, _ = next(iter(several))
        if self.settles[position.market] != self.settles[first]:
            self._tell(chunk, i, account_faults(name, (first, position.market), self.settles))

    def _balance_of(self, name: str) -> Decimal | None:
        """The balance that an earlier row of the account has."""
        slot = self.slots.get(name)
        return None if slot is None else self.balances[slot]

    def _has_odd_amounts(
        self,
        sizes: Sequence[Decimal],
        leverages: Iterable[Decimal | None],
        collaterals: Iterable[Decimal | None],
        balances: Iterable[Decimal | None],
    ) -> bool:
        """Does a chunk hold an amount that is too small or too fine? Seldom: then every row is looked at."""
        lot, unit = max(market.lot for market in self.markets.values()), self.unit
        columns = [column for column in (collaterals, balances) if isinstance(column, Sequence)]
        return (
            min(sizes) < lot
            or (
                isinstance(leverages, Sequence)
                and min((x for x in leverages if x is not None), default=LEAST_LEVERAGE) < LEAST_LEVERAGE
            )
            or any(x % unit for column in columns for x in column if x is not None)
        )

    # --- columns --------------------------------------------------------------------------------------------

    @staticmethod
    def _are_plain_names(ids: Sequence[str]) -> bool:
        """Does none of them need a closer look?"""
        text = "".join(ids)
        return (
            text.isprintable()
            and " " not in text
            and text.isascii()
            and min(map(len, ids)) > 0
            and max(map(len, ids)) <= LONGEST_NAME
            and RESERVED_IDS.isdisjoint(ids)
        )

    def _ids(self, chunk: Chunk) -> Sequence[str]:
        ids = chunk.columns["id"]
        if not self._are_plain_names(ids):
            for i, name in enumerate(ids):
                fault = name_fault(name, reserved=RESERVED_IDS)
                if fault:
                    self._tell(chunk, i, [Fault("id", f"account id {quote(name)} {fault}")])
        return ids

    def _choices(self, chunk: Chunk, column: str, known: Mapping[str, T], default: T) -> Iterable[T]:
        """A column of words; the default where there is no such column."""
        cells = chunk.columns.get(column)
        if cells is None:
            return repeat(default)
        if not known.keys() >= set(cells):
            words = [word for word in known if word]
            for i, cell in enumerate(cells):
                if cell in known:
                    continue
                if column == "market":
                    self._tell(chunk, i, [market_fault(cell, words)])
                else:
                    self._tell(
                        chunk,
                        i,
                        [Fault(column, f"{quote(column)} must be {' or '.join(words)}, not {quote(cell)}")],
                    )
            return ()
        return [known[cell] for cell in cells]

    def _positive(self, chunk: Chunk, column: str) -> Sequence[Decimal]:
        """A column of numbers above zero."""
        numbers = numbers_of(self.table, chunk, column, self.problems) or []
        self._tell_range(chunk, column, numbers, "must be greater than zero", lambda x: x <= 0)
        return numbers

    def _optional(
        self, chunk: Chunk, column: str, *, above_zero: bool | None = None
    ) -> Iterable[Decimal | None]:
        """A column of numbers that may be empty or missing: above zero, zero and more (above_zero=False), or
        any."""
        if column not in chunk.columns:
            return repeat(None)
        numbers = numbers_or_gaps(self.table, chunk, column, self.problems) or []
        if above_zero:
            self._tell_range(chunk, column, numbers, "must be greater than zero", lambda x: x <= 0)
        elif above_zero is False:
            self._tell_range(chunk, column, numbers, "must be zero or more", lambda x: x < 0)
        return numbers

    def _tell_range(
        self,
        chunk: Chunk,
        column: str,
        numbers: Sequence[Decimal | None],
        must: str,
        is_wrong: Callable[[Decimal], bool],
    ) -> None:
        """Tell of the numbers outside a range."""
        smallest = min((number for number in numbers if number is not None), default=None)
        if smallest is None or not is_wrong(smallest):
            return
        for i, number in enumerate(numbers):
            if number is not None and is_wrong(number):
                self._tell(chunk, i, [Fault(column, f"{quote(column)} {must}, not {show(number)}")])

    def _tell(self, chunk: Chunk, i: int, found: Iterable[Fault]) -> None:
        for fault in found:
            if len(self.problems) <= 2 * MOST:  # each one is searched in the text
                self.problems.add(self.table.cell(chunk.first + i, fault.key), fault.message, fault.hint)
