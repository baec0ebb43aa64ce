"""What every result tells, each fact once: JSON, CSV and its header, the page's tables, the fields of
`expect:` and the published schema of the outputs all come from here. To show a new number, add one Field (and
what it is got from).

Keys are a contract: they are added, never renamed or taken away. Fields stand in the order of the JSON.

Public: LIQUIDATIONS, FUND, FUND_STOPS, DELEVERAGED, SKIPPED, SOCIALIZED, BAD_DEBT, POSITIONS, ACCOUNTS,
STEPS, SERIES, RUN, MARGIN, QUEUE, MOVES, RANK, COMPARE, EXPLAIN, VENUES, VENUE, SCORE, RULES, CHECK,
DOCUMENTS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from adlcalc.engine.model import DEFAULT_SETTLEMENT
from adlcalc.ground.numbers import ZERO, D, round_to, show
from adlcalc.report.field import CSV, DATA, DIGITS, GOLDEN, JSON, Document, Field, Plain, Rows
from adlcalc.report.human import NOTHING, clean, counted, digits, position, score
from adlcalc.report.table import Column, lines, listed, numbers, right

LIST_WIDTH = 24  # a cell that would list names beyond this width gives their number instead
MANY = 4  # positions of an account beyond which only their number is given
METHODS = {"takeover": "taken over", "reduced": "reduced"}
WHY = {
    "closed": "closed at a loss",
    "held": "still held by the venue",
    "owed": "owed by the account, below zero",
}

# --- what several tables have -------------------------------------------------------------------------------


def _several(run: Any) -> bool:
    return len(run.scenario.markets) > 1


def _position(row: Any, run: Any) -> str:
    """'short 1.5', with the market where there are several."""
    return position(row.side, row.size, row.market if _several(run) else None)


def _score_column(scores: Sequence[Decimal], drop: int = 0) -> Iterator[Column | None]:
    """Six digits each; a column of numbers unless one of them is infinite."""
    from adlcalc.engine.formulas.scores import INFINITE
    from adlcalc.report.score_formula import score_text

    if any(abs(x) >= INFINITE for x in scores):
        yield right("score", map(score_text, scores), drop=drop)
    else:
        yield numbers("score", map(score, scores), drop=drop)


def _score(rows: Sequence[Any], _: Any) -> Iterator[Column | None]:
    return _score_column([row.score for row in rows], 3)


def _score_passed_over(rows: Sequence[Any], _: Any) -> Iterator[Column | None]:
    return _score_column([row.score for row in rows], 2)


STEP = Field("step", "step", "at which step", heading="step", expect=True)
TIME = Field(
    "time",
    "text",
    "the time of the step",
    of=lambda row, run: run.scenario.path.times[row.step],
    where=(),
    heading="time",
    drop=1,
    when=lambda run: bool(run.scenario.path.times),
)
"""A page shows the time of a row's step where the path has any."""
MARKET = Field("market", "market", "in which market", expect=True)
MARKET_SHOWN = Field("market", "market", "in which market", heading="market", when=_several)
CLAIM = Field("claim", "count", "the number of the position that the venue closed", prose=True)
CLAIMED = Field(
    "claimed",
    "text",
    "whose position it was for and at which step the venue closed that: 'alice at step 2'",
    of=lambda row, run: run.claimed.get(row.claim),
    where=(GOLDEN,),
)
"""What a golden has instead of the number of a claim, which one claim more before it would change."""
ASSUMPTIONS = Rows(
    "assumptions",
    "the assumed rules that the result depends on",
    (
        Field("rule", "text", "the rule's name"),
        Field("note", "text", "what was assumed, and why", prose=True),
    ),
    table="assumption",
    by="rule",
)

CURRENCIES = Field(
    "currencies",
    "rows",
    "the audit of each currency, where markets settle in several",
    of=lambda audit, _: list(audit.bad_debts.items()) if len(audit.bad_debts) > 1 else None,
    optional=True,
    where=(JSON,),
    inner=Rows(
        "currencies",
        "the audit of a currency",
        (
            Field("currency", "text", "its name", of=lambda debt, _: debt[0]),
            Field(
                "money_difference",
                "number",
                "money that came from or went nowhere: 0",
                of=lambda _debt, _: ZERO,
            ),
            Field("bad_debt", "number", "money that nobody covered", of=lambda debt, _: debt[1]),
        ),
        under="step",
        by="currency",
    ),
)


def _bad_debt(audit: Any, _: Any) -> Decimal | None:
    """None where several currencies have some: their sum is no amount of money."""
    return audit.bad_debt if len(audit.bad_debts) < 2 or not audit.bad_debt else None


# --- a run --------------------------------------------------------------------------------------------------

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
        Field("venue", "text", "whose rules", of="scenario.venue"),
        Field("file", "text", "the name that it was read under", null=True, prose=True),
        Field("steps", "count", "how many steps the path has", of=lambda run, _: len(run.steps)),
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
            "bad_debt", "number", "bad debt up to here; null for several currencies", of=_bad_debt, null=True
        ),
        CURRENCIES,
    ),
    where=(JSON,),
    page="step time marks liquidated funds deleveraged",
)


@dataclass(frozen=True, slots=True)
class _Mark:
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
    return any(row.method != "takeover" for row in run.liquidations)


def _part(key: str, note: str, heading: str, drop: int = 0) -> Field:
    """What became of a part of a liquidated position: a column only where there is any."""
    return Field(key, "number", note, heading=heading, zero=NOTHING, hide=True, drop=drop)


LIQUIDATIONS = Rows(
    "liquidations",
    "the positions that the venue closed",
    (
        STEP,
        TIME,
        Field("account", "account", "who is liquidated", heading="account", expect=True),
        MARKET,
        Field("side", "side", "long or short", expect=True),
        Field("size", "number", "contracts", heading="position", shown=_position, look=lines, expect=True),
        Field(
            "entry_price",
            "number",
            "entry price of the position",
            heading="entry\nprice",
            drop=2,
            expect=True,
        ),
        Field(
            "mark_price",
            "number",
            "mark price at which it happened",
            heading="mark\nprice",
            drop=6,
            expect=True,
        ),
        Field(
            "bankruptcy_price",
            "number",
            "the price at which its equity is zero",
            null=True,
            heading="bankruptcy\nprice",
            drop=7,
            hide=True,
            expect=True,
        ),
        Field(
            "liquidation_price",
            "number",
            "the price at which it was due",
            null=True,
            heading="liquidation\nprice",
            drop=9,
            hide=True,
            expect=True,
        ),
        _part(
            "book_size", "contracts closed in the book, at this step and later ones", "in the\nbook", drop=8
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
        _part("backstop_size", "contracts that a backstop took over", "back-\nstop"),
        _part("deleveraged_size", "contracts closed against counterparties", "by\nADL"),
        _part("surplus", "money by which fills were better than the bankruptcy price", "surplus"),
        _part("shortfall", "money by which fills were worse than the bankruptcy price", "shortfall"),
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
    page="step time account size method entry_price liquidation_price bankruptcy_price mark_price book_size book_price"
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
        Field("received", "number", "what it received", heading="received", zero=NOTHING),
        Field("paid", "number", "what it paid", heading="paid", zero=NOTHING),
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
        Field("fall", "number", "peak - balance"),
        Field("limit", "number", "the fall at which it stops, or below which it pays again"),
        Field("window", "step", "over how many seconds the peak is taken; null: the whole run", null=True),
        Field("left", "number", "what it might still pay", null=True),
    ),
    where=(JSON,),
)
DELEVERAGED = Rows(
    "deleveraged",
    "the ADL fills, a row for each counterparty",
    (
        STEP,
        TIME,
        Field("account", "account", "who is deleveraged", heading="account", expect=True),
        MARKET,
        Field("side", "side", "the side of the position that is given up", expect=True),
        Field("rank", "count", "rank in the queue; 1 is first", heading="rank", drop=4, expect=True),
        Field("score", "score", "the score that gave the rank", columns=_score, expect=True),
        Field("size_before", "number", "contracts held before", heading="out\nof", drop=6),
        Field(
            "size",
            "number",
            "contracts given up",
            heading="gave up",
            shown=_position,
            look=lines,
            expect=True,
        ),
        Field("price", "number", "price of the fill", heading="at\nprice", expect=True),
        Field(
            "realized_pnl",
            "number",
            "pnl that the fill realized",
            heading="realized\npnl",
            drop=5,
            expect=True,
        ),
        Field(
            "forgone_pnl",
            "number",
            "|mark - price| x size, what the fill cost against the mark",
            heading="forgone\npnl",
            expect=True,
        ),
        Field("bankrupt", "account", "whose position it is closed against", heading="against", expect=True),
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
            "equity_after", "number", "the equity that it would have been left with", heading="equity\nafter"
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
        Field("amount", "number", "what was cut", heading="lost"),
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
        Field("amount", "number", "how much", heading="amount"),
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
RATIO_SCHEMA: Plain = {"type": "string", "pattern": DIGITS["pattern"][:-1] + "$|^inf$"}
MARGIN_RATIO = Field(
    "margin_ratio",
    "text",
    "maintenance margin / equity of its margin unit; inf at an equity of zero or less",
    of="ratio_text",
    of_schema=RATIO_SCHEMA,
    null=True,
    heading="margin\nratio",
    shown=lambda row, _: _ratio(row.margin_ratio),
    look=right,
    drop=7,
)
DISTANCE = Field(
    "distance",
    "number",
    "|mark - liquidation price| / mark; 0 where it is due, none where no mark makes it so",
    of="shown_distance",
    null=True,
    heading="away",
    shown=lambda row, _: _ratio(row.distance),
    look=right,
    drop=8,
)


def _ratio(x: Decimal | None) -> str:
    """A ratio for reading, to four decimals; what is less is not shown as none."""
    if x is None:
        return NOTHING
    if not x.is_finite():
        return "inf"
    rounded = round_to(x, D("0.0001"))
    return digits(rounded, 4) if rounded or not x else "<0.0001"


_OF_UNIT = "of its margin unit; none of what no account holds"
POSITIONS = Rows(
    "positions",
    "the positions held at the end, and how they stand",
    (
        Field("account", "account", "whose it is", where=(), heading="account"),
        MARKET,
        Field("side", "side", "long or short", expect=True),
        Field("size", "number", "contracts", expect=True, heading="position", shown=_position, look=lines),
        Field(
            "entry_price", "number", "entry price", of="entry", expect="entry", heading="entry\nprice", drop=1
        ),
        Field("mark_price", "number", "the last mark price", of="mark", heading="mark\nprice", drop=6),
        Field("unrealized_pnl", "number", "pnl at the last mark price"),
        Field("collateral", "number", "its own margin; none where it is cross", null=True),
        Field("margin", "text", "isolated or cross", null=True, heading="margin", drop=2),
        Field("equity", "number", f"equity {_OF_UNIT}", null=True, heading="equity", drop=5),
        Field("maintenance_margin", "number", "its own maintenance margin", null=True, expect=True),
        Field(
            "unit_maintenance",
            "number",
            f"maintenance margin {_OF_UNIT}",
            null=True,
            heading="mainte-\nnance",
            drop=4,
        ),
        MARGIN_RATIO,
        Field(
            "liquidation_price",
            "number",
            "the mark at which its margin unit is due, the other markets held; none where there is none",
            null=True,
            heading="liquidation\nprice",
            expect=True,
        ),
        Field(
            "bankruptcy_price",
            "number",
            "the price at which its equity is zero; none where there is none",
            null=True,
            heading="bankruptcy\nprice",
            drop=3,
            expect=True,
        ),
        DISTANCE,
    ),
    table="position",
    under="account",
    page="account size margin entry_price mark_price liquidation_price distance bankruptcy_price margin_ratio equity"
    " unit_maintenance",
    by="account market",
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
    return "\n".join(_position(one, run) for one in state.positions) or NOTHING


ACCOUNTS = Rows(
    "accounts",
    "every account at the end; then the rest of the market and the venue, where they hold anything",
    (
        Field("account", "account", "its id", heading="account"),
        Field("equity_start", "number", "its equity at the start", heading="equity\nat start"),
        Field("equity_end", "number", "its equity at the end", heading="equity\nat end"),
        Field("status", "text", "open, closed, liquidated or backstop", heading="status", shown=_status),
        Field("deleveraged", "flag", "it was deleveraged"),
        Field("balance", "number", "its free balance"),
        Field(
            "funding",
            "number",
            "funding received, less what was paid",
            of=lambda state, run: run.funding_by_account.get(state.account, ZERO),
            heading="funding",
            drop=2,
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
            drop=1,
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
            drop=3,
        ),
    ),
    table="account",
    page="account status equity_start equity_end funding change positions",
    by="account",
)


def _whole(row: Any, _: Any) -> str:
    """'short 1.5'; nothing where the account holds nothing."""
    return NOTHING if row.size is None else position(row.side, row.size, None)


SERIES = Rows(
    "series",
    "accounts, funds and markets step by step, where their series were asked for",
    (
        STEP,
        Field("time", "text", "when it was", null=True, heading="time", drop=1, hide=True),
        Field("series", "text", "whose series it is"),
        Field("kind", "text", "account, fund or market"),
        Field("market", "market", "in which market", null=True),
        Field("side", "side", "long or short", null=True),
        Field(
            "size",
            "number",
            "contracts",
            null=True,
            heading="position",
            shown=_whole,
            look=lines,
            drop=2,
            hide=True,
        ),
        Field(
            "mark_price",
            "number",
            "mark price",
            of="mark",
            null=True,
            heading="mark\nprice",
            drop=6,
            hide=True,
        ),
        Field("equity", "number", f"equity {_OF_UNIT}", null=True, heading="equity", drop=5, hide=True),
        Field(
            "unit_maintenance",
            "number",
            f"maintenance margin {_OF_UNIT}",
            null=True,
            heading="mainte-\nnance",
            drop=3,
            hide=True,
        ),
        replace(MARGIN_RATIO, hide=True),
        Field(
            "liquidation_price",
            "number",
            "the mark at which its margin unit is due, the other markets held",
            null=True,
            heading="liquidation\nprice",
            hide=True,
        ),
        Field(
            "rank",
            "count",
            "its place in the queue; none where it stands in none",
            null=True,
            heading="rank",
            hide=True,
        ),
        Field(
            "lights",
            "count",
            "5 in the first fifth of the queue",
            null=True,
            heading="lights",
            drop=4,
            hide=True,
        ),
        Field(
            "balance", "number", "what the fund holds after the step", null=True, heading="balance", hide=True
        ),
        Field(
            "received", "number", "what it received", null=True, heading="received", zero=NOTHING, hide=True
        ),
        Field("paid", "number", "what it paid", null=True, heading="paid", zero=NOTHING, hide=True),
        Field(
            "held",
            "number",
            "unrealized pnl of what the venue holds in its markets",
            null=True,
            heading="pnl of\nwhat is held",
            zero=NOTHING,
            hide=True,
        ),
        Field(
            "liquidated_size",
            "number",
            "contracts that the venue closed",
            of="liquidated",
            null=True,
            heading="liquidated",
            zero=NOTHING,
            hide=True,
        ),
        Field(
            "deleveraged_size",
            "number",
            "contracts closed against counterparties",
            of="deleveraged",
            null=True,
            heading="deleveraged",
            zero=NOTHING,
            hide=True,
        ),
    ),
    by="series step market side",
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
            of=_bad_debt,
            null=True,
        ),
        CURRENCIES,
        Field(
            "rest_of_market",
            "numbers",
            "the signed size of the rest of the market at the start, by market, where longs and shorts do not balance",
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
    "A run. Amounts, prices, sizes, rates and scores are plain digits; nothing is rounded, nothing is left out.",
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
        SOCIALIZED,
        BAD_DEBT,
        ACCOUNTS,
        SERIES,
        AUDIT,
        REST,
        ASSUMPTIONS,
    ),
    published="""
        step time account market side size entry_price mark_price bankruptcy_price liquidation_price book_size book_price
        backstop_size deleveraged_size held_size surplus shortfall margin method equity maintenance fund opening received paid
        closing rank score size_before price realized_pnl forgone_pnl bankrupt tied equity_after rate amount base why
        equity_start equity_end status deleveraged balance funding unrealized_pnl collateral money_difference
        open_interest_difference bad_debt rule note claim maintenance_margin unit_maintenance margin_ratio distance series kind
        lights held liquidated_size""",
)

# --- margin alone -------------------------------------------------------------------------------------------

MARGIN = Document(
    "adlcalc.margin/1",
    "How accounts stand at a step, before anybody is liquidated at its marks.",
    (
        Rows(
            "scenario",
            "which step of what",
            (
                Field("title", "text", "its title", of="scenario.title", null=True),
                Field("venue", "text", "whose rules", of="scenario.venue"),
                Field("file", "text", "the name that it was read under", null=True),
                Field("step", "step", "at which step"),
                Field("time", "text", "when that is", null=True),
                Field("marks", "numbers", "the mark price by market"),
            ),
            records=lambda standing: standing,
            one=True,
            where=(JSON,),
        ),
        Rows(
            "positions",
            "the open positions, nearest to their liquidation first",
            (
                replace(POSITIONS.fields[0], where=DATA),
                *POSITIONS.fields[1:],
                Field("due", "flag", "its margin unit is due"),
            ),
            table="position",
            by="account market side",
            page=POSITIONS.page,
        ),
        replace(ASSUMPTIONS, where=(JSON,)),
    ),
)

# --- the queue ----------------------------------------------------------------------------------------------

SIDE_OF_QUEUE = Field("side", "side", "the side of the positions in the queue", of="ranking.side")
MARKET_OF_QUEUE = Field("market", "market", "the market of the queue", of="ranking.market")


def _scores(places: Sequence[Any], _: Any) -> Iterator[Column | None]:
    return _score_column([place.row.score for place in places])


def _venue_rank(place: Any, queues: Any) -> Plain | None:
    """The number that the venue's own interface would show, on its own scale."""
    from adlcalc.venues.adl_scale import scale_of

    scale = scale_of(queues.scenario.venue)
    return None if scale is None else {"field": scale.field, "value": show(scale.value(place.row.lights))}


def _venue_value(place: Any, queues: Any) -> str | None:
    scale = _venue_rank(place, queues)
    return None if scale is None else scale["value"]


def _has_others(queues: Any) -> bool:
    """A place says something: the file holds the others too."""
    return not queues.is_part


def _light(place: Any, queues: Any) -> str:
    """The venue's own light: '4 of 5'."""
    found = queues.standing(place.ranking, place.row.account)
    return NOTHING if found is None else f"{found.lights} of {found.of}"


def _indicator(place: Any, queues: Any) -> Plain | None:
    """The venue's own light, and the contracts before the position that it stands for."""
    found = queues.standing(place.ranking, place.row.account)
    if found is None:
        return None
    ends = {"ahead_at_least": found.at_least, "ahead_at_most": found.at_most}
    numbers = {key: None if end is None else show(end) for key, end in ends.items()}
    return {"lights": found.lights, "of": found.of, **numbers}


_END: Plain = {"type": ["string", "null"], "pattern": DIGITS["pattern"]}
INDICATOR_SCHEMA: Plain = {
    "type": "object",
    "properties": {
        "lights": {"description": "lights that are lit", "type": "integer"},
        "of": {"description": "how many there are", "type": "integer"},
        "ahead_at_least": {"description": "contracts that stand before it at least", **_END},
        "ahead_at_most": {"description": "and at most", **_END},
    },
    "required": ["lights", "of", "ahead_at_least", "ahead_at_most"],
}

QUEUE = Rows(
    "queue",
    "the places in the queues, of each market and side",
    (
        Field(
            "asked_mark",
            "text",
            "marks the accounts that were asked for",
            of=lambda place, queues: ">" if place.row.account in queues.accounts else "",
            where=(),
            heading="",
            look=lines,
            when=lambda queues: bool(queues.accounts),
        ),
        MARKET_OF_QUEUE,
        SIDE_OF_QUEUE,
        Field(
            "rank",
            "count",
            "the place in the queue: 1 is deleveraged first",
            of="row.rank",
            heading="rank",
            when=_has_others,
        ),
        Field("account", "account", "who stands there", of="row.account", heading="account"),
        Field(
            "lights",
            "count",
            "5 in the first fifth of the queue, 1 in the last",
            of="row.lights",
            heading="lights",
            when=_has_others,
        ),
        Field(
            "venue_lights",
            "text",
            "the venue's own light",
            of=_light,
            where=(),
            heading="venue's\nlights",
            when=lambda queues: bool(queues.lights),
        ),
        Field(
            "percentile",
            "count",
            "20 in the first fifth of the queue, 100 in the last",
            of="row.percentile",
            heading="percen-\ntile",
            drop=1,
            when=_has_others,
        ),
        Field("share", "number", "the part of the queue down to it", of="row.share"),
        Field("score", "score", "its score", of="row.score", columns=_scores),
        Field("tied", "flag", "a neighbor has the same score", of="row.tied"),
        Field("margin", "text", "isolated or cross", of="row.margin", heading="margin", drop=3),
        Field("size", "number", "contracts", of="row.size", heading="size"),
        Field("entry_price", "number", "entry price", of="row.inputs.entry", heading="entry\nprice", drop=5),
        Field("mark_price", "number", "mark price", of="ranking.mark"),
        Field(
            "unrealized_pnl",
            "number",
            "pnl at the mark",
            of="row.inputs.pnl",
            heading="unrealized\npnl",
            drop=2,
        ),
        Field(
            "pnl_ratio",
            "number",
            "pnl / entry value",
            of="row.pnl_ratio",
            heading="pnl\nratio",
            shown=lambda place, _: score(place.row.pnl_ratio),
            drop=7,
        ),
        Field(
            "effective_leverage",
            "number",
            "notional / equity of its margin unit; none without equity",
            of="row.leverage",
            null=True,
            heading="effective\nleverage",
            shown=lambda place, _: None if place.row.leverage is None else score(place.row.leverage),
            drop=8,
        ),
        Field("notional", "number", "value at the mark", of="row.inputs.notional"),
        Field("entry_value", "number", "value at the entry price", of="row.inputs.entry_value"),
        Field("exposure", "number", "notional of its margin unit", of="row.inputs.exposure"),
        Field(
            "equity", "number", "equity of its margin unit", of="row.inputs.equity", heading="equity", drop=4
        ),
        Field("maintenance", "number", "maintenance margin of its margin unit", of="row.inputs.maintenance"),
        Field("initial_margin", "number", "initial margin", of="row.inputs.initial_margin"),
        replace(
            MARGIN_RATIO,
            of="row.stands.ratio_text",
            shown=lambda place, _: _ratio(place.row.stands.margin_ratio),
            drop=10,
        ),
        Field(
            "liquidation_price",
            "number",
            "the mark at which its margin unit is due, the other markets held; none where there is none",
            of="row.stands.liquidation_price",
            null=True,
            heading="liquidation\nprice",
            drop=11,
        ),
        Field(
            "bankruptcy_price",
            "number",
            "the price at which its equity is zero; none where there is none",
            of="row.stands.bankruptcy_price",
            null=True,
        ),
        replace(DISTANCE, of="row.stands.shown_distance", heading=None),
        Field(
            "ahead",
            "number",
            "contracts that stand before it",
            of="row.ahead",
            heading="ahead",
            when=_has_others,
        ),
        Field(
            "reached_partly",
            "number",
            "how large a bankrupt position must be to reach it",
            of="row.partly",
            heading="reached\npartly",
            drop=6,
            when=_has_others,
        ),
        Field(
            "reached_wholly",
            "number",
            "how large a bankrupt position must be to take all of it",
            of="row.wholly",
            heading="reached\nwholly",
            drop=9,
            when=_has_others,
        ),
        Field(
            "rating",
            "text",
            "the lights as text, as ccxt has them",
            of=lambda place, _: str(place.row.lights),
        ),
        Field(
            "percentage",
            "text",
            "20 for each light, as ccxt has it",
            of=lambda place, _: str(20 * place.row.lights),
        ),
        Field(
            "venue_rank",
            "text",
            "the field and number of the venue's own interface; none where it has none",
            of=_venue_rank,
            of_schema={
                "type": "object",
                "properties": {
                    "field": {"description": "the field's name", "type": "string"},
                    "value": {"description": "what it says", **DIGITS},
                },
                "required": ["field", "value"],
            },
            null=True,
            where=(JSON,),
        ),
        Field("venue_rank", "text", "the number of the venue's own interface", of=_venue_value, where=(CSV,)),
        Field(
            "indicator",
            "text",
            "the venue's own light and what it says of the contracts before the position; none where it told none",
            of=_indicator,
            of_schema=INDICATOR_SCHEMA,
            null=True,
            where=(JSON,),
        ),
        Field(
            "asked", "flag", "it was asked for", of=lambda place, queues: place.row.account in queues.accounts
        ),
    ),
    records="places",
    page="asked_mark rank account venue_lights lights percentile score liquidation_price margin_ratio pnl_ratio"
    " effective_leverage equity"
    " entry_price unrealized_pnl margin size ahead reached_partly reached_wholly",
    by="market side account",
)
MOVES = Rows(
    "moves",
    "the smallest changes that move an account that was asked for",
    (
        MARKET_OF_QUEUE,
        SIDE_OF_QUEUE,
        Field("account", "account", "whose place", of="move.account"),
        Field("goal", "text", "where to", of="move.goal", heading="goal"),
        Field("lever", "text", "what is changed", of="move.lever", heading="change"),
        Field(
            "before",
            "number",
            "what it is",
            of="move.before",
            heading="from",
            shown=lambda one, _: digits(one.move.before),
            look=right,
        ),
        Field(
            "after",
            "number",
            "what it must be; none where none does",
            of="move.after",
            null=True,
            heading="to",
            shown=lambda one, _: "none does" if one.move.after is None else digits(one.move.after),
            look=right,
        ),
        Field(
            "change",
            "number",
            "by how much",
            of="move.change",
            null=True,
            heading="by",
            shown=lambda one, _: digits(one.move.change),
            look=right,
            drop=2,
        ),
        Field(
            "rank",
            "count",
            "the rank that it then has",
            of=lambda one, _: one.move.then.rank if one.move.then else None,
            null=True,
            heading="then\nrank",
        ),
        Field(
            "lights",
            "count",
            "the lights that it then has",
            of=lambda one, _: one.move.then.lights if one.move.then else None,
            null=True,
            heading="lights",
        ),
        Field(
            "ahead",
            "number",
            "contracts that then stand before it",
            of=lambda one, _: one.move.then.ahead if one.move.then else None,
            null=True,
            heading="ahead",
            drop=1,
        ),
    ),
    table="move",
    records="moves",
    by="market side account goal lever",
)
RANK = Document(
    "adlcalc.rank/1",
    "The queues of a step.",
    (
        Rows(
            "scenario",
            "which step of what, and how it was ranked",
            (
                Field("title", "text", "its title", of="scenario.title", null=True, prose=True),
                Field("venue", "text", "whose rules", of="scenario.venue"),
                Field("file", "text", "the name that it was read under", null=True, prose=True),
                Field("step", "step", "at which step"),
                Field("time", "text", "when that is", null=True),
                Field("score", "text", "the score that ranks", of="scenario.rules.adl.score.name"),
                Field("eligible", "text", "who stands in the queue", of="scenario.rules.adl.eligible"),
                Field("lights", "text", "what the lights count", of="scenario.rules.adl.lights"),
                Field("policy", "text", "the policy"),
            ),
            records=lambda queues: queues,
            one=True,
            where=(JSON,),
        ),
        QUEUE,
        MOVES,
        Rows(
            "",
            "",
            (Field("absent", "texts", "accounts that were asked for and stand in none of the queues"),),
            records=lambda queues: queues,
            one=True,
            where=(JSON,),
        ),
        replace(ASSUMPTIONS, where=(JSON,)),
    ),
    published="""
        market side rank account lights percentile share score tied margin size entry_price mark_price unrealized_pnl
        pnl_ratio effective_leverage notional entry_value exposure equity maintenance initial_margin ahead reached_partly
        reached_wholly rating percentage venue_rank asked goal lever before after change margin_ratio liquidation_price
        bankruptcy_price distance""",
)

# --- policies compared --------------------------------------------------------------------------------------

METRICS_SCHEMA: Plain = {
    "type": "object",
    "additionalProperties": {"type": ["string", "null"], "pattern": DIGITS["pattern"]},
}
COMPARE = Document(
    "adlcalc.compare/1",
    "Policies on one book. Quotients are rounded half even to twelve decimals.",
    (
        Rows(
            "scenario",
            "what was compared",
            (
                Field("title", "text", "its title", of="scenario.title", null=True, prose=True),
                Field("file", "text", "the name that it was read under", null=True, prose=True),
                Field(
                    "markout_steps",
                    "text",
                    "after how many steps fills are marked out",
                    of=lambda comparison, _: str(comparison.markout),
                ),
            ),
            records=lambda comparison: comparison,
            one=True,
            where=(JSON,),
        ),
        Rows(
            "policies",
            "the policies, under each venue",
            (
                Field("venue", "text", "the rulebook"),
                Field("policy", "text", "the policy", of="choice.label"),
                Field("space", "text", "what it works on: positions, or profits", of="choice.space"),
                Field("liquidated", "texts", "who was liquidated", of="outcome.liquidated"),
                Field(
                    "rounds",
                    "steps",
                    "the steps at which a loss was covered",
                    of=lambda result, _: [each.step for each in result.outcome.rounds],
                ),
                Field(
                    "metrics",
                    "text",
                    "what it came to, by metric; none where a metric does not apply",
                    of="written",
                    of_schema=METRICS_SCHEMA,
                ),
            ),
            where=(JSON,),
            by="venue policy",
        ),
        Rows(
            "accounts",
            "what each account could pay and paid in each round",
            (
                Field("venue", "text", "the rulebook"),
                Field("policy", "text", "the policy"),
                Field("step", "step", "at which step"),
                Field("account", "account", "who pays"),
                Field("could_pay", "number", "what it could pay at most"),
                Field("paid", "number", "what it paid"),
                Field("haircut", "number", "paid / could pay", null=True),
            ),
            records="burdens",
            where=(JSON,),
            by="venue policy account",
        ),
        Rows(
            "axioms",
            "the axioms that were tried on this book",
            (
                Field("venue", "text", "the rulebook"),
                Field("policy", "text", "the policy"),
                Field("axiom", "text", "which", of="finding.axiom"),
                Field("holds", "flag", "none where it could not be tried", of="finding.holds", null=True),
                Field("account", "account", "who it fails for", of="finding.account", null=True),
                Field("before", "number", "what it paid before", of="finding.before", null=True),
                Field("after", "number", "what it paid after", of="finding.after", null=True),
                Field("because", "text", "why", of="finding.because", prose=True),
            ),
            records="tried",
            where=(JSON,),
            by="venue policy axiom",
        ),
        Rows(
            "measures",
            "a line for each venue, policy and measure",
            tuple(Field(key, "text", "") for key in ("venue", "policy", "measure", "account", "value")),
            where=(CSV,),
        ),
    ),
    tables=False,
)

# --- a story ------------------------------------------------------------------------------------------------

LINE = (
    Field("step", "step", "at which step"),
    Field("account", "account", "whom it is about", null=True),
    Field("kind", "text", "what happened, in a word or two"),
    Field("text", "text", "what happened", prose=True),
    Field("formulas", "texts", "how the numbers came about"),
    Field("amounts", "numbers", "the numbers by name", where=(JSON,)),
    Field("rules", "texts", "the rules behind it", where=(JSON,)),
    Field("rule", "text", "", of=lambda line, _: " ".join(line.rules), where=(CSV,)),
)
EXPLAIN = Document(
    "adlcalc.explain/1",
    "A story: what happened to somebody, line by line.",
    (
        Rows(
            "scenario",
            "what was run",
            (
                Field("title", "text", "its title", of="scenario.title", null=True, prose=True),
                Field("venue", "text", "whose rules", of="scenario.venue"),
                Field("file", "text", "the name that it was read under", null=True, prose=True),
            ),
            records=lambda story: story,
            one=True,
            where=(JSON,),
        ),
        Rows(
            "",
            "",
            (Field("subject", "text", "whose story"),),
            records=lambda story: story,
            one=True,
            where=(JSON,),
        ),
        Rows(
            "steps",
            "the steps that are told",
            (
                Field("step", "step", "its number"),
                Field("time", "text", "when it was", null=True),
                Field("marks", "numbers", "the mark price by market"),
            ),
            records="chapters",
            where=(JSON,),
        ),
        Rows(
            "lines",
            "what happened",
            LINE,
            records=lambda story: [line for chapter in story.chapters for line in chapter.lines],
            table="line",
            by="kind account",
        ),
        Rows("sums", "how it adds up", LINE, table="sum", by="kind"),
        Rows("why", "the rules that made the difference", LINE, table="why", by="kind"),
        Rows(
            "rules",
            "the rules behind it",
            (
                Field("rule", "text", "its name"),
                Field("value", "text", "what it says"),
                Field("status", "text", "documented, observed, assumed, given or default"),
                Field("source", "text", "where it is documented", prose=True),
                Field("note", "text", "what else there is to say", prose=True),
            ),
            table="rule",
            by="rule",
        ),
    ),
)

# --- rulebooks and scores -----------------------------------------------------------------------------------

VENUES = Document(
    "adlcalc.venues/1",
    "The rulebooks: what is modeled of each, and how well it is known.",
    (
        Rows(
            "venues",
            "the rulebooks",
            (
                Field("venue", "text", "its name", heading="venue"),
                Field("title", "text", "what it is of"),
                Field("as_of", "text", "the day it speaks of"),
                Field("margin", "text", "maintenance margin"),
                Field("partial_liquidation", "text", "how much is closed at once"),
                Field("fund_trigger", "text", "when its fund stops to pay"),
                Field("backstop", "text", "who takes positions over"),
                Field("adl_when", "text", "when it deleverages"),
                Field("score", "text", "who is first"),
                Field("price", "text", "at which price"),
                Field("last_resort", "text", "what becomes of the rest"),
                Field("vectors_met", "step", "numbers of the venue that are met"),
                Field("vectors_not_met", "step", "numbers of the venue that are not met"),
                Field("documented", "step", "rules that are documented"),
                Field("observed", "step", "rules that were observed"),
                Field("assumed", "step", "rules that are assumed"),
            ),
        ),
    ),
    tables=False,
)


def _source(key: str) -> Any:
    """A fact of the document that a rule names; empty where it names none."""
    return lambda rule, _: (getattr(rule.document, key) or "") if rule.document else ""


VENUE = Document(
    "adlcalc.venue/1",
    "A rulebook: every rule with its value and source.",
    (
        Rows(
            "",
            "",
            (
                Field("venue", "text", "its name"),
                Field("title", "text", "what it is of"),
                Field("as_of", "text", "the day it speaks of"),
            ),
            records="book",
            one=True,
            where=(JSON,),
        ),
        Rows(
            "rules",
            "the rules",
            (
                Field("venue", "text", "", of=lambda _, sheet: sheet.book.venue, where=(CSV,)),
                Field("rule", "text", "its name", of="name"),
                Field("value", "texts", "what it says, line by line", where=(JSON,)),
                Field(
                    "value",
                    "text",
                    "",
                    of=lambda rule, _: "; ".join(line.strip() for line in rule.value),
                    where=(CSV,),
                ),
                Field("status", "text", "documented, observed or assumed"),
                Field("source", "text", "the key of its source", null=True),
                Field("title", "text", "", of=_source("title"), where=(CSV,)),
                Field("url", "text", "", of=_source("url"), where=(CSV,)),
                Field("seen", "text", "", of=_source("seen"), where=(CSV,)),
                Field("note", "text", "what else there is to say"),
            ),
        ),
        Rows(
            "",
            "",
            (
                Field("defaults", "named", "rules that it does not say, with their values"),
                Field(
                    "sources",
                    "text",
                    "the documents by key",
                    of_schema={
                        "type": "object",
                        "additionalProperties": {
                            "type": "object",
                            "properties": {
                                "title": {"description": "its title", "type": "string"},
                                "url": {"description": "where it is", "type": ["string", "null"]},
                                "seen": {"description": "the day it was read", "type": "string"},
                            },
                            "required": ["title", "url", "seen"],
                        },
                    },
                ),
                Field("tables", "named", "maintenance tables by symbol, each with its date and document"),
                Field("not_modeled", "texts", "what is not modeled", of="book.not_modeled"),
                Field(
                    "vectors",
                    "text",
                    "the venue's own numbers",
                    of_schema={
                        "type": "object",
                        "properties": {
                            "met": {
                                "description": "those that are met",
                                "type": "array",
                                "items": {"type": "string"},
                            },
                            "not_met": {
                                "description": "those that are not, and why",
                                "type": "object",
                                "additionalProperties": {"type": "string"},
                            },
                            "none": {"description": "why none is met", "type": ["string", "null"]},
                        },
                        "required": ["met", "not_met", "none"],
                    },
                ),
            ),
            records=lambda sheet: sheet,
            one=True,
            where=(JSON,),
        ),
    ),
    tables=False,
)
SCORE = Document(
    "adlcalc.score/1",
    "A score: its formula, and who uses it.",
    (
        Rows(
            "",
            "",
            (
                Field("score", "text", "its name", of="name"),
                Field("formula", "text", "how it is worked out"),
                Field("used_by", "texts", "the rulebooks that rank by it", where=(JSON,)),
                Field("used_by", "text", "", of=lambda one, _: " ".join(one.used_by), where=(CSV,)),
            ),
            records=lambda one: one,
            one=True,
        ),
    ),
    tables=False,
)

RULES = Document(
    "adlcalc.rules/1",
    "The rules that a rulebook can state: their values, what each means and who uses it.",
    (
        Rows(
            "rules",
            "a row for each rule, and one for each of its values",
            (
                Field("rule", "text", "its name: section.rule"),
                Field("value", "text", "a value, or in words which values there are"),
                Field("meaning", "text", "what it means"),
                Field("where", "text", "beside which rules it plays a part"),
                Field(
                    "default", "text", "what it is where a rulebook says nothing; empty where it must be said"
                ),
                Field("used_by", "texts", "the rulebooks that use it", where=(JSON,)),
                Field("used_by", "text", "", of=lambda one, _: " ".join(one.used_by), where=(CSV,)),
            ),
            records=lambda rows: rows,
        ),
    ),
    tables=False,
)

# --- a check ------------------------------------------------------------------------------------------------

CHECK = Document(
    "adlcalc.check/1",
    "What `adlcalc check` found.",
    (
        Rows(
            "summary",
            "how many files passed",
            (
                Field("files", "step", "files that were checked"),
                Field("passed", "step", "all is well"),
                Field("failed", "step", "something differs"),
                Field("broken", "step", "could not be used"),
            ),
            one=True,
        ),
        Rows(
            "files",
            "the files",
            (
                Field("file", "text", "its name"),
                Field("result", "text", "passed, failed or broken"),
                Field("golden_written", "flag", "its golden was written"),
                Field(
                    "findings",
                    "rows",
                    "what is wrong",
                    inner=Rows(
                        "findings",
                        "what is wrong",
                        (
                            Field("kind", "text", "error, bug, expect, golden, strict or orphan"),
                            Field("file", "text", "in which file"),
                            Field(
                                "line",
                                "count",
                                "at which line; none for the file as a whole",
                                of=lambda one, _: one.line or None,
                                null=True,
                            ),
                            Field(
                                "column",
                                "count",
                                "at which column",
                                of=lambda one, _: one.column or None,
                                null=True,
                            ),
                            Field("message", "text", "what"),
                            Field(
                                "differences",
                                "rows",
                                "of a golden: the values that differ",
                                of=lambda one, _: one.differences if one.kind == "golden" else None,
                                optional=True,
                                inner=Rows(
                                    "differences",
                                    "the values that differ",
                                    (
                                        Field("table", "text", "in which table"),
                                        Field("step", "step", "at which step", null=True),
                                        Field("row", "text", "which row"),
                                        Field("column", "text", "which column; none for the whole row"),
                                        Field("old", "text", "what the golden has", null=True),
                                        Field("new", "text", "what the run has", null=True),
                                    ),
                                ),
                            ),
                        ),
                    ),
                ),
            ),
        ),
    ),
)
DOCUMENTS: Mapping[str, Document] = {
    one.name.split(".")[1].split("/")[0]: one
    for one in (RUN, MARGIN, RANK, EXPLAIN, COMPARE, VENUES, VENUE, SCORE, RULES, CHECK)
}
"""Every JSON document that is printed, by name."""
