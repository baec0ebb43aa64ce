"""The shipped rulebooks are complete and sourced; a user's own is held to the same; the engine gets what they
say."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from conftest import Result

import adlcalc
from adlcalc.engine.formulas.margin import lines_of, maintenance_margin
from adlcalc.engine.formulas.prices import bankruptcy
from adlcalc.engine.formulas.scores import SCORES
from adlcalc.engine.loop import run
from adlcalc.engine.rules import REDUCTIONS, Assumption, LiquidationRules, Takeover
from adlcalc.ground.numbers import D, exact
from adlcalc.scenario import load
from adlcalc.source import Problems, ScenarioErrors
from adlcalc.source.nodes import Place, Scalar, Source
from adlcalc.venues.coverage import open_rulebook
from adlcalc.venues.files import SHIPPED, shipped
from adlcalc.venues.maintenance import faults
from adlcalc.venues.rulebook import Rulebook, load_rulebook, stated
from adlcalc.venues.schema import is_by_contract
from adlcalc.venues.stated import ALL_SECTIONS, ASSUMED, KINDS, conventions

NOWHERE = Place(Source("test", "", excerpt=False))
REASON = re.compile(
    r"\b(no|not|nothing|nobody|never|silent|without|cannot|unclear)\b|stands? in|(is|are) taken",
    re.IGNORECASE,
)
"""Words in which a note says that a document leaves something open, or that a value stands in for it."""
BOOK = "accounts: [{id: a, side: long, size: 1, entry: 100, leverage: 10}]\nprices: [100]\n"


def rulebook(name: str, folder: Path | None = None) -> Rulebook:
    problems = Problems()
    found = load_rulebook(name, problems, where=NOWHERE, folder=None if folder is None else str(folder))
    problems.raise_if_any()
    assert found is not None
    return found


# --- what is shipped ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_rulebook_bears_its_name_and_has_no_faults(name: str) -> None:
    book = rulebook(name)
    assert book.venue == name
    assert book.title
    assert book.as_of
    for kind in KINDS:
        assert not list(faults(book.values[kind].margin.maintenance))


@pytest.mark.parametrize("name", shipped())
def test_every_rule_names_a_document_and_an_assumed_one_its_reason(name: str) -> None:
    """The document says so; or it was read for it, the rule is assumed, and the note tells what was not
    found."""
    book = rulebook(name)
    for kind in KINDS:
        for rule in book.rules[kind].values():
            assert rule.source in book.sources, f"{rule.name} has no source"
            assert rule.note.endswith("."), f"{rule.name}: a note is a sentence"
            assert rule.status != "assumed" or REASON.search(rule.note), (
                f"{rule.name} is assumed without a reason"
            )


@pytest.mark.parametrize("name", shipped())
def test_no_source_is_left_over(name: str) -> None:
    book = rulebook(name)
    used = {rule.source for kind in KINDS for rule in book.rules[kind].values()}
    assert set(book.sources) <= used


@pytest.mark.slow
def test_a_sentence_that_many_rulebooks_share_stands_once() -> None:
    """What is assumed for one reason in five rulebooks is a convention, which they name; and each serves."""
    files = {
        venue: yaml.safe_load((SHIPPED / f"{venue}.yaml").read_text(encoding="utf-8")) for venue in shipped()
    }
    said: dict[tuple[str, str], list[str]] = {}
    silent: dict[str, list[str]] = {}
    for venue, file in files.items():
        for section in ALL_SECTIONS:
            for rule, entry in (file.get(section) or {}).items():
                parts = [entry] if not isinstance(entry, dict) or "value" in entry else entry.values()
                for one in parts:
                    if isinstance(one, dict) and one.get("status") == "assumed":
                        said.setdefault((f"{section}.{rule}", one["note"]), []).append(venue)
                if isinstance(entry, dict) and any("silent" in part for part in (entry, *parts)):
                    silent.setdefault(f"{section}.{rule}", []).append(venue)
    assert {sentence: venues for sentence, venues in said.items() if len(venues) >= 5} == {}
    for rule in conventions().keys() - silent.keys():  # of those nobody says that a page was read for them
        silent[rule] = [venue for venue in shipped() if rule in rulebook(venue).unsaid]
    assert silent.keys() == conventions().keys()
    assert min(map(len, silent.values())) >= 4


def test_a_convention_is_assumed_with_its_reason_and_names_the_page_that_was_read() -> None:
    rule = rulebook("kraken").rules["linear"]["adl.ties"]
    assert (rule.status, rule.source) == ("assumed", "process")
    assert "Nothing is published" in rule.note
    assert all("adlcalc's convention" in one.note for one in conventions().values())
    assert [one.text for one in rule.alternatives if isinstance(one, Scalar)] == ["profit-balance-newest"]


def test_a_rulebook_of_ones_own_takes_a_convention_over_what_it_extends(tmp_path: Path) -> None:
    """Ethereal publishes its ties; a rulebook that extends it may say that its own venue does not."""
    text = "venue: mine\ntitle: Mine\nas_of: 2026-01-01\nextends: ethereal\n"
    text += "sources: {page: {title: A page, seen: 2026-01-01}}\nadl: {ties: {silent: page}}\n"
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    book = rulebook("mine.yaml", tmp_path)
    rule = book.rules["inverse"]["adl.ties"]
    assert (rule.source, rule.status, str(book.made.adl.ties)) == ("page", "assumed", "larger-position")
    assert (rule.node.source.name.rpartition("/")[2], rule.node.line) == ("mine.yaml", 6)


def test_the_generic_rules() -> None:
    book = rulebook("generic")
    rules = book.engine_rules(["linear"], ["linear"])
    assert (rules.margin.due, rules.liquidation) == (
        "at-or-below",
        LiquidationRules(Takeover(REDUCTIONS["none"])),
    )
    assert (rules.adl.eligible, rules.adl.score, rules.adl.price) == (
        "winners",
        SCORES["generic"],
        bankruptcy,
    )
    assert (rules.adl.would_bankrupt, rules.adl.lights) == ("skip", "contracts")
    assert [assumption.rule for assumption in rules.assumptions] == ["adl.ties"]
    assert book.values["inverse"].contract.rounding == "total"


def test_the_rules_of_bitmex() -> None:
    book = rulebook("bitmex")
    rules = book.engine_rules(["inverse"], ["inverse"])
    assert rules.liquidation == LiquidationRules(Takeover(REDUCTIONS["lower-tier"]))
    assert (rules.adl.eligible, rules.adl.score) == ("all", SCORES["bitmex"])
    assert book.values["inverse"].contract.rounding == "per-contract"
    assert book.values["linear"].contract.rounding == "total"
    assert book.values["inverse"].margin.maintenance_on == "entry"


@pytest.mark.parametrize(
    ("value", "maintenance"),
    [
        ("180", "0.72"),
        ("199.99999999", "0.79999999996"),
        ("200", "1.6"),
        ("230", "1.84"),
        ("299", "2.392"),
        ("300", "3.6"),
        ("450", "7.2"),
    ],
)
def test_the_risk_steps_of_xbtusd(value: str, maintenance: str) -> None:
    """TV-05 and around it: 0.40 % below 200 XBT, 0.40 % more for each 100 XBT; a cross account has the fee
    beside."""
    rule = rulebook("bitmex").maintenance("inverse", money_unit=D("1e-8"), lot=D(1))
    with exact():
        isolated, cross = (
            maintenance_margin(lines_of(rule, D(1), D(value), isolated=alone), D(value))
            for alone in (True, False)
        )
    assert isolated == D(maintenance)
    assert cross == D(maintenance) + D("0.00075") * D(value)


def test_footnotes_are_for_the_rules_in_use_and_in_file_order() -> None:
    book = rulebook("bitmex")

    def assumed(*kinds: str, tabled: tuple[str, ...] | None = None) -> list[str]:
        return [
            assumption.rule
            for assumption in book.engine_rules(kinds, kinds if tabled is None else tabled).assumptions
        ]

    common = ["margin.due", "adl.would_bankrupt", "adl.ties"]
    unsaid = ["adl.own_account"]
    assert assumed("inverse") == [*common, *unsaid]
    of_linear = ["contract.rounding.linear", "contract.bankruptcy_price.linear"]
    assert assumed("linear") == [*common, *of_linear, *unsaid]
    assert assumed("inverse", "linear") == assumed("linear", "inverse") == assumed("linear")

    htx = rulebook("htx")
    of_htx = [assumption.rule for assumption in htx.engine_rules(["linear"], ["linear"]).assumptions]
    assert of_htx[0] == "margin.maintenance.linear"
    assert [assumption.rule for assumption in htx.engine_rules(["linear"], []).assumptions] == of_htx[1:]


# --- a scenario's own rules ---------------------------------------------------------------------------------


def scenario(tmp_path: Path, text: str):  # type: ignore[no-untyped-def]
    path = tmp_path / "s.yaml"
    path.write_text(text + BOOK)
    return load(path).scenario


def test_a_scenario_replaces_any_rule_and_its_footnote_goes(tmp_path: Path) -> None:
    found = scenario(
        tmp_path,
        "venue: bitmex\nrules: {adl: {eligible: winners, would_bankrupt: {value: allow}}, margin: {due: "
        "below}}\n",
    )
    assert (found.rules.adl.eligible, found.rules.adl.would_bankrupt, found.rules.margin.due) == (
        "winners",
        "allow",
        "below",
    )
    assert "adl.would_bankrupt" not in {assumption.rule for assumption in found.rules.assumptions}


def test_a_rule_may_be_replaced_for_one_kind_of_contract(tmp_path: Path) -> None:
    rules = "rules: {margin: {maintenance: {linear: 0.02}, closing_fee: {inverse: 0.001}}}\n"
    found = scenario(tmp_path, f"venue: mexc\n{rules}")
    (market,) = found.markets
    assert [tier.rate for tier in market.maintenance.tiers] == [D("0.02")]
    assert market.maintenance.closing_fee == D("0.0006")
    inverse = scenario(tmp_path, f"venue: mexc\n{rules}markets: {{X: {{contract: inverse}}}}\n").markets[0]
    assert ([tier.rate for tier in inverse.maintenance.tiers], inverse.maintenance.closing_fee) == (
        [D("0.004")],
        D("0.001"),
    )


def test_a_market_may_bring_its_own_maintenance_to_the_fee_of_the_venue(tmp_path: Path) -> None:
    found = scenario(tmp_path, "venue: mexc\nmarkets: {X: {contract: inverse, maintenance: 0.01}}\n")
    (market,) = found.markets
    assert ([tier.rate for tier in market.maintenance.tiers], market.maintenance.closing_fee) == (
        [D("0.01")],
        D("0.0006"),
    )


# --- a user's own rulebook ----------------------------------------------------------------------------------

MINE = """
venue: mine
title: My venue
as_of: 2026-01-01
extends: generic
sources:
  page: {title: A page, url: https://example.com, seen: 2026-01-02}
margin:
  maintenance: {value: 0.01, source: page, status: observed}
  due: {value: below, status: assumed, note: The page is silent.}
"""


def test_a_rulebook_of_ones_own_says_only_what_differs(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(MINE)
    found = scenario(tmp_path, "venue: mine.yaml\n")
    assert found.venue == "mine"
    assert found.markets[0].maintenance.tiers[0].rate == D("0.01")
    assert found.rules.margin.due == "below"
    assert found.rules.assumptions[0] == Assumption("margin.due", "The page is silent.")
    assert [assumption.rule for assumption in found.rules.assumptions] == ["margin.due", "adl.ties"]


def test_a_rulebook_may_extend_one_that_lies_beside_it(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(MINE)
    (tmp_path / "top.yaml").write_text(
        "venue: top\ntitle: t\nas_of: x\nextends: base.yaml\nadl:\n  score: {value: size, status: assumed, "
        "note: n}\n"
    )
    book = rulebook("top.yaml", tmp_path)
    assert (book.values["linear"].adl.score, book.values["linear"].margin.maintenance) == ("size", D("0.01"))
    assert set(book.sources) == {"page", "adlcalc"}


def test_the_command_line_may_name_a_rulebook_anywhere(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    mine = tmp_path / "elsewhere" / "mine.yaml"
    mine.write_text(MINE)
    path = tmp_path / "s.yaml"
    path.write_text(BOOK)
    assert load(path, venue=str(mine)).scenario.venue == "mine"


def test_faults_of_a_rulebook_are_told_at_their_place_in_it(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        MINE.replace("value: 0.01", "value: {tiers: [{up_to: 5, rate: 0.1}, {rate: 0.05}]}")
    )
    with pytest.raises(ScenarioErrors) as caught:
        scenario(tmp_path, "venue: mine.yaml\n")
    (problem,) = caught.value.problems
    assert (Path(problem.file).name, problem.line, problem.column) == ("mine.yaml", 9, 63)
    assert "'rate' of tier 2 of 'maintenance' of 'margin' must be greater" in problem.message


# --- rules that play no part --------------------------------------------------------------------------------


def test_what_another_venue_leaves_aside_is_noted(adlcalc: Callable[..., Result], tmp_path: Path) -> None:
    """An error under the file's own venue (tests/bad), a note on stderr where --venue or --set brings it
    in."""
    path = tmp_path / "s.yaml"
    path.write_text("venue: hyperliquid\nrules: {liquidation: {portion: 0.5}}\n" + BOOK)
    assert adlcalc("run", str(path)).err == ""
    noted = (
        f"{path}:2:32: note: rule liquidation.portion plays no part: 'method' of 'liquidation' is "
        f"takeover{{}}\n"
        " 2 | rules: {liquidation: {portion: 0.5}}\n   |                                ^^^\n"
    ).replace("{liquidation: {portion: 0.5}}", "{{liquidation: {{portion: 0.5}}}}")
    got = adlcalc("run", str(path), "--venue", "bitmex")
    assert (got.code, got.err) == (0, noted.format(""))
    assert adlcalc("run", str(path), "--venue", "bitmex", "--quiet").err == ""
    assert adlcalc("rank", str(path), "--venue", "bitmex").err == noted.format("")
    got = adlcalc("compare", str(path), "--venues", "bitmex,hyperliquid,okx")
    assert (got.code, got.err) == (0, noted.format(" (venue bitmex, okx)"))
    got = adlcalc("run", str(path), "--set", "rules.liquidation.size=whole")
    assert (got.code, got.err) == (
        0,
        noted.replace("'method'", "'size'").replace("takeover", "whole").format(""),
    )


def test_a_backstop_that_no_rule_asks_is_noted(adlcalc: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("backstop: [{id: maker, size: 1}]\n" + BOOK)
    got = adlcalc("run", str(path))
    sentence = "'backstop' plays no part: 'kind' of 'backstop' is none"
    excerpt = " 1 | backstop: [{id: maker, size: 1}]\n   | ^^^^^^^^\n"
    assert (got.code, got.err) == (0, f"{path}:1:1: note: {sentence}\n{excerpt}")
    assert adlcalc("run", str(path), "--venue", "kraken").err == ""


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_rulebook_states_nothing_that_plays_no_part(name: str) -> None:
    """What it inherits may rest: under dydx-v4-settlement nobody is liquidated."""
    book = rulebook(name)
    own = {one.rule.name for one in book.unused if one.rule.node.source.name.endswith(f"/{name}.yaml")}
    assert own == set()


def test_every_run_can_be_told_from_its_rules_alone() -> None:
    """The rules of a scenario are plain values: equal after a trip through pickle, an own score included."""
    for name in shipped():
        rules = rulebook(name).engine_rules(("linear",), ())
        assert pickle.loads(pickle.dumps(rules)) == rules


def told_of(path: Path) -> str:
    """What is said about a file that is not run."""
    try:
        list(run(load(str(path)).scenario))
    except ScenarioErrors as errors:
        return str(errors)
    return ""


@pytest.mark.slow
@pytest.mark.parametrize("venue", ["generic", "bitmex", "deribit", "phemex"])
def test_a_rule_that_is_stated_for_one_contract_kind_is_told_to_be_missing_or_not_needed(
    venue: str, tmp_path: Path
) -> None:
    """Each rule that may differ by kind, stated for one of them: it runs, or is refused by the rule's
    name."""
    root = yaml.safe_load(
        (Path(adlcalc.__file__).parent / "venues" / f"{venue}.yaml").read_text(encoding="utf-8")
    )
    root = {key: value for key, value in root.items() if key not in ("editions", "tables")}
    tried = 0
    for section, rules in root.items():
        if not isinstance(rules, dict) or section == "sources":
            continue
        for rule, entry in rules.items():
            if not is_by_contract(section, rule):
                continue
            for kind in KINDS:
                by_kind = entry if set(entry) <= set(KINDS) else dict.fromkeys(KINDS, entry)
                mine = {**root, "venue": "mine", section: {**rules, rule: {kind: by_kind[kind]}}}
                (tmp_path / "mine.yaml").write_text(yaml.safe_dump(mine, sort_keys=False), encoding="utf-8")
                for contract in KINDS:
                    (tmp_path / "book.yaml").write_text(
                        f"venue: mine.yaml\nmarkets: {{X: {{contract: {contract}, tick: 0.5, lot: 1}}}}\n"
                        "accounts:\n  - {id: a, side: long, size: 10, entry: 100, leverage: 10}\n"
                        "  - {id: b, side: short, size: 10, entry: 100, leverage: 10}\nprices: [100, 80]\n",
                        encoding="utf-8",
                    )
                    tried += 1
                    told = told_of(tmp_path / "book.yaml")
                    assert not told or f"{section}.{rule}" in told
    assert tried >= 8


SILENT = re.compile(
    r"\b(not|nothing|no|never|none|silent|neither|nor|nowhere|nobody|unknown|unsaid|without|stands? "
    r"in|only)\b",
    re.I,
)
"""Words of a sentence that tells what a document does not say."""


def test_an_assumed_rule_says_what_its_source_does_not_say() -> None:
    """A formula alone sounds like the venue's own word."""
    silent = [
        f"{venue} {rule.name}: {rule.note}"
        for venue in shipped()
        for rule in stated(open_rulebook(venue))
        if rule.status == ASSUMED and not SILENT.search(rule.note)
    ]
    assert silent == []
