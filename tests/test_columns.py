"""A book as columns of integers: the same accounts, and the same events as with plain accounts and without
the index."""

from __future__ import annotations

import gc
import gzip
import os
import pickle
import random
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from itertools import islice
from pathlib import Path

import pytest
from books import d, random_scenario
from rules import under_venue

from adlcalc.engine import quiet
from adlcalc.engine.books.ledger import Ledger
from adlcalc.engine.books.roster import Roster
from adlcalc.engine.columns import Columns
from adlcalc.engine.events import Deleveraged, Ended, Liquidated
from adlcalc.engine.loop import run
from adlcalc.engine.model import (
    Account,
    Contract,
    Depth,
    Fund,
    Liquidity,
    Maintenance,
    Market,
    Position,
    Scenario,
    Tier,
)
from adlcalc.engine.model import Path as PricePath
from adlcalc.engine.queue import head
from adlcalc.engine.quiet import QuietAccounts
from adlcalc.engine.waterfall import deleveraging
from adlcalc.ground.numbers import exact
from adlcalc.report import Run, facts
from adlcalc.report.charts import figures
from adlcalc.report.charts.figure import WIDE
from adlcalc.scenario import load
from adlcalc.source.files import UnfitFileError, unpacked
from adlcalc.source.problems import ScenarioErrors
from adlcalc.venues.files import shipped
from tests.bench.books import cross_book, isolated_book

SEEDS = 60 if os.environ.get("ADLCALC_TESTS") == "all" else 4


def lone(
    name: str, side: int, size: str, entry: str, collateral: str, leverage: str | None = None
) -> Account:
    position = Position(
        "M", side, d(size), d(entry), d(collateral), None if leverage is None else d(leverage)
    )
    return Account(name, (position,))


def test_columns_are_the_accounts_they_were_made_of() -> None:
    """Numbers of several widths: the column widens, and nothing is lost."""
    accounts = (
        lone("a", 1, "1", "60000", "6000"),
        lone("b", -1, "0.12345678", "60000.5", "0.01", "7.25"),
        lone("c", 1, "200", "0.5", "0"),
    )
    columns = Columns.of(accounts)
    assert columns is not None
    assert list(columns) == list(accounts)
    assert columns == accounts
    assert accounts == columns
    assert columns[1:] == accounts[1:]
    assert columns != accounts[:2]
    assert pickle.loads(pickle.dumps(columns)) == columns


def test_what_is_no_lone_isolated_position_is_not_kept_so() -> None:
    plain = lone("a", 1, "1", "60000", "6000")
    position = plain.positions[0]
    assert Columns.of(()) is None
    assert Columns.of((plain, Account("none", ()))) is None
    assert Columns.of((plain, Account("cross", (replace(position, collateral=None),), d(1)))) is None
    assert Columns.of((plain, Account("free", (position,), d(1)))) is None
    assert Columns.of((plain, Account("two", (position, replace(position, side=-1))))) is None
    assert Columns.of((plain, Account("other", (replace(position, market="N"),)))) is None


@pytest.mark.parametrize(
    ("size", "entry"), [("9223372036854775808", "1"), ("1e17", "1"), ("1", "0.000000000000000001")]
)
def test_numbers_that_do_not_fit_63_bits_are_not_kept_so(size: str, entry: str) -> None:
    """1e17 fits alone, and not with the eleven digits behind the point that another one has; nor does 1e-18
    beside a price of 60,000."""
    accounts = (lone("a", 1, size, entry, "1"), lone("b", 1, "0.00000000001", "60000", "1"))
    assert Columns.of(accounts) is None
    assert Columns.of(accounts[1:]) == accounts[1:]


def of_lone_positions(scenario: Scenario, rng: random.Random) -> Scenario:
    """The accounts that hold anything in the first market, each with one isolated position there."""
    market = scenario.markets[0]
    found = []
    for account in scenario.accounts:
        one = next((p for p in account.positions if p.market == market.name), None)
        if one is not None:
            money = d(rng.choice([0, "0.01", 1, 5, 20, 100])) if one.collateral is None else one.collateral
            found.append(Account(account.id, (replace(one, collateral=money),)))
    fund = next(one for one in scenario.funds if one.name == market.fund)
    path = replace(
        scenario.path,
        marks={market.name: scenario.path.marks[market.name]},
        funding={name: rates for name, rates in scenario.path.funding.items() if name == market.name},
    )
    providers = tuple(one for one in scenario.providers if one.market == market.name)
    parts = {"markets": (market,), "accounts": tuple(found), "path": path, "funds": (fund,)}
    return replace(scenario, **parts, providers=providers)


@pytest.mark.slow
@pytest.mark.parametrize("venue", shipped())
def test_the_same_events_under_every_venue(venue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With columns, with plain accounts, without the index; the grid of the queue serves from three positions
    on."""
    monkeypatch.setattr(head, "LONG_QUEUE", 3)
    as_columns = 0
    for seed in range(SEEDS):
        rng = random.Random(f"columns {venue} {seed}")
        book = random_scenario(seed, inverse=seed % 4 == 3, funding=seed % 4 == 2)
        one = of_lone_positions(under_venue(book, venue, rng), rng)
        columns = Columns.of(one.accounts)
        if columns is None:
            continue
        as_columns += 1
        plain = list(run(one))[:-1]
        assert plain == list(run(replace(one, accounts=columns)))[:-1], f"columns, seed {seed}"
        assert plain == list(run(one, index=False))[:-1], f"without the index, seed {seed}"
    assert as_columns


@pytest.mark.slow
@pytest.mark.parametrize("multiplier", ["1", "0.01", "5"])
def test_the_same_events_on_a_larger_book(multiplier: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long enough for the grid; nobody buys, so the queue is used."""
    m, one = d(multiplier), isolated_book(accounts=600, steps=120)
    market = replace(one.markets[0], contract=Contract(multiplier=m), liquidity=Liquidity(Depth.LEVELS))
    held = [(account, account.positions[0]) for account in one.accounts]
    scaled = [
        replace(account, positions=(replace(p, collateral=(p.collateral or d(0)) * m),))
        for account, p in held
    ]
    one = replace(one, markets=(market,), accounts=tuple(scaled), funds=(Fund("fund", d(0)),))
    columns = Columns.of(one.accounts)
    assert columns is not None
    monkeypatch.setattr(head, "LONG_QUEUE", 10)
    events = list(run(one))[:-1]
    assert events == list(run(replace(one, accounts=columns)))[:-1]
    assert sum(isinstance(event, Liquidated) for event in events) > 20
    assert sum(isinstance(event, Deleveraged) for event in events) > 20


# --- from a CSV file ----------------------------------------------------------------------------------------

ROWS = 7_000  # more than one block that is split at once


def book_file(folder: Path, change: Callable[[list[list[str]]], None], *, quoted: bool) -> str:
    """A scenario with a CSV book, some rows of which are changed. quoted: the header has quotes, so that
    csv.reader reads it all."""
    rng = random.Random(3)
    rows = [
        [f"a{i}", rng.choice(["long", "short"]), f"{rng.randrange(1, 9999) / 1000:.3f}", "60000.5", "700.25"]
        for i in range(ROWS)
    ]
    change(rows)
    header = '"id",side,size,entry,collateral' if quoted else "id,side,size,entry,collateral"
    text = "\n".join([header, *(",".join(row) for row in rows), ""])
    (folder / "book.csv").write_text(text, encoding="utf-8", newline="")
    file = folder / "one.yaml"
    file.write_text(
        "accounts: {file: book.csv}\nmarkets: {M: {lot: 0.001}}\nprices: [60_000]\n", encoding="utf-8"
    )
    return str(file)


def put(row: int, cell: int, text: str) -> Callable[[list[list[str]]], None]:
    """A change of one cell; row -1 is the last."""

    def change(rows: list[list[str]]) -> None:
        rows[row][cell] = text

    return change


def cut(row: int) -> Callable[[list[list[str]]], None]:
    """A row loses its last cell."""

    def change(rows: list[list[str]]) -> None:
        del rows[row][-1]

    return change


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "kept"),
    [
        (lambda rows: None, True),
        (put(6_000, 2, "1.5"), True),
        (put(6_000, 2, "1.000000001"), True),
        (put(6_000, 2, "1e3"), False),
        (put(6_000, 4, "1_000"), False),
        (put(6_000, 0, "Zoë"), False),
        (put(6_000, 3, "100000000000000000.000000000001"), False),
    ],
)
def test_a_regular_csv_file_is_kept_as_columns(
    tmp_path: Path, change: Callable[[list[list[str]]], None], kept: bool
) -> None:
    """Any other is read as well, and is the same accounts."""
    split = load(book_file(tmp_path, change, quoted=False)).scenario.accounts
    assert isinstance(split, Columns) == kept
    assert split == load(book_file(tmp_path, change, quoted=True)).scenario.accounts


@pytest.mark.slow
@pytest.mark.parametrize("row", [1, 6_000, -1])
@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda row: put(row, 1, "lang"), "'side' must be long or short, not 'lang'"),
        (lambda row: put(row, 2, "0,5"), "this row has 6 cells, the header has 5"),
        (lambda row: put(row, 2, "12x"), "'size' must be a number, not '12x'"),
        (lambda row: put(row, 2, "0"), "'size' must be greater than zero, not 0"),
        (lambda row: put(row, 4, "-1"), "'collateral' must be zero or more, not -1"),
        (lambda row: put(row, 0, "a0"), "account 'a0' holds two"),
        (lambda row: put(row, 4, ""), "has neither 'leverage' nor 'collateral'"),
        (cut, "this row has 4 cells, the header has 5"),
    ],
)
def test_a_fault_is_told_with_its_row_wherever_it_stands(
    tmp_path: Path, change: Callable[[int], Callable[[list[list[str]]], None]], line: str, row: int
) -> None:
    def told(quoted: bool) -> list[tuple[str, int, int]]:
        def both(rows: list[list[str]]) -> None:
            rows[row][1] = rows[0][1]  # so that a0 would hold two of one side
            change(row)(rows)

        with pytest.raises(ScenarioErrors) as found:
            load(book_file(tmp_path, both, quoted=quoted))
        return [(one.message, one.line, one.column) for one in found.value.problems]

    problems = told(False)
    assert line in problems[0][0]
    assert problems[0][1] == (row if row > 0 else ROWS - 1) + 2
    assert problems == told(True)


def gz_book(folder: Path, packed: bytes) -> str:
    (folder / "book.csv.gz").write_bytes(packed)
    file = folder / "packed.yaml"
    file.write_text(
        "accounts: {file: book.csv.gz}\nmarkets: {M: {lot: 0.001}}\nprices: [60_000]\n", encoding="utf-8"
    )
    return str(file)


@pytest.mark.slow
def test_a_packed_book_is_the_same_book(tmp_path: Path) -> None:
    file = book_file(tmp_path, lambda rows: None, quoted=False)
    packed = gz_book(tmp_path, gzip.compress((tmp_path / "book.csv").read_bytes()))
    assert load(packed).scenario.accounts == load(file).scenario.accounts


def test_a_fault_in_a_packed_book_is_told_with_its_line(tmp_path: Path) -> None:
    text = b"id,side,size,entry,collateral\na,long,1,100,5\nb,long,x,100,5\n"
    with pytest.raises(ScenarioErrors, match=r"book.csv.gz:3:8: error: 'size' must be a number, not 'x'"):
        load(gz_book(tmp_path, gzip.compress(text)))


@pytest.mark.parametrize(
    ("packed", "told"),
    [
        (b"id,side,size,entry\n", "this is no file that gzip has packed"),
        (b"", "the file is empty"),
        (gzip.compress(b"id,side,size,entry,collateral\na,long,1,100,5\n")[:-9], "or a part of one"),
        (gzip.compress(b"id\0"), "control character U\\+0000"),
        (gzip.compress(bytes([255])), "is not UTF-8 text"),
    ],
    ids=["plain", "empty", "cut", "control", "bytes"],  # what gzip writes has the time in it
)
def test_a_broken_packed_book_is_refused(tmp_path: Path, packed: bytes, told: str) -> None:
    with pytest.raises(ScenarioErrors, match=told):
        load(gz_book(tmp_path, packed))


def test_what_is_unpacked_has_the_same_limit() -> None:
    """A small file may hold a large one."""
    with pytest.raises(UnfitFileError, match="larger than 1 MB"):
        unpacked(gzip.compress(b"x" * 1_100_000), 1024 * 1024)
    assert unpacked(gzip.compress(b"x" * 1000), 1024) == b"x" * 1000


# --- work done ----------------------------------------------------------------------------------------------


def made_of(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int, int]:
    """How many accounts were made for a run, how many were liquidated, and how many units evaluated."""
    made: list[int] = []
    plain = Roster.take_apart

    def noted(self: Roster) -> None:
        made.append(len(self.made))
        plain(self)

    with monkeypatch.context() as patch:
        patch.setattr(Roster, "take_apart", noted)
        *events, last = run(scenario, accounts=False)
    assert isinstance(last, Ended)
    return made[0], sum(isinstance(event, Liquidated) for event in events), last.evaluations


def test_a_run_leaves_nothing_that_waits_for_a_collection() -> None:
    """The books of a run point at one another; they go with it, however many there were, whether it came to
    its end or not."""
    one, several = isolated_book(accounts=400, steps=60), cross_book(accounts=40, steps=60)
    collecting = gc.isenabled()
    gc.disable()
    gc.freeze()  # what other tests have left is not looked through eighteen times
    try:
        for scenario in (one, replace(one, accounts=Columns.of(one.accounts) or ()), several):
            for index, most in ((True, None), (True, 550), (False, None)):
                gc.collect()
                events = islice(run(scenario, index=index), most)
                assert sum(isinstance(event, Liquidated) for event in events) > 0
                del events
                assert gc.collect() == 0
    finally:
        gc.unfreeze()
        if collecting:
            gc.enable()


@pytest.mark.slow
def test_only_who_is_liquidated_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    one = isolated_book(accounts=2_000, steps=500)
    for accounts in (one.accounts, Columns.of(one.accounts)):
        assert accounts is not None
        made, liquidated, evaluations = made_of(replace(one, accounts=accounts), monkeypatch)
        assert liquidated > 300
        assert liquidated <= made <= liquidated + 5
        assert liquidated <= evaluations <= liquidated + 5


def test_funding_does_not_make_everybody_be_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """One number moves for a lone position: mark x (1 - s rate) - index. Each is looked at when it is due."""
    one = isolated_book(accounts=1_000, steps=300)
    rates = {step: Decimal("0.0001") for step in range(0, 300, 3)}
    one = replace(one, path=replace(one.path, funding={"M": rates}))
    _, liquidated, evaluations = made_of(one, monkeypatch)
    assert liquidated > 100
    assert evaluations <= liquidated + 5


def test_funding_makes_nobody_but_who_is_liquidated(monkeypatch: pytest.MonkeyPatch) -> None:
    """One number moves for a lone position, and what is settled at the end of a run is known without its
    books."""
    one = isolated_book(accounts=1_000, steps=300)
    accounts = Columns.of(one.accounts)
    assert accounts is not None
    rates = {step: Decimal("0.0001") for step in range(0, 300, 3)}
    one = replace(one, accounts=accounts, path=replace(one.path, funding={"M": rates}))
    made, liquidated, evaluations = made_of(one, monkeypatch)
    assert liquidated > 100
    assert liquidated <= made <= liquidated + 5
    assert liquidated <= evaluations <= liquidated + 5


@pytest.mark.slow
@pytest.mark.parametrize("rate", ["0", "0.000001", "0.005"])
@pytest.mark.parametrize("paid", ["0.00003", "-0.00003", "0.02", "0.9", "-0.9"])
def test_what_funding_takes_at_the_end_is_the_same_without_books(rate: str, paid: str) -> None:
    """Accounts that hold hardly more than a money unit, maintenance margins of less than one, and an index
    that moves farther than the mark."""
    accounts = [
        lone(f"a{i}", side, size, "100", collateral)
        for i, (side, size, collateral) in enumerate(
            (side, size, collateral)
            for side in (1, -1)
            for size in ("0.01", "0.5", "3")
            for collateral in ("0.01", "0.02", "0.1", "1", "500")
        )
    ]
    columns = Columns.of(accounts)
    assert columns is not None
    market = Market("M", tick=d("0.1"), lot=d("0.01"), maintenance=Maintenance((Tier(d("0"), d(rate)),)))
    path = PricePath(
        {"M": (d("100"), d("100.1"), d("99.9"), d("100"))}, funding={"M": {1: d(paid), 3: d(paid)}}
    )
    one = Scenario((market,), columns, path)
    for unit in ("0.01", "0.001"):  # values at the marks are rounded, and are not
        for fund in ("0", "1000"):
            funded = replace(one, money_unit=d(unit), funds=(Fund("fund", d(fund)),))
            plain = replace(funded, accounts=tuple(accounts))
            found = [list(run(some, index=index))[:-1] for some in (funded, plain) for index in (True, False)]
            assert all(events == found[0] for events in found)


@pytest.mark.slow
def test_cross_accounts_that_are_due_at_no_step_are_never_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor are those that would be if the worst of all markets came together."""
    one = cross_book(accounts=1_000, steps=200)
    made, _, _ = made_of(one, monkeypatch)
    liquidated = {event.account for event in run(one) if isinstance(event, Liquidated)}
    assert len(liquidated) <= made <= len(liquidated) + 5


def test_what_needs_everybody_makes_everybody() -> None:
    one = isolated_book(accounts=50, steps=10)
    with exact():
        ledger = Ledger(one)
        assert not ledger.roster.made
        assert len(ledger.markets["M"].holdings[1]) == 25
        assert not ledger.roster.made
        assert [holding.order for holding in ledger.markets["M"].holdings[1]] == list(range(0, 50, 2))
        assert len(ledger.roster.made) == 50
        assert [holder.id for holder in ledger.holders] == [account.id for account in one.accounts]


# --- the accounts that nothing happened to, told together ---------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("limit", [0, 3, 50])
def test_a_page_shows_the_same_of_a_book_in_columns(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is nearest to liquidation is looked for in the columns, and the others are counted."""
    monkeypatch.setattr(facts, "MANY", 10)
    monkeypatch.setattr(quiet, "SOME", 150)  # of each side, so that most are passed over without a division
    one = isolated_book(accounts=700, steps=40)
    columns = Columns.of(one.accounts)
    assert columns is not None
    plain = Run(one, run(one))
    together = Run(one, run(replace(one, accounts=columns), together=True))
    assert together.quiet is not None
    assert len(together.quiet) > 400
    assert together.to_text(limit) == plain.to_text(limit)
    assert together.to_json() == plain.to_json()
    assert pickle.loads(pickle.dumps(together.events)) == together.events


@pytest.mark.slow
@pytest.mark.parametrize("change", ["", "down", "thin", "tiers"])
def test_figures_show_the_same_of_a_book_in_columns(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of those that nothing happened to only the few that are drawn are made; the others are counted."""
    monkeypatch.setattr(facts, "MANY", 10)
    one = isolated_book(accounts=700, steps=40)
    if change == "down":  # and many are near their liquidation
        one = replace(one, path=PricePath({"M": (d("60000"), d("57123.4"))}))
    if change == "thin":  # somebody begins with less than nothing, and most do not change
        one = replace(one, path=PricePath({"M": (d("55000.5"), d("55000.5"))}))
    if change == "tiers":
        tiers = (Tier(d("0"), d("0.005")), Tier(d("200000"), d("0.02"), d("3000")))
        one = replace(one, markets=(replace(one.markets[0], maintenance=Maintenance(tiers)),))
    columns = Columns.of(one.accounts)
    assert columns is not None
    named = ("a0", "a699", "a350")
    plain = Run(one, run(one), named=named)
    together = Run(one, run(replace(one, accounts=columns), together=True), named=named)
    _, others = together.apart
    assert others is not None
    assert len(others) > 200
    mine, theirs = (figures(done) for done in (together, plain))
    assert [figure.name for figure in mine] == [figure.name for figure in theirs]
    for a, b in zip(mine, theirs, strict=True):
        assert (a.description, a.tables, a.keys) == (b.description, b.tables, b.keys), a.name
        assert a.spec(WIDE) == b.spec(WIDE), a.name


@pytest.mark.slow
def test_quiet_accounts_are_not_worked_out_for_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    one = isolated_book(accounts=3_000, steps=40)
    columns = Columns.of(one.accounts)
    assert columns is not None
    finished = Run(one, run(replace(one, accounts=columns), together=True))
    worked_out = []
    plain = QuietAccounts._state

    def noted(self: QuietAccounts, i: int, value: object) -> object:
        worked_out.append(i)
        return plain(self, i, value)

    monkeypatch.setattr(QuietAccounts, "_state", noted)
    finished.to_text(50)
    assert 50 <= len(worked_out) <= 110


# --- policies that need only the beginning of a queue -------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("venue", ["ftx", "dydx-v4", "dydx-v4-settlement", "dango"])
def test_a_walk_gives_what_looking_at_everybody_gives(venue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Places that are passed over included."""
    compared = 0
    for seed in range(15 * SEEDS):
        rng = random.Random(f"walk {venue} {seed}")
        one = under_venue(random_scenario(seed, funding=seed % 4 == 2), venue, rng)
        events = list(run(one))
        with monkeypatch.context() as patch:
            patch.setattr(deleveraging, "walk_of", lambda policy: None)
            assert events == list(run(one)), f"seed {seed}"
        compared += sum(isinstance(event, Deleveraged) for event in events)
    assert compared > 40
