"""Runs made by hand: events as the engine tells them, for the views."""

from __future__ import annotations

from collections.abc import Iterator

from adlcalc.engine.events import (
    AccountEnded,
    AccountState,
    BadDebt,
    BookFilled,
    Deleveraged,
    Ended,
    Event,
    FundPaid,
    FundReceived,
    Held,
    Liquidated,
    MarkMoved,
    PositionState,
    Skipped,
    Started,
    StepEnded,
)
from adlcalc.engine.formulas.health import Part, Stand
from adlcalc.engine.formulas.margin import quotes
from adlcalc.engine.model import Account, Contract, Fund, Market, Path, Position, Scenario
from adlcalc.engine.rules import Assumption, Rules
from adlcalc.ground.numbers import ZERO, D
from adlcalc.report import Run

BTC = "BTC-PERP"
ASSUMED = (
    Assumption("adl.ties", "ties go to the larger position"),
    Assumption("adl.rank_once", "the queue is ranked once per step"),
    Assumption("fund.floor", "the fund pays down to zero"),
    Assumption("margin.fees", "no fee is part of maintenance margin"),
    Assumption("funding.settlement", "funding is settled when a position changes"),
)


def scenario(*, title: str = "Half the fund", inverse: bool = False) -> Scenario:
    """alice long 2 at 60,000, bob short 2, each with 12,000; carol short 1 at 61,000, cross with 10,000; a
    fund of 1,000."""
    contract = Contract("inverse") if inverse else Contract()
    market = Market(BTC, contract, tick=D("0.1"), lot=D("0.001"))
    return Scenario(
        markets=(market,),
        accounts=(
            Account("alice", (Position(BTC, 1, D(2), D(60_000), D(12_000), D(10)),)),
            Account("bob", (Position(BTC, -1, D(2), D(60_000), D(12_000), D(10)),)),
            Account("carol", (Position(BTC, -1, D(1), D(61_000)),), D(10_000)),
        ),
        path=Path({BTC: (D(60_000), D(56_000), D(53_000))}),
        funds=(Fund("fund", D(1_000)),),
        rules=Rules(assumptions=ASSUMED),
        title=title,
    )


def fund(amount: int) -> tuple[tuple[str, object], ...]:
    return (("fund", D(amount)),)


def ended(step: int, amount: int, bad_debt: int = 0) -> StepEnded:
    return StepEnded(step, fund(amount), ZERO, ZERO, D(bad_debt))  # type: ignore[arg-type]


def taken_over(step: int, claim: int = 1, account: str = "alice", size: str = "2") -> Liquidated:
    """At 0.5 % of 106,000, 530; 2 x 60,000 - 12,000 = 108,000 is 2 x 0.995 x 54,271.36, up to the tick
    54,271.4."""
    sides = quotes(Contract(), 1, D("0.1"), D("0.00000001"))
    part = Part(BTC, sides, D(2), ((D("0.005"), ZERO),), D(53_000))
    return Liquidated(
        step,
        claim,
        account,
        BTC,
        1,
        D(size),
        D(60_000),
        D(53_000),
        D(54_000),
        D(-2_000),
        D(530),
        "isolated",
        "takeover",
        (),
        Stand((part,), D(-108_000), True),
    )


def gave(
    step: int, account: str = "bob", *, rank: int = 1, size: str = "1", tied: bool = False
) -> Deleveraged:
    score = D("0.475634567")
    return Deleveraged(
        step,
        1,
        "alice",
        account,
        BTC,
        -1,
        rank,
        score,
        D(2),
        D(size),
        D(54_000),
        D(53_000),
        D(6_000),
        D(1_000),
        tied,
    )


def passed_over(step: int) -> Skipped:
    return Skipped(step, 1, "dave", BTC, -1, 2, D("0.25"), D(1), D(54_000), D("-12.5"))


def short(size: int, entry: int, collateral: int | None) -> PositionState:
    pnl = size * (entry - 53_000)
    money = None if collateral is None else D(collateral)
    return PositionState(BTC, -1, D(size), D(entry), D(-size * entry), money, D(53_000), D(pnl))


def at_the_end(step: int, accounts: tuple[AccountState, ...], evaluations: int) -> Iterator[Event]:
    yield from (AccountEnded(step, state) for state in accounts)
    yield Ended(step, evaluations)


def half_the_fund() -> Iterator[Event]:
    """alice is taken over at 53,000; one coin is sold in the book and costs the fund 1,000, the other is
    closed against bob."""
    yield Started(0, fund(1_000), ((BTC, D(1)),))  # type: ignore[arg-type]
    for step, mark in enumerate((60_000, 56_000, 53_000)):
        yield MarkMoved(step, BTC, D(mark), None)
        if step == 2:
            yield taken_over(2)
            yield BookFilled(2, 1, BTC, 1, D(1), D(53_000), D(-1_000))
            yield FundPaid(2, "fund", 1, D(1_000), before=D(1_000), after=ZERO)
            yield gave(2)
        yield ended(step, 1_000 if step < 2 else 0)
    yield from at_the_end(
        2,
        (
            AccountState("alice", "liquidated", False, D(12_000), ZERO, ZERO, ()),
            AccountState("bob", "open", True, D(12_000), D(25_000), D(12_000), (short(1, 60_000, 6_000),)),
            AccountState("carol", "open", False, D(11_000), D(18_000), D(10_000), (short(1, 61_000, None),)),
            AccountState("erin", "open", False, D(5), D(5), D(5), ()),
        ),
        9,
    )


def nothing_happens() -> Iterator[Event]:
    """One step, one mark, nobody moves."""
    yield Started(0, fund(1_000), ((BTC, ZERO),))  # type: ignore[arg-type]
    yield MarkMoved(0, BTC, D(60_000), "2020-03-12T10:00Z")
    yield ended(0, 1_000)
    yield from at_the_end(0, (AccountState("alice", "open", False, D(12_000), D(12_000), ZERO, ()),), 0)


def worked_over_three_steps() -> Iterator[Event]:
    """A claim of 6 that is sold at two prices, deleveraged in part, left as bad debt and still held at the
    end."""
    yield Started(0, fund(0), ((BTC, D(-6)),))  # type: ignore[arg-type]
    yield MarkMoved(0, BTC, D(60_000), None)
    yield taken_over(0, size="6")
    yield BookFilled(0, 1, BTC, 1, D(1), D(55_000), D(1_000))
    yield FundReceived(0, "fund", 1, D(1_000), "surplus", before=ZERO, after=D(1_000))
    yield Held(0, 1, BTC, 1, D(5), D(54_000), D(30_000))
    yield ended(0, 1_000)
    yield MarkMoved(1, BTC, D(53_000), None)
    yield BookFilled(1, 1, BTC, 1, D(2), D(53_000), D(-2_000))
    yield FundPaid(1, "fund", 1, D(1_000), before=D(1_000), after=ZERO)
    yield BadDebt(1, 1, BTC, D(1_000))
    yield passed_over(1)
    yield gave(1, tied=True)
    yield Held(1, 1, BTC, 1, D(2), D(54_000), D(-2_000), D(2_000))
    yield ended(1, 0, 3_000)
    yield from at_the_end(1, (AccountState("venue", "open", False, ZERO, ZERO, ZERO, ()),), 1)


def run(events: Iterator[Event] | None = None, **options: object) -> Run:
    return Run(scenario(**options), half_the_fund() if events is None else events, file="half.yaml")  # type: ignore[arg-type]
