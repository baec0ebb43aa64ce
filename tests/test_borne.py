"""What closed positions lacked and who bore it: by hand where a bankruptcy price is on no tick, and on random
books under every rulebook, random rules and every policy, told once more from the events of the run."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from books import in_cents, random_scenario
from conftest import EVERYTHING
from conftest import Result as Told
from hypothesis import given, settings
from hypothesis import strategies as st
from rules import under_venue, with_rules

import adlcalc as lib
from adlcalc.engine.events import (
    BackstopTook,
    BookFilled,
    Deleveraged,
    Event,
    FeePaid,
    FundPaid,
    FundReceived,
    Held,
    LossSocialized,
    StepEnded,
)
from adlcalc.engine.loop import run
from adlcalc.engine.model import Scenario
from adlcalc.ground.numbers import ZERO, D, exact
from adlcalc.report.charts.cover import SINCE, shares
from adlcalc.report.facts import Facts
from adlcalc.report.html.written import _numbers
from adlcalc.report.verdict import verdict
from adlcalc.study.compare import ALL, OWN, Under, choices_of
from adlcalc.study.metrics import METRICS, all_of
from adlcalc.study.rounds import Outcome, outcome_of
from adlcalc.venues.files import shipped

VENUES = shipped()
SEEDS = 60 if EVERYTHING else 12

LACKING = """\
venue: {venue}
markets:
  BTC: {{contract: linear, settles: USDC, tick: {tick}, lot: 0.001, liquidity: none}}
fund: {fund}
accounts:
  - {{id: a, side: long, size: {size}, entry: 60_000, collateral: {margin}}}
  - {{id: b, side: short, size: {size}, entry: 60_000, leverage: 2}}
prices: [60_000, {mark}]
"""


def lacking(
    venue: str = "generic", tick: int = 1, fund: int = 0, margin: str = "5_999", mark: int = 57_000
) -> str:
    return LACKING.format(venue=venue, tick=tick, fund=fund, margin=margin, mark=mark, size=3)


def measured(text: str) -> tuple[Outcome, dict[str, object]]:
    outcome = outcome_of(lib.load(text).scenario)
    with exact():
        return outcome, {name: metric(outcome) for name, metric in METRICS.items()}


@pytest.mark.parametrize(
    ("venue", "shortfall", "needed", "paid", "under", "bad"),
    [
        ("dydx-v4", 3_001, 3_001, 3_001, 0, 0),
        ("paradex", 3_001, 3_001, 0, 3_001, 3_001),
        ("vega", 3_001, 3_001, 3_001, 0, 0),
        ("kucoin", 3_001, 3_001, 3_000, 1, 1),  # closed at 58,000, cut off: the 1 below it nobody pays
        ("deribit", 3_085, 3_085, 0, 3_085, 3_085),
        ("orderly", 3_514, 3_514, 0, 3_514, 3_514),
    ],
)
def test_one_long_lacks_what_it_lacks(
    venue: str, shortfall: int, needed: int, paid: int, under: int, bad: int
) -> None:
    """Three from 60,000 to 57,000 have lost 9,000 of a margin of 5,999: 3,001 are lacking, 1,000 1/3 a contract
    above a mark that no tick is at: the bankruptcy price is 58,001, and three there lack 3,003. Deribit gives
    a winner 28 a contract (0.05 % of 57,000, to the tick), 84 more, and its fund has the 2 of the rounding
    first and pays them then: it has used nothing of its own; at Orderly a liquidator takes the three at 56,829
    (0.3 % below), 513 less."""
    _, found = measured(lacking(venue))
    names = "shortfall", "needed_budget", "haircut_total", "undershoot", "overshoot", "bad_debt"
    assert tuple(found[name] for name in names) == (shortfall, needed, paid, under, 0, bad)


def expected(scenario: Scenario, events: list[Event]) -> tuple[Decimal, Decimal, Decimal] | None:
    """What fills brought less than the one mark that all of it is closed at (None: part of it was before), and
    what others took of it: a fee inside its bankruptcy price (one of what an account has left in its own name
    takes nothing that is lacking); and its dust in the fund, as far as nobody has paid for it since: dust is
    margin, and what others pay is so much less than it was lacking."""
    mark = scenario.path.marks["BTC"][-1]
    worse, taken, account = ZERO, ZERO, ""
    dust = paid = ZERO
    for event in events:
        if isinstance(event, (BookFilled, Deleveraged, BackstopTook)):
            if not event.step:
                return None
            side = -event.side if isinstance(event, Deleveraged) else event.side
            worse += max(side * event.size * mark - event.proceeds, ZERO)
            if not isinstance(event, BookFilled):
                short = event.proceeds - max(event.result, ZERO) - side * event.size * mark
                paid += max(short, ZERO)
        elif isinstance(event, FeePaid):
            account = event.account or "a"
            taken += event.amount if account == "a" and event.to == "venue" else ZERO
        elif isinstance(event, FundPaid):
            paid += event.amount
        elif isinstance(event, FundReceived) and event.why == "dust" and not paid:
            dust += event.amount
        elif isinstance(event, FundReceived) and (event.why != "fee" or account == "a"):
            taken += event.amount
    return worse, taken, dust - min(dust, paid)


@given(
    policy=st.sampled_from([OWN, "queue", "pro-rata", "haircut"]),
    tick=st.sampled_from([1, 7]),
    fund=st.sampled_from([0, 1, 1_000, 50_000]),
    cents=st.integers(100_000, 889_999),
)
@settings(max_examples=4, deadline=None)
@pytest.mark.slow
@pytest.mark.parametrize("venue", VENUES)
def test_what_is_lacking_is_the_equity_below_zero(
    venue: str, policy: str, tick: int, fund: int, cents: int
) -> None:
    """One long that is closed at one mark: no price that is rounded to a tick plays a part in what it lacks."""
    text = lacking(venue, tick, fund, f"{cents / 100:.2f}", 57_001)
    scenario = Under(choices_of(policy)[0])(lib.load(text).scenario)
    outcome, events = outcome_of(scenario), list(run(scenario))
    with exact():
        margin, told = D(cents) / 100, expected(scenario, events)
        if told is not None:
            worse, taken, dust = told
            assert METRICS["shortfall"](outcome) == 3 * (60_000 - 57_001) - margin + worse + taken + dust
            own = next(row for row in shares(Facts(scenario, events), "USDC") if row.who == "own margin")
            assert own.amount == margin - taken, "the rest of the loss"


def parts(text: str) -> tuple[dict[str, Decimal], dict[str, Fraction]]:
    """What the figure and the metrics say of a run."""
    made = lib.run(lib.load(text))
    found = all_of(outcome_of(made.scenario))
    with exact():
        rows = {row.who: row.amount for row in shares(made, made.scenario.currencies[0])}
    return rows, {name: Fraction(value) for name, value in found.items() if value is not None}


ONE_LONG = """\
markets: {X: {lot: 1, liquidity: none, tick: 1}}
money_unit: 1
accounts:
  - {id: long, side: long, size: 10, entry: 100, leverage: 10}
  - {id: short, side: short, size: 10, entry: 100, leverage: 2}
"""


def test_what_winners_pay_beyond_the_need_covers_no_loss() -> None:
    """At 92 the long is due at 10 % and lacks nothing: the queue closes it at the mark of the step before, 100,
    and the short, for whom it is worth 80 more, pays the fund a surplus of 100 over 90."""
    rows, found = parts(
        ONE_LONG + "rules: {margin: {maintenance: 0.1}, adl: {price: previous-mark, when: before-book}}\n"
        "prices: [120, 100, 92]\n"
    )
    assert (rows["counterparties"], rows["nobody"]) == (0, 0)
    names = "shortfall", "needed_budget", "haircut_total", "overshoot", "undershoot"
    assert [found[name] for name in names] == [0, 0, 80, 80, 0]


def test_what_rounding_takes_of_those_who_share_a_loss_is_beyond_the_need() -> None:
    """Three from 100 with a margin of 10 each are bankrupt at 90, and sold at 63 they lack 81. Fourteen contracts
    are open then, seven of the short and seven of the rest of the market: each pays the least whole unit above
    81 / 14, 6, and of the 84 the fund has 3."""
    rows, found = parts(
        "markets: {X: {lot: 1, liquidity: 3, tick: 1}}\nmoney_unit: 1\n"
        "rules: {adl: {when: never}, last_resort: {policy: per-contract}}\n"
        "accounts:\n  - {id: long, side: long, size: 3, entry: 100, collateral: 30}\n"
        "  - {id: short, side: short, size: 7, entry: 100, leverage: 1}\nprices: [100, 63]\n"
    )
    assert (rows["own margin"], rows["profits cut"], rows["nobody"]) == (30, 81, 0)
    names = "shortfall", "needed_budget", "haircut_total", "overshoot", "undershoot"
    assert [found[name] for name in names] == [81, 81, 84, 3, 0]
    assert found["accounts_touched"] == 1, "the rest of the market is no account"


@pytest.mark.parametrize(
    ("prices", "fund", "own", "short", "paid", "by_fund", "by_winners"),
    [
        ("[100, 80]", 1_000, "37.5", "22.5", 24, "22.5", 0),  # the book takes three at 80, 8 below 88
        (
            "[100, 80]",
            0,
            "37.5",
            "22.5",
            0,
            0,
            "22.5",
        ),  # no book: the short forgoes 24, of which the fund has 1.5
        ("[100, 88]", 1_000, "37.5", "0", 0, 0, 0),  # nothing is lacking, and all of the margin is gone
    ],
)
def test_dust_of_a_rounded_bankruptcy_price_is_margin(
    prices: str, fund: int, own: str, short: str, paid: int, by_fund: str, by_winners: str
) -> None:
    """Three from 100 on 37.5 are bankrupt at 87.5, taken over at 88 of a tick of 1: 1.5 of dust go to the fund. At
    80 60 are lost, 22.5 more than the margin."""
    book = "unlimited" if fund else "none"
    rows, found = parts(
        f"markets: {{X: {{lot: 1, tick: 1, liquidity: {book}, maintenance: 0.01}}}}\nfund: {fund}\nprices: {prices}\naccounts:\n"
        "  - {id: long, side: long, size: 3, entry: 100, leverage: 8}\n"
        "  - {id: short, side: short, size: 3, entry: 100, leverage: 2}\n"
    )
    assert (rows["own margin"], rows["insurance fund"], rows["counterparties"]) == (
        D(own), D(by_fund), D(by_winners),
    )  # fmt: skip
    assert (found["shortfall"], found["fund_used"]) == (D(short), paid)


def test_the_layers_of_a_fund_are_the_fund() -> None:
    """The long lacks 100 at 80: 30 of the first layer, 70 of the second."""
    rows, found = parts(
        ONE_LONG.replace("liquidity: none, ", "")
        + "fund: [{name: first, balance: 30}, {name: second, balance: 500}]\nprices: [100, 80]\n"
    )
    assert (rows["own margin"], rows["insurance fund"], rows["nobody"]) == (100, 100, 0)
    assert (found["shortfall"], found["fund_used"], found["needed_budget"]) == (100, 100, 0)


def test_whose_a_loss_was_that_has_been_shared_out() -> None:
    """At Paradex a vault takes both over at the mark of 57,000, and they keep what they owe: 9,000 - 5,999 and
    3,000 - 1,500. A haircut shares out both together; the larger one is 3,001."""
    text = lacking("paradex") + "rules: {last_resort: {policy: haircut}, liquidation: {portion: 1}}\n"
    text = text.replace(
        "  - {id: b,", "  - {id: c, side: long, size: 1, entry: 60_000, collateral: 1_500}\n  - {id: b,"
    )
    (found,) = outcome_of(lib.load(text).scenario).rounds
    assert (found.deficit, found.worst) == (4_501, 3_001)


# --- what is nobody's bad debt ------------------------------------------------------------------------------

POPCAT = Path(__file__).parent.parent / "scenarios" / "incidents" / "2025-11-hyperliquid-popcat.yaml"
AHEAD = """\
fund: 50
accounts:
  - {id: long, side: long, size: 10, entry: 100, leverage: 10}
  - {id: short, side: short, size: 10, entry: 100, leverage: 2}
prices: [100, 80, 75]
"""


def test_the_loss_of_a_vault_is_told(adlcalc: Callable[..., Told]) -> None:
    """123,809,523 coins from 0.21 to 0.146 have lost 7,923,809.472, of which 3,000,000 were the longs' margin: the
    vault, which got that with them at 0.186, has the rest by the last mark, and no bad debt tells it."""
    made = lib.run(lib.load(POPCAT))
    lost = D("4923809.472")
    assert verdict(made).endswith(
        "the vault took over 123,809,523 contracts and has lost 4,923,809.472 by the last mark."
    )
    rows = {row.who: row.amount for row in shares(made, "quote")}
    assert rows == {
        "own margin": 3_000_000,
        "insurance fund": 0,
        SINCE: lost,
        "counterparties": 0,
        "nobody": 0,
    }
    assert ("Bad debt", "0", "all is covered, the vault lost 4,923,809") in list(_numbers(made))
    told = adlcalc("compare", str(POPCAT), "--venues", "hyperliquid,generic", "--width", "50").out
    assert "-4,923,809.472" in told, "on a narrow page, too"
    assert "Backstops have lost money on what they took over under hyperliquid" in " ".join(told.split())
    assert all(each.borne.whole == 0 for each in [outcome_of(made.scenario)]), "no part of the shortfall"


def test_who_took_over_is_told_where_several_did() -> None:
    """Two providers take eight of ten at the bankruptcy price of 90 while the mark is 80: 80 at once, and 40
    more by 75; the shortfall is what they paid at the takeover, and the two that winners closed."""
    text = AHEAD.replace("fund: 50", "fund: 0") + (
        "markets: {X: {lot: 1, liquidity: none}}\nrules: {backstop: {kind: providers, when: before-fund}}\n"
        "backstop:\n  - {id: one, market: X, size: 4}\n  - {id: two, market: X, size: 4}\n"
    )
    made = lib.run(lib.load(text))
    assert "one and two took over 8 contracts and have lost 120 by the last mark" in verdict(made)
    rows = {row.who: row.amount for row in shares(made, "quote")}
    assert (rows["own margin"], rows["backstop"], rows[SINCE], rows["counterparties"]) == (100, 80, 40, 20)
    with exact():
        found = all_of(outcome_of(made.scenario))
    names = "shortfall", "needed_budget", "haircut_total", "bad_debt", "backstop_pnl"
    assert [found[name] for name in names] == [100, 20, 20, 0, -120]


def test_where_a_fund_ends_that_pays_more_than_it_has(adlcalc: Callable[..., Told], tmp_path: Path) -> None:
    """The long is bankrupt at 90 and sold at 80: the fund of 50 pays 100."""
    (tmp_path / "s.yaml").write_text(AHEAD, encoding="utf-8")
    told = " ".join(adlcalc("compare", str(tmp_path / "s.yaml"), "--venues", "fund-only,generic").out.split())
    assert "The fund ends at -50 under fund-only: it may go below zero (fund.negative)" in told
    assert "under generic" not in told


# --- any book -----------------------------------------------------------------------------------------------


def of(events: list[Event], kind: type, last: int | None = None) -> list[Any]:
    return [event for event in events if isinstance(event, kind) and last in (None, event.step)]


def exactly(amounts: Iterable[Decimal]) -> Fraction:
    return sum(map(Fraction, amounts), Fraction(0))


def holds(scenario: Scenario) -> Fraction:
    """What must be true of every run; the shortfall."""
    outcome, events = outcome_of(scenario), list(run(scenario))
    last, borne = scenario.path.steps - 1, outcome.borne
    found = {name: Fraction(value) for name, value in all_of(outcome).items() if value is not None}
    fund = exactly(event.amount for event in of(events, FundPaid))
    bad = Fraction(of(events, StepEnded)[-1].bad_debt)
    kept = exactly(max(-e.unrealized_pnl - e.uncovered, ZERO) for e in of(events, Held, last))
    gave = exactly(max(event.forgone_pnl, ZERO) for event in of(events, Deleveraged))
    cut = exactly(event.amount for event in of(events, LossSocialized))
    backstop, winners, shared = Fraction(borne.backstop), Fraction(borne.winners), Fraction(borne.shared)
    dust = exactly(event.amount for event in of(events, FundReceived) if event.why == "dust")
    shortfall, needed = found["shortfall"], found["needed_budget"]
    over, under, paid = found["overshoot"], found["undershoot"], found["haircut_total"]
    assert (found["fund_used"], found["bad_debt"], paid) == (fund, bad, gave + cut)
    assert 0 <= Fraction(borne.dust) <= min(dust, fund), "margin that the fund had, and paid"
    fund -= Fraction(borne.dust)
    assert shortfall == fund + backstop + winners + shared + bad + kept, "whoever bears it"
    assert needed == shortfall - fund - backstop - kept
    assert under - over == needed - paid
    assert 0 <= winners <= gave, "winners pay no more for it than they gave up"
    assert 0 <= shared <= cut
    assert backstop >= 0
    assert 0 <= under <= bad, "what nobody paid is bad debt"
    assert bad - under == paid - winners - shared - over, "but for what was paid beyond the need"
    assert exactly(borne.lacking.values()) == fund + backstop + winners + shared + Fraction(borne.nobody)
    assert min(borne.lacking.values(), default=ZERO) >= 0
    for each in outcome.rounds:
        assert 0 <= each.worst <= each.deficit
        assert each.needed >= 0
    facts = Facts(scenario, events)
    with exact():
        parts = [row for name in scenario.currencies for row in shares(facts, name)]
    assert all(row.amount >= 0 for row in parts)
    drawn = exactly(row.amount for row in parts if row.who not in ("own margin", SINCE))
    assert drawn == shortfall, "the figure tells the same"
    return shortfall


@pytest.mark.slow
@pytest.mark.parametrize("venue", VENUES)
def test_somebody_bears_all_that_is_lacking_under_every_rulebook(venue: str) -> None:
    rng = random.Random(f"borne {venue}")
    for seed in range(SEEDS):
        book = random_scenario(seed, inverse=seed % 2 == 0, funding=seed % 4 == 0)
        one = under_venue(in_cents(book) if seed % 3 == 0 else book, venue, rng)
        policy = rng.choice([OWN, OWN, *ALL, "socialized"])
        try:
            holds(Under(choices_of(policy)[0])(one))
        except Exception as error:
            raise AssertionError(f"{venue}, seed {seed}, {policy}: {error!r}") from error


@pytest.mark.slow
def test_somebody_bears_all_that_is_lacking_under_random_rules() -> None:
    losses = 0
    for seed in range(40 * SEEDS):
        book = random_scenario(seed, inverse=seed % 2 == 0, funding=seed % 4 == 0)
        try:
            losses += holds(with_rules(book, seed)) > 0
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error!r}") from error
    assert losses > 10 * SEEDS
