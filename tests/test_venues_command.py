"""`adlcalc venues`: the coverage table, rulebooks with their sources, scores; and that what rulebooks claim
is so."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
from conftest import Result

import adlcalc as library
from adlcalc.engine.formulas.scores import SCORES
from adlcalc.source.keys import Strict, keys_of
from adlcalc.venues.coverage import coverage_of, open_rulebook, parameters_of
from adlcalc.venues.files import shipped
from adlcalc.venues.rule_list import rule_names
from adlcalc.venues.schema import section_of

TESTS = Path(__file__).parent
ONE_BOOK = TESTS.parent / "scenarios" / "19-one-book-many-venues.yaml"
Command = Callable[..., Result]

MINE = """venue: mine
title: My venue
as_of: 2026-01-01
extends: generic
sources: {page: {title: A page, url: "https://example.com", seen: 2026-01-02}}
margin:
  maintenance:
    linear: {value: {tiers: [{up_to: 1_000, rate: 0.01}, {rate: 0.02}]}, source: page, status: observed, note: Two tiers.}
vectors: {met: [V-1], not_met: {V-2: It rounds twice.}}
"""


def without_blanks(text: str) -> str:
    """The text however its lines are broken."""
    return "".join(text.split())


# --- what rulebooks claim -----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("venue", shipped())
def test_the_one_book_is_audited_under_every_venue(venue: str) -> None:
    loaded = library.load(ONE_BOOK, venue=venue)
    run = library.run(loaded).to_dict()
    assert (run["audit"]["money_difference"], run["audit"]["open_interest_difference"]) == ("0", "0")
    assert {row["account"] for row in run["liquidations"]} & {"amy", "carl"}
    assert library.run(loaded, index=False).to_dict() == run


@pytest.mark.slow
@pytest.mark.parametrize("venue", shipped())
def test_a_vector_that_is_met_is_the_source_of_a_test(venue: str) -> None:
    tests = "".join(
        path.read_text(encoding="utf-8") for path in [*TESTS.glob("cases/*.yaml"), *TESTS.glob("test_*.py")]
    )
    vectors = open_rulebook(venue).vectors
    for name in vectors.met:
        vector, _, _ = name.partition(" ")
        assert re.search(rf"\b{re.escape(vector)}\b", tests), f"no test has {vector}"
    assert all(reason.endswith(".") for reason in vectors.not_met.values())


@pytest.mark.parametrize("venue", shipped())
def test_a_printed_number_is_met_or_it_is_said_why_there_is_none(venue: str) -> None:
    vectors = open_rulebook(venue).vectors
    printed = [name for name in vectors.met if not name.startswith("DV-")]
    assert bool(printed) != bool(vectors.none)
    assert vectors.none is None or vectors.none.endswith(".")


# --- the command --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_coverage_table_has_every_rulebook_on_a_page(adlcalc: Command) -> None:
    got = adlcalc("venues")
    assert got.code == 0
    assert max(map(len, got.out.split("\n"))) <= 80
    for venue in shipped():
        assert len(re.findall(rf"^{re.escape(venue)}  ", got.out, re.MULTILINE)) == 3


@pytest.mark.slow
def test_the_coverage_is_the_same_in_every_format(adlcalc: Command) -> None:
    document = json.loads(adlcalc("venues", "--format", "json").out)
    rows = list(csv.DictReader(io.StringIO(adlcalc("venues", "--format", "csv").out)))
    assert document["schema"] == "adlcalc.venues/1"
    assert [row["venue"] for row in document["venues"]] == [row["venue"] for row in rows] == shipped()
    assert [{key: str(value) for key, value in row.items()} for row in document["venues"]] == rows
    markdown = adlcalc("venues", "--format", "markdown").out
    assert all(f"| {venue} " in markdown for venue in shipped())


def test_statuses_are_counted_once_for_each_rule() -> None:
    for venue in shipped():
        book = open_rulebook(venue)
        row = coverage_of(book)
        assert row.documented + row.observed + row.assumed == len(parameters_of(book))


@pytest.mark.slow
@pytest.mark.parametrize("venue", shipped())
def test_every_rule_is_shown_with_its_document(adlcalc: Command, venue: str) -> None:
    text, book = adlcalc("venues", venue).out, open_rulebook(venue)
    flat = without_blanks(text)
    for rule in parameters_of(book):
        assert f"\n{rule.name} " in text
        assert without_blanks(rule.note) in flat
    for document in book.sources.values():
        assert without_blanks(f"{document.title}, seen {document.seen}") in flat
        assert document.url is None or f"  {document.url}\n" in text
    for sentence in book.not_modeled:
        assert without_blanks(sentence) in flat


def test_a_rulebook_of_ones_own_is_shown_like_a_shipped_one(adlcalc: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(MINE)
    document = json.loads(adlcalc("venues", str(tmp_path / "mine.yaml"), "--format", "json").out)
    rules = {row["rule"]: row for row in document["rules"]}
    assert document["schema"] == "adlcalc.venue/1"
    assert rules["margin.maintenance.linear"] == {
        "rule": "margin.maintenance.linear",
        "value": ["tiers:", "  up_to: 1_000, rate: 0.01", "  rate: 0.02"],
        "status": "observed",
        "source": "page",
        "note": "Two tiers.",
    }
    assert rules["adl.score"]["value"] == ["generic"]
    assert document["sources"]["page"] == {
        "title": "A page",
        "url": "https://example.com",
        "seen": "2026-01-02",
    }
    assert document["vectors"] == {"met": ["V-1"], "not_met": {"V-2": "It rounds twice."}, "none": None}
    assert document["defaults"]["backstop.kind"] == "none"
    assert "liquidation.portion" not in document["defaults"]  # of orders, which this venue does not use
    table = adlcalc("venues", str(tmp_path / "mine.yaml")).out
    assert "margin.maintenance.linear  (below)" in table
    assert "* margin.maintenance.linear\n  tiers:\n    up_to: 1_000, rate: 0.01\n    rate: 0.02\n" in table


def test_a_rule_that_is_taken_over_is_documented_as_that_venue(adlcalc: Command, tmp_path: Path) -> None:
    """Of our own venue nobody has documented anything; what another rulebook of ours extends is its own."""
    (tmp_path / "ours.yaml").write_text(
        'venue: ours\ntitle: t\nas_of: "2026"\nextends: bybit\nadl:\n  lights: {value: heads, status: '
        "assumed, note: n}\n"
    )
    (tmp_path / "s.yaml").write_text(
        "venue: ours.yaml\naccounts:\n  - {id: ann, side: long, entry: 100, leverage: 10, size: 2}\n"
        "  - {id: bea, side: short, entry: 100, leverage: 10, size: 2}\nprices: [100, 80]\n"
    )
    page = adlcalc("venues", str(tmp_path / "ours.yaml")).out
    assert re.search(r"\nadl.when +after-fund +documented  bybit  adl-alert\n", page)
    assert re.search(r"\nadl.score +bybit +assumed +bybit +adl\n", page)
    assert re.search(r"\nadl.lights +heads +assumed +- +-\n", page)
    assert max(map(len, page.partition("\nValues")[0].splitlines())) <= 80
    story = adlcalc("explain", str(tmp_path / "s.yaml"), "bea", "--rules").out
    assert "* adl.when = after-fund (documented as bybit: Bybit API" in story
    assert " as generic" not in adlcalc("venues", "bybit").out


def test_faults_of_ones_own_rulebook_are_told_with_their_line(adlcalc: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(MINE.replace("rate: 0.02", "rate: 0.005"))
    got = adlcalc("venues", str(tmp_path / "mine.yaml"))
    assert (got.code, got.out) == (2, "")
    assert "mine.yaml:8:65: error: 'rate' of tier 2" in got.err


@pytest.mark.slow
def test_every_rule_is_listed_with_its_values_and_users(adlcalc: Command) -> None:
    document = json.loads(adlcalc("venues", "--rules", "--format", "json").out)
    assert document["schema"] == "adlcalc.rules/1"
    rows = document["rules"]
    assert list(dict.fromkeys(row["rule"] for row in rows)) == rule_names()
    value_of = {(row["rule"], row["value"]): row for row in rows}
    assert {value for rule, value in value_of if rule == "adl.score"} >= set(SCORES)
    assert value_of["adl.price", "mix"]["used_by"] == ["ftx"]
    assert value_of["contract.rounding", "per-contract"]["used_by"] == ["bitmex"]
    seed = value_of["adl.seed", "a whole number from 0"]
    assert (seed["where"], seed["default"]) == ("policy seeded-cycle", "0")
    clamp = value_of["adl.clamp", "a fraction from 0 to 1"]  # where it is none, it is used by nobody
    assert clamp["used_by"] == ["bybit", "bybit-2024"]
    assert seed["used_by"] == ["dydx-v4", "dydx-v4-default", "dydx-v4-settlement"]
    assert value_of["margin.due", "one of these"]["default"] == ""  # a rulebook must say it
    assert all(row["meaning"] for row in rows)
    table = list(csv.DictReader(io.StringIO(adlcalc("venues", "--rules", "-f", "csv").out)))
    assert [(row["rule"], row["value"]) for row in table] == [(row["rule"], row["value"]) for row in rows]


@pytest.mark.slow
def test_one_rule(adlcalc: Command) -> None:
    text = adlcalc("venues", "liquidation.limit", "--rules").out
    assert text.startswith("1 rule\n")
    assert "Plays a part under method market, size whole, portion or deficit." in " ".join(text.split())
    assert "- liquidation.limit: " in adlcalc("venues", "--rules", "liquidation.limit", "-f", "markdown").out
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.slow
@pytest.mark.parametrize("name", SCORES)
def test_every_score_has_its_formula(adlcalc: Command, name: str) -> None:
    document = json.loads(adlcalc("venues", "--score", name, "--format", "json").out)
    assert (document["schema"], document["score"]) == ("adlcalc.score/1", name)
    assert document["formula"]
    assert all(open_rulebook(venue).values["linear"].adl.score == name for venue in document["used_by"])
    text = adlcalc("venues", "--score", name).out
    assert max(map(len, text.split("\n"))) <= 80
    assert without_blanks(document["formula"]) in without_blanks(text)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["deribt"], "deribt: error: there is no venue 'deribt'\nhint: did you mean 'deribit'?\n"),
        (["--score", "bitmx"], "adlcalc: there is no score 'bitmx'\nhint: did you mean 'bitmex'?\n"),
        (
            ["--rules", "price"],
            "adlcalc: there is no rule 'price'\nhint: did you mean 'backstop.price' or 'adl.price'?\n",
        ),
        (
            ["--rules", "adl.prize"],
            "adlcalc: there is no rule 'adl.prize'\nhint: did you mean 'adl.price'?\n",
        ),
        (["--rules", "--score", "bitmex"], "adlcalc: --rules and --score do not go together\n"),
        (["bitmex", "--score", "bitmex"], "adlcalc: NAME and --score do not go together\n"),
    ],
)
def test_what_cannot_be_shown_is_said(adlcalc: Command, arguments: list[str], message: str) -> None:
    got = adlcalc("venues", *arguments)
    assert (got.code, got.out, got.err) == (2, "", message)


def test_inherited_rules_without_a_part_are_told(adlcalc: Command, tmp_path: Path) -> None:
    """FTX's orders of a tenth play no part where the venue takes over instead."""
    path = tmp_path / "mine.yaml"
    path.write_text('venue: mine\ntitle: M\nas_of: "2026"\nextends: ftx\nliquidation: {method: takeover}\n')
    text = adlcalc("venues", str(path)).out
    assert (
        "* liquidation.portion: 'method' of 'liquidation' is takeover\n"
        in text.partition("without a part:")[2]
    )
    unused = json.loads(adlcalc("venues", str(path), "--json").out)["unused"]
    assert unused["liquidation.size"] == "'method' of 'liquidation' is takeover"
    assert json.loads(adlcalc("venues", "ftx", "--json").out)["unused"] == {}


def test_a_rule_of_a_rulebook_is_shown_with_the_document_that_says_so(adlcalc: Callable[..., Result]) -> None:
    """Its value, status, note and other readings; a rule that the rulebook leaves out, at its default."""
    said = adlcalc("venues", "bybit", "adl.eligible").out
    book = open_rulebook("bybit")
    rule = book.rules["linear"]["adl.eligible"]
    assert rule.status in said
    source = book.sources[str(rule.source)]
    assert source.title in said
    assert str(source.url) in said
    assert "Other readings:\n* adl.eligible: winners\n" in said
    assert [line for line in said.splitlines() if line.startswith("adl.")] == [
        line for line in said.splitlines() if line.startswith("adl.eligible ")
    ]
    assert adlcalc("venues", "bybit", "adl.eligible", "--rules").out == said
    assert "margin.maintenance.inverse" in adlcalc("venues", "bybit", "margin.maintenance").out
    left = adlcalc("venues", "bybit", "fees.taker").out
    assert "Not said, and left at:\n* fees: taker 0\n" in left
    assert "Rules\n" not in left
    missing = adlcalc("venues", "bybit", "adl.pric")
    assert (missing.code, "did you mean 'adl.price'?" in missing.err) == (2, True)
    assert adlcalc("venues", "bybit", "adl.price", "--validation").code == 2


# --- maintenance tables -------------------------------------------------------------------------------------


def test_the_tables_of_all_venues_and_of_one(adlcalc: Command) -> None:
    text = adlcalc("venues", "--tables").out
    assert text.startswith("35 maintenance tables\n")
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "okx          BTC-USDT-SWAP       linear       50  0.004 to 0.2425" in text
    text = adlcalc("venues", "okx", "--tables").out
    assert text.startswith("4 maintenance tables of okx\n")
    assert "seen 2026-11-25" in text


def test_the_tiers_of_a_table_in_every_format(adlcalc: Command) -> None:
    """OKX's rows are of contracts and one rate for the whole position; Hyperliquid's are marginal:
    100,000,000 x (1 / 30 - 0.02) = 1,333,333.33 is taken off above."""
    arguments = ("venues", "okx", "ETH-USDT-SWAP-2021", "--tables")
    said = " ".join(adlcalc(*arguments).out.split())
    assert " 3,000 6,000 0.005 100 " in said
    assert " 84,000 - 0.045 - " in said
    assert (
        "As of 2021-06-11; linear contracts; the tiers measure the size in contracts, 0.1 base units each"
        in said
    )
    assert "* above 96,000: 0.5 % more for each 12,000 contracts" in said
    rows = list(csv.DictReader(io.StringIO(adlcalc(*arguments, "-f", "csv").out)))
    assert [row["rate"] for row in rows[:3]] == ["0.004", "0.005", "0.01"]
    assert {row["as_of"] for row in rows} == {"2021-06-11"}
    document = json.loads(adlcalc("venues", "hyperliquid", "ETH", "--tables", "--json").out)
    assert document["schema"] == "adlcalc.tables/1"
    assert document["tables"][0]["as_of"] == "2026-08-07"
    assert [row["deduction"] for row in document["tiers"]] == ["0", "1333333.3333333333"]
    assert "| 100,000,000 |" in adlcalc("venues", "hyperliquid", "ETH", "--tables", "-f", "markdown").out


def test_every_shipped_table_is_shown(adlcalc: Command) -> None:
    """Each in the list and with its tiers in the CSV, those of a formula with the formula."""
    rows = list(csv.DictReader(io.StringIO(adlcalc("venues", "--tables", "-f", "csv").out)))
    listed = adlcalc("venues", "--tables", "--width", "0").out
    for book in (open_rulebook(venue) for venue in shipped()):
        for name in book.table_names if book.table_file.endswith(f"/{book.venue}.yaml") else ():
            assert f" {name} " in listed
            tiers = [row for row in rows if (row["venue"], row["name"]) == (book.venue, name)]
            assert tiers[0]["above"] == "0"
            assert tiers[-1]["up_to"] == ""
            assert all((row["formula"] != "") is (book.venue == "orderly") for row in tiers)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ("generic", "--tables"),
            "rulebook 'generic' has no maintenance tables\nhint: there are some of binance, ",
        ),
        (
            ("okx", "BTC-USDT-SWOP", "--tables"),
            "has no maintenance table 'BTC-USDT-SWOP'\nhint: did you mean 'BTC-USDT-SWAP'?",
        ),
        (
            ("okx", "BTC-USDT-SWAP"),
            "'BTC-USDT-SWAP' is no rule but a maintenance table\n"
            "hint: adlcalc venues okx BTC-USDT-SWAP --tables",
        ),
        (("okx", "--tables", "--rules"), "--tables and --rules do not go together"),
        (("okx", "--tables", "--validation"), "--tables and --validation do not go together"),
    ],
)
def test_what_is_asked_of_tables_and_is_not_there(
    adlcalc: Command, arguments: tuple[str, ...], told: str
) -> None:
    got = adlcalc("venues", *arguments)
    assert (got.code, got.out) == (2, "")
    assert told in got.err


@pytest.mark.parametrize("rule", ["fund.drawdown", "margin.maintenance", "margin.commission"])
def test_every_key_of_a_rule_has_its_sentence(adlcalc: Callable[..., Result], rule: str) -> None:
    """Whatever a rulebook may write under a rule is told where the rule is: by `venues --rules`, and in the
    rulebook that `new` writes."""
    section, _, name = rule.partition(".")
    kinds = [keys_of(section_of(section))[name].takes]
    keys: dict[str, str] = {}
    for one in kinds:  # grows while it is walked through
        if isinstance(one, type) and issubclass(one, Strict):
            keys |= {key: said.description for key, said in keys_of(one).items()}
            kinds += [said.takes for said in keys_of(one).values()]
        else:
            kinds += get_args(one)
    assert len(keys) >= 2
    for told in (adlcalc("venues", "--rules", rule).out, adlcalc("new", "rulebook").out):
        text = " ".join(word for word in told.split() if word != "#")
        for key in keys:
            assert re.search(rf"(\.| ){key}: \S", text), key
    told = adlcalc("venues", "--rules", rule, "--json").out
    assert {row["value"].split(".")[-1] for row in json.loads(told)["rules"]} >= keys.keys()


@pytest.mark.parametrize("rule", ["contract.rounding", "contract.bankruptcy_price", "margin.maintenance"])
def test_a_rule_is_found_by_the_name_that_is_told(adlcalc: Command, rule: str) -> None:
    """With the contracts that it is of, as `run` and `compare` name it."""
    plain, told = adlcalc("venues", "bitmex", rule), adlcalc("venues", "bitmex", f"{rule}.linear")
    assert (plain.code, told.code) == (0, 0)
    assert plain.out == told.out
    assert adlcalc("venues", "bitmex", f"{rule}.round").code == 2
