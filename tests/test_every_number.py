"""Every place of a scenario that takes a number is given zero, the smallest, the largest, the most digits and
nonsense.

The places are generated from the declarations of the scenario and of the rules, so that a new key is tried
without being named here. A file is either refused, each fault at its line, or it runs: there is no third way.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adlcalc.engine.loop import PrecisionError, run
from adlcalc.report import Run
from adlcalc.scenario import load
from adlcalc.scenario.schema import ScenarioFile
from adlcalc.source import ScenarioErrors
from adlcalc.source.json_schema import Definitions, definition_of
from adlcalc.venues.schema import RuleValues

pytestmark = pytest.mark.slow

VALUES = (
    "0",
    "1",
    "1e-18",
    "0.00000001",
    "999_999_999_999_999_999",
    "0.999999999999999999999999999999",
    "123456789012345678.123456789012",
    "-1",
    "-1e-18",
    "9" * 61,
    "9" * 61 + "%",
    ".%",
    "-.%",
    "1e999",
    "",
    "nan",
)
VENUES = ("generic", "bitmex", "okx", "binance", "hyperliquid", "dydx-v4", "ftx", "drift", "vega", "kraken")
HOLE = "<number>"
BESIDE: dict[str, dict[str, Any]] = {  # what a map needs beyond the keys that its declaration requires
    "ShortAccount": {"leverage": "10", "balance": "50"},
    "LongAccount": {"balance": "50"},
    "PositionSpec": {"leverage": "10"},
}
BASE = {
    "fund": {"M": "5"},
    "backstop": [{"id": "p", "size": "1"}],
    "accounts": [
        {"id": "a", "side": "long", "size": "2", "entry": "100", "leverage": "10"},
        {"id": "b", "side": "short", "size": "1", "entry": "100", "leverage": "5"},
        {"id": "c", "side": "short", "size": "2", "entry": "110", "margin": "cross", "balance": "60"},
        {"id": "d", "side": "long", "size": "1", "entry": "90", "margin": "cross", "balance": "20"},
    ],
    "prices": {"M": ["100", "80", "70", "130"]},
}


def numbers(schema: dict[str, Any], whole: dict[str, Any]) -> Iterator[Any]:
    """A value of the schema for each number in it, with a hole in its place."""
    schema = resolved(schema, whole)
    if is_number(schema):
        yield HOLE
    for part in alternatives(schema):
        yield from numbers(part, whole)
    if "prefixItems" in schema or schema.get("maxItems") == 2:
        yield from ([HOLE, "1"], ["0", HOLE])
    elif "items" in schema:
        yield from ([value] for value in numbers(schema["items"], whole))
    if isinstance(schema.get("additionalProperties"), dict):
        for value in numbers(schema["additionalProperties"], whole):
            yield {"M": value}
            if value == HOLE:
                yield {"a": value}
    for key, inner in schema.get("properties", {}).items():
        for value in numbers(inner, whole):
            yield {**beside(schema, whole), key: value}


def alternatives(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """What the value may be; allOf has one, behind a description of its own."""
    found: list[dict[str, Any]] = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf") or []
    return found


def resolved(schema: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return {"title": name, **whole[name]} if name else schema


def is_number(schema: dict[str, Any]) -> bool:
    kind = schema.get("type")
    return isinstance(kind, list) and kind[0] in ("number", "integer")


def beside(schema: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    """The keys that the map must have besides."""
    needed = {key: sample(schema["properties"][key], whole) for key in schema.get("required", ())}
    return needed | BESIDE.get(schema.get("title", ""), {})


def sample(schema: dict[str, Any], whole: dict[str, Any]) -> Any:
    """Any value of a schema."""
    schema = resolved(schema, whole)
    if "enum" in schema or "const" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    for part in alternatives(schema):
        return sample(part, whole)
    if is_number(schema):
        return "1"
    if schema.get("type") == "array":
        return [sample(schema.get("items", {}), whole)]
    return (
        beside(schema, whole) if "properties" in schema else True if schema.get("type") == "boolean" else "a"
    )


def scenario_places() -> Iterator[dict[str, Any]]:
    whole: Definitions = {}
    root = definition_of(ScenarioFile, whole)
    for key, schema in root["properties"].items():
        for value in numbers(schema, whole):
            yield {**BASE, key: value}
    yield {**BASE, "markets": {"M": {"liquidity": HOLE}}}  # a number or a word


def rule_places() -> Iterator[dict[str, Any]]:
    whole: Definitions = {}
    root = definition_of(RuleValues, whole)
    for section, schema in root["properties"].items():
        if section != "contract":
            for value in numbers(schema, whole):
                hole = {key: inner for key, inner in value.items() if HOLE in json.dumps(inner)}
                yield {**BASE, "rules": {section: hole}}


def outcome(document: dict[str, Any], folder: Path) -> str:
    """'refused' or 'ran'; anything else is raised."""
    path = folder / "s.yaml"
    path.write_text(json.dumps(document))
    try:
        loaded = load(str(path))
    except ScenarioErrors as errors:
        unplaced = [
            problem
            for problem in errors.problems
            if not (problem.line and problem.column and problem.message)
        ]
        if unplaced:
            raise AssertionError(str(errors)) from errors
        return "refused"
    assert document["prices"] is not BASE["prices"] or loaded.scenario.path.steps == 4
    try:
        result = Run(loaded.scenario, run(loaded.scenario), file="s.yaml")
    except PrecisionError:
        return "refused"
    assert result.to_text(0, steps=True)
    assert result.to_json()
    return "ran"


def filled(value: Any, number: str) -> Any:
    """The document with the number in its hole."""
    if isinstance(value, dict):
        return {key: filled(inner, number) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, number) for inner in value]
    return number if value == HOLE else value


SCENARIO = list(scenario_places())
RULES = list(rule_places())


def test_places_are_found() -> None:
    """The walk sees the unions, the lists and the maps: a place of each is there."""
    found = {json.dumps(place) for place in SCENARIO}
    for key in (
        "multiplier",
        "tick",
        "lot",
        "impact",
        "step_rate",
        "up_to",
        "slope",
        "floor",
        "distance",
        "about",
        "every",
    ):
        assert any(f'"{key}": "{HOLE}"' in place for place in found), key
    assert len(SCENARIO) > 60
    assert len(RULES) > 25


@pytest.mark.parametrize("number", VALUES)
def test_a_number_of_the_scenario_is_refused_or_runs(number: str, tmp_path: Path) -> None:
    outcomes = set()
    for i, place in enumerate(SCENARIO):
        document = filled(place, number)
        kind = ("linear", "inverse")[(i + VALUES.index(number)) % 2]
        markets = document.get("markets", {"M": {}})
        document["markets"] = {name: {"contract": kind, **spec} for name, spec in markets.items()}
        outcomes.add(tried(document, tmp_path))
    assert "refused" in outcomes


@pytest.mark.parametrize("number", VALUES)
def test_a_number_of_the_rules_is_refused_or_runs(number: str, tmp_path: Path) -> None:
    """Each rule under three venues that the seed picks; the fuzzer of rules combines them."""
    for i, place in enumerate(RULES):
        rng = random.Random(f"{number} {i}")
        for venue in rng.sample(VENUES, 3):
            market = {"contract": rng.choice(["linear", "inverse"]), "liquidity": "1"}
            tried({**filled(place, number), "venue": venue, "markets": {"M": market}}, tmp_path)


@pytest.mark.parametrize("number", VALUES)
def test_a_number_of_a_csv_file_is_refused_or_runs(number: str, tmp_path: Path) -> None:
    header = ("side", "size", "entry", "leverage", "collateral", "margin", "balance")
    row = {"side": "long", "size": "2", "entry": "100", "leverage": "10"}
    for column in ("size", "entry", "leverage", "collateral", "balance"):
        cells = {**row, **({"leverage": ""} if column == "collateral" else {}), column: number}
        lines = ["id," + ",".join(header), "a," + ",".join(cells.get(name, "") for name in header)]
        (tmp_path / "book.csv").write_text("\n".join(lines) + "\n")
        tried({**BASE, "accounts": {"file": "book.csv"}}, tmp_path)
    for column in ("time", "open", "low"):
        candle = {"time": "1", "open": "100", "high": "100", "low": "100", "close": "100", column: number}
        (tmp_path / "k.csv").write_text(f"{','.join(candle)}\n{','.join(candle.values())}\n")
        tried({**BASE, "prices": {"file": "k.csv", "path": "low-first"}}, tmp_path)


def tried(document: dict[str, Any], folder: Path) -> str:
    """The outcome; a fault is raised with its document."""
    try:
        return outcome(document, folder)
    except Exception as error:
        raise AssertionError(
            json.dumps({key: x for key, x in document.items() if x is not BASE.get(key)})
        ) from error
