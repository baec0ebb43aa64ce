"""The queues of a step as text, Markdown, CSV and JSON (schema adlcalc.rank/1).

JSON has the keys of ccxt's ADL structure in each row: `rank` is the place in the queue (1 = deleveraged first), `rating` the
lights as text, `percentage` 20 for each light (100 = the first fifth). `venue_rank` is the number that the venue's own interface
would show, on its own scale, which is what ccxt passes on as its `rank`; null for a venue without one.

Public: SCHEMA, Page, text, markdown, write_json, write_csv.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from adlcalc.engine.declared import name_in
from adlcalc.engine.model import Scenario, side_name
from adlcalc.engine.numbers import show
from adlcalc.engine.policies import POLICIES
from adlcalc.engine.policies import queue as by_score
from adlcalc.engine.rules import AdlWhen, Assumption, Eligible, Lights
from adlcalc.engine.scores import INFINITE
from adlcalc.report.csv_view import cell
from adlcalc.report.human import NOTHING, clean, counted, digits, score
from adlcalc.report.page import json_text, markdown_page, text_page
from adlcalc.report.score_formula import score_text
from adlcalc.report.table import Column, Table, counts, numbers, table, words
from adlcalc.study.standing import Standing, standing
from adlcalc.venues.adl_scale import scale_of

if TYPE_CHECKING:
    from adlcalc.study.rank import Ranking, Row
    from adlcalc.study.what_if import Move

SCHEMA = "adlcalc.rank/1"
NEIGHBOURS = 2  # rows on either side of an account that was asked for
RULES = ("adl.score", "adl.eligible", "adl.lights", "adl.policy", "adl.rank")


@dataclass(frozen=True, slots=True)
class Page:
    """What is shown: the queues of a step of a scenario, `accounts` in the middle of each where some were asked for.

    lights, open_interest: what the venue told of positions (by account, market, side) and markets."""

    scenario: Scenario
    file: str | None
    step: int
    rankings: Sequence[Ranking]
    accounts: Sequence[str]
    lights: Mapping[tuple[str, str, int], tuple[int, int]] = field(default_factory=dict)
    open_interest: Mapping[str, Decimal] = field(default_factory=dict)

    def standing(self, ranking: Ranking, account: str) -> Standing | None:
        """What the venue's own light says of an account's place; None where it told none."""
        shown = self.lights.get((account, ranking.market, ranking.side))
        if shown is None:
            return None
        lot = next(market.lot for market in self.scenario.markets if market.name == ranking.market)
        return standing(*shown, self.open_interest.get(ranking.market), lot)

    def is_part(self, ranking: Ranking) -> bool:
        """Whether a queue holds only positions of which the venue told a light: the others are elsewhere, and a place among these
        says nothing."""
        return bool(ranking.rows) and all(self.standing(ranking, row.account) is not None for row in ranking.rows)

    def rows(self, ranking: Ranking, limit: int = 0) -> list[Row]:
        """The accounts that were asked for with their neighbours; the first `limit` rows (0: all) where none were."""
        rows = ranking.rows
        if not self.accounts:
            return list(rows[: limit or None])
        near = {row.rank + i for row in rows if row.account in self.accounts for i in range(-NEIGHBOURS, NEIGHBOURS + 1)}
        return [row for row in rows if row.rank in near]

    @property
    def absent(self) -> list[str]:
        """Accounts that were asked for and stand in none of the queues."""
        present = {row.account for ranking in self.rankings for row in ranking.rows}
        return [account for account in self.accounts if account not in present]

    @property
    def assumptions(self) -> list[Assumption]:
        """The assumed rules that the ranks depend on; that of ties only where there is one."""
        tied = any(row.tied for ranking in self.rankings for row in ranking.rows)
        used = (*RULES, "adl.ties") if tied else RULES
        return [assumption for assumption in self.scenario.rules.assumptions if assumption.rule in used]


# --- text and Markdown ---------------------------------------------------------------------------------------------------


def text(page: Page, limit: int) -> str:
    """The page as text of at most 80 columns, as far as names and numbers allow."""
    return text_page(_title(page), _subtitle(page), [*_tables(page, limit), *_sentences(page)], page.assumptions)


def markdown(page: Page, limit: int) -> str:
    """The page as GitHub Markdown, with all columns."""
    return markdown_page(_title(page), _subtitle(page), [*_tables(page, limit), *_sentences(page)], page.assumptions)


def _title(page: Page) -> str:
    return clean(page.scenario.title or page.file or "Scenario")


def _subtitle(page: Page) -> str:
    rules = page.scenario.rules.adl
    time = page.scenario.path.times
    moment = f"step {page.step:,}" + (f" ({clean(time[page.step])})" if time else "")
    return f"Venue {clean(page.scenario.venue)}, {moment}; score {clean(rules.score.name)}, lights by {rules.lights}"


def _tables(page: Page, limit: int) -> Iterator[Table]:
    for ranking in page.rankings:
        rows = page.rows(ranking, limit)
        if rows or not page.accounts:
            yield _queue(page, ranking, rows)
        for account in dict.fromkeys(move.account for move in ranking.moves if not page.is_part(ranking)):
            yield _moves(account, [move for move in ranking.moves if move.account == account])


def _queue(page: Page, ranking: Ranking, rows: Sequence[Row]) -> Table:
    """The rows of one queue."""
    side = side_name(ranking.side)
    who = f"{side}s of {clean(ranking.market)}" if len(page.scenario.markets) > 1 else f"{side}s"
    place = f"at mark {digits(ranking.mark)}, {counted(len(ranking.rows), 'position')}"
    part, told = page.is_part(ranking), [page.standing(ranking, row.account) for row in rows]
    eligible = "in profit" if page.scenario.rules.adl.eligible == Eligible.WINNERS else "open"
    return table(
        f"Queue of the {who} {place}",
        f"Nobody stands in the queue of the {who}: at mark {digits(ranking.mark)} no {side} is {eligible}.",
        [
            Column("", tuple(">" if row.account in page.accounts else "" for row in rows)) if page.accounts else None,
            None if part else counts("rank", (row.rank for row in rows)),
            words("account", (row.account for row in rows)),
            words("venue's\nlights", (f"{one.lights} of {one.of}" if one else NOTHING for one in told)) if any(told) else None,
            None if part else counts("lights", (row.lights for row in rows)),
            None if part else counts("percen-\ntile", (row.percentile for row in rows), drop=1),
            _scores(rows),
            numbers("pnl\nratio", (score(row.pnl_ratio) for row in rows), drop=7),
            numbers("effective\nleverage", (None if row.leverage is None else score(row.leverage) for row in rows), drop=8),
            numbers("equity", (row.inputs.equity for row in rows), drop=4),
            numbers("entry\nprice", (row.inputs.entry for row in rows), drop=5),
            numbers("unrealized\npnl", (row.inputs.pnl for row in rows), drop=2),
            words("margin", (row.margin for row in rows), drop=3),
            numbers("size", (row.size for row in rows)),
            None if part else numbers("ahead", (row.ahead for row in rows)),
            None if part else numbers("reached\npartly", (row.partly for row in rows), drop=6),
            None if part else numbers("reached\nwholly", (row.wholly for row in rows), drop=9),
        ],
        more=0 if page.accounts else len(ranking.rows) - len(rows),
    )


def _scores(rows: Sequence[Row]) -> Column | None:
    """Six digits each; a column of numbers unless one of them is infinite."""
    if any(abs(row.score) >= INFINITE for row in rows):
        return Column("score", tuple(score_text(row.score) for row in rows), right=True)
    return numbers("score", (score(row.score) for row in rows))


def _moves(account: str, moves: Sequence[Move]) -> Table:
    """What would move an account: each lever as it is, as far as it must be pulled, and where that leads."""
    return table(
        f"The smallest changes that move {clean(account)} back",
        "",
        [
            words("goal", (move.goal for move in moves)),
            words("change", (move.lever for move in moves)),
            Column("from", tuple(digits(move.before) for move in moves), right=True),
            Column("to", tuple("none does" if move.after is None else digits(move.after) for move in moves), right=True),
            Column("by", tuple(digits(move.change) for move in moves), right=True, drop=2),
            Column("then\nrank", tuple(str(move.then.rank) if move.then else NOTHING for move in moves), right=True),
            Column("lights", tuple(str(move.then.lights) if move.then else NOTHING for move in moves), right=True),
            numbers("ahead", (move.then.ahead if move.then else None for move in moves), drop=1),
        ],
    )


def _sentences(page: Page) -> Iterator[str]:
    yield from _standings(page)
    for ranking in page.rankings:
        if page.is_part(ranking):
            continue
        if page.accounts and len(ranking.rows) == 1 and ranking.rows[0].account in page.accounts:
            side = f"{side_name(ranking.side)}s of {clean(ranking.market)}"
            name = clean(ranking.rows[0].account)
            yield f"{name} is alone in the queue of the {side}: the file holds nobody else, so its place says nothing."
    for account in page.absent:
        yield f"{clean(account)} stands in none of these queues at step {page.step:,}."
    if page.scenario.rules.adl.when == AdlWhen.NEVER:
        yield "Under these rules nobody is deleveraged; this is the order that their score would give."
    policy = name_in(POLICIES, page.scenario.rules.adl.policy)
    if page.scenario.rules.adl.policy is not by_score:
        yield f"The rulebook's policy is {policy}: it does not take the positions one after the other in this order."
    if any(ranking.moves for ranking in page.rankings):
        what = "positions" if page.scenario.rules.adl.lights == Lights.HEADS else "contracts"
        yield f"In the back half at least half of the queue's {what} stand before it. Nobody else changes anything meanwhile."
    if any(ranking.used and page.rows(ranking) for ranking in page.rankings):
        yield "The queue is shown as it was ranked for the first fill of the step; who was deleveraged then still stands in it."


def _standings(page: Page) -> Iterator[str]:
    """What follows from the venue's lights, and no more; of a position that is not in the queue too."""
    queues = {(ranking.market, ranking.side): ranking for ranking in page.rankings}
    for account in page.scenario.accounts if page.lights else ():
        for one in account.positions:
            ranking = queues.get((one.market, one.side))
            found = page.standing(ranking, account.id) if ranking is not None else None
            if found is not None and (not page.accounts or account.id in page.accounts):
                who = f"{clean(account.id)}, {side_name(one.side)} {digits(one.size)} of {clean(one.market)}"
                yield f"{who}: {_follows(found, page.open_interest.get(one.market))}"
    if any(page.is_part(ranking) for ranking in page.rankings):
        yield "The file holds nobody else: rank, and what would move it, cannot be known without the others."


def _follows(found: Standing, interest: Decimal | None) -> str:
    """The contracts before a position, by its light."""
    light = f"light {found.lights} of {found.of}"
    if interest is None or found.at_least is None or found.at_most is None:
        return f"{light}. What stands before it cannot be known without the market's open_interest."
    reach = f"a bankrupt position below {digits(found.at_least)} does not reach it"
    return (
        f"{light}, open interest {digits(interest)}: {digits(found.at_least)} to {digits(found.at_most)} contracts "
        "stand before it if lights are equal parts of all contracts of its side (assumed); "
        f"{reach if found.at_least else 'any bankrupt position may reach it'}."
    )


# --- JSON and CSV --------------------------------------------------------------------------------------------------------


def document(page: Page) -> dict[str, Any]:
    """The whole page; numbers are strings of plain digits, ranks and lights integers."""
    scenario, times = page.scenario, page.scenario.path.times
    return {
        "schema": SCHEMA,
        "scenario": {
            "title": scenario.title,
            "venue": scenario.venue,
            "file": page.file,
            "step": page.step,
            "time": times[page.step] if times else None,
            "score": scenario.rules.adl.score.name,
            "eligible": scenario.rules.adl.eligible,
            "lights": scenario.rules.adl.lights,
            "policy": name_in(POLICIES, scenario.rules.adl.policy),
        },
        "queue": [_row(page, ranking, row) for ranking in page.rankings for row in page.rows(ranking)],
        "moves": [_move(ranking, move) for ranking in page.rankings if not page.is_part(ranking) for move in ranking.moves],
        "absent": page.absent,
        "assumptions": [{"rule": assumption.rule, "note": assumption.note} for assumption in page.assumptions],
    }


def write_json(page: Page) -> str:
    """One row per line."""
    return json_text(document(page))


def write_csv(page: Page) -> str:
    """Queue rows, then moves, under one header; cells that do not apply are empty."""
    whole = document(page)
    rows = [{"table": "queue", **row} for row in whole["queue"]] + [{"table": "move", **row} for row in whole["moves"]]
    for row in rows:
        scale = row.pop("venue_rank", None)
        row.pop("indicator", None)
        row["venue_rank"] = scale["value"] if scale else None
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: cell(value) for key, value in row.items()})
    return out.getvalue()


def _row(page: Page, ranking: Ranking, row: Row) -> dict[str, Any]:
    x, scale = row.inputs, scale_of(page.scenario.venue)
    return {
        "market": ranking.market,
        "side": side_name(ranking.side),
        "rank": row.rank,
        "account": row.account,
        "lights": row.lights,
        "percentile": row.percentile,
        "share": show(row.share),
        "score": show(row.score) if abs(row.score) < INFINITE else "Infinity" if row.score > 0 else "-Infinity",
        "tied": row.tied,
        "margin": row.margin,
        "size": show(row.size),
        "entry_price": show(x.entry),
        "mark_price": show(ranking.mark),
        "unrealized_pnl": show(x.pnl),
        "pnl_ratio": show(row.pnl_ratio),
        "effective_leverage": _shown(row.leverage),
        "notional": show(x.notional),
        "entry_value": show(x.entry_value),
        "exposure": show(x.exposure),
        "equity": show(x.equity),
        "maintenance": show(x.maintenance),
        "initial_margin": show(x.initial_margin),
        "ahead": show(row.ahead),
        "reached_partly": show(row.partly),
        "reached_wholly": show(row.wholly),
        "rating": str(row.lights),
        "percentage": str(20 * row.lights),
        "venue_rank": None if scale is None else {"field": scale.field, "value": show(scale.value(row.lights))},
        "indicator": _indicator(page.standing(ranking, row.account)),
        "asked": row.account in page.accounts,
    }


def _indicator(found: Standing | None) -> dict[str, Any] | None:
    """The venue's own light, and the contracts before the position that it stands for."""
    if found is None:
        return None
    ends = {"ahead_at_least": _shown(found.at_least), "ahead_at_most": _shown(found.at_most)}
    return {"lights": found.lights, "of": found.of, **ends}


def _move(ranking: Ranking, move: Move) -> dict[str, Any]:
    then = move.then
    return {
        "market": ranking.market,
        "side": side_name(ranking.side),
        "account": move.account,
        "goal": move.goal,
        "lever": move.lever,
        "before": show(move.before),
        "after": _shown(move.after),
        "change": _shown(move.change),
        "rank": then.rank if then else None,
        "lights": then.lights if then else None,
        "ahead": show(then.ahead) if then else None,
    }


COLUMNS = (
    "table", "market", "side", "rank", "account", "lights", "percentile", "share", "score", "tied", "margin", "size",
    "entry_price", "mark_price", "unrealized_pnl", "pnl_ratio", "effective_leverage", "notional", "entry_value", "exposure",
    "equity", "maintenance", "initial_margin", "ahead", "reached_partly", "reached_wholly", "rating", "percentage",
    "venue_rank", "asked", "goal", "lever", "before", "after", "change",
)  # fmt: skip


def _shown(x: Decimal | None) -> str | None:
    return None if x is None else show(x)
