"""What a run tells.

Public: LIQUIDATIONS, FUND, FUND_STOPS, DELEVERAGED, SKIPPED, SOCIALIZED, BAD_DEBT, ACCOUNTS, STEPS, RUN."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from adlcalc.engine.model import DEFAULT_SETTLEMENT
from adlcalc.ground.numbers import ZERO
from adlcalc.report.columns.happened import HAPPENED
from adlcalc.report.columns.health import POSITIONS
from adlcalc.report.columns.series import SERIES
from adlcalc.report.columns.shared import (
    AS_OF,
    ASSUMPTIONS,
    CLAIM,
    CLAIMED,
    CURRENCIES,
    DESCRIPTION,
    MARKET,
    MARKET_SHOWN,
    STEP,
    TIME,
    bad_debt,
    score_column,
    shown_position,
)
from adlcalc.report.field import CSV, JSON, Document, Field, Rows, told
from adlcalc.report.human import NOTHING, clean, counted, position
from adlcalc.report.table import Column, lines, listed, numbers
from adlcalc.report.tones import Tone
from adlcalc.study import expected

LIST_WIDTH = 24  # a cell that would list names beyond this width gives their number instead
MANY = 4  # positions of an account beyond which only their number is given
METHODS = {
    "takeover": "taken over",
    "reduced": "reduced",
    "network": "taken over at the mark",
    "vault": "deleveraged itself",
}
WHY = {
    "closed": "closed at a loss",
    "held": "still held by the venue",
    "owed": "owed by the account, below zero",
}


def _score(rows: Sequence[Any], _: Any) -> Iterator[Column | None]:
    return score_column([row.score for row in rows], 3)


def _score_passed_over(rows: Sequence[Any], _: Any) -> Iterator[Column | None]:
    return score_column([row.score for row in rows], 2)


MARKETS = Rows(
    "markets",
    "the markets",
    (
        Field("market", "market", "its name", of="name"),
        Field("contract", "text", "linear or inverse", of="contract.kind"),
        Field("multiplier", "number", "what a price is multiplied with", of="contract.multiplier"),
        Field("tick", "number", "the smallest step of a price"),
        Field("lot", "number", "the smallest step of a size"),
        Field("fund", "fund", "its insurance fund"),
        Field(
            "settles",
            "text",
            "the currency of its money, where that is not the quote (linear) or base (inverse) currency",
            of=lambda market, _: (
                None if market.settles == DEFAULT_SETTLEMENT[market.contract.kind] else market.settles
            ),
            optional=True,
        ),
    ),
    by="market",
)
SCENARIO = Rows(
    "scenario",
    "what was run",
    (
        Field("title", "text", "its title", of="scenario.title", null=True, prose=True),
        DESCRIPTION,
        Field("venue", "text", "whose rules", of="scenario.venue"),
        AS_OF,
        Field("file", "text", "the name that it was read under", null=True, prose=True),
        Field("steps", "count", "how many steps the path has", of=lambda run, _: run.step_count),
        Field(
            "accounts", "step", "how many accounts there are", of=lambda run, _: len(run.scenario.accounts)
        ),
        Field("money_unit", "number", "to what money is rounded", of="scenario.money_unit"),
        Field("markets", "rows", "the markets", of="scenario.markets", inner=MARKETS),
    ),
    records=lambda run: run,
    one=True,
    where=(JSON,),
)


def _listed(names: Sequence[str]) -> str:
    """'alice, bob', or '12 accounts' where that would be too wide; '-' for none."""
    text = ", ".join(map(clean, names)) or NOTHING
    return text if len(text) <= LIST_WIDTH or len(names) == 1 else counted(len(names), "account")


def _marks(rows: Sequence[Any], run: Any) -> Iterator[Column | None]:
    """A column for each market; the last one goes first."""
    names = [market.name for market in run.scenario.markets]
    for i, name in enumerate(names):
        heading = f"mark\n{clean(name)}" if len(names) > 1 else "mark"
        yield numbers(heading, [row.marks.get(name) for row in rows], drop=1 + len(names) - i)


def _funds(rows: Sequence[Any], run: Any) -> Iterator[Column | None]:
    """A column for each fund; all of them go after the marks."""
    names = [fund.name for fund in run.scenario.funds]
    for name in names:
        heading = f"fund\n{clean(name)}" if len(names) > 1 else "fund"
        yield numbers(heading, [row.funds.get(name) for row in rows], drop=2 + len(run.scenario.markets))


STEPS = Rows(
    "steps",
    "the path, step by step",
    (
        STEP,
        Field("time", "text", "when it was", null=True, heading="time", drop=1, hide=True),
        Field("marks", "numbers", "the mark price by market", columns=_marks),
        Field("funds", "numbers", "what each fund holds at its end", columns=_funds),
        Field(
            "liquidated",
            "texts",
            "who was liquidated",
            heading="liquidated",
            shown=lambda row, _: _listed(row.liquidated),
            look=listed,
        ),
        Field(
            "deleveraged",
            "texts",
            "who was deleveraged",
            heading="deleveraged",
            shown=lambda row, _: _listed(row.deleveraged),
            look=listed,
        ),
        Field("money_difference", "number", "the audit of money: 0"),
        Field("open_interest_difference", "number", "the audit of contracts: 0"),
        Field(
            "bad_debt", "number", "bad debt up to here; null for several currencies", of=bad_debt, null=True
        ),
        CURRENCIES,
    ),
    where=(JSON,),
    page="step time marks liquidated funds deleveraged",
)


class _Mark(NamedTuple):
    """A market at a step: a row of the CSV."""

    step: int
    time: str | None
    market: str
    mark: Decimal


MARKS = Rows(
    "marks",
    "the path, step by step",
    (
        STEP,
        Field("time", "text", "when it was", null=True),
        MARKET,
        Field("mark_price", "number", "the mark price", of="mark"),
    ),
    records=lambda run: (
        _Mark(step.step, step.time, market, mark) for step in run.steps for market, mark in step.marks.items()
    ),
    table="mark",
    where=(CSV,),
    asked="steps",
)


def _reduced(run: Any) -> bool:
    return any(one.method != "takeover" for one in run.closed)


def _part(key: str, note: str, heading: str, drop: int = 0, tone: Tone | None = None) -> Field:
    """What became of a part of a liquidated position: a column only where there is any."""
    return Field(key, "number", note, heading=heading, zero=NOTHING, hide=True, drop=drop, tone=tone)


LIQUIDATIONS = Rows(
    "liquidations",
    "the positions that the venue closed",
    (
        STEP,
        TIME,
        told(expected.LIQUIDATED["account"], heading="account"),
        MARKET,
        told(expected.LIQUIDATED["side"]),
        told(expected.LIQUIDATED["size"], heading="position", shown=shown_position, look=lines),
        told(expected.LIQUIDATED["entry_price"], heading="entry\nprice", drop=2),
        told(expected.LIQUIDATED["mark_price"], heading="mark\nprice", drop=8),
        told(
            expected.LIQUIDATED["bankruptcy_price"], null=True, heading="bankruptcy\nprice", drop=6, hide=True
        ),
        told(
            expected.LIQUIDATED["liquidation_price"],
            null=True,
            heading="liquidation\nprice",
            drop=9,
            hide=True,
        ),
        _part(
            "book_size", "contracts closed in the book, at this step and later ones", "in the\nbook", drop=7
        ),
        Field(
            "book_price",
            "number",
            "at which price on average",
            null=True,
            heading="at\nprice",
            drop=4,
            hide=True,
        ),
        _part("backstop_size", "contracts that a backstop took over", "back\xad\nstop"),
        _part("deleveraged_size", "contracts closed against counterparties", "by\nADL"),
        _part(
            "surplus", "money by which fills were better than the bankruptcy price", "surplus", tone=Tone.GAIN
        ),
        _part(
            "shortfall",
            "money by which fills were worse than the bankruptcy price, which is rounded to the tick",
            "shortfall",
            tone=Tone.LOSS,
        ),
        CLAIM,
        Field("margin", "text", "isolated or cross"),
        Field(
            "method",
            "text",
            "takeover, or reduced in the account's own name",
            heading="how",
            shown=lambda row, _: METHODS.get(row.method, row.method),
            drop=3,
            when=_reduced,
        ),
        Field("equity", "number", "equity of its margin unit then"),
        Field("maintenance", "number", "maintenance margin of its margin unit then"),
        _part("held_size", "contracts that the venue still holds at the end", "still\nheld"),
    ),
    table="liquidation",
    page="step time account size method entry_price liquidation_price bankruptcy_price mark_price book_size "
    "book_price"
    " backstop_size deleveraged_size held_size surplus shortfall",
    by="account",
)
FUND = Rows(
    "fund",
    "the insurance funds, step by step",
    (
        STEP,
        TIME,
        Field("fund", "fund", "which fund", heading="fund", when=lambda run: len(run.scenario.funds) > 1),
        Field("opening", "number", "what it held before the step", heading="opening"),
        Field("received", "number", "what it received", heading="received", zero=NOTHING, tone=Tone.GAIN),
        Field("paid", "number", "what it paid", heading="paid", zero=NOTHING, tone=Tone.LOSS),
        Field("closing", "number", "what it holds after the step", heading="closing"),
    ),
    by="fund",
)
FUND_STOPS = Rows(
    "fund_stops",
    "when a fund stopped paying because of its drawdown, and when it paid again",
    (
        STEP,
        TIME,
        Field("fund", "fund", "which fund"),
        Field("kind", "text", "stopped or resumed"),
        Field("balance", "number", "what it holds"),
        Field("peak", "number", "the highest that it held in the window"),
        Field("fall", "number", "peak - balance; of a contract how far its pnl is below its best"),
        Field("limit", "number", "the fall at which it stops, or below which it pays again"),
        Field("window", "step", "over how many seconds the peak is taken; null: the whole run", null=True),
        Field(
            "market",
            "market",
            "the contract whose own pnl fell, for which it stops; null: the fund's worth fell",
            null=True,
        ),
        Field("left", "number", "what it might still pay, or lose by keeping positions", null=True),
    ),
    where=(JSON,),
)
DELEVERAGED = Rows(
    "deleveraged",
    "the ADL fills, a row for each counterparty",
    (
        STEP,
        TIME,
        told(expected.DELEVERAGED["account"], heading="account"),
        MARKET,
        told(expected.DELEVERAGED["side"]),
        told(expected.DELEVERAGED["rank"], heading="rank", drop=7),
        told(expected.DELEVERAGED["score"], columns=_score),
        Field("size_before", "number", "contracts held before", heading="out\nof", drop=6),
        told(expected.DELEVERAGED["size"], heading="gave up", shown=shown_position, look=lines),
        told(expected.DELEVERAGED["price"], heading="at\nprice"),
        told(expected.DELEVERAGED["realized_pnl"], heading="realized\npnl", tone=Tone.SIGNED, drop=5),
        told(expected.DELEVERAGED["forgone_pnl"], heading="forgone\npnl", tone=Tone.LOSS),
        told(expected.DELEVERAGED["bankrupt"], heading="against"),
        CLAIM,
        CLAIMED,
        Field(
            "mark_price",
            "number",
            "mark price at which it happened",
            of="mark",
            heading="mark\nprice",
            drop=2,
        ),
        Field("tied", "flag", "a neighbor in the queue had the same score"),
    ),
    page="step time account rank score size size_before price mark_price realized_pnl forgone_pnl bankrupt",
    by="account",
)
SKIPPED = Rows(
    "skipped",
    "counterparties that were passed over, as the fill would have left them below zero",
    (
        STEP,
        CLAIM,
        CLAIMED,
        Field("account", "account", "who is passed over", heading="account"),
        MARKET_SHOWN,
        Field("side", "side", "the side of its position"),
        Field("rank", "count", "its rank in the queue", heading="rank", drop=3),
        Field("score", "score", "the score that gave the rank", columns=_score_passed_over),
        Field(
            "size",
            "number",
            "contracts that it would have given up",
            heading="would give up",
            shown=lambda row, _: position(row.side, row.size, None),
            look=lines,
        ),
        Field("price", "number", "at which price", heading="at\nprice"),
        Field(
            "equity_after",
            "number",
            "the equity that it would have been left with",
            heading="equity\nafter",
            tone=Tone.SIGNED,
        ),
    ),
    by="account",
)
FUNDING = Rows(
    "funding",
    "funding payments that fell due",
    (
        STEP,
        MARKET,
        Field("rate", "number", "its rate: longs pay it to shorts, the other way where it is negative"),
        Field("mark_price", "number", "the mark price it is worked out at", of="mark"),
        Field("amount", "number", "what the payers owe together"),
    ),
    by="market",
)
SOCIALIZED = Rows(
    "socialized",
    "profits that were cut to cover a loss",
    (
        STEP,
        Field("account", "account", "whose profit", heading="account"),
        MARKET_SHOWN,
        Field("amount", "number", "what was cut", heading="lost", tone=Tone.LOSS),
        Field("base", "number", "the profit that it is a share of", heading="profit"),
    ),
    page="step account market base amount",
    by="account",
)
BAD_DEBT = Rows(
    "bad_debt",
    "money that nobody covered",
    (
        STEP,
        Field(
            "claim",
            "step",
            "the number of the position that the venue closed; 0 where an account owes it",
            prose=True,
        ),
        CLAIMED,
        Field("account", "account", "whose position left it", heading="account"),
        MARKET_SHOWN,
        Field("amount", "number", "how much", heading="amount", tone=Tone.LOSS),
        Field(
            "why",
            "text",
            "closed at a loss, held at one, or owed by an account below zero",
            heading="how",
            shown=lambda row, _: WHY[row.why],
        ),
    ),
    by="account",
)


def _status(state: Any, _: Any) -> str:
    """'liquidated', 'deleveraged', both, or what the engine calls it; that one has nothing left shows beside
    it."""
    if not state.deleveraged:
        return str(state.status)
    return "liquidated, deleveraged" if state.status == "liquidated" else "deleveraged"


def _positions(state: Any, run: Any) -> str:
    """One line per position, or their number where they are many."""
    if len(state.positions) > MANY:
        return counted(len(state.positions), "position")
    return "\n".join(shown_position(one, run) for one in state.positions) or NOTHING


ACCOUNTS = Rows(
    "accounts",
    "every account at the end; then the rest of the market and the venue, where they hold anything",
    (
        Field("account", "account", "its id", heading="account"),
        Field("equity_start", "number", "its equity at the start", heading="equity\nat start", drop=1),
        Field("equity_end", "number", "its equity at the end", heading="equity\nat end"),
        Field(
            "status",
            "text",
            "open, closed, liquidated or backstop",
            heading="status",
            shown=_status,
            tone=Tone.STATUS,
        ),
        Field("deleveraged", "flag", "it was deleveraged"),
        Field("balance", "number", "its free balance"),
        Field(
            "funding",
            "number",
            "funding received, less what was paid",
            of=lambda state, run: run.funding_by_account.get(state.account, ZERO),
            heading="funding",
            tone=Tone.SIGNED,
            drop=3,
            hide=True,
            zero=NOTHING,
        ),
        Field(
            "change",
            "number",
            "by how much its equity changed",
            of=lambda state, _: state.equity_end - state.equity_start,
            where=(),
            heading="change",
            tone=Tone.SIGNED,
        ),
        Field(
            "positions",
            "rows",
            "what it holds",
            of=lambda state, run: run.positions_of(state),
            inner=POSITIONS,
            heading="positions left",
            shown=_positions,
            look=lines,
            drop=2,
        ),
    ),
    table="account",
    page="account status equity_start equity_end funding change positions",
    by="account",
)


AUDIT = Rows(
    "audit",
    "the audit after the last step",
    (
        Field("money_difference", "number", "money that came from or went nowhere: 0"),
        Field("open_interest_difference", "number", "contracts that came from or went nowhere: 0"),
        Field(
            "bad_debt",
            "number",
            "money that nobody covered; null for several currencies",
            of=bad_debt,
            null=True,
        ),
        CURRENCIES,
        Field(
            "rest_of_market",
            "numbers",
            "the signed size of the rest of the market at the start, by market, where longs and shorts do "
            "not "
            "balance",
            of="rest",
            where=(JSON,),
        ),
    ),
    one=True,
)
REST = Rows(
    "rest_of_market",
    "the rest of the market at the start",
    (
        Field("market", "market", "in which market", of=lambda held, _: held[0]),
        Field("side", "side", "long or short", of=lambda held, _: -1 if held[1] < 0 else 1),
        Field("size", "number", "contracts", of=lambda held, _: held[1].copy_abs()),
    ),
    records=lambda run: run.audit.rest.items(),
    where=(CSV,),
)
RUN = Document(
    "adlcalc.run/1",
    "A run. Amounts, prices, sizes, rates and scores are plain digits; nothing is rounded, nothing is left "
    "out.",
    (
        SCENARIO,
        STEPS,
        MARKS,
        LIQUIDATIONS,
        FUND,
        FUND_STOPS,
        DELEVERAGED,
        SKIPPED,
        FUNDING,
        HAPPENED,
        SOCIALIZED,
        BAD_DEBT,
        ACCOUNTS,
        SERIES,
        AUDIT,
        REST,
        ASSUMPTIONS,
    ),
    published="""
        step time account market side size entry_price mark_price bankruptcy_price liquidation_price
        book_size book_price backstop_size deleveraged_size held_size surplus shortfall margin method equity
        maintenance fund opening received paid closing rank score size_before price realized_pnl forgone_pnl
        bankrupt tied equity_after rate amount base why equity_start equity_end status deleveraged balance
        funding unrealized_pnl collateral money_difference open_interest_difference bad_debt rule note claim
        maintenance_margin unit_maintenance margin_ratio distance series kind
        lights held liquidated_size trigger closed opened allowed what account_equity""",
)
