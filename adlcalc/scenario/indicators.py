"""What a venue told of its queue, as data: the lights of a position, the open interest of a market. No run
depends on it; `rank` says what follows.

Public: Told, read_told.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from adlcalc.engine.model import LONG, SHORT
from adlcalc.scenario.draft import Draft
from adlcalc.scenario.schema import LongAccount, PositionSpec, ShortAccount


class Told(NamedTuple):
    """lights: (lights, of how many) by account, market and side; open_interest: contracts of a market, which
    each side holds."""

    lights: Mapping[tuple[str, str, int], tuple[int, int]]
    open_interest: Mapping[str, Decimal]


def read_told(draft: Draft, markets: list[str]) -> Told:
    """The indicators of the accounts that the file itself holds."""
    lights: dict[tuple[str, str, int], tuple[int, int]] = {}
    accounts = draft.file.accounts if isinstance(draft.file.accounts, list) else []
    for i, account in enumerate(accounts):
        long_form = isinstance(account, LongAccount)
        held: list[PositionSpec | ShortAccount] = (
            [account] if isinstance(account, ShortAccount) else [*account.positions]
        )
        for k, one in enumerate(held):
            shown = one.indicator
            if shown is None:
                continue
            if shown.lights > shown.of:
                path = ("accounts", i, *(("positions", k) if long_form else ()), "indicator", "lights")
                draft.add(path, f"'lights' is {shown.lights}, more than all {shown.of}")
            market = one.market or markets[0]
            lights[account.id, market, LONG if one.side == "long" else SHORT] = (shown.lights, shown.of)
    specs = draft.file.markets or {}
    return Told(
        lights, {name: spec.open_interest for name, spec in specs.items() if spec.open_interest is not None}
    )
