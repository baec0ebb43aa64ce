"""Policies of contract space: published examples exactly, totals to the lot, and slow twins."""

from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal
from fractions import Fraction
from itertools import product
from pathlib import Path as FilePath
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

import adlcalc
from adlcalc.engine.books.ledger import Ledger
from adlcalc.engine.events import Deleveraged, Liquidated, Skipped
from adlcalc.engine.formulas.policies import POLICIES, Exposure, Policy, SeededCycle, down_to_common_leverage
from adlcalc.engine.formulas.prices import PRICES, Known, no_gift
from adlcalc.engine.formulas.scores import SCORES
from adlcalc.engine.formulas.sharing import capped, in_units
from adlcalc.engine.loop import run
from adlcalc.engine.model import (
    LONG,
    SHORT,
    Account,
    Depth,
    Fund,
    Liquidity,
    Market,
    Path,
    Position,
    Scenario,
)
from adlcalc.engine.queue.queue import Place, Queue
from adlcalc.engine.rules import AdlRules, Eligible, Rules
from adlcalc.ground.numbers import ONE, ZERO, D, divide, exact
from tests.bench.books import isolated_book


class Held(NamedTuple):
    """A position of a test: side long unless it says otherwise."""

    size: str
    entry: str = "50"
    margin: str = "1000"


def queue(book: dict[str, Held], score: str = "pnl-percent", mark: str = "100") -> list[Place]:
    """The places of the longs, ranked."""
    accounts = tuple(
        Account(name, (Position("M", LONG, D(x.size), D(x.entry), D(x.margin)),)) for name, x in book.items()
    )
    ledger = Ledger(Scenario((Market("M", lot=ONE),), accounts, Path({})))
    ledger.markets["M"].mark = D(mark)
    return list(Queue(ledger.markets["M"], LONG, AdlRules(score=SCORES[score], eligible=Eligible.ALL)))


def named(policy: str, **rules: int) -> Policy:
    """The policy of that name, with those of the rules that it has."""
    choice = POLICIES[policy]
    if not isinstance(choice, type):
        return choice  # type: ignore[no-any-return]  # a function
    return choice(**{f.name: rules[f.name] for f in fields(choice) if f.name in rules})  # type: ignore[no-any-return]


def gives(
    policy: str, book: dict[str, Held], quantity: str, lot: str = "1", **rules: int
) -> dict[str, Decimal]:
    """account -> what it gives, in the order of the fills."""
    with exact():
        fills = named(policy, **rules)(queue(book), D(quantity), D(lot))
        return {place.holding.holder.id: size for place, size in fills}


# --- one after the other

# BitMEX's published example: longs with their place in the ranking (6 first), here as entries that rank that
# way at mark 100
BITMEX = {
    "1": Held("10", "70"),
    "2": Held("10", "40"),
    "3": Held("20", "90"),
    "4": Held("30", "60"),
    "5": Held("20", "50"),
    "6": Held("10", "80"),
}


def test_the_queue_of_the_published_example() -> None:
    assert [place.holding.holder.id for place in queue(BITMEX)] == ["2", "5", "4", "1", "6", "3"]
    assert gives("queue", BITMEX, "20") == {"2": 10, "5": 10}


def test_two_accounts_of_one_coin_close_a_bankrupt_two_and_lose_alike() -> None:
    """Robinson's example: a deficit of 1,500 over 2 ETH is 750 for each coin, half of the equity of the
    first, who has 1,500."""
    book = {"top": Held("1", "2000", "500"), "next": Held("1", "2500", "500")}
    with exact():
        fills = POLICIES["queue"](queue(book, mark="3000"), D(2), ONE)
        loss = {place.holding.holder.id: size * divide(D(1500), D(2)) for place, size in fills}
        assert loss == {"top": 750, "next": 750}
        assert divide(loss["top"], fills[0][0].inputs.equity) == D("0.5")


def test_list_order_takes_no_notice_of_the_score() -> None:
    assert gives("list-order", BITMEX, "25") == {"1": 10, "2": 10, "3": 5}


@pytest.mark.parametrize(
    ("seed", "order"), [(0, "123456"), (2, "345612"), (5, "612345"), (6, "123456"), (6_000_004, "561234")]
)
def test_a_seeded_cycle_starts_where_the_seed_says_and_goes_round(seed: int, order: str) -> None:
    assert "".join(gives("seeded-cycle", BITMEX, "100", seed=seed)) == order


def test_a_seeded_cycle_keeps_its_start_when_a_place_is_gone() -> None:
    with exact():
        places = [place for place in queue(BITMEX) if place.holding.holder.id not in ("1", "3")]
        fills = SeededCycle(2)(places, D(15), ONE)
    assert [place.holding.holder.id for place, _ in fills] == ["4"]


# --- all together


def test_pro_rata_by_size_in_lots() -> None:
    assert gives("pro-rata", BITMEX, "50") == {"2": 5, "5": 10, "4": 15, "1": 5, "6": 5, "3": 10}
    assert gives("pro-rata", {"a": Held("1"), "b": Held("1"), "c": Held("1")}, "2") == {"a": 1, "b": 1}
    assert gives("pro-rata", {"a": Held("10"), "b": Held("20")}, "10", lot="0.1") == {
        "b": D("6.7"),
        "a": D("3.3"),
    }


def test_top_n_takes_the_largest_first() -> None:
    book = {"a": Held("10"), "b": Held("30"), "c": Held("20"), "d": Held("20")}
    assert gives("top-n-pro-rata", book, "25", top=2) == {"b": 15, "c": 10}
    assert gives("top-n-pro-rata", book, "65", top=2) == {"b": 30, "c": 20, "d": 10, "a": 5}
    assert (
        gives("top-n-pro-rata", book, "40", top=10)
        == gives("pro-rata", book, "40")
        == {"b": 15, "c": 10, "d": 10, "a": 5}
    )


def test_minimax_leverage_drains_to_one_common_leverage() -> None:
    """At 100 each holds 1,000, on equities of 100 (10x), 200 (5x) and 1,000 (1x). Closing 7 leaves a and b at
    13/3."""
    book = {"a": Held("10", "100", "100"), "b": Held("10", "100", "200"), "c": Held("10", "100", "1000")}
    assert gives("minimax-leverage", book, "3") == {"a": 3}
    assert gives("minimax-leverage", book, "5") == {"a": 5}
    assert gives("minimax-leverage", book, "8", lot="0.01") == {"a": D(6), "b": D(2)}  # both at 4x
    assert gives("minimax-leverage", book, "7", lot="0.01") == {"a": D("5.67"), "b": D("1.33")}
    assert gives("minimax-leverage", book, "40") == {"a": 10, "b": 10, "c": 10}


def test_minimax_leverage_counts_the_whole_account() -> None:
    """Both hold 10 longs at 100 on an equity of 1,000; the cross account carries 2,000 more in another
    market: 3x against 1x."""
    accounts = (
        Account("hedger", (Position("M", LONG, D(10), D(50)), Position("N", SHORT, D(20), D(100))), D(500)),
        Account("alone", (Position("M", LONG, D(10), D(50), D(500)),)),
    )
    with exact():
        ledger = Ledger(Scenario((Market("M", lot=ONE), Market("N")), accounts, Path({})))
        for book in ledger.markets.values():
            book.mark = D(100)
        places = list(Queue(ledger.markets["M"], LONG, AdlRules()))
        fills = POLICIES["minimax-leverage"](places, D(12), ONE)
    assert {place.holding.holder.id: size for place, size in fills} == {"hedger": 10, "alone": 2}


def test_minimax_leverage_takes_those_without_equity_first() -> None:
    book = {"a": Held("10", "100", "100"), "broke": Held("4", "150", "150")}  # equity 150 - 200
    assert gives("minimax-leverage", book, "3") == {"broke": 3}
    assert gives("minimax-leverage", book, "6") == {"broke": 4, "a": 2}


# --- what holds for every policy

sizes = st.lists(st.integers(1, 12), min_size=1, max_size=6)


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES)
@given(held=sizes, quantity=st.integers(1, 60), entries=st.lists(st.integers(50, 99), min_size=6, max_size=6))
def test_parts_sum_to_the_quantity_and_fit(
    policy: str, held: list[int], quantity: int, entries: list[int]
) -> None:
    book = {str(i): Held(str(size), str(entries[i])) for i, size in enumerate(held)}
    found = gives(policy, book, str(quantity), seed=3, top=2)
    assert sum(found.values()) == min(quantity, sum(held))
    assert all(0 < size <= held[int(name)] and size == int(size) for name, size in found.items())


@pytest.mark.parametrize("policy", POLICIES)
def test_nobody_there(policy: str) -> None:
    assert named(policy)([], D(5), ONE) == []


@given(held=sizes, quantity=st.integers(1, 60))
def test_pro_rata_is_nowhere_a_lot_away_from_the_exact_share(held: list[int], quantity: int) -> None:
    total = min(quantity, sum(held))
    found = gives("pro-rata", {str(i): Held(str(size)) for i, size in enumerate(held)}, str(quantity))
    assert all(
        abs(Fraction(found.get(str(i), ZERO)) - Fraction(total * size, sum(held))) < 1
        for i, size in enumerate(held)
    )


@given(
    st.lists(
        st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(0, 9), st.integers(1, 9)),
        min_size=1,
        max_size=3,
    ),
    st.integers(0, 15),
)
def test_no_way_to_close_in_whole_contracts_beats_the_common_leverage(
    rows: list[tuple[int, int, int, int]], quantity: int
) -> None:
    """The twin tries every way to close the quantity in whole contracts: none has a lower highest
    leverage."""
    exposures = [
        Exposure(Fraction(q), Fraction(p), Fraction(q * p + more), Fraction(e)) for q, p, more, e in rows
    ]
    quantity = min(quantity, sum(row[0] for row in rows))

    def highest(shares: tuple[Fraction | int, ...]) -> Fraction:
        return max((x.notional - k * x.each) / x.equity for k, x in zip(shares, exposures, strict=True))

    shares = down_to_common_leverage(exposures, Fraction(quantity))
    assert sum(shares) == quantity
    assert all(0 <= k <= x.size for k, x in zip(shares, exposures, strict=True))
    ways = (way for way in product(*(range(row[0] + 1) for row in rows)) if sum(way) == quantity)
    assert highest(tuple(shares)) <= min(map(highest, ways))


@given(
    st.lists(st.tuples(st.integers(1, 5), st.integers(1, 9)), min_size=2, max_size=4),
    st.integers(1, 12),
    st.integers(1, 12),
)
def test_minimax_leverage_is_path_independent_and_sybil_proof(
    rows: list[tuple[int, int]], first: int, then: int
) -> None:
    """Closing in two goes is closing at once; and an account split in two like halves gives what it gave
    whole."""
    whole = [Exposure(Fraction(q), Fraction(1), Fraction(q), Fraction(e)) for q, e in rows]
    at_once = down_to_common_leverage(whole, Fraction(first + then))
    some = down_to_common_leverage(whole, Fraction(first))
    left = [x._replace(size=x.size - k, notional=x.notional - k) for x, k in zip(whole, some, strict=True)]
    rest = down_to_common_leverage(left, Fraction(then))
    assert [a + b for a, b in zip(some, rest, strict=True)] == at_once
    half = whole[0]._replace(
        size=whole[0].size / 2, notional=whole[0].notional / 2, equity=whole[0].equity / 2
    )
    split = down_to_common_leverage([half, half, *whole[1:]], Fraction(first))
    assert split[0] + split[1] == some[0]


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["queue", "list-order", "seeded-cycle"])
@given(
    held=sizes,
    quantity=st.integers(1, 60),
    entries=st.lists(st.integers(50, 99), min_size=6, max_size=6),
    seed=st.integers(0, 99),
)
def test_one_after_the_other_by_definition(
    policy: str, held: list[int], quantity: int, entries: list[int], seed: int
) -> None:
    """What the k-th gives = (Q - what those before have)+ - (Q - what those up to it have)+."""
    n = len(held)
    if policy == "queue":  # pnl% = 100 / entry - 1: lowest entry first, then the larger, then file order
        order = sorted(range(n), key=lambda i: (entries[i], -held[i], i))
    else:
        start = seed % n if policy == "seeded-cycle" else 0
        order = [(start + k) % n for k in range(n)]
    expected, before = {}, 0
    for i in order:
        after = before + held[i]
        expected[str(i)] = max(quantity - before, 0) - max(quantity - after, 0)
        before = after
    book = {str(i): Held(str(size), str(entries[i])) for i, size in enumerate(held)}
    assert gives(policy, book, str(quantity), seed=seed) == {
        name: size for name, size in expected.items() if size
    }


@given(held=sizes, quantity=st.integers(1, 60), n=st.integers(1, 4))
def test_top_n_by_definition(held: list[int], quantity: int, n: int) -> None:
    """Groups of n by size: whole groups while the quantity lasts, then one in proportion."""
    order = sorted(range(len(held)), key=lambda i: (-held[i], i))
    found, left = (
        gives(
            "top-n-pro-rata", {str(i): Held(str(size)) for i, size in enumerate(held)}, str(quantity), top=n
        ),
        quantity,
    )
    for first in range(0, len(order), n):
        group = order[first : first + n]
        whole = sum(held[i] for i in group)
        share = Fraction(min(left, whole), whole)
        assert all(abs(Fraction(found.get(str(i), ZERO)) - share * held[i]) < 1 for i in group)
        assert sum(found.get(str(i), ZERO) for i in group) == min(left, whole)
        left -= min(left, whole)


# --- claims that are open together --------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["pro-rata", "minimax-leverage"])
def test_claims_that_are_open_together_make_no_more_fills_than_claims_and_places(policy: str) -> None:
    """Each fill ends a claim or what a place gives. One claim after the other would take of nearly
    everybody."""
    crash = isolated_book(accounts=600, steps=1)
    thin = replace(crash.markets[0], liquidity=Liquidity(Depth.LEVELS))
    path = Path({"M": (D(60_000), D(52_800))})
    one = replace(crash, markets=(thin,), funds=(Fund("fund"),), path=path)
    queue = [e for e in run(one) if isinstance(e, Deleveraged)]
    events = list(run(replace(one, rules=Rules(adl=AdlRules(policy=POLICIES[policy])))))
    fills = [e for e in events if isinstance(e, Deleveraged)]
    claims, places = {e.claim for e in fills}, {e.account for e in fills}
    assert len(claims) > 50
    assert len(places) > 2 * len({e.account for e in queue})
    assert len(fills) < len(claims) + len(places)
    prices = {e.claim: e.bankruptcy_price for e in events if isinstance(e, Liquidated)}
    assert all(e.price == prices[e.claim] for e in fills)
    with exact():
        assert sum(e.size for e in fills) == sum(e.size for e in queue)


@pytest.mark.parametrize("policy", [POLICIES["list-order"], SeededCycle(7)])
def test_a_claim_that_is_refused_goes_on_and_does_not_begin_again(
    policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long from 98 at 10x is closed at 88.2 where the mark is 80. Every short at 20x from 81 to 84 that is met has
    less than the 8.2 that it would lose, so each claim passes over many before one takes it, and is asked again for
    what each of them left. Counted is how often somebody's place is looked up: as often as there are rows, and not
    for all those before as well."""
    longs = [Account(f"l{i}", (Position("M", LONG, D(4), D(98), D("39.2")),)) for i in range(20)]
    poor = [Account(f"p{i}", (Position("M", SHORT, ONE, D(81 + i % 4), D(4)),)) for i in range(100)]
    rich = [Account(f"r{i}", (Position("M", SHORT, ONE, D(100), D(50)),)) for i in range(100)]
    thin = Market("M", lot=ONE, liquidity=Liquidity(Depth.LEVELS))
    rules = Rules(adl=AdlRules(policy=policy))
    path = Path({"M": (D(80),)})
    looked: list[object] = []
    plain = Queue.place_of
    monkeypatch.setattr(
        Queue, "place_of", lambda queue, holding: looked.append(holding) or plain(queue, holding)
    )
    events = list(run(Scenario((thin,), (*poor, *longs, *rich), path, (Fund("fund"),), rules=rules)))
    rows = sum(isinstance(event, Deleveraged | Skipped) for event in events)
    assert sum(isinstance(event, Skipped) for event in events) > 1000
    assert len(looked) < 2 * rows


# --- dividing


def test_units_go_to_the_largest_remainders_and_what_is_smaller_to_the_first_with_room() -> None:
    thirds = [Fraction(10, 3)] * 3
    assert in_units(thirds, D(10), ONE, [D(9)] * 3) == [4, 3, 3]
    assert in_units(thirds, D(10), D("0.1"), [D(9)] * 3) == [D("3.4"), D("3.3"), D("3.3")]
    assert in_units([Fraction(5, 4)] * 2, D("2.5"), ONE, [D(1), D(9)]) == [1, D("1.5")]
    assert in_units([Fraction(1)], D(5), ONE, [D(1)]) == [1]


def test_a_weight_of_zero_gets_nothing() -> None:
    assert capped([Fraction(0), Fraction(1)], [Fraction(5), Fraction(2)], Fraction(4)) == [0, 2]


# --- the price of a fill ------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ["bankruptcy", "mark", "previous-mark", "mix", "spread"])
@pytest.mark.parametrize("side", [1, -1])
def test_no_price_gives_a_bankrupt_account_money(rule: str, side: int) -> None:
    """Whatever the rule: with the mark at the bankruptcy price or beyond, a fill is no better than it."""
    for mark in range(80, 121, 5):
        for previous in (50, 95, 100, 105, 200):
            for weight in ("0", "0.02", "0.5", "1"):
                known = Known(D(100), D(mark), D(previous), side, D("0.5"))
                choice = PRICES[rule]
                by_rule = (choice(D(weight)) if isinstance(choice, type) else choice)(known)
                told, price = by_rule.result, no_gift(by_rule, known).result
                if side * (mark - 100) <= 0:
                    assert side * price <= side * 100
                assert price == told or (
                    price == 100 and side * told > side * 100 and side * (mark - 100) <= 0
                )


def test_a_price_that_was_limited_is_an_event_a_footnote_and_told(tmp_path: FilePath) -> None:
    """hyperliquid, 100 -> 50: a long with 10 behind it is closed at 90, where it has nothing left, not at the
    mark before."""
    path = tmp_path / "gap.yaml"
    path.write_text(
        "venue: hyperliquid\nmarkets: {X: {liquidity: none}}\naccounts:\n"
        "  - {id: a, side: long, size: 1, entry: 100, collateral: 10}\n"
        "  - {id: b, side: short, size: 1, entry: 110, collateral: 50}\nprices: [100, 50]\n"
    )
    run = adlcalc.run(adlcalc.load(path))
    assert [(row.price, row.rule_price) for row in run.deleveraged] == [(90, 100)]
    assert "adl.price (limit)" in {one.rule for one in run.assumptions}
    within = adlcalc.run(adlcalc.load(path, sets=["prices=[100, 95, 91, 89.9]"]))
    assert "adl.price (limit)" in {one.rule for one in within.assumptions}  # 91 was the mark before
    at_it = adlcalc.run(adlcalc.load(path, sets=["prices=[100, 90, 89.9]", "rules.backstop.kind=none"]))
    assert [(row.price, row.rule_price) for row in at_it.deleveraged] == [(90, None)]
    assert "adl.price (limit)" not in {one.rule for one in at_it.assumptions}
