"""Maintenance tables by symbol: what is shipped is sound and dated; a market, a rulebook or --set takes one
by its name."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import Result

from adlcalc.engine.loop import run
from adlcalc.engine.model import Maintenance, Position
from adlcalc.engine.rules import Assumption
from adlcalc.scenario import Loaded, load
from adlcalc.source import ScenarioErrors
from adlcalc.study.assumptions import used_assumptions
from adlcalc.venues.coverage import open_rulebook, tables_of
from adlcalc.venues.files import shipped
from adlcalc.venues.named_tables import coin_of_table, venues_with_tables, which_tables
from adlcalc.venues.rulebook import known_book

FOLDER = Path(__file__).parent.parent / "adlcalc/venues/tables"
FILES = sorted(FOLDER.glob("*.yaml"))
BOOK = "accounts: [{id: a, side: long, size: 1, entry: 100, leverage: 10}]\nprices: [100]\n"
OWN = """venue: mine
as_of: 2026-09-01
unit: USDT of notional
source: {title: A page, seen: 2026-09-02}
contracts:
  ABC:
    maintenance: {tiers: [{up_to: 50, rate: 0.1}, {rate: 0.2}]}
    note: The second tier is taken to go on.
  COIN: {contract: inverse, maintenance: 0.02}
  LOTS: {multiplier: 0.1, maintenance: {by: size, tiers: [{up_to: 5, rate: 0.1}, {rate: 0.2}]}}
"""
RULEBOOK = "venue: mine\ntitle: t\nas_of: x\nextends: generic\ntables: own.yaml\n"


def scenario(folder: Path, text: str, *, sets: tuple[str, ...] = ()) -> Loaded:
    """A scenario beside a rulebook that has tables."""
    (folder / "own.yaml").write_text(OWN)
    (folder / "mine.yaml").write_text(RULEBOOK)
    (folder / "s.yaml").write_text(f"venue: mine.yaml\n{text}{BOOK}")
    return load(folder / "s.yaml", sets=sets)


def fault(folder: Path, text: str) -> str:
    """The one error of a scenario."""
    with pytest.raises(ScenarioErrors) as caught:
        scenario(folder, text)
    (problem,) = caught.value.problems
    return f"{Path(problem.file).name}:{problem.line}:{problem.column}: {problem.message}\n{problem.hint}"


# --- what is shipped ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_shipped_file_has_sound_tables_of_its_venue(file: Path) -> None:
    """Sound: rates rise, and every published deduction is the one that makes the margin continuous."""
    assert file.stem in shipped()
    book = open_rulebook(file.stem)
    tables = tables_of(book)
    assert tables
    assert book.tables is not None
    assert book.tables.file is not None
    assert book.tables.file.venue == file.stem
    for table in tables:
        assert table.dated.startswith("as of 202"), table.name
        told = [*filter(None, [table.entry.note]), *(part.note for part in table.entry.notes)]
        assert all(one.endswith(".") for one in told), table.name


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_shipped_table_serves_a_market(file: Path, tmp_path: Path) -> None:
    for table in tables_of(open_rulebook(file.stem)):
        multiplier = table.entry.multiplier or 1
        market = (
            f"{{contract: {table.entry.contract}, multiplier: {multiplier}, "
            f"maintenance: {{table: {table.name}}}}}"
        )
        (tmp_path / "s.yaml").write_text(f"venue: {file.stem}\nmarkets: {{X: {market}}}\n{BOOK}")
        found = load(tmp_path / "s.yaml").scenario
        assert found.markets[0].maintenance.tiers
        assert (
            f"tables.{table.name}" in {assumption.rule for assumption in found.rules.assumptions}
        ) == bool(table.entry.note or table.entry.notes)


# --- naming one ---------------------------------------------------------------------------------------------


def test_a_market_takes_a_table_by_its_symbol(tmp_path: Path) -> None:
    """2 x 100 = 200: 50 x 0.1 + 150 x 0.2 = 35 = 200 x 0.2 - 5."""
    found = scenario(tmp_path, "markets: {X: {maintenance: {table: ABC}}}\n").scenario
    assert [(tier.rate, tier.deduction) for tier in found.markets[0].maintenance.tiers] == [
        (Decimal("0.1"), Decimal(0)),
        (Decimal("0.2"), Decimal(5)),
    ]
    assert found.rules.assumptions[-1] == Assumption("tables.ABC", "The second tier is taken to go on.")


def test_two_markets_take_two_tables_and_only_theirs_are_told(tmp_path: Path) -> None:
    """The rulebook's own 0.5 % is for a third."""
    text = "markets: {X: {maintenance: {table: LOTS}, multiplier: 0.1}, "
    text += "Y: {contract: inverse, maintenance: {table: COIN}}, Z: {}}\n"
    accounts = "accounts: [{id: a, market: X, side: long, size: 1, entry: 100, leverage: 10}]\n"
    (tmp_path / "own.yaml").write_text(OWN)
    (tmp_path / "mine.yaml").write_text(RULEBOOK)
    (tmp_path / "s.yaml").write_text(
        f"venue: mine.yaml\n{text}{accounts}prices: {{X: [100], Y: [100], Z: [100]}}\n"
    )
    found = load(tmp_path / "s.yaml").scenario
    assert [market.maintenance.tiers[0].rate for market in found.markets] == [
        Decimal("0.1"),
        Decimal("0.02"),
        Decimal("0.005"),
    ]
    assert not [assumption for assumption in found.rules.assumptions if assumption.rule.startswith("tables.")]


def test_set_names_a_table(tmp_path: Path) -> None:
    found = scenario(tmp_path, "markets: {X: {}}\n", sets=("markets.X.maintenance.table=ABC",)).scenario
    assert found.markets[0].maintenance.tiers[1].deduction == 5


def test_a_rulebook_takes_one_and_an_heir_inherits_the_file(tmp_path: Path) -> None:
    (tmp_path / "heir.yaml").write_text(
        "venue: heir\ntitle: t\nas_of: x\nextends: mine.yaml\n"
        "margin: {maintenance: {value: {table: COIN}, status: assumed, note: n}}\n".replace("COIN", "ABC")
    )
    (tmp_path / "own.yaml").write_text(OWN)
    (tmp_path / "mine.yaml").write_text(RULEBOOK)
    (tmp_path / "s.yaml").write_text(f"venue: heir.yaml\n{BOOK}")
    with pytest.raises(ScenarioErrors, match="table 'ABC' is for linear contracts, not inverse ones"):
        load(tmp_path / "s.yaml")
    heir = (tmp_path / "heir.yaml").read_text()
    (tmp_path / "heir.yaml").write_text(
        heir.replace("{value:", "{linear: {value:").replace("note: n}", "note: n}}")
    )
    assert load(tmp_path / "s.yaml").scenario.markets[0].maintenance.tiers[1].deduction == 5


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "markets: {X: {maintenance: {table: ABD}}}\n",
            "s.yaml:2:36: own.yaml has no table 'ABD'\ndid you mean 'ABC'?; or give a rate or tiers; "
            "without maintenance the market has "
            "the venue's own table",
        ),
        (
            "markets: {X: {maintenance: {table: COIN}}}\n",
            "s.yaml:2:36: table 'COIN' is for inverse contracts, not linear ones\n",
        ),
        (
            "rules: {margin: {maintenance: {linear: {table: ABD}}}}\n",
            "s.yaml:2:48: own.yaml has no table 'ABD'\ndid you mean 'ABC'?",
        ),
        (
            "markets: {X: {maintenance: {table: ABC, tiers: []}}}\n",
            "s.yaml:2:41: unknown key 'tiers' in 'maintenance' of market 'X'\nknown here: table",
        ),
    ],
)
def test_a_table_that_does_not_serve_is_told_where_it_is_named(tmp_path: Path, text: str, told: str) -> None:
    assert fault(tmp_path, text).replace(f"{tmp_path}/", "") == told


@pytest.mark.parametrize(
    ("market", "multiplier", "lot", "size", "rate"),
    [
        ("BTC-USDT", "0.01", "1", "20_000", "0.0075"),
        ("BTC-USDT", "0.01", "1", "20_001", "0.0125"),
        ("BTC-USDT", "1", "0.01", "200", "0.0075"),
        ("BTC-USDT", "1", "0.01", "200.01", "0.0125"),
        ("BTC-USDT", "0.3", "1", "666", "0.0075"),
        ("BTC-USDT", "0.3", "1", "667", "0.0125"),
        ("some", "1", "0.01", "200.01", "0.0125"),
        ("ETH-USDT", "1", "0.01", "200.01", "0.004"),
    ],
)
@pytest.mark.parametrize("named", [False, True])
def test_a_table_of_contracts_counts_them_whatever_a_market_calls_one(
    tmp_path: Path, market: str, multiplier: str, lot: str, size: str, rate: str, named: bool
) -> None:
    """The third row of OKX ends with 20,000 contracts of 0.01 BTC, 200 BTC: 666.67 contracts of 0.3. A market
    that names no coin is taken for BTC as in all else; 200 contracts of another coin stay 200 of the
    stand-in, which is told, unless the market names the table."""
    if named and market == "ETH-USDT":
        rate = "0.0125"
    table = "maintenance: {table: BTC-USDT-SWAP}, " if named else ""
    (tmp_path / "s.yaml").write_text(
        f"venue: okx\nmarkets: {{{market}: {{{table}multiplier: {multiplier}, lot: {lot}}}}}\n"
        f"accounts: [{{id: a, side: long, size: {size}, entry: 60_000, leverage: 5}}]\nprices: [60_000]\n"
    )
    found = load(tmp_path / "s.yaml").scenario
    due = maintenance_rate(found.markets[0].maintenance, found.accounts[0].positions[0])
    assert due == Decimal(rate)


def maintenance_rate(rule: Maintenance, position: Position) -> Decimal:
    """The rate of the tier of a position, by its size."""
    return next(tier.rate for tier in reversed(rule.tiers) if tier.floor <= position.size)


def test_a_venue_without_tables_says_so(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(
        f"venue: generic\nmarkets: {{X: {{maintenance: {{table: ABC}}}}}}\n{BOOK}"
    )
    with pytest.raises(ScenarioErrors, match="venue 'generic' has no tables"):
        load(tmp_path / "s.yaml")


@pytest.mark.parametrize(
    ("written", "instead", "told"),
    [
        (
            "50, rate: 0.1}, {rate: 0.2",
            "50, rate: 0.1}, {rate: 0.05",
            "own.yaml:7:58: 'rate' of tier 2 of 'maintenance' of contract 'ABC' must be greater",
        ),
        (
            "maintenance: 0.02",
            "maintenance: {table: ABC}",
            "own.yaml:9:42: table 'COIN' cannot name another one",
        ),
        ("unit: USDT of notional\n", "", "own.yaml:1:1: the file of tables has no 'unit'"),
    ],
)
def test_faults_of_the_file_are_told_at_their_place_in_it(
    tmp_path: Path, written: str, instead: str, told: str
) -> None:
    (tmp_path / "own.yaml").write_text(OWN.replace(written, instead))
    (tmp_path / "mine.yaml").write_text(RULEBOOK)
    (tmp_path / "s.yaml").write_text(
        f"venue: mine.yaml\nmarkets: {{X: {{maintenance: {{table: ABC}}}}}}\n{BOOK}"
    )
    with pytest.raises(ScenarioErrors) as caught:
        load(tmp_path / "s.yaml")
    (problem,) = caught.value.problems
    assert f"{Path(problem.file).name}:{problem.line}:{problem.column}: {problem.message}".startswith(told)


def test_a_file_that_is_not_there_is_told_at_its_name(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(RULEBOOK.replace("own.yaml", "other.yaml"))
    (tmp_path / "s.yaml").write_text(f"venue: mine.yaml\n{BOOK}")
    with pytest.raises(ScenarioErrors, match=r"other\.yaml"):
        load(tmp_path / "s.yaml")


def test_the_rulebooks_page_lists_its_tables_with_their_dates() -> None:
    dated = {table.name: table.dated for table in tables_of(open_rulebook("hyperliquid"))}
    assert list(dated) == ["BTC", "ETH", "SOL", "BNB", "ATOM"]
    assert dated["ATOM"].startswith("as of 2026-09-03: ")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("market", "own", "told"),
    [
        ("ETHUSDT", "", "binance's maintenance table of BTCUSDT stands in for that of 'ETHUSDT'"),
        ("DOGE-PERP", "", "binance's maintenance table of BTCUSDT stands in for that of 'DOGE-PERP'"),
        ("ETHUSDT", "maintenance: {table: ETHUSDT}", None),
        ("ETHUSDT", "maintenance: 0.01", None),
        ("BTC-PERP", "", None),
        ("X", "", None),
    ],
)
def test_the_table_of_another_coin_is_never_taken_in_silence(
    market: str, own: str, told: str | None, adlcalc: Callable[..., Result], tmp_path: Path
) -> None:
    """Told where the market stands, and an assumption of the run, which --strict does not let pass."""
    path = tmp_path / "x.yaml"
    path.write_text(
        f"venue: binance\nmarkets: {{{market}: {{{own}}}}}\n"
        "accounts: [{id: a, side: long, size: 1, entry: 100, leverage: 10}]\nprices: [100, 99]\n",
        encoding="utf-8",
    )
    got = adlcalc("run", str(path))
    assert ("stands in for" in got.err) is ("stands in for" in got.out) is (told is not None)
    strict = adlcalc("check", "--strict", str(path))
    if told is not None:
        assert f":2:11: note: {told}\n" in got.err
        assert f"assumed rule tables.{market}: {told}" in strict.out + strict.err
    else:
        assert "stands in for" not in strict.out + strict.err


# --- a table for each venue ---------------------------------------------------------------------------------


def book_of(maintenance: str, *, size: str = "1", leverage: str = "10", entry: str = "100") -> str:
    """A book of one long in a market BTC with that maintenance."""
    return (
        f"markets: {{BTC: {{multiplier: 0.01, maintenance: {maintenance}}}}}\n"
        f"accounts: [{{id: a, side: long, size: {size}, entry: {entry}, leverage: {leverage}}}]\nprices: "
        f"[{entry}]\n"
    )


SEVERAL = "{table: {okx: ETH-USDT-SWAP-2021, hyperliquid: SOL, mine.yaml: ABC}}"


@pytest.mark.parametrize(
    ("venue", "rate", "told"),
    [
        ("hyperliquid", "0.025", None),
        ("hyperliquid-hip3", "0.025", None),  # extends hyperliquid
        ("mine.yaml", "0.1", None),
        ("heir.yaml", "0.1", None),  # extends mine.yaml
        (
            "bybit",
            "0.0033",
            "market 'BTC' names maintenance tables of okx, hyperliquid, mine.yaml, none of bybit, whose own "
            "maintenance is taken",
        ),
        (
            "generic",
            "0.005",
            "market 'BTC' names maintenance tables of okx, hyperliquid, mine.yaml, none of generic, whose "
            "own "
            "maintenance is taken",
        ),
    ],
)
def test_a_market_names_a_table_for_each_venue(
    tmp_path: Path, venue: str, rate: str, told: str | None
) -> None:
    """An heir has that of the rulebook which it extends; who has none has its own, and says so."""
    (tmp_path / "own.yaml").write_text(OWN)
    (tmp_path / "mine.yaml").write_text(RULEBOOK)
    (tmp_path / "heir.yaml").write_text("venue: heir\ntitle: t\nas_of: x\nextends: mine.yaml\n")
    (tmp_path / "s.yaml").write_text(f"venue: {venue}\n{book_of(SEVERAL)}")
    found = load(tmp_path / "s.yaml")
    assert found.scenario.markets[0].maintenance.tiers[0].rate == Decimal(rate)
    notes = {one.rule: one.note for one in found.scenario.rules.assumptions}
    assert notes.get("tables.BTC") == (told and f"M{told[1:]}.")
    assert [one.message for one in found.notes if "names maintenance" in one.message] == (
        [told] if told else []
    )


@pytest.mark.slow
def test_compare_holds_one_book_against_venues_with_tables_of_their_own(
    adlcalc: Callable[..., Result], tmp_path: Path
) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(book_of("{table: {okx: BTC-USDT-SWAP, hyperliquid: BTC}}"))
    got = adlcalc("compare", str(path), "--venues", "okx,hyperliquid,kraken", "--metrics", "bad_debt")
    assert got.code == 0
    assert "none of kraken, whose own maintenance is taken (venue kraken)" in got.err
    path.write_text(book_of("{table: BTC-USDT-SWAP}"))
    got = adlcalc("compare", str(path), "--venues", "okx,hyperliquid")
    assert got.code == 2
    assert "names one for each: table: {okx: BTC-USDT-SWAP, hyperliquid: BTC}\n" in got.err


# --- parts of a table, and highest leverages ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "told"),
    [
        ("20_000", set()),
        ("20_001", {"Rows 4 and 5"}),
        ("60_000", {"Rows 4 and 5"}),
        ("60_001", set()),
        ("960_000", set()),
        ("960_001", {"The rows above 960,000"}),
    ],
)
@pytest.mark.slow
def test_what_is_assumed_of_a_part_of_a_table_is_told_where_a_position_is_in_it(
    adlcalc: Callable[..., Result], tmp_path: Path, size: str, told: set[str]
) -> None:
    """OKX's table counts contracts: 20,000 are still the third row, 20,001 the fourth."""
    path = tmp_path / "s.yaml"
    path.write_text(f"venue: okx\n{book_of('{table: BTC-USDT-SWAP}', size=size, leverage='1')}")
    for command in ("run", "margin"):
        text = " ".join(adlcalc(command, str(path), "--width", "0").out.split())
        assert {one for one in ("Rows 4 and 5", "The rows above 960,000") if one in text} == told, command


def test_a_part_by_notional_is_reached_by_the_highest_mark_and_by_what_is_opened(tmp_path: Path) -> None:
    """Hyperliquid's ETH: 1 / 30 above 100,000,000. 99,999 x 1,000 = 99,999,000; at a mark of 1,001 it is
    100,098,999; with two more at 1,000 it is 100,001,000."""
    trade = (
        "events: [{step: 1, account: a, deposit: 10_000}, {step: 1, account: a, market: ETH, "
        "trade: {side: long, size: 2, price: 1000, leverage: 10}}]\n"
    )
    for prices, more, told in [
        ("[1000, 900]", "", False),
        ("[1000, 1001]", "", True),
        ("[1000, 1000]", trade, True),
    ]:
        (tmp_path / "s.yaml").write_text(
            "venue: hyperliquid\nmarkets: {ETH: {maintenance: {table: ETH}}}\n"
            f"accounts: [{{id: a, side: long, size: 99_999, entry: 1000, leverage: 10}}]\nprices: "
            f"{prices}\n{more}"
        )
        scenario = load(tmp_path / "s.yaml").scenario
        used = {one.rule for one in used_assumptions(scenario, tuple(run(scenario)))}
        assert ("tables.ETH" in used) is told, prices


@pytest.mark.parametrize(
    ("leverage", "size", "told"),
    [
        ("100", "1", ""),
        (
            "101",
            "1",
            "101x of account 'a' is more than okx allows: its table of BTC-USDT-SWAP has at most 100x",
        ),
        (
            "67",
            "1_001",
            "67x of account 'a' is more than okx allows: its table of BTC-USDT-SWAP has at most 66.66x",
        ),
    ],
)
@pytest.mark.parametrize("maintenance", ["{table: BTC-USDT-SWAP}", ""])
def test_more_leverage_than_the_venue_allows_is_told_and_worked(
    tmp_path: Path, maintenance: str, leverage: str, size: str, told: str
) -> None:
    """100x to 1,000 contracts, 66.66x to 5,000; the collateral is what the leverage in the file asks for."""
    text = book_of(maintenance or "0", size=size, leverage=leverage)
    text = text if maintenance else text.replace(", maintenance: 0", "")
    (tmp_path / "s.yaml").write_text(f"venue: okx\n{text}")
    found = load(tmp_path / "s.yaml")
    notes = [one for one in found.notes if "allows" in one.message]
    assert [one.message.partition(" for that tier")[0] for one in notes] == ([told] if told else [])
    assert [(one.line, one.column) for one in notes] == [(3, 62 + len(size))] * bool(told)
    assert not any(tier.max_leverage for tier in found.scenario.markets[0].maintenance.tiers)


def test_a_book_of_many_is_told_once(tmp_path: Path) -> None:
    rows = "".join(f"a{i},long,1,100,{leverage}\n" for i, leverage in enumerate([10, 150, 100, 120]))
    (tmp_path / "book.csv").write_text(f"id,side,size,entry,leverage\n{rows}")
    (tmp_path / "s.yaml").write_text(
        "venue: okx\nmarkets: {BTC: {multiplier: 0.01}}\naccounts: {file: book.csv}\nprices: [100]\n"
    )
    (one,) = [one for one in load(tmp_path / "s.yaml").notes if "allows" in one.message]
    assert one.message == (
        "150x of account 'a1' is more than okx allows: its table of BTC-USDT-SWAP has at most 100x for that "
        "tier; 1 more position has too much"
    )


@pytest.mark.parametrize("venue", venues_with_tables())
def test_no_table_of_another_coin_is_taken_for_the_one_that_was_meant(venue: str) -> None:
    """The tiers of BTC are no misspelling of those of ETH, however near the names are."""
    tables = known_book(venue).table_names
    assert tables
    for known in tables:
        for other in ("ETH", "BTC", "XRP", "DOGE"):
            asked = known.replace(coin_of_table(known), other, 1)
            if asked not in tables and not any(coin_of_table(name) == other for name in tables):
                assert which_tables(asked, tables).startswith(f"its tables: {next(iter(tables))}"), asked


def test_a_table_that_a_venue_lacks_is_told_with_those_that_it_has(
    tmp_path: Path, adlcalc: Callable[..., Result]
) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(
        "venue: bybit\nmarkets: {ETHUSDT: {maintenance: {table: ETHUSDT}}}\naccounts: []\nprices: [1]\n"
    )
    got = adlcalc("run", str(path))
    assert got.code == 2
    assert (
        "hint: its tables: BTCUSDT, BTCPERP, RVNUSDT; or give a rate or tiers; without maintenance the venue's "
        "BTCUSDT stands in, told as assumed\n" in got.err
    )
