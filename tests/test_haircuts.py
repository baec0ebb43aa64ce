"""Haircuts: the papers' vectors exactly, budgets to the unit, and each rule against a slow twin that works it
out another way."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from books import random_scenario
from hypothesis import given
from hypothesis import strategies as st

from adlcalc.engine.events import Liquidated, LossSocialized
from adlcalc.engine.formulas import sharing
from adlcalc.engine.formulas.haircuts import HAIRCUTS, Base, Haircut, Winner, budget_of
from adlcalc.engine.formulas.margin import valuer
from adlcalc.engine.formulas.policies import POLICIES
from adlcalc.engine.formulas.sharing import capped, in_units
from adlcalc.engine.loop import run
from adlcalc.engine.rules import AdlWhen
from adlcalc.ground.numbers import ONE, ZERO, D, exact

CENT = D("0.01")
MICRO = D("0.000001")


def made(rule: str, **params: object) -> Haircut:
    """The haircut of that name, with those of the parameters that it has."""
    kind = HAIRCUTS[rule]
    return kind(**{f.name: params[f.name] for f in fields(kind) if f.name in params})  # type: ignore[no-any-return]


def cut(
    rule: str, winners: list[Winner], budget: Decimal, unit: Decimal = CENT, **params: object
) -> list[Decimal]:
    with exact():
        return made(rule, **params).cuts(winners, budget, unit)


def winner(
    profit: str, equity: str = "1000000", notional: str = "1000000", score: str = "0", keep: str = "0"
) -> Winner:
    return Winner(D(profit), D(equity), D(notional), D(score), D(keep))


# --- arXiv 2512.01112 (v3), numerical example of section 2: cash (2, 1, 0.5, 0, 0), pnl (8, 4, 0.5, -3, -12),
# severity 1/2

CASH, PNL = (D(2), D(1), D("0.5")), (D(8), D(4), D("0.5"))
FIVE = [
    Winner(p, c + p, p, D(3 - i) if i > 1 else D(i + 1))
    for i, (c, p) in enumerate(zip(CASH, PNL, strict=True))
]


@pytest.mark.parametrize(
    ("budget", "told"),
    [
        ("12", ["[all of the profit]", "[all of the profit]"]),
        ("3", ["[loss] x [its weight] / [all weights]", "[loss] x [its weight] / [all weights]"]),
    ],
)
def test_it_is_told_whether_all_of_a_profit_is_cut(budget: str, told: list[str]) -> None:
    """8 and 4 of 12 are all; 2 and 1 of 3 are shares."""
    winners, rule = [winner("8"), winner("4")], made("haircut")
    with exact():
        worked = rule.worked(winners, rule.cuts(winners, D(budget), CENT), D(budget), CENT)
    assert [one.formula for one in worked] == told


def test_severity_makes_the_budget() -> None:
    assert budget_of(D(3) + D(12), D("0.5"), CENT) == D("7.5")


def test_five_accounts_by_queue() -> None:
    second_first = [FIVE[0]._replace(score=D(2)), FIVE[1]._replace(score=D(3)), FIVE[2]._replace(score=D(1))]
    cuts = cut("cash-queue", second_first, D("7.5"))
    assert cuts == [D("3.5"), D(4), 0]
    assert [c / w.profit for c, w in zip(cuts, FIVE, strict=True)] == [D("0.4375"), 1, 0]
    assert [w.equity - c for c, w in zip(cuts, FIVE, strict=True)] == [D("6.5"), 1, 1]


@pytest.mark.parametrize("rule", ["haircut", "socialized", "capped-haircut", "integer-haircut"])
def test_five_accounts_pro_rata(rule: str) -> None:
    cuts = cut(rule, FIVE, D("7.5"))
    assert cuts == [D("4.8"), D("2.4"), D("0.3")]
    assert [w.equity - c for c, w in zip(cuts, FIVE, strict=True)] == [D("5.2"), D("2.6"), D("0.7")]


def test_a_queue_by_profit_leaves_the_top_winner_least() -> None:
    by_profit = [w._replace(score=w.profit) for w in FIVE]
    top_first = 8 - cut("cash-queue", by_profit, D("7.5"))[0]
    pro_rata = 8 - cut("haircut", FIVE, D("7.5"))[0]
    assert (top_first, pro_rata, pro_rata - top_first) == (D("0.5"), D("3.2"), D("2.7"))
    assert pro_rata - top_first == D("7.5") * (1 - D(8) / D("12.5"))  # B (1 - w1 / U)


# --- the same paper, risk-aware pro rata: shares at t = 2 of A, C, E (leverage 1.031, 0.925, 1.548)

E2 = {
    "A": (D(2) - D("0.738667"), 1),
    "C": (D(8) / 3 + D("2.954667"), 4),
    "E": (D(10) / 99 + D("0.738667"), 1),
}
RUNNING = [Winner(e, e, q * D("1.3")) for e, q in ((e.quantize(MICRO), q) for e, q in E2.values())]


@pytest.mark.parametrize(
    ("rule", "params", "shares"),
    [
        ("haircut", {}, ("0.163", "0.728", "0.109")),
        ("risk-weighted", {}, ("0.164", "0.589", "0.246")),
        ("risk-weighted-power", {}, ("0.155", "0.498", "0.348")),
        ("risk-weighted-tail", {"threshold": D("0.9")}, ("0.149", "0.114", "0.737")),
    ],
)
def test_risk_aware_shares_of_the_running_example(
    rule: str, params: dict[str, object], shares: tuple[str, ...]
) -> None:
    cuts = cut(rule, RUNNING, D("0.705404"), MICRO, **params)
    got = [c / D("0.705404") for c in cuts]
    assert all(abs(g - D(s)) <= D("0.0011") for g, s in zip(got, shares, strict=True)), got
    assert sum(cuts) == D("0.705404")


def test_levered_pro_rata_sums_to_the_budget_unlike_the_formula_as_printed() -> None:
    winners = [winner("10", "20", "20"), winner("30", "30", "90")]
    printed = [Fraction(10 * 1 * 40, (10 + 90) ** 2) * 10, Fraction(30 * 3 * 40, (10 + 90) ** 2) * 30]
    assert sum(printed) != 40
    assert cut("levered-haircut", winners, D(20)) == [2, 18]
    assert cut("levered-haircut", winners, D(40)) == [10, 30]  # 4 and 36, but 30 is all there is


# --- integer pro rata, MetaFlux: floor, then one unit each in ascending order


def test_integer_vector() -> None:
    assert cut("integer-haircut", [winner("30"), winner("50")], D(40), ONE) == [15, 25]


def test_integer_dust_goes_in_file_order() -> None:
    assert cut("integer-haircut", [winner("1"), winner("1"), winner("1")], D(2), ONE) == [1, 1, 0]
    assert cut("integer-haircut", [winner("10"), winner("10"), winner("19")], D(20), ONE) == [6, 5, 9]
    assert cut("haircut", [winner("10"), winner("10"), winner("19")], D(20), ONE) == [
        5,
        5,
        10,
    ]  # 5.13, 5.13, 9.74


# --- caps


def test_a_cap_holds_and_the_others_pay_more() -> None:
    winners = [
        winner("100", "40"),
        winner("100"),
        winner("200"),
    ]  # the first may lose 40, it has no more equity
    assert cut("capped-haircut", winners, D(200)) == [D(40), D("53.33"), D("106.67")]
    assert cut("capped-haircut", winners, D(400)) == [40, 100, 200]
    assert cut("capped-haircut", winners, D(400), max_cut=D("0.5")) == [40, 50, 100]


def test_equity_to_keep() -> None:
    winners = [winner("100", "150", keep="120"), winner("100")]
    assert cut("capped-haircut", winners, D(100)) == [30, 70]


def test_under_the_threshold_nobody_pays_until_those_above_it_are_at_their_caps() -> None:
    calm, risky = winner("100", "100", "50"), winner("100", "100", "300")
    assert cut("risk-weighted-tail", [calm, risky], D(60)) == [0, 60]
    assert cut("risk-weighted-tail", [calm, risky], D(150)) == [50, 100]


def test_without_equity_the_levered_rules_take_nothing() -> None:
    broke, rich = winner("100", "-5", "300"), winner("100", "100", "100")
    assert cut("risk-weighted", [broke, rich], D(50)) == [0, 50]
    assert cut("levered-haircut", [broke, rich], D(150)) == [0, 100]


def test_hybrid_takes_a_fifth_by_queue() -> None:
    winners = [winner("100", "200", "200", score="1"), winner("100", "200", "200", score="2")]
    assert cut("hybrid", winners, D(100)) == [
        D("44.44"),
        D("55.56"),
    ]  # 20 from the second, then 80 over 100 : 80
    assert cut("hybrid", winners, D(100), queue_share=ONE) == [0, 100]
    assert cut("hybrid", winners, D(100), queue_share=ZERO) == cut("levered-haircut", winners, D(100))


# --- what holds for every rule

amounts = st.integers(1, 5000).map(lambda n: D(n).scaleb(-2))
winners_lists = st.lists(
    st.builds(
        Winner,
        amounts,
        st.integers(-500, 9000).map(lambda n: D(n).scaleb(-2)),
        amounts,
        st.integers(0, 3).map(D),
        st.just(ZERO),
    ),
    min_size=1,
    max_size=6,
)
FREE = (
    "haircut",
    "socialized",
    "integer-haircut",
    "floored-gains",
    "cash-queue",
)  # rules without caps but the profit
rules = pytest.mark.parametrize("rule", HAIRCUTS)


@pytest.mark.slow
@rules
@given(winners=winners_lists, budget=st.integers(0, 20000).map(lambda n: D(n).scaleb(-2)))
def test_budget_balances_to_the_unit(rule: str, winners: list[Winner], budget: Decimal) -> None:
    cuts = cut(rule, winners, budget)
    assert all(0 <= c <= w.profit and c == c.quantize(CENT) for c, w in zip(cuts, winners, strict=True))
    caps = [w.profit if rule in FREE else max(min(w.profit, w.equity), ZERO) for w in winners]
    if rule == "hybrid":  # its queue takes profits whatever the equity
        assert sum(cuts) <= budget
    else:
        assert all(c <= cap for c, cap in zip(cuts, caps, strict=True))
        assert sum(cuts) == min(budget, sum(caps))


@pytest.mark.slow
@rules
@given(winners=winners_lists)
def test_nothing_to_pay_is_paid_by_nobody(rule: str, winners: list[Winner]) -> None:
    assert cut(rule, winners, ZERO) == [0] * len(winners)
    assert cut(rule, [], D(10)) == []


def slow_level(masses: list[Fraction], caps: list[Fraction], budget: Fraction) -> list[Fraction]:
    """Water-filling by rounds: share what is left in proportion, fix whoever would pass the cap, begin
    again."""
    fixed: dict[int, Fraction] = {i: Fraction(0) for i, m in enumerate(masses) if not m}
    while True:
        free = [i for i in range(len(masses)) if i not in fixed]
        left = budget - sum(fixed.values(), Fraction(0))
        if not free:
            break
        whole = sum(masses[i] for i in free)
        over = [i for i in free if left * masses[i] / whole > caps[i]]
        if not over:
            return [fixed[i] if i in fixed else left * masses[i] / whole for i in range(len(masses))]
        fixed |= {i: caps[i] for i in over}
    return [fixed[i] for i in range(len(masses))]


@pytest.mark.slow
@pytest.mark.parametrize(
    "rule", ["haircut", "capped-haircut", "levered-haircut", "risk-weighted", "risk-weighted-power"]
)
@given(winners=winners_lists, budget=st.integers(0, 20000).map(lambda n: D(n).scaleb(-2)))
def test_no_share_is_further_than_a_unit_from_the_slow_twin(
    rule: str, winners: list[Winner], budget: Decimal
) -> None:
    power = {
        "haircut": 0,
        "capped-haircut": 0,
        "levered-haircut": 1,
        "risk-weighted": 2,
        "risk-weighted-power": 3,
    }[rule]
    masses, caps = [], []
    for w in winners:
        leverage = Fraction(w.notional) / Fraction(w.equity) if w.equity > 0 else Fraction(0)
        masses.append(Fraction(w.profit) * (leverage**power if power else 1))
        caps.append(Fraction(w.profit if rule == "haircut" else max(min(w.profit, w.equity), ZERO)))
    expected = slow_level(masses, caps, min(Fraction(budget), sum(caps)))
    got = cut(rule, winners, budget)
    assert all(abs(Fraction(g) - e) < Fraction(CENT) for g, e in zip(got, expected, strict=True))


@given(winners=winners_lists, budget=amounts)
def test_the_cash_queue_by_its_definition(winners: list[Winner], budget: Decimal) -> None:
    """x of the k-th in order = (B - what those before have)+ - (B - what those up to it have)+."""
    order = sorted(range(len(winners)), key=lambda i: (-winners[i].score, -winners[i].profit, i))
    expected, before = [ZERO] * len(winners), ZERO
    for i in order:
        after = before + winners[i].profit
        expected[i] = max(budget - before, ZERO) - max(budget - after, ZERO)
        before = after
    assert cut("cash-queue", winners, budget) == expected


@given(winners=winners_lists, budget=amounts)
def test_integer_haircut_by_definition(winners: list[Winner], budget: Decimal) -> None:
    """Rounded down; then cent by cent in file order, once round."""
    whole = sum(w.profit for w in winners)
    left = budget = min(budget, whole)
    expected = []
    for w in winners:
        cents = Fraction(budget) * Fraction(w.profit) / Fraction(whole) * 100 // 1
        expected.append(Decimal(int(cents)) / 100)
        left -= expected[-1]
    for i, w in enumerate(winners):
        if left and expected[i] < w.profit:
            expected[i] += CENT
            left -= CENT
    assert left == 0
    assert cut("integer-haircut", winners, budget) == expected


@given(winners=winners_lists, budget=amounts, tenths=st.integers(0, 10))
def test_hybrid_is_its_two_parts(winners: list[Winner], budget: Decimal, tenths: int) -> None:
    """The queue's part is a cash queue of its own; what is left of the profits pays by leverage, within a
    cent of the twin."""
    share = D(tenths) / 10
    first = cut("cash-queue", winners, (share * budget).quantize(CENT))
    masses, caps = [], []
    for w, x in zip(winners, first, strict=True):
        leverage = Fraction(w.notional) / Fraction(w.equity) if w.equity > 0 else Fraction(0)
        masses.append(Fraction(w.profit - x) * leverage)
        caps.append(Fraction(max(min(w.profit - x, w.equity - x), ZERO)))
    rest = slow_level(masses, caps, min(Fraction(budget - sum(first)), sum(caps)))
    got = cut("hybrid", winners, budget, queue_share=share)
    assert all(abs(Fraction(g - x) - e) < Fraction(CENT) for g, x, e in zip(got, first, rest, strict=True))


# --- axioms

FINE = D("1E-12")
profits = st.lists(st.integers(1, 60).map(D), min_size=2, max_size=5)


def of(profit: Decimal) -> Winner:
    return Winner(profit, profit * 2, profit, profit)


@given(profits, st.integers(1, 9), st.data())
def test_haircut_pro_rata_is_sybil_proof_scale_free_and_monotone(
    amounts: list[Decimal], tenths: int, data: st.DataObject
) -> None:
    budget = sum(amounts) * D(tenths) / 10
    cuts = cut("haircut", [of(p) for p in amounts], budget, FINE)
    part = data.draw(st.integers(1, 99)) * amounts[0] / 100
    if part < amounts[0]:
        split = cut("haircut", [of(part), of(amounts[0] - part), *map(of, amounts[1:])], budget, FINE)
        assert abs(split[0] + split[1] - cuts[0]) <= 2 * FINE
    twice = cut("haircut", [of(2 * p) for p in amounts], 2 * budget, FINE)
    assert all(abs(t - 2 * c) <= 3 * FINE for t, c in zip(twice, cuts, strict=True))
    left = [p - c for p, c in sorted(zip(amounts, cuts, strict=True))]
    assert all(a <= b + FINE for a, b in pairwise(left))


def test_a_queue_fails_sybil_and_monotonicity() -> None:
    whole = [of(D(8)), of(D(6))]
    split = [of(D(4)), of(D(4)), of(D(6))]
    assert cut("cash-queue", whole, D(7)) == [7, 0]
    assert sum(cut("cash-queue", split, D(7))[:2]) == 1  # in two halves the same winner pays 1 instead of 7
    assert (
        8 - cut("cash-queue", whole, D(7))[0] < 6 - cut("cash-queue", whole, D(7))[1]
    )  # 1 is left of 8, all of 6


def test_the_two_spaces_share_no_name() -> None:
    assert not POLICIES.keys() & HAIRCUTS.keys()


@pytest.mark.parametrize("shares", [("1.2", "1.3"), ("1.3", "1.2")])
def test_what_is_smaller_than_a_unit_goes_to_the_largest_remainder_in_any_order(
    shares: tuple[str, str],
) -> None:
    """2.5 in units of 1: 1 and 1, and the half that is left to 1.3, wherever it stands."""
    found = in_units([Fraction(one) for one in shares], D("2.5"), D(1), [D(2), D(2)], by_remainder=True)
    assert dict(zip(shares, found, strict=True)) == {"1.2": D(1), "1.3": D("1.5")}


# --- sums of fractions of which each has another denominator --------------------------------------------------


def levered_crowd(winners: int) -> list[Winner]:
    """Everybody has another equity, so that a common denominator is as long as all of them together."""
    return [
        Winner(D(100 + 7 * i % 900), D(10_007 + 97 * i), D(50_000 + 13 * i * i % 40_000))
        for i in range(winners)
    ]


FRACTIONS = ("__add__", "__radd__", "__sub__", "__rsub__", "__mul__", "__rmul__", "__truediv__", "__lt__")


@pytest.mark.parametrize("spared", [None, ONE])
@pytest.mark.parametrize("rule", HAIRCUTS)
def test_no_number_grows_with_the_winners(
    rule: str, spared: Decimal | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sum of fractions over one denominator has as many digits as all denominators together, and whatever is
    done with it for each winner costs as much as all of them: 2,000 accounts took forty seconds. Counted are the
    operations of fractions, and the bits of the longest number that any step of either kind looks at. The budget is
    a part of the profits, or all of them but 1: then all but one are at their caps, and that one's share is a whole
    number of cents, which no bounds can tell."""
    bits: list[int] = []

    def counted(plain: Callable[[Fraction, Fraction], Any]) -> Callable[[Fraction, Fraction], Any]:
        def looked_at(one: Fraction, other: Fraction) -> Any:
            found = plain(one, other)
            bits.extend(x.denominator.bit_length() for x in (one, found) if isinstance(x, Fraction))
            return found

        return looked_at

    def whole(weights: Sequence[tuple[int, int]], most: int | None) -> tuple[list[list[int]], int]:
        ends, scale = ends_of(weights, most)
        bits.extend(x.bit_length() for end in ends for x in end)
        return ends, scale

    for name in FRACTIONS:
        monkeypatch.setattr(Fraction, name, counted(getattr(Fraction, name)))
    ends_of = sharing.ends_of
    monkeypatch.setattr(sharing, "ends_of", whole)
    longest, steps = [], []
    for winners in (200, 800):
        bits.clear()
        crowd = levered_crowd(winners)
        with exact():
            budget = D(3000) if spared is None else sum((w.profit for w in crowd), -spared)
            cuts = made(rule).cuts(crowd, budget, CENT)
            made(rule).worked(crowd, cuts, budget, CENT)
        longest.append(max(bits, default=0))
        steps.append(len(bits))
    assert longest[1] <= longest[0] + 16
    assert steps[1] <= 5 * steps[0]


@pytest.mark.parametrize("short", [0, 64])
@pytest.mark.parametrize("guard", [1, 8, 320])
@pytest.mark.parametrize("rule", HAIRCUTS)
def test_bounds_of_the_weights_tell_what_the_exact_ones_tell(
    rule: str, guard: int, short: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However rough the bounds, and where nothing but the exact ones can tell, too: cuts and how they came
    about."""
    for seed in range(40):
        r = random.Random(seed)
        crowd = [
            Winner(D(r.choice([1, 2, 50, r.randint(1, 999)])), D(r.randint(-9, 99)), D(r.randint(1, 999)))
            for _ in range(r.choice([1, 2, 3, 20]))
        ]
        budget, unit = D(r.randint(1, 2 * int(sum(w.profit for w in crowd)))), r.choice([ONE, CENT, D("0.5")])
        found = []
        for most, digits in ((10**9, 320), (short, guard)):
            monkeypatch.setattr(sharing, "SHORT", most)
            monkeypatch.setattr(sharing, "GUARD", digits)
            with exact():
                cuts = made(rule).cuts(crowd, budget, unit)
                found.append((cuts, made(rule).worked(crowd, cuts, budget, unit)))
        assert found[0] == found[1], seed


@pytest.mark.parametrize("seed", range(20))
def test_the_parts_of_capped_shares_are_those_of_the_exact_ones(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By fractions, as the definition has it, and then in units."""
    monkeypatch.setattr(sharing, "SHORT", 0)
    r = random.Random(seed)
    for _ in range(20):
        some = range(r.choice([1, 2, 5, 30]))
        weights = [
            Fraction(r.choice([0, 1, 2, r.randint(1, 99)]), r.choice([1, 2, r.randint(1, 99)])) for _ in some
        ]
        caps = [D(r.choice([0, 1, r.randint(1, 50)])) for _ in some]
        there = sum(cap for cap, weight in zip(caps, weights, strict=True) if weight)
        if not there:
            continue
        total = D(r.randint(0, int(there) * 4 - 1)) / 4
        shares = capped(weights, [*map(Fraction, caps)], Fraction(total))
        with exact():
            expected = in_units(shares, total, ONE, caps, by_remainder=True)
            assert sharing.capped_in_units(weights, caps, total, ONE) == expected


# --- over a whole run ---------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("policy", sorted(HAIRCUTS))
def test_nobody_pays_twice_with_the_same_profit(policy: str) -> None:
    """An account with one position that nobody touches pays at most the most that it had ever won, however often
    losses come, in a step or in several; under the rule of single moves at most all that they brought."""
    paying = 0
    for seed in range(90):
        scenario = random_scenario(seed, inverse=seed % 3 == 0)
        how = HAIRCUTS[policy]()
        rules = replace(
            scenario.rules,
            adl=replace(scenario.rules.adl, when=AdlWhen.NEVER),
            last_resort=replace(scenario.rules.last_resort, policy=how),
        )
        funds = tuple(replace(fund, balance=ZERO) for fund in scenario.funds)
        events = list(run(replace(scenario, rules=rules, funds=funds)))
        closed = {event.account for event in events if isinstance(event, Liquidated)}
        paid: dict[str, Decimal] = {}
        for event in events:
            if isinstance(event, LossSocialized):
                paid[event.account] = paid.get(event.account, ZERO) + event.amount
        for account in scenario.accounts:
            if account.id not in paid or account.id in closed or len(account.positions) != 1:
                continue
            (position,) = account.positions
            market = next(one for one in scenario.markets if one.name == position.market)
            marks = scenario.path.marks[market.name]
            value = valuer(market.contract, scenario.money_unit)
            size = position.side * position.size
            with exact():
                worth = [value(size, position.entry), *(value(size, mark) for mark in marks)]
                won = max(one - worth[0] for one in worth)
                if how.base == Base.MOVE:
                    won = sum((max(b - a, ZERO) for a, b in pairwise(worth)), ZERO)
            assert paid[account.id] <= won, (seed, account.id)
            paying += 1
    assert paying > 20
