"""The metrics of a run, by name. Each is one number (None where it has no value); its docstring is its
definition and source, which `adlcalc compare --explain METRIC` prints.

Money is summed over rounds; ratios are averaged over the rounds in which winners had to pay; maxima are taken
over rounds. u, x, H, D, B are those of formulas.py: what an account could pay, what it paid, the sum of that,
the deficit, the needed budget.

Public: Metric, Value, METRICS, KNOWN, all_of, explanation.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from inspect import cleandoc
from operator import attrgetter

from adlcalc.engine.formulas import margin
from adlcalc.ground.numbers import exact
from adlcalc.ground.objects import no_collections
from adlcalc.study import formulas, least
from adlcalc.study.rounds import Outcome, Round

Value = Fraction | Decimal | int | None
Metric = Callable[[Outcome], Value]

# --- money --------------------------------------------------------------------------------------------------


def shortfall(run: Outcome) -> Value:
    """What closed positions lacked beyond their own margin, by the money that others paid or lost for it: =
    fund_used + what backstops paid for takeovers at worse than the mark + what winners paid of it by ADL fills
    and haircuts + bad_debt + what a fund has lost by the last mark on positions that it keeps, less the dust
    that a rounded bankruptcy price has left the fund of the same accounts' margin. A fill worse than the mark
    (a thin book, a spread) makes it larger. It counts no price that is rounded to the tick, as the shortfall
    of `run` does, which is that of each fill against the bankruptcy price; nor what a backstop wins or loses
    after its takeover, which is backstop_pnl. The deficit D of arXiv 2512.01112 and 2602.15182,
    of positions instead of accounts."""
    return run.borne.whole + run.held_loss + run.kept_loss


def needed_budget(run: Outcome) -> Value:
    """The part of the shortfall that neither the insurance fund nor a backstop paid: B. For
    positions that are deleveraged at the bankruptcy price it is sum |mark - bankruptcy price| x size over the
    ADL fills. It is what the fund
    lacked, not how much larger it would have to be (that is least_fund): one that a rule stops before it is
    empty (fund.drawdown: at 30 % of its peak) pays so little of what is added to it that the least fund is
    several times that.
    Source: arXiv 2602.15182, eq. 6."""
    return sum((each.needed for each in run.rounds), run.held_loss)


def least_fund(run: Outcome) -> Value:
    """The least opening balance with which the fund never runs short, nor with any larger one. Unlike
    needed_budget it is what the fund must hold, not what it lacked: with receipts before the payments it is
    less, under a rule that stops the fund early more. Proven where the fund pays down to its floor; under
    other rules (`adlcalc compare` says which) it is looked for from above, in parts. Where a venue
    deleverages for another reason than a fund that is short (a book that does not take it, a limit of its
    vault), it does so with this fund, too: `adlcalc solve
    --vary fund --until 'no adl'` asks for that. It takes further runs, and is worked out where it is asked
    for. None where there are several funds."""
    return least.least_fund(run.scenario) if len(run.scenario.funds) == 1 else None


def haircut_total(run: Outcome) -> Value:
    """H: what winners paid, forgone pnl of ADL fills and haircuts together, those of the rest of the market
    included; a fill by which an account gained counts as zero."""
    return sum(each.total for each in run.rounds)


def overshoot(run: Outcome) -> Value:
    """sum over rounds of (H - B)+: what was taken beyond the need, which closed accounts or the fund got.
    Source: arXiv 2602.15182, section 3.7."""
    return sum((formulas.overshoot(each.total, each.needed) for each in run.rounds), Fraction(0))


def undershoot(run: Outcome) -> Value:
    """sum over rounds of (B - H)+, and the loss of what the venue still holds and accounts still owe: what
    nobody paid. It is bad_debt, but for what winners paid in the same round beyond the need. Source: arXiv
    2602.15182, section 3.7."""
    return sum((formulas.undershoot(each.total, each.needed) for each in run.rounds), Fraction(run.held_loss))


def forgone_pnl(run: Outcome) -> Value:
    """What ADL fills cost against the mark of their step: sum |mark - ADL price| x size, less what fills
    better than the mark gained."""
    return sum(fill.event.forgone_pnl for fill in run.fills)


def markout(run: Outcome, steps: int = 1) -> Value:
    """What ADL fills cost against the mark some steps later (--markout, 1 by default; the last step where the
    path ends before), and haircuts as they were: what a winner has lost by then. Source: the horizons of
    arXiv 2512.01112 (v3), section 9, on the given path."""
    unit, last, total = run.scenario.money_unit, run.scenario.path.steps - 1, run.socialized
    values = {market.name: margin.valuer(market.contract, unit) for market in run.scenario.markets}
    for event, _ in run.fills:
        later = run.scenario.path.marks[event.market][min(event.step + steps, last)]
        held, value = event.side * event.size, values[event.market]
        total += value(held, later) - value(held, event.price)
    return total


def notional_closed(run: Outcome) -> Value:
    """Notional at the mark of all ADL fills."""
    return sum(fill.notional for fill in run.fills)


def fund_used(run: Outcome) -> Value:
    """What the insurance funds paid: what they received meanwhile is not taken off, and one that may go below
    zero (fund.negative) pays more than it ever held."""
    return run.borne.fund + run.borne.dust


def bad_debt(run: Outcome) -> Value:
    """What nobody covered, the loss at the last mark of what the venue still holds and what accounts owe
    included. A fund that ends below zero and a loss of backstops are not in it: those are somebody's."""
    return run.bad_debt


def backstop_pnl(run: Outcome) -> Value:
    """What backstops (providers, bidders, vaults) have won or lost at the last mark by what they took over, the
    margin that they got with it included: equity at the end - money of their own that they began with. What
    they lose after a takeover is in no shortfall and no bad debt. None where no backstop took anything."""
    return run.backstop_pnl


# --- how it is spread ---------------------------------------------------------------------------------------


def accounts_liquidated(run: Outcome) -> Value:
    """How many accounts were liquidated. Mostly the same under every policy, not under every venue: who has had a
    profit cut (or was closed at a worse price) has less to stand a move back with."""
    return len(run.liquidated)


def accounts_touched(run: Outcome) -> Value:
    """How many accounts an ADL fill or a haircut touched."""
    fills = {fill.event.account for fill in run.fills}
    return len(fills | {account for account, paid in run.by_account.items() if paid})


def wholly_closed(run: Outcome) -> Value:
    """How many positions ADL closed wholly."""
    return sum(sum(map(attrgetter("closed"), each.burdens)) for each in run.rounds)


def largest_haircut(run: Outcome) -> Value:
    """max x / u: the largest part of a profit that anybody lost in a round; above 1 where the ADL price closed
    a winner at a loss (a short from 96 that is closed at 98 while the mark is 95 pays 3 of a profit of 1).
    Source: arXiv 2602.15182, eq. 10."""
    return _most(formulas.largest_haircut(each.could, each.paid) for each in run.rounds)


def largest_share(run: Outcome) -> Value:
    """The part of H that the hardest hit account paid, over all rounds."""
    return formulas.largest_share(list(run.by_account.values()))


def top_10_share(run: Outcome) -> Value:
    """The part of H that the ten largest payers paid, over all rounds."""
    return formulas.top_share(list(run.by_account.values()), 10)


def gini(run: Outcome) -> Value:
    """Gini coefficient of the money that accounts paid, those with a profit who paid nothing included: 0 where all
    paid the same amount, however different their profits were: a share of everybody's profit is not 0. (Not in
    the papers.)"""
    return formulas.gini(list(run.by_account.values()))


def inversions(run: Outcome) -> Value:
    """The part of neighbors in the order of profits that changed places: who had more before has less after.
    Neighbors are two accounts with different profits and nobody's between; those with the same profit have no
    order that could change. None where all have the same. Source: arXiv 2602.15182, the queue's instability."""
    return _mean(formulas.inversions(each.could, each.paid) for each in _shared(run))


# --- the papers' ratios -------------------------------------------------------------------------------------


def ptsr(run: Outcome) -> Value:
    """PTSR as the paper defines it: largest profit left / (theta D), theta D = H, averaged over rounds. Low:
    the best winner pays for all. Source: arXiv 2512.01112, section 3."""
    return _mean(formulas.ptsr(each.top, each.total) for each in _shared(run))


def pmr(run: Outcome) -> Value:
    """PMR as the paper defines it: largest profit left / (theta Delta), Delta the largest single deficit.
    Source: arXiv 2512.01112."""
    return _mean(formulas.pmr(each.top, each.total, each.deficit, each.worst) for each in _shared(run))


def ptsr_repository(run: Outcome) -> Value:
    """What the code published with arXiv 2512.01112 calls PTSR: largest profit left / (D - H); D the
    deficits of those who are closed, H what winners pay of them, D - H what they leave uncovered."""
    return _mean(formulas.ptsr_repository(each.top, each.total, each.deficit) for each in _shared(run))


def pmr_repository(run: Outcome) -> Value:
    """What the code published with arXiv 2512.01112 calls PMR: largest profit left / ((1 - H / D) Delta); D
    the deficits of those who are closed, H what winners pay of them, Delta the largest single deficit."""
    return _mean(
        formulas.pmr_repository(each.top, each.total, each.deficit, each.worst) for each in _shared(run)
    )


def rd_nse(run: Outcome) -> Value:
    """What the code published with arXiv 2512.01112 calls RD-NSE: largest profit left / (largest profit left + D -
    H), between 0 and 1; D the deficits of those who are closed, H what winners pay of them."""
    return _mean(formulas.rd_nse(each.top, each.total, each.deficit) for each in _shared(run))


# --- what is left behind ------------------------------------------------------------------------------------


def leverage_left(run: Outcome) -> Value:
    """The highest leverage (all notional / all equity of the account) that a winner has after the last round:
    what the next shock meets. Minimax leverage is built to make it small. Source: arXiv 2603.15963."""
    most = run.most_levered
    return most.leverage if most else None


def equity_of_most_levered(run: Outcome) -> Value:
    """Equity of the account whose leverage `leverage_left` is, of several the least: what a further loss would meet
    first."""
    most = run.most_levered
    return most.equity if most else None


# --- parts --------------------------------------------------------------------------------------------------


def _shared(run: Outcome) -> list[Round]:
    """The rounds in which winners had to pay something: the papers' rounds."""
    return [each for each in run.rounds if each.needed or each.total]


def _most(values: Iterable[Fraction | None]) -> Fraction | None:
    return max((value for value in values if value is not None), default=None)


def _mean(values: Iterable[Fraction | None]) -> Fraction | None:
    there = [value for value in values if value is not None]
    return sum(there, Fraction(0)) / len(there) if there else None


METRICS: Mapping[str, Metric] = {
    metric.__name__: metric
    for metric in (
        shortfall, needed_budget, haircut_total, overshoot, undershoot, forgone_pnl, markout, notional_closed,
        fund_used, bad_debt, backstop_pnl,
        accounts_liquidated, accounts_touched, wholly_closed, largest_haircut, largest_share, top_10_share,
        gini, inversions, ptsr, pmr, ptsr_repository, pmr_repository, rd_nse, leverage_left,
        equity_of_most_levered,
    )
}  # fmt: skip


ON_REQUEST: Mapping[str, Metric] = {"least_fund": least_fund}
"""Those that take further runs."""
KNOWN: Mapping[str, Metric] = {**METRICS, **ON_REQUEST}


def all_of(run: Outcome, markout_steps: int = 1, asked: Collection[str] = ()) -> dict[str, Value]:
    """Every metric of a run, by name; those that take further runs only where they are asked for."""
    with exact(), no_collections():
        return {
            name: markout(run, markout_steps) if name == "markout" else metric(run)
            for name, metric in KNOWN.items()
            if name in METRICS or name in asked
        }


def explanation(name: str) -> str:
    """A metric's definition as one paragraph."""
    return " ".join(cleandoc(KNOWN[name].__doc__ or "").split())
