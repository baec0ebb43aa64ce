"""ccxt's `markets` -> tick, lot and size of a contract.

ccxt writes precision.price and precision.amount as steps (0.1, 0.001) for nearly every exchange; the amount
of a contract market is in contracts.

Public: MarketFile, import_markets, MarketOptions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from adlcalc.ground.numbers import ONE, exact, show
from adlcalc.importers.fields import Fields
from adlcalc.importers.guard import Imported, OptionError, assure
from adlcalc.importers.positions import Found
from adlcalc.importers.scenario_text import Steps
from adlcalc.source.document import read_document
from adlcalc.source.nodes import List, Map, Place, Source
from adlcalc.source.problems import Problems, closest_hint, escape, fail, quote


class MarketFile:
    """{symbol: market} as exchange.markets is, or the list that fetch_markets gives."""

    def __init__(self, source: Source, problems: Problems) -> None:
        """What is no such file is a problem."""
        root = read_document(source, problems)
        self.problems = problems
        self.rows: dict[str, Fields] = {}
        nodes = (
            root.items
            if isinstance(root, List)
            else list(root.items.values())
            if isinstance(root, Map)
            else []
        )
        for node in nodes:
            if isinstance(node, Map):
                row = Fields(node, problems)
                symbol = row.text("symbol")
                if symbol is not None:
                    self.rows[symbol] = row
        if root is not None and not self.rows:
            problems.add(
                root,
                "must be markets as ccxt gives them: {symbol: {precision, contractSize, ...}} or a "
                "list of markets",
            )

    def ticks(self, symbol: str) -> Steps | None:
        """Tick and lot of a market; None where the file has no such market."""
        row = self.rows.get(symbol)
        return None if row is None else Steps(self._step(row, "price"), self._step(row, "amount"))

    def _step(self, row: Fields, what: str) -> Decimal | None:
        step = row.number(f"precision.{what}")
        return step if step is not None and step > 0 else None

    def contract_size(self, symbol: str) -> Decimal | None:
        """What a contract is worth, in coins or USD."""
        row = self.rows.get(symbol)
        size = row.number("contractSize") if row is not None else None
        return size if size is not None and size > 0 else None

    def correct(self, one: Found) -> None:
        """The contract size of the market, where the row had none."""
        size = self.contract_size(one.symbol)
        missing = [note for note in one.notes if note.startswith("contractSize is not given")]
        if size is not None and missing:
            one.contract = replace(one.contract, multiplier=size)
            one.notes = [note for note in one.notes if note not in missing]


@dataclass(frozen=True, slots=True)
class MarketOptions:
    """symbol: the market to take; price: the mark of the scenario's one step; venue: the rulebook."""

    symbol: str
    price: Decimal
    venue: str = "generic"


def import_markets(source: Source, options: MarketOptions) -> Imported:
    """A scenario with a market as ccxt describes it, and two example accounts to replace."""
    problems = Problems()
    with exact():
        file = MarketFile(source, problems)
        problems.raise_if_any()
        row = file.rows.get(options.symbol)
        if row is None:
            hint = closest_hint(options.symbol, file.rows)
            raise fail(Place(source), f"there is no market {quote(options.symbol)} in the file", hint)
        if options.price <= 0:
            raise OptionError("--price must be greater than zero")
        text = "\n".join(_lines(source.name, file, row, options)) + "\n"
    problems.raise_if_any()
    assure(text)
    return Imported(text)


def _lines(name: str, file: MarketFile, row: Fields, options: MarketOptions) -> Iterator[str]:
    steps, size = file.ticks(options.symbol), file.contract_size(options.symbol)
    kind = "inverse" if row.text("inverse") == "true" else "linear"
    parts = [f"contract: {kind}"]
    for key, value in (("multiplier", size), ("tick", steps and steps.tick), ("lot", steps and steps.lot)):
        if value:
            parts.append(f"{key}: {show(value)}")
    yield f"# Made by `adlcalc import ccxt-markets` from {escape(name)}."
    yield f"title: {json.dumps(options.symbol, ensure_ascii=False)}"
    yield f"venue: {json.dumps(options.venue)}"
    yield f"markets: {{{json.dumps(options.symbol, ensure_ascii=False)}: {{{', '.join(parts)}}}}}"
    yield "fund: 0  # assumed"
    yield "accounts:  # assumed: an example, to be replaced by your own"
    lot = steps.lot if steps is not None and steps.lot else ONE
    for side in ("long", "short"):
        entry = show(options.price)
        yield f"  - {{id: {side}, side: {side}, size: {show(lot)}, entry: {entry}, leverage: 10}}"
    yield f"prices: [{show(options.price)}]"
