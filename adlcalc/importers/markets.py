"""ccxt's `markets` -> tick, lot and size of a contract.

ccxt writes precision.price and precision.amount as steps (0.1, 0.001) for nearly every exchange; the amount
of a contract market is in contracts.

Public: MarketFile.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from adlcalc.importers.fields import Fields
from adlcalc.importers.positions import Found
from adlcalc.importers.scenario_text import Steps
from adlcalc.source.document import read_document
from adlcalc.source.nodes import List, Map, Source
from adlcalc.source.problems import Problems


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
