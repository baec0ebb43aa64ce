"""A run as JSON, schema adlcalc.run/1: a contract; keys are added, never renamed or taken away.

Amounts, prices, sizes, rates and scores are strings of plain digits. What counts or numbers (step, claim, rank) is an integer;
what does not apply is null. Nothing is rounded, nothing is left out: every account is here, touched or not.

Public: SCHEMA, sections, document, write.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from adlcalc.engine.events import AccountState, Deleveraged, PositionState
from adlcalc.engine.model import Market, side_name
from adlcalc.engine.numbers import ZERO, show
from adlcalc.ground.text import clean_json
from adlcalc.report.run_view import StepRow, funding_by_account

if TYPE_CHECKING:
    from adlcalc.report.run import Run

SCHEMA = "adlcalc.run/1"
Row = dict[str, Any]


def sections(run: Run) -> Row:
    """The whole run, the order of the keys fixed; tables are iterators, so that a large book is never held twice."""
    funding = funding_by_account(run.events)
    return {
        "schema": SCHEMA,
        "scenario": _scenario(run),
        "steps": map(_step, run.steps),
        "liquidations": map(_row, run.liquidations),
        "fund": map(_row, run.fund),
        "deleveraged": map(_deleveraged, run.deleveraged),
        "skipped": map(_row, run.skipped),
        "funding": map(_row, run.funding),
        "socialized": map(_row, run.socialized),
        "bad_debt": map(_row, run.bad_debt),
        "accounts": (_account(account, funding.get(account.account, ZERO)) for account in run.accounts),
        "audit": {
            "money_difference": show(run.audit.money_difference),
            "open_interest_difference": show(run.audit.open_interest_difference),
            "bad_debt": show(run.audit.bad_debt),
            "rest_of_market": _numbers(run.audit.rest),
        },
        "assumptions": ({"rule": one.rule, "note": one.note} for one in run.assumptions),
    }


def document(run: Run) -> Row:
    """The whole run as dicts and lists."""
    return {key: list(value) if isinstance(value, Iterator) else value for key, value in sections(run).items()}


def write(run: Run) -> str:
    """The document as ASCII text with one row per line, so that two runs can be compared line by line."""
    parts = []
    for key, value in sections(run).items():
        if isinstance(value, Iterator):
            rows = ",\n".join("    " + json.dumps(row) for row in value)
            parts.append(f"  {json.dumps(key)}: [\n{rows}\n  ]" if rows else f"  {json.dumps(key)}: []")
        else:
            parts.append(f"  {json.dumps(key)}: {json.dumps(value)}")
    return clean_json("{\n" + ",\n".join(parts) + "\n}\n")


def _scenario(run: Run) -> Row:
    scenario = run.scenario
    return {
        "title": scenario.title,
        "venue": scenario.venue,
        "file": run.file,
        "steps": len(run.steps),
        "accounts": len(scenario.accounts),
        "money_unit": show(scenario.money_unit),
        "markets": [_market(market) for market in scenario.markets],
    }


def _market(market: Market) -> Row:
    return {
        "market": market.name,
        "contract": market.contract.kind,
        "multiplier": show(market.contract.multiplier),
        "tick": show(market.tick),
        "lot": show(market.lot),
        "fund": market.fund,
    }


def _step(step: StepRow) -> Row:
    return {
        "step": step.step,
        "time": step.time,
        "marks": _numbers(step.marks),
        "funds": _numbers(step.funds),
        "liquidated": list(step.liquidated),
        "deleveraged": list(step.deleveraged),
        "money_difference": show(step.money_difference),
        "open_interest_difference": show(step.open_interest_difference),
        "bad_debt": show(step.bad_debt),
    }


def _deleveraged(row: Deleveraged) -> Row:
    return {
        "step": row.step,
        "account": row.account,
        "market": row.market,
        "side": side_name(row.side),
        "rank": row.rank,
        "score": show(row.score),
        "size_before": show(row.size_before),
        "size": show(row.size),
        "price": show(row.price),
        "realized_pnl": show(row.realized_pnl),
        "forgone_pnl": show(row.forgone_pnl),
        "bankrupt": row.bankrupt,
        "claim": row.claim,
        "mark_price": show(row.mark),
        "tied": row.tied,
    }


def _account(account: AccountState, funding: Decimal) -> Row:
    return {
        "account": account.account,
        "equity_start": show(account.equity_start),
        "equity_end": show(account.equity_end),
        "status": account.status,
        "deleveraged": account.deleveraged,
        "balance": show(account.balance),
        "funding": show(funding),
        "positions": [_position(position) for position in account.positions],
    }


def _position(position: PositionState) -> Row:
    return {
        "market": position.market,
        "side": side_name(position.side),
        "size": show(position.size),
        "entry_price": show(position.entry),
        "mark_price": show(position.mark),
        "unrealized_pnl": show(position.unrealized_pnl),
        "collateral": None if position.collateral is None else show(position.collateral),
    }


_KEYS = {"mark": "mark_price"}  # event field -> JSON key, where they differ


def _row(record: NamedTuple) -> Row:
    """A row with the names of its fields as keys: numbers as digits, sides by name."""
    return {
        _KEYS.get(key, key): side_name(value) if key == "side" else show(value) if isinstance(value, Decimal) else value
        for key, value in record._asdict().items()
    }


def _numbers(named: Mapping[str, Decimal]) -> dict[str, str]:
    return {name: show(x) for name, x in named.items()}
